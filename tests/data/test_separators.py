"""separators.py, label_cells.py: what stands between labels is told over the whole file, and doubt is refused."""

import csv
import json
from itertools import combinations

import pytest
import toy
from toy import refuse, save

from zhlabel.data.examples import read_examples, read_labelled
from zhlabel.data.label_cells import read_label_cells, write_label_cells
from zhlabel.data.layout import Layout
from zhlabel.data.separators import find_separator
from zhlabel.errors import InputError

SAMPLE = toy.ROOT / "data" / "train.csv"
JOINED = [",", ", ", ";", "、", "，", "；", "｜", "#", "/", "\t", "\n"]
EVENTS = ["财经/交易-出售/收购", "财经/交易-跌停", "灾害/意外-地震", "灾害/意外-爆炸", "组织关系-裁员", "司法行为-起诉"]


def write_cells(path, cells):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("label", "content"), *((cell, f"第{i}条") for i, cell in enumerate(cells))])
    return path


def read(path, **options):
    notes = []
    examples, layout = read_labelled(path, warn=notes.append, **options)
    return [example.labels for example in examples], layout.label_separator, "".join(notes)


def judge(*cells, **options):
    return find_separator({cell: f"a.csv, line {line}" for line, cell in enumerate(cells, 2)}, **options)


@pytest.mark.parametrize("separator", JOINED)
def test_the_sample_joined_by_any_sign_has_its_labels_and_the_sign_is_told(tmp_path, separator):
    expected = [example.labels for example in read_examples(SAMPLE)]
    path = write_cells(tmp_path / "a.csv", [separator.join(names) for names in expected])
    labels, found, notes = read(path)
    assert labels == expected and found == separator.strip(" ")
    assert f"a.csv: labels are joined by {json.dumps(found, ensure_ascii=False)}, such as '" in notes


@pytest.mark.parametrize("form", [json.dumps, repr, lambda names: json.dumps(names, ensure_ascii=False)])
def test_the_sample_with_lists_in_its_cells_has_its_labels(tmp_path, form):
    expected = [example.labels for example in read_examples(SAMPLE)]
    labels, found, notes = read(write_cells(tmp_path / "a.csv", [form(list(names)) for names in expected]))
    assert labels == expected and found == "" and "labels are lists in their cells, such as [" in notes


def test_the_usual_sign_needs_no_proof_and_no_note(tmp_path):
    assert read(write_cells(tmp_path / "a.csv", ["裁员|起诉", "收购"])) == ([("裁员", "起诉"), ("收购",)], "|", "")


def test_a_sign_within_names_divides_nothing(tmp_path):
    assert read(write_cells(tmp_path / "a.csv", EVENTS * 2)) == ([(name,) for name in EVENTS] * 2, "", "")
    names = [f"财经/交易-{i}" for i in range(40)] + [f"灾害/意外-{i}/{i + 1}" for i in range(25)]
    assert judge(*names) == judge(*names, exclusive=True) == ""
    assert judge(*(f"{a}|{b}" for a, b in combinations(names, 2))) == "|"


def test_a_double_hash_never_divides(tmp_path):
    cells = ["生活##美食", "生活", "美食", "生活##旅游", "旅游"]
    assert read(write_cells(tmp_path / "a.csv", cells))[:2] == ([(cell,) for cell in cells], "")
    assert judge("生活##美食#旅游", "生活##美食", "旅游") == "#"


@pytest.mark.parametrize(
    "cells",
    [
        ["裁员,收购", "裁员", "起诉"],  # one piece never stands alone
        ["裁员,收购", "裁员,起诉", "收购,起诉"],  # none does, but three names explain three cells
        ["C#", "C"],
        ["裁员,", "裁员"],
    ],
)
def test_doubt_is_refused_with_both_readings_and_what_to_set(cells):
    separator = "#" if "#" in cells[0] else ","
    message = refuse(judge, *cells)
    assert message.startswith(f"a.csv, line 2: the label {cells[0]!r} may be one label, or several joined by")
    assert "never stand alone" in message and "whole, they are" in message
    assert message.endswith(f'LABEL_SEPARATOR = "{separator}", or LABEL_SEPARATOR = "none".')


