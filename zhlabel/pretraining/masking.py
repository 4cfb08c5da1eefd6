"""Which tokens of a row are masked and what stands in their place; batches as a pure function of seed and step."""

import functools
from dataclasses import dataclass

import numpy as np

from zhlabel.data.batching import order_for_training, pad_rows
from zhlabel.data.tokenizer import SPECIAL_TOKENS
from zhlabel.errors import InputError
from zhlabel.pretraining.alignment import take_aligned

MASKINGS = ("whole_word", "span", "token")
MASK_TOKEN = "[MASK]"
SHOWN_AS_MASK, SHOWN_AS_RANDOM = 0.8, 0.1  # the rest is shown as it is (Devlin et al. 2019, section 3.1)
_SPAN_STOP, _LONGEST_SPAN = 0.2, 10  # of words; Joshi et al. 2020, section 3.1
_TRAINING, _HELD_OUT = 0, 1  # streams of random numbers that never meet
_BLOCK_ROWS = 50


@dataclass(frozen=True)
class TokenKinds:
    """What the tokens of a vocabulary are to masking.

    Attributes:
        is_text: bool [V], False for [PAD], [UNK], [CLS], [SEP] and [MASK]: they are neither masked nor predicted.
        substitutes: int32 [S], ids that may stand for another token; those named [unused...] don't.
        mask_id: id of [MASK].
    """

    is_text: np.ndarray
    substitutes: np.ndarray
    mask_id: int


def find_token_kinds(vocabulary, *, place):
    """Sort a vocabulary's tokens.

    Args:
        vocabulary: dict of token to id, as ``read_vocabulary`` gives it.
        place: its file, for the message.

    Returns:
        TokenKinds.

    Raises:
        InputError: there is no [MASK], or no ordinary token.

    >>> kinds = find_token_kinds({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "雨": 5}, place="v")
    >>> kinds.is_text.tolist(), kinds.substitutes.tolist()
    ([False, False, False, False, False, True], [5])
    """
    special = {*SPECIAL_TOKENS, MASK_TOKEN}
    substitutes = [i for token, i in vocabulary.items() if token not in special and not token.startswith("[unused")]
    if MASK_TOKEN not in vocabulary or not substitutes:
        lacking = MASK_TOKEN if MASK_TOKEN not in vocabulary else "ordinary tokens"
        raise InputError(f"{place}: it lacks {lacking}, so nothing can be masked. Is it this checkpoint's vocab.txt?")
    is_text = np.ones(len(vocabulary), dtype=bool)
    is_text[[vocabulary[token] for token in special]] = False
    return TokenKinds(is_text, np.array(substitutes, dtype=np.int32), vocabulary[MASK_TOKEN])


def mask_batch(token_ids, word_starts, *, kinds, masking, share, generator):
    """Choose the tokens to predict in a batch, and what is shown in their place.

    A unit is a token, a word, or a span of words whose number is drawn from a geometric distribution (mean 3.8, at
    most 10). Units are drawn until ``share`` of a row's text tokens is reached and never beyond it; where no word is
    that short, the shortest one is taken. All of a unit has one fate: shown as [MASK] (0.8), as random tokens (0.1), as
    it is (0.1).

    Args:
        token_ids: int32 [B, T], padded rows.
        word_starts: bool [B, T], True where a word begins.
        kinds: TokenKinds of the vocabulary.
        masking: "whole_word", "span" or "token".
        share: 0..1, of the text tokens.
        generator: numpy's random generator, from which everything is drawn.

    Returns:
        int32 [M] places in the flattened batch, rising, and int32 [M] ids that are shown there.

    Reference: Cui et al. 2021, "Pre-Training with Whole Word Masking for Chinese BERT", arXiv:1906.08101; Joshi et al.
    2020, "SpanBERT", arXiv:1907.10529.
    """
    is_text = kinds.is_text[token_ids]
    places, shown = [], []
    for row, ids in enumerate(token_ids):
        columns = np.flatnonzero(is_text[row])
        if not len(columns):
            continue
        words = np.arange(len(columns)) if masking == "token" else np.cumsum(word_starts[row])[columns]
        bounds = np.flatnonzero(np.diff(words, prepend=-1, append=-1))  # of the words among the columns
        for first, last in _draw_units(bounds, share, masking == "span", generator):
            chosen, fate = columns[first:last], generator.random()
            places.append(row * token_ids.shape[1] + chosen)
            if fate < SHOWN_AS_MASK:
                shown.append(np.full(len(chosen), kinds.mask_id))
            elif fate < SHOWN_AS_MASK + SHOWN_AS_RANDOM:
                shown.append(generator.choice(kinds.substitutes, len(chosen)))
            else:
                shown.append(ids[chosen])
    if not places:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    places, shown = np.concatenate(places), np.concatenate(shown)
    order = np.argsort(places)
    return places[order].astype(np.int32), shown[order].astype(np.int32)


