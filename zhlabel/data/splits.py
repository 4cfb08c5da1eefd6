"""Divides labelled texts by seed so that every label keeps its proportion: a dev share, several parts, two sources."""

import numpy as np

from zhlabel.errors import InputError


def split_dev(targets, share, *, seed):
    """Divide N texts into training and dev by iterative stratification.

    Args:
        targets: bool array [N, L].
        share: of dev, above 0 and below 1; at least one text goes to each side.
        seed: any integer from 0.

    Returns:
        (training indices, dev indices), each ascending, together all of 0..N-1.

    Raises:
        InputError: fewer than two texts.
    """
    if len(targets) < 2:
        raise InputError(f"A dev share can't be taken from {len(targets)} text. Give more, or a dev file.")
    dev_size = min(max(round(share * len(targets)), 1), len(targets) - 1)
    parts = split_parts(targets, (len(targets) - dev_size, dev_size), seed=seed)
    return np.flatnonzero(parts == 0), np.flatnonzero(parts == 1)


def split_parts(targets, sizes, *, seed):
    """Divide N texts into P parts by iterative stratification; texts without any label are in proportion too.

    No part is left empty: where every label's share of it rounds to none, a text of the largest part crosses over.
    100,000 texts with 100 labels take 5 seconds.

    Args:
        targets: bool array [N, L].
        sizes: P numbers above 0, the parts' sizes relative to one another.
        seed: any integer from 0.

    Returns:
        int array [N], the part of each text, 0..P-1.

    Raises:
        InputError: fewer texts than parts.

    Reference: Sechidis, Tsoumakas & Vlahavas 2011, "On the Stratification of Multi-Label Data", ECML PKDD.

    >>> np.bincount(split_parts(np.ones((12, 1), bool), (4, 1, 1), seed=1)).tolist()
    [8, 2, 2]
    """
    from iterstrat.ml_stratifiers import IterativeStratification

    if len(targets) < len(sizes):
        raise InputError(f"{len(targets):,} different texts can't be divided into {len(sizes)} parts. Give more texts.")
    random = np.random.RandomState(seed)  # the generator that iterstrat asks for
    order = np.arange(len(targets))
    random.shuffle(order)
    parts = np.empty(len(targets), int)
    parts[order] = IterativeStratification(_add_none(targets)[order], np.array(sizes) / sum(sizes), random)
    for empty in set(range(len(sizes))) - set(parts.tolist()):
        largest = np.bincount(parts).argmax()
        parts[random.choice(np.flatnonzero(parts == largest))] = empty
    return parts


def split_sources(targets, present, sizes, *, seed):
    """Divide N texts, labelled by one or both of two sources, into training and a validation part for each source.

    A source's validation part is due its share of all N texts, but, beside training, no more than that share of the
    texts that the source has. 4:1:1 thus gives each 1/6 where both have every text, and 1/5 of its own where they have
    none in common. Of the source's every label, and of its texts without any, the same share is due. The rarest label
    chooses first; each takes what it still lacks from the texts without a rarer label: those that only this source
    has, then those that both have. All that no validation part takes is for training.

    Args:
        targets: bool array [2, N, L], the labels by each source; all False where it lacks the text.
        present: bool array [2, N], whether the source has the text.
        sizes: three numbers above 0: training, validation of the first source, of the second.
        seed: any integer from 0.

    Returns:
        int array [N]: 0 training, 1 validation of the first source, 2 of the second. A part may be empty.

    Reference: the order of labels is that of Sechidis, Tsoumakas & Vlahavas 2011, as in ``split_parts``.

    >>> targets, present = np.ones((2, 6, 1), bool), np.ones((2, 6), bool)
    >>> np.bincount(split_sources(targets, present, (4, 1, 1), seed=1)).tolist()
    [4, 1, 1]
    """
    random = np.random.default_rng(seed)
    parts = np.zeros(len(present[0]), int)
    for part, has, other_has, labels in zip((1, 2), present, present[::-1], targets, strict=True):
        due = min(sizes[part] / sum(sizes) * len(has) / has.sum(), sizes[part] / (sizes[0] + sizes[part]))
        columns = _add_none(labels) & has[:, None]
        order = random.permutation(np.flatnonzero(has & (parts == 0)))
        order = order[np.argsort(other_has[order], kind="stable")]  # own texts first
        parts[order[_draw(columns[order], due * columns.sum(axis=0))]] = part
    return parts


def _draw(columns, wanted):
    """Choose texts, early ones first, until each column has the number wanted; bool [N] from bool [N, L] and [L]."""
    chosen, waiting = np.zeros(len(columns), bool), np.ones(len(columns), bool)
    while waiting.any():
        left = columns[waiting].sum(axis=0)
        rarest = np.where(left > 0, left, np.inf).argmin()
        rows = np.flatnonzero(waiting & columns[:, rarest])
        lacking = round(wanted[rarest] - columns[chosen, rarest].sum())
        chosen[rows[: max(lacking, 0)]] = True
        waiting[rows] = False
    return chosen


def _add_none(targets):
    """Add a column of the texts without any label, so that they are spread in proportion too."""
    return np.column_stack([targets, ~targets.any(axis=1)])


def group_texts(texts):
    """Number the different texts, blanks at their ends aside, in order of first appearance.

    Args:
        texts: N texts.

    Returns:
        int array [N], the number of each one's text from 0.

    >>> group_texts(["裁员", "地震", " 裁员\\n"]).tolist()
    [0, 1, 0]
    """
    numbers = {}
    return np.array([numbers.setdefault(text.strip(), len(numbers)) for text in texts], dtype=int)


def merge_targets(targets, groups, count):
    """Return each of G different texts the labels that any of its N occurrences has.

    Args:
        targets: bool array [N, L].
        groups: int array [N], as ``group_texts``.
        count: G.

    Returns:
        bool array [G, L].

    >>> merge_targets(np.array([[True, False], [False, True]]), np.array([1, 1]), 2).tolist()
    [[False, False], [True, True]]
    """
    rows, columns = np.nonzero(targets)
    merged = np.zeros((count, targets.shape[1]), bool)
    merged[groups[rows], columns] = True
    return merged
