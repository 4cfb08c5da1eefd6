"""texts.py and writers.py: every text comes out as it went in, and a stopped job loses nothing."""

import csv
import errno
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import toy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy import refuse, save

from zhlabel.data.examples import read_examples
from zhlabel.data.layout import Layout
from zhlabel.data.texts import count_texts, read_standard_input, read_texts
from zhlabel.errors import InputError
from zhlabel.inference.writers import open_writer
from zhlabel.inference.writers import writer as writers

TEXTS = ["公司裁员", "", "nan", "NULL", "001", " 前后 ", "a\u2028b\x0bc\x85d", '他说"好"', "一,二"]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JOB = {"run": "runs/a-1"}


def to_csv(rows, delimiter=","):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def to_lines(items):
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


CONTENTS = {
    "a.txt": "\n".join(TEXTS) + "\n",
    "b.txt": "\r\n".join(TEXTS),
    "a.csv": to_csv([("id", "content"), *enumerate(TEXTS)]),
    "b.csv": to_csv([("text", "id"), *((text, 1) for text in TEXTS)]),
    "c.csv": to_csv([["正文"], *([text] for text in TEXTS)]),
    "d.csv": "content\n" + to_csv([[text] for text in TEXTS]).replace('""\r\n', "\r\n", 1),
    "a.tsv": "id\tcontent\n" + "".join(f"1\t{text}\n" for text in TEXTS),
    "e.csv": to_csv([("id", "text"), *enumerate(TEXTS)], "\t"),
    "a.jsonl": to_lines({"text": text, "label": []} for text in TEXTS),
    "b.jsonl": to_lines(TEXTS) + "\n\n",
    "a.json": json.dumps([{"content": text} for text in TEXTS], indent=1),
    "b.json": json.dumps(TEXTS),
    "c.json": "\n" + to_lines({"text": text} for text in TEXTS),
    "A.TXT": "\n".join(TEXTS) + "\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["", ".gz", ".xz"])
@pytest.mark.parametrize("name", CONTENTS)
def test_each_form_gives_the_texts_unchanged(tmp_path, name, ending, encoding):
    path = save(tmp_path / (name + ending), CONTENTS[name], encoding)
    assert list(read_texts(path)) == TEXTS
    assert count_texts(path) == len(TEXTS)


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.large_string(), pyarrow.dictionary("int32", "string")])
def test_parquet_gives_the_texts_unchanged_across_batches(tmp_path, kind):
    texts = TEXTS * 300
    column = pyarrow.array(texts, pyarrow.string()).cast(kind)
    for names in (["id", "content"], ["id", "text"]):
        table = pyarrow.table([list(range(len(texts))), column], names=names)
        pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=1000)
        assert list(read_texts(tmp_path / "a.parquet")) == texts


@pytest.mark.parametrize("name", ["a.csv", "b.csv", "a.tsv", "a.jsonl"])
def test_prediction_reads_the_same_texts_as_training(tmp_path, name):
    content = CONTENTS[name].replace("id", "label", 1)
    path = save(tmp_path / name, content)
    assert [example.text for example in read_examples(path)] == list(read_texts(path)) == TEXTS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(texts=st.lists(ANY_TEXT))
def test_any_text_survives_csv_and_json(tmp_path, texts):
    for name, content in (
        ("a.csv", to_csv([("n", "content"), *enumerate(texts)])),
        ("a.jsonl", to_lines(texts)),
        ("a.json", json.dumps(texts)),
    ):
        assert list(read_texts(save(tmp_path / name, content))) == texts


def test_the_last_line_end_makes_no_further_text(tmp_path):
    for content, texts in (
        ("", []),
        ("\n", [""]),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\n\n", ["a", ""]),
        ("a\r", ["a\r"]),
    ):
        assert list(read_texts(save(tmp_path / "a.txt", content))) == texts


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "content\n"), ("a.jsonl", ""), ("a.json", "[]"), ("a.csv", "")]
)
def test_a_file_without_texts_gives_none(tmp_path, name, content):
    assert list(read_texts(save(tmp_path / name, content))) == []


