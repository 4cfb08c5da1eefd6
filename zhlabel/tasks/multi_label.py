"""Multi-label classification: any number of labels for a text, by a threshold on each label's own probability."""

import numpy as np

from zhlabel import decisions, metrics, reports
from zhlabel.examples import read_examples
from zhlabel.labels import encode_labels
from zhlabel.tasks.task import Task
from zhlabel.windows import pool_windows

LONG_TEXTS = ("cut", "head_tail", "windows_mean", "windows_max")  # the third and fourth pool what the windows say


def read_labelled(path, *, warn=None):
    """Read labelled texts.

    Args:
        path: as ``examples.read_examples``.
        warn: never called: such a file is right or refused.
    """
    return read_examples(path)


def repeat_for_rows(gold, table, names):
    """Give each row the targets of its text.

    Args:
        gold: array [N, ...].
        table: TokenTable of N texts in W rows.
        names: the label names, which change nothing.

    Returns:
        array [W, ...].
    """
    return gold[table.owners]


def pool_outputs(outputs, table, names, *, long_text, state=None):
    """Make the outputs of a text's windows one; with one row a text they are what they were.

    Args:
        outputs: float array [W, L].
        table: TokenTable of N texts in W rows.
        names: the label names, which change nothing.
        long_text: one of LONG_TEXTS.
        state: nothing.

    Returns:
        float array [N, L].
    """
    return pool_windows(outputs, table.owners, how=long_text.removeprefix("windows_"))


def _build_model(encoder, names, *, head, seed):
    from zhlabel.heads import build_classifier

    return build_classifier(encoder, len(names), activation="sigmoid", seed=seed)


def _choose_thresholds(probabilities, gold):
    threshold, micro_f1 = decisions.choose_threshold(probabilities, gold)
    return {"global": threshold}, micro_f1


def _decide(probabilities, thresholds):
    return decisions.decide_labels(probabilities, threshold=thresholds["global"])


def _score(decided, gold, names, *, texts):
    return metrics.score_multi_label(decided, gold, names)


def _format_prediction(text, probabilities, decided, names):
    chosen = sorted(np.flatnonzero(decided), key=lambda i: -probabilities[i])
    return {"labels": [{"label": names[i], "probability": float(probabilities[i])} for i in chosen]}


def _list_logits(probabilities, gold):
    rows = zip(decisions.compute_logits(probabilities).tolist(), gold.astype(float).tolist(), strict=True)
    return [{"logits": logits, "labels": labels} for logits, labels in rows]


MULTI_LABEL = Task(
    name="multi_label",
    read=read_labelled,
    encode_gold=encode_labels,
    align=repeat_for_rows,
    heads=("cls",),
    build_model=_build_model,
    make_loss=lambda model: "binary_crossentropy",
    long_texts=LONG_TEXTS,
    combine=pool_outputs,
    choose_thresholds=_choose_thresholds,
    score_name="micro F1",
    takes_threshold=True,
    decide=_decide,
    score=_score,
    score_baselines=metrics.score_multi_label_baselines,
    format_scores=reports.format_table,
    list_predictions=reports.list_predictions,
    list_errors=reports.list_errors,
    format_prediction=_format_prediction,
    extras={"logits.json": _list_logits},
)
