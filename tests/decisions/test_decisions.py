"""decisions.py: what reaches the threshold, and the fewest and most labels of a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from zhlabel.decisions.labels import decide_labels, parse_limits
from zhlabel.decisions.temperature import compute_logits
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


def test_a_threshold_is_compared_in_double_precision_alone_and_in_a_list():
    cells = np.full((1, 2), 0.41, dtype=np.float32)  # as float64 a little below 0.41
    assert not decide_labels(cells, threshold=0.41).any()
    assert not decide_labels(cells, threshold=[0.41, 0.41]).any()


def test_a_text_gets_at_least_and_at_most_so_many_labels_the_most_probable_ones():
    cells = [[0.9, 0.8, 0.7], [0.1, 0.3, 0.2], [0.6, 0.1, 0.6]]
    assert decide_labels(cells, threshold=0.5, fewest=1).sum(axis=1).tolist() == [3, 1, 2]
    assert decide_labels(cells, threshold=0.5, fewest=1)[1].tolist() == [False, True, False]
    assert decide_labels(cells, threshold=0.5, most=1).tolist() == [
        [True, False, False],
        [False, False, False],
        [True, False, False],
    ]
    assert decide_labels(cells, threshold=0.5, fewest=2, most=2).sum(axis=1).tolist() == [2, 2, 2]
    assert decide_labels(cells, threshold=0.5, fewest=9, most=9).all()


@pytest.mark.parametrize(
    ("text", "limits"), [("", (0, None)), ("0-", (0, None)), ("1-", (1, None)), ("2-2", (2, 2)), ("0-3", (0, 3))]
)
def test_limits_are_read(text, limits):
    assert parse_limits(text) == limits


@pytest.mark.parametrize("text", ["1", "3-2", "0-0", "-3", "a-b", "1-2-3", "1.5-2", " 1-"])
def test_limits_that_are_none_are_refused_with_examples(text):
    with pytest.raises(InputError, match=r'LABELS_PER_TEXT = ".*at least one'):
        parse_limits(text)


def test_logits_equal_those_of_scipy_and_stay_finite_at_the_ends():
    values = np.array([[1e-6, 0.25, 0.5], [0.75, 0.999999, 0.1]])
    assert np.allclose(compute_logits(values), logit(values), rtol=1e-12, atol=1e-12)
    ends = compute_logits(np.array([0.0, 1.0], dtype=np.float32))
    assert np.isfinite(ends).all() and ends[0] == pytest.approx(-ends[1]) and 16 < ends[1] < 17


@given(st.lists(st.floats(0, 1, width=32), min_size=1))
def test_logits_decide_as_probabilities_do(values):
    probabilities = np.array(values, dtype=np.float32)
    assert ((compute_logits(probabilities) >= 0) == (probabilities >= 0.5)).all()
