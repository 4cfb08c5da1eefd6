"""What each part of the recipe is worth: python -m benchmarks.ablation DATA OUT SET [--seeds N] [--flag value ...]

DATA and SET are as in benchmarks.published. Each row is trained with N seeds, where the set has no dev file each with a
dev share of its own; only the dev score is shown, and no test file is read. A run that is there already is not
trained again: the command goes on where it was stopped. Flags go to every training: duee_multilabel --epochs 5.
"""

import statistics
from pathlib import Path

from benchmarks.published import find_set, measure, read_words, start
from zhlabel.errors import InputError

CLASSIFICATION = {
    "[CLS] alone": {"--head": "cls", "--ngrams": "false"},
    "and the highest values": {"--ngrams": "false"},
    "and the votes of n-grams (the default)": {},
    "and adversarial training, 1.0": {"--adversarial": "1.0"},  # which is the default for ner alone
}
NER = {
    "the encoder alone": {"--adversarial": "0", "--ngrams": "false"},
    "and adversarial training": {"--ngrams": "false"},
    "and the votes of n-grams (the default)": {},
}


def format_row(title, records):
    """One row: mean and range of the dev scores, and the mean time of training."""
    scores = [record["dev_score"] for record in records]
    minutes = statistics.mean(record["seconds"] for record in records) / 60
    return f"| {title} | {statistics.mean(scores):.4f} | {min(scores):.4f} to {max(scores):.4f} | {minutes:.1f} min |"


def main(data, out, name="", *words):
    """Train every row with every seed, and print the table."""
    others, flags = read_words(words)
    seeds = flags.pop("--seeds", "3")
    if others or not seeds.isdigit() or not int(seeds):
        raise InputError(f"{' '.join(others)} --seeds {seeds}: expected one set, then flags, --seeds a number above 0.")
    seeds = range(1, 1 + int(seeds))
    rows = NER if find_set(name)["flags"]["--task"] == "ner" else CLASSIFICATION
    Path(out).mkdir(parents=True, exist_ok=True)
    lines = []
    for title, changes in rows.items():
        runs = [{**changes, **flags, "--seed": str(seed)} for seed in seeds]
        records = [measure(name, Path(data), Path(out), each, is_test=False)[0] for each in runs]
        lines.append(format_row(title, records))
    print("| recipe | dev score | range | training |\n|---|---:|---:|---:|")
    print("\n".join(lines))


if __name__ == "__main__":
    start(main)
