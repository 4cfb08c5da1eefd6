"""Vectors of texts and of phrases in them: means of the hidden states that a pretrained or trained encoder gives."""

import numpy as np

from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.data.windows import stitch_tokens
from zhlabel.models.stored import find_stored_encoder

_LONGEST_ROW = 256  # tokens; longer texts are laid into windows
_GROUP_CHARACTERS = 50_000  # of the texts encoded at a time: 62 MB of hidden states of width 312


class TextVectors:
    """An encoder without a head: the mean of a text's hidden states, [CLS] and [SEP] left out, is its vector.

    Args:
        folder: a checkpoint's folder, or that of a run, whose trained encoder is taken.

    Attributes:
        width: H.

    Raises:
        InputError: the folder is neither, or its files can't be used.
    """

    def __init__(self, folder):
        stored = find_stored_encoder(folder)
        from zhlabel.backend import configure_devices  # TensorFlow comes after what can be wrong with the folder

        configure_devices()
        self._encoder, config = stored.load(), stored.config
        self._texts = Tokenizer(read_vocabulary(stored.vocab_file))
        self._max_length = min(_LONGEST_ROW, config["max_position_embeddings"])
        self.width = config["hidden_size"]

    def encode(self, texts, *, batch_size=32):
        """Return the vector of each text; that of a text without tokens is 0.

        Args:
            texts: N strings; long ones go into windows, of which each token counts once.
            batch_size: rows at once; it does not change the result (to 1e-5).

        Returns:
            float32 array [N, H].
        """
        whole = [[(0, len(text))] for text in texts]
        return np.array(
            [rows[0] for rows in self.encode_spans(texts, whole, batch_size=batch_size)], dtype=np.float32
        ).reshape(-1, self.width)

    def encode_spans(self, texts, spans, *, batch_size=32):
        """Return the vectors of parts of texts: means of the hidden states that their tokens have in the whole text.

        Args:
            texts: N strings.
            spans: N lists of half-open characters; a token that overlaps a span belongs to it.
            batch_size: as for ``encode``.

        Returns:
            A list of N float32 arrays [spans of the text, H]; 0 where a span has no token.
        """
        results = []
        for first, end in _group(texts):
            table = self._texts.encode(texts[first:end], max_length=self._max_length, long_text="windows")
            hidden, offsets = stitch_tokens(table, self._run(table, batch_size), table.offsets)
            results += map(_average, hidden, offsets, spans[first:end])
        return results

    def _run(self, table, batch_size):
        from zhlabel.inference.tensorflow import predict_rows

        return predict_rows(self._encoder, table, batch_size=batch_size)


def _average(hidden, offsets, spans):
    """Return the mean of the rows of each span: float32 [T, H], int [T, 2], S spans to float32 [S, H]."""
    starts, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    sums = np.concatenate([np.zeros((1, hidden.shape[1])), np.cumsum(hidden, axis=0, dtype=np.float64)])
    firsts = np.searchsorted(offsets[:, 1], starts, side="right")
    lasts = np.maximum(np.searchsorted(offsets[:, 0], ends, side="left"), firsts)
    counts = np.maximum(lasts - firsts, 1)[:, None]
    return ((sums[lasts] - sums[firsts]) / counts).astype(np.float32)


def _group(texts):
    """Yield (first, end) of groups of texts of at most so many characters together, or of one text."""
    first, characters = 0, 0
    for place, text in enumerate(texts):
        characters += len(text)
        if characters > _GROUP_CHARACTERS and place > first:
            yield first, place
            first, characters = place, len(text)
    if first < len(texts):
        yield first, len(texts)
