"""Whether probabilities mean what they say: Brier score and expected calibration error."""

import numpy as np

_EDGES = np.linspace(0, 1, 11)
# In float64 the probabilities of a million texts and 65 labels would take gigabytes: they go through in parts.
_PART = 1_000_000


def score_calibration(probabilities, right):
    """Score whether, of the events given probability p, the share p comes true.

    What an event is depends on the task:
    multi_label: each of the N x L cells, with the label's probability; it comes true when the label is gold. Nearly
    all cells lie near 0 where labels are many, which makes both figures small: look at the bins.
    multi_class: each text, with the probability of the decided label; it comes true when that label is gold.
    ner: each decided entity, with its probability; it comes true when type and borders are gold.

    The bins are of equal width, 10 of them, from above "low" up to and including "high"; 0 is in the first. The
    expected calibration error is the mean of their differences between mean probability and share, by count.

    References: Brier 1950, "Verification of forecasts expressed in terms of probability"; Naeini, Cooper and
    Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; Guo et al. 2017, "On Calibration
    of Modern Neural Networks".

    Args:
        probabilities: float array [M], values 0..1.
        right: bool array [M], whether the event came true.

    Returns:
        A dict with "brier" (mean squared difference of probability and event: 0 is best, always saying 0.5 gives 0.25),
        "ece", and "bins": 10 dicts of low, high, count, mean_probability and share_right. Without events (of a bin, or
        at all) a figure is None.

    >>> scores = score_calibration(np.array([0.95, 0.95]), np.array([True, False]))
    >>> round(scores["ece"], 4), scores["bins"][9]["count"]
    (0.45, 2)
    """
    squares, counts, sums, hits = 0.0, *np.zeros((3, len(_EDGES) - 1))
    for start in range(0, len(right), _PART):
        values = probabilities[start : start + _PART].astype(np.float64)
        events = right[start : start + _PART]
        squares += float(((values - events) ** 2).sum())
        places = np.searchsorted(_EDGES[1:-1], values)
        counts += np.bincount(places, minlength=len(counts))
        sums += np.bincount(places, weights=values, minlength=len(counts))
        hits += np.bincount(places[events], minlength=len(counts))
    total = len(right)
    return {
        "brier": squares / total if total else None,
        "ece": float(np.abs(sums - hits).sum() / total) if total else None,
        "bins": [_describe(*row) for row in zip(_EDGES[:-1], _EDGES[1:], counts, sums, hits, strict=True)],
    }


def _describe(low, high, count, total, hits):
    return {
        "low": round(float(low), 1),
        "high": round(float(high), 1),
        "count": int(count),
        "mean_probability": float(total / count) if count else None,
        "share_right": float(hits / count) if count else None,
    }
