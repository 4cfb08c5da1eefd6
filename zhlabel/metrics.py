"""Numbers of an evaluation: exact match, Hamming loss, precision, recall and F1. Fractions 0..1 everywhere."""

import numpy as np


def score_multi_label(decided, gold, names):
    """Score the decisions of a multi-label task; every figure equals scikit-learn's.

    ``accuracy`` is exact match: the share of texts whose set of labels is entirely right. ``hamming_loss`` is the share
    of wrong cells among N x L; with many labels it is small even for a model that decides nothing, so compare it with
    the baseline. A fraction without a denominator (a label neither decided nor gold) is 0.

    Args:
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    Returns:
        A dict with "accuracy", "hamming_loss", "micro avg", "macro avg" (over labels), "weighted avg" (over
        labels by support), "samples avg" (over texts) and "labels": name to precision, recall, f1-score, support.
    """
    hits = decided & gold
    by_label = _divide(hits.sum(0), decided.sum(0), gold.sum(0))
    by_text = _divide(hits.sum(1), decided.sum(1), gold.sum(1))
    support = gold.sum(0)
    total = int(support.sum())
    return {
        "accuracy": float((decided == gold).all(axis=1).mean()),
        "hamming_loss": float((decided != gold).mean()),
        "micro avg": _name(_divide(hits.sum(), decided.sum(), gold.sum()), total),
        "macro avg": _name(by_label.mean(axis=1), total),
        "weighted avg": _name(by_label @ support / total if total else np.zeros(3), total),
        "samples avg": _name(by_text.mean(axis=1), total),
        "labels": {name: _name(by_label[:, i], int(support[i])) for i, name in enumerate(names)},
    }


def _divide(hits, decided, gold):
    """Precision, recall and F1 [3, ...] of counts, 0 where a denominator is 0."""
    tops = np.array([hits, hits, 2 * hits], dtype=float)
    bottoms = np.array([decided, gold, decided + gold], dtype=float)
    return np.divide(tops, bottoms, out=np.zeros_like(tops), where=bottoms > 0)


def _name(row, support):
    return {"precision": float(row[0]), "recall": float(row[1]), "f1-score": float(row[2]), "support": support}


def score_multi_label_baselines(gold, names, *, commonest):
    """Score what needs no model, so that a reader sees what a figure is worth.

    Args:
        gold: bool array [N, L].
        names: L label names.
        commonest: id of the commonest label of the training data.

    Returns:
        A dict of baseline ("predicts nothing", "always <label>") to accuracy, hamming_loss and micro F1.
    """
    nothing = np.zeros_like(gold)
    always = nothing.copy()
    always[:, commonest] = True
    rows = {"predicts nothing": nothing, f"always {names[commonest]}": always}
    return {name: _summarise(score_multi_label(decided, gold, names)) for name, decided in rows.items()}


def _summarise(scores):
    return {
        "accuracy": scores["accuracy"],
        "hamming_loss": scores["hamming_loss"],
        "micro f1-score": scores["micro avg"]["f1-score"],
    }
