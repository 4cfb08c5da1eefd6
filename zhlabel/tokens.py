"""Turns texts into token ids and remembers which characters each token came from."""

from dataclasses import dataclass

import numpy as np

from zhlabel.errors import InputError
from zhlabel.files import open_text

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
PADDING_ID = 0
_BATCH_TEXTS = 10_000


@dataclass(frozen=True)
class TokenTable:
    """Token ids of N texts, one after the other in one array, so that a million texts are a few arrays.

    Attributes:
        token_ids: int32 [sum of T], for each text [CLS], its tokens, [SEP].
        starts: int64 [N + 1]; text i has ``token_ids[starts[i]:starts[i + 1]]``.
        full_lengths: int64 [N], tokens that the whole text would have had, [CLS] and [SEP] included.
        offsets: int32 [sum of T, 2], half-open character spans in the text; [CLS] and [SEP] have (0, 0).
    """

    token_ids: np.ndarray
    starts: np.ndarray
    full_lengths: np.ndarray
    offsets: np.ndarray

    def __len__(self):
        return len(self.full_lengths)

    @property
    def lengths(self):
        """int64 [N], tokens kept of each text."""
        return np.diff(self.starts)

    @property
    def truncated(self):
        """How many texts lost tokens to the length limit."""
        return int((self.full_lengths > self.lengths).sum())


def read_vocabulary(path):
    """Read vocab.txt: one token a line, its id is the line's number from 0.

    Args:
        path: the file.

    Returns:
        A dict of token to id.

    Raises:
        InputError: a token twice, a special token missing, or [PAD] not id 0.
    """
    with open_text(path) as stream:
        tokens = [line.rstrip("\r\n") for line in stream]
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


class TextEncoder:
    """WordPiece as BERT's original does it: cleaned, lower case, accents stripped, each Chinese character alone.

    A text that contains "[SEP]" or another special token's name is only text: its brackets become tokens of their
    own. Equal to bert4keras's tokenizer, but in Rust and with character spans. Where the two differ: private-use
    characters (U+E000 to U+F8FF) are left out, as ``transformers`` does, where bert4keras has an unknown token; marks
    and punctuation that came to Unicode in late years are letters of a word here; a Greek word's last sigma.

    Args:
        vocabulary: dict of token to id, as ``read_vocabulary`` gives it.
    """

    def __init__(self, vocabulary):
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        # 200 is bert4keras's longest word; the library's own default is 100
        model = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=200)
        self._tokenizer = Tokenizer(model)
        self._tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._first_id, self._last_id = vocabulary["[CLS]"], vocabulary["[SEP]"]

    def encode(self, texts, *, max_length):
        """Encode N texts, cutting each at ``max_length`` tokens with [CLS] and [SEP] counted in.

        Args:
            texts: N strings; an empty one becomes [CLS] [SEP].
            max_length: at least 2.

        Returns:
            A TokenTable, in which what was cut can be counted.
        """
        ids, offsets, full_lengths = [], [], []
        for first in range(0, len(texts), _BATCH_TEXTS):
            for encoding in self._tokenizer.encode_batch(texts[first : first + _BATCH_TEXTS], add_special_tokens=False):
                kept = max_length - 2
                ids.append(np.array([self._first_id, *encoding.ids[:kept], self._last_id], dtype=np.int32))
                offsets.append(np.array([(0, 0), *encoding.offsets[:kept], (0, 0)], dtype=np.int32))
                full_lengths.append(len(encoding.ids) + 2)
        starts = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        return TokenTable(
            np.concatenate([np.zeros(0, np.int32), *ids]),
            starts,
            np.array(full_lengths, dtype=np.int64),
            np.concatenate([np.zeros((0, 2), np.int32), *offsets]),
        )
