"""SGRank: PageRank of the statistically best n-grams, near ones connected (Danesh, Sumner & Martin 2015)."""

import math

import numpy as np

from zhlabel.keywords.methods.graphs import rank_nodes
from zhlabel.keywords.text.candidates import find_ngrams
from zhlabel.keywords.text.kinds import OTHER

_LONGEST = 6
_MOST_NODES = 100
_WINDOW = 1500  # words


def score_sgrank(document, *, frequencies):
    """Rank the best hundred n-grams, weighed by their own frequency, idf, first place and length, in a graph.

    N-grams have no word that is neither noun, adjective nor verb. In a document of 2,000 words or more they must occur
    twice, and once more for each further thousand, up to four times. An n-gram that stands alone nowhere, only within
    longer ones, is left out. Two are connected by the product of their weights times the mean logarithm of how near
    their places are.

    Args:
        document: a Document.
        frequencies: Frequencies, for single words; a phrase of several counts as one that no other document has.

    Returns:
        A list of (Candidate, score), the scores adding up to 1.
    """
    candidates = _choose_candidates(document, frequencies)
    counts = _count_own_places(candidates)
    nodes = [each for each, count in zip(candidates, counts, strict=True) if count]
    counts = [count for count in counts if count]
    weights = _weigh_candidates(document, nodes, counts, frequencies)
    edges = weights[:, None] * weights * _measure_nearness(nodes, min(_WINDOW, len(document.words)))
    return list(zip(nodes, rank_nodes(edges).tolist(), strict=True))


def _choose_candidates(document, frequencies):
    least = min(max(len(document.words) // 1000, 1), 4)
    found = [
        each
        for each in find_ngrams(document, longest=_LONGEST)
        if len(each.places) >= least and all(word.kind != OTHER for word in _get_words(document, each))
    ]
    found.sort(key=lambda each: -len(each.places) * _weigh_rarity(each, frequencies))
    return found[:_MOST_NODES]


def _get_words(document, candidate):
    return document.words[candidate.places[0] : candidate.places[0] + len(candidate.norms)]


def _weigh_rarity(candidate, frequencies):
    """Return the idf; of several words that of a phrase in no other document: few corpora say how rare they are."""
    return frequencies.weigh(candidate.norms if len(candidate.norms) == 1 else ())


def _weigh_candidates(document, candidates, counts, frequencies):
    """Return float64 [N]: own frequency x rarity x log(words / first place) x square root of the length in words."""
    weights = np.zeros(len(candidates))
    for number, each in enumerate(candidates):
        earliness = math.log((len(document.words) + 1) / (each.places[0] + 1))
        weights[number] = counts[number] * _weigh_rarity(each, frequencies) * earliness * math.sqrt(len(each.norms))
    return weights


def _count_own_places(candidates):
    """Count the places of each candidate that lie in no place of a longer one."""
    ends = {}  # first word: end of the longest candidate there
    for each in candidates:
        for place in each.places:
            ends[place] = max(ends.get(place, 0), place + len(each.norms))
    return [sum(not _is_covered(place, place + len(each.norms), ends) for place in each.places) for each in candidates]


def _is_covered(first, end, ends):
    """Return whether a span of words lies in a longer one."""
    return ends[first] > end or any(ends.get(start, 0) >= end for start in range(end - _LONGEST, first))


def _measure_nearness(candidates, window):
    """Return float64 [N, N]: the mean of log(window / words between) over the pairs of places within a window."""
    lengths = [len(each.places) for each in candidates]
    starts = np.cumsum([0, *lengths])[: len(lengths)]
    places = np.array([place for each in candidates for place in each.places], dtype=np.float64)
    nearness = np.zeros((len(candidates), len(candidates)))
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        distances = np.abs(np.subtract.outer(places[start : start + length], places))
        near = distances < window
        logarithms = np.where(near, np.log(window / np.clip(distances, 1, window)), 0).sum(axis=0)
        pairs = np.add.reduceat(near.sum(axis=0), starts)
        nearness[number] = np.add.reduceat(logarithms, starts) / np.maximum(pairs, 1)
    np.fill_diagonal(nearness, 0)
    return nearness
