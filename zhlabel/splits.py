"""Takes a seeded share of the training texts for dev, in which every label keeps its proportion."""

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

    Reference: Sechidis, Tsoumakas & Vlahavas 2011, "On the Stratification of Multi-Label Data", ECML PKDD.
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    if len(targets) < 2:
        raise InputError(f"A dev share can't be taken from {len(targets)} text. Give more, or a dev file.")
    # A column of its own keeps the texts without any label in proportion too.
    columns = np.column_stack([targets, ~targets.any(axis=1)]).astype(int)
    dev_size = min(max(round(share * len(targets)), 1), len(targets) - 1)
    splitter = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=dev_size, random_state=seed)
    train, dev = next(splitter.split(columns, columns))
    # With few texts every label's share may round to none, which leaves a side empty: one text crosses over.
    if not len(train) or not len(dev):
        order = np.random.default_rng(seed).permutation(len(targets))
        train, dev = (order[1:], order[:1]) if not len(dev) else (order[:1], order[1:])
    return np.sort(train), np.sort(dev)
