"""examples.py: every form of labelled file gives the same examples, and every bad row is named by file and line."""

import csv
import io
import json
import re

import pytest
import toy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy import save

from zhlabel.data.examples import Example, read_examples
from zhlabel.errors import InputError

ROWS = [
    ("公司裁员，员工起诉", ("裁员", "起诉")),
    ("nan", ("裁员",)),
    ("NULL", ()),
    ("001", ("001",)),
    ("N/A", ("NULL",)),
    ("一,二", ("起诉",)),
    ('他说"好"', ()),
    (" 前后 ", ("地震",)),
    ("", ("地震",)),
    ("a\u2028b\x0bc\x85d", ("裁员",)),
]


def to_csv(columns, rows=ROWS, **options):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, **options)
    writer.writerow(columns)
    for number, (text, labels) in enumerate(rows):
        label = "|".join(labels)
        cells = {"content": text, "text": text, "label": label, "labels": label, "id": number}
        writer.writerow([cells[column.lower()] for column in columns])
    return stream.getvalue()


def to_lines(items):
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def as_objects(text_key="text", label_key="label"):
    return [{"id": 1, text_key: text, label_key: list(labels)} for text, labels in ROWS]


def as_duee():
    return [
        {"text": text, "id": "x", "event_list": [{"event_type": name, "trigger": "t"} for name in (*labels, *labels)]}
        for text, labels in ROWS
    ]


TABS = "label\tcontent\n" + "".join(f"{'|'.join(labels)}\t{text}\n" for text, labels in ROWS)
FORMS = {
    "usual csv": to_csv(["label", "content"], lineterminator="\n"),
    "csv with CRLF": to_csv(["label", "content"]),
    "csv, all quoted": to_csv(["label", "content"], quoting=csv.QUOTE_ALL),
    "csv, other order and more columns": to_csv(["id", "content", "label"]),
    "csv, other names": to_csv(["labels", "text"]),
    "csv, upper case": to_csv(["Label", "CONTENT"]),
    "csv without a last line end": to_csv(["label", "content"])[:-2],
    "tsv": TABS,
    "tsv with CRLF": TABS.replace("\n", "\r\n"),
    "tsv, quoted": to_csv(["content", "label"], delimiter="\t", quoting=csv.QUOTE_ALL),
    "json list": json.dumps(as_objects(), ensure_ascii=False),
    "json list, indented": json.dumps(as_objects(), ensure_ascii=False, indent=4),
    "json list, escaped": json.dumps(as_objects()),
    "json lines": to_lines(as_objects()),
    "json lines, other names": to_lines(as_objects("content", "labels")),
    "json lines, joined labels": to_lines({"text": text, "label": "|".join(labels)} for text, labels in ROWS),
    "json lines with empty lines and CRLF": to_lines(as_objects()).replace("\n", "\r\n\r\n"),
    "DuEE": to_lines(as_duee()),
}


def lay_out(examples):
    return [(example.text, example.labels) for example in examples]


def refuse(path, content, encoding="utf-8"):
    message = toy.refuse(read_examples, save(path, content, encoding))
    assert str(path) in message.split("\n")[0]
    return message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_every_encoding_gives_the_same_examples(tmp_path, form, encoding):
    for name in ("data", "data.gz"):  # the name says nothing about the form
        assert lay_out(read_examples(save(tmp_path / name, FORMS[form], encoding))) == ROWS


def test_an_example_remembers_its_file_and_the_line_on_which_it_begins(tmp_path):
    path = save(tmp_path / "a.csv", 'label,content\nx,"一\n二"\n\ny,"三\r\n\r\n四"\nz,五\n')
    assert read_examples(path) == [
        Example("一\n二", ("x",), str(path), 2),
        Example("三\r\n\r\n四", ("y",), str(path), 5),
        Example("五", ("z",), str(path), 8),
    ]
    assert [each.line for each in read_examples(save(tmp_path / "a.tsv", "text\tlabel\na\tx\n\nb\ty\n"))] == [2, 4]
    assert [each.line for each in read_examples(save(tmp_path / "a", "\n" + to_lines(as_objects()[:2])))] == [2, 3]


def test_items_of_a_json_list_remember_the_line_on_which_they_begin(tmp_path):
    item = '{"text": "a",\n "label": []}'
    path = save(tmp_path / "a.json", f"\n[\n{item}, {item},\n\n{item}\n]\n")
    assert [example.line for example in read_examples(path)] == [3, 4, 7]
    indented = json.dumps(as_objects(), ensure_ascii=False, indent=2)
    lines = [number for number, line in enumerate(indented.split("\n"), 1) if line == "  {"]
    assert [example.line for example in read_examples(save(path, indented))] == lines


def test_in_tab_separated_text_a_lone_quotation_mark_is_a_character(tmp_path):
    content = 'label\tcontent\nx\t"半句\ny\t他说"好"\nz\t"全""句"\nw\t"\n'
    assert [example.text for example in read_examples(save(tmp_path / "a", content))] == [
        '"半句',
        '他说"好"',
        '全"句',
        '"',
    ]


def test_labels_are_stripped_and_each_stands_once(tmp_path):
    path = save(tmp_path / "a.csv", 'label,content\n" 裁员 | 起诉|裁员",甲\n  ,乙\n')
    assert lay_out(read_examples(path)) == [("甲", ("裁员", "起诉")), ("乙", ())]
    path = save(tmp_path / "a.json", '[{"text": "甲", "label": ["裁员 ", "起诉", "裁员"]}]')
    assert lay_out(read_examples(path)) == [("甲", ("裁员", "起诉"))]


