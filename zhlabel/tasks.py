"""One table: for each task how it reads labels, what it builds on the encoder, decides, scores and reports."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhlabel import decisions, metrics, reports
from zhlabel.labels import encode_labels


@dataclass(frozen=True)
class Task:
    """What differs between tasks; everything else is common.

    Attributes:
        name: value of TASK.
        encode_targets: (examples, label names, source=) to an array with one row a text.
        build_head: (encoder, label count, seed=) to the model; imports TensorFlow when it is called.
        loss: name of the Keras loss.
        choose_thresholds: (probabilities, targets) to (thresholds as a dict, dev score).
        decide: (probabilities, thresholds) to decisions.
        score: (decisions, targets, label names) to the keys of report.json.
        score_baselines: (targets, label names, commonest=) to the "baseline" of report.json.
        format_scores: (scores) to the printed table.
        list_predictions: (examples, probabilities, decisions, targets, names) to rows of predictions.csv.
        format_prediction: (probabilities [L], decisions [L], names) to the part of a prediction beside its text.
    """

    name: str
    encode_targets: Callable
    build_head: Callable
    loss: str
    choose_thresholds: Callable
    decide: Callable
    score: Callable
    score_baselines: Callable
    format_scores: Callable
    list_predictions: Callable
    format_prediction: Callable


def _build_sigmoid_head(encoder, label_count, *, seed):
    from zhlabel.heads import build_classifier

    return build_classifier(encoder, label_count, activation="sigmoid", seed=seed)


def _choose_global_threshold(probabilities, targets):
    threshold, micro_f1 = decisions.choose_threshold(probabilities, targets)
    return {"global": threshold}, micro_f1


def _decide_with_global_threshold(probabilities, thresholds):
    return decisions.decide_labels(probabilities, threshold=thresholds["global"])


def _list_labels(probabilities, decided, names):
    chosen = sorted(np.flatnonzero(decided), key=lambda i: -probabilities[i])
    return {"labels": [{"label": names[i], "probability": float(probabilities[i])} for i in chosen]}


TASKS = {
    task.name: task
    for task in (
        Task(
            name="multi_label",
            encode_targets=encode_labels,
            build_head=_build_sigmoid_head,
            loss="binary_crossentropy",
            choose_thresholds=_choose_global_threshold,
            decide=_decide_with_global_threshold,
            score=metrics.score_multi_label,
            score_baselines=metrics.score_multi_label_baselines,
            format_scores=reports.format_table,
            list_predictions=reports.list_predictions,
            format_prediction=_list_labels,
        ),
    )
}
