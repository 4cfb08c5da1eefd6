"""Scores a trained run on labelled texts it has not seen, and writes the reports: python model_evaluate.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import time
from pathlib import Path

from zhlabel.decisions import compute_logits
from zhlabel.examples import read_examples
from zhlabel.files import hash_file, write_whole
from zhlabel.reports import write_csv, write_json
from zhlabel.runs import choose_evaluation_folder, find_newest_run, load_run, locate_run
from zhlabel.settings import run_script

RUN = ""  # "": the newest finished run; else a folder, or a name under runs/
DATA_FILE = "data/test.csv"  # labelled texts, in any form that training reads
THRESHOLD = 0.0  # 0: the run's own, chosen on its dev texts; else this probability for every label
BATCH_SIZE = 64  # texts at once; changes speed and memory, not the result


def main(settings):
    folder = locate_run(settings.run) if settings.run else find_newest_run()
    examples = read_examples(settings.data_file)
    print(f"run: {folder}")
    run = load_run(folder)
    if not run.record["complete"]:
        print(f"note: this training was stopped after epoch {run.record['epochs']}")
    gold = run.task.encode_targets(examples, run.names, source=f"{folder}/label.json")
    sha256 = hash_file(settings.data_file)
    for part, file in run.record["data"].items():
        if isinstance(file, dict) and file["sha256"] == sha256:
            print(f"note: {settings.data_file} is this run's {part} file, so the figures flatter")

    started = time.perf_counter()
    table = run.encode([example.text for example in examples])
    probabilities = run.predict(table, batch_size=settings.batch_size)
    seconds = time.perf_counter() - started

    thresholds = run.settle_thresholds(settings.threshold)
    decided = run.task.decide(probabilities, thresholds)
    scores = run.task.score(decided, gold, run.names)
    baseline = run.task.score_baselines(gold, run.names, commonest=run.commonest_label)
    report = {
        "run": folder.as_posix(),
        "task": run.task.name,
        "data": {
            "file": settings.data_file,
            "sha256": sha256,
            "texts": len(examples),
            "truncated": table.truncated,
        },
        **scores,
        "thresholds": thresholds,
        "baseline": baseline,
        "seconds": round(seconds, 3),
        "texts_per_second": round(len(examples) / seconds, 1),
    }
    lines = [
        run.task.format_scores(scores),
        "",
        *describe(report, examples, settings.threshold),
    ]
    target = choose_evaluation_folder(folder, settings.data_file, sha256)
    rows = run.task.list_predictions(examples, probabilities, decided, gold, run.names)
    write_csv(rows, list(rows[0]), target / "predictions.csv")
    write_csv([row for row in rows if row["missed"] or row["spurious"]], list(rows[0]), target / "errors.csv")
    write_logits(target / "logits.json", probabilities, gold)
    write_reports(target, report, "\n".join(lines))
    print("\n".join(lines))
    print(f"written: {target}")


def describe(report, examples, given_threshold):
    """Give the lines below the table: what was scored, by which threshold, and what needs no model."""
    threshold = report["thresholds"]["global"]
    origin = "given, not the run's own" if given_threshold else "chosen on the run's dev texts"
    lines = [
        f"{report['data']['file']}: {len(examples):,} texts, {report['data']['truncated']:,} of them cut at the length "
        f"limit; {report['texts_per_second']:,.0f} texts per second",
        f"threshold {threshold} ({origin})",
    ]
    for name, row in report["baseline"].items():
        lines.append(
            f"for comparison, {name}: micro F1 {row['micro f1-score']:.4f}, accuracy {row['accuracy']:.4f}, "
            f"hamming loss {row['hamming_loss']:.4f}"
        )
    return lines


def write_reports(target, report, text):
    """Write report.txt and report.json."""
    with write_whole(target / "report.txt") as stream:
        stream.write(text + "\n")
    write_json(report, target / "report.json")


def write_logits(path, probabilities, gold):
    """Write logits and gold of each text, for thresholds set by hand: [{"logits": [...], "labels": [...]}, ...]."""
    rows = zip(compute_logits(probabilities).tolist(), gold.astype(float).tolist(), strict=True)
    write_json([{"logits": logits, "labels": labels} for logits, labels in rows], Path(path))


if __name__ == "__main__":
    run_script(main, globals(), limits={"THRESHOLD": (0.0, 1.0), "BATCH_SIZE": (1, 65_536)})
