"""comparison.py: figures are the reports', p that of significance.py, Holm's that of statsmodels."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import toy
from statsmodels.stats.multitest import multipletests

from zhlabel.errors import InputError
from zhlabel.evaluation.compare import (
    check_tasks,
    claim_comparison_folder,
    compare_evaluations,
    read_evaluations,
    write_comparison,
)
from zhlabel.evaluation.compare_text import format_comparison
from zhlabel.io.json import write_json
from zhlabel.metrics.classification import score_multi_label
from zhlabel.metrics.outcomes import count_label_outcomes, write_outcomes
from zhlabel.metrics.significance import compare_outcomes

FIGURES = ["micro f1-score", "accuracy", "macro f1-score", "hamming_loss"]
NAMES = ("裁员", "起诉", "上市")
A, B = "data/新闻.csv", "data/法律.csv"


def make_gold(file=A, texts=60):
    return np.random.default_rng([A, B].index(file)).random((texts, 3)) < 0.4


def make_evaluation(run, file=A, *, errors=0.2, seed=1, order=(0, 1, 2), names=NAMES, texts=60, **changes):
    """Return the report and the outcomes of a run that has this share of cells wrong."""
    gold = make_gold(file, texts)[:, order]
    decided = gold ^ (np.random.default_rng(seed).random(gold.shape) < errors)[:, order]
    names = [names[place] for place in order]
    scores = score_multi_label(decided, gold, names)
    report = {
        "run": run,
        "task": "multi_label",
        "data": {"file": file, "sha256": f"hash of {file}", "texts": texts, "train_file": f"data/{run[-1]}.train.csv"},
        **scores,
        "intervals": {name: [0.25, 0.75] for name in reversed(FIGURES)},
        "parameters": {"all": 2_306_862, "trainable": 4_382},
        "size_mib": 8.81,
        "texts_per_second": 164.4,
        "peak_memory_mib": 700.2,
        "thresholds": {"global": 0.41},
        **changes,
    }
    return report, count_label_outcomes(decided, gold, names)


def make_three():
    """Three runs on two files, the last run on the first file alone."""
    shares = {"runs/a": 0.2, "runs/b": 0.1, "runs/c": 0.3}
    evaluations = [
        make_evaluation(run, file, errors=share, seed=place)
        for file in (A, B)
        for place, (run, share) in enumerate(shares.items())
    ]
    return evaluations[:-1]


def test_the_figures_are_those_of_the_reports():
    evaluations = make_three()
    comparison = compare_evaluations(evaluations)
    assert [file["file"] for file in comparison["files"]] == [A, B]
    assert [list(file["runs"]) for file in comparison["files"]] == [
        ["runs/a", "runs/b", "runs/c"],
        ["runs/a", "runs/b"],
    ]
    report, row = evaluations[3][0], comparison["files"][1]["runs"]["runs/a"]
    assert {name: figure["value"] for name, figure in row["figures"].items()} == {
        "micro f1-score": report["micro avg"]["f1-score"],
        "accuracy": report["accuracy"],
        "macro f1-score": report["macro avg"]["f1-score"],
        "hamming_loss": report["hamming_loss"],
    }
    assert row["figures"]["accuracy"]["low"] == 0.25 and row["figures"]["accuracy"]["high"] == 0.75
    for key in ("parameters", "size_mib", "texts_per_second", "peak_memory_mib", "thresholds"):
        assert row[key] == report[key]
    assert json.loads(json.dumps(comparison)) == comparison


def test_each_pair_on_a_file_is_tested_on_its_outcomes():
    evaluations = make_three()
    first_file, second_file = compare_evaluations(evaluations)["files"]
    pairs = [(pair["first"][-1], pair["second"][-1]) for pair in first_file["pairs"]]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    (pair,) = second_file["pairs"]
    expected = compare_outcomes(evaluations[3][1], evaluations[4][1], figures=FIGURES)
    for name in FIGURES:
        found = {key: value for key, value in pair["figures"][name].items() if key != "p_holm"}
        assert found == expected[name]


def test_p_is_corrected_over_all_pairs_on_all_files_as_statsmodels_does():
    files = compare_evaluations(make_three())["files"]
    for name in FIGURES:
        tests = [pair["figures"][name] for file in files for pair in file["pairs"]]
        expected = multipletests([test["p"] for test in tests], method="holm")[1]
        assert len(tests) == 4 and [test["p_holm"] for test in tests] == pytest.approx(expected)


def test_one_comparison_is_not_corrected():
    (file,) = compare_evaluations([make_evaluation("runs/a"), make_evaluation("runs/b", seed=2)])["files"]
    assert all(test["p_holm"] == test["p"] for test in file["pairs"][0]["figures"].values())


def test_of_more_than_five_runs_the_first_is_tested_against_each():
    runs = [make_evaluation(f"runs/{number}", seed=number, texts=8) for number in range(6)]
    for count, pairs in ((1, 0), (5, 10), (6, 5)):
        (file,) = compare_evaluations(runs[:count])["files"]
        assert len(file["pairs"]) == pairs
    assert {pair["first"] for pair in file["pairs"]} == {"runs/0"}


def test_the_matrix_crosses_what_runs_were_trained_on_with_the_files():
    evaluations = make_three()
    matrix = compare_evaluations(evaluations)["matrix"]
    scores = [report["micro avg"]["f1-score"] for report, _ in evaluations]
    assert [row["values"] for row in matrix] == [[scores[0], scores[3]], [scores[1], scores[4]], [scores[2], None]]
    assert [row["trained_on"] for row in matrix] == ["data/a.train.csv", "data/b.train.csv", "data/c.train.csv"]


def test_figures_are_those_that_the_task_has_the_headline_first():
    intervals = {"macro f1-score": [0.25, 0.75], "accuracy": [0.25, 0.75]}  # as of multi_class
    evaluations = [make_evaluation("runs/a", intervals=intervals)]
    comparison = compare_evaluations(evaluations)
    assert comparison["figures"] == ["accuracy", "macro f1-score"]
    assert comparison["matrix"][0]["values"] == [evaluations[0][0]["accuracy"]]


def test_runs_that_decide_alike_show_no_difference():
    comparison = compare_evaluations([make_evaluation("runs/a"), make_evaluation("runs/b")])
    tests = comparison["files"][0]["pairs"][0]["figures"].values()
    assert [(test["difference"], test["p"], test["p_holm"]) for test in tests] == [(0, 1, 1)] * 4


def test_the_order_of_a_runs_labels_changes_nothing():
    first = make_evaluation("runs/a")
    straight, turned = (make_evaluation("runs/b", seed=2, order=order) for order in ((0, 1, 2), (2, 0, 1)))
    assert turned[1].names != straight[1].names
    assert [compare_evaluations([first, other])["notes"] for other in (straight, turned)] == [[], []]
    pairs = [compare_evaluations([first, other])["files"][0]["pairs"] for other in (straight, turned)]
    assert pairs[0] == pairs[1]


def test_of_runs_that_know_different_labels_what_depends_on_their_number_is_left_out():
    runs = [make_evaluation("runs/a"), make_evaluation("runs/b", seed=2, names=("裁员", "起诉", "融资"))]
    comparison = compare_evaluations(runs)
    assert comparison["figures"] == ["micro f1-score", "accuracy"]
    (file,) = comparison["files"]
    assert list(file["runs"]["runs/a"]["figures"]) == list(file["pairs"][0]["figures"]) == comparison["figures"]
    (note,) = comparison["notes"]
    assert "runs/a 3, runs/b 3; not known to all: 上市, 融资" in note


def test_different_numbers_of_texts_of_one_file_are_refused():
    with pytest.raises(InputError, match=r"60 with runs/a, 59 with runs/b\. Evaluate anew: .* --run runs/a,runs/b"):
        compare_evaluations([make_evaluation("runs/a"), make_evaluation("runs/b", texts=59)])


def test_a_comparison_is_the_same_each_time():
    one, again = (compare_evaluations(make_three()) for _ in range(2))
    assert one == again and format_comparison(one) == format_comparison(again)


def test_what_was_evaluated_twice_counts_once():
    comparison = compare_evaluations([make_evaluation("runs/a"), make_evaluation("runs/a", seed=2)])
    (file,) = comparison["files"]
    assert file["pairs"] == [] and len(file["runs"]) == 1


def write_evaluations(folder, evaluations):
    targets = [folder / str(place) for place in range(len(evaluations))]
    for target, (report, outcomes) in zip(targets, evaluations, strict=True):
        write_json(report, target / "report.json")
        write_outcomes(outcomes, target / "outcomes.npz")
    return targets


def test_evaluations_are_read_from_their_folders(tmp_path):
    evaluations = make_three()
    read = read_evaluations(write_evaluations(tmp_path, evaluations))
    assert compare_evaluations(read) == compare_evaluations(evaluations)


def test_an_evaluation_without_outcomes_is_refused_with_what_to_do(tmp_path):
    (target,) = write_evaluations(tmp_path, [make_evaluation("runs/a")])
    (target / "outcomes.npz").unlink()
    with pytest.raises(InputError, match=r"outcomes\.npz.*Evaluate the run anew"):
        read_evaluations([target])


def test_runs_of_different_tasks_are_refused_by_name(tmp_path):
    tasks = {"a": "multi_label", "b": "ner", "c": "multi_label"}
    records = {tmp_path / name: toy.make_record(task=task) for name, task in tasks.items()}
    check_tasks({folder: record for folder, record in records.items() if record["task"] == "multi_label"})
    with pytest.raises(InputError, match=r"multi_label \(.*a, .*c\), ner \(.*b\). Name runs of one task"):
        check_tasks(records)


def test_files_are_written(tmp_path):
    comparison = compare_evaluations(make_three())
    write_comparison(comparison, tmp_path)
    assert (tmp_path / "comparison.txt").read_text(encoding="utf-8") == format_comparison(comparison) + "\n"
    assert json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8")) == comparison
    with open(tmp_path / "comparison.csv", encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 5 * 9
    micro = comparison["files"][0]["runs"]["runs/a"]["figures"]["micro f1-score"]
    assert rows[0] == {"file": A, "run": "runs/a", "figure": "micro f1-score"} | {k: str(v) for k, v in micro.items()}
    costs = {row["figure"]: row["value"] for row in rows[4:9]}
    assert costs == {
        "parameters all": "2306862",
        "parameters trainable": "4382",
        "size_mib": "8.81",
        "texts_per_second": "164.4",
        "peak_memory_mib": "700.2",
    }
    assert {row["low"] for row in rows[4:9]} == {""}


def test_the_next_free_folder_is_claimed_and_goes_where_nothing_was_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with claim_comparison_folder() as folder:
        assert folder.as_posix() == "runs/compare-1"
        (folder / "comparison.json").write_text("{}")
    assert folder.is_dir()
    for name in ("compare-2", "compare-10", "compare-x", "tiny-compare-99"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    with pytest.raises(ZeroDivisionError), claim_comparison_folder() as folder:
        assert folder.as_posix() == "runs/compare-11"
        raise ZeroDivisionError
    assert not folder.exists()
    monkeypatch.setattr(Path, "glob", lambda *_: [])  # as for one that looked before another made its folder
    with claim_comparison_folder() as folder:
        assert folder.as_posix() == "runs/compare-3"


def test_two_processes_compare_into_two_folders(tmp_path):
    code = "from zhlabel.evaluation.compare import claim_comparison_folder\ninput()\n"
    code += "with claim_comparison_folder() as folder:\n    print(folder.as_posix(), flush=True)\n    input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(toy.ROOT)}
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes) for _ in range(2)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert {process.stdout.readline() for process in processes} == {"runs/compare-1\n", "runs/compare-2\n"}
    for process in processes:
        process.communicate("\n", timeout=60)
