"""Times the scores of decisions by us and by scikit-learn, and compares them: python benchmarks/scores.py"""

import time

import numpy as np
from sklearn.metrics import accuracy_score, classification_report, hamming_loss

from zhlabel.metrics.classification import score_counts, score_multi_label

REPEATS = 3  # the fastest counts
SIZES = ((20_000, 65), (1_000_000, 14))  # texts, labels
LABELS_A_TEXT = 1.5


def score_by_sklearn(decided, gold, names):
    """Return scikit-learn's figures in the form of ours."""
    options = {"labels": range(len(names)), "target_names": names, "output_dict": True, "zero_division": 0}
    report = classification_report(gold, decided, **options)
    averages = {key: report[key] for key in ("micro avg", "macro avg", "weighted avg", "samples avg") if key in report}
    exact = {"accuracy": accuracy_score(gold, decided), "hamming_loss": hamming_loss(gold, decided)}
    return {**exact, **averages, "labels": {name: report[name] for name in names}}


def score_classes(decided, gold, names):
    """Return the figures of a multi-class task from its confusions, as scikit-learn's."""
    confusion = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(confusion, (gold, decided), 1)
    wrong = float((decided != gold).mean())
    scores = score_counts(confusion.diagonal(), confusion.sum(0), confusion.sum(1), names)
    return {**scores, "accuracy": 1 - wrong, "hamming_loss": wrong}


def draw(texts, labels, *, exclusive):
    """Return decisions and gold that agree on nine cells or texts in ten."""
    random = np.random.default_rng(1)
    if exclusive:
        gold = random.integers(labels, size=texts)
        return np.where(random.random(texts) < 0.9, gold, random.integers(labels, size=texts)), gold
    gold = random.random((texts, labels)) < LABELS_A_TEXT / labels
    return np.where(random.random(gold.shape) < 0.9, gold, random.random(gold.shape) < LABELS_A_TEXT / labels), gold


def time_best(score, *arguments):
    """Return the least seconds of several calls, and what they gave."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        found = score(*arguments)
        seconds.append(time.perf_counter() - started)
    return min(seconds), found


def find_difference(ours, theirs):
    """Return the largest difference between figures that both have."""
    if isinstance(theirs, dict):
        return max(find_difference(ours[key], theirs[key]) for key in theirs if key in ours)
    return abs(ours - theirs)


def main():
    print("| task | texts | labels | ours, s | scikit-learn, s | times | largest difference |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for task, score in (("multi_label", score_multi_label), ("multi_class", score_classes)):
        for texts, labels in SIZES:
            arrays = draw(texts, labels, exclusive=task == "multi_class")
            names = [f"label {number}" for number in range(labels)]
            own, ours = time_best(score, *arrays, names)
            other, theirs = time_best(score_by_sklearn, *arrays, names)
            figures = f"{own:.3f} | {other:.3f} | {other / own:.0f} | {find_difference(ours, theirs):.0e}"
            print(f"| {task} | {texts:,} | {labels} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
