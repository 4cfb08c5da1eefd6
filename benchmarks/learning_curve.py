"""What more labels and more pretraining give: python -m benchmarks.learning_curve DATA OUT SET [CHECKPOINT ...]

DATA and SET are as in benchmarks.published; no test file is read. A tenth of the set's training file is the dev share.
A quarter, a half and all of the rest are trained on from each CHECKPOINT (folders of different names; or albert_tiny),
all of it from random weights too. A row has the scores on the texts learned from and on the dev share. A run that is
there already is not trained again. Flags go to every training: cluener --epochs 4 --adversarial 0 --ngrams false.
"""

import json
from pathlib import Path

from benchmarks.published import PROJECT, call, find_files, find_set, read_words, start, train

SHARES = {"a quarter": "1:3", "a half": "1:1", "all": ""}  # parts that are learned from and left alone


def divide(source, task, parts, folder):
    """Divide a file of labelled texts in two, every label in proportion; gives both files."""
    if not folder.is_dir():
        flags = {"--sources": str(source), "--task": task, "--parts": parts, "--out-folder": str(folder)}
        call("data_split.py", flags, folder.parent)
    return [str(next(folder.glob(f"{part}.*"))) for part in ("train", "dev")]


def measure(run, flags, out):
    """Train a run, and score it on what it has learned from; gives run.json and report.json."""
    record = train(run, flags, out)
    call("model_evaluate.py", {"--run": run, "--data-file": flags["--train-file"]}, out)
    (report_file,) = (out / "runs" / run / "evaluation").glob("*/report.json")
    return record, json.loads(report_file.read_text(encoding="utf-8"))


def format_row(title, share, record, report):
    """One row: where it started, how many texts it learned from, its scores."""
    learned = report["micro avg"]["f1-score"] if record["task"] != "multi_class" else report["accuracy"]
    cells = [title, f"{share}, {record['data']['train_texts']:,} texts", f"{learned:.4f}", f"{record['dev_score']:.4f}"]
    return f"| {' | '.join(cells)} |"


def main(data, out, name="", *words):
    """Train each start on each share, and print the table."""
    checkpoints, changes = read_words(words)
    checkpoints = checkpoints or [str(PROJECT / "albert_tiny")]
    out, set_flags = Path(out).resolve(), find_set(name)["flags"]
    out.mkdir(parents=True, exist_ok=True)
    source, task = find_files(name, Path(data), out)["train"], set_flags["--task"]
    whole, dev_file = divide(source, task, "9:1", out / "all")
    files = {
        share: divide(whole, task, parts, out / share.replace(" ", "-"))[0] if parts else whole
        for share, parts in SHARES.items()
    }
    starts = [("random weights", checkpoints[0], "all", "true")]
    starts += [(Path(each).name, each, share, "false") for each in checkpoints for share in SHARES]
    lines = []
    for title, checkpoint, share, from_scratch in starts:
        flags = {"--checkpoint": str(Path(checkpoint).resolve()), "--from-scratch": from_scratch, **set_flags}
        flags |= changes | {"--train-file": files[share], "--dev-file": dev_file}
        run = f"{name}-{title}-{share}".replace(" ", "-")
        lines.append(format_row(title, share, *measure(run, flags, out)))
    print("| start | learned from | score there | dev score |\n|---|---|---:|---:|")
    print("\n".join(lines))


if __name__ == "__main__":
    start(main)
