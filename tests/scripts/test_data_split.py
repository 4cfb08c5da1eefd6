"""data_split.py: files to train on and to validate on, as a user calls it."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.data import split_files
from zhlabel.data.entities import read_entity_examples
from zhlabel.data.examples import Example, read_examples
from zhlabel.data.label_cells import NO_LABELS
from zhlabel.data.layout import Layout
from zhlabel.errors import InputError
from zhlabel.io.files import write_whole

REPOSITORY = toy.ROOT
NAMES = ("裁员", "收购", "地震")
ROWS = [(NAMES[i % 3] + ("|上市" if i % 4 == 0 else ""), f"第{i}条") for i in range(54)]
ROWS += [("", f"第{i}条") for i in range(54, 60)]
SOURCES = ("ours", "theirs")


@pytest.fixture
def script(tmp_path, monkeypatch):
    """The script as a module, in an empty folder."""
    monkeypatch.syspath_prepend(str(REPOSITORY))
    monkeypatch.chdir(tmp_path)
    return __import__("data_split")


def write_rows(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("label", "content"), *rows])


def split(script, *sources, task="multi_label", parts="4:1:1", seed=1, out_folder="out", **layout):
    options = {**vars(Layout()), **layout}
    script.main(SimpleNamespace(sources=sources, task=task, parts=parts, seed=seed, out_folder=out_folder, **options))


def read_rows(name):
    return [("|".join(example.labels), example.text) for example in read_examples(f"out/{name}")]


def list_files():
    return sorted(path.name for path in Path("out").glob("*"))


def call(folder, *arguments):
    command = [sys.executable, str(REPOSITORY / "data_split.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_command_writes_and_shows_three_files_and_never_overwrites_one(tmp_path):
    write_rows(tmp_path / "a.csv", ROWS)
    done = call(tmp_path, "--sources", "a.csv", "--out-folder", "out")
    assert done.returncode == 0, done.stderr
    table = [line.split() for line in done.stdout.splitlines()]
    assert ["a.csv", "train.csv", "dev.csv", "test.csv"] in table
    assert ["裁员", "18", "12", "0.667", "3", "0.167", "3", "0.167"] in table
    assert ["(no", "label)", "6", "4", "0.667", "1", "0.167", "1", "0.167"] in table
    assert ["texts", "60", "40", "0.667", "10", "0.167", "10", "0.167"] in table
    assert "--train-file out/train.csv --dev-file out/dev.csv" in done.stdout
    assert (tmp_path / "out/dev.csv").read_bytes().startswith("\ufefflabel,content".encode()), "Excel asks for a BOM"

    (tmp_path / "out/train.csv").unlink()
    before = (tmp_path / "out/dev.csv").read_bytes()
    done = call(tmp_path, "--sources", "a.csv", "--out-folder", "out", "--seed", "2")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "out/dev.csv, out/test.csv: there already, and never overwritten" in done.stderr
    assert (tmp_path / "out/dev.csv").read_bytes() == before and not (tmp_path / "out/train.csv").exists()


def test_every_text_is_in_one_file_with_its_labels(script):
    write_rows("a.csv", ROWS)
    split(script, "a.csv")
    rows = [read_rows(f"{part}.csv") for part in ("train", "dev", "test")]
    assert sorted(row for part in rows for row in part) == sorted(ROWS)
    assert all(part == sorted(part, key=ROWS.index) for part in rows), "the order is the source's"


def test_the_seed_alone_decides(script):
    write_rows("a.csv", ROWS)
    for folder, seed in (("one", 5), ("two", 5), ("three", 6)):
        split(script, "a.csv", seed=seed, out_folder=folder)
    one, two, three = (Path(folder, "dev.csv").read_bytes() for folder in ("one", "two", "three"))
    assert one == two != three


def test_two_parts_are_train_and_dev(script):
    write_rows("a.csv", ROWS)
    split(script, "a.csv", parts="9:1")
    assert list_files() == ["dev.csv", "train.csv"] and 5 <= len(read_rows("dev.csv")) <= 7


def test_a_repeated_text_is_in_one_part_and_said(script, capsys):
    repeated = [("裁员", "同一条"), ("收购", " 同一条"), ("裁员", "同一条\u3000")]
    write_rows("a.csv", [*ROWS, *repeated, ROWS[0]])
    split(script, "a.csv")
    found = [[row for row in read_rows(f"{part}.csv") if "同一条" in row[1]] for part in ("train", "dev", "test")]
    assert sorted(found, key=len) == [[], [], repeated]
    assert "a.csv: 64 texts, 61 different ones" in (out := capsys.readouterr().out)
    assert "of 1 the labels differ between occurrences" in out


def test_a_label_that_a_file_lacks_is_named(script, capsys):
    write_rows("a.csv", [*ROWS, ("罕见", "只有一条")])
    split(script, "a.csv")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    lacking = [name for name in ("train", "dev", "test") if f"note: {name}.csv has no text of 1 of the 5" in str(lines)]
    assert len(lines) == len(lacking) == 2 and all(": 罕见" in line for line in lines)


def write_two_sources():
    """Both have 0..39; ours alone 40..49, theirs alone 50..69, which the other would label otherwise."""
    write_rows("ours.csv", [(NAMES[i % 3], f"第{i}条") for i in range(50)])
    write_rows("theirs.csv", [(NAMES[(i + i % 2) % 3], f"第{i}条") for i in [*range(40), *range(50, 70)]])


def test_two_sources_give_each_training_texts_and_a_dev_file_with_its_own_labels(script, capsys):
    write_two_sources()
    split(script, "ours.csv", "theirs.csv")
    assert list_files() == ["dev.ours.csv", "dev.theirs.csv", "train.ours.csv", "train.theirs.csv"]
    sources = {name: {example.text: example.labels for example in read_examples(f"{name}.csv")} for name in SOURCES}
    files = {name: read_examples(f"out/{name}") for name in list_files()}
    for name, examples in files.items():
        assert all(example.labels == sources[name.split(".")[1]][example.text] for example in examples)
    texts = {name: {example.text for example in examples} for name, examples in files.items()}
    assert not texts["dev.ours.csv"] & texts["dev.theirs.csv"]
    validating = texts["dev.ours.csv"] | texts["dev.theirs.csv"]
    for name in SOURCES:
        assert texts[f"train.{name}.csv"] == set(sources[name]) - validating

    out = capsys.readouterr().out
    assert "both have 40 texts, 20 of them with the same labels; only ours.csv has 10, only theirs.csv has 20" in out
    common, ours, theirs = (
        len(f(texts["train.ours.csv"], texts["train.theirs.csv"]))
        for f in (set.intersection, set.difference, lambda a, b: b - a)
    )
    assert f"{common} texts are in both training files, {ours} in train.ours.csv alone and {theirs} in train" in out
    lost = len(texts["dev.ours.csv"] & set(sources["theirs"]))
    assert ("in dev.ours.csv, so train.theirs.csv lacks them" in out) == (lost > 0)
    assert '--train-file out/train.ours.csv --dev-file ""' in out
    cells = out.split(" texts  ")[1].split("\n")[0].split()
    counts = [len(files[f"{part}.{name}.csv"]) for part in ("train", "dev") for name in SOURCES]
    pairs = [[str(count), f"{count / total:.3f}"] for count, total in zip(counts, (50, 60, 50, 60), strict=True)]
    assert cells == ["50", "60", *(cell for pair in pairs for cell in pair)]


def test_what_validates_one_source_alone_is_counted_for_the_other(script, capsys):
    for name in SOURCES:
        write_rows(f"{name}.csv", ROWS)
    split(script, "ours.csv", "theirs.csv")
    out = capsys.readouterr().out
    for own, other in (SOURCES, SOURCES[::-1]):
        lost = len(read_rows(f"dev.{own}.csv"))
        assert 9 <= lost <= 11
        assert f"{lost} texts that both sources have are in dev.{own}.csv, so train.{other}.csv lacks them" in out


def test_a_label_of_one_source_alone_asks_for_a_label_file(script, capsys):
    write_rows("ours.csv", ROWS[:54])
    write_rows("theirs.csv", [(label.replace("裁员", "解雇"), text) for label, text in ROWS[:54]])
    split(script, "ours.csv", "theirs.csv")
    out = capsys.readouterr().out
    assert "note: train.ours.csv has no text of 1 of the 5 labels: 解雇; a run of it knows them only if a LABEL_" in out
    assert "note: dev.ours.csv has no text of 1 of the 5 labels: 解雇\n" in out


def test_entities_are_kept_as_json_lines_by_type(script):
    texts = [f"{i}号{city}市" for i in range(27) for city in ("上海", "北京")]
    kinds = ["LOC", "ORG", "TIME"]
    items = [
        {"text": text, "entities": [{"start": text.index("号") + 1, "end": len(text), "type": kinds[i % 3]}]}
        for i, text in enumerate(texts)
    ]
    Path("a.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    split(script, "a.jsonl", task="ner")
    assert list_files() == ["dev.jsonl", "test.jsonl", "train.jsonl"]
    found = {}
    for name, count in (("train", 12), ("dev", 3), ("test", 3)):
        examples = read_entity_examples(f"out/{name}.jsonl")
        found |= {example.text: example.entities for example in examples}
        assert [sum(each.labels == (kind,) for each in examples) for kind in kinds] == [count] * 3
    assert found == {example.text: example.entities for example in read_entity_examples("a.jsonl")}


def test_two_sources_of_entities_agree_where_borders_and_types_do(script, capsys):
    for name, end in (("ours", 2), ("theirs", 3)):
        items = [
            {"text": f"北京市{i}", "entities": [{"start": 0, "end": end if i % 3 else 1, "type": "LOC"}]}
            for i in range(12)
        ]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    split(script, "ours.jsonl", "theirs.jsonl", task="ner")
    assert "both have 12 texts, 4 of them with the same labels" in capsys.readouterr().out
    assert list_files() == ["dev.ours.jsonl", "dev.theirs.jsonl", "train.ours.jsonl", "train.theirs.jsonl"]


def test_one_label_a_text_is_asked_of_multi_class(script):
    write_rows("a.csv", ROWS)
    with pytest.raises(InputError, match=r"a\.csv, line 2: .* looks like several labels joined by \"\|\""):
        split(script, "a.csv", task="multi_class")
    write_rows("a.csv", [(label.split("|")[0], text) for label, text in ROWS[:54]])
    split(script, "a.csv", task="multi_class")
    assert len(read_rows("train.csv")) == 36


NAME = st.text(st.sampled_from("a|,/#、[]'\" b") | st.characters(codec="utf-8"), min_size=1)


@given(
    st.lists(
        st.tuples(
            st.lists(NAME.filter(lambda name: name.strip() not in NO_LABELS), max_size=2),
            st.text(st.sampled_from('a,"\r\n\t| \u2028\ufeff裁') | st.characters(codec="utf-8")),
        ),
        min_size=1,
    )
)
def test_any_text_comes_back_from_a_written_file(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    rows = [(tuple(dict.fromkeys(name.strip() for name in names)), text) for names, text in rows]
    with write_whole(path) as stream:
        split_files.write_examples(stream, [Example(text, names, "a", 1) for names, text in rows], in_json=False)
    assert [(example.labels, example.text) for example in read_examples(path)] == rows


@pytest.mark.parametrize("parts", ["4;1", "0:1", "-1:2", "4", "4:1:1:1", "a:b", "", "nan:1", "inf:1", "4:"])
def test_wrong_parts_are_refused(script, parts):
    write_rows("a.csv", ROWS)
    with pytest.raises(InputError, match=rf"--parts {parts}: expected two or three numbers above 0.*such as 9:1"):
        split(script, "a.csv", parts=parts)


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        ((), {}, "found 0 files, expected one, or two"),
        (("a.csv", "a.csv", "a.csv"), {}, "found 3 files, expected one, or two"),
        (("a.csv", "b.csv"), {"parts": "9:1"}, "--parts 9:1: two sources make three parts"),
        (("a.csv", "b/A.csv.gz"), {}, "both are called A.*Rename one"),
        (("a.csv",), {"out_folder": "a.csv"}, "--out-folder a.csv is a file"),
        (("a.csv",), {"out_folder": "a.csv/b"}, "a.csv/b can't be written"),
        (
            ("empty.csv",),
            {},
            r"empty\.csv holds no example.*\n.*data_split\.py --task multi_label --sources data/train",
        ),
        (("none.csv",), {}, r"none\.csv: there is no such file"),
        (("one.csv",), {}, "1 different texts can't be divided into 3 parts"),
        (("same.csv",), {"parts": "1:1"}, "1 different texts can't be divided into 2 parts"),
        (("one.csv", "same.csv"), {}, "would hold no text, so nothing was written. Give more texts"),
        (("a.csv",), {"task": "ner"}, "labelled texts, not entities"),
    ],
)
def test_what_can_not_be_divided_is_refused_and_nothing_written(script, sources, options, message):
    write_rows("a.csv", ROWS)
    write_rows("b.csv", ROWS)
    write_rows("one.csv", ROWS[:1])
    write_rows("same.csv", [("裁员", "同一条")] * 9)
    Path("empty.csv").write_text("")
    with pytest.raises(InputError, match=message):
        split(script, *sources, **options)
    assert list_files() == []


def test_a_failure_while_writing_leaves_no_file(script, monkeypatch):
    write_rows("a.csv", ROWS)
    write, done = split_files.write_examples, []

    def fail_at_the_third(*arguments, **options):
        done.append(write(*arguments, **options))
        if len(done) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(split_files, "write_examples", fail_at_the_third)
    with pytest.raises(InputError, match="--out-folder out can't be written: No space left"):
        split(script, "a.csv")
    assert list_files() == []


def test_help_and_wrong_flags(tmp_path):
    done = call(tmp_path, "--help")
    assert done.returncode == 0 and 'PARTS = "4:1:1"  # ' in done.stdout and "LIMITS" not in done.stdout
    done = call(tmp_path, "--part", "4:1", "--task", "labels")
    assert done.returncode == 2 and "the nearest is --parts" in done.stderr and "--task labels" in done.stderr


def test_a_second_one_into_the_same_folder_ends_before_it_reads(script, capsys):
    with toy.hold_elsewhere("out"), pytest.raises(InputError, match="out: another process is writing it"):
        split(script, "absent.csv")
    assert capsys.readouterr().out == ""
