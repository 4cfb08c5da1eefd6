"""Prints what thresholds chosen on dev are worth on other texts: python -m benchmarks.thresholds RUN DATA_FILE

The run's own temperature and limits on a text's labels are in force.
"""

import sys
from pathlib import Path

import numpy as np

from zhlabel.decisions.thresholds import Thresholds
from zhlabel.inference.run import load_run
from zhlabel.runs.record import DEV_FILE
from zhlabel.training.tuning import choose_decisions

GOALS = ("micro_f1", "macro_f1", "accuracy")


def main(folder, data_file):
    run = load_run(folder)
    with np.load(Path(folder) / DEV_FILE) as file:
        dev = dict(file)
    examples, _ = run.task.read(data_file, warn=lambda notes: None)
    gold = run.task.encode_gold(examples)
    predictions = run.predict_encoded(run.encode([example.text for example in examples]))
    print(f"| thresholds on {data_file} | micro F1 | macro F1 | accuracy |\n|---|---:|---:|---:|")
    choices = {"0.5 for all": run.settle_thresholds(0.5)}
    for goal in [goal for goal in GOALS if goal in run.task.goals]:
        for per_label in (False, True):
            wanted = {"thresholds": "per_label" if per_label else "global", "threshold_goal": goal}
            chosen = choose_decisions(run.task, dev, {**run.record["settings"], **wanted})
            chosen = Thresholds.from_record(chosen["thresholds"])
            kind = "one a label" if per_label else f"{chosen.common} for all"
            choices[f"{kind}, chosen by dev's {goal}"] = chosen
    for name, thresholds in choices.items():
        decided = run.task.decide(predictions, thresholds)
        scores = run.task.score(decided, gold, texts=[example.text for example in examples])
        figures = [scores["micro avg"]["f1-score"], scores["macro avg"]["f1-score"], scores.get("accuracy")]
        print(f"| {name} | {' | '.join('' if each is None else f'{each:.4f}' for each in figures)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
