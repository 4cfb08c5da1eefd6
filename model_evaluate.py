"""Scores trained runs on labelled texts they have not seen, and writes the reports: python model_evaluate.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import contextlib
import subprocess
import sys

from zhlabel.cli.settings import run_script
from zhlabel.decisions.thresholds import Thresholds, parse_threshold
from zhlabel.errors import InputError
from zhlabel.evaluation import compare as comparison
from zhlabel.evaluation import evaluate
from zhlabel.inference.openvino import PRECISIONS
from zhlabel.inference.run import load_run
from zhlabel.io.files import hash_file, hold_output
from zhlabel.runs.find import choose_evaluation_folder, find_newest_run, locate_run
from zhlabel.runs.record import read_run
from zhlabel.tasks import TASKS

RUN = ""  # "": the newest finished run; else a folder, or a name under runs/; several, with commas, are compared
DATA_FILE = "data/test.csv"  # labelled texts, in any form that training reads; several with commas
THRESHOLD = ""  # "": the run's own; else what a label or entity must reach: "0.35" or "logit:-0.6" (not multi_class)
BASELINE = True  # also learns the run's training file without the encoder, to show what that is worth
BATCH_SIZE = 16  # texts at once; changes speed and memory, not the result
PRECISION = "float32"  # or int8, or bfloat16 where the processor has it: faster; probabilities differ by hundredths


def main(settings):
    threshold = parse_threshold(settings.threshold)
    folders = [locate_run(name) for name in split_list(settings.run)] or [find_newest_run()]
    files = split_list(settings.data_file)
    if not files:
        raise InputError(f'--data-file "{settings.data_file}" names no file. Give one, such as data/test.csv.')
    comparison.check_tasks(folders)
    for folder in folders:
        for file in files:
            if threshold is None:
                evaluate.check_data_file(folder, file, hash_file(file))
    if len(folders) == 1:
        with contextlib.ExitStack() as stack:  # a second writer ends before it loads anything
            for file in files:
                stack.enter_context(hold_output(choose_evaluation_folder(folders[0], file, hash_file(file))))
            evaluate_files(folders[0], files, settings, threshold)
        return
    for folder in folders:
        evaluate_apart(folder, settings)
    compare(folders, files)


def split_list(text):
    """Return the parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def evaluate_apart(folder, settings):
    """Evaluate a run in a process of its own, so that its time and memory are its own too."""
    command = [sys.executable, __file__, "--run", str(folder), "--data-file", settings.data_file]
    command += ["--threshold", str(settings.threshold), "--baseline", str(settings.baseline)]
    command += ["--batch-size", str(settings.batch_size), "--precision", settings.precision]
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def evaluate_files(folder, files, settings, threshold):
    """Evaluate one run on each of the files."""
    task = TASKS[read_run(folder)["task"]]
    command = f"model_evaluate.py --run {folder} --data-file {task.sample.format('test')}"
    examples = {file: task.read_examples(file, print_note=print, command=command) for file in files}
    print(f"run: {folder}")
    run = load_run(folder, precision=settings.precision, note=print)
    thresholds = run.settle_thresholds(threshold)
    gold = {file: task.encode_gold(examples[file], source=f"{folder}/label.json") for file in files}
    notes = []
    if threshold is not None:
        notes.append(f"decided by the threshold given, {settings.threshold}, not by the run's own")
    if settings.precision != "float32":
        notes.append(f"computed in {settings.precision}")
    if not run.record["complete"]:
        notes.append(f"this training was stopped after epoch {run.record['epochs']}")
    train = None
    if settings.baseline:
        train = evaluate.read_training_data(folder, run.task, note=notes.append)
    for file in files:
        evaluated = evaluate.label_examples(
            run, examples[file], gold[file], thresholds=thresholds, batch_size=settings.batch_size
        )
        report_file(file, evaluated, train, notes, is_given=threshold is not None)


def report_file(file, evaluated, train, notes, *, is_given):
    """Score what a run says of a file, write the reports and print the table."""
    run, sha256 = evaluated.run, hash_file(file)
    notes = [*notes, *run.task.describe_gold(evaluated.gold, evaluated.table)]
    notes += [
        f"{file} is this run's {part} file, so the figures flatter"
        for part, known in run.record["data"].items()
        if isinstance(known, dict) and known["sha256"] == sha256
    ]
    for note in notes:
        print(f"note: {note}")
    texts = [example.text for example in evaluated.examples]
    baseline = run.task.score_baselines(texts, evaluated.gold, commonest=run.commonest_label, train=train)
    outcomes = run.task.count_outcomes(evaluated.decided, evaluated.gold)
    report = evaluate.make_report(
        evaluated, data_file=file, sha256=sha256, baseline=baseline, notes=notes, outcomes=outcomes
    )
    text = "\n".join([run.task.format_scores(report), "", *describe(report, is_given=is_given)])
    target = choose_evaluation_folder(run.folder, file, sha256)
    evaluate.write_evaluation(target, evaluated, report, text, outcomes)
    print(text)
    print(f"written: {target}; to look at: {target / 'report.html'}")


def describe(report, *, is_given):
    """Return the lines below the table: what was scored, how sure the figures are, by what was decided, baselines."""
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


def compare(folders, files):
    """Lay the evaluations side by side."""
    targets = [choose_evaluation_folder(folder, file, hash_file(file)) for folder in folders for file in files]
    compared = comparison.compare_evaluations(comparison.read_evaluations(targets))
    target = comparison.name_comparison_folder()
    comparison.write_comparison(compared, target)
    print(f"\n{comparison.format_comparison(compared)}\nwritten: {target}")


if __name__ == "__main__":
    run_script(main, globals(), limits={"BATCH_SIZE": (1, 65_536), "PRECISION": PRECISIONS})
