"""suspects.py: planted label errors are found first; the rule is that of the docstring; nothing is printed."""

from types import SimpleNamespace

import numpy as np
import pytest

from zhlabel.data.tags import Entity
from zhlabel.reports.label_issues import find_class_suspects, find_entity_suspects, find_label_suspects

NAMES = ("起诉", "裁员", "收购", "涨价", "地震")


def make_examples(count):
    return [SimpleNamespace(line=row + 2, text=f"第{row}条") for row in range(count)]


def make_scores(seed, count=400, *, noise=4.0):
    """Return gold and the probabilities of a model: with little noise it is hardly ever wrong."""
    generator = np.random.default_rng(seed)
    gold = generator.random((count, len(NAMES))) < 0.15
    logits = np.where(gold, 4, -5) + noise * generator.standard_normal(gold.shape)
    return generator, 1 / (1 + np.exp(-logits)), gold


def judge_labels(probabilities, gold):
    """Find suspected cells by the rule in the docstring."""
    cells = set()
    for label in range(gold.shape[1]):
        positive, given = probabilities[:, label], gold[:, label]
        if 0 < given.sum() < len(given):
            sure = np.where(given, 1 - positive >= (1 - positive[~given]).mean(), positive >= positive[given].mean())
            cells |= {(place, label) for place in np.flatnonzero(sure & ((positive > 0.5) != given))}
    return cells


def find_cells(rows):
    return [(row["line"] - 2, NAMES.index(row["label"])) for row in rows]


@pytest.mark.parametrize("seed", range(3))
def test_suspects_follow_the_rule_and_the_surest_contradiction_is_first(seed):
    _, probabilities, gold = make_scores(seed)
    rows = find_label_suspects(make_examples(400), probabilities, gold, NAMES)
    cells = find_cells(rows)
    assert len(cells) == len(set(cells)) and set(cells) == judge_labels(probabilities, gold)
    confidences = [probabilities[cell] if gold[cell] else 1 - probabilities[cell] for cell in cells]
    assert confidences == sorted(confidences) and len(cells) > 10


@pytest.mark.parametrize("seed", range(3))
def test_planted_errors_of_labels_are_found_first(seed):
    generator, probabilities, gold = make_scores(seed, noise=1.5)
    chosen = generator.choice(gold.size, 20, replace=False)
    gold.flat[chosen] ^= True
    planted = {divmod(int(cell), len(NAMES)) for cell in chosen}
    cells = find_cells(find_label_suspects(make_examples(400), probabilities, gold, NAMES))
    assert sum(cell in planted for cell in cells[:10]) >= 8
    assert len(planted & set(cells)) >= 12


def test_a_row_says_whether_the_label_is_wrong_or_missing():
    gold = np.array([[True, True], [True, False], [False, False], [False, True]] * 5)
    probabilities = np.where(gold, 0.9, 0.1)
    gold[0] = [False, True]
    gold[2] = [True, False]
    missing, wrong = find_label_suspects(make_examples(20), probabilities, gold, NAMES[:2])
    expected = {"line": 2, "text": "第0条", "label": "起诉", "in_gold": "no", "probability": "0.9000", "gold": "裁员"}
    assert missing == expected and list(missing) == list(expected)
    assert wrong == {**expected, "line": 4, "text": "第2条", "in_gold": "yes", "probability": "0.1000", "gold": "起诉"}


def test_labels_that_no_text_or_every_text_has_and_single_texts_have_no_suspects(capfd, recwarn):
    _, probabilities, gold = make_scores(0, count=60)
    gold[:, 1], gold[:, 2] = False, True
    rows = find_label_suspects(make_examples(60), probabilities, gold, NAMES)
    assert rows and not {"裁员", "收购"} & {row["label"] for row in rows}
    for count, labels in ((1, 5), (1, 1), (60, 1), (0, 2)):
        find_label_suspects(make_examples(60), probabilities[:count, :labels], gold[:count, :labels], NAMES[:labels])
        classes = gold[:count, :labels].argmax(1)
        assert find_class_suspects(make_examples(60), np.ones((count, labels)), classes * 0, NAMES[:labels]) == []
    assert (*capfd.readouterr(), recwarn.list) == ("", "", [])


def test_half_precision_that_rounds_to_0_and_1_is_taken():
    _, probabilities, gold = make_scores(1)
    assert find_label_suspects(make_examples(400), probabilities.astype(np.float16).round(), gold, NAMES)


def make_classes(seed, count=400):
    generator = np.random.default_rng(seed)
    gold = generator.integers(0, 4, count)  # the fifth label does not occur
    logits = 6 * np.eye(5)[gold] + 1.5 * generator.standard_normal((count, 5))
    return generator, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), gold


@pytest.mark.parametrize("seed", range(3))
def test_planted_errors_of_classes_are_found_first_with_the_label_that_is_right(seed):
    generator, probabilities, truth = make_classes(seed)
    planted = generator.choice(400, 20, replace=False)
    gold = truth.copy()
    gold[planted] = (truth[planted] + generator.integers(1, 4, 20)) % 4
    rows = find_class_suspects(make_examples(400), probabilities, gold, NAMES)
    places = [row["line"] - 2 for row in rows]
    assert len(set(places[:12]) & set(planted.tolist())) >= 11
    assert len(set(places) & set(planted.tolist())) >= 14
    confidences = [probabilities[place, gold[place]] for place in places]
    assert confidences == sorted(confidences)
    for place, row in zip(places, rows, strict=True):
        likely = probabilities[place].argmax()
        assert row == {
            "line": place + 2,
            "text": f"第{place}条",
            "label": NAMES[likely],
            "in_gold": "no",
            "probability": f"{probabilities[place, likely]:.4f}",
            "gold": NAMES[gold[place]],
        }
        assert likely != gold[place]


def test_an_entity_is_suspected_where_it_is_as_sure_as_those_that_are_gold():
    examples = [SimpleNamespace(line=row + 1, text="林晓东在上海会见代表") for row in range(3)]
    person, city, surname = Entity(0, 3, "人名"), Entity(4, 6, "地址"), Entity(0, 1, "人名")
    other = Entity(8, 10, "职位")
    gold = [[person, city], [surname, city], [person]]
    probabilities = [{person: 0.8, city: 0.9}, {person: 0.85, city: 0.7, other: 0.99}, {person: 0.6, city: 0.75}]
    rows = find_entity_suspects(examples, probabilities, gold, ("人名", "地址", "职位"))
    # Of persons 0.7 is the mean that must be reached, of addresses 0.8; of the third type nothing was found.
    assert rows == [
        {
            "line": 2,
            "text": "林晓东在上海会见代表",
            "label": "人名:林晓东@0-3",
            "in_gold": "no",
            "probability": "0.8500",
            "gold": "人名:林@0-1",
        }
    ]
    probabilities[2][city] = 0.86
    first, second = find_entity_suspects(examples, probabilities, gold, ())
    assert (first["line"], first["label"], first["gold"]) == (3, "地址:上海@4-6", "") and second == rows[0]
