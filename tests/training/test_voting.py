"""voting.py: a classifier with votes says what encoder and n-grams say together."""

from types import SimpleNamespace

import numpy as np
import toy
from toy import compile_toy
from toy_commands import Notes

from zhlabel.backend import keras, set_seed
from zhlabel.data.batching import TaskData
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.inference.export import export_run
from zhlabel.inference.run import load_run
from zhlabel.inference.tensorflow import load_model, predict_rows
from zhlabel.models.classifier import build_classifier
from zhlabel.models.encoder import build_encoder
from zhlabel.models.ngram_layers import build_margin_model
from zhlabel.models.weights import name_weights
from zhlabel.ngrams.text import fit_ngrams
from zhlabel.runs.folder import RunFolder
from zhlabel.training import ensemble, recipe

ENCODER = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
LETTERS = [token for token in toy.VOCABULARY if len(token) == 1]
CONFIG = toy.make_config("albert")


def make_data(count, *, seed):
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(LETTERS[:9], random.integers(1, 12))) for _ in range(count)]
    targets = np.array([[LETTERS[0] in text, LETTERS[1] in text] for text in texts])
    return TaskData(ENCODER.encode(texts, max_length=12), targets)


def build_toy():
    set_seed(1)
    encoder = build_encoder(CONFIG, seed=1, outputs="cls_max")
    return compile_toy(build_classifier(encoder, 2, activation="sigmoid", seed=1, head="cls_max"))


def test_the_logits_are_the_weighted_sum_of_encoder_and_n_grams():
    model, train, dev = build_toy(), make_data(60, seed=1), make_data(40, seed=2)
    before = predict_rows(keras.Model(model.inputs, model.get_layer("head").output), dev.table, batch_size=8)
    margins = predict_rows(build_margin_model(fit_ngrams(train.table, train.targets, 2)), dev.table, batch_size=8)
    scale, share, shift = ensemble.fit_vote_weights(before, margins, dev.targets)
    assert share > 0
    voted, count = ensemble.add_ngram_votes(model, train, dev, score=None)
    found = predict_rows(voted, dev.table, batch_size=8)
    expected = 1 / (1 + np.exp(-(scale * before + share * margins + shift)))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert ((found > 0.5) == dev.targets).mean() > 0.9
    assert count == name_weights(voted, CONFIG)["votes/votes"].shape[0] - 1


def test_a_run_with_votes_says_the_same_through_its_graph_and_through_tensorflow(tmp_path):
    names, dev = ("甲", "乙"), make_data(40, seed=2)
    voted, count = ensemble.add_ngram_votes(build_toy(), make_data(60, seed=1), dev, score=None)
    settings = {"max_length": 12, "head": "cls_max"}
    folder = RunFolder(toy.write_run(tmp_path / "run", voted, CONFIG, names=names, settings=settings, ngrams=count))
    expected = predict_rows(voted, dev.table, batch_size=8)
    np.testing.assert_allclose(predict_rows(load_model(folder), dev.table, batch_size=8), expected, atol=1e-6)
    assert export_run(folder) < 1e-5
    np.testing.assert_allclose(load_run(folder).predict_rows(dev.table, batch_size=8), expected, atol=1e-5)


def test_without_help_the_model_stays_as_it_is():
    model, train, dev = build_toy(), make_data(60, seed=1), make_data(40, seed=2)
    weights = model.get_weights()
    against = TaskData(dev.table, ~dev.targets)
    assert ensemble.add_ngram_votes(model, train, against, score=None) == (model, 0)
    assert all(map(np.array_equal, model.get_weights(), weights))


def finish(model, train, dev, *, dev_score, score):
    """Let n-grams vote as a training does; gives the model, the number of n-grams and the notes."""
    task = SimpleNamespace(name="multi_label", score_name="micro F1")
    parts = {"train": train, "dev": dev}
    prepared = SimpleNamespace(
        settings=SimpleNamespace(ngrams=True, batch_size=8),
        task=task,
        encodings={"dev": dev.table},
        take=parts.get,
        score_dev=lambda _, outputs: {"dev_score": score(outputs)},
    )
    notes = Notes()
    return *recipe.finish_model(prepared, model, None, "float32", train, dev_score, notes), notes.lines


def test_n_grams_vote_in_a_training_only_where_the_dev_score_rises():
    model, train, dev = build_toy(), make_data(60, seed=1), make_data(40, seed=2)
    before, weights = predict_rows(model, dev.table, batch_size=8), model.get_weights()

    def score(outputs):  # the more is decided as the n-grams have it, the lower
        return 1 - float(((outputs > 0.5) == dev.targets).mean())

    found, count, (note,) = finish(model, train, dev, dev_score=0.7, score=score)
    assert found is model and count == 0 and note.startswith("n-grams do not vote: dev micro F1 0.7000 would become 0.")
    assert all(map(np.array_equal, model.get_weights(), weights))
    np.testing.assert_array_equal(predict_rows(found, dev.table, batch_size=8), before)

    found, count, (note,) = finish(model, train, dev, dev_score=0.7, score=lambda outputs: 1 - score(outputs))
    assert found is not model and count > 0 and f"{count:,} n-grams vote too: dev micro F1 0.7000 -> 0.9" in note
