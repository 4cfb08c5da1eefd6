"""Tables of results: other columns kept beside them, the most probable labels, .xlsx; read back by another reader."""

import csv
import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import toy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhlabel.data.records import read_records
from zhlabel.inference.job import label_into_file, label_rows
from zhlabel.inference.run import Run
from zhlabel.inference.writers import open_writer, xlsx
from zhlabel.inference.writers.formats import RESULT_NAMES, RESULTS, Table
from zhlabel.io.files import write_whole
from zhlabel.tasks import TASKS

KEPT = {"id": "text", "n": "whole", "x": "number", "b": "truth", "note": "text"}
TOP = [{"label": "裁员", "probability": 0.75}, {"label": "收购", "probability": 0.5}]
ROWS = [
    {"text": "一", "id": "001", "n": 7, "x": 0.25, "b": True, "note": {"k": ["字"]}, "labels": TOP[:1], "top": TOP},
    {"text": "二", "id": None, "n": None, "x": None, "b": None, "labels": [], "top": TOP},
]


def write(path, results, form="labels", kept=None, ranked=False):
    with open_writer(path, form=form, job={}, kept=kept, ranked=ranked) as writer:
        writer.write(results)
    return path


def read_sheet(path):
    """Return the rows of a book as calamine reads them."""
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)


def test_csv_has_the_kept_columns_behind_the_text_and_the_top_at_the_end(tmp_path):
    path = write(tmp_path / "a.csv", ROWS, kept=KEPT, ranked=True)
    header, first, second = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    assert header == ["text", *KEPT, "labels", "probabilities", "top_labels", "top_probabilities"]
    assert first == ["一", "001", "7", "0.25", "true", '{"k": ["字"]}', "裁员", "0.7500", "裁员|收购", "0.7500|0.5000"]
    assert second == ["二", "", "", "", "", "", "", "", "裁员|收购", "0.7500|0.5000"]


def test_parquet_keeps_the_types_of_the_columns(tmp_path):
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(write(tmp_path / "a.parquet", ROWS, kept=KEPT, ranked=True)).to_pylist()
    assert rows == [{**ROWS[0], "note": '{"k": ["字"]}'}, {**ROWS[1], "note": None}]


def test_a_sheet_has_the_cells_of_csv_and_numbers_as_numbers(tmp_path):
    header, first, second = read_sheet(write(tmp_path / "a.xlsx", ROWS, kept=KEPT, ranked=True))
    assert header == Table("labels", KEPT, True).columns
    assert first == ["一", "001", 7, 0.25, True, '{"k": ["字"]}', "裁员", "0.7500", "裁员|收购", "0.7500|0.5000"]
    assert second == ["二", *[""] * 7, "裁员|收购", "0.7500|0.5000"]
    single = [{"text": "一", "label": "裁员", "probability": np.float32(0.5)}]
    assert read_sheet(write(tmp_path / "b.xlsx", single, form="label"))[1] == ["一", "裁员", 0.5]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_a_sheet(tmp_path, texts):
    texts += ["_x0041_", "a\r\nb\tc\x0b", " 左 ", "<&>\"'"]
    path = write(tmp_path / "a.xlsx", [{"text": text, "labels": []} for text in texts])
    assert [row[0] for row in read_sheet(path)[1:]] == texts


@pytest.mark.parametrize("form", RESULTS)
def test_a_sheet_holds_every_kind_of_result_and_none(tmp_path, form):
    found = {
        "labels": {"labels": TOP},
        "label": TOP[0],
        "entities": {"entities": [{"start": 0, "end": 1, "type": "x", "text": "一", "probability": 0.5}]},
        "keywords": {"method": "tfidf", "keywords": [{"keyword": "一", "score": 1.0, "spans": [[0, 1]]}]},
    }[form]
    path = write(tmp_path / "a.xlsx", [{"text": "一", **found}] * 3, form=form)
    assert [record["text"] for _, record in read_records(path)] == ["一"] * 3
    assert read_sheet(write(tmp_path / "b.xlsx", [], form=form)) == [Table(form).columns]


def test_a_sheet_that_is_full_and_a_cell_that_is_too_long_are_refused(tmp_path, monkeypatch):
    long = "字" * 32_768
    assert "row 2: a cell of .xlsx holds 32,767 characters" in toy.refuse(
        write, tmp_path / "a.xlsx", [{"text": long, "labels": []}]
    )
    write(tmp_path / "a.xlsx", [{"text": long[1:], "labels": []}])
    monkeypatch.setattr(xlsx, "LARGEST_ROWS", 3)
    write(tmp_path / "a.xlsx", ROWS)
    assert "full after 2 texts" in toy.refuse(write, tmp_path / "a.xlsx", ROWS + ROWS)


