"""Prints time and memory of scoring many predicted rows: python -m benchmarks.evaluation_rows 1000000 65"""

import sys
import time

import numpy as np

from zhlabel.decisions.labels import decide_labels
from zhlabel.decisions.sweep import sweep_thresholds
from zhlabel.evaluation.evaluate import measure_peak_memory
from zhlabel.metrics.bootstrap import bootstrap_intervals
from zhlabel.metrics.calibration import score_calibration
from zhlabel.metrics.classification import score_multi_label, score_relaxed
from zhlabel.metrics.outcomes import count_label_outcomes
from zhlabel.metrics.ranking import score_ranking
from zhlabel.reports.label_errors import count_confusions
from zhlabel.reports.multi_label import format_table


def main(rows, labels):
    """Draw probabilities and gold, 1.3 labels a row, and score them as an evaluation does."""
    generator = np.random.default_rng(1)
    names = [f"label {place}" for place in range(labels)]
    gold = generator.random((rows, labels), dtype=np.float32) < 1.3 / labels
    probabilities = generator.beta(0.3, 9, (rows, labels)).astype(np.float32)
    probabilities[gold] = generator.beta(9, 1, int(gold.sum()))
    print(f"{rows:,} rows, {labels} labels; {measure_peak_memory():,.0f} MiB before the first step\n")
    print("| step | seconds | peak memory, MiB |\n|---|---:|---:|")
    decided = take_time("decisions", lambda: decide_labels(probabilities, threshold=0.5))
    take_time("table and exact match", lambda: format_table(score_multi_label(decided, gold, names)))
    take_time("relaxed measures", lambda: score_relaxed(decided, gold))
    outcomes = take_time("outcomes", lambda: count_label_outcomes(decided, gold, names))
    figures = ("micro f1-score", "macro f1-score", "accuracy", "hamming_loss")
    take_time("intervals", lambda: bootstrap_intervals(outcomes, figures=figures))
    take_time("average precision, ROC AUC, LRAP", lambda: score_ranking(probabilities, gold, names))
    take_time("calibration", lambda: score_calibration(probabilities.ravel(), gold.ravel()))
    take_time("confusions", lambda: count_confusions(decided, gold, names))
    columns = zip(probabilities.T, gold.T, strict=True)
    take_time("sweep and curves", lambda: sweep_thresholds(columns, gold.sum(0), names, texts=(probabilities, gold)))


def take_time(name, step):
    started = time.perf_counter()
    result = step()
    print(f"| {name} | {time.perf_counter() - started:.1f} | {measure_peak_memory():,.0f} |", flush=True)
    return result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
