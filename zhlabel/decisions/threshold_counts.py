"""What each of many thresholds would decide, counted in one pass: by label, and by whole texts."""

from dataclasses import dataclass

import numpy as np

# Finer steps than 0.01 only follow the noise of a dev set of some hundred texts.
CANDIDATES = np.round(np.arange(0.01, 0.995, 0.01), 2)


@dataclass(frozen=True)
class ThresholdCounts:
    """What each of C thresholds would decide.

    Attributes:
        candidates: float64 [C], ascending.
        hits: int64 [L, C], decided and gold.
        decided: int64 [L, C].
        gold: int64 [L].
    """

    candidates: np.ndarray
    hits: np.ndarray
    decided: np.ndarray
    gold: np.ndarray


def count_at_thresholds(columns, gold_counts, candidates=CANDIDATES):
    """Count hits and decisions of each label at each threshold; a probability that equals a threshold reaches it.

    Args:
        columns: for each of L labels (probabilities float [M], whether each would be right bool [M]).
        gold_counts: L counts of what was to be found.
        candidates: thresholds, ascending.

    Returns:
        ThresholdCounts.

    >>> column = (np.array([0.9, 0.4]), np.array([True, False]))
    >>> count_at_thresholds([column], [1], [0.3, 0.5]).decided.tolist()
    [[2, 1]]
    """
    candidates = np.asarray(candidates, dtype=np.float64)
    hits, decided = [], []
    for probabilities, right in columns:
        places = np.searchsorted(candidates, np.asarray(probabilities, np.float64), side="right")  # thresholds reached
        decided.append(_count_reached(places, len(candidates)))
        hits.append(_count_reached(places[right], len(candidates)))
    shape = (len(decided), len(candidates))
    return ThresholdCounts(
        candidates, np.reshape(hits, shape), np.reshape(decided, shape), np.asarray(gold_counts, dtype=np.int64)
    )


def _count_reached(places, count):
    return np.bincount(places, minlength=count + 1)[:0:-1].cumsum()[::-1]


def score_micro_f1(counts):
    """Return the micro-averaged F1 at each threshold: 2 hits / (decided + gold); 0 where nothing is decided or gold.

    Args:
        counts: ThresholdCounts.

    Returns:
        float64 array [C].
    """
    return divide(2 * counts.hits.sum(axis=0), counts.decided.sum(axis=0) + counts.gold.sum())


def divide(tops, bottoms):
    """Return ``tops / bottoms``, and 0 where the bottom is 0."""
    return np.divide(tops, bottoms, out=np.zeros(np.shape(tops)), where=bottoms > 0)


def count_right_texts(probabilities, gold, candidates, *, spare=0, may_miss=False):
    """Count the texts that are right at each threshold, one for all labels.

    Args:
        probabilities: float array [N, L].
        gold: bool array [N, L].
        candidates: float array [C], ascending.
        spare: how many labels too many are forgiven.
        may_miss: whether missing labels are forgiven, as long as one is decided where one is gold.

    Returns:
        int64 array [C].
    """
    outside = np.where(gold, -np.inf, probabilities)
    rank = min(spare, gold.shape[1] - 1)
    above = -np.partition(-outside, rank, axis=1)[:, rank] if spare < gold.shape[1] else np.full(len(gold), -np.inf)
    inside = probabilities if not may_miss else np.where(gold, probabilities, -np.inf)
    upto = inside.max(axis=1) if may_miss else np.where(gold, inside, np.inf).min(axis=1)
    upto = np.where(gold.any(axis=1), upto, np.inf)
    first = np.searchsorted(candidates, above.astype(np.float64), side="right")  # the first that is not reached
    end = np.searchsorted(candidates, upto.astype(np.float64), side="right")
    is_right = first < end
    starts = np.bincount(first[is_right], minlength=len(candidates) + 1)
    ends = np.bincount(end[is_right], minlength=len(candidates) + 1)
    return (starts - ends).cumsum()[: len(candidates)]
