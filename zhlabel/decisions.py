"""From probabilities to labels: the threshold, how it is chosen, and what it decides."""

import numpy as np

from zhlabel.errors import InputError

# Finer steps than 0.01 only follow the noise of a dev set of some hundred texts.
_CANDIDATES = np.round(np.arange(0.05, 0.951, 0.01), 2)


def decide_labels(probabilities, *, threshold):
    """Decide, for each text and label, whether the probability reaches the threshold.

    Reaching includes equality: threshold 0 keeps every label, anything above 1 keeps none. A text may get no label.

    Args:
        probabilities: float array [N, L], each value in 0..1; labels are independent.
        threshold: one number for all labels, or L numbers.

    Returns:
        bool array [N, L].

    Raises:
        InputError: a probability is not a number.

    >>> decide_labels([[0.9, 0.5], [0.1, 0.2]], threshold=0.5).tolist()
    [[True, True], [False, False]]
    """
    return _check_numbers(probabilities) >= threshold


def _check_numbers(probabilities):
    probabilities = np.asarray(probabilities)
    if not np.isfinite(probabilities).all():
        raise InputError("A probability is not a number: the run's weights are damaged. Train again at a lower rate.")
    return probabilities


def decide_classes(probabilities):
    """Decide on the most probable class of each text, of equal ones the first.

    Args:
        probabilities: float array [N, L].

    Returns:
        int array [N].

    Raises:
        InputError: a probability is not a number.

    >>> decide_classes([[0.2, 0.8], [0.5, 0.5]]).tolist()
    [1, 0]
    """
    return _check_numbers(probabilities).argmax(axis=1)


def choose_threshold(probabilities, gold):
    """Choose one threshold for all labels: the one with the highest micro F1 on these texts, in steps of 0.01.

    Of equal ones that nearest to 0.5 is taken. The texts must not be those that a result is reported on.

    Args:
        probabilities: float array [N, L].
        gold: bool array [N, L].

    Returns:
        (threshold in 0.05..0.95, its micro F1 in 0..1).
    """
    scores = np.array([score_micro_f1(probabilities >= candidate, gold) for candidate in _CANDIDATES])
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    chosen = best[np.argmin(np.abs(_CANDIDATES[best] - 0.5))]
    return float(_CANDIDATES[chosen]), float(scores[chosen])


def score_micro_f1(decided, gold):
    """Give the micro-averaged F1: 2 TP / (decided + gold), over all cells; 0 when nothing is decided and nothing gold.

    Args:
        decided: bool array [N, L].
        gold: bool array [N, L].

    Returns:
        A fraction 0..1.
    """
    total = int(decided.sum()) + int(gold.sum())
    return 2 * int((decided & gold).sum()) / total if total else 0.0


def compute_logits(probabilities):
    """Turn probabilities back into logits, log(p / (1 - p)).

    A float32 probability can't come nearer to 0 or 1 than 6e-8, so logits beyond about 16.6 are cut there.

    Args:
        probabilities: float array of any shape, values 0..1.

    Returns:
        float64 array of the same shape.
    """
    probabilities = np.clip(np.asarray(probabilities, dtype=np.float64), 6e-8, 1 - 6e-8)
    return np.log(probabilities) - np.log1p(-probabilities)
