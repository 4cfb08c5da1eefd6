"""tuning.py: thresholds and temperature are chosen from dev arrays, kept, and chosen anew without training."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import toy

from zhlabel.data.labels import write_labels
from zhlabel.decisions.thresholds import Thresholds
from zhlabel.errors import InputError
from zhlabel.runs import plan
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.record import DEV_FILE, LABELS_FILE, RUN_FILES, write_record
from zhlabel.tasks import TASKS
from zhlabel.training import tuning

NAMES = ("裁员", "收购", "地震")
SETTINGS = {
    **{
        "task": "multi_label",
        "epochs": 3,
        "head": "cls",
        "long_text": "cut",
        "adversarial": 0.0,
        "run": "runs/mine",
        "max_length": 24,
    },
    **{"thresholds": "global", "threshold_goal": "micro_f1", "labels_per_text": "", "calibrate": False},
}


def make_arrays(count=300):
    """Probabilities that are far too sure, so that a temperature above 1 fits them."""
    generator = np.random.default_rng(4)
    logits = generator.normal(-0.5, 1.5, (count, 3))
    gold = generator.random((count, 3)) < 1 / (1 + np.exp(-logits))
    return {"probabilities": (1 / (1 + np.exp(-3 * logits))).astype(np.float32), "gold": gold}


def choose(task="multi_label", arrays=None, **changes):
    arrays = make_arrays() if arrays is None else arrays
    return tuning.choose_decisions(TASKS[task](NAMES), arrays, {**SETTINGS, **changes})


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    write_labels(NAMES, folder / LABELS_FILE)
    chosen = tuning.choose_and_write_decisions(TASKS["multi_label"](NAMES), make_arrays(), SETTINGS, folder)
    record = toy.make_record(settings=SETTINGS, best_epoch=2, **chosen)
    return SimpleNamespace(folder=folder, record=write_record(folder, record, files=RUN_FILES))


def test_one_threshold_is_chosen_and_its_goal_is_kept():
    chosen = choose()
    assert set(chosen) == {"temperature", "thresholds"} and chosen["temperature"] == 1.0
    assert set(chosen["thresholds"]) == {"global", "goal"} and 0 < chosen["thresholds"]["global"] < 1


def test_each_label_gets_its_own_threshold_by_name():
    chosen = choose(thresholds="per_label", threshold_goal="macro_f1", labels_per_text="1-2")["thresholds"]
    assert list(chosen["labels"]) == list(NAMES) and len(set(chosen["labels"].values())) > 1
    assert chosen["labels_per_text"] == "1-2" and chosen["goal"] == "macro_f1"


@pytest.mark.parametrize("limits", ["1-", "0-1", "1-2"])
@pytest.mark.parametrize("goal", ["micro_f1", "accuracy"])
def test_a_threshold_is_the_best_one_within_the_limits(limits, goal):
    arrays, task = make_arrays(), TASKS["multi_label"](NAMES)
    arrays["gold"] &= arrays["gold"].cumsum(axis=1) <= 1
    arrays["gold"][:, 0] |= ~arrays["gold"].any(axis=1)  # each text has one label

    def score(threshold):
        decided = task.decide(arrays["probabilities"], Thresholds(threshold, labels_per_text=limits))
        scores = task.score(decided, arrays["gold"], texts=None)
        return scores["accuracy"] if goal == "accuracy" else scores["micro avg"]["f1-score"]

    chosen = choose(arrays=arrays, threshold_goal=goal, labels_per_text=limits)["thresholds"]["global"]
    best = max(score(threshold) for threshold in np.arange(0.01, 1, 0.01))
    assert score(chosen) >= best > score(choose(arrays=arrays, threshold_goal=goal)["thresholds"]["global"])


@pytest.mark.parametrize("goal", ["accuracy", "precision:0.9", "recall:0.9"])
def test_every_goal_gives_its_own_threshold(goal):
    assert choose(threshold_goal=goal)["thresholds"]["global"] != choose()["thresholds"]["global"]


def test_thresholds_are_chosen_on_calibrated_probabilities():
    chosen = choose(calibrate=True)
    assert 2 < chosen["temperature"] < 4
    plain = choose()["thresholds"]["global"]
    by_hand = 1 / (1 + np.exp(-np.log(plain / (1 - plain)) / chosen["temperature"]))
    assert chosen["thresholds"]["global"] == pytest.approx(by_hand, abs=0.02)


def test_thresholds_none_leaves_the_best_path_of_entities_alone():
    assert choose("ner", arrays={}, thresholds="none") == {"temperature": 1.0, "thresholds": {}}


def test_thresholds_of_entities_are_chosen_by_their_f1():
    arrays = {
        "labels": np.array([0, 0, 1, 1]),
        "probabilities": np.array([0.95, 0.6, 0.55, 0.3]),
        "right": np.array([True, True, True, False]),
        "gold_counts": np.array([2, 1, 0]),
    }
    assert 0.3 < choose("ner", arrays=arrays)["thresholds"]["global"] <= 0.55


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("multi_class", {"thresholds": "per_label"}, 'THRESHOLDS = "per_label": for multi_class there is none'),
        ("multi_class", {"labels_per_text": "1-"}, "LABELS_PER_TEXT: multi_class"),
        ("ner", {"thresholds": "global", "threshold_goal": "accuracy"}, 'THRESHOLD_GOAL = "accuracy": for ner'),
        ("ner", {"calibrate": True}, "CALIBRATE: for ner"),
        ("multi_label", {"threshold_goal": "f1"}, 'THRESHOLD_GOAL = "f1"'),
        ("multi_label", {"labels_per_text": "3"}, 'LABELS_PER_TEXT = "3"'),
    ],
)
def test_settings_that_the_task_does_not_know_are_refused(task, changes, message):
    settings = {name: SETTINGS[name] for name in plan.TUNING} | {"thresholds": ""} | changes
    with pytest.raises(InputError, match=message):
        tuning.check_tuning(TASKS[task], **settings)


@pytest.mark.parametrize(("task", "kind"), [("multi_label", "global"), ("multi_class", "none"), ("ner", "none")])
def test_an_empty_setting_means_the_tasks_own(task, kind):
    settings = {name: SETTINGS[name] for name in plan.TUNING} | {"thresholds": ""}
    assert tuning.check_tuning(TASKS[task], **settings) == kind


def test_a_finished_run_is_decided_anew_and_nothing_else_of_it_changes(run):
    settings = {**SETTINGS, "thresholds": "per_label", "threshold_goal": "recall:0.9", "calibrate": True}
    record = tuning.tune_run(run.folder, settings)
    assert record == json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    assert set(record["thresholds"]["labels"]) == set(NAMES) and record["temperature"] > 1.5
    assert record["settings"]["threshold_goal"] == "recall:0.9" and record["best_epoch"] == 2
    again = tuning.tune_run(run.folder, SETTINGS)
    assert (again["thresholds"], again["temperature"]) == (run.record["thresholds"], 1.0)


def test_what_is_written_anew_stays_bound_to_the_run(run):
    tuning.tune_run(run.folder, {**SETTINGS, "calibrate": True})
    folder = RunFolder(run.folder)
    for name in ("dev.npz", "sweep.csv", "sweep.svg", "logits.json"):
        folder.check(name)


def test_the_dev_logits_are_kept_in_the_form_of_an_evaluation_rescaled_as_the_run_decides(run):
    for settings in (SETTINGS, {**SETTINGS, "calibrate": True}):
        record, arrays = tuning.tune_run(run.folder, settings), make_arrays()
        pairs = json.loads((run.folder / "logits.json").read_text(encoding="utf-8"))
        logits = np.log(arrays["probabilities"] / (1 - arrays["probabilities"])) / record["temperature"]
        assert set(pairs[0]) == {"logits", "labels"}
        np.testing.assert_allclose([pair["logits"] for pair in pairs], logits, atol=1e-2)
        np.testing.assert_array_equal([pair["labels"] for pair in pairs], arrays["gold"])


def test_the_sweep_is_kept_as_a_table_and_a_picture_with_text(run):
    tuning.tune_run(run.folder, SETTINGS)
    with open(run.folder / "sweep.csv", encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    best = max(rows, key=lambda row: float(row["f1-score"]))
    assert float(best["threshold"]) == pytest.approx(run.record["thresholds"]["global"], abs=0.05)
    assert {"accuracy", "no label too many", "at most one too many, none missing"} <= set(rows[0])
    picture = (run.folder / "sweep.svg").read_text(encoding="utf-8")
    assert "macro f1-score" in picture and "logit" in picture


def test_changes_are_sorted_into_those_of_deciding_and_others(run):
    assert tuning.find_changes(run.folder, {**SETTINGS, "thresholds": "", "head": ""}) == ([], [])
    changed = {**SETTINGS, "threshold_goal": "accuracy", "epochs": 4, "run": "elsewhere"}
    assert tuning.find_changes(run.folder, changed) == (["threshold_goal"], ["epochs"])
    assert tuning.find_changes(run.folder, {**SETTINGS, "task": "ner"})[1] == ["task"]
    assert tuning.find_changes(run.folder, {**SETTINGS, "a later setting": True}) == ([], [])


def test_a_run_without_its_dev_predictions_says_so(run):
    (run.folder / DEV_FILE).unlink()
    with pytest.raises(InputError, match=r"dev\.npz is missing\. Copy the run again"):
        tuning.tune_run(run.folder, SETTINGS)


def test_a_run_that_another_process_writes_into_is_left_alone(run):
    with plan.TRAINING.lock(run.folder), pytest.raises(InputError, match="another process is training there"):
        tuning.tune_run(run.folder, SETTINGS)
    assert json.loads((run.folder / "run.json").read_text(encoding="utf-8")) == run.record
