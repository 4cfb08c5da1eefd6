"""Evaluates a run on labelled texts: every figure of the report, and the files beside it."""

import datetime
import heapq
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zhlabel.data.layout import Layout
from zhlabel.decisions.thresholds import Thresholds
from zhlabel.errors import InputError
from zhlabel.io.delimited import write_csv
from zhlabel.io.files import hash_file, hold_output, write_whole
from zhlabel.io.json import write_json
from zhlabel.metrics.bootstrap import bootstrap_intervals
from zhlabel.metrics.calibration import score_calibration
from zhlabel.metrics.outcomes import write_outcomes
from zhlabel.runs.folder import read_history
from zhlabel.runs.record import WEIGHTS_FILE

_PAGE_ERRORS = 2000  # errors on the page; errors.csv has them all
_BARS = 24  # of the histogram of lengths


@dataclass(frozen=True)
class Evaluated:
    """N labelled texts as a run sees them.

    Attributes:
        run: loading.Run.
        examples: N Examples.
        gold: what ``Task.encode_gold`` gives.
        table: Encodings.
        predictions: of ``run.predict``.
        decided: of ``Task.decide``.
        thresholds: by which was decided.
        seconds: for encoding, predicting and deciding.
        peak_memory: MiB of the process until then, or None.
    """

    run: object
    examples: list
    gold: object
    table: object
    predictions: object
    decided: object
    thresholds: Thresholds
    seconds: float
    peak_memory: float | None

    @property
    def everything(self):
        """What ``Task.list_tables`` takes."""
        return self.examples, self.predictions, self.decided, self.gold


def check_data_file(folder, record, data_file, sha256):
    """Stop where a run's thresholds were chosen on the very file that is to be reported.

    Args:
        folder: the run's folder.
        record: the dict of its run.json.
        data_file: the evaluated file.
        sha256: its hash.

    Raises:
        InputError: they were; without a DEV_FILE they come from a share of the training file.
    """
    part = "dev" if "dev" in record["data"] else "train"
    thresholds = Thresholds.from_record(record["thresholds"], source=f"{folder}/run.json")
    if thresholds.common is not None and record["data"][part]["sha256"] == sha256:
        chosen = "on it" if part == "dev" else "on a share of it"
        raise InputError(
            f"--data-file {data_file}: the run's thresholds were chosen {chosen}, so its figures would flatter. Name "
            "another file, or decide by a threshold of your own: --threshold 0.5"
        )


def read_training_data(run, *, note):
    """Read the file that a run was trained on, for what is to be learnt from it without the encoder.

    Args:
        run: a loaded Run.
        note: called with what the user should know.

    Returns:
        (M texts, what ``Task.encode_gold`` gives of them), or None where the file is gone or has changed.
    """
    file, task = run.record["data"]["train"], run.task
    if not Path(file["file"]).is_file() or hash_file(file["file"]) != file["sha256"]:
        note(f"{file['file']} is not there any more, or has changed since the training: no baseline is learnt from it")
        return None
    layout = Layout.pick(run.record["settings"])
    examples, _ = task.read(file["file"], layout=layout, known=task.labels, warn=lambda notes: None)
    return [example.text for example in examples], task.encode_gold(examples, source=f"{run.folder}/label.json")


def label_examples(run, examples, gold, *, thresholds, batch_size):
    """Let a run label texts whose gold is known, and take the time.

    Args:
        run: loading.Run.
        examples: N Examples.
        gold: what ``Task.encode_gold`` gives of them.
        thresholds: Thresholds, as ``run.settle_thresholds`` gives them.
        batch_size: rows at once.

    Returns:
        Evaluated.
    """
    started = time.perf_counter()
    table = run.encode([example.text for example in examples])
    predictions = run.predict_encoded(table, batch_size=batch_size)
    decided = run.task.decide(predictions, thresholds)
    seconds = time.perf_counter() - started
    return Evaluated(run, examples, gold, table, predictions, decided, thresholds, seconds, measure_peak_memory())


