"""Groups texts of like length into batches, each text exactly once, and pads a batch to its longest text."""

from dataclasses import dataclass

import numpy as np

from zhlabel.data.tags import IGNORED
from zhlabel.data.tokenizer import PADDING_ID, Encodings


@dataclass(frozen=True)
class TaskData:
    """W encoded rows and what the model should say of them.

    Attributes:
        table: Encodings of W rows.
        targets: bool [W, L], int [W], or int [sum of T], a tag for each of ``table.token_ids``.
        weights: float [W], how much each row counts in the loss; None: all alike.
    """

    table: Encodings
    targets: np.ndarray
    weights: np.ndarray | None = None

    @property
    def is_by_token(self):
        """Whether each token has its own target."""
        return self.targets.ndim == 1 and len(self.targets) == len(self.table.token_ids)

    def take(self, indices):
        """Return the padded token ids int32 [B, T] of the rows ``indices``, and float32 [B, L], int32 [B] or [B, T]."""
        token_ids = pad_rows(self.table.token_ids, self.table.starts, indices)
        if self.is_by_token:
            return token_ids, pad_rows(self.targets, self.table.starts, indices, filler=IGNORED)
        return token_ids, self.targets[indices].astype(self.target_type)

    @property
    def target_type(self):
        """What the loss takes: float32 for 0/1 rows, int32 for ids."""
        return np.float32 if self.targets.ndim == 2 else np.int32


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


def pad_rows(values, starts, indices, *, filler=PADDING_ID):
    """Lay some rows of a flat array into one rectangle, padded on the right.

    Args:
        values: int array [sum of T], such as ``Encodings.token_ids``.
        starts: int array [W + 1]; row w has ``values[starts[w]:starts[w + 1]]``.
        indices: B places among the rows.
        filler: what stands behind a row's end.

    Returns:
        int32 array [B, T], T the longest of these rows.
    """
    begins, ends = starts[indices], starts[np.asarray(indices) + 1]
    padded = np.full((len(indices), int((ends - begins).max())), filler, dtype=np.int32)
    for row, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        padded[row, : end - begin] = values[begin:end]
    return padded


def map_rows(forward, table, *, batch_size, width, by_token):
    """Run a function of padded batches over W rows, batched by length, and give its outputs in the rows' order.

    Args:
        forward: int32 token ids [B, T] to float32 [B, width], or [B, T, width] where ``by_token``.
        table: Encodings of W rows.
        batch_size: B.
        width: of an output.
        by_token: whether each token has an output of its own.

    Returns:
        float32 array [W, width], or [sum of T, width] as long as ``table.token_ids``.
    """
    results = make_room(table, width=width, by_token=by_token)
    for indices in order_for_prediction(table.lengths, batch_size):
        place_rows(results, table, indices, forward(pad_rows(table.token_ids, table.starts, indices)))
    return results


def make_room(table, *, width, by_token):
    """Return an array of zeros for the outputs of a table's rows.

    Args:
        table: Encodings of W rows.
        width: of an output.
        by_token: whether each token has an output of its own.

    Returns:
        float32 array [W, width], or [sum of T, width].
    """
    return np.zeros((len(table.token_ids) if by_token else len(table), width), dtype=np.float32)


def place_rows(results, table, indices, outputs):
    """Put a batch's outputs where they belong.

    Args:
        results: what ``make_room`` gave, and this changes.
        table: Encodings of W rows.
        indices: B places among the rows.
        outputs: float32 [B, width], or [B, T, width] for each token.
    """
    if outputs.ndim == 2:
        results[indices] = outputs
        return
    for row, output in zip(indices, outputs, strict=True):
        results[table.starts[row] : table.starts[row + 1]] = output[: table.lengths[row]]
