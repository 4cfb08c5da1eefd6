"""Linear SVMs, one a label, on sparse features; and how many rows they can learn from in about a minute."""

import warnings

import numpy as np

_PASSES = 100  # bounds the time of labels that are noise; DuEE scores the same with 1,000
# What training may cost: about a minute, and half a gigabyte before the rare n-grams are left out.
_MOST_WORK = 300_000_000  # characters or tokens, times labels
_MOST_UNITS = 10_000_000


def sample_rows(lengths, *, labels, seed=1, units=None):
    """Choose as many rows as a linear model learns in about a minute: all, or a seeded sample of them.

    The bounds are 10 million characters or tokens, and 300 million times labels: some 84,000 texts of 55 with 65
    labels, 15,000 texts of 20 with 1,000 labels.

    Args:
        lengths: int array [N], characters, tokens or features of each row, N at least 1.
        labels: how many labels are learnt.
        seed: any integer from 0.
        units: the first bound; None: 10 million.

    Returns:
        int array of at least one place in 0..N-1, ascending.
    """
    order = np.random.default_rng(seed).permutation(len(lengths))
    shuffled = np.asarray(lengths)[order]
    most = min(units or _MOST_UNITS, _MOST_WORK // labels)
    if shuffled.sum() <= most:
        return np.arange(len(lengths))
    return np.sort(order[: max(1, np.searchsorted(shuffled.cumsum(), most, side="right"))])


def fit_linear(features, columns, *, strength=1.0, passes=_PASSES):
    """Learn one linear SVM a label.

    Args:
        features: sparse float32 [N, F].
        columns: L bool arrays [N], which rows have the label.
        strength: C, how much an error costs beside large weights.
        passes: over the rows at most.

    Returns:
        Weights float32 [F, L] and biases float32 [L]; a label that no row has needs no model and has -inf, one that
        every row has inf.

    Reference: Fan, Chang, Hsieh, Wang & Lin 2008, "LIBLINEAR: A Library for Large Linear Classification", JMLR 9.
    """
    from sklearn.svm import LinearSVC

    weights = np.zeros((features.shape[1], len(columns)), dtype=np.float32)
    biases = np.full(len(columns), -np.inf, dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a label would need more passes
        for label, targets in enumerate(columns):
            if targets.all():
                biases[label] = np.inf
            elif targets.any():
                model = LinearSVC(C=strength, dual=True, max_iter=passes, random_state=1).fit(features, targets)
                weights[:, label], biases[label] = model.coef_[0], model.intercept_[0]
    return weights, biases
