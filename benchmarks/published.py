"""Trains on published data sets, prints our scores beside others': python -m benchmarks.published DATA OUT [SET ...]

DATA holds the sets' own files, a folder each. OUT gets converted files and the runs; a run that is there already is
not trained again, so that the command goes on where it was stopped. Without the word "test" among the sets only the dev
score is shown: it is what settings are chosen by. Flags go to the training: cluener test --lora-rank 8. Labels are
learned with the highest values and n-grams, entities with an LSTM, n-grams and adversarial training, as accuracy.md
has it. The model that model_train.py builds by itself is --head cls --ngrams false, for entities --head crf --ngrams
false --adversarial 0.
"""

import csv
import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path

from zhlabel.errors import InputError

PROJECT = Path(__file__).parents[1]
# What the published figures were measured with. It is more than the model that model_train.py builds by itself.
LABELS = {"--head": "cls_max", "--ngrams": "true"}
NER = {
    "--task": "ner",
    "--max-length": "128",
    "--batch-size": "32",
    "--head": "bilstm_crf",
    "--head-learning-rate": "2e-3",
    "--ngrams": "true",
    "--adversarial": "1",
}
CLASS = {"--task": "multi_class", "--batch-size": "32", **LABELS}
# Files of the set, flags that differ from the script's constants, and what others published on the same test file.
SETS = {
    "duee_multilabel": {
        "files": {"train": "train.csv", "test": "test.csv"},
        # each of its training texts has a label
        "flags": {"--task": "multi_label", "--labels-per-text": "1-", **LABELS},
        "published": "albert_tiny 0.9025, albert_base 0.9382 (micro F1)",
    },
    "cail_divorce": {
        "folder": "cail2019_elements/divorce",
        "documents": "data_small_selected.json",
        "names": ("tags.txt", "selectedtags.txt"),
        "flags": {"--task": "multi_label", "--max-length": "128", **LABELS},
        "published": "none on this split (by judgment, 4:1:1)",
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


def split_documents(path, name_files, target):
    """Divide judgments, a JSON list of sentences a line, 4:1:1 into csv files, so that none is on two sides."""
    codes, names = ((path.parent / file).read_text(encoding="utf-8").split() for file in name_files)
    known = dict(zip(codes, names, strict=True))
    documents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    random.Random(1).shuffle(documents)
    ends = [0, len(documents) * 4 // 6, len(documents) * 5 // 6, len(documents)]
    target.mkdir(parents=True, exist_ok=True)
    for part, start, end in zip(("train", "dev", "test"), ends, ends[1:], strict=False):
        with open(target / f"{part}.csv", "w", encoding="utf-8", newline="") as stream:
            rows = [sentence for document in documents[start:end] for sentence in document]
            cells = [("|".join(known[code] for code in row["labels"]), row["sentence"]) for row in rows]
            csv.writer(stream).writerows([("label", "content"), *cells])
    return {part: (target / f"{part}.csv").resolve() for part in ("train", "dev", "test")}


def call(script, flags, folder):
    """Run one of the scripts in a folder, and print its command; end as it ended where it failed."""
    command = [script, *(word for pair in flags.items() for word in pair)]
    print("python", *command, flush=True)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    status = subprocess.call([sys.executable, str(PROJECT / script), *command[1:]], cwd=folder, env=environment)
    if status:
        sys.exit(status)


def find_files(name, data, out):
    """Return the files of a set by part, train, dev and test where it has them; converted into OUT where need be."""
    wanted = SETS[name]
    folder = data / wanted.get("folder", name)
    if "documents" in wanted:
        return split_documents(folder / wanted["documents"], wanted["names"], out / name)
    files = {part: (folder / file).resolve() for part, file in wanted["files"].items()}
    if "columns" not in wanted:
        return files
    return {
        part: convert(file, wanted["columns"], out / name / f"{part}.csv").resolve() for part, file in files.items()
    }


def train(run, flags, out):
    """Train one run unless it is there, complete; gives its run.json."""
    record_file = out / "runs" / run / "run.json"
    if not record_file.is_file() or not json.loads(record_file.read_text(encoding="utf-8"))["complete"]:
        call("model_train.py", flags | {"--run": run}, out)
    return json.loads(record_file.read_text(encoding="utf-8"))


def measure(name, data, out, changes, *, is_test):
    """Train on one set, score its test file if wanted; gives run.json, report.json ({} without), what others have."""
    wanted, files = SETS[name], find_files(name, data, out)
    run = "-".join([name, *(value for pair in changes.items() for value in pair)]).replace("--", "").replace("/", "_")
    flags = {"--train-file": str(files["train"]), "--dev-file": str(files.get("dev", ""))}
    flags |= {"--checkpoint": str(PROJECT / "albert_tiny"), **wanted["flags"], **changes}
    record = train(run, flags, out)
    if not is_test:
        return record, {}, wanted["published"]
    call("model_evaluate.py", {"--run": run, "--data-file": str(files["test"])}, out)
    reports = (out / "runs" / run / "evaluation").glob("*/report.json")
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in reports]
    (report,) = (each for each in reports if each["data"]["file"] == str(files["test"]))
    return record, report, wanted["published"]


def format_row(name, record, report, published):
    scores = [report.get(average, {}).get("f1-score") for average in ("micro avg", "macro avg")]
    figures = [record["dev_score"], *scores, report.get("accuracy")]
    cells = [
        name,
        *("" if figure is None else f"{figure:.4f}" for figure in figures),
        f"{record['parameters']['trainable']:,}",
        f"{record['seconds'] / 60:.0f} min",
        f"{report['texts_per_second']:,.0f}" if report else "",
        published,
    ]
    return f"| {' | '.join(cells)} |"


def read_words(words):
    """Divide a command's words into those before the first flag, and the flags with their values."""
    first = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    flags = words[first:]
    if len(flags) % 2 or not all(flag.startswith("--") for flag in flags[::2]):
        raise InputError(f"{' '.join(flags)}: expected flags of model_train.py, each with its value.")
    return words[:first], dict(zip(flags[::2], flags[1::2], strict=True))


def find_set(name):
    """Return what is known of a set."""
    if name not in SETS:
        raise InputError(f'"{name}": no such set, expected one of {", ".join(SETS)}.')
    return SETS[name]


def start(main):
    """Call a command's ``main`` with its words; without any, print its documentation."""
    try:
        if len(sys.argv) < 3:
            raise InputError(sys.modules["__main__"].__doc__)
        main(*sys.argv[1:])
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


def main(data, out, *words):
    """Measure the named sets, or all."""
    words, changes = read_words(words)
    names = [word for word in words if word != "test"] or list(SETS)
    for name in names:
        find_set(name)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    measured = {name: measure(name, Path(data), out, changes, is_test="test" in words) for name in names}
    rows = [format_row(name, *found) for name, found in measured.items()]
    titles = ["set", "dev", "micro F1", "macro F1", "accuracy", "trained parameters", "training", "texts a second"]
    titles.append("published")
    print(f"| {' | '.join(titles)} |\n|---{'|---:' * (len(titles) - 2)}|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    start(main)
