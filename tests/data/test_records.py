"""records.py: one reader of every container, for whoever reads; each record has its place."""

import gzip
import json
import lzma
import sys
import tracemalloc
import zipfile

import pyarrow
import pyarrow.parquet
import pytest
import toy
from toy import refuse

from zhlabel.data.entities import read_entity_examples
from zhlabel.data.examples import read_examples
from zhlabel.data.keywords import read_gold
from zhlabel.data.records import Place, read_records
from zhlabel.data.texts import read_texts
from zhlabel.errors import InputError
from zhlabel.pretraining.corpus import read_documents

ROWS = [("label", "content", "keywords"), ("001", "公司裁员", "裁员"), ("a|NULL", "nan", ""), ("", "NA", "x|y")]
LABELS = [("001",), ("a", "NULL"), ()]
CSV = "\r\n".join(map(",".join, ROWS))
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
JSON = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]


def write_ods(path, rows):
    cells = ("".join(f'<c t="string"><p>{cell}</p></c>' for cell in row) for row in rows)
    body = "".join(f"<r>{row}</r>" for row in cells).replace("<c t=", "<table:table-cell office:value-type=")
    for short, long in (("</c>", "</table:table-cell>"), ("r>", "table:table-row>"), ("p>", "text:p>")):
        body = body.replace(short, long)
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", kind)
        book.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{MANIFEST}"/>')
        book.writestr(
            "content.xml",
            f"<office:document-content{spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="A">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )


def write_parquet(path, rows):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


WRITERS = {
    "csv": lambda path: path.write_bytes(CSV.encode("gb18030")),
    "tsv": lambda path: path.write_text(CSV.replace(",", "\t"), encoding="utf-8"),
    "json": lambda path: path.write_text(json.dumps(JSON), encoding="utf-8"),
    "jsonl": lambda path: path.write_text("\n".join(map(json.dumps, JSON)), encoding="utf-8"),
    "csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "tsv.xz": lambda path: path.write_bytes(lzma.compress(CSV.replace(",", "\t").encode())),
    "json.xz": lambda path: path.write_bytes(lzma.compress(json.dumps(JSON).encode())),
    "jsonl.xz": lambda path: path.write_bytes(lzma.compress("\n".join(map(json.dumps, JSON)).encode())),
    "parquet": lambda path: write_parquet(path, JSON),
    "xlsx": lambda path: toy.write_xlsx(path, ROWS),
    "ods": lambda path: write_ods(path, ROWS),
}


@pytest.fixture
def calamine():
    return pytest.importorskip("python_calamine")


@pytest.mark.parametrize("ending", WRITERS)
def test_whoever_reads_a_container_reads_the_same_of_it(tmp_path, ending):
    if ending in ("xlsx", "ods"):
        pytest.importorskip("python_calamine")
    path = tmp_path / f"a.{ending}"
    WRITERS[ending](path)
    texts = [row[1] for row in ROWS[1:]]
    assert [(example.labels, example.text) for example in read_examples(path)] == list(zip(LABELS, texts, strict=True))
    assert list(read_texts(path)) == texts
    assert list(read_gold(path)) == list(zip(texts, [("裁员",), None, ("x", "y")], strict=True))
    assert list(read_documents(path)) == [[text] for text in texts]


@pytest.mark.parametrize("ending", WRITERS)
def test_labelled_texts_are_known_by_their_content_and_not_by_their_name(tmp_path, ending):
    if ending in ("xlsx", "ods"):
        pytest.importorskip("python_calamine")
    WRITERS[ending](tmp_path / "data")
    assert [example.labels for example in read_examples(tmp_path / "data")] == LABELS


def test_a_place_is_a_line_a_row_or_an_item(tmp_path):
    def find(name, **options):
        return [
            (place.line, str(place).removeprefix(f"{tmp_path}/"))
            for place, _ in read_records(tmp_path / name, **options)
        ]

    (tmp_path / "a.csv").write_text('a,b\n"1\n2",3\n\n4,5\n', encoding="utf-8")
    (tmp_path / "a.json").write_text('[{"a": 1},\n\n{"a": 2}]', encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('\n{"a": 1}\n', encoding="utf-8")
    (tmp_path / "a.txt").write_text("x\ny", encoding="utf-8")
    write_parquet(tmp_path / "a.parquet", [{"a": 1}] * 1500)
    assert find("a.csv") == [(2, "a.csv, line 2"), (5, "a.csv, line 5")]
    assert find("a.json") == [(1, "a.json, line 1 (item 1)"), (3, "a.json, line 3 (item 2)")]
    assert find("a.jsonl") == [(2, "a.jsonl, line 2")]
    assert find("a.txt", by_name=True) == [(1, "a.txt, line 1"), (2, "a.txt, line 2")]
    assert find("a.parquet")[1234] == (1235, "a.parquet, row 1235")


def read_sheet(tmp_path, *sheets):
    notes = []
    return list(read_records(toy.write_xlsx(tmp_path / "a.xlsx", *sheets), warn=notes.append)), notes


def test_cells_of_a_spreadsheet_are_written_as_they_were_typed(tmp_path, calamine):
    cells = [3, 0.25, "001", "nan", True, ("date", 45292), ("date", 45292.5), " <x>\n", None, 10**12]
    found, notes = read_sheet(tmp_path, [[f"c{i}" for i in range(len(cells))], cells])
    expected = ["3", "0.25", "001", "nan", "TRUE", "2024-01-01", "2024-01-01T12:00:00", " <x>\n", "", str(10**12)]
    assert list(found[0][1].values()) == expected and notes == []


def test_empty_rows_of_a_spreadsheet_are_no_records_and_those_at_the_end_are_counted(tmp_path, calamine):
    rows = [[], ["label", "content"], ["a", "x"], [None, None], ["", "y"], ["", ""], [None, ""]]
    found, notes = read_sheet(tmp_path, rows)
    path = str(tmp_path / "a.xlsx")
    assert found == [
        (Place(path, 3, "row"), {"label": "a", "content": "x"}),
        (Place(path, 5, "row"), {"label": "", "content": "y"}),
    ]
    assert notes == [f"{path}: 2 empty rows at the end are left out."]
    assert list(read_texts(toy.write_xlsx(path, [["content"], ["x"], [""], ["y"], [""]]))) == ["x", "", "y"]


def test_the_first_sheet_with_data_is_read_and_named_where_it_is_not_the_first(tmp_path, calamine):
    data = [["content"], ["x"]]
    found, notes = read_sheet(tmp_path, data, [["content"], ["never"]])
    assert [str(place) for place, _ in found] == [f"{tmp_path}/a.xlsx, sheet Sheet1, row 2"] and notes == []
    found, notes = read_sheet(tmp_path, [["", ""]], data)
    assert [str(place) for place, _ in found] == [f"{tmp_path}/a.xlsx, sheet Sheet2, row 2"]
    assert notes == [f"{tmp_path}/a.xlsx: the sheet Sheet1 is empty; Sheet2 is read, of Sheet1, Sheet2."]
    assert read_sheet(tmp_path, [], []) == ([], [])
    with pytest.raises(InputError, match="holds no example"):
        read_examples(tmp_path / "a.xlsx")


@pytest.mark.parametrize("function", [read_examples, read_texts, read_gold, read_documents, read_records])
def test_a_repeated_name_of_a_column_is_refused_by_every_reader(tmp_path, function):
    names = ["content", "label", "n", "n"]
    (tmp_path / "a.csv").write_text(",".join(names) + "\nx,a,1,2\n", encoding="utf-8")
    table = pyarrow.table([["x"], ["a"], ["1"], ["2"]], names=names)
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        assert "more than one of them is n. Rename all but one." in refuse(function, tmp_path / name)


def test_columns_without_a_name_are_left_out(tmp_path):
    (tmp_path / "a.csv").write_text("label,content,,\na,x,,1\n", encoding="utf-8")
    assert [record for _, record in read_records(tmp_path / "a.csv")] == [{"label": "a", "content": "x"}]
    assert [example.text for example in read_examples(tmp_path / "a.csv")] == ["x"]


@pytest.mark.parametrize("function", [read_examples, read_texts, read_gold, read_documents])
@pytest.mark.parametrize("content", ["[" * 100_000, '{"text": ' * 50_000])
def test_json_nested_without_end_is_refused_by_every_reader(tmp_path, function, content):
    (tmp_path / "a.jsonl").write_text(content, encoding="utf-8")
    assert "a.jsonl, line 1" in refuse(function, tmp_path / "a.jsonl")


@pytest.mark.parametrize("ending", ["parquet", "xlsx", "ods"])
@pytest.mark.parametrize("function", [read_examples, read_texts])
def test_a_damaged_binary_file_is_named(tmp_path, function, ending):
    if ending != "parquet":
        pytest.importorskip("python_calamine")
    path = tmp_path / f"a.{ending}"
    WRITERS[ending](path)
    whole = path.read_bytes()
    for content in (whole[:-30], whole[: len(whole) // 2], whole[:60] + b"\xff" * 60 + whole[120:], whole[:8]):
        path.write_bytes(content)
        try:
            found = list(function(path))
        except InputError as problem:
            assert str(problem).startswith(str(path))
        else:
            assert len(found) == 3  # the bytes that were changed are read by nobody


def test_what_is_packed_twice_is_refused(tmp_path):
    write_parquet(tmp_path / "a", JSON)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a").read_bytes()))
    for function in (read_examples, read_texts):
        assert "is a gzip file of a form that packs its content itself. Unpack" in refuse(
            function, tmp_path / "a.csv.gz"
        )


def test_a_binary_ending_with_other_content_is_named(tmp_path):
    for name in ("a.parquet", "a.xlsx"):
        (tmp_path / name).write_text(CSV, encoding="utf-8")
        assert "it begins with b'label,co'" in refuse(read_texts, tmp_path / name)


@pytest.mark.parametrize("ending,package", [("xlsx", "python_calamine"), ("parquet", "pyarrow")])
def test_a_missing_package_is_named_with_the_command(tmp_path, monkeypatch, ending, package):
    WRITERS[ending](tmp_path / "a")
    monkeypatch.setitem(sys.modules, package, None)
    assert f"pip install {package.replace('_', '-')}" in refuse(read_examples, tmp_path / "a")


def test_labels_of_parquet_may_be_lists(tmp_path):
    write_parquet(tmp_path / "a", [{"text": "x", "Label": ["a", "b"]}, {"text": "y", "Label": []}])
    assert [example.labels for example in read_examples(tmp_path / "a")] == [("a", "b"), ()]
    write_parquet(tmp_path / "a", [{"text": "x", "label": "a"}, {"text": "y", "label": None}])
    assert [example.labels for example in read_examples(tmp_path / "a")] == [("a",), ()]
    write_parquet(tmp_path / "a", [{"text": "x", "label": "a"}, {"text": "y", "label": 7}][1:])
    assert 'a, row 1: "label" must be a list of names, found 7' in refuse(read_examples, tmp_path / "a")


def test_entities_are_read_from_parquet_and_packed_files(tmp_path):
    entities = [{"start": 0, "end": 2, "type": "PER"}]
    rows = [{"text": "张三来了", "entities": entities}, {"text": "无", "entities": []}]
    write_parquet(tmp_path / "a", rows)
    write_parquet(tmp_path / "b", [{**row, "entities": json.dumps(row["entities"])} for row in rows])
    (tmp_path / "c.xz").write_bytes(lzma.compress("\n".join(map(json.dumps, rows)).encode()))
    (tmp_path / "d.xz").write_bytes(lzma.compress("张\tB-PER\n三\tI-PER\n来\tO\n了\tO\n\n无\tO\n".encode()))
    for name in ("a", "b", "c.xz", "d.xz"):
        found = read_entity_examples(tmp_path / name)
        assert [(each.text, [tuple(entity) for entity in each.entities]) for each in found] == [
            ("张三来了", [(0, 2, "PER")]),
            ("无", []),
        ]
    assert "row 1" not in refuse(read_examples, tmp_path / "b") and "task ner" in refuse(read_examples, tmp_path / "b")


@pytest.mark.parametrize("ending", ["txt.gz", "csv.xz", "jsonl", "parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path, ending):
    path, peaks = tmp_path / f"a.{ending}", []
    for number in (500, 3_000, 12_000):  # the first reading imports what it needs
        texts = [f"{i:06}公司裁员" * 40 for i in range(number)]
        if ending == "parquet":
            write_parquet(path, [{"text": text} for text in texts])
        else:
            content = "\n".join(["text", *texts] if ending != "jsonl" else map(json.dumps, texts)).encode()
            path.write_bytes({"gz": gzip.compress, "xz": lzma.compress}.get(ending[-2:], bytes)(content))
        tracemalloc.start()
        assert sum(1 for _ in read_texts(path)) == number + (ending == "txt.gz")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.2 * peaks[1] + 1_000_000
