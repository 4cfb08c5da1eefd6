"""columns.py, unnamed_labels.py: columns are found by the names people use, by 0 and 1, or named; doubt is told."""

import json

import pyarrow
import pyarrow.parquet
import pytest
import toy
from toy import refuse, save

from zhlabel.data.columns import LABEL_NAMES, TEXT_NAMES
from zhlabel.data.examples import read_examples, read_labelled
from zhlabel.data.keywords import count_gold, read_gold
from zhlabel.data.layout import Layout
from zhlabel.data.texts import read_texts

ROWS = [("公司裁员", ("裁员",)), ("公司收购", ("收购",)), ("裁员后收购", ("裁员", "收购"))]
ONE_HOT = "id,text,裁员,收购\n0,公司裁员,1,0\n1,公司收购,0,1\n2,裁员后收购,1,1\n"


def read(path, *layout, **options):
    notes = []
    examples, _ = read_labelled(path, layout=Layout(*layout), warn=notes.append, **options)
    return [(example.text, example.labels) for example in examples], "".join(notes).replace(f"{path}: ", "")


def write_lines(path, items):
    return save(path, "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))


@pytest.mark.parametrize("text", TEXT_NAMES)
@pytest.mark.parametrize("label", LABEL_NAMES)
def test_usual_names_are_found_in_tables_and_objects_in_any_case(tmp_path, text, label):
    table = "".join(f"{i},{text},{'|'.join(labels)}\n" for i, (text, labels) in enumerate(ROWS))
    assert read(save(tmp_path / "a.csv", f"id,{text.title()},{label.upper()}\n{table}")) == (ROWS, "")
    assert list(read_texts(tmp_path / "a.csv")) == [text for text, _ in ROWS]
    objects = [{text.upper(): each, "id": 1, label: list(labels)} for each, labels in ROWS]
    assert read(write_lines(tmp_path / "a.jsonl", objects)) == (ROWS, "")
    assert list(read_texts(tmp_path / "a.jsonl")) == [text for text, _ in ROWS]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_excel_saves_as_csv_is_read(tmp_path, delimiter):
    rows = [("label", "content"), ("裁员", "公司裁员"), ("裁员,收购", '"一, 二"'), ("收购", "三"), ("", ""), ("", "")]
    content = "".join(delimiter.join(row) + "\r\n" for row in rows) + delimiter * 9 + "\r\n"
    expected = [("公司裁员", ("裁员",)), ("一, 二", ("裁员", "收购")), ("三", ("收购",))]
    for encoding in ("utf-8-sig", "gb18030"):
        found, notes = read(save(tmp_path / "a.csv", content, encoding))
        assert found == expected
        assert notes == "3 empty rows at the end are left out.\nlabels are joined by \",\", such as '裁员,收购'."
        told = []
        assert list(read_texts(tmp_path / "a.csv", warn=told.append)) == [text for text, _ in expected]
        assert told == [f"{tmp_path}/a.csv: 3 empty rows at the end are left out."]


def test_empty_rows_between_others_stay(tmp_path):
    assert read(save(tmp_path / "a.csv", "label,content\n,\na,x\n,\n,\nb,y\n,\n"))[0] == [
        *[("", ()), ("x", ("a",)), ("", ()), ("", ()), ("y", ("b",))]
    ]


def test_names_that_are_given_count_and_several_texts_are_joined(tmp_path):
    path = save(tmp_path / "a.csv", "title,abstract,kind,label\n一,二,a;b,x\n,三,a,y\n四,,b,z\n")
    assert read(path, "title,abstract") == ([("一\n二", ("x",)), ("三", ("y",)), ("四", ("z",))], "")
    assert read(path, "abstract", "KIND")[0] == [("二", ("a", "b")), ("三", ("a",)), ("", ("b",))]
    found, notes = read(path)
    assert [text for text, _ in found] == ["一", "", "四"]
    assert notes == 'texts are read from title; there is abstract too: TEXT_COLUMN = "title,abstract".'
    assert read(path, *notes.split('"')[1::2])[0] == read(path, "title,abstract")[0]
    path = save(tmp_path / "b.csv", '"a,b",label\n一,x\n')
    assert read(path, "a,b")[0] == [("一", ("x",))]
    objects = [{"title": "一", "abstract": None, "label": "x"}, {"title": "二", "abstract": "三", "label": "y"}]
    found = read(write_lines(tmp_path / "a.jsonl", objects), "title,abstract")[0]
    assert found == [("一", ("x",)), ("二\n三", ("y",))]


def test_what_might_be_meant_too_is_told_once(tmp_path):
    path = save(tmp_path / "a.csv", "text,label,label_desc,label_id,category\n一,1,a,2,b\n")
    told = 'labels are read from label; there is category, label_desc too: LABEL_COLUMN = "category".'
    assert read(path) == ([("一", ("1",))], told)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (("body",), 'the columns are text, label, and none of them is TEXT_COLUMN = "body".'),
        (("", "labels"), 'none of them is LABEL_COLUMN = "labels". The nearest is label.'),
        (("text", "text"), "text is named as a text and as a label"),
    ],
)
def test_a_named_column_that_is_not_there_is_refused(tmp_path, layout, message):
    save(tmp_path / "a.csv", "text,label\n一,x\n")
    write_lines(tmp_path / "a.jsonl", [{"text": "一", "label": "x"}])
    for name in ("a.csv", "a.jsonl"):
        assert message in refuse(read_labelled, tmp_path / name, layout=Layout(*layout))