def measure_peak_memory():
    """Return the most memory that this process had at once, in MiB; None where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def make_report(evaluated, *, data_file, sha256, baseline, notes, outcomes):
    """Collect what report.json holds.

    Args:
        evaluated: Evaluated.
        data_file: the evaluated file.
        sha256: its hash.
        baseline: the figures of what needs no encoder.
        notes: what the reader should know.
        outcomes: of ``Task.count_outcomes``.

    Returns:
        A dict that JSON holds.
    """
    run, task, table = evaluated.run, evaluated.run.task, evaluated.table
    texts = [example.text for example in evaluated.examples]
    scores = task.score(evaluated.decided, evaluated.gold, texts=texts)
    measures = task.measure(evaluated.predictions, evaluated.decided, evaluated.gold)
    ranking = measures.pop("ranking", {})
    events, likely, right = measures.pop("events")
    report = {
        "run": run.folder.as_posix(),
        "checkpoint": run.record["settings"].get("checkpoint"),
        "settings": run.record["settings"],
        "changed": run.record.get("changed", []),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "task": task.name,
        "data": {
            "file": data_file,
            "sha256": sha256,
            "texts": len(texts),
            "truncated": table.truncated,
            "windowed": table.windowed,
            "max_length": run.record["settings"]["max_length"],
            "lengths": count_lengths(table.full_lengths),
            "train_file": run.record["data"]["train"]["file"],
        },
        **scores,
        "intervals": bootstrap_intervals(outcomes, figures=task.figures),
        **measures,
        "ranking": {name: value for name, value in ranking.items() if name != "labels"},
        "calibration": {"events": events, "temperature": run.record["temperature"], **score_calibration(likely, right)},
        "thresholds": evaluated.thresholds.to_record(),
        "baseline": baseline,
        "notes": notes,
        "parameters": run.record["parameters"],
        "size_mib": round((run.folder / WEIGHTS_FILE).stat().st_size / 2**20, 2),
        "seconds": round(evaluated.seconds, 3),
        "texts_per_second": round(len(texts) / evaluated.seconds, 1),
        "peak_memory_mib": evaluated.peak_memory,
    }
    _complete_labels(report["labels"], ranking.get("labels", {}), evaluated, outcomes)
    return report


def _complete_labels(labels, ranking, evaluated, outcomes):
    """Put beside each label's scores its errors, how it is ranked, how often it was in training, and its threshold."""
    counts, thresholds = evaluated.run.record["label_counts"], evaluated.thresholds
    errors = outcomes.count_errors()
    for name, row in labels.items():
        row |= {**errors[name], **ranking.get(name, {}), "train_texts": counts.get(name, 0)}
        if (threshold := thresholds.for_label(name)) is not None:
            row["threshold"] = threshold


def count_lengths(lengths):
    """Count texts by their length in bars of equal width.

    Args:
        lengths: int array [N], tokens.

    Returns:
        {"edges": k + 1 numbers of tokens, "texts": k counts}; a bar has its left edge in it, and not its right one.

    >>> count_lengths(np.array([2, 3, 50]))["edges"][:3]
    [0, 3, 6]
    """
    width = max(1, -(-(int(lengths.max()) + 1) // _BARS))
    places = lengths // width
    return {
        "edges": [width * bar for bar in range(int(places.max()) + 2)],
        "texts": np.bincount(places).tolist(),
    }


def write_evaluation(target, evaluated, report, text, outcomes):
    """Write everything into an evaluation's folder; report.json last, so that a folder with it is whole.

    Args:
        target: the folder.
        evaluated: Evaluated.
        report: of ``make_report``.
        text: what report.txt says.
        outcomes: of ``Task.count_outcomes``.

    Raises:
        InputError: another process writes there.
    """
    with hold_output(target):
        _write_files(Path(target), evaluated, report, text, outcomes)


def _write_files(target, evaluated, report, text, outcomes):
    from zhlabel.reports.html import write_page

    (target / "report.json").unlink(missing_ok=True)  # of an earlier evaluation, whose files are replaced one by one
    task, shown = evaluated.run.task, {"confusions.csv": [], "suspects.csv": []}
    for name, (columns, rows) in task.list_tables(*evaluated.everything).items():
        if name in shown:
            rows = shown[name] = list(rows)
        write_csv(rows, columns, target / name)
    for name, value in task.list_extras(evaluated.predictions, evaluated.gold).items():
        write_json(value, target / name)
    rows, curves = task.sweep(task.gather(evaluated.predictions, evaluated.gold))
    if rows:
        write_csv(rows, list(rows[0]), target / "sweep.csv")
    write_outcomes(outcomes, target / "outcomes.npz")
    with write_whole(target / "report.txt") as stream:
        stream.write(text + "\n")
    errors, total = _take_most_confident(evaluated)
    write_page(
        target / "report.html",
        report,
        task=task,
        sweep=rows,
        curves=curves,
        errors=errors,
        error_total=total,
        confusions=shown["confusions.csv"],
        suspects=shown["suspects.csv"][:_PAGE_ERRORS],
        history=read_history(evaluated.run.folder),
    )
    write_json(report, target / "report.json")


def _take_most_confident(evaluated):
    """Return the errors that the page lists, by confidence, and how many there are in all."""
    task, total = evaluated.run.task, 0

    def count(rows):
        nonlocal total
        for row in rows:
            total += 1
            yield row

    rows = count(task.list_errors(*evaluated.everything))
    return heapq.nlargest(_PAGE_ERRORS, rows, key=task.rate_error), total
