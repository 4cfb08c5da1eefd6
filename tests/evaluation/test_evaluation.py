"""evaluation.py: files that would flatter are refused, what is gone is noted, lengths and errors are counted."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import toy

from zhlabel.data.examples import Example
from zhlabel.errors import InputError
from zhlabel.evaluation import evaluate
from zhlabel.io.files import hash_file
from zhlabel.tasks import TASKS

NAMES = ("裁员", "收购")


def write_data(path, text="公司裁员"):
    path.write_text(f"label,content\n裁员,{text}\n", encoding="utf-8")
    return {"file": str(path), "sha256": hash_file(path)}


@pytest.mark.parametrize(
    ("parts", "words"), [(("train", "dev"), "chosen on it"), (("train",), "chosen on a share of it")]
)
def test_the_file_that_thresholds_come_from_is_refused(tmp_path, parts, words):
    data = {part: write_data(tmp_path / f"{part}.csv", part) for part in parts} | {"dev_texts": 1}
    run = "runs/a", toy.make_record(data=data, thresholds={"global": 0.4})
    with pytest.raises(InputError, match=words):
        evaluate.check_data_file(*run, "again.csv", data[parts[-1]]["sha256"])
    evaluate.check_data_file(*run, "other.csv", "0" * 64)


def test_without_thresholds_nothing_was_chosen_on_a_file(tmp_path):
    data = {"train": write_data(tmp_path / "train.csv"), "dev": write_data(tmp_path / "dev.csv", "别的")}
    run = "runs/a", toy.make_record(data=data, thresholds={})
    evaluate.check_data_file(*run, "dev.csv", data["dev"]["sha256"])


def test_training_data_are_read_as_long_as_they_are_what_they_were(tmp_path):
    notes, path = [], tmp_path / "train.csv"
    record = toy.make_record(data={"train": write_data(path)})
    run = SimpleNamespace(folder="runs/a", record=record, task=TASKS["multi_label"](NAMES))
    texts, gold = evaluate.read_training_data(run, note=notes.append)
    assert (texts, gold.tolist(), notes) == (["公司裁员"], [[True, False]], [])
    write_data(path, "改了")
    assert evaluate.read_training_data(run, note=notes.append) is None
    path.unlink()
    assert evaluate.read_training_data(run, note=notes.append) is None
    assert len(notes) == 2 and all("no baseline is learnt from it" in note for note in notes)


@pytest.mark.parametrize("lengths", [[2], [2, 2, 3], list(range(2, 500)), [2, 4096]])
def test_every_text_is_in_one_bar_of_the_lengths(lengths):
    bars = evaluate.count_lengths(np.array(lengths))
    edges = bars["edges"]
    assert len(edges) == len(bars["texts"]) + 1 <= 26 and np.ptp(np.diff(edges)) == 0
    expected = [sum(low <= length < high for length in lengths) for low, high in itertools.pairwise(edges)]
    assert bars["texts"] == expected and sum(expected) == len(lengths)


def test_the_page_lists_the_most_confident_errors_and_counts_all(monkeypatch):
    monkeypatch.setattr(evaluate, "_PAGE_ERRORS", 2)
    probabilities = np.array([[0.9, 0.1], [0.6, 0.3], [0.7, 0.02]])
    gold = np.array([[False, True], [False, False], [True, True]])
    examples = [Example(text, (), "a.csv", line) for line, text in enumerate("甲乙丙", 2)]
    everything = (examples, probabilities, probabilities >= 0.5, gold)
    evaluated = SimpleNamespace(run=SimpleNamespace(task=TASKS["multi_label"](NAMES)), everything=everything)
    rows, total = evaluate._take_most_confident(evaluated)
    assert total == 4 and [(row["text"], row["label"]) for row in rows] == [("丙", "收购"), ("甲", "裁员")]


def test_an_evaluation_that_is_stopped_does_not_pass_for_the_earlier_one(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    (tmp_path / "report.json").write_text("{}")
    monkeypatch.setattr(evaluate, "write_csv", stop)
    run = SimpleNamespace(task=TASKS["multi_label"](NAMES))
    gold = np.zeros((0, 2), bool)
    with pytest.raises(KeyboardInterrupt):
        everything = ([], np.zeros((0, 2)), gold, gold)
        evaluate.write_evaluation(tmp_path, SimpleNamespace(run=run, everything=everything), {}, "", None)
    assert not list(tmp_path.iterdir())


def test_the_peak_memory_is_that_of_this_process():
    assert 10 < evaluate.measure_peak_memory() < 100_000
