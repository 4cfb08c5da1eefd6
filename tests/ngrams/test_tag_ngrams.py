"""tag_ngrams.py, its layer and its votes: the graph says what scikit-learn says, and counts as is best for dev."""

import re

import numpy as np
import pytest
import toy
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC
from toy import compile_toy

from zhlabel.backend import set_seed, tf
from zhlabel.data.batching import TaskData
from zhlabel.data.tags import IGNORED, Entity, mark_legal
from zhlabel.data.tokenizer import Encodings, Tokenizer
from zhlabel.inference.export import export_run
from zhlabel.inference.run import load_run
from zhlabel.inference.tensorflow import load_model, predict_rows
from zhlabel.models.encoder import build_encoder
from zhlabel.models.losses import make_tag_loss
from zhlabel.models.ngram_layers import build_margin_model
from zhlabel.models.tagger import build_tagger
from zhlabel.models.weights import name_weights
from zhlabel.ngrams import tags
from zhlabel.ngrams.tags import PLACES, fit_tag_ngrams, hash_places
from zhlabel.runs.folder import RunFolder
from zhlabel.tasks import TASKS
from zhlabel.training import ensemble

NAMES, TAGS = ("甲",), 5
NER = TASKS["ner"](NAMES)
CONFIG = toy.make_config("albert")
ENCODER = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
LETTERS = [token for token in toy.VOCABULARY if len(token) == 1]


def make_data(count=80, *, seed=1):
    """Texts in which a letter and others of a second one are an entity, but behind a third; one in ten is missed."""
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(LETTERS[:4], random.integers(1, 15))) for _ in range(count)]
    first, second, third = LETTERS[:3]
    places = [re.finditer(f"(?<!{third}){first}{second}*", text) for text in texts]
    gold = [[Entity(*each.span(), "甲") for each in found if random.random() < 0.9] for found in places]
    table = ENCODER.encode(texts, max_length=20)
    return gold, TaskData(table, NER.align(gold, table))


def build_toy(kind="crf"):
    set_seed(1)
    starts, pairs = mark_legal(NAMES)
    return compile_toy(build_tagger(build_encoder(CONFIG, seed=1), kind, starts=starts, pairs=pairs, seed=1))


def make_score(model, gold, table):
    def score(emissions):
        found = NER.predict(emissions, table, long_text="windows", state=NER.read_state(model))
        return {"dev_score": NER.score_dev(found, gold)}

    return score


def list_plainly(table):
    """What stands at each place around each token, as tuples; 0 beyond a row's ends."""
    grams = []
    for start, end in zip(table.starts, table.starts[1:], strict=False):
        row = [0, 0, *table.token_ids[start:end].tolist(), 0, 0]
        for i in range(2, len(row) - 2):
            grams.append([(first, *row[i + first : i + first + order]) for order, first in PLACES])
    return grams


def test_the_places_are_all_n_grams_of_up_to_three_tokens_within_two_but_the_single_outermost():
    everything = {(order, first) for order in (1, 2, 3) for first in range(-2, 4 - order)}
    assert set(PLACES) == everything - {(1, -2), (1, 2)} and len(PLACES) == len(set(PLACES))


def test_each_place_has_the_slot_of_its_own_n_gram_in_numpy_and_tensorflow():
    ids = np.random.default_rng(1).integers(1, 8, 300, dtype=np.int32)
    padded = np.pad(ids, 2)
    slots = np.stack(list(hash_places(padded)), axis=1)
    table = Encodings(ids, np.array([0, 300]), np.array([300]), np.zeros((300, 2)), np.zeros(1, int), np.zeros(1, int))
    named = {}
    for grams, row in zip(list_plainly(table), slots.tolist(), strict=True):
        for (order, _), gram, slot in zip(PLACES, grams, row, strict=True):
            assert named.setdefault((order, gram), slot) == slot
    assert len(set(named.values())) > 0.995 * len(named)
    assert all(map(np.array_equal, hash_places(tf.constant(padded[None])), slots.T[:, None]))


def test_the_layer_gives_the_margins_of_scikit_learns_svm():
    _, data = make_data()
    grams, counted = list_plainly(data.table), data.targets != IGNORED
    all_grams = [gram for row, is_counted in zip(grams, counted, strict=True) if is_counted for gram in enumerate(row)]
    shared = {gram: i for i, gram in enumerate(sorted({gram for gram in all_grams if all_grams.count(gram) > 1}))}
    features = np.zeros((len(grams), len(shared)), np.float32)
    for i, row in enumerate(grams):
        features[i, [shared[gram] for gram in enumerate(row) if gram in shared]] = 1
    found = predict_rows(build_margin_model(fit_tag_ngrams(data.table, data.targets, TAGS)), data.table, batch_size=7)
    for tag in range(TAGS):
        judge = LinearSVC(C=0.1, dual=True, max_iter=10_000, random_state=1)
        judge.fit(csr_matrix(features[counted]), data.targets[counted] == tag)
        np.testing.assert_allclose(found[:, tag], judge.decision_function(csr_matrix(features)), atol=0.03)


def test_padding_and_the_other_rows_of_a_batch_change_nothing():
    _, data = make_data()
    model = build_margin_model(fit_tag_ngrams(data.table, data.targets, TAGS))
    alone, together = (predict_rows(model, data.table, batch_size=size) for size in (1, len(data.table)))
    np.testing.assert_array_equal(alone, together)


