"""entity_metrics.py: figures equal seqeval's (strict, IOB2) and scikit-learn's; each wrong entity is named once."""

import json
import re

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from zhlabel.data.tags import Entity
from zhlabel.metrics.entities import pair_entities, score_entities, score_tags

# Some 1,950 pairs of random legal sequences in 150 corpora; make_seqeval_golden.py says how they are written.
CORPORA = json.loads((toy.GOLDEN / "seqeval.json").read_text(encoding="utf-8"))
TYPES = ("地址", "组织机构", "PER", "书名")
AVERAGES = ("micro avg", "macro avg", "weighted avg")
FIGURES = ("precision", "recall", "f1-score", "support")


def read_entities(tags):
    """Turn letters into entities: a capital begins one, the small letters behind it go on."""
    return [
        Entity(match.start(), match.end(), TYPES["ABCD".index(match[0][0])])
        for match in re.finditer("[A-D][a-d]*", tags)
    ]


def read_corpus(corpus):
    return [[read_entities(tags) for tags in corpus[side]] for side in ("decided", "gold")]


def assert_equal_rows(row, expected):
    assert list(row) == list(FIGURES)
    for figure, value in row.items():
        assert abs(value - expected[figure]) < 1e-12, figure


def test_every_figure_equals_that_of_seqeval():
    absent = 0
    for corpus in CORPORA:
        expected = corpus["report"]
        scores = score_entities(*read_corpus(corpus), TYPES)
        present = [name for name in TYPES if name in expected]
        absent += len(present) < len(TYPES)
        assert list(scores["labels"]) == list(TYPES)
        for name in TYPES:
            assert_equal_rows(scores["labels"][name], expected.get(name, dict.fromkeys(FIGURES, 0)))
        for average in ("micro avg", "weighted avg"):
            assert_equal_rows(scores[average], expected[average])
        # seqeval's macro average is over the types that occur, ours over all.
        macro = {figure: value * len(present) / len(TYPES) for figure, value in expected["macro avg"].items()}
        assert_equal_rows(scores["macro avg"], macro | {"support": expected["macro avg"]["support"]})
        assert_equal_rows(score_entities(*read_corpus(corpus), present)["macro avg"], expected["macro avg"])
    assert absent > 50


def test_a_type_that_is_only_decided_or_only_gold_or_nowhere_is_in_the_macro_average():
    both, one = [[Entity(0, 1, "a"), Entity(1, 2, "b")]], [[Entity(0, 1, "a")]]
    for decided, gold in ((both, one), (one, both)):
        assert score_entities(decided, gold, ("a", "b"))["macro avg"]["f1-score"] == 0.5
    assert score_entities(one, one, ("a", "b"))["macro avg"]["f1-score"] == 0.5


def test_a_border_or_a_type_that_is_wrong_makes_the_entity_wrong_and_texts_are_not_mixed():
    gold = [[Entity(2, 5, "a")], [Entity(0, 1, "a")]]
    wrong = [[Entity(2, 4, "a"), Entity(1, 5, "a"), Entity(2, 5, "b")], [Entity(2, 5, "a")]]
    assert score_entities(wrong, gold, ("a", "b"))["micro avg"]["f1-score"] == 0
    assert score_entities(gold, gold, ("a", "b"))["micro avg"]["f1-score"] == 1


def test_an_entity_that_stands_twice_counts_once():
    twice = [[Entity(0, 2, "a")] * 2]
    assert score_entities(twice, twice, ("a",))["micro avg"] == dict.fromkeys(FIGURES, 1)


def test_no_entity_at_all_scores_0_without_a_warning(recwarn):
    scores = score_entities([[], []], [[], []], TYPES)
    assert all(scores[average] == dict.fromkeys(FIGURES, 0) for average in AVERAGES)
    assert "accuracy" not in scores and not recwarn.list


def test_figures_are_plain_numbers_that_json_holds():
    corpus = CORPORA[0]
    scores = {**score_entities(*read_corpus(corpus), TYPES), "characters": score_tags(*count_tags(corpus))}
    assert json.loads(json.dumps(scores)) == scores


def test_entities_are_counted_by_their_length_in_characters():
    lengths = (1, 2, 3, 4, 5, 6, 7, 10, 11, 40)
    gold = [[Entity(0, length, "a") for length in lengths]]
    decided = [[Entity(0, length, "a") for length in (1, 5, 11, 12)] + [Entity(1, 3, "a")]]
    rows = score_entities(decided, gold, ("a",))["by_length"]
    counts = [(row["length"], row["gold"], row["decided"], row["found"]) for row in rows]
    assert counts == [
        ("1", 1, 1, 1),
        ("2", 1, 1, 0),
        ("3", 1, 0, 0),
        ("4", 1, 0, 0),
        ("5-6", 2, 1, 1),
        ("7-10", 2, 0, 0),
        ("11 and more", 2, 2, 1),
    ]
    assert [row["recall"] for row in rows] == [1, 0, 0, 0, 0.5, 0, 0.5]
    assert [row["precision"] for row in rows] == [1, 0, 0, 0, 1, 0, 0.5]


def count_tags(corpus):
    return ["字" * len(tags) for tags in corpus["gold"]], *read_corpus(corpus), TYPES


