"""Lets a linear model of n-grams vote in a trained classifier, with the weight that the dev texts give it."""

import dataclasses

from zhlabel.backend import keras
from zhlabel.heads import add_votes, measure_margins
from zhlabel.ngrams import fit_ngrams, weigh_votes
from zhlabel.training import predict_rows

_BATCH = 64


def let_ngrams_vote(model, train, dev):
    """Fit n-grams to the training rows, and weigh them and the encoder by the dev rows.

    Args:
        model: a trained classifier of ``heads.build_classifier``. Its head takes the scale that makes encoder and
            n-grams most likely together.
        train: TaskData of the training rows.
        dev: TaskData of the dev rows, at least one.

    Returns:
        (the classifier with votes, how many n-grams vote); (the model as it was, 0) where they do not help.
    """
    with model.distribute_strategy.scope():
        head = model.get_layer("head")
        ngrams = fit_ngrams(train.table, train.targets, head.units)
        logits, margins = (
            predict_rows(each, dev.table, batch_size=_BATCH)
            for each in (keras.Model(model.inputs, head.output), measure_margins(ngrams))
        )
        scale, share, shift = weigh_votes(logits, margins, dev.targets)
        if not share:
            return model, 0
        head.set_weights([scale * head.kernel.numpy(), scale * head.bias.numpy() + shift])
        weighted = dataclasses.replace(ngrams, votes=share * ngrams.votes, bias=share * ngrams.bias)
        return add_votes(model, weighted), len(ngrams.squares) - 1