def test_content_goes_before_text_and_a_named_column_before_both(tmp_path):
    path = save(tmp_path / "a.csv", "text,content,正文\n1,2,3\n")
    notes = []
    assert list(read_texts(path, warn=notes.append)) == ["2"]
    told = f'{path}: texts are read from content; there is text, 正文 too: TEXT_COLUMN = "content,text,正文".'
    assert notes == [told]

    def read(name):
        return list(read_texts(path, layout=Layout(text_column=name), warn=notes.append))

    assert [read(name) for name in ("content", "TEXT", "正文", "text, 正文")] == [["2"], ["1"], ["3"], ["1\n3"]]
    assert notes == [told]
    message = refuse(read_texts, path, layout=Layout(text_column="text,contents"))
    assert 'the columns are text, content, 正文, and none of them is TEXT_COLUMN = "contents". The nearest' in message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,name\n1,x\n", "the columns are id, name, and none of them is content, text, sentence or"),
        ("a.csv", "content,content\n1,x\n", "more than one of them is content"),
        ("a.csv", "id;content\n1;x;y\n", "line 2: found 3 columns, expected 2"),
        ("a.csv", "\ncontent\n", "line 1: the header is empty"),
        ("a.csv", "id,content\r1,x\r2,y\r", 'line 1: lines end in a lone "\\r"'),
        ("a.csv", "content\rx\ry\n", "Save the file with \\n line ends."),
        ("a.tsv", "id\tcontent\r1\tx\r", 'line 1: lines end in a lone "\\r"'),
        ("a.csv", "长" * 200_000 + ",x\n1,2\n", "none of them is content, text"),
        ("a.csv", 'id,content\n1,"a\nb"\n2,x,y\n', "line 4: found 3 columns, expected 2 (id, content)."),
        ("a.csv", 'id,content\n1,a\n2,"never closed\n3,b\n', "line 3: the row that begins here is not valid CSV"),
        ("a.tsv", "id\tcontent\n1\ta\n2\n", "line 3: found 1 columns, expected 2 (id, content)."),
        ("a.jsonl", '{"text": "a"}\n\n{"text": \n', "line 3: not one JSON object"),
        ("a.jsonl", '{"name": "a", "id": 1}\n', "line 1: the columns are name, id, and none of them is content"),
        ("a.jsonl", '{"text": 1}\n', "line 1: found 1 where a text is expected"),
        ("a.jsonl", '"a"\nnull\n', "line 2: found null"),
        ("a.jsonl", '["a"]\n', 'line 1: found ["a"]'),
        ("a.jsonl", '"\\ud83d"\n', "line 1: the text holds half a character"),
        ("a.jsonl", "[" * 100_000, "line 1: not one JSON"),
        ("a.json", '["a",\n "b"', "line 2: the file ends where a comma"),
        ("a.json", '["a", {"text": null}]', "line 1 (item 2): found null"),
        ("a.txt", b"good\n\xff\xff\n", "line 2: the bytes are neither"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(tmp_path, name, content, message):
    text = refuse(read_texts, save(tmp_path / name, content))
    assert message in text and name in text


def test_a_bad_parquet_file_is_named(tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"] * 2000 + [None]}), path)
    assert "row 2001: found null where a text is expected" in refuse(read_texts, path)
    pyarrow.parquet.write_table(pyarrow.table({"text": [1]}), path)
    assert "row 1: found 1 where a text is expected" in refuse(read_texts, path)
    pyarrow.parquet.write_table(pyarrow.table({"a": ["x"], "b": ["x"]}), path)
    assert "the columns are a, b" in refuse(read_texts, path)
    path.write_bytes(b"PAR1 no more")
    assert "not a whole parquet file" in refuse(read_texts, path)


@pytest.mark.parametrize("name", ["a.doc", "a.parquet.gz", "a.xlsx.xz", "a", "a.gz"])
def test_an_unknown_ending_stops_at_the_call_and_lists_the_known(tmp_path, name):
    with pytest.raises(InputError, match=r"\.txt \.csv \.tsv \.json \.jsonl .*\.parquet"):
        read_texts(save(tmp_path / name, b""))


def test_a_missing_file_stops_at_the_call(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_texts(tmp_path / "a.txt")


def test_reading_is_lazy(tmp_path):
    texts = read_texts(save(tmp_path / "a.jsonl", '"a"\n"b"\nbad\n'))
    assert [next(texts), next(texts)] == ["a", "b"]
    with pytest.raises(InputError, match="line 3"):
        next(texts)


def test_the_csv_module_keeps_its_limit(tmp_path):
    assert list(read_texts(save(tmp_path / "a.csv", "content\n" + "长" * 200_000))) == ["长" * 200_000]
    assert list(read_texts(save(tmp_path / "b.csv", f"{'长' * 200_000},content\n1,x\n"))) == ["x"]
    assert csv.field_size_limit() == 131072  # Python's own; a test that came before may have left another


def test_standard_input_is_read_line_by_line():
    data = "\ufeff一\r\n\na\u2028b\x85\rc\n末".encode()
    expected = ["一", "", "a\u2028b\x85\rc", "末"]
    assert list(read_standard_input(io.BytesIO(data))) == expected
    assert list(read_standard_input(io.TextIOWrapper(io.BytesIO(data), "ascii"))) == expected
    assert list(read_standard_input(io.StringIO(data.decode()))) == expected
    with pytest.raises(InputError, match="standard input, line 2: the bytes are not UTF-8"):
        list(read_standard_input(io.BytesIO(b"a\n" + "裁员".encode("gbk"))))


RESULTS = {
    "labels": [
        {
            "text": 'a\r\n"b",|\n',
            "labels": [{"label": "裁员", "probability": 0.98765}, {"label": "b", "probability": 0.5}],
        },
        {"text": "", "labels": []},
    ],
    "label": [
        {"text": "一\r二", "label": "体育", "probability": 0.25},
        {"text": "", "label": "b", "probability": 1.0},
    ],
    "entities": [
        {"text": "张三", "entities": [{"start": 0, "end": 2, "type": "PER", "text": "张三", "probability": 0.5}]},
        {"text": "", "entities": []},
    ],
}
CSV_ROWS = {
    "labels": [["text", "labels", "probabilities"], ['a\r\n"b",|\n', "裁员|b", "0.9877|0.5000"], ["", "", ""]],
    "label": [["text", "label", "probability"], ["一\r二", "体育", "0.2500"], ["", "b", "1.0000"]],
    "entities": [
        ["text", "entities"],
        ["张三", json.dumps(RESULTS["entities"][0]["entities"], ensure_ascii=False)],
        ["", "[]"],
    ],
}


def write(path, results, form="labels", **options):
    with open_writer(path, form=form, job=JOB, **options) as writer:
        for result in results:
            writer.write([result])
        return writer


def read_back(path):
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".csv" in path.name:
        assert data.startswith("\ufeff".encode()) and data.count("\ufeff".encode()) == 1
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


@pytest.mark.parametrize("form", RESULTS)
@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet"])
def test_each_form_holds_each_task_and_nothing_else_is_left(tmp_path, form, ending):
    path = tmp_path / "new" / f"a{ending}"
    writer = write(path, RESULTS[form], form)
    assert (writer.done, writer.note) == (2, "")
    assert read_back(path) == (CSV_ROWS[form] if ".csv" in ending else RESULTS[form])
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet"])
def test_no_results_make_a_file_that_can_be_read(tmp_path, ending):
    write(tmp_path / f"a{ending}", [])
    assert read_back(tmp_path / f"a{ending}") == (CSV_ROWS["labels"][:1] if ".csv" in ending else [])


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_numpy_numbers_are_written_as_numbers(tmp_path, ending):
    result = {"text": "a", "labels": [{"label": "b", "probability": np.float32(0.5)}]}
    path = tmp_path / f"a{ending}"
    write(path, [result])
    assert read_back(path)[-1] == (["a", "b", "0.5000"] if ending == ".csv" else result)


def test_parquet_keeps_the_order_over_many_row_groups(tmp_path):
    results = [{"text": str(number), "label": "a", "probability": 0.5} for number in range(20_000)]
    with open_writer(tmp_path / "a.parquet", form="label", job=JOB) as writer:
        for start in range(0, len(results), 64):
            writer.write(results[start : start + 64])
    assert read_back(tmp_path / "a.parquet") == results
    assert pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".csv", ".parquet"])
def test_an_error_leaves_the_old_file_and_the_part(tmp_path, ending):
    path = save(tmp_path / f"a{ending}", b"old")
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), open_writer(path, form="labels", job=JOB) as writer:
        writer.write(RESULTS["labels"])
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert (tmp_path / f"a{ending}.part").exists()
    write(path, [])
    assert path.read_bytes() != before and os.listdir(tmp_path) == [path.name]