def _draw_units(bounds, share, in_spans, generator):
    """Draw units of one row of N tokens until the share is reached; gives their [first, last) among its tokens."""
    count = int(bounds[-1])
    budget = max(1, int(count * share + generator.random()))  # rounded so that the mean share is exact
    order = generator.permutation(len(bounds) - 1)
    sizes = generator.geometric(_SPAN_STOP, len(order)) if in_spans else np.ones(len(order), int)
    units, taken, total = [], np.zeros(len(order), bool), 0
    for word, size in zip(order, np.minimum(sizes, _LONGEST_SPAN), strict=True):
        end, room = word, bounds[word] + budget - total
        while end < min(word + size, len(order)) and not taken[end] and bounds[end + 1] <= room:
            end += 1
        if end > word:
            taken[word:end] = True
            units.append((bounds[word], bounds[end]))
            total += bounds[end] - bounds[word]
        if total == budget:
            break
    if not units:  # each word is longer than what may be masked
        shortest = np.argmin(np.diff(bounds))
        units.append((bounds[shortest], bounds[shortest + 1]))
    return units


def split_rows(documents, share, *, seed):
    """Hold out a share of rows, in blocks of up to 50 that stand together, so that few have neighbours in training.

    Args:
        documents: int array [W], rising: the document of each row.
        share: 0..1, of the rows; at least one row is held out.
        seed: a whole number, 0 or more.

    Returns:
        int64 arrays of the places of training rows and of held-out rows, each rising.

    >>> train, held_out = split_rows(np.array([0, 0, 0, 1, 2, 2]), 0.2, seed=1)
    >>> len(train), len(held_out)
    (5, 1)
    """
    wanted = max(1, round(share * len(documents)))
    begins = np.flatnonzero(np.diff(documents, prepend=-1))
    within = np.arange(len(documents)) - np.repeat(begins, np.diff(begins, append=len(documents)))
    blocks = np.cumsum(within % _BLOCK_ROWS == 0) - 1
    rank = np.random.default_rng((seed, _HELD_OUT)).permutation(blocks[-1] + 1)[blocks]
    held_out = np.argsort(rank, kind="stable")[:wanted]
    return np.setdiff1d(np.arange(len(documents)), held_out), np.sort(held_out)


@dataclass(frozen=True)
class MaskedBatches:
    """Batches of masked rows: of training, drawn anew each pass; held out, the same each time.

    Attributes:
        rows: corpus.Rows.
        kinds: TokenKinds of the vocabulary.
        masking: one of MASKINGS.
        share: 0..1, share of the text tokens that is predicted.
        batch_size: B.
        dev_share: 0..1, share of the rows that is held out.
        seed: of the rows held out, of the order and of the masks.
    """

    rows: object
    kinds: TokenKinds
    masking: str
    share: float
    batch_size: int
    dev_share: float
    seed: int

    @functools.cached_property
    def parts(self):
        """Places of the training rows and of the held-out rows."""
        return split_rows(self.rows.documents, self.dev_share, seed=self.seed)

    @property
    def steps_per_epoch(self):
        """Batches of one pass over the training rows."""
        return -(-len(self.parts[0]) // self.batch_size)

    def draw(self, steps):
        """Yield the training batch of each step: a pure function of seed and step.

        Args:
            steps: range of steps, counted from 0 through all epochs.

        Returns:
            An iterator over int32 token_ids [B, T] (unmasked, padded), places [M] in the flattened batch, and the ids
            shown there [M]; where the rows have a teacher's, int32 its token ids [B, S], and [P, 2] the places of
            tokens that end together, in the flattened batch and in the teacher's.
        """
        epoch, order = -1, None
        for step in steps:
            if step // self.steps_per_epoch != epoch:
                epoch, lengths = step // self.steps_per_epoch, self.rows.lengths[self.parts[0]]
                order = order_for_training(lengths, self.batch_size, seed=self.seed, epoch=epoch)
            yield self._make(self.parts[0][order[step % self.steps_per_epoch]], (self.seed, _TRAINING, step))

    def draw_held_out(self):
        """Yield the held-out batches in the form of ``draw``, equal at every call."""
        for first in range(0, len(self.parts[1]), self.batch_size):
            yield self._make(self.parts[1][first : first + self.batch_size], (self.seed, _HELD_OUT, first))

    def _make(self, indices, stream):
        token_ids = pad_rows(self.rows.token_ids, self.rows.starts, indices)
        word_starts = pad_rows(self.rows.word_starts, self.rows.starts, indices, filler=1).astype(bool)
        places, shown = mask_batch(
            token_ids,
            word_starts,
            kinds=self.kinds,
            masking=self.masking,
            share=self.share,
            generator=np.random.default_rng(stream),
        )
        if self.rows.teacher is None:
            return token_ids, places, shown
        return token_ids, places, shown, *take_aligned(self.rows.teacher, indices, token_ids.shape[1])
