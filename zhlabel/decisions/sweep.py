"""What every threshold would give: the sweep over probabilities and logits, and precision-recall curves."""

import numpy as np

from zhlabel.decisions.threshold_counts import count_at_thresholds, count_right_texts

_LOGITS = np.round(np.arange(-5, 5.05, 0.1), 1)
_PROBABILITIES = np.round(np.arange(0.01, 0.995, 0.01), 2)
# One ascending list: both scales, each point once.
_POINTS = np.unique(np.concatenate([_PROBABILITIES, 1 / (1 + np.exp(-_LOGITS[_LOGITS != 0]))]))


def sweep_thresholds(columns, gold_counts, names, *, texts=None):
    """Score every threshold, one for all labels: probabilities from 0.01 to 0.99, logits from -5 to 5 in steps of 0.1.

    Args:
        columns: for each of L labels (probabilities float [M], whether each would be right bool [M]).
        gold_counts: L counts of what was to be found.
        names: L label names.
        texts: (probabilities float [N, L], gold bool [N, L]), where whole texts are judged too; else None.

    Returns:
        (rows, curves). Rows are dicts of threshold, logit and the figures, ascending; precision, recall and f1-score
        are micro averages; with ``texts`` they have accuracy and the two relaxed measures of
        ``classification.score_relaxed`` too. Curves are {name: [[recall, precision], ...]} by ascending threshold,
        "all labels" first, where something is decided.
    """
    counts = count_at_thresholds(columns, gold_counts, _POINTS)
    figures = _score(counts.hits.sum(0), counts.decided.sum(0), counts.gold.sum())
    by_label = _score(counts.hits, counts.decided, counts.gold[:, None])
    table = {"threshold": _POINTS, "logit": np.log(_POINTS / (1 - _POINTS)), **figures}
    table["macro f1-score"] = by_label["f1-score"].mean(axis=0)
    if texts is not None:
        table |= {name: count_right_texts(*texts, _POINTS, **how) / len(texts[0]) for name, how in _EXACT.items()}
    rows = [
        dict(zip(table, values, strict=True))
        for values in zip(*(each.tolist() for each in table.values()), strict=True)
    ]
    curves = {"all labels": _draw_curve(figures["recall"], figures["precision"], counts.decided.sum(0))}
    for place, name in enumerate(names):
        curves[name] = _draw_curve(by_label["recall"][place], by_label["precision"][place], counts.decided[place])
    return rows, curves


_EXACT = {
    "accuracy": {},
    "no label too many": {"may_miss": True},
    "at most one too many, none missing": {"spare": 1},
}


def _score(hits, decided, gold):
    decided, gold = np.broadcast_arrays(decided, gold)
    tops, bottoms = {"precision": hits, "recall": hits, "f1-score": 2 * hits}, (decided, gold, decided + gold)
    return {
        name: np.divide(top, bottom, out=np.zeros(hits.shape), where=bottom > 0)
        for (name, top), bottom in zip(tops.items(), bottoms, strict=True)
    }


def _draw_curve(recall, precision, decided):
    points = np.round(np.column_stack([recall, precision])[decided > 0], 4)
    keep = np.ones(len(points), dtype=bool)
    keep[1:] = (points[1:] != points[:-1]).any(axis=1)  # thresholds between which nothing changes
    return points[keep].tolist()
