"""The other columns of a file of texts: kept by their names and values, none lost or taken for a result."""

import json

import pytest
import toy

from zhlabel.data.kept import list_kept, read_kept
from zhlabel.data.layout import Layout
from zhlabel.io.delimited import format_row

AVOID = {"text", "label", "top"}


def write_csv(path, *rows):
    path.write_bytes("".join(map(format_row, rows)).encode())
    return path


def test_every_column_but_the_texts_is_kept_as_it_stands(tmp_path):
    path = write_csv(
        tmp_path / "a.csv", ("id", "content", "日期", ""), ("001", "裁员", "", "9"), ("nan", "收购", "x|y", "")
    )
    expected = [("裁员", {"id": "001", "日期": ""}), ("收购", {"id": "nan", "日期": "x|y"})]
    assert list(read_kept(path)) == expected
    assert list_kept(path) == {"id": "text", "日期": "text"}
    rows = [["id", "content", "日期"], ["001", "裁员", None], ["nan", "收购", "x|y"]]
    assert list(read_kept(toy.write_xlsx(tmp_path / "a.xlsx", rows))) == expected


def test_a_named_text_column_leaves_the_usual_ones_among_the_others(tmp_path):
    path = write_csv(tmp_path / "a.csv", ("content", "title", "id"), ("长", "短", "1"))
    assert list(read_kept(path, layout=Layout("title"))) == [("短", {"content": "长", "id": "1"})]
    assert list(read_kept(path, layout=Layout("title,content"))) == [("短\n长", {"id": "1"})]


def test_a_column_with_the_name_of_a_result_is_kept_under_another_and_told(tmp_path):
    path, told = write_csv(tmp_path / "a.csv", ("content", "label", "input_label"), ("字", "a", "b")), []
    assert list(read_kept(path, avoid=AVOID, warn=told.append)) == [
        ("字", {"input_label": "a", "input_input_label": "b"})
    ]
    assert len(told) == 2 and "the column label is kept as input_label" in told[0]
    assert list(list_kept(path, avoid=AVOID)) == ["input_label", "input_input_label"]


def test_values_of_json_keep_their_types_and_columns_have_one(tmp_path):
    rows = [
        {"text": "一", "n": 1, "x": 1, "b": True, "m": 1, "o": {"k": ["字"]}, "huge": 2**70, "none": None},
        {"text": "二", "n": None, "x": 0.5, "b": False, "m": "1", "late": "z"},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert [{"text": text, **kept} for text, kept in read_kept(path)] == rows
    kinds = {"n": "whole", "x": "number", "b": "truth", "m": "text", "o": "text", "huge": "text", "none": "text"}
    assert list_kept(path) == kinds | {"late": "text"}


def test_parquets_types_become_those_of_json(tmp_path):
    import datetime

    import pyarrow
    import pyarrow.parquet

    columns = {"text": ["字", "字"], "n": [1.5, float("nan")], "inf": [float("inf"), 1.0], "list": [[1], None]}
    table = pyarrow.table(columns | {"day": [datetime.date(2026, 11, 28), None]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    first = {"n": 1.5, "inf": "inf", "list": [1], "day": "2026-11-28"}
    assert [kept for _, kept in read_kept(tmp_path / "a.parquet")] == [
        first,
        {"n": None, "inf": 1.0, "list": None, "day": None},
    ]


def test_what_cannot_be_kept_is_refused_with_its_place(tmp_path):
    path = tmp_path / "a.jsonl"
    for value in ('"\\ud800"', '["\\ud800"]'):
        path.write_text('{"text": "一"}\n{"text": "二", "x": ' + value + "}", encoding="utf-8")
        assert "a.jsonl, line 2: the text holds half a character" in toy.refuse(read_kept, path)
    with pytest.raises(toy.InputError):
        read_kept(tmp_path / "missing.csv")  # at the call


def test_lines_have_no_other_columns(tmp_path):
    (tmp_path / "a.txt").write_text("一\n二\n", encoding="utf-8")
    assert list(read_kept(tmp_path / "a.txt")) == [("一", {}), ("二", {})] and list_kept(tmp_path / "a.txt") == {}