def test_a_sheet_is_a_whole_zip_file_of_well_formed_xml(tmp_path):
    from xml.etree import ElementTree

    with zipfile.ZipFile(write(tmp_path / "a.xlsx", ROWS, kept=KEPT)) as book:
        assert book.testzip() is None and len(book.namelist()) == 5
        for name in book.namelist():
            ElementTree.fromstring(book.read(name))


def test_bio_has_no_place_for_other_columns(tmp_path):
    message = toy.refuse(write, tmp_path / "a.bio", [], form="entities", kept=KEPT)
    assert "no place for other columns" in message
    write(tmp_path / "b.bio.csv", [], form="entities", kept=KEPT)


def make_run(folder, name="multi_label"):
    """Return a Run without a model: a text's first digits are its probabilities, in tenths."""
    task = TASKS[name](["裁员", "收购", "地震"])
    record = {"settings": {"max_length": 9, "long_text": "cut"}, "thresholds": {"global": 0.5}, "temperature": 1.0}
    tokenizer = SimpleNamespace(encode=lambda texts, **_: texts)
    run = Run(folder, record, task, tokenizer, None)
    object.__setattr__(
        run, "predict_encoded", lambda texts, **_: np.array([[int(c) / 10 for c in text[:3]] for text in texts])
    )
    with write_whole(folder / "weights.safetensors", binary=True) as stream:
        stream.write(b"x")
    return run


def test_the_most_probable_labels_are_given_whatever_the_threshold(tmp_path):
    run = make_run(tmp_path)
    (result,) = run.predict(["199"], top_k=2)
    assert [each["label"] for each in result["labels"]] == ["收购", "地震"]
    assert [(each["label"], each["probability"]) for each in result["top"]] == [("收购", 0.9), ("地震", 0.9)]
    (result,) = run.predict(["123"], top_k=99)
    assert result["labels"] == [] and [each["label"] for each in result["top"]] == ["地震", "收购", "裁员"]
    assert "top" not in run.predict(["123"])[0]
    (result,) = make_run(tmp_path, "multi_class").predict(["172"], top_k=1)
    assert result["label"] == "收购" and result["top"] == [{"label": "收购", "probability": 0.7}]


def test_entities_have_no_most_probable_labels(tmp_path):
    message = toy.refuse(make_run(tmp_path, "ner").predict, ["1"], top_k=2)
    assert "TOP_K = 2: ner" in message and "Leave it 0" in message


def test_rows_keep_their_columns_in_order_across_chunks(tmp_path):
    rows = [(f"{number:03d}", {"id": number}) for number in range(10)]
    results = list(label_rows(make_run(tmp_path), iter(rows), chunk_size=3))
    assert [(each["text"], each["id"]) for each in results] == [(text, kept["id"]) for text, kept in rows]
    assert list(results[0]) == ["text", "id", "labels"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".xlsx"])
def test_a_stopped_job_that_keeps_columns_goes_on_to_the_same_file(tmp_path, monkeypatch, ending):
    from zhlabel.cli.progress import Progress
    from zhlabel.inference import job

    monkeypatch.setattr(job, "CHUNK_TEXTS", 2)
    run, source = make_run(tmp_path), tmp_path / "in.txt"
    source.write_text("x")
    rows = [(f"{number:03d}", {"id": str(number)}) for number in range(7)]
    options = {"input_file": str(source), "kept": {"id": "text"}, "top_k": 1, "progress": Progress()}
    label_into_file(run, iter(rows), tmp_path / f"whole{ending}", **options)

    def stop():
        yield from rows[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label_into_file(run, stop(), tmp_path / f"cut{ending}", **options)
    told = []
    options["progress"] = SimpleNamespace(note=told.append, step=lambda *_: None, close=lambda: None)
    label_into_file(run, iter(rows), tmp_path / f"cut{ending}", **options)
    assert ("going on after 4" if ending != ".xlsx" else "can't be continued") in told[0]
    if ending == ".xlsx":
        assert read_sheet(tmp_path / "cut.xlsx") == read_sheet(tmp_path / "whole.xlsx")
    else:
        assert (tmp_path / f"cut{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()
    if ending == ".jsonl":
        first = json.loads((tmp_path / "cut.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert list(first) == ["text", "id", "labels", "top"]


def test_no_kept_column_can_pass_for_a_result():
    for form in RESULTS:
        assert set(Table(form, {}, True).columns) <= RESULT_NAMES
    assert "top" in RESULT_NAMES
