"""The reports of labels: scikit-learn's tables with Chinese names in line, csv that Excel opens, text that is text."""

import csv
import json
import re
import xml.etree.ElementTree

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, hamming_loss

from zhlabel.data.examples import Example
from zhlabel.io.delimited import write_csv
from zhlabel.io.json import write_json
from zhlabel.io.text_table import measure_width, pad_left
from zhlabel.metrics.classification import score_multi_class, score_multi_label
from zhlabel.reports.multi_class import format_class_table, list_class_errors, list_class_predictions
from zhlabel.reports.multi_label import format_table, list_errors, list_predictions
from zhlabel.reports.plots import draw_history

NAMES = ("裁员", "组织关系-解约", "IPO上市", "x")


def make_cells(count=50, labels=4):
    generator = np.random.default_rng(1)
    gold = generator.random((count, labels)) < 0.4
    return gold ^ (generator.random((count, labels)) < 0.2), gold


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("裁员", 4), ("，。", 4), ("Ａ", 2), ("ｱ", 1), ("é", 1), ("e\u0301", 1), ("IPO上市", 7)],
)
def test_width_counts_terminal_columns(text, width):
    assert measure_width(text) == width
    assert pad_left(text, 10) == " " * (10 - width) + text


def test_a_text_wider_than_the_column_stays_whole():
    assert pad_left("裁员裁员", 3) == "裁员裁员"


def test_the_table_is_that_of_scikit_learn():
    decided, gold = make_cells()
    table = format_table(score_multi_label(decided, gold, NAMES))
    expected = classification_report(gold, decided, target_names=NAMES, digits=4, zero_division=0)
    head, _, tail = table.rpartition("\n\n")
    assert [line.split() for line in head.split("\n")] == [line.split() for line in expected.rstrip("\n").split("\n")]
    assert tail.split("\n") == [
        f"accuracy:  {accuracy_score(gold, decided)}",
        f"hamming loss:  {hamming_loss(gold, decided)}",
    ]


def test_with_latin_names_the_table_has_scikit_learns_spacing_too():
    decided, gold = make_cells()
    names = ("layoff", "lawsuit", "a very long label name", "x")
    table = format_table(score_multi_label(decided, gold, names)).rpartition("\n\n")[0]
    assert table == classification_report(gold, decided, target_names=names, digits=4, zero_division=0).rstrip("\n")


def test_all_rows_of_the_table_end_in_the_same_terminal_column():
    decided, gold = make_cells(2000)
    rows = format_table(score_multi_label(decided, gold, NAMES)).rpartition("\n\n")[0].split("\n")
    assert len({measure_width(row) for row in rows if row}) == 1
    starts = {measure_width(row[: row.index(re.search(r"\d\.\d{4}", row)[0])]) for row in rows[2:] if row}
    assert len(starts) == 1


def make_classes(count=300, labels=4):
    generator = np.random.default_rng(1)
    gold = generator.integers(0, labels, count)
    return np.where(generator.random(count) < 0.7, gold, generator.integers(0, labels, count)), gold


def test_the_class_table_is_that_of_scikit_learn_with_its_spacing():
    decided, gold = make_classes()
    names = ("sport", "finance", "a very long label name", "x")
    table, losses, _ = format_class_table(score_multi_class(decided, gold, names)).rsplit("\n\n", 2)
    assert table == classification_report(gold, decided, target_names=names, digits=4, zero_division=0).rstrip("\n")
    assert losses.split("\n") == [
        f"accuracy:  {accuracy_score(gold, decided)}",
        f"hamming loss:  {hamming_loss(gold, decided)}",
    ]


@pytest.mark.parametrize("labels", [2, 4, 20])
def test_up_to_20_labels_the_confusions_are_a_matrix_in_line(labels):
    decided, gold = make_classes(3000, labels)
    names = [f"{NAMES[i % 4]}{i}" for i in range(labels)]
    matrix = format_class_table(score_multi_class(decided, gold, names)).rsplit("\n\n", 1)[1]
    title, head, *rows = matrix.split("\n")
    assert "row: the gold" in title
    assert head.split() == names
    counts = confusion_matrix(gold, decided, labels=range(labels)).astype(str).tolist()
    assert [row.split() for row in rows] == [[name, *cells] for name, cells in zip(names, counts, strict=True)]
    # Every column ends below the end of its name.
    for line in rows:
        assert find_ends(line)[-labels:] == find_ends(head)


def find_ends(line):
    """Return the terminal columns in which the words of a line end."""
    return [measure_width(line[: match.end()]) for match in re.finditer(r"\S+", line)]


def test_with_more_labels_the_ten_commonest_confusions_are_listed():
    names = [f"类{i}" for i in range(21)]
    # Label i is taken for the next one i times, and is right once.
    gold = np.array([i for i in range(20) for _ in range(i + 1)])
    decided = np.array([i + (place > 0) for i in range(20) for place in range(i + 1)])
    listed = format_class_table(score_multi_class(decided, gold, names)).rsplit("\n\n", 1)[1].split("\n")
    assert "gold -> predicted" in listed[0]
    assert listed[1:] == [f"类{i} -> 类{i + 1}: {i}" for i in range(19, 9, -1)]
    right = format_class_table(score_multi_class(gold, gold, names)).rsplit("\n\n", 1)[1]
    assert right.split("\n")[1:] == ["none"]


