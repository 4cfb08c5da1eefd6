"""Turns texts into token ids and remembers which characters each token came from."""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zhlabel.data.tokenizer_json import read_tokenizer_json
from zhlabel.errors import InputError
from zhlabel.io.files import open_text

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
PADDING_ID = 0
_BATCH_TEXTS = 10_000


@dataclass(frozen=True)
class Encodings:
    """Token ids of N texts in W rows, one after the other in one array, so that a million texts are a few arrays.

    A row is what the model sees at once. A text has one row; only where long texts go into windows has it several.

    Attributes:
        token_ids: int32 [sum of T], for each row [CLS], its tokens, [SEP].
        starts: int64 [W + 1]; row w has ``token_ids[starts[w]:starts[w + 1]]``.
        full_lengths: int64 [N], tokens that the whole text would have had, [CLS] and [SEP] included.
        offsets: int32 [sum of T, 2], half-open character spans in the text; [CLS] and [SEP] have (0, 0).
        owners: int64 [W], the text of each row, ascending.
        firsts: int64 [W], the place in its text of a row's first token behind [CLS].
    """

    token_ids: np.ndarray
    starts: np.ndarray
    full_lengths: np.ndarray
    offsets: np.ndarray
    owners: np.ndarray
    firsts: np.ndarray

    def __len__(self):
        return len(self.owners)

    @property
    def lengths(self):
        """int64 [W], tokens of each row."""
        return np.diff(self.starts)

    @property
    def row_counts(self):
        """int64 [N], rows of each text."""
        return np.bincount(self.owners, minlength=len(self.full_lengths))

    @property
    def truncated(self):
        """How many texts lost tokens to the length limit."""
        return int(((self.full_lengths > 2 + self._count_kept()) & (self.row_counts == 1)).sum())

    @property
    def windowed(self):
        """How many texts are longer than a row and were laid into several."""
        return int((self.row_counts > 1).sum())

    def _count_kept(self):
        return np.bincount(self.owners, weights=self.lengths - 2, minlength=len(self.full_lengths))


def read_vocabulary(path):
    """Read a vocabulary: of vocab.txt one token a line, its id is the line's number from 0.

    Blank lines at the end are no tokens.

    Args:
        path: vocab.txt, or a tokenizer.json whose model is WordPiece.

    Returns:
        A dict of token to id.

    Raises:
        InputError: a token twice, a special token missing, or [PAD] not id 0.
    """
    tokens = _read_tokens(path)
    vocabulary = {}
    for line, token in enumerate(tokens, 1):
        if token in vocabulary:
            raise InputError(
                f'{path}, line {line}: the token "{token}" stands on line {vocabulary[token] + 1} already.'
            )
        vocabulary[token] = line - 1
    missing = [token for token in SPECIAL_TOKENS if token not in vocabulary]
    if missing:
        raise InputError(
            f"{path}: its {len(tokens):,} lines lack {', '.join(missing)}. Is it the vocab.txt of this checkpoint?"
        )
    if vocabulary["[PAD]"] != PADDING_ID:
        raise InputError(f"{path}: [PAD] is on line {vocabulary['[PAD]'] + 1}, expected on line 1 (id 0).")
    return vocabulary


def format_vocabulary(path):
    """Return a vocabulary as the bytes of a vocab.txt, which a vocab.txt's own are.

    Args:
        path: as ``read_vocabulary``.
    """
    if Path(path).suffix == ".json":
        return "".join(f"{token}\n" for token in _read_tokens(path)).encode("utf-8")
    return Path(path).read_bytes()


def _read_tokens(path):
    if Path(path).suffix == ".json":
        return read_tokenizer_json(path)
    with open_text(path) as stream:
        tokens = [line.rstrip("\r\n") for line in stream]
    while tokens and not tokens[-1].strip():
        tokens.pop()
    return tokens