def test_of_more_texts_than_the_bound_a_sample_is_learnt(monkeypatch):
    _, data = make_data()
    chosen = np.arange(0, len(data.table), 3)
    rows = [data.table.token_ids[data.table.starts[i] : data.table.starts[i + 1]] for i in chosen]
    monkeypatch.setattr(tags, "sample_rows", lambda *_, **__: chosen)
    found = fit_tag_ngrams(data.table, data.targets, TAGS)
    monkeypatch.undo()
    lengths = np.array([len(row) for row in rows])
    starts, places = np.concatenate([[0], lengths.cumsum()]), np.arange(len(rows))
    table = Encodings(np.concatenate(rows), starts, lengths, np.zeros((starts[-1], 2)), places, 0 * places)
    targets = np.concatenate([data.targets[data.table.starts[i] : data.table.starts[i + 1]] for i in chosen])
    expected = fit_tag_ngrams(table, targets, TAGS)
    assert all(map(np.array_equal, vars(found).values(), vars(expected).values())) and len(found)


def test_beyond_the_limit_the_commonest_n_grams_stay(monkeypatch):
    _, data = make_data()
    everything = fit_tag_ngrams(data.table, data.targets, TAGS)
    monkeypatch.setattr(tags, "FEATURES", 20)
    few = fit_tag_ngrams(data.table, data.targets, TAGS)
    assert len(everything) > len(few) == 20 and set(np.flatnonzero(few.slots)) < set(np.flatnonzero(everything.slots))
    single, double = ((few.slots[list(hash_places(np.pad(data.table.token_ids, 2)))[i]] > 0).mean() for i in (1, 4))
    assert single > 0.6 > double  # what stands at the token is commoner than pairs are


@pytest.mark.parametrize("kind", ["crf", "softmax"])
def test_both_are_added_so_that_dev_is_best_and_its_gold_most_likely(kind):
    model, (_, train), (gold, dev) = build_toy(kind), make_data(seed=1), make_data(60, seed=2)
    if kind == "crf":
        model.get_layer("crf").transitions.assign(np.random.default_rng(1).normal(size=(TAGS, TAGS)))
    score, state = make_score(model, gold, dev.table), NER.read_state(model)
    before = predict_rows(model, dev.table, batch_size=8)
    margins = predict_rows(
        build_margin_model(fit_tag_ngrams(train.table, train.targets, TAGS)), dev.table, batch_size=8
    )
    dense = model.get_layer("emissions").kernel
    size = np.linalg.norm(dense)
    voted, count = ensemble.add_ngram_votes(model, train, dev, score=score)
    scale = np.linalg.norm(dense) / size
    found = predict_rows(voted, dev.table, batch_size=8)
    choices = [before + ratio * margins for ratio in ensemble._RATIOS]
    assert sum(np.allclose(found, scale * each, atol=1e-4) for each in choices) == 1
    if state is not None:
        np.testing.assert_allclose(NER.read_state(voted), scale * state, rtol=1e-5)
    scores = [score(each)["dev_score"] for each in choices]
    assert score(found)["dev_score"] > max(0.85, max(scores) - 0.02) > scores[0] + 0.5
    assert count == name_weights(voted, CONFIG)["votes/votes"].shape[0] - 1
    losses = [measure_loss(model, found, dev, factor) for factor in (1.0, 0.8, 1.25)]
    assert losses[0] == min(losses)


def measure_loss(model, emissions, data, factor):
    """The mean loss of a tagger that has these emissions, if all its scores were ``factor`` times as large."""
    ids, gold = data.take(np.arange(len(data.table)))
    padded = np.zeros((*gold.shape, TAGS), np.float32)
    padded[ids != 0] = factor * emissions
    transitions = [layer.transitions for layer in model.layers if layer.name == "crf"]
    for each in transitions:
        each.assign(factor * each)
    loss = float(np.mean(make_tag_loss(model)(gold, padded)))
    for each in transitions:
        each.assign(each / factor)
    return loss


def test_a_run_with_votes_says_the_same_through_its_graph_and_through_tensorflow(tmp_path):
    (_, train), (gold, dev), model = make_data(seed=1), make_data(60, seed=2), build_toy()
    voted, count = ensemble.add_ngram_votes(model, train, dev, score=make_score(model, gold, dev.table))
    assert count
    settings, others = {"max_length": 20, "head": "crf", "long_text": "windows"}, {"ngrams": count, "thresholds": {}}
    toy.write_run(tmp_path / "run", voted, CONFIG, names=NAMES, task="ner", settings=settings, **others)
    expected = predict_rows(voted, dev.table, batch_size=8)
    loaded = load_model(RunFolder(tmp_path / "run"))
    np.testing.assert_allclose(predict_rows(loaded, dev.table, batch_size=8), expected, atol=1e-6)
    np.testing.assert_array_equal(NER.read_state(loaded), NER.read_state(voted))
    assert export_run(RunFolder(tmp_path / "run")) < 1e-5
    run = load_run(tmp_path / "run")
    np.testing.assert_allclose(run.predict_rows(dev.table, batch_size=8), expected, atol=1e-5)
    assert NER.score_dev(run.predict_encoded(dev.table), gold) > 0.9


def test_without_help_or_without_n_grams_the_model_stays_as_it_is():
    model, (_, train), (_, dev) = build_toy(), make_data(seed=1), make_data(60, seed=2)
    weights = model.get_weights()
    assert ensemble.add_ngram_votes(model, train, dev, score=lambda _: {"dev_score": 0.5}) == (model, 0)
    table = ENCODER.encode([LETTERS[0]], max_length=20)
    alone = TaskData(table, NER.align([[]], table))
    assert ensemble.add_ngram_votes(model, alone, dev, score=None) == (model, 0)
    assert all(map(np.array_equal, model.get_weights(), weights))
