"""threshold_search.py, threshold_counts.py: each goal's best threshold by trying all, and rare labels shrunk."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from zhlabel.decisions import threshold_search
from zhlabel.decisions.threshold_counts import CANDIDATES, count_at_thresholds, count_right_texts, score_micro_f1
from zhlabel.decisions.threshold_search import (
    choose_for_texts,
    choose_label_thresholds,
    choose_threshold,
    parse_goal,
    shrink,
)
from zhlabel.errors import InputError


def make_cells(seed, count=60, labels=3):
    generator = np.random.default_rng(seed)
    gold = generator.random((count, labels)) < 0.4
    probabilities = np.clip(gold * 0.3 + generator.random((count, labels)) * 0.7, 0, 1)
    return np.round(probabilities, 2), gold  # many equal to a candidate


def count(probabilities, gold, candidates=CANDIDATES):
    columns = zip(probabilities.T, gold.T, strict=True)
    return count_at_thresholds(columns, gold.sum(axis=0), candidates)


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_every_threshold_tried(seed):
    probabilities, gold = make_cells(seed)
    counts = count(probabilities, gold)
    for place, candidate in enumerate(CANDIDATES):
        decided = probabilities >= candidate
        assert counts.decided[:, place].tolist() == decided.sum(axis=0).tolist()
        assert counts.hits[:, place].tolist() == (decided & gold).sum(axis=0).tolist()
    scores = [f1_score(gold, probabilities >= each, average="micro", zero_division=0) for each in CANDIDATES]
    assert np.allclose(score_micro_f1(counts), scores, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("average", ["micro", "macro"])
def test_the_threshold_for_all_labels_has_the_highest_f1(seed, average):
    probabilities, gold = make_cells(seed)
    chosen = choose_threshold(count(probabilities, gold), (f"{average}_f1", 0))
    scores = {t: f1_score(gold, probabilities >= t, average=average, zero_division=0) for t in CANDIDATES}
    assert scores[chosen] == pytest.approx(max(scores.values()), abs=1e-12)
    equals = [t for t in CANDIDATES if scores[t] > scores[chosen] - 1e-12]
    assert abs(chosen - 0.5) == min(abs(t - 0.5) for t in equals)


def test_of_equal_thresholds_the_nearest_to_one_half_is_taken():
    gold = np.array([[True, False]])
    for row, expected in [((0.9, 0.1), 0.5), ((0.9, 0.7), 0.71), ((0.3, 0.1), 0.3)]:
        assert choose_threshold(count(np.array([row]), gold), ("micro_f1", 0)) == expected


@pytest.mark.parametrize("goal", ["precision:0.8", "recall:0.8"])
def test_a_wanted_precision_or_recall_holds_with_as_much_as_possible_of_the_other(goal):
    probabilities, gold = make_cells(3, count=400)
    name, wanted = parse_goal(goal)
    chosen = choose_threshold(count(probabilities, gold), (name, wanted))
    score = {"precision": precision_score, "recall": recall_score}[name]
    values = np.array([score(gold, probabilities >= t, average="micro", zero_division=1) for t in CANDIDATES])
    place = np.flatnonzero(chosen == CANDIDATES)[0]
    if name == "precision":
        assert (values[place:] >= wanted).all() and values[place - 1] < wanted
    else:
        assert values[place] >= wanted and values[place + 1] < wanted


def test_a_precision_that_nothing_reaches_gives_the_threshold_that_comes_nearest():
    probabilities, gold = np.array([[0.999], [0.999], [0.4]]), np.array([[True], [False], [False]])
    chosen = choose_threshold(count(probabilities, gold), ("precision", 0.9))
    assert chosen > 0.4 and (probabilities >= chosen).sum() == 2


@pytest.mark.parametrize("seed", range(8))
def test_label_thresholds_without_shrinkage_are_the_best_of_all_combinations(seed, monkeypatch):
    monkeypatch.setattr(threshold_search, "SHRINKAGE", 1e-12)
    few = np.array([0.2, 0.35, 0.5, 0.65, 0.8])
    probabilities, gold = make_cells(seed, count=25)
    counts = count(probabilities, gold, few)
    for average in ("micro", "macro"):
        chosen = choose_label_thresholds(counts, (f"{average}_f1", 0), common=0.5)
        best = max(
            f1_score(gold, probabilities >= np.array(each), average=average, zero_division=0)
            for each in itertools.product(few, repeat=3)
        )
        reached = f1_score(gold, probabilities >= chosen, average=average, zero_division=0)
        assert reached == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_exact_match_is_the_highest_for_all_and_never_falls_label_by_label(seed, monkeypatch):
    monkeypatch.setattr(threshold_search, "SHRINKAGE", 1e-12)
    probabilities, gold = make_cells(seed)
    rights = [((probabilities >= t) == gold).all(axis=1).sum() for t in CANDIDATES]
    common = choose_for_texts(probabilities, gold)
    assert ((probabilities >= common) == gold).all(axis=1).sum() == max(rights)
    own = choose_for_texts(probabilities, gold, common=common)
    assert ((probabilities >= own) == gold).all(axis=1).sum() >= max(rights)
    for label, t in itertools.product(range(3), CANDIDATES):
        other = own.copy()
        other[label] = t
        assert ((probabilities >= other) == gold).all(axis=1).sum() <= ((probabilities >= own) == gold).all(1).sum()


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_right_texts_are_those_of_every_threshold_tried(seed, labels):
    probabilities, gold = make_cells(seed, count=8, labels=labels)
    steps = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    extra = np.array([((probabilities >= t) & ~gold).sum(axis=1) for t in steps])
    missing = np.array([((probabilities < t) & gold).sum(axis=1) for t in steps])
    some = np.array([(probabilities >= t).any(axis=1) for t in steps]) | ~gold.any(axis=1)
    exact, relaxed, spare = (extra == 0) & (missing == 0), (extra == 0) & some, (extra <= 1) & (missing == 0)
    assert count_right_texts(probabilities, gold, steps).tolist() == exact.sum(axis=1).tolist()
    assert count_right_texts(probabilities, gold, steps, may_miss=True).tolist() == relaxed.sum(axis=1).tolist()
    assert count_right_texts(probabilities, gold, steps, spare=1).tolist() == spare.sum(axis=1).tolist()


def test_rare_labels_are_shrunk_towards_the_common_threshold():
    chosen = shrink(np.array([0.9, 0.9, 0.9, 0.1]), np.array([0, 5, 100_000, 100]), 0.5)
    assert chosen[0] == 0.5 and 0.5 < chosen[1] < 0.6 and chosen[2] == pytest.approx(0.9, abs=1e-3)
    assert chosen[3] == pytest.approx(0.25)  # half way between the logits


def test_a_label_without_dev_texts_has_the_common_threshold():
    probabilities, gold = make_cells(1)
    gold[:, 2] = False
    for goal in ("micro_f1", "macro_f1", "precision", "recall"):
        assert choose_label_thresholds(count(probabilities, gold), (goal, 0.9), common=0.37)[2] == pytest.approx(0.37)


@pytest.mark.parametrize(
    "goal", ["", "f1", "precision", "precision:0", "precision:1.5", "recall:x", "micro_f1:0.5", "recall:nan"]
)
def test_a_goal_that_is_none_is_refused_with_those_there_are(goal):
    with pytest.raises(InputError, match=r"THRESHOLD_GOAL = .*micro_f1, macro_f1, accuracy, precision:0.9"):
        parse_goal(goal)
