"""Whether two runs differ by more than chance on the same texts: approximate randomisation and McNemar's test."""

import numpy as np

from zhlabel.metrics.bootstrap import deal_texts, score_totals, split_draws, tabulate_outcomes

_BY_LABELS = ("macro f1-score", "hamming_loss")
_ROUNDING = 1e-12


def compare_outcomes(first, second, *, figures, permutations=10_000, seed=1):
    """Test whether two runs differ by more than chance on the same texts.

    Micro F1, macro F1 and Hamming loss: approximate randomisation. Were the runs alike, it would be chance which of
    them made which outcome of a text, so the outcomes of each text change sides with probability 1/2, time and again; p
    is the share of differences, the real one among them, that are at least as large (Noreen 1989, Computer-Intensive
    Methods for Testing Hypotheses; Yeh 2000, More accurate tests for the statistical significance of result
    differences). Texts in which the runs agree cancel out. If more than 10,000 differ, they are dealt at random into
    10,000 groups that change sides as one: p stays exact, since that is a group of transformations too (Lehmann &
    Romano 2005, Testing Statistical Hypotheses, section 15.2).

    Accuracy: McNemar's exact test, binomial, over the texts that only one run has right.

    Labels are matched by name. Macro F1 and Hamming loss depend on how many labels there are, so if the runs know
    different labels these two are left out. p says nothing of another training, nor of other kinds of texts; of many
    comparisons at 0.05, one in twenty looks like a difference without being one.

    Args:
        first: Outcomes of N texts.
        second: Outcomes of the same N texts in the same order.
        figures: names among those of ``score_totals``.
        permutations: how often sides are drawn; the least possible p is 1 / (1 + permutations).
        seed: of the drawing.

    Returns:
        A dict of figure to "difference" (second - first) and "p" (two-sided, 0..1); of accuracy also "only_first" and
        "only_second", the numbers of texts that only this one has right.

    Raises:
        ValueError: the numbers of texts differ.

    >>> from zhlabel.metrics.outcomes import count_class_outcomes
    >>> gold, names = np.zeros(6, int), ("体育", "财经")
    >>> first, second = (count_class_outcomes(np.array(ids), gold, names) for ids in ([1] * 6, [0] * 5 + [1]))
    >>> compare_outcomes(first, second, figures=("accuracy",))["accuracy"]
    {'difference': 0.8333333333333334, 'p': 0.0625, 'only_first': 0, 'only_second': 5}
    """
    if first.texts != second.texts:
        raise ValueError(f"outcomes of {first.texts} and of {second.texts} texts can't be compared")
    if set(first.names) != set(second.names):
        figures = [name for name in figures if name not in _BY_LABELS]
    drawn = [name for name in figures if name != "accuracy"]
    rows = _randomise(first, second, drawn, permutations, np.random.default_rng(seed)) if drawn else {}
    return {name: _test_accuracy(first, second) if name == "accuracy" else rows[name] for name in figures}


def _randomise(first, second, figures, permutations, random):
    names = tuple(dict.fromkeys(first.names + second.names))
    before, after = (tabulate_outcomes(each, names).tocsr() for each in (first, second))
    change = deal_texts(after - before, random)
    totals = [table.sum(axis=1)[:, np.newaxis] for table in (before, after)]
    real = _subtract_figures(*totals, figures)
    counts = dict.fromkeys(figures, 1)
    for block in split_draws(permutations, change):
        moved = change @ random.integers(2, size=(change.shape[1], block), dtype=np.int8)
        drawn = _subtract_figures(totals[0] + moved, totals[1] - moved, figures)
        for name in figures:
            counts[name] += int((np.abs(drawn[name]) >= np.abs(real[name]) - _ROUNDING).sum())
    return {name: {"difference": float(real[name][0]), "p": counts[name] / (1 + permutations)} for name in figures}


def _subtract_figures(before, after, figures):
    before, after = score_totals(before), score_totals(after)
    return {name: after[name] - before[name] for name in figures}


def _test_accuracy(first, second):
    from scipy.stats import binomtest

    only_first = int((first.right & ~second.right).sum())
    only_second = int((second.right & ~first.right).sum())
    differing = only_first + only_second
    return {
        "difference": (only_second - only_first) / first.texts,
        "p": float(binomtest(only_first, differing).pvalue) if differing else 1.0,
        "only_first": only_first,
        "only_second": only_second,
    }
