"""Chooses the thresholds of labels on dev texts: one for all or one for each, by a goal, with little data shrunk."""

from dataclasses import dataclass

import numpy as np

from zhlabel.errors import InputError

GOALS = "micro_f1, macro_f1, accuracy, precision:0.9 or recall:0.9"
# Finer steps than 0.01 only follow the noise of a dev set of some hundred texts.
CANDIDATES = np.round(np.arange(0.01, 0.995, 0.01), 2)
# Dev texts with a label at which its own threshold and the one for all count alike. In 20 random halves of DuEE's dev
# texts, chosen on one and scored on the other, micro F1 was 0.907 without shrinkage, 0.911 with 10, 0.914 with 100.
SHRINKAGE = 100
_ROUNDS = 3  # of the labels one by one; a fourth changes nothing that dev texts can tell


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


def parse_goal(text):
    """Read THRESHOLD_GOAL.

    Args:
        text: "micro_f1", "macro_f1", "accuracy" (exact match), "precision:0.9" or "recall:0.9".

    Returns:
        (name, wanted share in 0..1; 0 where none is named).

    Raises:
        InputError: anything else.

    >>> parse_goal("precision:0.95")
    ('precision', 0.95)
    """
    name, _, number = text.partition(":")
    try:
        wanted = float(number) if number else 0.0
        if name in ("precision", "recall"):
            is_right = 0 < wanted <= 1
        else:
            is_right = name in ("micro_f1", "macro_f1", "accuracy") and not number
    except ValueError:
        is_right = False
    if not is_right:
        raise InputError(f'THRESHOLD_GOAL = "{text}": expected {GOALS}.')
    return name, wanted


def score_micro_f1(counts):
    """Return the micro-averaged F1 at each threshold: 2 hits / (decided + gold); 0 where nothing is decided or gold.

    Args:
        counts: ThresholdCounts.

    Returns:
        float64 array [C].
    """
    return _divide(2 * counts.hits.sum(axis=0), counts.decided.sum(axis=0) + counts.gold.sum())


def choose_threshold(counts, goal):
    """Choose one threshold for all labels.

    By "micro_f1" and "macro_f1" the one with the highest score; of equal ones that nearest to 0.5. For a wanted
    precision the lowest from which on the micro precision holds, for a wanted recall the highest up to which the micro
    recall holds; where none does, the one that comes nearest to it.

    Args:
        counts: ThresholdCounts.
        goal: as ``parse_goal`` gives it, but not "accuracy", which needs whole texts: ``choose_for_texts``.

    Returns:
        One of the candidates.
    """
    hits, decided, gold = (each.sum(axis=0) for each in (counts.hits, counts.decided, counts.gold))
    if goal[0] == "macro_f1":
        return _take_best(counts.candidates, _divide(2 * counts.hits, counts.decided + counts.gold[:, None]).mean(0))
    return _choose_column(counts.candidates, hits, decided, gold, goal)


def choose_label_thresholds(counts, goal, *, common):
    """Choose a threshold for each label, and shrink those of rare labels towards the common one.

    "macro_f1" is highest when each label's own F1 is. For "micro_f1" the labels depend on each other: the best
    thresholds maximise 2 hits - F (decided + gold) for the F that they reach (Dinkelbach 1967), which separates the
    labels. A wanted precision or recall is wanted of each label.

    A best threshold found on few positive texts is mostly noise, and such overfitting costs more than thresholds gain
    (Yang 2001, "A study of thresholding strategies for text categorization"; Lewis et al. 2004, RCV1).
    So the logit of a label's own threshold counts n / (n + SHRINKAGE), n its positive dev texts, and that of the common
    one the rest, as in empirical Bayes estimation (Efron & Morris 1975). A label without dev texts has the common one.

    Args:
        counts: ThresholdCounts of L labels.
        goal: as ``parse_goal`` gives it, but not "accuracy".
        common: the threshold for all labels.

    Returns:
        float64 array [L].
    """
    if goal[0] == "micro_f1":
        own = _maximise_micro_f1(counts, common)
    else:
        own = np.array(
            [
                _choose_column(counts.candidates, *each, goal)
                for each in zip(counts.hits, counts.decided, counts.gold, strict=True)
            ]
        )
    return shrink(own, counts.gold, common)