def test_what_the_message_names_works(tmp_path):
    path = write_cells(tmp_path / "a.csv", ["裁员,收购", "裁员", "起诉"])
    assert "may be one label, or several" in refuse(read_examples, path)
    assert read(path, layout=Layout(label_separator=","))[0] == [("裁员", "收购"), ("裁员",), ("起诉",)]
    assert read(path, layout=Layout(label_separator="none"))[0] == [("裁员,收购",), ("裁员",), ("起诉",)]
    path = write_cells(tmp_path / "a.csv", ["裁员\n收购"])
    assert read(path, layout=Layout(label_separator="\\n"))[0] == [("裁员", "收购")]
    path = write_cells(tmp_path / "a.csv", ["裁员##收购"])
    assert read(path, layout=Layout(label_separator="##"))[0] == [("裁员", "收购")]


def test_two_signs_are_refused():
    singles = ["裁员", "收购", "起诉"]
    assert 'joined by "," and "、"' in refuse(judge, "裁员,收购", "裁员、起诉", *singles)
    message = refuse(judge, "裁员|收购", "裁员,起诉", *singles)
    assert message.startswith("a.csv, line 3: the label '裁员,起诉': in this file labels seem to be joined by")
    assert message.endswith('LABEL_SEPARATOR = "|".')
    assert judge("裁员|收购", "裁员,倒闭", *singles) == "|"  # a comma that is not proved stays in its name


def test_labels_that_are_known_stand_alone():
    assert judge("裁员,收购", alone=("裁员", "收购")) == ","
    assert judge("裁员,收购", "裁员", "收购", alone=("裁员,收购",)) == ""


@pytest.mark.parametrize("cells", [["裁员,收购", "裁员", "收购"], ["裁员|收购"], ["裁员,收购", "裁员"]])
def test_where_a_text_has_one_label_a_sign_between_labels_is_a_doubt(tmp_path, cells):
    path = write_cells(tmp_path / "a.csv", cells)
    message = refuse(read_labelled, path, exclusive=True)
    assert "looks like several labels joined by" in message and 'TASK = "multi_label"' in message
    layout = Layout(label_separator="none")
    assert read(path, exclusive=True, layout=layout)[0] == [(cell,) for cell in cells]


def test_what_stands_for_nothing_is_no_label_and_is_counted(tmp_path):
    cells = ["裁员", "[]", "nan", "None", "", " ", "nan", "裁员|nan"]
    labels, _, notes = read(write_cells(tmp_path / "a.csv", cells))
    assert labels == [("裁员",), (), (), (), (), (), (), ("裁员",)]
    assert notes.endswith("a.csv: no label is what stands as nan (2), None (1).")
    path = save(tmp_path / "a", '{"text": "一", "label": ["nan"]}\n{"text": "二", "label": null}\n')
    assert read(path) == ([(), ()], "", f"{path}: no label is what stands as null (1).")


def test_a_list_that_is_none_is_refused_or_a_name(tmp_path):
    assert "as numpy prints it" in refuse(read_examples, write_cells(tmp_path / "a.csv", ["['裁员' '收购']"]))
    assert "found [1, 2]" in refuse(read_examples, write_cells(tmp_path / "a.csv", ["[1, 2]"]))
    assert read(write_cells(tmp_path / "a.csv", ["[图片]", "[图片] 无"]))[0] == [("[图片]",), ("[图片] 无",)]


def test_an_empty_label_between_two_is_named(tmp_path):
    path = write_cells(tmp_path / "a.csv", ["裁员", "裁员,,收购"])
    message = refuse(read_examples, path, layout=Layout(label_separator=","))
    assert f'{path}, line 3: "裁员,,收购" has an empty label between two ","' in message


ODD = ["a|b", "a,b", "a", "b", "[a]", '["a"]', "['a' 'b']", "a#b", "生活##美食", "a/b", "x\ty", "x\ny", '"', "a 、b"]


@pytest.mark.parametrize("names", [ODD, ["a", "b"], ["a|b"], ["a,b", "a", "b"], EVENTS])
def test_what_is_written_is_read_back(names):
    labels = [(), *((name,) for name in names), tuple(names), *combinations(names[:4], 2)]
    cells = write_label_cells(labels)
    assert read_label_cells("a", ["a, line 1"] * len(cells), cells)[0] == labels
    if names == EVENTS:
        assert cells[-1] == "|".join(labels[-1])


def test_a_file_of_many_rows_is_judged_in_no_time():
    cells = {f"标签{i % 70},标签{i // 70}": "a" for i in range(4900)} | {f"标签{i}": "a" for i in range(70)}
    assert find_separator(cells) == ","
    with pytest.raises(InputError):
        find_separator(cells | {"标签,无": "a, line 9"})
