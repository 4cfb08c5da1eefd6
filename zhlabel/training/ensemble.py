"""Lets a linear model of n-grams vote in a trained model, with the weight that the dev texts give it."""

import functools

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.data.batching import pad_rows
from zhlabel.data.tags import IGNORED
from zhlabel.inference.tensorflow import predict_rows
from zhlabel.models.crf import CRF
from zhlabel.models.losses import make_tag_loss
from zhlabel.models.ngram_layers import add_votes, build_margin_model, find_dense
from zhlabel.ngrams.tags import fit_tag_ngrams
from zhlabel.ngrams.text import fit_ngrams, fit_vote_weights

_BATCH = 64
_RATIOS = (0, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4)  # margins of a tagger's n-grams to its own emissions
_MOST_ROWS = 1_000  # on which the scale of both is found


def add_ngram_votes(model, train, dev, *, score):
    """Fit n-grams to the training rows, and weigh them and the encoder by the dev rows.

    Args:
        model: a trained model of ``classifier.build_classifier`` or ``tagger.build_tagger``. Its last dense layer, and
            the transitions of its CRF, take the scale that makes encoder and n-grams most likely together.
        train: TaskData of the training rows.
        dev: TaskData of the dev rows, at least one.
        score: as in ``loop.fit_model``; a tagger's n-grams count as is best for it.

    Returns:
        (the model with votes, how many n-grams vote); (the model as it was, 0) where they do not help.
    """
    fit, weigh = fit_ngrams, fit_vote_weights
    if train.is_by_token:
        fit, weigh = fit_tag_ngrams, functools.partial(_weigh_tag_votes, model, dev.table, score)
    with model.distribute_strategy.scope():
        head = find_dense(model)
        ngrams = fit(train.table, train.targets, head.units)
        if not len(ngrams):
            return model, 0
        logits, margins = (
            predict_rows(each, dev.table, batch_size=_BATCH)
            for each in (keras.Model(model.inputs, head.output), build_margin_model(ngrams))
        )
        scale, share, shift = weigh(logits, margins, dev.targets)
        if not share:
            return model, 0
        head.set_weights([scale * head.kernel.numpy(), scale * head.bias.numpy() + shift])
        for transitions in _find_transitions(model):
            transitions.assign(scale * transitions)
        return add_votes(model, ngrams.weigh(share)), len(ngrams)


def _weigh_tag_votes(model, table, score, emissions, margins, gold):
    """Find how much encoder and n-grams count: their ratio by the dev score, the scale of both by the likelihood.

    By the likelihood alone the n-grams would count too little: on cluener 0.3 margins, where 2 give the best entities.
    Of the ratios in _RATIOS that is taken whose score, and those of its two neighbours, are highest in the mean.

    Args:
        model: of ``tagger.build_tagger``; its transitions are left as they were.
        table: Encodings of W rows, of which 1,000 at most decide the scale.
        score: as in ``add_ngram_votes``.
        emissions: float32 [sum of T, K].
        margins: float32 [sum of T, K], the n-grams'.
        gold: int array [sum of T], tag ids and IGNORED.

    Returns:
        (scale, share, 0): the emissions become ``scale * emissions + share * margins``, and the transitions of a CRF
        ``scale * transitions``. (1, 0, 0) where the n-grams do not help.
    """
    from scipy.optimize import minimize_scalar

    scores = np.array([score(emissions + ratio * margins)["dev_score"] for ratio in _RATIOS])
    means = np.array([scores[max(0, i - 1) : i + 2].mean() for i in range(len(scores))])
    means[0] = scores[0]
    ratio = _RATIOS[means.argmax()]
    if not ratio:
        return 1.0, 0.0, 0.0
    rows = np.random.default_rng(1).permutation(len(table))[:_MOST_ROWS]
    places = pad_rows(np.arange(len(gold)), table.starts, rows, filler=-1)
    gold = tf.constant(np.where(places < 0, IGNORED, gold[places]))
    mixed = tf.constant((emissions + ratio * margins)[places])
    loss, transitions = make_tag_loss(model), _find_transitions(model)
    before = [each.numpy() for each in transitions]

    @tf.function
    def measure(scale):
        for variable, value in zip(transitions, before, strict=True):
            variable.assign(scale * value)
        return tf.reduce_mean(loss(gold, scale * mixed))

    def measure_power(power):
        return float(measure(tf.constant(2.0**power, tf.float32)))

    found = minimize_scalar(measure_power, bounds=(-5, 2), method="bounded", options={"xatol": 0.02})
    scale = float(2.0**found.x)
    for variable, value in zip(transitions, before, strict=True):
        variable.assign(value)
    return scale, scale * ratio, 0.0


def _find_transitions(model):
    return [layer.transitions for layer in model.layers if isinstance(layer, CRF)]
