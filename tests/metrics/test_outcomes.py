"""outcomes.py: what was right and wrong in each text adds up to the counts of metrics, and survives its file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.data.tags import Entity
from zhlabel.errors import InputError
from zhlabel.metrics.classification import score_counts, score_multi_class, score_multi_label
from zhlabel.metrics.entities import score_entities
from zhlabel.metrics.outcomes import (
    count_class_outcomes,
    count_entity_outcomes,
    count_label_outcomes,
    read_outcomes,
    write_outcomes,
)

NAMES = ("裁员", "起诉", "地震")
SEEDS = st.integers(0, 2**31 - 1)
SHARES = st.sampled_from([0.0, 0.3, 1.0])


def score(outcomes):
    totals = np.zeros((len(outcomes.names), 3), dtype=int)
    np.add.at(totals, outcomes.columns, outcomes.counts)
    return score_counts(*totals.T, outcomes.names)


def check_form(outcomes):
    assert (np.diff(outcomes.rows) >= 0).all()
    assert outcomes.counts[:, 1:].any(axis=1).all()  # no empty cells
    assert len(set(zip(outcomes.rows.tolist(), outcomes.columns.tolist(), strict=True))) == len(outcomes.rows)
    assert {array.dtype.name for array in (outcomes.rows, outcomes.columns, outcomes.counts)} == {"int64"}


@given(st.integers(1, 9), SHARES, SHARES, SEEDS)
def test_outcomes_of_multi_label_add_up_to_its_scores(texts, decided_share, gold_share, seed):
    random = np.random.default_rng(seed)
    decided, gold = (random.random((texts, 3)) < share for share in (decided_share, gold_share))
    outcomes = count_label_outcomes(decided, gold, NAMES)
    check_form(outcomes)
    expected = score_multi_label(decided, gold, NAMES)
    assert score(outcomes).items() <= expected.items()
    assert outcomes.right.tolist() == (decided == gold).all(axis=1).tolist()


@given(st.integers(1, 9), SEEDS)
def test_outcomes_of_multi_class_add_up_to_its_scores(texts, seed):
    decided, gold = np.random.default_rng(seed).integers(3, size=(2, texts)).astype(np.int32)
    outcomes = count_class_outcomes(decided, gold, NAMES)
    check_form(outcomes)
    for name, row in score_multi_class(decided, gold, NAMES)["labels"].items():
        assert score(outcomes)["labels"][name] == pytest.approx(row, abs=1e-12)
    assert outcomes.right.tolist() == (decided == gold).tolist()


def draw_entities(random):
    return [Entity(int(start), int(start) + 1, str(random.choice(NAMES))) for start in random.integers(4, size=3)]


@given(st.integers(1, 9), SEEDS)
def test_outcomes_of_entities_add_up_to_their_scores(texts, seed):
    random = np.random.default_rng(seed)
    decided, gold = ([draw_entities(random) for _ in range(texts)] for _ in range(2))
    outcomes = count_entity_outcomes(decided, gold, NAMES)
    check_form(outcomes)
    assert score(outcomes).items() <= score_entities(decided, gold, NAMES).items()
    assert outcomes.right.tolist() == [set(found) == set(wanted) for found, wanted in zip(decided, gold, strict=True)]


def test_an_entity_that_stands_twice_counts_once_and_two_of_a_type_count_two():
    first, second = Entity(0, 2, "裁员"), Entity(3, 5, "裁员")
    outcomes = count_entity_outcomes([[first, first]], [[first, second]], NAMES)
    assert outcomes.counts.tolist() == [[1, 1, 2]] and not outcomes.right.any()


def test_texts_without_anything_decided_or_gold_are_right():
    nothing = np.zeros((2, 3), dtype=bool)
    for outcomes in (count_label_outcomes(nothing, nothing, NAMES), count_entity_outcomes([[], []], [[], []], NAMES)):
        assert outcomes.texts == 2 and outcomes.counts.shape == (0, 3)
        assert outcomes.right.tolist() == [True, True]


def test_lists_of_entities_of_different_length_are_refused():
    with pytest.raises(ValueError):
        count_entity_outcomes([[]], [[], []], NAMES)


def test_what_is_read_is_what_was_written(tmp_path):
    path = tmp_path / "evaluation" / "outcomes.npz"
    written = count_class_outcomes(np.array([0, 2, 1]), np.array([0, 1, 1]), NAMES)
    write_outcomes(written, path)
    read = read_outcomes(path)
    assert (read.texts, read.names) == (3, NAMES)
    for name in ("rows", "columns", "counts", "right"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name), strict=True)


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "pickled"])
def test_a_missing_or_damaged_file_is_named_with_the_next_step(tmp_path, damage):
    path = tmp_path / "outcomes.npz"
    write_outcomes(count_class_outcomes(np.array([0]), np.array([0]), NAMES), path)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "other":
        np.savez(path, other=1)
    else:
        np.savez(path, texts=1, names=np.array([{}], dtype=object), rows=[], columns=[], counts=[])
    with pytest.raises(InputError, match=r"outcomes\.npz can't be read.*model_evaluate\.py"):
        read_outcomes(path)
