"""Scores a trained run on labelled texts it has not seen, and writes the reports: python model_evaluate.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import time

from zhlabel.files import hash_file, write_whole
from zhlabel.reports import write_csv, write_json
from zhlabel.runs import choose_evaluation_folder, find_newest_run, load_run, locate_run, read_run
from zhlabel.settings import run_script
from zhlabel.tasks import TASKS

RUN = ""  # "": the newest finished run; else a folder, or a name under runs/
DATA_FILE = "data/test.csv"  # labelled texts, in any form that training reads
THRESHOLD = 0.0  # 0: the run's own; else the probability that a label or an entity must reach (not multi_class)
BATCH_SIZE = 64  # texts at once; changes speed and memory, not the result


def main(settings):
    folder = locate_run(settings.run) if settings.run else find_newest_run()
    task = TASKS[read_run(folder)["task"]]
    command = f"model_evaluate.py --run {folder} --data-file {task.sample.format('test')}"
    examples = task.read_examples(settings.data_file, print_note=print, command=command)
    print(f"run: {folder}")
    run = load_run(folder)
    thresholds = run.settle_thresholds(settings.threshold)
    if not run.record["complete"]:
        print(f"note: this training was stopped after epoch {run.record['epochs']}")
    gold = task.encode_gold(examples, run.names, source=f"{folder}/label.json")
    sha256 = hash_file(settings.data_file)
    for part, file in run.record["data"].items():
        if isinstance(file, dict) and file["sha256"] == sha256:
            print(f"note: {settings.data_file} is this run's {part} file, so the figures flatter")

    started = time.perf_counter()
    table = run.encode([example.text for example in examples])
    predictions = run.predict(table, batch_size=settings.batch_size)
    decided = task.decide(predictions, thresholds)
    seconds = time.perf_counter() - started

    for note in task.describe_gold(gold, table, run.names):
        print(f"note: {note}")
    scores = task.score(decided, gold, run.names, texts=[example.text for example in examples])
    report = {
        "run": folder.as_posix(),
        "task": task.name,
        "data": {
            "file": settings.data_file,
            "sha256": sha256,
            "texts": len(examples),
            "truncated": table.truncated,
            "windowed": table.windowed,
        },
        **scores,
        "thresholds": thresholds,
        "baseline": task.score_baselines(gold, run.names, commonest=run.commonest_label),
        "seconds": round(seconds, 3),
        "texts_per_second": round(len(examples) / seconds, 1),
    }
    lines = [task.format_scores(scores), "", *describe(report, settings.threshold)]
    target = choose_evaluation_folder(folder, settings.data_file, sha256)
    everything = (examples, predictions, decided, gold, run.names)
    rows = task.list_predictions(*everything)
    columns = list(rows[0])
    write_csv(rows, columns, target / "predictions.csv")
    write_csv(task.list_errors(*everything), task.error_columns or columns, target / "errors.csv")
    for name, make in task.extras.items():
        write_json(make(predictions, gold), target / name)
    write_reports(target, report, "\n".join(lines))
    print("\n".join(lines))
    print(f"written: {target}")


def describe(report, given_threshold):
    """Give the lines below the table: what was scored, by which threshold, and what needs no model."""
    data = report["data"]
    fate = f"{data['truncated']:,} of them cut at the length limit"
    if data["windowed"]:
        fate = f"{data['windowed']:,} of them in several windows"
    lines = [f"{data['file']}: {data['texts']:,} texts, {fate}; {report['texts_per_second']:,.0f} texts per second"]
    if report["thresholds"]:
        origin = "given, not the run's own" if given_threshold else "the run's own, chosen on its dev texts"
        lines.append(f"threshold {report['thresholds']['global']} ({origin})")
    for name, row in report["baseline"].items():
        figures = ", ".join(f"{key.replace('_', ' ').replace('-score', '')} {row[key]:.4f}" for key in row)
        lines.append(f"for comparison, {name}: {figures}")
    return lines


def write_reports(target, report, text):
    """Write report.txt and report.json."""
    with write_whole(target / "report.txt") as stream:
        stream.write(text + "\n")
    write_json(report, target / "report.json")


if __name__ == "__main__":
    run_script(main, globals(), limits={"THRESHOLD": (0.0, 1.0), "BATCH_SIZE": (1, 65_536)})
