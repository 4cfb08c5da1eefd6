"""What each part of the recipe is worth: python -m benchmarks.ablation DATA OUT SET [--seeds N] [--flag value ...]

DATA, SET and the flags of a set are as in benchmarks.published, with n-grams that vote. Each row is trained with N
seeds, where the set has no dev file each with a dev share of its own; only dev scores are shown, of the best epoch and
with the votes of n-grams, and no test file is read. A run that is there already is not trained again: the command goes
on where it was stopped. Flags go to every training: duee_multilabel --epochs 5.
"""

import statistics
from pathlib import Path

from benchmarks.published import find_set, measure, read_words, start
from zhlabel.errors import InputError
from zhlabel.training.history import read_history

CLASSIFICATION = {"[CLS] alone": {"--head": "cls"}, "and the highest values": {}}
NER = {"without adversarial training": {"--adversarial": "0"}, "with it, 1.0": {}}


def describe(scores):
    """Mean of the scores, and each of them."""
    return f"{statistics.mean(scores):.4f} ({', '.join(f'{score:.4f}' for score in scores)})"


def format_row(title, records, out):
    """One row: the dev scores before and after n-grams vote, and the mean time of training."""
    histories = [read_history(out / "runs" / record["settings"]["run"]) for record in records]
    alone = describe([max(row["dev_score"] for row in history) for history in histories])
    minutes = statistics.mean(record["seconds"] for record in records) / 60
    return f"| {title} | {alone} | {describe([record['dev_score'] for record in records])} | {minutes:.1f} min |"


def main(data, out, name="", *words):
    """Train every row with every seed, and print the table."""
    others, flags = read_words(words)
    seeds = flags.pop("--seeds", "3")
    if others or not seeds.isdecimal() or not int(seeds):
        found = " ".join([*others, "--seeds", seeds])
        raise InputError(f"{found}: expected one set, then flags, --seeds a number above 0.")
    seeds = range(1, 1 + int(seeds))
    rows = NER if find_set(name)["flags"]["--task"] == "ner" else CLASSIFICATION
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for title, changes in rows.items():
        runs = [{**changes, **flags, "--seed": str(seed)} for seed in seeds]
        lines.append(format_row(title, [measure(name, Path(data), out, each, is_test=False)[0] for each in runs], out))
    print("| recipe | dev score | with n-grams | training |\n|---|---:|---:|---:|")
    print("\n".join(lines))


if __name__ == "__main__":
    start(main)
