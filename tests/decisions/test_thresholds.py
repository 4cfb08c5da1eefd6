"""thresholds.py: what a run's thresholds mean, in its record, for each label, in words, and as a user gives one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.decisions.thresholds import Thresholds, parse_threshold
from zhlabel.errors import InputError

NAMES = ("裁员", "收购", "地震")
WHOLE = {"global": 0.4, "labels": {"裁员": 0.2, "地震": 0.9}, "goal": "macro_f1", "labels_per_text": "1-2"}


@pytest.mark.parametrize("kept", [(), ("global",), ("global", "goal"), ("labels_per_text",), tuple(WHOLE)])
def test_a_record_comes_back_as_it_was(kept):
    record = {key: WHOLE[key] for key in kept}
    assert Thresholds.from_record(record).to_record() == record
    assert list(Thresholds.from_record(record).to_record()) == list(record)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ([], r"found \[\], expected an object"),
        ({"common": 0.4}, r'"common": found 0.4, expected no other keys than global, labels'),
        ({"global": "0.4"}, r'"global": found 0.4, expected a number from 0 to 1'),
        ({"global": True}, r'"global": found True'),
        ({"global": 1.5}, r'"global": found 1.5'),
        ({"global": float("nan")}, r'"global": found nan'),
        ({"global": None}, r'"global": found None'),
        ({"labels": [0.4]}, r'"labels": found \[0.4\], expected numbers from 0 to 1 by label'),
        ({"labels": {"裁员": "high"}}, r'"labels": found'),
        ({"goal": 3}, r'"goal": found 3, expected a text'),
        ({"labels_per_text": ["1-"]}, r'"labels_per_text": found'),
        ({"labels_per_text": "3"}, 'LABELS_PER_TEXT = "3"'),
    ],
)
def test_a_record_of_another_form_is_refused_with_its_place(record, message):
    with pytest.raises(InputError, match=message):
        Thresholds.from_record(record)
    if "3" not in message:
        with pytest.raises(InputError, match=r"^runs/a/run\.json: thresholds"):
            Thresholds.from_record(record, source="runs/a/run.json")


def test_a_label_has_its_own_threshold_or_the_one_for_all():
    thresholds = Thresholds.from_record(WHOLE)
    assert [thresholds.for_label(name) for name in NAMES] == [0.2, 0.4, 0.9]
    assert Thresholds().for_label("裁员") is None
    assert Thresholds(0.0, {"裁员": 0.5}).for_label("收购") == 0.0


def test_labels_are_decided_by_their_thresholds_within_the_limits():
    probabilities = np.array([[0.2, 0.39, 0.9], [0.1, 0.1, 0.3], [0.9, 0.8, 0.95]])
    own = Thresholds(0.4, WHOLE["labels"])
    assert own.decide(probabilities, NAMES).tolist() == [[True, False, True], [False] * 3, [True] * 3]
    limited = Thresholds.from_record(WHOLE).decide(probabilities, NAMES)
    assert limited.tolist() == [[False, False, True], [False, False, True], [True, False, True]]
    assert Thresholds(0.0).decide(probabilities, NAMES).all()
    reordered = own.decide(probabilities[:, ::-1], NAMES[::-1])
    assert np.array_equal(reordered[:, ::-1], own.decide(probabilities, NAMES))


def test_a_label_without_any_threshold_is_named():
    with pytest.raises(InputError, match=r'no threshold for the label "收购".*--threshold 0.5'):
        Thresholds(labels={"裁员": 0.4}).decide(np.zeros((1, 2)), NAMES[:2])


def test_a_users_threshold_takes_the_place_of_all_but_the_limits():
    assert Thresholds.from_record(WHOLE).with_common(0.0).to_record() == {"global": 0.0, "labels_per_text": "1-2"}


def test_thresholds_are_described_in_words():
    assert Thresholds().describe() == "no threshold"
    assert Thresholds(0.0, labels_per_text="0-3").describe() == "threshold 0, labels a text: 0-3"
    assert Thresholds.from_record(WHOLE).describe() == (
        "2 thresholds from 0.2 to 0.9, a label each, labels a text: 1-2"
    )


@pytest.mark.parametrize("text", ["", " "])
def test_nothing_given_means_the_runs_own(text):
    assert parse_threshold(text) is None


@pytest.mark.parametrize(
    ("value", "expected"), [("0", 0), (0, 0), ("0.35", 0.35), (0.35, 0.35), ("1e-9", 1e-9), (1, 1)]
)
def test_a_number_from_0_to_1_is_that_threshold(value, expected):
    assert parse_threshold(value) == expected and isinstance(parse_threshold(value), float)


@given(st.floats(-1e300, 1e300))
def test_a_logit_is_the_probability_that_it_belongs_to(logit):
    found = parse_threshold(f"logit:{logit}")
    assert 0 <= found <= 1
    if abs(logit) < 20:
        assert np.log(found / (1 - found)) == pytest.approx(logit, abs=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        *("high", "-0.1", "1.01", 1.5, -1, True, "nan", "0,5", "p:0.5", ":0.5"),
        *("logit", "logit:", "logit:x", "logit:inf", "logit:nan", "logit:1:2"),
    ],
)
def test_what_is_no_threshold_is_refused_with_what_is_possible(value):
    with pytest.raises(InputError, match=r'THRESHOLD = ".*": expected a probability from 0 to 1, a logit such as'):
        parse_threshold(value)