RACE = """
import sys
from zhlabel.inference.writers import open_writer
with open_writer(sys.argv[1], form="label", job={}) as writer:
    for number in range(3000):
        writer.write([{"text": str(number), "label": "a", "probability": 1.0}])
        if not number:
            print(flush=True)
            sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [".csv", ".jsonl.gz", ".parquet"])
def test_a_second_process_that_writes_one_file_is_refused_and_no_row_is_lost(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    command = [sys.executable, "-c", RACE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=toy.ROOT) as first:
        first.stdout.readline()
        second = subprocess.run(command, input=b"", capture_output=True, cwd=toy.ROOT, check=False)
        assert second.returncode and f"{path}: another process is writing it. Wait" in second.stderr.decode()
        first.stdin.close()
    assert first.returncode == 0 and os.listdir(tmp_path) == [path.name]
    rows = read_back(path)
    assert [row[0] if ending == ".csv" else row["text"] for row in rows][ending == ".csv" :] == list(
        map(str, range(3000))
    )


def stop_after(path, results, form="labels", job=None, **options):
    with pytest.raises(KeyboardInterrupt), open_writer(path, form=form, job=job or JOB, **options) as writer:
        writer.write(results)
        raise KeyboardInterrupt
    return Path(f"{path}.part")


@pytest.mark.parametrize("form", RESULTS)
@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_a_job_cut_at_any_byte_goes_on_to_the_same_file(tmp_path, monkeypatch, form, ending):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # the slow part, and nothing here depends on it
    source = save(tmp_path / "in.txt", "x")
    results, path, whole = RESULTS[form] * 2, tmp_path / f"a{ending}", tmp_path / f"whole{ending}"
    write(whole, results, form, input_file=source)
    part = stop_after(path, results, form, input_file=source)
    record, seen = Path(f"{part}.json").read_bytes(), set()
    assert part.read_bytes() == whole.read_bytes()
    for length in range(len(whole.read_bytes()) + 1):
        part.write_bytes(whole.read_bytes()[:length])
        Path(f"{part}.json").write_bytes(record)
        with open_writer(path, form=form, job=JOB, input_file=source) as writer:
            assert bool(writer.note) == bool(writer.done) and writer.resumable
            seen.add(writer.done)
            writer.write(results[writer.done :])
        assert path.read_bytes() == whole.read_bytes()
    assert seen == {0, 1, 2, 3, 4}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    texts=st.lists(ANY_TEXT, min_size=1, max_size=4), share=st.floats(0, 1), ending=st.sampled_from([".csv", ".jsonl"])
)
def test_any_texts_cut_anywhere_go_on_to_the_same_file(tmp_path, texts, share, ending):
    source, path = save(tmp_path / "in.txt", "x"), tmp_path / f"a{ending}"
    results = [{"text": text, "label": text[:3], "probability": 0.5} for text in texts]
    part = stop_after(path, results, "label", input_file=source)
    whole = part.read_bytes()
    os.truncate(part, int(len(whole) * share))
    with open_writer(path, form="label", job=JOB, input_file=source) as writer:
        writer.write(results[writer.done :])
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"job": {"run": "runs/b-1"}}, r"another job \(run differ"),
        ({"job": {**JOB, "threshold": 0.3}}, r"another job \(threshold differ"),
        ({"form": "entities"}, r"another job \(form differ"),
        ({"input": "y"}, r"another job \(input differ"),
        ({"record": "{"}, "a.jsonl.part.json, which says what it belongs to, is missing or damaged"),
        ({"record": None}, "missing or damaged"),
        ({"input_file": ""}, "a job whose texts come from no file can't be continued"),
    ],
)
def test_another_job_starts_again_and_says_why(tmp_path, change, reason):
    source, path = save(tmp_path / "in.txt", "x"), tmp_path / "a.jsonl"
    part = stop_after(path, RESULTS["labels"], input_file=source)
    if "input" in change:
        save(source, change["input"])
    if "record" in change:
        Path(f"{part}.json").unlink() if change["record"] is None else Path(f"{part}.json").write_text("{")
    options = {"form": "labels", "job": JOB, "input_file": source}
    options.update({key: change[key] for key in ("form", "job", "input_file") if key in change})
    with open_writer(path, **options) as writer:
        assert writer.done == 0 and part.stat().st_size == 0
        assert writer.resumable == ("input_file" not in change)
        assert re.search(reason, writer.note) and "all texts are done again" in writer.note
    assert read_back(path) == []


def test_half_a_record_is_cut_off_even_when_nothing_follows(tmp_path):
    source, path = save(tmp_path / "in.txt", "x"), tmp_path / "a.csv"
    part = stop_after(path, RESULTS["labels"], input_file=source)
    whole = part.read_bytes()
    part.write_bytes(whole + b'"half\r\nof a long record')
    write(path, [], input_file=source)
    assert path.read_bytes() == whole


def test_the_old_rows_are_gone_before_the_new_job_is_recorded(tmp_path, monkeypatch):
    source, path = save(tmp_path / "in.txt", "x"), tmp_path / "a.jsonl"
    part = stop_after(path, RESULTS["labels"], input_file=source)

    def die(record):
        assert not part.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(writers, "write_whole", die)
    with pytest.raises(KeyboardInterrupt):
        write(path, [], form="entities", input_file=source)


def test_gz_output_does_not_depend_on_the_clock(tmp_path):
    write(tmp_path / "a.jsonl.gz", RESULTS["labels"])
    assert (tmp_path / "a.jsonl.gz").read_bytes()[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("ending", [".parquet", ".jsonl.gz", ".csv.gz"])
def test_parquet_and_gz_start_again_and_say_so(tmp_path, ending):
    source, path = save(tmp_path / "in.txt", "x"), tmp_path / f"a{ending}"
    stop_after(path, RESULTS["labels"], input_file=source)
    writer = write(path, RESULTS["labels"], input_file=source)
    assert "output can't be continued; all texts are done again" in writer.note and not writer.resumable
    assert len(read_back(path)) == (3 if ".csv" in ending else 2)


KILLED = """
import os, signal, sys
from zhlabel.inference.writers import open_writer
with open_writer(sys.argv[1], form="label", job={"run": "runs/a-1"}, input_file=sys.argv[2]) as writer:
    for number in range(100):
        writer.write([{"text": str(number), "label": "a", "probability": 0.5}])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_nothing_it_had_written(tmp_path):
    source, path = save(tmp_path / "in.txt", "x"), tmp_path / "a.jsonl"
    command = [sys.executable, "-c", KILLED, str(path), str(source)]
    assert subprocess.run(command, cwd=toy.ROOT, timeout=30).returncode == -signal.SIGKILL
    with open_writer(path, form="label", job=JOB, input_file=source) as writer:
        assert (writer.done, writer.note) == (100, f"{path}.part: going on after 100 texts.")
    assert [each["text"] for each in read_back(path)] == [str(number) for number in range(100)]


