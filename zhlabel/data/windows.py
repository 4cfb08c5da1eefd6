"""What the windows of a long text say, made one: pooled probabilities, or each token's values from its best window."""

import numpy as np


def pool_windows(values, owners, *, how):
    """Pool the values of each text's rows.

    Args:
        values: float array [W, L].
        owners: int array [W], the text of each row, ascending, 0..N-1 each at least once.
        how: "mean", or "max" for the highest value of each label.

    Returns:
        float array [N, L].

    >>> pool_windows(np.array([[0.25, 0.5], [0.75, 0.0], [1.0, 1.0]]), np.array([0, 0, 1]), how="mean").tolist()
    [[0.5, 0.25], [1.0, 1.0]]
    """
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    if how == "max":
        return np.maximum.reduceat(values, firsts, axis=0)
    counts = np.diff(firsts, append=len(owners))
    return np.add.reduceat(values, firsts, axis=0) / counts[:, None].astype(values.dtype)


def assign_tokens(table):
    """Assign each token of a text to one row: where two windows overlap, to the one whose edge is farther away.

    Args:
        table: Encodings of W rows.

    Returns:
        (places int64 [W], ends int64 [W]): row w is asked about ``token_ids[places[w]:ends[w]]``. Over the rows of a
        text these are its kept tokens, each once and in order, without [CLS] and [SEP].
    """
    first, end = table.firsts, table.firsts + table.lengths - 2
    same = table.owners[1:] == table.owners[:-1]
    border = (first[1:] + end[:-1]) // 2
    begin_at = first.copy()
    begin_at[1:][same] = border[same]
    end_at = end.copy()
    end_at[:-1][same] = border[same]
    behind_cls = table.starts[:-1] + 1 - first
    return behind_cls + begin_at, behind_cls + end_at


def stitch_tokens(table, *values):
    """Lay the values of each text's tokens side by side, every token once.

    Args:
        table: Encodings of N texts in W rows.
        values: arrays [sum of T, ...], as long as ``table.token_ids``.

    Returns:
        For each of the arrays a list of N arrays [tokens of the text, ...].
    """
    places, ends = assign_tokens(table)
    order = np.concatenate([np.zeros(0, np.int64), *map(np.arange, places, ends)])
    borders = np.cumsum(np.bincount(table.owners, ends - places, minlength=len(table.full_lengths)).astype(np.int64))
    return [np.split(value[order], borders[:-1]) for value in values]
