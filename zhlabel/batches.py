"""Groups texts of like length into batches, each text exactly once, and pads a batch to its longest text."""

import numpy as np

from zhlabel.tokens import PADDING_ID

# Batches are cut from groups of this many batches sorted by length: large enough that padding nearly vanishes
# (DuEE: 2.3 times fewer tokens than random batches), small enough that an epoch's order stays random.
_GROUP_BATCHES = 50


def order_for_training(lengths, batch_size, *, seed, epoch):
    """Put N texts into random batches of like length.

    Every text is in exactly one batch; only one batch may be smaller than ``batch_size``. The order is a pure function
    of the arguments, so that a resumed epoch sees the same batches.

    Args:
        lengths: int array [N], tokens of each text.
        batch_size: B, at least 1.
        seed: any integer from 0.
        epoch: counted from 0; each epoch has another order.

    Returns:
        A list of ceil(N / B) index arrays.
    """
    generator = np.random.default_rng((seed, epoch))
    shuffled = generator.permutation(len(lengths))
    batches = []
    group_size = batch_size * _GROUP_BATCHES
    for first in range(0, len(shuffled), group_size):
        group = shuffled[first : first + group_size]
        group = group[np.argsort(lengths[group], kind="stable")]
        batches += [group[i : i + batch_size] for i in range(0, len(group), batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


def order_for_prediction(lengths, batch_size):
    """Put N texts into batches by falling length, so that the largest batch comes first and memory never grows.

    Args:
        lengths: int array [N], tokens of each text.
        batch_size: B, at least 1.

    Returns:
        A list of ceil(N / B) index arrays, which together hold each index once.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def pad_batch(table, indices):
    """Lay the token ids of some texts into one rectangle, padded on the right with id 0.

    Args:
        table: a TokenTable.
        indices: B places in it.

    Returns:
        int32 array [B, T], T the longest of these texts. The mask is where it is not 0.
    """
    starts, ends = table.starts[indices], table.starts[np.asarray(indices) + 1]
    token_ids = np.full((len(indices), int((ends - starts).max())), PADDING_ID, dtype=np.int32)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        token_ids[row, : end - start] = table.token_ids[start:end]
    return token_ids
