"""Multi-class classification: exactly one label for a text, the most probable one."""

import functools

import numpy as np

from zhlabel.data.labels import encode_classes, weigh_classes
from zhlabel.decisions import labels
from zhlabel.decisions.temperature import apply_temperature
from zhlabel.metrics import baselines, classification
from zhlabel.metrics.outcomes import count_class_outcomes
from zhlabel.metrics.ranking import score_class_ranking
from zhlabel.reports import label_errors, label_issues, multi_class
from zhlabel.tasks.base import Task
from zhlabel.tasks.multi_label import (
    CLASSIFIER_HEADS,
    LONG_TEXTS,
    gather_probabilities,
    pool_outputs,
    read_labelled,
    repeat_for_rows,
)


def _build_model(encoder, names, *, head, seed):
    from zhlabel.models.classifier import build_classifier

    return build_classifier(encoder, len(names), activation="softmax", seed=seed, head=head)


def _make_loss(model):
    from zhlabel.models.losses import make_loss

    return make_loss("sparse_categorical_crossentropy", model)


def _combine(outputs, table, names, *, long_text, state=None):
    pooled = pool_outputs(outputs, table, names, long_text=long_text)
    return pooled / pooled.sum(axis=1, keepdims=True)  # the highest of several windows do not sum to 1


def _score_dev(probabilities, gold, names):
    return float((probabilities.argmax(axis=1) == gold).mean())


def _decide(probabilities, thresholds, names):
    return labels.decide_classes(probabilities)


def _score(decided, gold, names, *, texts):
    return classification.score_multi_class(decided, gold, names)


def _measure(probabilities, decided, gold, names):
    chosen = probabilities[np.arange(len(decided)), decided]
    return {
        "ranking": score_class_ranking(probabilities, gold, names),
        "events": ("the decided label of a text", chosen, decided == gold),
    }


def _list_confusions(examples, probabilities, decided, gold, names):
    return label_errors.count_class_confusions(decided, gold, names)


def _list_suspects(examples, probabilities, decided, gold, names):
    return label_issues.find_class_suspects(examples, probabilities, gold, names)


def _format_prediction(text, probabilities, decided, names):
    return {"label": names[decided], "probability": float(probabilities[decided])}


MULTI_CLASS = Task(
    name="multi_class",
    read=read_labelled,
    encode_gold=encode_classes,
    align=repeat_for_rows,
    heads=CLASSIFIER_HEADS,
    build_model=_build_model,
    make_loss=_make_loss,
    long_texts=LONG_TEXTS,
    combine=_combine,
    score_dev=_score_dev,
    score_name="accuracy",
    gather=gather_probabilities,
    rescale=functools.partial(apply_temperature, exclusive=True),
    decide=_decide,
    score=_score,
    score_baselines=baselines.score_multi_class_baselines,
    format_scores=multi_class.format_class_table,
    figures=("accuracy", "macro f1-score"),
    count_outcomes=count_class_outcomes,
    measure=_measure,
    tables={
        "predictions.csv": (multi_class.CLASS_COLUMNS, multi_class.list_class_predictions),
        "errors.csv": (multi_class.CLASS_COLUMNS, multi_class.list_class_errors),
        "label_errors.csv": (label_errors.LABEL_ERROR_COLUMNS, label_errors.list_class_label_errors),
        "confusions.csv": (label_errors.CONFUSION_COLUMNS, _list_confusions),
        "suspects.csv": (label_errors.SUSPECT_COLUMNS, _list_suspects),
    },
    error_table="label_errors.csv",
    rate_error=label_errors.rate_error,
    format_prediction=_format_prediction,
    weigh=weigh_classes,
    fewest_labels=2,
    sample="data/class.{}.csv",
)
