"""Numbers of the order that probabilities give, whatever the threshold: average precision, ROC AUC, LRAP, coverage."""

import numpy as np

# scikit-learn computes LRAP text by text in Python: 20,000 texts take seconds, a million minutes.
_MOST_TEXTS = 20_000


def score_ranking(probabilities, gold, names, *, seed=1):
    """Score how the probabilities of a multi-label task order texts and labels; every figure equals scikit-learn's.

    By label, over all texts: the average precision (the area under the precision-recall curve, as a step function) and
    the area under the ROC curve (the probability that a text with the label is ranked above one without it; Fawcett
    2006). A label without gold texts has neither, one that all texts have has no AUC: None there, and not in the macro.

    By text, over all texts or a random sample of 20,000: "label ranking average precision" (of the labels ranked at or
    above a gold one, the share that is gold: 1 is best; a text with no gold label or all counts as 1) and "coverage
    error" (how many labels one must take from the top to have all gold ones; the best possible value is the mean number
    of gold labels, and a text without any counts as 0). Both are from Tsoumakas, Katakis and Vlahavas 2010, "Mining
    Multi-label Data".

    Args:
        probabilities: float array [N, L], N > 0.
        gold: bool array [N, L].
        names: L label names.
        seed: of the sample, where there are more than 20,000 texts.

    Returns:
        A dict with "label ranking average precision", "coverage error", "texts" (how many these two were computed on),
        "macro average precision", "macro roc auc" (means over labels, None without any) and "labels": name to
        "average_precision" and "roc_auc".

    >>> score_ranking(np.array([[0.9, 0.2], [0.6, 0.7]]), np.array([[1, 0], [1, 1]], bool), ["裁员", "起诉"])["labels"]
    {'裁员': {'average_precision': 1.0, 'roc_auc': None}, '起诉': {'average_precision': 1.0, 'roc_auc': 1.0}}
    """
    from sklearn.metrics import coverage_error, label_ranking_average_precision_score

    texts = np.arange(len(gold))
    if len(gold) > _MOST_TEXTS:
        texts = np.random.default_rng(seed).choice(texts, _MOST_TEXTS, replace=False)
    # scikit-learn takes a single column for a binary task; one more label, last everywhere, changes neither figure.
    wanted = np.pad(gold[texts], ((0, 0), (0, 1)))
    ranked = np.pad(probabilities[texts], ((0, 0), (0, 1)), constant_values=-1)
    return {
        "label ranking average precision": float(label_ranking_average_precision_score(wanted, ranked)),
        "coverage error": float(coverage_error(wanted, ranked)),
        "texts": len(texts),
        **_score_labels(probabilities, gold, names),
    }


def score_class_ranking(probabilities, gold, names):
    """Score how well the probabilities of a multi-class task order texts and labels.

    By label, over all texts, that label against the rest: average precision and ROC AUC, as of ``score_ranking``. By
    text: "top-2 accuracy" and "top-3 accuracy", the share of texts whose gold label is among the 2 or 3 most probable,
    where there are more labels than that. Of equally probable labels the first goes first, as in ``decide_classes``.

    Args:
        probabilities: float array [N, L], N > 0.
        gold: int array [N] of label ids.
        names: L label names.

    Returns:
        A dict with "top-2 accuracy" (L > 2), "top-3 accuracy" (L > 3), "macro average precision", "macro roc auc"
        (means over labels, None without any) and "labels": name to "average_precision" and "roc_auc".

    >>> score_class_ranking(np.array([[0.5, 0.2, 0.3]]), np.array([2]), ["体育", "财经", "科技"])["top-2 accuracy"]
    1.0
    """
    ids, column = np.arange(len(names)), gold[:, None]
    own = np.take_along_axis(probabilities, column, axis=1)
    before = ((probabilities > own) | ((probabilities == own) & (ids < column))).sum(axis=1)
    return {
        **{f"top-{k} accuracy": float((before < k).mean()) for k in (2, 3) if k < len(names)},
        **_score_labels(probabilities, ids == column, names),
    }


def _score_labels(probabilities, gold, names):
    rows = [_score_label(*columns) for columns in zip(probabilities.T, gold.T, strict=True)]
    return {
        "macro average precision": _average(row["average_precision"] for row in rows),
        "macro roc auc": _average(row["roc_auc"] for row in rows),
        "labels": dict(zip(names, rows, strict=True)),
    }


def _score_label(probabilities, gold):
    """Both figures of one label. scikit-learn takes 0.6 s for a million texts, these sorts without places 0.05 s."""
    positives, negatives = np.sort(probabilities[gold]), np.sort(probabilities[~gold])
    if not len(positives):
        return {"average_precision": None, "roc_auc": None}
    below, up_to = (np.searchsorted(negatives, positives, side) for side in ("left", "right"))
    hits = len(positives) - np.searchsorted(positives, positives)  # of the texts ranked as high as each positive
    precision = hits / (hits + len(negatives) - below)
    area = float((below + up_to).mean() / 2 / len(negatives)) if len(negatives) else None
    return {"average_precision": float(precision.mean()), "roc_auc": area}


def _average(values):
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None
