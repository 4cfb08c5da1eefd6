"""What is chosen on the dev texts of a trained run: thresholds and temperature; kept, and chosen anew on request."""

from dataclasses import replace

import numpy as np

from zhlabel.decisions.labels import limit_probabilities, parse_limits
from zhlabel.decisions.temperature import fit_temperature
from zhlabel.decisions.threshold_search import parse_goal
from zhlabel.decisions.thresholds import Thresholds
from zhlabel.errors import InputError
from zhlabel.io.delimited import write_csv
from zhlabel.io.files import write_whole
from zhlabel.io.json import write_json
from zhlabel.reports.plots import draw_sweep
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.plan import TRAINING, TUNING
from zhlabel.runs.record import DEV_FILE, read_run
from zhlabel.tasks import TASKS, find_task

WRITTEN_FILES = (DEV_FILE, "sweep.csv", "sweep.svg", "logits.json")  # what stands behind a choice


def check_tuning(task, *, thresholds, threshold_goal, labels_per_text, calibrate):
    """Check the settings of TUNING against the task.

    Args:
        task: a class of ``TASKS``.
        thresholds: THRESHOLDS.
        threshold_goal: THRESHOLD_GOAL.
        labels_per_text: LABELS_PER_TEXT.
        calibrate: CALIBRATE.

    Returns:
        The value of THRESHOLDS that is meant.

    Raises:
        InputError: the task has no such thing, or a value is malformed.
    """
    kind = task.choose("THRESHOLDS", thresholds)
    name, _ = parse_goal(threshold_goal)
    if kind != "none" and name not in task.goals:
        raise InputError(f'THRESHOLD_GOAL = "{name}": for {task.name} there is {", ".join(task.goals)}.')
    parse_limits(labels_per_text)
    if labels_per_text and not task.limits_labels:
        raise InputError(f"LABELS_PER_TEXT: {task.name} has no such choice. Leave it empty.")
    if calibrate and not task.calibrates:
        raise InputError(f"CALIBRATE: for {task.name} there is no temperature. Set it to False.")
    return kind


def choose_decisions(task, arrays, settings):
    """Choose temperature and thresholds; these by what they give together with the limits on a text's labels.

    Args:
        task: the Task.
        arrays: what ``task.gather`` gives of the dev texts.
        settings: a dict with TUNING, of which "thresholds" is what ``check_tuning`` gave.

    Returns:
        A dict of "temperature" and "thresholds", for run.json.
    """
    temperature = fit_temperature(arrays["probabilities"], arrays["gold"]) if settings["calibrate"] else 1.0
    arrays = _limit(_rescale(task, arrays, temperature), settings["labels_per_text"])
    thresholds = Thresholds()
    if settings["thresholds"] != "none":
        per_label = settings["thresholds"] == "per_label"
        thresholds = task.tune(arrays, per_label=per_label, goal=settings["threshold_goal"])
    thresholds = replace(thresholds, labels_per_text=settings["labels_per_text"])
    return {"temperature": temperature, "thresholds": thresholds.to_record()}


def _rescale(task, arrays, temperature):
    if temperature == 1.0:
        return arrays
    return {**arrays, "probabilities": task.rescale(arrays["probabilities"], temperature)}


def _limit(arrays, labels_per_text):
    if not labels_per_text:
        return arrays
    fewest, most = parse_limits(labels_per_text)
    return {**arrays, "probabilities": limit_probabilities(arrays["probabilities"], fewest=fewest, most=most)}


def choose_and_write_decisions(task, arrays, settings, folder):
    """Choose temperature and thresholds, and write what they come from: dev.npz, sweep.csv, sweep.svg, logits.json.

    dev.npz keeps the dev predictions, so that all can be chosen anew without training. The sweep is what each threshold
    would give on the dev texts, within the limits; a task without thresholds has none. logits.json, of multi-label, is
    what an evaluation writes too, here of the dev texts, which no evaluation takes: their figures would flatter.

    Args:
        task: the Task.
        arrays: what ``task.gather`` gives of the dev texts.
        settings: as ``choose_decisions``.
        folder: the run's folder.

    Returns:
        What ``choose_decisions`` gives.
    """
    chosen = choose_decisions(task, arrays, settings)
    with write_whole(folder / DEV_FILE, binary=True) as stream:
        np.savez_compressed(stream, **arrays)
    rescaled = _rescale(task, arrays, chosen["temperature"])
    if not task.by_token:
        for name, value in task.list_extras(rescaled["probabilities"], rescaled["gold"]).items():
            write_json(value, folder / name)
    rows, _ = task.sweep(_limit(rescaled, settings["labels_per_text"]))
    if rows:
        write_csv(rows, list(rows[0]), folder / "sweep.csv")
        draw_sweep(rows, folder / "sweep.svg", chosen=Thresholds.from_record(chosen["thresholds"]).common)
    return chosen


def find_changes(folder, settings):
    """Describe which settings differ from those of a finished run.

    Args:
        folder: the run's folder.
        settings: the training script's, as a dict.

    Returns:
        (names of TUNING that differ, names of the others that differ).
    """
    record = read_run(folder)
    kept, task = record["settings"], TASKS[settings["task"]]
    meant = {**settings, "run": kept["run"]}
    if record["task"] == task.name:
        for name, setting in (("head", "HEAD"), ("long_text", "LONG_TEXT"), ("thresholds", "THRESHOLDS")):
            meant[name] = task.choose(setting, settings[name])
    meant = {name: list(value) if isinstance(value, tuple) else value for name, value in meant.items()}
    # A setting that came after the run can't have shaped it.
    known = {name: value for name, value in meant.items() if name in kept or name in TUNING}
    changed = [name for name, value in known.items() if kept.get(name) != value]
    return [name for name in changed if name in TUNING], [name for name in changed if name not in TUNING]


def tune_run(folder, settings):
    """Choose temperature and thresholds of a finished run anew, from the dev predictions that it keeps.

    Args:
        folder: the run's folder.
        settings: the training script's, as a dict.

    Returns:
        The changed record of the run.

    Raises:
        InputError: as ``check_tuning``; the run does not keep its dev predictions; another process is writing into it.
    """
    with TRAINING.lock(folder):
        return _tune(RunFolder(folder), settings)


def _tune(run, settings):
    record, task = run.record, find_task(run.record, run.path)(run.labels)
    wanted = {name: settings[name] for name in TUNING}
    wanted["thresholds"] = check_tuning(task, **wanted)
    path = run.check(DEV_FILE)
    try:
        with np.load(path) as file:
            arrays = dict(file)
    except Exception as problem:  # of a damaged archive numpy raises many kinds
        raise InputError(f"{path} can't be read ({problem}), so nothing can be chosen anew.") from None
    chosen = choose_and_write_decisions(task, arrays, wanted, run.path)
    run.update({**chosen, "settings": {**record["settings"], **wanted}}, files=WRITTEN_FILES)
    return run.record


def describe_decisions(record):
    """Describe by what a run decides.

    Args:
        record: the dict of run.json.

    >>> describe_decisions({"thresholds": {"global": 0.4, "goal": "micro_f1"}, "temperature": 1.0})
    'threshold 0.4, chosen by micro_f1'
    """
    thresholds, temperature = Thresholds.from_record(record["thresholds"]), record["temperature"]
    parts = [thresholds.describe()]
    if thresholds.goal:
        parts.append(f"chosen by {thresholds.goal}")
    if temperature != 1.0:
        parts.append(f"temperature {temperature:.3f}")
    return ", ".join(parts)
