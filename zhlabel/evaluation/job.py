"""An evaluation from a run and files of labelled texts to its reports: read, label, score, write."""

import contextlib
from pathlib import Path

from zhlabel.cli.commands import write_command
from zhlabel.data.layout import Layout
from zhlabel.decisions.thresholds import Thresholds, parse_threshold
from zhlabel.errors import InputError
from zhlabel.evaluation import compare
from zhlabel.evaluation.evaluate import (
    check_data_file,
    label_examples,
    make_report,
    read_training_data,
    write_evaluation,
)
from zhlabel.io.files import hash_file, hold_output
from zhlabel.runs.find import choose_evaluation_folder


class Report(dict):
    """What report.json or comparison.json holds.

    Attributes:
        text: as printed.
        folder: where the files lie.
    """

    def __init__(self, values, *, text, folder):
        super().__init__(values)
        self.text, self.folder = text, Path(folder)


def choose_files(records, files, *, threshold):
    """Return the files to evaluate runs on, and stop where there is none or one can't be.

    Args:
        records: {the run's folder: the dict of its run.json}.
        files: names of files, at least one.
        threshold: as ``evaluate_files``.

    Raises:
        InputError: the runs are of different tasks, their thresholds were chosen on a file, or there is no file.
    """
    compare.check_tasks(records)
    if not files:
        folder, record = next(iter(records.items()))
        trained_on = record["data"]["train"]["file"]
        raise InputError(
            f"{folder} was trained on {trained_on}, so the sample's test file does not fit. "
            "Name your file of labelled texts: --data-file my_test.csv"
        )
    if parse_threshold(threshold) is None:
        for folder, record in records.items():
            for file in files:
                check_data_file(folder, record, file, hash_file(file))
    return files


@contextlib.contextmanager
def hold_evaluations(folder, files):
    """Hold the places where the reports of a run on ``files`` are written, so that a second writer ends at once.

    Raises:
        InputError: another process is evaluating the run in ``folder`` on one of them.
    """
    with contextlib.ExitStack() as stack:
        for file in files:
            stack.enter_context(hold_output(choose_evaluation_folder(folder, file, hash_file(file))))
        yield


def evaluate_files(run, files, *, threshold="", baseline=True, batch_size=16, layout=None, note=lambda line: None):
    """Evaluate a run on files, and write the reports of each into the run's folder.

    Args:
        run: a loaded Run.
        files: of ``choose_files``.
        threshold: "" for the run's own; else as ``thresholds.parse_threshold``.
        baseline: also learn the run's training file without the encoder.
        batch_size: texts at once.
        layout: a Layout; what it leaves open is as the run's training texts were read, or found by itself.
        note: called with each line for the user.

    Returns:
        A list of Reports.

    Raises:
        InputError: a file is wrong, or does not fit the run.
    """
    given, task = parse_threshold(threshold), run.task
    command = write_command("model_evaluate.py", run=run.folder, data_file=task.sample.format("test"))
    layout = (layout or Layout()).fill(Layout.pick(run.record["settings"]))
    options = {"layout": layout, "known": task.labels, "print_note": note, "command": command}
    examples = [task.read_examples(file, **options)[0] for file in files]
    gold = [task.encode_gold(each, source=f"{run.folder}/label.json") for each in examples]
    notes = _list_notes(run, threshold, given)
    train = read_training_data(run, note=notes.append) if baseline else None
    options = {"thresholds": run.settle_thresholds(given), "batch_size": batch_size}
    evaluated = (label_examples(run, *each, **options) for each in zip(examples, gold, strict=True))
    return [
        _report(file, each, train, notes, is_given=given is not None, note=note)
        for file, each in zip(files, evaluated, strict=True)
    ]


def _list_notes(run, threshold, given):
    notes = []
    if given is not None:
        notes.append(f"decided by the threshold given, {threshold}, not by the run's own")
    if run.precision != "float32":
        notes.append(f"computed in {run.precision}")
    if not run.record["complete"]:
        notes.append(f"this training was stopped after epoch {run.record['epochs']}")
    return notes


def _report(file, evaluated, train, notes, *, is_given, note):
    """Score what a run says of a file, and write the reports."""
    run, task, sha256 = evaluated.run, evaluated.run.task, hash_file(file)
    notes = [*notes, *task.describe_gold(evaluated.gold, evaluated.table)]
    notes += [
        f"{file} is this run's {part} file, so the figures flatter"
        for part, known in run.record["data"].items()
        if isinstance(known, dict) and known["sha256"] == sha256
    ]
    for line in notes:
        note(f"note: {line}")
    texts = [example.text for example in evaluated.examples]
    baseline = task.score_baselines(texts, evaluated.gold, commonest=run.commonest_label, train=train)
    outcomes = task.count_outcomes(evaluated.decided, evaluated.gold)
    report = make_report(evaluated, data_file=file, sha256=sha256, baseline=baseline, notes=notes, outcomes=outcomes)
    text = "\n".join([task.format_scores(report), "", *describe_report(report, is_given=is_given)])
    target = choose_evaluation_folder(run.folder, file, sha256)
    write_evaluation(target, evaluated, report, text, outcomes)
    return Report(report, text=text, folder=target)


def describe_report(report, *, is_given):
    """Return the lines below the table: what was scored, how sure the figures are, by what was decided, baselines.

    Args:
        report: of ``make_report``.
        is_given: whether a user gave the threshold.
    """
    data = report["data"]
    fate = f"{data['truncated']:,} of them cut at the length limit"
    if data["windowed"]:
        fate = f"{data['windowed']:,} of them in several windows"
    lines = [f"{data['file']}: {data['texts']:,} texts, {fate}; {report['texts_per_second']:,.0f} texts per second"]
    ranges = [f"{name} {low:.4f} to {high:.4f}" for name, (low, high) in report["intervals"].items()]
    lines.append(f"95 % intervals over texts: {', '.join(ranges)}")
    lines += [f"{name}: {share:.4f}" for name, share in report.get("relaxed", {}).items()]
    if report["thresholds"]:
        origin = "given, not the run's own" if is_given else "the run's own, chosen on its dev texts"
        lines.append(f"{Thresholds.from_record(report['thresholds']).describe()} ({origin})")
    for name, row in report["baseline"].items():
        figures = ", ".join(f"{key.replace('_', ' ').replace('-score', '')} {row[key]:.4f}" for key in row)
        lines.append(f"for comparison, {name}: {figures}")
    return lines


def compare_files(folders, files, target):
    """Lay the evaluations of several runs side by side, and write the comparison.

    Args:
        folders: the runs' folders, each evaluated on each file.
        files: names of files.
        target: the comparison's folder.

    Returns:
        A Report.
    """
    targets = [choose_evaluation_folder(folder, file, hash_file(file)) for folder in folders for file in files]
    compared = compare.compare_evaluations(compare.read_evaluations(targets))
    compare.write_comparison(compared, target)
    return Report(compared, text=compare.format_comparison(compared), folder=target)