def test_the_output_may_not_be_the_input_under_any_name(tmp_path):
    source = save(tmp_path / "in.csv", "content\n")
    os.link(source, tmp_path / "link.csv")
    for path in (source, tmp_path / "x" / ".." / "in.csv", tmp_path / "link.csv"):
        with pytest.raises(InputError, match="is the input file"):
            write(path, [], input_file=source)
    assert source.read_text() == "content\n"


def test_an_output_that_cannot_be_is_refused(tmp_path):
    for name in ("a.xls", "a.json", "a.parquet.gz", "a"):
        with pytest.raises(InputError, match=r"\.csv \.jsonl \.parquet \.xlsx \.csv\.gz \.jsonl\.gz"):
            write(tmp_path / name, [])
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write(tmp_path / "folder.csv", [])
    save(tmp_path / "file", "")
    with pytest.raises(InputError, match="can't be written"):
        write(tmp_path / "file" / "a.csv", [])
    with pytest.raises(InputError, match=r"absent\.txt can't be read"):
        write(tmp_path / "a.csv", [], input_file=tmp_path / "absent.txt")


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_a_full_disk_is_told_and_the_part_stays(tmp_path, monkeypatch, ending):
    def fail(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / f"a{ending}"
    with (
        pytest.raises(InputError, match="can't be written: No space left"),
        open_writer(path, form="entities", job=JOB) as writer,
    ):
        writer.write(RESULTS["entities"])
        monkeypatch.setattr(os, "fsync", fail)
    assert not path.exists() and Path(f"{path}.part").exists()


def test_a_label_with_the_joining_sign_is_refused_in_csv_alone(tmp_path):
    results = [{"text": "a", "labels": [{"label": "b|c", "probability": 0.5}]}]
    with pytest.raises(InputError, match=r'the label "b\|c" holds'):
        write(tmp_path / "a.csv", results)
    write(tmp_path / "a.jsonl", results)
    assert read_back(tmp_path / "a.jsonl") == results
