"""ranking.py: every figure equals scikit-learn's to 1e-9; what has no value is None."""

import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    coverage_error,
    label_ranking_average_precision_score,
    roc_auc_score,
    top_k_accuracy_score,
)

from zhlabel.decisions.labels import decide_classes
from zhlabel.metrics import ranking
from zhlabel.metrics.ranking import score_class_ranking, score_ranking

SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 12))
SEEDS = st.integers(0, 2**31 - 1)


def name_labels(count):
    return tuple(f"类{i}" for i in range(count))


def draw_scores(shape, digits, seed):
    """Draw float32 probabilities; with few digits many are equal."""
    return np.random.default_rng(seed).random(shape).round(digits).astype(np.float32)


def check_labels(scores, probabilities, gold):
    """Compare the figures by label, and the means of those that have one."""
    precisions, areas = [], []
    for name, values, wanted in zip(name_labels(gold.shape[1]), probabilities.T, gold.T, strict=True):
        row = scores["labels"][name]
        assert (row["average_precision"] is None) == (not wanted.any())
        assert (row["roc_auc"] is None) == (not wanted.any() or wanted.all())
        if wanted.any():
            precisions.append(average_precision_score(wanted, values))
            assert abs(row["average_precision"] - precisions[-1]) < 1e-9
        if wanted.any() and not wanted.all():
            areas.append(roc_auc_score(wanted, values))
            assert abs(row["roc_auc"] - areas[-1]) < 1e-9
    for figure, values in (("macro average precision", precisions), ("macro roc auc", areas)):
        assert scores[figure] == (pytest.approx(np.mean(values), abs=1e-9) if values else None)


@settings(max_examples=200)
@given(SHAPES, st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([1, 6]), SEEDS)
@example((1, 1), 1.0, 6, 1)
@example((8, 1), 0.5, 6, 1)
@example((8, 4), 0.0, 6, 1)  # nothing gold
@example((8, 4), 1.0, 1, 1)  # all gold
def test_every_figure_equals_that_of_scikit_learn(shape, share, digits, seed):
    probabilities, gold = draw_scores(shape, digits, seed), np.random.default_rng(seed + 1).random(shape) < share
    scores = score_ranking(probabilities, gold, name_labels(shape[1]))
    assert scores["texts"] == len(gold)
    precision = label_ranking_average_precision_score(gold, probabilities)
    assert abs(scores["label ranking average precision"] - precision) < 1e-9
    # Of a single label, which coverage_error refuses, one must be taken wherever it is gold.
    coverage = coverage_error(gold, probabilities) if shape[1] > 1 else gold.mean()
    assert abs(scores["coverage error"] - coverage) < 1e-9
    check_labels(scores, probabilities, gold)
    assert json.loads(json.dumps(scores)) == scores  # plain numbers


def test_a_perfect_order_and_its_reverse_by_hand():
    gold = np.array([[1, 0, 0], [0, 1, 1]], bool)
    best = score_ranking(gold.astype(float), gold, name_labels(3))
    assert (best["label ranking average precision"], best["coverage error"]) == (1.0, 1.5)
    assert (best["macro average precision"], best["macro roc auc"]) == (1.0, 1.0)
    worst = score_ranking(1.0 - gold, gold, name_labels(3))
    assert worst["label ranking average precision"] == pytest.approx((1 / 3 + (2 / 3 + 2 / 3) / 2) / 2)
    assert (worst["coverage error"], worst["macro roc auc"], worst["macro average precision"]) == (3.0, 0.0, 0.5)


def test_a_label_without_gold_texts_has_no_figures_and_no_share_in_the_means():
    probabilities, gold = np.array([[0.9, 0.1], [0.2, 0.3]]), np.array([[1, 0], [0, 0]], bool)
    scores = score_ranking(probabilities, gold, ("裁员", "起诉"))
    assert scores["labels"]["起诉"] == {"average_precision": None, "roc_auc": None}
    assert (scores["macro average precision"], scores["macro roc auc"]) == (1.0, 1.0)


def test_of_many_texts_a_seeded_sample_is_ranked_and_the_figures_by_label_are_of_all(monkeypatch):
    probabilities, gold = draw_scores((300, 5), 6, 1), draw_scores((300, 5), 6, 2) < 0.3
    whole = score_ranking(probabilities, gold, name_labels(5))
    monkeypatch.setattr(ranking, "_MOST_TEXTS", 100)
    first, again, other = (score_ranking(probabilities, gold, name_labels(5), seed=seed) for seed in (1, 1, 2))
    assert first == again and first["texts"] == 100
    assert first["coverage error"] != other["coverage error"]
    assert first["coverage error"] == pytest.approx(whole["coverage error"], rel=0.2)
    assert first["labels"] == whole["labels"]
    monkeypatch.setattr(ranking, "_MOST_TEXTS", 299)
    most = score_ranking(probabilities, gold, name_labels(5))["coverage error"] * 299
    assert 0 <= whole["coverage error"] * 300 - most <= 5  # no text twice: one is left out, with 0 to 5 labels to take


@settings(max_examples=200)
@given(SHAPES, SEEDS)
@example((1, 1), 0)
@example((5, 2), 0)
@example((5, 3), 0)
def test_every_figure_of_a_multi_class_task_equals_that_of_scikit_learn(shape, seed):
    probabilities, labels = draw_scores(shape, 6, seed), shape[1]
    gold = np.random.default_rng(seed + 1).integers(0, labels, shape[0])
    scores = score_class_ranking(probabilities, gold, name_labels(labels))
    assert [name for name in scores if name.startswith("top")] == [f"top-{k} accuracy" for k in (2, 3) if k < labels]
    for k in (2, 3):
        if k < labels:
            expected = top_k_accuracy_score(gold, probabilities, k=k, labels=range(labels))
            assert abs(scores[f"top-{k} accuracy"] - expected) < 1e-9
    check_labels(scores, probabilities, gold[:, None] == np.arange(labels))
    assert json.loads(json.dumps(scores)) == scores


def test_of_equally_probable_classes_the_first_goes_first_as_in_decisions():
    equal = np.full((4, 4), 0.25)
    scores = score_class_ranking(equal, np.array([0, 1, 2, 0]), name_labels(4))
    assert (scores["top-2 accuracy"], scores["top-3 accuracy"]) == (0.75, 1.0)
    assert decide_classes(equal).tolist() == [0, 0, 0, 0]
