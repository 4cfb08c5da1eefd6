"""What was right and wrong in each text: the counts from which intervals and comparisons of runs are computed."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from zhlabel.errors import InputError
from zhlabel.io.files import write_whole


@dataclass(frozen=True)
class Outcomes:
    """Counts of each text and label in which something was decided or gold, by text: M cells, the others are all 0.

    Attributes:
        texts: N.
        names: the L label names.
        rows: int64 [M], the cell's text, 0..N-1, ascending.
        columns: int64 [M], the cell's label, 0..L-1.
        counts: int64 [M, 3]: what is both decided and gold, what is decided, what is gold. 0 or 1, more of entities.
    """

    texts: int
    names: tuple
    rows: np.ndarray
    columns: np.ndarray
    counts: np.ndarray

    @property
    def right(self):
        """Whether nothing is missed or spurious, bool [N]."""
        is_wrong = (self.counts != self.counts[:, :1]).any(axis=1)
        return np.bincount(self.rows[is_wrong], minlength=self.texts) == 0

    def count_errors(self):
        """Count what is decided and not gold, and gold and not decided: {name: {"false_positives", "false_negatives"}}.

        >>> count_label_outcomes(np.array([[True]]), np.array([[False]]), ("裁员",)).count_errors()
        {'裁员': {'false_positives': 1, 'false_negatives': 0}}
        """
        sums = np.zeros((len(self.names), 3), dtype=np.int64)
        np.add.at(sums, self.columns, self.counts)
        return {
            name: {"false_positives": int(decided - both), "false_negatives": int(gold - both)}
            for name, (both, decided, gold) in zip(self.names, sums, strict=True)
        }


def count_label_outcomes(decided, gold, names):
    """Count the outcomes of a multi-label task.

    Args:
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    >>> count_label_outcomes(np.array([[True, False]]), np.array([[True, True]]), ("裁员", "起诉")).counts.tolist()
    [[1, 1, 1], [0, 0, 1]]
    """
    rows, columns = np.nonzero(decided | gold)
    counts = np.stack([each[rows, columns] for each in (decided & gold, decided, gold)], axis=1)
    return Outcomes(len(gold), tuple(names), rows, columns, counts.astype(np.int64))


def count_class_outcomes(decided, gold, names):
    """Count the outcomes of a multi-class task.

    Args:
        decided: int array [N] of label ids.
        gold: int array [N] of label ids.
        names: L label names.
    """
    places = np.arange(len(gold))
    hits = decided == gold
    cells = [(places, gold, hits, hits, np.ones_like(hits))]
    wrong = ~hits
    cells.append((places[wrong], decided[wrong], hits[wrong], wrong[wrong], hits[wrong]))
    return _join(cells, len(gold), names)


def count_entity_outcomes(decided, gold, names):
    """Count the outcomes of entities by type; one that stands twice in a list counts once.

    Args:
        decided: N lists of Entities, their types among ``names``.
        gold: N lists of Entities, their types among ``names``.
        names: the L types.
    """
    ids = {name: place for place, name in enumerate(names)}
    cells = []
    for row, (found, wanted) in enumerate(zip(decided, gold, strict=True)):
        groups = [
            Counter(entity.type for entity in group) for group in (set(found) & set(wanted), set(found), set(wanted))
        ]
        for name in sorted(groups[1] | groups[2], key=ids.__getitem__):
            cells.append((row, ids[name], *(group[name] for group in groups)))
    return _join([np.array(cells, dtype=np.int64).reshape(-1, 5).T], len(gold), names)


def _join(groups, texts, names):
    rows, columns, *counts = (np.concatenate(parts).astype(np.int64) for parts in zip(*groups, strict=True))
    order = np.argsort(rows, kind="stable")
    return Outcomes(texts, tuple(names), rows[order], columns[order], np.stack(counts, axis=1)[order])


def write_outcomes(outcomes, path):
    """Write outcomes as numpy's .npz, without pickle.

    Args:
        outcomes: Outcomes.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path, binary=True) as stream:
        np.savez_compressed(
            stream,
            texts=outcomes.texts,
            names=np.array(outcomes.names),
            rows=outcomes.rows,
            columns=outcomes.columns,
            counts=outcomes.counts,
        )


def read_outcomes(path):
    """Read what ``write_outcomes`` wrote.

    Args:
        path: the file.

    Raises:
        InputError: it is missing, or damaged.
    """
    try:
        with np.load(path) as arrays:
            names = tuple(arrays["names"].tolist())
            return Outcomes(int(arrays["texts"]), names, *(arrays[key] for key in ("rows", "columns", "counts")))
    except Exception as problem:  # of a damaged archive numpy raises many kinds
        raise InputError(f"{path} can't be read ({problem}). Evaluate the run anew: python model_evaluate.py") from None