def test_json_is_readable_and_replaces_the_earlier_file(tmp_path):
    path = tmp_path / "new" / "report.json"
    for value in ({"裁员": 1}, {"标签": [0.1, "起诉"]}):
        write_json(value, path)
        assert json.loads(path.read_text(encoding="utf-8")) == value
    assert "起诉" in path.read_text(encoding="utf-8")


def test_csv_begins_with_a_bom_and_any_text_comes_back(tmp_path):
    rows = [
        {"text": '他说"好"，\n二,三', "n": 1, "left out": 0},
        {"n": "001", "text": "nan"},
        {"n": "", "text": "\r\n"},
        {"n": "x\ry", "text": "\r"},
    ]
    write_csv(iter(rows), ["text", "n"], tmp_path / "a.csv")
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbftext,n\r\n") and data.count(b"\xef\xbb\xbf") == 1
    with open(tmp_path / "a.csv", encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert found == [{"text": row["text"], "n": str(row["n"])} for row in rows]


def test_csv_without_rows_is_its_header(tmp_path):
    write_csv([], ["text", "n"], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "\ufefftext,n\n"


def test_predictions_lay_gold_and_decision_side_by_side():
    examples = [Example("甲", ("a", "b"), "f", 2), Example("乙", (), "f", 3), Example("丙", ("c",), "f", 5)]
    gold = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]], dtype=bool)
    decided = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=bool)
    probabilities = np.array([[0.9, 0.12344, 0.6], [0.1, 0.2, 0.3], [0.4, 0.49, 0.99996]])
    first, second, third = list_predictions(examples, probabilities, decided, gold, ("a", "b", "c"))
    assert first == {
        "line": 2,
        "text": "甲",
        "gold": "a|b",
        "predicted": "a|c",
        "missed": "b",
        "spurious": "c",
        "probabilities": "a:0.9000|b:0.1234|c:0.6000",
    }
    assert second == {"line": 3, "text": "乙"} | dict.fromkeys(list(first)[2:], "")
    assert (third["gold"], third["predicted"], third["missed"], third["spurious"]) == ("c", "c", "", "")
    assert list(list_predictions([], np.zeros((0, 3)), gold[:0], gold[:0], ("a", "b", "c"))) == []


def test_errors_are_the_rows_with_a_missed_or_a_spurious_label():
    examples = [Example(text, (), "f", line) for line, text in enumerate("甲乙丙丁", 2)]
    gold = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], dtype=bool)
    decided = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], dtype=bool)
    arguments = (examples, np.full((4, 2), 0.5), decided, gold, ("a", "b"))
    assert list(list_errors(*arguments)) == list(list_predictions(*arguments))[1:3]


def test_class_predictions_show_what_else_was_likely():
    examples = [Example("甲", ("a",), "f", 2), Example("乙", ("c",), "f", 3), Example("丙", ("a",), "f", 5)]
    probabilities = np.array([[0.7, 0.1, 0.2], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0]])
    arguments = (examples, probabilities, np.array([0, 1, 0]), np.array([0, 2, 0]), ("a", "b", "c"))
    first, second, third = list_class_predictions(*arguments)
    assert first == {
        "line": 2,
        "text": "甲",
        "gold": "a",
        "predicted": "a",
        "correct": True,
        "probability": "0.7000",
        "gold_probability": "0.7000",
        "second": "c",
        "second_probability": "0.2000",
    }
    assert list(second.values()) == [3, "乙", "c", "b", False, "0.5000", "0.2500", "a", "0.2500"]
    assert (third["correct"], third["second"], third["second_probability"]) == (True, "b", "0.0000")
    assert list(list_class_errors(*arguments)) == [second]
    assert probabilities[0, 0] == 0.7  # what is given stays as it is


def test_with_one_label_no_second_one_is_shown():
    (row,) = list_class_predictions(
        [Example("甲", (), "f", 2)], np.ones((1, 1)), np.zeros(1, int), np.zeros(1, int), ("a",)
    )
    assert (row["predicted"], row["second"], row["second_probability"]) == ("a", "", "")


def test_the_curve_is_a_picture_whose_text_is_text(tmp_path):
    history = [{"epoch": i, "loss": 1 / i, "dev_score": score} for i, score in enumerate((0.2, 0.8125, 0.7), 1)]
    draw_history(history, tmp_path / "history.svg")
    root = xml.etree.ElementTree.parse(tmp_path / "history.svg").getroot()
    assert root.tag.endswith("}svg")
    texts = {"".join(node.itertext()).strip() for node in root.iter() if node.tag.endswith("}text")}
    assert {"epoch", "training loss", "dev micro F1", "0.8125"} <= texts  # the best epoch is marked, and no other
    assert not {"0.2000", "0.7000"} & texts
    draw_history(history, tmp_path / "history.svg", score_name="entity F1")
    texts = (tmp_path / "history.svg").read_text(encoding="utf-8")
    assert texts.count("dev entity F1") == 2 and "micro F1" not in texts  # the axis and the legend


def test_the_curve_of_one_epoch_is_drawn_and_equal_history_gives_equal_bytes(tmp_path):
    history = [{"epoch": 1, "loss": 0.3, "dev_score": 0.0}]
    for name in ("a.svg", "b.svg"):
        draw_history(history, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