def test_names_that_differ_in_case_alone_are_refused_by_every_reader(tmp_path):
    path = save(tmp_path / "a.csv", "Text,text,label\n一,二,x\n")
    for function in (read_examples, read_texts, read_gold):
        assert "the columns Text and text differ only in the case of letters" in refuse(function, path)
    assert read(path, "text")[0] == [("二", ("x",))]


def test_numbers_are_labels_where_their_column_is_named(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [{"text": "一", "label": 0}, {"text": "二", "label": [1, 2]}])
    message = refuse(read_examples, path)
    assert 'line 1: "label" must be a list of names, found 0.' in message and 'LABEL_COLUMN = "label"' in message
    assert read(path, "", "label")[0] == [("一", ("0",)), ("二", ("1", "2"))]
    pyarrow.parquet.write_table(pyarrow.table({"text": ["一", "二"], "label": [7, 8]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", "", "label")[0] == [("一", ("7",)), ("二", ("8",))]
    assert read(save(tmp_path / "a.csv", "text,label\n一,0\n"))[0] == [("一", ("0",))]


def test_a_column_a_label_is_read(tmp_path):
    told = "labels are the 2 columns of 0 and 1, 裁员, 收购; not read: id."
    assert read(save(tmp_path / "a.csv", ONE_HOT)) == (ROWS, told)
    assert read(save(tmp_path / "a.csv", ONE_HOT.replace(",0", ",")), "text")[0] == ROWS
    rows = [row.split(",") for row in ONE_HOT.split()]
    objects = [dict(zip(rows[0], [*row[:2], *map(int, row[2:])], strict=True)) for row in rows[1:]]
    assert read(write_lines(tmp_path / "a.jsonl", objects)) == (ROWS, told)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(objects), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (ROWS, told)
    assert read(tmp_path / "a.parquet", "", "裁员,收购") == (ROWS, "")


def test_a_column_that_is_nearly_of_0_and_1_is_refused(tmp_path):
    path = save(tmp_path / "a.csv", ONE_HOT.replace("1,1\n", "1,2\n"))
    message = refuse(read_examples, path)
    assert message.startswith(f"{path}, line 4: the column 收购 holds '2', where a column that is a label holds 0 or 1")
    path = save(tmp_path / "a.csv", "text,source,price\n一,a,3\n二,b,4\n")
    assert "beside the text there is source, price" in refuse(read_examples, path)
    assert "holds 'a'" in refuse(read_examples, path, layout=Layout("", "source,price"))


@pytest.mark.parametrize("separator", [",", "|"])
def test_a_table_without_a_header_is_read_where_its_first_label_comes_again(tmp_path, separator):
    lines = [f"{text}\t{separator.join(labels)}" for text, labels in ROWS]
    found, notes = read(save(tmp_path / "a.txt", "\n".join(lines)))
    assert found == ROWS and notes.startswith("line 1 is no header; the columns are texts, then labels.")
    many = [(f"{i}{text}", labels) for i in range(2) for text, labels in ROWS]
    found, notes = read(save(tmp_path / "a.txt", "\n".join(f"{separator.join(each)}\t{text}" for text, each in many)))
    assert found == many and "labels, then texts." in notes


def test_a_header_with_other_names_is_no_row(tmp_path):
    message = refuse(read_examples, save(tmp_path / "a.txt", "review\tcat\n" + "公司裁员\t裁员\n" * 3))
    assert "a.txt, line 1: the columns are review, cat; none is named content, text or another" in message
    path = toy.write_xlsx(tmp_path / "a.xlsx", [["一", "裁员"], ["二", "收购"], ["三", "裁员"]])
    pytest.importorskip("python_calamine")
    assert read(path)[0] == [("一", ("裁员",)), ("二", ("收购",)), ("三", ("裁员",))]


def test_fasttext_is_read(tmp_path):
    front = "__label__裁员 公司 裁员\n\n__label__裁员 __label__收购 裁员 后 收购\n__label__收购\n"
    expected = [("公司 裁员", ("裁员",)), ("裁员 后 收购", ("裁员", "收购")), ("", ("收购",))]
    assert read(save(tmp_path / "a.txt", front)) == (expected, "")
    back = "公司 裁员 \t__label__裁员\n裁员 后 收购\t__label__裁员 __label__收购\n"
    assert read(save(tmp_path / "a.txt", back)) == (expected[:2], "")
    message = refuse(read_examples, save(tmp_path / "a.txt", front + "公司\n"))
    assert "a.txt, line 5: found no __label__" in message


PAPERS = """uuid,title,author,abstract,Keywords,label
0,Touch,Ann,We study touch.,touch interface; vision,1
1,Nets,Bob,"We study, nets.",deep learning; nets,0
2,Rare,Cid,We study it.,"Africa, Western",0
"""


def test_published_papers_with_their_keywords_are_read_as_they_are(tmp_path):
    path, layout = save(tmp_path / "a.csv", PAPERS), Layout("title,abstract")
    gold = [keywords for _, keywords in read_gold(path, layout=layout)]
    assert gold == [("touch interface", "vision"), ("deep learning", "nets"), ("Africa, Western",)]
    assert count_gold(path, layout=layout) == (3, 3)
    texts = [f"{title}\n{rest}" for title, rest in (("Touch", "We study touch."), ("Nets", "We study, nets."))]
    assert list(read_texts(path, layout=layout))[:2] == texts
    assert read(path, "title,abstract")[0][:2] == list(zip(texts, [("1",), ("0",)], strict=True))
    assert read(path, "title", "keywords", ";")[0][0] == ("Touch", ("touch interface", "vision"))
    path = save(tmp_path / "b.csv", 'text,keywords\n一,a\n二,"b, c"\n')
    assert "it is doubtful where one ends" in refuse(read_gold, path)
