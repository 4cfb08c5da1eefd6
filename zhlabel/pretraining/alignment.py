"""The student's rows in a teacher's tokens, and which of these end at the character where one of the student's ends."""

import itertools
from dataclasses import dataclass

import numpy as np

from zhlabel.data.batching import pad_rows
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary

ALL_TOKENS = 1 << 40  # a length limit beyond every text
NO_PLACE = -1


@dataclass(frozen=True)
class TeacherRows:
    """What a teacher reads of W rows, each [CLS], the text's tokens, [SEP], one after the other in one array.

    Attributes:
        token_ids: int32 [sum of T], in the teacher's vocabulary.
        places: int32 [sum of T], the place in the student's row, [CLS] counted, of the token that ends at the same
            character; NO_PLACE where none does.
        starts: int64 [W + 1]; row w has ``token_ids[starts[w]:starts[w + 1]]``.
    """

    token_ids: np.ndarray
    places: np.ndarray
    starts: np.ndarray

    @classmethod
    def make(cls, rows):
        """Make them of ``rows``, pairs of int arrays: token ids and places."""
        ids, places = zip(*rows, strict=True) if rows else ((), ())
        starts = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        return cls(*(np.concatenate([np.zeros(0, np.int32), *each]).astype(np.int32) for each in (ids, places)), starts)

    @classmethod
    def join(cls, parts):
        """Join several of them, ``parts``, to one."""
        lengths = np.concatenate([part.lengths for part in parts])
        arrays = (np.concatenate([getattr(part, name) for part in parts]) for name in ("token_ids", "places"))
        return cls(*arrays, np.cumsum([0, *lengths], dtype=np.int64))

    @property
    def lengths(self):
        """int64 [W], tokens of each row."""
        return np.diff(self.starts)

    @property
    def aligned_share(self):
        """Share of the tokens, [CLS] and [SEP] left out, that end where one of the student's ends."""
        return float((self.places != NO_PLACE).sum() / max(1, len(self.places) - 2 * len(self.lengths)))


def take_aligned(rows, indices, width):
    """Take some rows as a padded batch.

    Args:
        rows: TeacherRows.
        indices: B places among the rows.
        width: of the student's padded batch of the same rows.

    Returns:
        int32 token ids [B, S], and int32 [P, 2]: of the tokens that end together, the student's place in its flattened
        batch [B, width] and the teacher's in [B, S].
    """
    token_ids = pad_rows(rows.token_ids, rows.starts, indices)
    places = pad_rows(rows.places, rows.starts, indices, filler=NO_PLACE)
    row, column = np.nonzero(places != NO_PLACE)
    pairs = np.stack([row * width + places[row, column], row * places.shape[1] + column], axis=1)
    return token_ids, pairs.astype(np.int32)


class TeacherTokens:
    """Reads text in a teacher's tokens, and lays them in the student's rows; one in each process.

    Args:
        vocabulary_file: the teacher's vocab.txt.
    """

    def __init__(self, vocabulary_file):
        vocabulary = read_vocabulary(vocabulary_file)
        self._tokenizer = Tokenizer(vocabulary)
        self._first_id, self._last_id = vocabulary["[CLS]"], vocabulary["[SEP]"]

    def encode(self, texts):
        """Return the Encodings of ``texts``, nothing cut."""
        return self._tokenizer.encode(texts, max_length=ALL_TOKENS)

    def lay_rows(self, token_ids, ends, student_ends, bounds):
        """Lay a document's tokens in the student's rows.

        Args:
            token_ids: int [M], the teacher's.
            ends: int [M], rising: the character at which each ends.
            student_ends: int [N], rising: the same of the student's tokens.
            bounds: the student's rows, from 0 to N; [0] where N is 0.

        Returns:
            For each row int arrays of token ids and of places, as ``TeacherRows`` has them.
        """
        if len(bounds) == 1:
            return []
        tokens, is_aligned = align_tokens(student_ends, ends)
        row_of = np.searchsorted(bounds, tokens, side="right") - 1
        places = np.where(is_aligned, tokens - np.array(bounds)[row_of] + 1, NO_PLACE)
        cuts = np.searchsorted(row_of, np.arange(1, len(bounds) - 1))
        parts = zip(np.split(token_ids, cuts), np.split(places, cuts), strict=True)
        return [
            (np.array([self._first_id, *ids, self._last_id]), np.array([NO_PLACE, *inner, NO_PLACE]))
            for ids, inner in parts
        ]


def align_tokens(student_ends, ends):
    """Find for each of a teacher's tokens the student's token that ends at the same character, or the next after it.

    Args:
        student_ends: int [N], rising, N at least 1.
        ends: int [M], rising.

    Returns:
        int [M], rising, among the N; bool [M], whether it ends at the very character. Of tokens that end together (one
        character became several) the last ones belong together.

    >>> align_tokens(np.array([1, 3, 4]), np.array([1, 2, 3, 4]))
    (array([0, 1, 1, 2]), array([ True, False,  True,  True]))
    """
    first = np.searchsorted(student_ends, ends, side="left")
    last = np.searchsorted(student_ends, ends, side="right") - 1
    is_last = np.diff(ends, append=-1) != 0
    return np.minimum(np.maximum(first, last), len(student_ends) - 1), (last >= first) & is_last


def find_line(table, line):
    """Return where in a ``table`` of Encodings the tokens of its text ``line`` are, [CLS] and [SEP] left out."""
    return slice(table.starts[line] + 1, table.starts[line + 1] - 1)


def list_tokens(table, first, lines):
    """List the tokens of a document.

    Args:
        table: Encodings of many lines, nothing cut.
        first: the place of the document's first line among them.
        lines: the document's lines.

    Returns:
        int [N] token ids, and int [N] the characters at which they end in the lines joined.
    """
    bases = itertools.accumulate(map(len, lines[:-1]), initial=0)
    parts = [(find_line(table, first + i), base) for i, base in enumerate(bases)]
    ids = [table.token_ids[part] for part, _ in parts]
    return np.concatenate(ids), np.concatenate([table.offsets[part, 1] + base for part, base in parts])
