"""Prints what thresholds chosen on dev are worth on other texts: python -m benchmarks.thresholds RUN DATA_FILE"""

import sys
from pathlib import Path

import numpy as np

from zhlabel.loading import load_run
from zhlabel.thresholds import parse_goal
from zhlabel.tuning import DEV_FILE

GOALS = ("micro_f1", "macro_f1", "accuracy")


def main(folder, data_file):
    run = load_run(folder)
    with np.load(Path(folder) / DEV_FILE) as file:
        dev = dict(file)
    examples = run.task.read(data_file, warn=lambda notes: None)
    gold = run.task.encode_gold(examples, run.names)
    predictions = run.predict(run.encode([example.text for example in examples]))
    print(f"| thresholds on {data_file} | micro F1 | macro F1 | accuracy |\n|---|---:|---:|---:|")
    choices = {"0.5 for all": {"global": 0.5}}
    for goal in [goal for goal in GOALS if goal in run.task.goals]:
        for per_label in (False, True):
            chosen = run.task.tune(dev, run.names, per_label=per_label, goal=parse_goal(goal))
            kind = "one a label" if per_label else f"{chosen['global']} for all"
            choices[f"{kind}, chosen by dev's {goal}"] = chosen
    for name, thresholds in choices.items():
        decided = run.task.decide(predictions, thresholds, run.names)
        scores = run.task.score(decided, gold, run.names, texts=[example.text for example in examples])
        figures = [scores["micro avg"]["f1-score"], scores["macro avg"]["f1-score"], scores.get("accuracy")]
        print(f"| {name} | {' | '.join('' if each is None else f'{each:.4f}' for each in figures)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