def judge_tags(corpus, letters):
    sides = [list("".join(corpus[side])) for side in ("gold", "decided")]
    report = classification_report(*sides, labels=letters, output_dict=True, zero_division=0)
    # Over all tags scikit-learn calls the micro average accuracy.
    if "accuracy" in report:
        report["micro avg"] = dict.fromkeys(FIGURES, report["accuracy"]) | {"support": len(sides[0])}
    return report


def test_tags_of_characters_are_scored_as_scikit_learn_does():
    letters = list("AaBbCcDd.")
    for corpus in CORPORA[::3]:
        scores = score_tags(*count_tags(corpus))
        assert list(scores["labels"])[:2] == ["B-地址", "I-地址"] and list(scores["labels"])[-1] == "O"
        with_o, without_o = judge_tags(corpus, letters), judge_tags(corpus, letters[:-1])
        for letter, row in zip(letters, scores["labels"].values(), strict=True):
            assert_equal_rows(row, with_o[letter])
        for average in AVERAGES:
            assert_equal_rows(scores["with O"][average], with_o[average])
        for average in AVERAGES:
            assert_equal_rows(scores["without O"][average], without_o[average])


def test_of_overlapping_entities_the_longer_is_tagged():
    whole = [Entity(0, 4, "LOC")]
    nested = [Entity(0, 2, "PER"), *whole, Entity(3, 6, "PER")]
    scores = score_tags(["中国银行北京"], [whole], [nested], ("PER", "LOC"))
    assert scores["with O"]["micro avg"]["f1-score"] == 1
    assert scores["labels"]["I-LOC"]["support"] == 3 and scores["labels"]["B-PER"]["support"] == 0


def test_a_text_without_characters_has_no_tags():
    assert score_tags(["", "中"], [[], []], [[], []], ("LOC",))["labels"]["O"]["support"] == 1


def pair(decided, gold):
    """Return (kind, gold, decided) with entities as text: "0-3a"."""
    sides = [[Entity(int(each[0]), int(each[2]), each[3]) for each in entities.split()] for entities in (decided, gold)]
    return [(kind, write_entity(one), write_entity(other)) for kind, one, other in pair_entities(*sides)]


def write_entity(entity):
    return f"{entity.start}-{entity.end}{entity.type}" if entity else ""


@pytest.mark.parametrize(
    ("decided", "gold", "expected"),
    [
        ("0-2a", "0-2a", []),
        ("", "0-2a", [("missed", "0-2a", "")]),
        ("0-2a", "", [("spurious", "", "0-2a")]),
        ("2-4a", "0-2a", [("missed", "0-2a", ""), ("spurious", "", "2-4a")]),  # neighbours do not overlap
        ("0-2b", "0-2a", [("wrong type", "0-2a", "0-2b")]),
        ("0-3a", "0-2a", [("wrong border", "0-2a", "0-3a")]),
        ("1-3b", "0-2a", [("wrong border and type", "0-2a", "1-3b")]),
        # An exact match is out, though it overlaps the other gold entity too.
        ("0-2a", "0-2a 0-4a", [("missed", "0-4a", "")]),
        # The same span goes before the same type, the same type before any overlap, however long.
        ("0-4b 0-3a", "0-4a", [("spurious", "", "0-3a"), ("wrong type", "0-4a", "0-4b")]),
        ("0-3b 3-5a", "0-4a", [("spurious", "", "0-3b"), ("wrong border", "0-4a", "3-5a")]),
        # The longest overlap goes first, of equal ones the earlier entity.
        ("2-8a", "0-3a 4-9a", [("missed", "0-3a", ""), ("wrong border", "4-9a", "2-8a")]),
        ("1-4a", "0-2a 3-5a", [("wrong border", "0-2a", "1-4a"), ("missed", "3-5a", "")]),
        ("0-2a 3-5a", "1-4a", [("wrong border", "1-4a", "0-2a"), ("spurious", "", "3-5a")]),
        # Each entity is used once.
        ("0-2b 2-4b", "0-4a", [("wrong border and type", "0-4a", "0-2b"), ("spurious", "", "2-4b")]),
    ],
)
def test_what_is_wrong_with_an_entity(decided, gold, expected):
    assert sorted(pair(decided, gold)) == sorted(expected)


def test_errors_come_in_the_order_of_the_text():
    kinds = [kind for kind, _, _ in pair("7-9a 2-4b 5-6a", "5-6b 0-2a 8-9a")]
    assert kinds == ["missed", "spurious", "wrong type", "wrong border"]


SPANS = st.tuples(st.integers(0, 6), st.integers(1, 4), st.sampled_from("ab"))
ENTITIES = st.lists(SPANS.map(lambda span: Entity(span[0], span[0] + span[1], span[2])), max_size=6)


@given(ENTITIES, ENTITIES)
def test_each_wrong_entity_is_in_exactly_one_error(decided, gold):
    errors = pair_entities(decided, gold)
    assert sorted(one for _, one, _ in errors if one) == sorted(set(gold) - set(decided))
    assert sorted(other for _, _, other in errors if other) == sorted(set(decided) - set(gold))
    left_gold = [one for kind, one, _ in errors if kind == "missed"]
    left_decided = [other for kind, _, other in errors if kind == "spurious"]
    # What is missed or spurious overlaps nothing that is left on the other side.
    assert not any(one.start < other.end and other.start < one.end for one in left_gold for other in left_decided)
    for kind, one, other in errors:
        if one and other:
            wrong = ["border"] * (one[:2] != other[:2]) + ["type"] * (one.type != other.type)
            assert kind == "wrong " + " and ".join(wrong)
