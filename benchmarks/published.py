"""Trains on published data sets, prints our scores beside others': python -m benchmarks.published DATA OUT [SET ...]

DATA holds the sets' own files, a folder each. OUT gets converted files and the runs; a run that is there already is
not trained again, so that the command goes on where it was stopped.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
NER = {"--task": "ner", "--dev-share": "0.1", "--max-length": "128", "--batch-size": "32"}
CLASS = {"--task": "multi_class", "--dev-share": "0.1", "--batch-size": "32"}
# Files of the set, flags that differ from the script's constants, and what others published on the same test file.
SETS = {
    "duee_multilabel": {
        "files": {"train": "train.csv", "test": "test.csv"},
        "flags": {"--task": "multi_label"},
        "published": "albert_tiny 0.9025, albert_base 0.9382 (micro F1)",
    },
    "cluener": {
        "files": {"train": "cluener.train.gz", "test": "cluener.test"},
        "flags": NER,
        "published": "albert_tiny 0.6260, albert_base 0.7255, BERT 0.7603",
    },
    "time_ner": {
        "files": {"train": "time.train", "test": "time.test"},
        "flags": NER | {"--max-length": "256", "--batch-size": "8"},
        "published": "albert_tiny 0.8193, albert_base 0.8272, BERT 0.8587",
    },
    "peoples_daily": {
        "files": {"train": "train_standin.bio.gz", "dev": "example.dev", "test": "example.test"},
        "flags": NER,
        "published": "albert_tiny 0.8163, albert_base 0.8824, BERT 0.9182; theirs on the original train file, ours on "
        "a stand-in of the same size and source",
    },
    "msra_ner": {
        "files": {"train": "train.txt.gz", "test": "test.txt"},
        "flags": NER,
        "published": "BERT 0.9363",
    },
    "resume_ner": {
        "files": {"train": "train.char.bmes", "dev": "dev.char.bmes", "test": "test.char.bmes"},
        "flags": NER,
        "published": "BERT + CRF 0.9591",
    },
    "chnsenticorp": {
        "files": {"train": "train.tsv.gz", "dev": "dev.tsv", "test": "test.tsv"},
        "columns": ("label", "text_a"),
        "flags": CLASS,
        "published": "ELECTRA-small 0.943, BERT 0.950",
    },
    "thucnews_title": {
        "files": {"train": "dev.txt", "test": "test.txt"},
        "columns": (1, 0),
        "flags": CLASS,
        "published": "TextCNN 0.9122, BERT 0.9483; theirs on 180,000 titles, ours on the dev file's 10,000",
    },
    "csl_category": {
        "files": {"train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"},
        "columns": (2, 1),
        "flags": CLASS,
        "published": "none on this split",
    },
}


def convert(path, columns, target):
    """Write a tab-separated file as label,content; columns are (label, text) by name, or by place without a header."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream]
    if isinstance(columns[0], str):
        columns = [rows[0].index(name) for name in columns]
        rows = rows[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("label", "content"), *([row[place] for place in columns] for row in rows)])
    return target


def call(script, flags, folder):
    """Run one of the three scripts in a folder, and print its command."""
    command = [script, *(word for pair in flags.items() for word in pair)]
    print("python", *command, flush=True)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, str(PROJECT / script), *command[1:]], cwd=folder, env=environment, check=True)


def measure(name, data, out, changes):
    """Train and evaluate on one set; gives the row of the table."""
    wanted = SETS[name]
    files = {part: (data / name / file).resolve() for part, file in wanted["files"].items()}
    if "columns" in wanted:
        files = {
            part: convert(file, wanted["columns"], out / name / f"{part}.csv").resolve() for part, file in files.items()
        }
    run = "-".join([name, *(value for pair in changes.items() for value in pair)]).replace("--", "").replace("/", "_")
    flags = {"--checkpoint": str(PROJECT / "albert_tiny"), **wanted["flags"], **changes, "--run": run}
    if not (out / "runs" / run / "run.json").is_file():
        files_given = {"--train-file": str(files["train"]), "--dev-file": str(files.get("dev", ""))}
        call("model_train.py", files_given | flags, out)
    call("model_evaluate.py", {"--run": run, "--data-file": str(files["test"])}, out)
    record = json.loads((out / "runs" / run / "run.json").read_text(encoding="utf-8"))
    (report,) = (out / "runs" / run / "evaluation").glob("*/report.json")
    return record, json.loads(report.read_text(encoding="utf-8")), wanted["published"]


def format_row(name, record, report, published):
    micro = report.get("micro avg", {}).get("f1-score")
    cells = [
        name,
        *(f"{value:.4f}" if value is not None else "" for value in (record["dev_score"], micro)),
        f"{report['macro avg']['f1-score']:.4f}",
        f"{report['accuracy']:.4f}" if "accuracy" in report else "",
        f"{record['parameters']['trainable']:,}",
        f"{record['seconds'] / 60:.0f} min",
        f"{report['texts_per_second']:,.0f}",
        published,
    ]
    return f"| {' | '.join(cells)} |"


def main(data, out, *words):
    """Measure the named sets, or all; flags among the words go to the training: cluener --lora-rank 8."""
    names = [word for word in words if word in SETS] or list(SETS)
    rest = [word for word in words if word not in SETS]
    changes = dict(zip(rest[::2], rest[1::2], strict=True))
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rows = [format_row(name, *measure(name, Path(data), out, changes)) for name in names]
    print(
        "| set | dev | micro F1 | macro F1 | accuracy | trained parameters | training | texts per second | published |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
