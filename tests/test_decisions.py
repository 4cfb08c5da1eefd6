"""decisions.py: what reaches the threshold, and how the threshold is chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.metrics import f1_score

from zhlabel.decisions import choose_threshold, compute_logits, decide_labels, score_micro_f1
from zhlabel.errors import InputError

PROBABILITIES = np.array([[0.9, 0.5, 0.0], [0.49, 1.0, 0.3]])


def make_scores(seed, count=40, labels=3):
    generator = np.random.default_rng(seed)
    gold = generator.random((count, labels)) < 0.4
    return np.clip(gold * 0.3 + generator.random((count, labels)) * 0.7, 0, 1), gold


def test_a_probability_that_equals_the_threshold_reaches_it():
    assert decide_labels(PROBABILITIES, threshold=0.5).tolist() == [[True, True, False], [False, True, False]]


def test_threshold_0_keeps_every_label_and_above_1_none():
    assert decide_labels(PROBABILITIES, threshold=0).all()
    assert not decide_labels(PROBABILITIES, threshold=1.01).any()


def test_each_label_may_have_its_own_threshold():
    decided = decide_labels(PROBABILITIES, threshold=[0.4, 0.6, 0.0])
    assert decided.tolist() == [[True, False, True], [True, True, True]]


def test_no_texts_have_no_decisions():
    assert decide_labels(np.zeros((0, 3)), threshold=0.5).shape == (0, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_probability_that_is_no_number_is_refused(value):
    with pytest.raises(InputError, match=r"not a number.*Train again"):
        decide_labels([[0.5, value]], threshold=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_chosen_threshold_is_the_best_of_all_steps(seed):
    probabilities, gold = make_scores(seed)
    threshold, score = choose_threshold(probabilities, gold)
    steps = [i / 100 for i in range(5, 96)]
    scores = {step: f1_score(gold, probabilities >= step, average="micro", zero_division=0) for step in steps}
    assert threshold in steps and abs(score - max(scores.values())) < 1e-12
    equals = [step for step in steps if scores[step] > score - 1e-12]
    assert abs(threshold - 0.5) == min(abs(step - 0.5) for step in equals)


def test_of_equal_thresholds_the_nearest_to_one_half_is_taken():
    gold = np.array([[True, False]])
    assert choose_threshold(np.array([[0.9, 0.1]]), gold) == (0.5, 1.0)
    assert choose_threshold(np.array([[0.9, 0.7]]), gold) == (0.71, 1.0)
    assert choose_threshold(np.array([[0.3, 0.1]]), gold) == (0.3, 1.0)
    assert choose_threshold(np.array([[0.9, 0.1]]), ~gold & False) == (0.5, 0.0)


CELLS = st.integers(1, 6).flatmap(
    lambda labels: st.lists(
        st.lists(st.tuples(st.booleans(), st.booleans()), min_size=labels, max_size=labels), min_size=1
    )
)


@settings(deadline=None)
@given(CELLS)
def test_micro_f1_equals_that_of_scikit_learn(cells):
    decided, gold = np.moveaxis(np.array(cells, dtype=bool), -1, 0)
    expected = f1_score(gold.ravel(), decided.ravel(), zero_division=0)
    assert abs(score_micro_f1(decided, gold) - expected) < 1e-12


def test_logits_equal_those_of_scipy_and_stay_finite_at_the_ends():
    values = np.array([[1e-6, 0.25, 0.5], [0.75, 0.999999, 0.1]])
    assert np.allclose(compute_logits(values), logit(values), rtol=1e-12, atol=1e-12)
    ends = compute_logits(np.array([0.0, 1.0], dtype=np.float32))
    assert np.isfinite(ends).all() and ends[0] == pytest.approx(-ends[1]) and 16 < ends[1] < 17


@given(st.lists(st.floats(0, 1, width=32), min_size=1))
def test_logits_decide_as_probabilities_do(values):
    probabilities = np.array(values, dtype=np.float32)
    assert ((compute_logits(probabilities) >= 0) == (probabilities >= 0.5)).all()
