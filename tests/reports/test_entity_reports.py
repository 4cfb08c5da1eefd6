"""entity_reports.py: each table says what it counts, rows lay both sides of a wrong entity side by side."""

import pytest

from zhlabel.data.examples import Example
from zhlabel.data.tags import Entity
from zhlabel.io.text_table import measure_width
from zhlabel.metrics.entities import score_entities, score_tags
from zhlabel.reports.ner import format_entity_table, list_entity_errors, list_entity_predictions

TYPES = ("地址", "PER")
TEXT = "王小明去北京大学"
GOLD = [Entity(0, 3, "PER"), Entity(4, 8, "地址")]
DECIDED = [Entity(0, 3, "PER"), Entity(4, 6, "地址")]
LIKELY = {Entity(0, 3, "PER"): 0.98765, Entity(4, 6, "地址"): 0.5, Entity(6, 8, "地址"): 0.1}
BLANK = {f"{side}_{name}": "" for side in ("gold", "predicted") for name in ("type", "start", "end", "text")}


def make_example(text=TEXT, line=7):
    return Example(text, ("PER", "地址"), "ner.jsonl", line, tuple(GOLD))


def make_table():
    sides = [DECIDED, [Entity(0, 12, "PER")]], [GOLD, []]
    characters = score_tags([TEXT, "长" * 12], *sides, TYPES)
    return format_entity_table({**score_entities(*sides, TYPES), "characters": characters})


def test_the_report_has_three_tables_and_says_what_each_counts():
    strict, lengths, characters = (part.split("\n") for part in split_tables(make_table()))
    assert strict[0] == "entities, strict: type and both borders"
    assert [line.split() for line in strict[1:] if line] == [
        ["precision", "recall", "f1-score", "support"],
        ["地址", "0.0000", "0.0000", "0.0000", "1"],
        ["PER", "0.5000", "1.0000", "0.6667", "1"],
        ["micro", "avg", "0.3333", "0.5000", "0.4000", "2"],
        ["macro", "avg", "0.2500", "0.5000", "0.3333", "2"],
        ["weighted", "avg", "0.2500", "0.5000", "0.3333", "2"],
    ]
    assert "length" in lengths[0]
    rows = [line.rsplit(maxsplit=5) for line in lengths[1:] if line]
    assert [row[-5:] for row in rows[:1]] == [["gold", "decided", "found", "recall", "precision"]]
    assert [row[0].strip() for row in rows[1:]] == ["1", "2", "3", "4", "5-6", "7-10", "11 and more"]
    assert [row[1:] for row in rows[1:]][2:4] == [["1", "1", "1", "1.0000", "1.0000"], ["1", "0", "0"] + ["0.0000"] * 2]
    assert characters[0] == "tags of single characters (not comparable with the table above)"
    names = [line.rsplit(maxsplit=4)[0].strip() for line in characters[2:] if line]
    averages = ("micro avg", "macro avg", "weighted avg")
    assert names == [
        *("B-地址", "I-地址", "B-PER", "I-PER", "O"),
        *(f"{average}, {part}" for part in ("without O", "with O") for average in averages),
    ]
    figures = {name: line.split()[-4:] for name, line in zip(names, filter(None, characters[2:]), strict=True)}
    assert figures["micro avg, without O"] == ["0.2941", "0.7143", "0.4167", "7"]
    assert figures["micro avg, with O"] == ["0.3000"] * 3 + ["20"]


def split_tables(table):
    first, rest = table.split("\n\nthe same entities by ")
    second, third = rest.split("\n\ntags of ")
    return first, "the same entities by " + second, "tags of " + third


@pytest.mark.parametrize("number", range(3))
def test_the_rows_of_a_table_end_in_the_same_terminal_column(number):
    rows = [row for row in split_tables(make_table())[number].split("\n")[1:] if row]
    assert len(rows) > 5 and len({measure_width(row) for row in rows}) == 1


def test_predictions_show_type_text_place_and_probability():
    examples = [make_example(), Example("无", (), "ner.jsonl", 9)]
    rows = list(list_entity_predictions(examples, [LIKELY, {}], [DECIDED, []], [GOLD, []], TYPES))
    assert rows == [
        {
            "line": 7,
            "text": TEXT,
            "gold": "PER:王小明@0-3|地址:北京大学@4-8",
            "predicted": "PER:王小明@0-3:0.9877|地址:北京@4-6:0.5000",
        },
        {"line": 9, "text": "无", "gold": "", "predicted": ""},
    ]


def test_a_wrong_entity_is_a_row_with_both_sides():
    assert list(list_entity_errors([make_example()], [LIKELY], [DECIDED], [GOLD], TYPES)) == [
        {
            "line": 7,
            "kind": "wrong border",
            "text": TEXT,
            "gold_type": "地址",
            "gold_start": 4,
            "gold_end": 8,
            "gold_text": "北京大学",
            "predicted_type": "地址",
            "predicted_start": 4,
            "predicted_end": 6,
            "predicted_text": "北京",
            "probability": "0.5000",
        }
    ]


def test_what_is_missed_or_spurious_leaves_the_other_side_blank():
    examples = [make_example(), make_example(line=8)]
    missed, spurious = list_entity_errors(examples, [{}, LIKELY], [[], DECIDED[:1]], [GOLD[:1], []], TYPES)
    here = {"type": "PER", "start": 0, "end": 3, "text": "王小明"}
    gold, predicted = ({f"{side}_{name}": value for name, value in here.items()} for side in ("gold", "predicted"))
    assert missed == {"line": 7, "kind": "missed", "text": TEXT} | BLANK | gold | {"probability": ""}
    assert spurious == {"line": 8, "kind": "spurious", "text": TEXT} | BLANK | predicted | {"probability": "0.9877"}
    assert list(missed) == list(spurious)


def test_what_is_right_is_no_error():
    assert list(list_entity_errors([make_example()], [LIKELY], [DECIDED], [DECIDED], TYPES)) == []
