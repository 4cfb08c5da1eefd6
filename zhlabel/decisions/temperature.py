"""A temperature that makes probabilities mean what they say; logits from probabilities."""

import numpy as np

_TEMPERATURES = (0.05, 20)
# In float64 the probabilities of a million texts and 65 labels would take gigabytes: they go through in parts.
_PART = 1_000_000


def fit_temperature(probabilities, gold):
    """Find the temperature T that makes probabilities most likely: logits are divided by it.

    T > 1 makes a model that is too sure less sure. The texts must not be those that calibration is reported on. Where
    all is right the smallest T is the best one, where all is wrong the largest. Reference: Guo et al. 2017.

    Args:
        probabilities: float array [N, L], N > 0.
        gold: bool array [N, L] of a multi-label task, or int array [N] of label ids of a multi-class task.

    Returns:
        T, 0.05..20: the lowest mean negative log likelihood of gold, by ``apply_temperature``'s formulas.

    >>> fit_temperature(np.array([[0.99], [0.99], [0.99], [0.99]]), np.array([[True], [True], [True], [False]])) > 4
    True
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    if gold.ndim == 2:
        logits = compute_logits(probabilities)
        margins = np.where(gold, logits, -logits)

        def measure(power):
            return np.logaddexp(0, -margins / np.exp(power)).mean()

    else:
        logits, texts = _compute_class_logits(probabilities), np.arange(len(gold))

        def measure(power):
            return -log_softmax(logits / np.exp(power), axis=1)[texts, gold].mean()

    # The loss is convex in 1 / T, so it has one valley, which the bounded search finds.
    return float(np.exp(minimize_scalar(measure, bounds=np.log(_TEMPERATURES), method="bounded").x))


def apply_temperature(probabilities, temperature, *, exclusive):
    """Divide the logits of probabilities by a temperature.

    The order of a label's probabilities stays (those nearer to 0 or 1 than 6e-8 become equal), and so does the most
    probable class of each text. A threshold belongs to the temperature that it was chosen at.

    Args:
        probabilities: float array [N, L], values 0..1.
        temperature: T > 0; 1 gives the array back as it is.
        exclusive: False for independent labels: sigmoid(logit / T). True for classes: softmax(log(probability) / T).

    Returns:
        An array of the same shape and type.

    >>> apply_temperature(np.array([[0.9, 0.1]]), 2, exclusive=False).round(2).tolist()
    [[0.75, 0.25]]
    """
    if temperature == 1:
        return probabilities
    scale = _scale_classes if exclusive else _scale_labels
    scaled = np.empty_like(probabilities)
    step = _PART // probabilities.shape[1]
    for start in range(0, len(scaled), step):
        scaled[start : start + step] = scale(probabilities[start : start + step], temperature)
    return scaled


def _scale_labels(probabilities, temperature):
    # The sigmoid, without overflow and without scipy, which labelling does not need otherwise.
    return np.exp(-np.logaddexp(0, -compute_logits(probabilities) / temperature))


def _scale_classes(probabilities, temperature):
    logits = _compute_class_logits(probabilities) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled = (powers / powers.sum(axis=1, keepdims=True)).astype(probabilities.dtype)
    # Rounding can make the two best classes equal: the one that was ahead stays ahead by the least that can be told.
    best = probabilities.argmax(axis=1)
    lost = np.flatnonzero(scaled.argmax(axis=1) != best)
    scaled[lost, best[lost]] = np.nextafter(scaled[lost].max(axis=1), np.inf, dtype=scaled.dtype)
    return scaled


def _compute_class_logits(probabilities):
    """The logarithms: logits but for a constant, which softmax ignores. 0 is what float32 can't tell from 1e-38."""
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), np.finfo(np.float32).tiny))


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
