"""metrics.py: every figure equals scikit-learn's to 1e-12, at the border cases too."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, hamming_loss

from zhlabel.metrics.classification import score_multi_class, score_multi_label, score_relaxed

AVERAGES = ("micro avg", "macro avg", "weighted avg", "samples avg")
SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 12))
SHARES = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])


def draw_cells(shape, share, seed):
    return np.random.default_rng(seed).random(shape) < share


def name_labels(count):
    return tuple(f"类{i}" for i in range(count))


def judge(decided, gold, names):
    if gold.shape[1] > 1:
        options = {"target_names": names, "output_dict": True, "zero_division": 0}
        return classification_report(gold, decided, labels=range(len(names)), **options)
    # scikit-learn takes one column for a binary task; beside an empty second label it scores the first as a label.
    wide = [np.column_stack([each, np.zeros(len(each), bool)]) for each in (gold, decided)]
    options = {"target_names": names, "output_dict": True, "zero_division": 0}
    return classification_report(*wide, labels=[0], **options)


@settings(max_examples=200)
@given(SHAPES, SHARES, SHARES, st.integers(0, 2**31 - 1))
@example((8, 1), 0.5, 0.5, 1)
@example((8, 1), 0.0, 1.0, 1)
@example((8, 4), 0.5, 0.0, 1)  # nothing gold
@example((8, 4), 0.0, 0.5, 1)  # nothing decided
@example((8, 4), 0.0, 0.0, 1)  # neither
@example((1, 4), 0.5, 0.5, 1)
def test_every_figure_equals_that_of_scikit_learn(shape, decided_share, gold_share, seed):
    decided, gold = draw_cells(shape, decided_share, seed), draw_cells(shape, gold_share, seed + 1)
    names = name_labels(shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no division by zero may reach the user's screen
        scores = score_multi_label(decided, gold, names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = judge(decided, gold, names)
    assert abs(scores["accuracy"] - accuracy_score(gold, decided)) < 1e-12
    assert abs(scores["hamming_loss"] - hamming_loss(gold, decided)) < 1e-12
    assert list(scores["labels"]) == list(names)
    for name, row in {**scores["labels"], **{average: scores[average] for average in AVERAGES}}.items():
        assert list(row) == ["precision", "recall", "f1-score", "support"]
        for figure, value in row.items():
            assert abs(value - expected[name][figure]) < 1e-12, (name, figure)


def test_figures_by_hand():
    gold = np.array([[1, 1], [1, 0], [0, 0], [0, 1]], dtype=bool)
    decided = np.array([[1, 0], [1, 0], [0, 0], [1, 1]], dtype=bool)
    scores = score_multi_label(decided, gold, ("裁员", "起诉"))
    assert scores["accuracy"] == 0.5
    assert scores["hamming_loss"] == 0.25
    assert scores["micro avg"] == {"precision": 0.75, "recall": 0.75, "f1-score": 0.75, "support": 4}
    assert scores["labels"]["裁员"] == pytest.approx({"precision": 2 / 3, "recall": 1, "f1-score": 0.8, "support": 2})
    assert scores["labels"]["起诉"] == pytest.approx({"precision": 1, "recall": 0.5, "f1-score": 2 / 3, "support": 2})
    assert scores["samples avg"]["recall"] == (0.5 + 1 + 0 + 1) / 4


def test_all_right_is_1_and_the_figures_are_plain_numbers():
    gold = np.array([[1, 0], [0, 1]], dtype=bool)
    scores = score_multi_label(gold, gold, ("a", "b"))
    assert (scores["accuracy"], scores["hamming_loss"]) == (1.0, 0.0)
    assert all(scores[average]["f1-score"] == 1.0 for average in AVERAGES)
    kinds = {type(value) for name in AVERAGES for value in scores[name].values()}
    kinds |= {type(value) for row in scores["labels"].values() for value in row.values()}
    assert kinds | {type(scores["accuracy"]), type(scores["hamming_loss"])} == {float, int}


def test_a_text_without_gold_labels_is_right_by_no_label_too_many_only_when_nothing_is_decided():
    gold, decided = np.zeros((2, 3), bool), np.array([[0, 0, 0], [0, 1, 0]], bool)
    assert score_relaxed(decided, gold) == {"no label too many": 0.5, "at most one too many, none missing": 1.0}


def test_a_text_that_gets_no_label_but_has_one_is_right_by_neither_relaxed_measure():
    scores = score_relaxed(np.zeros((1, 3), bool), np.array([[1, 0, 0]], bool))
    assert scores == {"no label too many": 0.0, "at most one too many, none missing": 0.0}


@settings(max_examples=200)
@given(SHAPES, SHARES, SHARES, st.integers(0, 2**31 - 1))
def test_the_relaxed_measures_equal_their_definitions_by_sets_and_forgive_more_than_exact_match(
    shape, decided_share, gold_share, seed
):
    decided, gold = draw_cells(shape, decided_share, seed), draw_cells(shape, gold_share, seed + 1)
    pairs = [(set(np.flatnonzero(one)), set(np.flatnonzero(other))) for one, other in zip(decided, gold, strict=True)]
    none_too_many = [found <= wanted and (bool(found) or not wanted) for found, wanted in pairs]
    one_too_many = [wanted <= found and len(found - wanted) <= 1 for found, wanted in pairs]
    scores = score_relaxed(decided, gold)
    assert list(scores.values()) == pytest.approx([np.mean(none_too_many), np.mean(one_too_many)], abs=1e-12)
    assert min(scores.values()) >= accuracy_score(gold, decided) - 1e-12


def draw_classes(count, labels, seed):
    """Draw gold and decided ids; with few texts and many labels some labels occur on one side or nowhere."""
    generator = np.random.default_rng(seed)
    gold = generator.integers(0, labels, count)
    return np.where(generator.random(count) < 0.6, gold, generator.integers(0, labels, count)), gold


@settings(max_examples=200)
@given(st.integers(1, 30), st.integers(1, 8), st.integers(0, 2**31 - 1))
@example(1, 1, 0)
@example(2, 8, 0)
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_every_figure_of_a_multi_class_task_equals_that_of_scikit_learn(count, labels, seed):
    decided, gold = draw_classes(count, labels, seed)
    names, ids = name_labels(labels), range(labels)
    scores = score_multi_class(decided, gold, names)
    expected = classification_report(gold, decided, labels=ids, target_names=names, output_dict=True, zero_division=0)
    assert abs(scores["accuracy"] - accuracy_score(gold, decided)) < 1e-12
    assert abs(scores["hamming_loss"] - hamming_loss(gold, decided)) < 1e-12
    assert scores["confusion"] == confusion_matrix(gold, decided, labels=ids).tolist()
    assert list(scores["labels"]) == list(names) and "micro avg" not in scores
    for name in (*names, "macro avg", "weighted avg"):
        row = scores["labels"][name] if name in names else scores[name]
        assert list(row) == ["precision", "recall", "f1-score", "support"]
        for figure, value in row.items():
            assert abs(value - expected[name][figure]) < 1e-12, (name, figure)


def test_confusions_have_a_row_for_each_gold_label():
    decided, gold = np.array([1, 1, 2, 0]), np.array([0, 0, 2, 0])
    scores = score_multi_class(decided, gold, ("体育", "财经", "科技"))
    assert scores["confusion"] == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]
    assert (scores["accuracy"], scores["hamming_loss"]) == (0.5, 0.5)
    assert scores["labels"]["财经"] == {"precision": 0, "recall": 0, "f1-score": 0, "support": 0}
    assert json.loads(json.dumps(scores)) == scores  # plain numbers
