"""label_errors.py: each wrong decision stands once at its place; confusions are counted as defined."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from zhlabel.data.tags import Entity
from zhlabel.metrics.entities import pair_entities
from zhlabel.reports.label_errors import (
    count_class_confusions,
    count_confusions,
    count_entity_confusions,
    list_label_errors,
)
from zhlabel.tasks import TASKS

NAMES = ("起诉", "裁员", "收购")
EXAMPLES = [SimpleNamespace(line=row + 2, text=f"第{row}条") for row in range(40)]


def make_labels(seed, count=40):
    generator = np.random.default_rng(seed)
    probabilities = generator.random((count, len(NAMES))).round(1)  # coarse, so that some are equal
    return probabilities, probabilities >= 0.5, generator.random((count, len(NAMES))) < 0.4


def test_a_row_says_all_that_is_known_of_a_wrong_label():
    probabilities = np.array([[0.9, 0.25, 0.6]])
    decided, gold = np.array([[True, False, True]]), np.array([[False, True, True]])
    spurious, missed = list_label_errors(EXAMPLES[:1], probabilities, decided, gold, NAMES)
    common = {"line": 2, "text": "第0条", "gold": "裁员|收购", "predicted": "起诉|收购"}
    assert spurious == {"label": "起诉", "kind": "false positive", "probability": "0.9000", **common}
    assert missed == {"label": "裁员", "kind": "false negative", "probability": "0.2500", **common}
    assert list(spurious) == ["label", "kind", "probability", "line", "text", "gold", "predicted"]


@pytest.mark.parametrize("seed", range(3))
def test_every_wrong_cell_stands_once_the_most_confident_of_its_label_and_kind_first(seed):
    probabilities, decided, gold = make_labels(seed)
    rows = list(list_label_errors(EXAMPLES, probabilities, decided, gold, NAMES))
    cells = [(row["line"] - 2, NAMES.index(row["label"])) for row in rows]
    assert sorted(cells) == [tuple(cell) for cell in np.argwhere(decided != gold)]
    kinds = [row["kind"] for row in rows]
    assert kinds == ["false positive" if decided[cell] else "false negative" for cell in cells]
    keys = [
        (label, not decided[place, label], (1 - 2 * decided[place, label]) * probabilities[place, label], place)
        for place, label in cells
    ]
    assert keys == sorted(keys)


def test_errors_are_given_one_by_one_and_nothing_wrong_gives_none():
    probabilities, decided, _ = make_labels(0)
    rows = list_label_errors(EXAMPLES, probabilities, decided, decided, NAMES)
    assert iter(rows) is rows and list(rows) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_class_is_missed_by_one_label_and_spurious_at_another(seed):
    probabilities, decided, gold = make_labels(seed)
    decided, gold = probabilities.argmax(1), gold.argmax(1)
    rows = list(TASKS["multi_class"](NAMES).list_errors(EXAMPLES, probabilities, decided, gold))
    for kind, ids in (("false positive", decided), ("false negative", gold)):
        found = {(row["line"], row["label"], row["gold"], row["predicted"]) for row in rows if row["kind"] == kind}
        wrong = np.flatnonzero(decided != gold)
        assert found == {(EXAMPLES[i].line, NAMES[ids[i]], NAMES[gold[i]], NAMES[decided[i]]) for i in wrong}
    assert len(rows) == 2 * (decided != gold).sum() > 0


@pytest.mark.parametrize("seed", range(5))
def test_label_confusions_equal_those_counted_text_by_text(seed):
    _, decided, gold = make_labels(seed)
    expected = Counter()
    for found, wanted in zip(decided, gold, strict=True):
        spurious = [NAMES[i] for i in np.flatnonzero(found & ~wanted)] or [""]
        expected.update((NAMES[i], name) for i in np.flatnonzero(wanted & ~found) for name in spurious)
    rows = count_confusions(decided, gold, NAMES)
    assert {(row["gold"], row["instead"]): row["texts"] for row in rows} == expected
    order = [*NAMES, ""]
    keys = [(-row["texts"], order.index(row["gold"]), order.index(row["instead"])) for row in rows]
    assert keys == sorted(keys) and len(rows) == len(expected)


def test_a_spurious_label_beside_nothing_missed_is_no_confusion():
    assert count_confusions(np.array([[True, True, False]]), np.array([[True, False, False]]), NAMES) == []


def test_class_confusions_are_those_of_scikit_learn_off_the_diagonal():
    generator = np.random.default_rng(4)
    decided, gold = generator.integers(0, 3, (2, 50))
    counts = confusion_matrix(gold, decided)
    rows = count_class_confusions(decided, gold, NAMES)
    expected = [(-counts[i, j], i, j) for i in range(3) for j in range(3) if i != j and counts[i, j]]
    assert [(-row["texts"], NAMES.index(row["gold"]), NAMES.index(row["instead"])) for row in rows] == sorted(expected)
    assert count_class_confusions(gold, gold, NAMES) == []


def test_entity_confusions_tell_wrong_types_borders_missed_and_spurious_apart():
    gold = [[Entity(0, 2, "人名"), Entity(3, 6, "地址"), Entity(8, 9, "人名")], [Entity(0, 2, "人名")]]
    decided = [[Entity(0, 2, "地址"), Entity(3, 5, "地址"), Entity(10, 12, "地址")], [Entity(0, 3, "地址")]]
    rows = count_entity_confusions(decided, gold, ("人名", "地址"))
    assert [tuple(row.values()) for row in rows] == [
        ("人名", "地址", 2),
        ("人名", "", 1),
        ("地址", "地址", 1),
        ("", "地址", 1),
    ]
    pairs = [pair for each in zip(decided, gold, strict=True) for pair in pair_entities(*each)]
    assert sum(row["entities"] for row in rows) == len(pairs)
    assert count_entity_confusions(gold, gold, ("人名", "地址")) == []
