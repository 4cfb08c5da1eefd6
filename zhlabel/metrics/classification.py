"""Numbers of decisions: exact match and milder measures, Hamming loss, precision, recall, F1. Fractions 0..1."""

import numpy as np

# A multi-class task is scored by scikit-learn: a million texts of 14 labels take 0.5 s. Of a multi-label task they take
# 2.5 s there and 0.2 s here, 12 times less, and an evaluation scores up to four times: itself and three baselines. So
# that is ours, and what entities are scored by, which scikit-learn does not know (python benchmarks/scores.py).

AVERAGES = ("micro avg", "macro avg", "weighted avg")


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
    hits, found, wanted = _count_by_text(decided, gold)
    wrong = found + wanted - 2 * hits
    scores = score_counts((decided & gold).sum(0), decided.sum(0), gold.sum(0), names)
    return {
        "accuracy": float((wrong == 0).mean()),
        "hamming_loss": float(wrong.sum() / gold.size),
        **{average: scores[average] for average in AVERAGES},
        "samples avg": _name(_divide(hits, found, wanted).mean(axis=1), int(wanted.sum())),
        "labels": scores["labels"],
    }


def _count_by_text(decided, gold):
    """Count in each text what is both decided and gold, decided, and gold."""
    return tuple(cells.sum(1) for cells in (decided & gold, decided, gold))


def score_relaxed(decided, gold):
    """Score a multi-label task by two measures that are milder than exact match: shares of texts that count as right.

    "no label too many" forgives what is missing: a text is right when every decided label is gold and at least one is
    decided. Where nothing is gold, it is right only when nothing is decided.
    "at most one too many, none missing" forgives one addition: a text is right when every gold label is decided and at
    most one label beside them. Where nothing is gold, one decided label is still right.

    Args:
        decided: bool array [N, L].
        gold: bool array [N, L].

    Returns:
        A dict of the measure's name to the share of right texts; none is below the exact match.

    >>> score_relaxed(np.array([[True, False]]), np.array([[True, True]]))
    {'no label too many': 1.0, 'at most one too many, none missing': 0.0}
    """
    hits, found, wanted = _count_by_text(decided, gold)
    return {
        "no label too many": float(((found == hits) & ((found > 0) | (wanted == 0))).mean()),
        "at most one too many, none missing": float(((wanted == hits) & (found <= hits + 1)).mean()),
    }


def score_counts(hits, decided, gold, names):
    """Turn counts into precision, recall and F1 of each label and of all, as scikit-learn does.

    Every one of the L labels has its share in the macro average, one that occurs nowhere as 0. A fraction without a
    denominator is 0.

    Args:
        hits: L counts of what was decided and gold.
        decided: L counts of what was decided.
        gold: L counts of what was to be found.
        names: L label names.

    Returns:
        A dict with "micro avg", "macro avg" (over labels), "weighted avg" (over labels by support) and "labels": name
        to precision, recall, f1-score, support.

    >>> score_counts([1, 2], [1, 2], [2, 2], ["起诉", "裁员"])["micro avg"]["recall"]
    0.75
    """
    hits, decided, gold = (np.asarray(counts) for counts in (hits, decided, gold))
    by_label = _divide(hits, decided, gold)
    total = int(gold.sum())
    return {
        "micro avg": _name(_divide(hits.sum(), decided.sum(), gold.sum()), total),
        "macro avg": _name(by_label.mean(axis=1), total),
        "weighted avg": _name(by_label @ gold / total if total else np.zeros(3), total),
        "labels": {name: _name(by_label[:, i], int(gold[i])) for i, name in enumerate(names)},
    }


def _divide(hits, decided, gold):
    """Precision, recall and F1 [3, ...] of counts, 0 where a denominator is 0."""
    tops = np.array([hits, hits, 2 * hits], dtype=float)
    bottoms = np.array([decided, gold, decided + gold], dtype=float)
    return np.divide(tops, bottoms, out=np.zeros_like(tops), where=bottoms > 0)


def _name(row, support):
    return {"precision": float(row[0]), "recall": float(row[1]), "f1-score": float(row[2]), "support": support}


def score_multi_class(decided, gold, names):
    """Score the decisions of a multi-class task by scikit-learn.

    ``accuracy`` is the share of right texts, and equals each figure of the micro average, which is left out for that;
    ``hamming_loss`` is the share of wrong texts. A label that is neither decided nor gold counts as 0 in the macro
    average. A fraction without a denominator is 0.

    Args:
        decided: int array [N] of label ids.
        gold: int array [N] of label ids.
        names: L label names.

    Returns:
        A dict with "accuracy", "hamming_loss", "macro avg" (over labels), "weighted avg" (over labels by support),
        "labels": name to precision, recall, f1-score, support, and "confusion": L rows of L counts, a row for each gold
        label and in it a column for each decided one.

    >>> score_multi_class(np.array([0, 1, 1]), np.array([0, 0, 1]), ["体育", "财经"])["confusion"]
    [[1, 1], [0, 1]]
    """
    from sklearn.metrics import accuracy_score, classification_report, hamming_loss

    ids = range(len(names))
    confusion = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(confusion, (gold, decided), 1)
    # By id, since a label may be called "macro avg".
    report = classification_report(gold, decided, labels=ids, output_dict=True, zero_division=0)
    rows = {key: {**row, "support": int(row["support"])} for key, row in report.items() if key != "accuracy"}
    return {
        "accuracy": float(accuracy_score(gold, decided)),
        "hamming_loss": float(hamming_loss(gold, decided)),
        "macro avg": rows["macro avg"],
        "weighted avg": rows["weighted avg"],
        "labels": {name: rows[str(id)] for id, name in enumerate(names)},
        "confusion": confusion.tolist(),
    }
