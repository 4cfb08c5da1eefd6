"""A linear model of the n-grams around each token, which votes on its tag beside the encoder: it knows names by heart.

S slots, F n-grams, K tags, W rows.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from zhlabel.data.tags import IGNORED
from zhlabel.ngrams.linear import fit_linear, sample_rows
from zhlabel.ngrams.text import SLOTS, hash_ngrams

REACH = 2  # tokens to each side
# How many tokens the n-gram has, and where it begins beside the token: all within reach, but the single outermost ones.
# On cluener those, four tokens and places farther away gave less.
PLACES = tuple((n, first) for n, firsts in ((1, (-1, 2)), (2, (-2, 2)), (3, (-2, 1))) for first in range(*firsts))
FEATURES = 250_000  # on cluener 100,000 gave 0.002 less, all 430,000 no more
_MOST_UNITS = 20_000_000  # n-grams at all tokens, some 2 million tokens: bounds the memory
_STRENGTH = 0.1  # of the fit to the training tokens, against small weights
_LEVELS = 127  # of the 8 bits in which a vote is kept


@dataclass(frozen=True)
class TagNgrams:
    """What ``ngram_layers.TagNgramVotes`` computes with; row 0 is for n-grams that are not known, and all 0.

    Attributes:
        slots: int32 [S], the row of the n-gram whose hash is the slot.
        votes: int8 [F + 1, K], how much the n-gram speaks for each tag, in units of ``scales``.
        scales: float32 [K].
        bias: float32 [K].
    """

    slots: np.ndarray
    votes: np.ndarray
    scales: np.ndarray
    bias: np.ndarray

    @classmethod
    def make_empty(cls, features, tags):
        """Return one of a size, all 0, to be filled.

        Args:
            features: F.
            tags: K.
        """
        votes = np.zeros((features + 1, tags), np.int8)
        return cls(np.zeros(SLOTS, np.int32), votes, np.zeros(tags, np.float32), np.zeros(tags, np.float32))

    def __len__(self):
        return len(self.votes) - 1

    def weigh(self, share):
        """Return the same n-grams with votes that count ``share`` times."""
        return dataclasses.replace(self, scales=share * self.scales, bias=share * self.bias)


def hash_places(token_ids):
    """Yield, for each of PLACES, the slot of the n-gram there, for all tokens.

    Args:
        token_ids: int32 [..., T + 4], an array or a tensor, with 0 for the two tokens before and behind each text.

    Yields:
        int32 [..., T], values 0..S-1.
    """
    hashed = list(hash_ngrams(token_ids))
    for number, (order, first) in enumerate(PLACES):
        slots = hashed[order - 1][..., REACH + first : (first + order - 1 - REACH) or None]
        yield slots + number * 76_801 & SLOTS - 1  # the same n-gram means another thing at another place


def fit_tag_ngrams(table, targets, tag_count):
    """Learn a linear SVM a tag from the n-grams around the tokens of W rows.

    N-grams that occur once are left out, and all but the 250,000 commonest.

    Args:
        table: Encodings of W rows.
        targets: int array as long as ``table.token_ids``: tag ids, and IGNORED.
        tag_count: K.

    Returns:
        TagNgrams; with F = 0 where there is nothing to learn.

    Reference: Collobert et al. 2011, "Natural Language Processing (Almost) from Scratch", JMLR 12, for the window;
    Joachims 1998, "Text Categorization with Support Vector Machines", ECML.
    """
    from scipy.sparse import csr_matrix

    chosen = sample_rows(table.lengths * len(PLACES), labels=tag_count, units=_MOST_UNITS)
    tokens = np.isin(np.repeat(np.arange(len(table.lengths)), table.lengths), chosen)
    slots, tags = _list_slots(table.token_ids[tokens], table.lengths[chosen]), targets[tokens]
    slots, tags = slots[tags != IGNORED], tags[tags != IGNORED]
    frequencies = np.bincount(slots.ravel(), minlength=SLOTS)
    most = min(FEATURES, int((frequencies > 1).sum()))
    kept = np.sort(np.argsort(-frequencies, kind="stable")[:most])
    found = TagNgrams.make_empty(most, tag_count)
    if not most:
        return found
    found.slots[kept] = np.arange(1, most + 1)
    columns = found.slots[slots]
    rows, places = np.nonzero(columns)
    values = np.ones(len(rows), np.float32)
    features = csr_matrix((values, (rows, columns[rows, places] - 1)), (len(tags), most))
    weights, bias = fit_linear(features, [tags == tag for tag in range(tag_count)], strength=_STRENGTH, passes=30)
    largest = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny)
    found.scales[:] = largest / _LEVELS
    found.votes[1:] = np.rint(weights / found.scales)
    found.bias[:] = np.clip(bias, -1, 1)  # of a tag that no token has, or every one, it is infinite
    return found


def _list_slots(token_ids, lengths):
    """Return the slots of all places at all tokens of some rows: int32 [sum of T, places]."""
    owners = np.repeat(np.arange(len(lengths)), lengths)
    here = np.arange(len(token_ids)) + REACH + 2 * REACH * owners  # rows with 0 between them
    padded = np.zeros(len(token_ids) + 2 * REACH * len(lengths), np.int32)
    padded[here] = token_ids
    return np.stack([slots[here - REACH] for slots in hash_places(padded)], axis=1)
