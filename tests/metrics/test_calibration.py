"""calibration.py: bins and Brier score equal scikit-learn's, and a known temperature is found again."""

import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from zhlabel.decisions.temperature import apply_temperature, fit_temperature
from zhlabel.metrics import calibration
from zhlabel.metrics.calibration import score_calibration


def draw_labels(seed, texts=4000, labels=5):
    """Draw logits of independent labels and gold cells that follow them."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 2, (texts, labels))
    return logits, generator.random((texts, labels)) < expit(logits)


def draw_classes(seed, texts=20000, labels=5):
    """Draw logits of classes and gold ids that follow them."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (texts, labels))
    return logits, (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)


@settings(max_examples=200)
@given(st.integers(1, 200), st.sampled_from([1, 6]), st.integers(0, 2**31 - 1))
@example(1, 6, 0)
def test_bins_and_brier_score_equal_those_of_scikit_learn(count, digits, seed):
    generator = np.random.default_rng(seed)
    probabilities, right = generator.random(count).round(digits), generator.random(count) < 0.4
    scores = score_calibration(probabilities, right)
    assert abs(scores["brier"] - brier_score_loss(right, probabilities, pos_label=True)) < 1e-9
    shares, means = calibration_curve(right, probabilities, n_bins=10, pos_label=True)
    filled = [row for row in scores["bins"] if row["count"]]
    assert [row["share_right"] for row in filled] == pytest.approx(shares, abs=1e-9)
    assert [row["mean_probability"] for row in filled] == pytest.approx(means, abs=1e-9)
    weights = np.array([row["count"] for row in filled]) / count
    assert sum(row["count"] for row in filled) == count
    assert scores["ece"] == pytest.approx(weights @ np.abs(shares - means), abs=1e-9)
    assert json.loads(json.dumps(scores)) == scores  # plain numbers


def test_figures_by_hand():
    scores = score_calibration(np.array([0.0, 0.1, 0.9, 1.0]), np.array([False, True, True, True]))
    assert scores["brier"] == pytest.approx((0 + 0.81 + 0.01 + 0) / 4)
    assert scores["ece"] == pytest.approx((0.9 + 0.1 + 0) / 4)
    first = {"low": 0.0, "high": 0.1, "count": 2, "mean_probability": pytest.approx(0.05), "share_right": 0.5}
    empty = {"low": 0.1, "high": 0.2, "count": 0, "mean_probability": None, "share_right": None}
    assert scores["bins"][:2] == [first, empty]
    assert [row["count"] for row in scores["bins"]] == [2, 0, 0, 0, 0, 0, 0, 0, 1, 1]


def test_without_events_there_are_bins_but_no_figures():
    scores = score_calibration(np.zeros(0, np.float32), np.zeros(0, bool))
    assert (scores["brier"], scores["ece"]) == (None, None)
    assert [row["count"] for row in scores["bins"]] == [0] * 10


def test_probabilities_that_events_follow_have_a_small_error_and_overconfident_ones_a_large_one():
    logits, gold = draw_labels(1, texts=20000)
    assert score_calibration(expit(logits).ravel(), gold.ravel())["ece"] < 0.005
    assert score_calibration(expit(3 * logits).ravel(), gold.ravel())["ece"] > 0.05


def test_events_scored_in_parts_give_the_figures_of_the_whole(monkeypatch):
    logits, gold = draw_labels(2, texts=101)
    whole = score_calibration(expit(logits).ravel(), gold.ravel())
    monkeypatch.setattr(calibration, "_PART", 100)
    parts = score_calibration(expit(logits).ravel(), gold.ravel())
    assert (parts["brier"], parts["ece"]) == pytest.approx((whole["brier"], whole["ece"]), abs=1e-12)
    assert [row["count"] for row in parts["bins"]] == [row["count"] for row in whole["bins"]]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_of_independent_labels_is_found_again_and_mends_the_calibration(temperature):
    logits, gold = draw_labels(3)
    probabilities = expit(logits * temperature)
    found = fit_temperature(probabilities.astype(np.float32), gold)
    assert found == pytest.approx(temperature, rel=0.05)
    mended = apply_temperature(probabilities, temperature, exclusive=False)
    uncut = np.abs(logits * temperature) < 16
    assert np.allclose(mended[uncut], expit(logits)[uncut], rtol=0, atol=1e-9)
    assert score_calibration(mended.ravel(), gold.ravel())["ece"] < 0.015


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_of_classes_is_found_again(temperature):
    logits, gold = draw_classes(4)
    probabilities = softmax(logits * temperature, axis=1)
    assert fit_temperature(probabilities.astype(np.float32), gold) == pytest.approx(temperature, rel=0.05)
    mended = apply_temperature(probabilities, temperature, exclusive=True)
    assert np.allclose(mended, softmax(logits, axis=1), rtol=0, atol=1e-9)