def test_content_is_preferred_to_text_as_its_name_says(tmp_path):
    path = save(tmp_path / "a.csv", "text,label,content\nshort,x,whole\n")
    assert lay_out(read_examples(path)) == [("whole", ("x",))]


def test_a_cell_longer_than_the_csv_modules_usual_limit_is_read(tmp_path):
    usual = csv.field_size_limit()
    path = save(tmp_path / "a.csv", "label,content\nx," + "字" * 200_000 + "\n")
    assert len(read_examples(path)[0].text) == 200_000
    assert csv.field_size_limit() == usual


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_any_text_survives_csv_and_json(tmp_path, texts):
    rows = [(text, ("x",)) for text in texts]
    objects = [{"text": text, "label": ["x"]} for text in texts]
    for content in (
        to_csv(["label", "content"], rows, quoting=csv.QUOTE_ALL, lineterminator="\n"),
        to_lines(objects),
        json.dumps(objects, ensure_ascii=False, indent=1),
    ):
        assert lay_out(read_examples(save(tmp_path / "a", content))) == rows


@pytest.mark.parametrize("content", ["", "\ufeff", "label,content\n", "label\tcontent\r\n", "[]", " [ \n]\n"])
def test_a_file_without_examples_is_refused(tmp_path, content):
    assert "holds no example" in refuse(tmp_path / "a.csv", content)


REFUSALS = {
    "no label column": ("kind,content\nx,一\n", 1, "no column is named label, labels .*there is kind"),
    "no text column": ("label,name\nx,一\n", 1, "none is named content, text or another"),
    "no header": ("裁员,公司裁员\n", 1, "must be a header such as label,content"),
    "too many semicolons": ("label;content\nx;一\ny;二;三\n", 3, "expected 2 .*a semicolon in double quotes"),
    "an empty first line": ("\nlabel,content\nx,一\n", 1, "header is empty"),
    "too many columns": ("label,content\nx,一\ny,二,三\n", 3, "found 3 columns, expected 2 .*in double quotes"),
    "too few columns": ("label,content\nx,一\n二\n", 3, "found 1 columns, expected 2"),
    "too many tabs": ("label\tcontent\nx\t一\t二\n", 2, "found 3 columns, expected 2"),
    "a quotation mark never closed": ('label,content\nx,一\ny,"二\nz,三\n', 3, "begins here is not valid CSV"),
    "a quotation mark not doubled": ('label,content\nx,"他说"好"吗"\n', 2, "a quotation mark is written twice"),
    "an empty label between two": ("label,content\nx||y,一\n", 2, "has an empty label"),
    "an empty label at the end": ("label,content\nx|,一\n", 2, "has an empty label"),
    "a line that is not JSON": ('{"text": "一", "label": []}\n{"text": \n', 2, "not one JSON object"),
    "two objects on a line": ('{"text": "一", "label": []} {}\n', 1, "not one JSON object"),
    "a line that is no object": ('{"text": "一", "label": []}\n[1]\n', 2, r"found \[1\], expected an object"),
    "an item that is no object": ('[\n{"text": "一", "label": []},\n"二"]', 3, "expected an object"),
    "an item that is not JSON": ('[\n{"text": "一", "label": []},\n{"text": }]', 3, "item is not JSON"),
    "a list that never ends": ('[\n{"text": "一", "label": []}\n', 3, "the file ends where a comma"),
    "no comma between two items": ('[{"text": "一", "label": []}\n{"text": "二", "label": []}]', 2, "where a comma or"),
    "something behind the list": ('[{"text": "一", "label": []}]\n{"text": "二", "label": []}\n', 2, "behind the list"),
    "no text": ('{"name": "一", "label": []}\n', 1, "the columns are name, label; none is named content"),
    "a text that is a number": ('{"text": 1, "label": []}\n', 1, "found 1 where a text is expected"),
    "no label": ('{"text": "一"}\n', 1, "no column is named label.* there is nothing"),
    "a label that is a number": ('{"text": "一", "label": [1]}\n', 1, r"list of names, found \[1\]"),
    "a label that is empty": ('{"text": "一", "label": [" "]}\n', 1, "list of names"),
    "an event without a type": (
        '{"text": "一", "event_list": [{"trigger": "x"}]}\n',
        1,
        r"list of names, found \[null\]",
    ),
    "an event that is no object": ('{"text": "一", "event_list": ["x"]}\n', 1, "event_list"),
    "an event list that is none": ('{"text": "一", "event_list": null}\n', 1, "event_list"),
    "a comma behind the last item": ('[{"text": "一", "label": []},\n]', 2, "item is not JSON"),
    "half a character in a label": ('{"text": "一", "label": ["\\ud800"]}\n', 1, "half a character"),
    "half a character in joined labels": ('{"text": "一", "label": "x|\\udfff"}\n', 1, "half a character"),
    "half a character": ('{"text": "\\ud800", "label": []}\n', 1, "half a character"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_bad_file_is_refused_with_its_line_and_what_was_found(tmp_path, case):
    content, line, problem = REFUSALS[case]
    message = refuse(tmp_path / "a", content)
    assert f"a, line {line}: " in message or f"a, line {line} (item " in message
    assert re.search(problem, message, re.DOTALL), message


def test_a_bad_row_in_gb18030_and_gz_has_its_line_too(tmp_path):
    assert "line 3: found 1" in refuse(tmp_path / "a.csv.gz", "label,content\nx,一\n二\n", "gb18030")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_examples(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_examples(tmp_path)


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path):
    assert "line 2: the bytes are neither" in refuse(tmp_path / "a.csv", b"label,content\nx,\xff\xff\n")