def shrink(own, gold_counts, common):
    """Shrink thresholds towards the common one, the more the fewer positives they come from.

    Args:
        own: float array [L].
        gold_counts: positive dev texts of each label.
        common: the threshold for all labels.

    Returns:
        float64 array [L], to four digits.

    >>> shrink(np.array([0.9, 0.9]), np.array([0, 1000]), 0.5).tolist()
    [0.5, 0.8805]
    """
    own, weight = np.asarray(own), np.asarray(gold_counts) / (np.asarray(gold_counts) + SHRINKAGE)
    logits = weight * np.log(own / (1 - own)) + (1 - weight) * np.log(common / (1 - common))
    return np.round(1 / (1 + np.exp(-logits)), 4)


def _maximise_micro_f1(counts, common):
    chosen = np.full(len(counts.gold), np.searchsorted(counts.candidates, common))
    labels, totals = np.arange(len(chosen)), counts.decided + counts.gold[:, None]
    score = -1.0
    while True:
        hits, total = counts.hits[labels, chosen].sum(), totals[labels, chosen].sum()
        reached = 2 * hits / total if total else 0.0
        if reached <= score + 1e-12:
            return counts.candidates[chosen]
        score = reached
        gains = 2 * counts.hits - score * totals
        chosen = np.array([np.searchsorted(counts.candidates, _take_best(counts.candidates, row)) for row in gains])


def _choose_column(candidates, hits, decided, gold, goal):
    name, wanted = goal
    if name == "precision":
        precision = np.where(decided > 0, _divide(hits, decided), 1.0)  # nothing decided, nothing wrong
        holds = np.minimum.accumulate(precision[::-1])[::-1] >= wanted
        return float(candidates[np.argmax(holds)] if holds.any() else candidates[np.argmax(precision)])
    if name == "recall":
        recall = _divide(hits, np.broadcast_to(gold, hits.shape))
        holds = recall >= wanted
        return float(candidates[np.flatnonzero(holds)[-1]] if holds.any() else candidates[0])
    return _take_best(candidates, _divide(2 * hits, decided + gold))


def _take_best(candidates, scores):
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    return float(candidates[best[np.argmin(np.abs(candidates[best] - 0.5))]])


def _divide(tops, bottoms):
    return np.divide(tops, bottoms, out=np.zeros(np.shape(tops)), where=bottoms > 0)


def choose_for_texts(probabilities, gold, *, common=None):
    """Choose thresholds by exact match: the share of texts of which every label is right.

    Args:
        probabilities: float array [N, L].
        gold: bool array [N, L].
        common: None: one threshold for all labels is chosen; else where each label's own search begins: label by
            label, with the others as they are, and again, until nothing gains. Then rare labels' are shrunk.

    Returns:
        One of the candidates, or float64 array [L].
    """
    if common is None:
        return _take_best(CANDIDATES, count_right_texts(probabilities, gold, CANDIDATES))
    chosen = np.full(gold.shape[1], float(common))
    wrong_counts = ((probabilities >= chosen) != gold).sum(axis=1)
    for _ in range(_ROUNDS):
        for label in range(gold.shape[1]):
            column, positive = probabilities[:, label], gold[:, label]
            wrong_counts -= (column >= chosen[label]) != positive
            counts = count_at_thresholds([(column[wrong_counts == 0], positive[wrong_counts == 0])], [0])
            rights = 2 * counts.hits[0] - counts.decided[0]  # plus the negatives, which are the same everywhere
            if rights.max() > rights[np.searchsorted(CANDIDATES, chosen[label])]:
                chosen[label] = _take_best(CANDIDATES, rights)
            wrong_counts += (column >= chosen[label]) != positive
    return shrink(chosen, gold.sum(axis=0), common)


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


def describe_thresholds(thresholds):
    """Describe in words by which thresholds is decided.

    Args:
        thresholds: as in run.json.

    >>> describe_thresholds({"global": 0.41})
    'threshold 0.41'
    >>> describe_thresholds({})
    'no threshold'
    """
    own, limits = thresholds.get("labels"), thresholds.get("labels_per_text")
    text = f"threshold {thresholds['global']}" if "global" in thresholds else "no threshold"
    if own:
        text = f"{len(own)} thresholds from {min(own.values())} to {max(own.values())}, a label each"
    return text + (f", labels a text: {limits}" if limits else "")