@pytest.mark.parametrize("draw, exclusive", [(draw_labels, False), (draw_classes, True)])
def test_no_other_temperature_has_a_lower_log_loss(draw, exclusive):
    logits, gold = draw(5, texts=300)
    probabilities = softmax(2 * logits, axis=1) if exclusive else expit(2 * logits)

    def measure(temperature):
        scaled = apply_temperature(probabilities, temperature, exclusive=exclusive)
        if exclusive:
            return log_loss(gold, scaled, labels=range(5))
        return log_loss(gold.ravel(), scaled.ravel())

    least = measure(fit_temperature(probabilities, gold))
    assert least <= min(measure(temperature) for temperature in np.geomspace(0.05, 20, 200)) + 1e-9


def test_the_temperature_is_an_end_of_the_range_when_all_is_right_or_all_wrong():
    probabilities = np.array([[0.9, 0.2], [0.3, 0.8]])
    assert fit_temperature(probabilities, probabilities > 0.5) == pytest.approx(0.05, rel=0.01)
    assert fit_temperature(probabilities, probabilities < 0.5) == pytest.approx(20, rel=0.01)


def test_a_gold_class_of_probability_0_counts_as_the_least_of_float32():
    sure = np.array([[0.9, 0.1]] * 500 + [[0, 1]], np.float32)
    found = fit_temperature(sure, np.zeros(501, int))
    sure[-1, 0] = np.finfo(np.float32).tiny
    assert 0.1 < found < 10 and found == fit_temperature(sure, np.zeros(501, int))


@pytest.mark.parametrize("exclusive", [True, False])
def test_temperature_1_gives_the_same_array_back(exclusive):
    probabilities = np.array([[0.7, 0.3]])
    assert apply_temperature(probabilities, 1.0, exclusive=exclusive) is probabilities


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_form_and_type_stay_and_the_given_array_is_left_alone(exclusive, kind, monkeypatch):
    probabilities = np.array([[0, 1], [0.7, 0.3], [0.5, 0.5]], kind)
    before = probabilities.copy()
    whole = apply_temperature(probabilities, 3, exclusive=exclusive)
    assert (whole.shape, whole.dtype) == (before.shape, kind) and np.array_equal(probabilities, before)
    assert np.isfinite(whole).all() and (whole >= 0).all() and (whole <= 1).all()
    monkeypatch.setattr(calibration, "_PART", 2)  # a text at a time
    assert np.array_equal(apply_temperature(probabilities, 3, exclusive=exclusive), whole)


@given(st.integers(0, 2**31 - 1), st.sampled_from([0.05, 0.5, 2, 20]), st.sampled_from([1e-7, 1e-3, 1]))
@example(0, 20, 1e-7)  # float32 rounds what is left of the lead away
def test_the_most_probable_class_stays_even_when_it_leads_by_almost_nothing(seed, temperature, spread):
    logits = np.random.default_rng(seed).normal(0, 1, (50, 4)) * spread
    probabilities = softmax(logits, axis=1).astype(np.float32)
    scaled = apply_temperature(probabilities, temperature, exclusive=True)
    assert np.array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
    assert np.allclose(scaled.sum(axis=1), 1, atol=1e-5)


def test_no_texts_have_no_probabilities():
    assert apply_temperature(np.zeros((0, 3)), 2, exclusive=True).shape == (0, 3)