class Tokenizer:
    """WordPiece as BERT's original does it: cleaned, lower case, accents stripped, each Chinese character alone.

    A text that contains "[SEP]" or another special token's name is only text: its brackets become tokens of their
    own. Equal to bert4keras's tokenizer, but in Rust and with character spans. Where the two differ: private-use
    characters (U+E000 to U+F8FF) are left out, as ``transformers`` does, where bert4keras has an unknown token; marks
    and punctuation that came to Unicode in late years are letters of a word here; a Greek word's last sigma.

    Args:
        vocabulary: dict of token to id, as ``read_vocabulary`` gives it.
    """

    def __init__(self, vocabulary):
        import tokenizers
        from tokenizers import models, normalizers, pre_tokenizers

        # 200 is bert4keras's longest word; the library's own default is 100
        model = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=200)
        self._tokenizer = tokenizers.Tokenizer(model)
        self._tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._first_id, self._last_id = vocabulary["[CLS]"], vocabulary["[SEP]"]

    def encode(self, texts, *, max_length, long_text="cut"):
        """Encode N texts in rows of at most ``max_length`` tokens, [CLS] and [SEP] counted in.

        Args:
            texts: N strings; an empty one becomes [CLS] [SEP].
            max_length: at least 3.
            long_text: of a text that is longer, "cut" keeps the beginning, "head_tail" a quarter of the room for the
                beginning and the rest for the end (Sun et al. 2019, arXiv:1905.05583, section 5.3.1), "windows" all,
                in rows that share about a quarter of their tokens, or more, with the next; "windows_mean" and
                "windows_max" do the same, and differ in what ``windows.pool_windows`` makes of the rows.

        Returns:
            Encodings, in which what was cut can be counted.
        """
        ids, offsets, full_lengths, owners, firsts = [], [], [], [], []
        for begin in range(0, len(texts), _BATCH_TEXTS):
            for encoding in self._tokenizer.encode_batch(texts[begin : begin + _BATCH_TEXTS], add_special_tokens=False):
                tokens, spans = encoding.ids, encoding.offsets
                for first, places in _ROWS[long_text](len(tokens), max_length - 2):
                    kept = [(tokens[part], spans[part]) for part in places]
                    ids.append(np.array([self._first_id, *_chain(kept, 0), self._last_id], dtype=np.int32))
                    offsets.append(np.array([(0, 0), *_chain(kept, 1), (0, 0)], dtype=np.int32))
                    owners.append(len(full_lengths))
                    firsts.append(first)
                full_lengths.append(len(tokens) + 2)
        return Encodings(
            np.concatenate([np.zeros(0, np.int32), *ids]),
            np.cumsum([0, *map(len, ids)], dtype=np.int64),
            np.array(full_lengths, dtype=np.int64),
            np.concatenate([np.zeros((0, 2), np.int32), *offsets]),
            np.array(owners, dtype=np.int64),
            np.array(firsts, dtype=np.int64),
        )


def _chain(kept, side):
    return itertools.chain.from_iterable(part[side] for part in kept)


def _cut(_, room):
    return [(0, [slice(room)])]


def _keep_both_ends(count, room):
    head = room // 4
    return _cut(count, room) if count <= room else [(0, [slice(head), slice(count - (room - head), count)])]


def _lay_windows(count, room):
    """Return full windows, evenly spread, each sharing at least room // 4 tokens with the next."""
    if count <= room:
        return _cut(count, room)
    windows = 1 + math.ceil((count - room) / max(room - room // 4, 1))
    firsts = np.linspace(0, count - room, windows).astype(int)
    return [(int(first), [slice(first, first + room)]) for first in firsts]


# (tokens of the text, room in a row) to the rows: the first token's place, and the slices that make it up
_ROWS = {"cut": _cut, "head_tail": _keep_both_ends} | dict.fromkeys(
    ("windows", "windows_mean", "windows_max"), _lay_windows
)
