"""From probabilities to labels: what thresholds and limits on their number decide."""

import re

import numpy as np

from zhlabel.errors import InputError


def decide_labels(probabilities, *, threshold, fewest=0, most=None):
    """Decide, for each text and label, whether the probability reaches the threshold.

    Reaching includes equality: threshold 0 keeps every label, anything above 1 keeps none. Without ``fewest`` a text
    may get no label. Where ``fewest`` and ``most`` come into play the most probable labels are taken, of equal ones the
    first.

    Args:
        probabilities: float array [N, L], each value in 0..1; labels are independent.
        threshold: one number for all labels, or L numbers; compared as float64 in either case.
        fewest: labels that a text gets at least, whatever their probabilities.
        most: labels that a text gets at most; None: all L.

    Returns:
        bool array [N, L].

    Raises:
        InputError: a probability is not a number.

    >>> decide_labels([[0.9, 0.5], [0.1, 0.2]], threshold=0.5).tolist()
    [[True, True], [False, False]]
    >>> decide_labels([[0.9, 0.5], [0.1, 0.2]], threshold=0.5, fewest=1, most=1).tolist()
    [[True, False], [False, True]]
    """
    probabilities = _check_numbers(probabilities)
    decided = probabilities >= np.asarray(threshold, dtype=np.float64)
    if fewest or (most is not None and most < probabilities.shape[1]):
        sure, possible = _apply_limits(probabilities, fewest, most)
        decided = (decided | sure) & possible
    return decided


def limit_probabilities(probabilities, *, fewest, most):
    """Return the probabilities by which a threshold alone decides what ``decide_labels`` decides with limits.

    Args:
        probabilities: float array [N, L].
        fewest: as in ``decide_labels``.
        most: as there.

    Returns:
        float array [N, L]: 1 where the limits give a label, 0 where they take it away.

    >>> limit_probabilities(np.array([[0.9, 0.5], [0.1, 0.2]]), fewest=1, most=1).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    sure, possible = _apply_limits(probabilities, fewest, most)
    return np.where(sure, 1, probabilities * possible)


def _apply_limits(probabilities, fewest, most):
    """Return which labels are among the fewest and among the most probable ones of each text, bool [N, L] each."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(order.shape[1])[None, :], axis=1)
    return places < fewest, places < (probabilities.shape[1] if most is None else most)


def parse_limits(text):
    """Read LABELS_PER_TEXT, the fewest and the most labels of a text.

    Args:
        text: "" for any number, or two numbers: "1-" at least one, "2-2" the two most probable, "0-3" at most three.

    Returns:
        (fewest, most); most is None where it is open.

    Raises:
        InputError: anything else, or most below fewest or below 1.

    >>> parse_limits(""), parse_limits("1-"), parse_limits("2-2")
    ((0, None), (1, None), (2, 2))
    """
    match = re.fullmatch(r"([0-9]{1,6})-([0-9]{0,6})", text or "0-")
    fewest, most = (int(number) if number else None for number in match.groups()) if match else (None, None)
    if fewest is None or (most is not None and not fewest <= most > 0):
        raise InputError(
            f'LABELS_PER_TEXT = "{text}": expected the fewest and the most labels of a text: "1-" at least one, "2-2" '
            'the two most probable, "0-3" at most three, "" any number.'
        )
    return fewest, most


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
