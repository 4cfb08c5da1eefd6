"""Kea: naive Bayes over TF-IDF and first place (Witten, Paynter, Frank, Gutwin & Nevill-Manning 1999, "KEA")."""

from dataclasses import dataclass

import numpy as np

from zhlabel.keywords.supervised.priors import mark_gold
from zhlabel.keywords.text.candidates import find_phrases

# Candidates are n-grams, as in the paper; in English noun phrases, which raise F1@10 on Inspec from 0.19 to 0.34.
_LONGEST = 3
_BINS = 16  # of each feature, equally full in training; the paper's own borders need a choice by entropy


@dataclass(frozen=True)
class Kea:
    """What has been learned: for each of the two features, what a value in each of its bins adds to the log odds.

    Attributes:
        borders: two rising lists of B - 1 numbers, for TF-IDF and for the first place in the text, 0 to 1.
        weights: two lists of B numbers.
        frequencies: Frequencies of the training texts, or those that were given.
    """

    borders: tuple
    weights: tuple
    frequencies: object


def score_kea(document, *, model):
    """Score candidates by the log odds of being a keyword; where they are equal, by TF-IDF.

    Args:
        document: a Document.
        model: a Kea.

    Returns:
        A list of (Candidate, score).
    """
    candidates = find_phrases(document, longest=_LONGEST)
    if not candidates:
        return []
    values = _measure(document, candidates, model.frequencies, own=0)
    scores = 1e-6 * values[:, 0]
    for place in (0, 1):
        scores += np.take(model.weights[place], np.searchsorted(model.borders[place], values[:, place], side="right"))
    return list(zip(candidates, scores.tolist(), strict=True))


def train_kea(examples, *, frequencies, own=1):
    """Train Kea.

    Args:
        examples: (Document, list of tuples of norms: its gold keywords) pairs.
        frequencies: Frequencies.
        own: 1 if the examples were counted in the frequencies, 0 if they were not.

    Returns:
        A Kea.
    """
    rows, marks = [], []
    for document, gold in examples:
        if candidates := find_phrases(document, longest=_LONGEST):
            rows.append(_measure(document, candidates, frequencies, own=own))
            marks += mark_gold(candidates, gold)
    values, is_gold = np.concatenate(rows), np.array(marks)
    borders, weights = [], []
    for column in values.T:
        cuts = np.unique(np.quantile(column, np.arange(1, _BINS) / _BINS))
        bins = np.searchsorted(cuts, column, side="right")
        shares = [_smooth(np.bincount(bins[chosen], minlength=len(cuts) + 1)) for chosen in (is_gold, ~is_gold)]
        borders.append(cuts.tolist())
        weights.append((np.log(shares[0]) - np.log(shares[1])).tolist())
    return Kea(tuple(borders), tuple(weights), frequencies)


def _measure(document, candidates, frequencies, *, own):
    """Return TF-IDF, the document itself not counted, and the share of the words that stand before."""
    count = len(document.words)
    return np.array(
        [(len(each.places) * frequencies.weigh(each.norms, own=own), each.places[0] / count) for each in candidates]
    )


def _smooth(counts):
    return (counts + 1) / (counts + 1).sum()
