"""Multi-label classification: any number of labels for a text, by a threshold on each label's own probability."""

import functools

import numpy as np

from zhlabel.data.examples import read_examples
from zhlabel.data.labels import encode_labels
from zhlabel.data.windows import pool_windows
from zhlabel.decisions import labels as decisions_labels
from zhlabel.decisions import temperature, thresholds
from zhlabel.decisions.sweep import sweep_thresholds
from zhlabel.decisions.temperature import apply_temperature
from zhlabel.metrics import baselines, classification
from zhlabel.metrics.outcomes import count_label_outcomes
from zhlabel.metrics.ranking import score_ranking
from zhlabel.reports import label_errors, label_issues, multi_label
from zhlabel.tasks.base import Task

CLASSIFIER_HEADS = ("cls_max", "cls")
LONG_TEXTS = ("cut", "head_tail", "windows_mean", "windows_max")  # the third and fourth pool what the windows say


def read_labelled(path, *, warn=None):
    """Read labelled texts.

    Args:
        path: as ``examples.read_examples``.
        warn: as ``examples.read_examples``.
    """
    return read_examples(path, warn=warn)


def repeat_for_rows(gold, table, names):
    """Return each row the targets of its text.

    Args:
        gold: array [N, ...].
        table: Encodings of N texts in W rows.
        names: the label names, which change nothing.

    Returns:
        array [W, ...].
    """
    return gold if len(table) == len(gold) else gold[table.owners]  # which would copy them


def pool_outputs(outputs, table, names, *, long_text, state=None):
    """Build the outputs of a text's windows one; with one row a text they are what they were.

    Args:
        outputs: float array [W, L].
        table: Encodings of N texts in W rows.
        names: the label names, which change nothing.
        long_text: one of LONG_TEXTS.
        state: nothing.

    Returns:
        float array [N, L].
    """
    return pool_windows(outputs, table.owners, how=long_text.removeprefix("windows_"))


def _build_model(encoder, names, *, head, seed):
    from zhlabel.models.classifier import build_classifier

    return build_classifier(encoder, len(names), activation="sigmoid", seed=seed)


def gather_probabilities(predictions, gold, names):
    """Return what thresholds and temperature are chosen from, as arrays that a file can keep.

    Args:
        predictions: float array [N, L].
        gold: bool array [N, L] or int array [N].
        names: the label names, which change nothing.
    """
    return {"probabilities": predictions, "gold": gold}


def _score_dev(probabilities, gold, names):
    return float(thresholds.score_micro_f1(_count(probabilities, gold)).max())


def _count(probabilities, gold):
    return thresholds.count_at_thresholds(zip(probabilities.T, gold.T, strict=True), gold.sum(axis=0))


def _tune(arrays, names, *, per_label, goal):
    probabilities, gold = arrays["probabilities"], arrays["gold"]
    if goal[0] == "accuracy":
        common = thresholds.choose_for_texts(probabilities, gold)
        own = thresholds.choose_for_texts(probabilities, gold, common=common) if per_label else None
    else:
        counts = _count(probabilities, gold)
        common = thresholds.choose_threshold(counts, goal)
        own = thresholds.choose_label_thresholds(counts, goal, common=common) if per_label else None
    return {"global": common} | ({"labels": dict(zip(names, own.tolist(), strict=True))} if per_label else {})


def _sweep(arrays, names):
    probabilities, gold = arrays["probabilities"], arrays["gold"]
    columns = zip(probabilities.T, gold.T, strict=True)
    return sweep_thresholds(columns, gold.sum(axis=0), names, texts=(probabilities, gold))


def _decide(probabilities, chosen, names):
    own = chosen.get("labels")
    fewest, most = decisions_labels.parse_limits(chosen.get("labels_per_text", ""))
    threshold = [own[name] for name in names] if own else chosen["global"]
    return decisions_labels.decide_labels(probabilities, threshold=threshold, fewest=fewest, most=most)


def _score(decided, gold, names, *, texts):
    return classification.score_multi_label(decided, gold, names)


def _measure(probabilities, decided, gold, names):
    return {
        "relaxed": classification.score_relaxed(decided, gold),
        "ranking": score_ranking(probabilities, gold, names),
        "events": ("a label of a text", probabilities.ravel(), gold.ravel()),
    }


def _list_confusions(examples, probabilities, decided, gold, names):
    return label_errors.count_confusions(decided, gold, names)


def _list_suspects(examples, probabilities, decided, gold, names):
    return label_issues.find_label_suspects(examples, probabilities, gold, names)


def _format_prediction(text, probabilities, decided, names):
    chosen = sorted(np.flatnonzero(decided), key=lambda i: -probabilities[i])
    return {"labels": [{"label": names[i], "probability": float(probabilities[i])} for i in chosen]}


def _list_logits(probabilities, gold):
    rows = zip(temperature.compute_logits(probabilities).tolist(), gold.astype(float).tolist(), strict=True)
    return [{"logits": logits, "labels": labels} for logits, labels in rows]


MULTI_LABEL = Task(
    name="multi_label",
    read=read_labelled,
    encode_gold=encode_labels,
    align=repeat_for_rows,
    heads=CLASSIFIER_HEADS,
    build_model=_build_model,
    make_loss=lambda model: "binary_crossentropy",
    long_texts=LONG_TEXTS,
    combine=pool_outputs,
    score_dev=_score_dev,
    score_name="micro F1",
    gather=gather_probabilities,
    threshold_kinds=("global", "per_label"),
    goals=("micro_f1", "macro_f1", "accuracy", "precision", "recall"),
    tune=_tune,
    sweep=_sweep,
    rescale=functools.partial(apply_temperature, exclusive=False),
    limits_labels=True,
    decide=_decide,
    score=_score,
    score_baselines=baselines.score_multi_label_baselines,
    format_scores=multi_label.format_table,
    figures=("micro f1-score", "macro f1-score", "accuracy", "hamming_loss"),
    count_outcomes=count_label_outcomes,
    measure=_measure,
    tables={
        "predictions.csv": (multi_label.PREDICTION_COLUMNS, multi_label.list_predictions),
        "errors.csv": (multi_label.PREDICTION_COLUMNS, multi_label.list_errors),
        "label_errors.csv": (label_errors.LABEL_ERROR_COLUMNS, label_errors.list_label_errors),
        "confusions.csv": (label_errors.CONFUSION_COLUMNS, _list_confusions),
        "suspects.csv": (label_errors.SUSPECT_COLUMNS, _list_suspects),
    },
    error_table="label_errors.csv",
    rate_error=label_errors.rate_error,
    format_prediction=_format_prediction,
    extras={"logits.json": _list_logits},
)
