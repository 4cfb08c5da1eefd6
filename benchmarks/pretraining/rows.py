"""Batches of the rows of prepare_distillation.py, each derived from a seed and the number of the step alone.

B rows, S positions of the student, T positions of the teacher.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

PAD, MASK, FIRST_TEXT_ID = 0, 4, 5  # in the student's vocabulary
TEACHER_PAD = 1
_STEP = 8  # padded lengths are multiples of it
_POOL = 32  # batches whose rows are sorted by the teacher's length before they are cut, for little padding
_NO_END = -1


@dataclass(frozen=True)
class Batch:
    """What both see of the same texts."""

    ids: Tensor  # int64 [B, S], the student's
    inputs: Tensor  # int64 [B, S], likewise, some pieces masked
    teacher_ids: Tensor  # int64 [B, T]
    teacher_places: Tensor  # int64 [aligned], into the teacher's B * T tokens
    student_places: Tensor  # int64 [aligned], into the student's B * S: what ends where the teacher's token ends
    tokens: int  # the student's, without padding


class Rows:
    """The memory-mapped arrays, and the order in which they are gone through."""

    def __init__(self, folder: Path, *, seed: int, tokens: int):
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("student", "teacher", "ends")}
        self.starts = {name: np.load(folder / f"{name}_starts.npy") for name in ("student", "teacher")}
        self.seed, self.tokens = seed, tokens
        sizes = np.diff(self.starts["student"])
        self.buckets = -(-sizes // _STEP) * _STEP
        self.teacher_sizes = np.diff(self.starts["teacher"])
        self._epoch: tuple[int, list[np.ndarray]] = (-1, [])
        self.batches_per_epoch = len(self._order(0))

    def _order(self, epoch: int) -> list[np.ndarray]:
        """Return the batches of one pass as numbers of rows; a batch has rows of one padded length."""
        if self._epoch[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            order = rng.permutation(len(self.buckets))
            batches = []
            for size in np.unique(self.buckets):
                members, rows = order[self.buckets[order] == size], max(1, self.tokens // int(size))
                pools = np.arange(len(members)) // (rows * _POOL)
                members = members[np.lexsort((self.teacher_sizes[members], pools))]
                batches += [members[i : i + rows] for i in range(0, len(members), rows)]
            self._epoch = epoch, [batches[number] for number in rng.permutation(len(batches))]
        return self._epoch[1]

    def batch(self, step: int, *, mask: float) -> Batch:
        """Return the batch of one step; `mask` is the share of the pieces that the student does not see."""
        epoch, number = divmod(step, self.batches_per_epoch)
        rows = self._order(epoch)[number]
        ids = self._padded("student", "student", rows, PAD, int(self.buckets[rows[0]]))
        width = -(-int(self.teacher_sizes[rows].max()) // _STEP) * _STEP
        teacher_ids = self._padded("teacher", "teacher", rows, TEACHER_PAD, width)
        ends = self._padded("ends", "teacher", rows, _NO_END, width)
        row, column = np.nonzero(ends != _NO_END)
        chosen = choose_pieces(ids, row, ends[row, column], mask, np.random.default_rng([self.seed, 1, step]))
        places = row * width + column, row * ids.shape[1] + ends[row, column]
        return Batch(
            torch.from_numpy(ids),
            torch.from_numpy(np.where(chosen, MASK, ids)),
            torch.from_numpy(teacher_ids),
            *map(torch.from_numpy, places),
            int((ids != PAD).sum()),
        )

    def _padded(self, name: str, kind: str, rows: np.ndarray, padding: int, width: int) -> np.ndarray:
        """Return an array of the rows padded to a width, int64 [B, width]."""
        starts, array = self.starts[kind], self.arrays[name]
        padded = np.full((len(rows), width), padding, np.int64)
        for place, row in enumerate(rows):
            values = array[starts[row] : starts[row + 1]]
            padded[place, : len(values)] = values
        return padded


def choose_pieces(
    ids: np.ndarray, row: np.ndarray, ends: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Choose whole pieces, bool [B, S]: the tokens after the end of one piece up to the end of the next share one fate.

    Parameters
    ----------
    ids : int64 [B, S].
    row, ends : int64 [aligned], row and column of each token that ends a piece.
    """
    closes = np.zeros(ids.shape, np.int64)
    closes[row, ends] = 1
    piece = np.cumsum(closes, axis=1) - closes
    draws = rng.random(ids.shape)
    return (np.take_along_axis(draws, piece, axis=1) < share) & (ids >= FIRST_TEXT_ID)
