"""data_check.py and zhlabel.check: exit codes, files, sample, refusals."""

import json

import pytest
import toy
from toy_commands import ROWS, make_folder, refuse_script, run_script, write_rows

import zhlabel
from zhlabel.errors import InputError

TOY = ("--checkpoint", "toy", "--max-length", "24")
PAIRS = [("公司宣布裁员", ["裁员"]), ("公司宣布裁员", ["收购"])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("check"))


def test_the_report_is_printed_and_written_as_text_json_and_page(folder):
    files = ("--train-file", "train.csv", "--dev-file", "dev.csv", "--test-file", "test.csv", "--out-folder", "out")
    done = run_script(folder, "data_check.py", *files, *TOY)
    assert done.code == 0 and done.errors == ""
    text = (folder / "out/report.txt").read_text(encoding="utf-8")
    assert text in done.out.replace("\r", "") and "The same as a page: out/report.html" in done.out
    report = json.loads((folder / "out/report.json").read_text(encoding="utf-8"))
    assert list(report["parts"]) == ["train", "dev", "test"] and report["parts"]["train"]["texts"] == 18
    kinds = {each["kind"] for each in report["findings"]}
    assert {"small_dev", "repeated_texts", "unlabelled_texts"} <= kinds
    assert (folder / "out/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert all(each["summary"] in text and each["next_step"] in text for each in report["findings"])


def test_strict_ends_with_one_where_something_needs_attention_and_with_nought_where_not(folder, tmp_path):
    wrong = run_script(folder, "data_check.py", "--train-file", "train.csv", "--strict", "true", *TOY)
    assert wrong.code == 1 and "Needs attention: " in wrong.out and wrong.errors == ""
    rows = [(label, f"{text}{one}{other}") for label, text in ROWS for one in "一二三年" for other in "大学公司月北"]
    write_rows(tmp_path / "train.csv", rows[::2])
    write_rows(tmp_path / "dev.csv", [*rows[1::2], *((label, f"{text}！") for label, text in rows[1::2])])
    files = ("--train-file", tmp_path / "train.csv", "--dev-file", tmp_path / "dev.csv")
    right = run_script(folder, "data_check.py", *files, "--strict", "true", *TOY)
    assert right.code == 0 and "Needs attention: nothing" in right.out, right.out


def test_what_cant_be_read_ends_with_two_and_names_the_place(folder):
    (folder / "broken.csv").write_text("label,content\n裁员\n", encoding="utf-8")
    assert "broken.csv, line 2" in refuse_script(folder, "data_check.py", "--train-file", "broken.csv", *TOY)
    assert "no such folder" in refuse_script(folder, "data_check.py", "--train-file", "train.csv", "--checkpoint", "no")
    message = refuse_script(folder, "data_check.py", "--train-file", "train.csv", *TOY[:2], "--max-length", "99")
    assert "knows only 40 positions" in message


def test_for_the_sample_its_dev_and_test_files_are_taken_and_little_in_it_needs_attention(monkeypatch):
    monkeypatch.chdir(toy.ROOT)
    for task, train in (("multi_label", "train.csv"), ("multi_class", "class.train.csv"), ("ner", "ner.train.bio")):
        check = zhlabel.check(f"data/{train}", task=task)
        assert list(check.report["parts"]) == ["train", "dev", "test"]
        serious = [each["kind"] for each in check.report["findings"] if each["is_serious"]]
        assert serious == (["small_dev"] if task == "multi_class" else [])  # of 97 texts, where 100 are enough


def test_texts_in_memory_are_checked(folder, monkeypatch):
    monkeypatch.chdir(folder)
    check = zhlabel.check(PAIRS, PAIRS, checkpoint="toy", max_length=24)
    found = {each["kind"]: each["summary"] for each in check.report["findings"]}
    assert found["conflicting_texts"].startswith("1 of 1 texts are labelled in more than one way, in 4 rows")
    assert check.needs_attention == sum(each["is_serious"] for each in check.report["findings"]) == 4
    with pytest.raises(InputError, match="task='nothing'"):
        zhlabel.check("train.csv", task="nothing", checkpoint="toy")


def test_what_the_reader_tells_is_in_the_report(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "odd.bio").write_text("公 I-ORG\n司 I-ORG\n", encoding="utf-8")
    check = zhlabel.check("odd.bio", task="ner", checkpoint="toy", max_length=24)
    assert check.text.startswith("note: odd.bio: illegal tags: 1.") and "odd.bio: illegal" in check.report["notes"][0]
