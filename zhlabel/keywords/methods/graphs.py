"""Graphs of a document's words and their PageRank, on plain matrices.

Our own few lines stand in for networkx, whose complete graph of a long document's 1,500 candidates, over a million
edges that are Python objects, takes seconds to build; as a matrix it takes milliseconds. A test holds both equal.
"""

from typing import NamedTuple

import numpy as np

from zhlabel.keywords.text.candidates import find_noun_phrases
from zhlabel.keywords.text.kinds import ADJECTIVE, NOUN

_CHANGE = 1e-9  # the ranks, whose sum is 1, are found when all of them together change by less
_MOST_STEPS = 200  # 0.85 ** 200 < 1e-14: never reached with the usual damping


class WordGraph(NamedTuple):
    """Nouns and adjectives of a document, connected where they stand near each other.

    Attributes:
        nodes: {norm of a word: its number 0..N-1}, by first place.
        weights: float64 [N, N], symmetric, as a scipy.sparse array: how often two words stand in one window; 0 on the
            diagonal.
        places: int64 [M], rising: the numbers of the words of the document that are nodes.
        numbers: int64 [M]: the node at each of these places.
    """

    nodes: dict
    weights: object
    places: np.ndarray
    numbers: np.ndarray


def rank_nodes(weights, *, personalization=None, damping=0.85):
    """Rank the nodes of a graph by PageRank (Page et al. 1999), by power iteration.

    A node that no edge leaves leads to all nodes, in the proportions of the personalization.

    Args:
        weights: float [N, N], numpy or scipy.sparse, nothing negative; weights[i, j] is the edge from i to j.
        personalization: float [N], nothing negative: in which proportions the walk starts anew at the nodes; None, or
            nothing but zeros: all alike.
        damping: the probability to go on along an edge, 0..1.

    Returns:
        float64 [N], sum 1.

    >>> rank_nodes([[0, 1, 1], [1, 0, 0], [1, 0, 0]]).round(2).tolist()
    [0.49, 0.26, 0.26]
    """
    is_sparse = hasattr(weights, "tocsr")
    weights = weights if is_sparse else np.asarray(weights, dtype=np.float64)
    number = weights.shape[0]
    if number == 0:
        return np.zeros(0)
    start = np.ones(number) if personalization is None else np.asarray(personalization, dtype=np.float64)
    start = start / start.sum() if start.any() else np.full(number, 1 / number)
    leaving = np.asarray(weights.sum(axis=1)).ravel()
    is_dangling = leaving == 0
    shares = damping / np.where(is_dangling, 1, leaving)
    backwards, ranks = weights.T, np.full(number, 1 / number)
    for _ in range(_MOST_STEPS):
        anew = 1 - damping + damping * ranks[is_dangling].sum()
        going = ranks * shares
        # einsum is one thread's work: the many threads of "@" take ten times as long where processes share the cores.
        arriving = backwards @ going if is_sparse else np.einsum("ij,i->j", weights, going)
        before, ranks = ranks, arriving + anew * start
        if np.abs(ranks - before).sum() < _CHANGE:
            break
    return ranks


def connect_words(document, *, window):
    """Connect the nouns and adjectives of a document that stand within one window, as often as they do.

    The window is counted in words and marks of every kind and goes on over ends of sentences, as pke reads the example
    of the TextRank paper. Stop words are no nodes.

    Args:
        document: a Document.
        window: words in a window, at least 2, which connects neighbours alone.

    Returns:
        A WordGraph.
    """
    from scipy.sparse import coo_array

    nodes = {}
    numbers = np.full(len(document.words), -1, dtype=np.int64)
    for place, word in enumerate(document.words):
        if word.kind in (NOUN, ADJECTIVE) and not word.is_stop:
            numbers[place] = nodes.setdefault(word.norm, len(nodes))
    pairs = [np.zeros((2, 0), dtype=np.int64)]
    for distance in range(1, min(window, len(numbers))):
        pair = np.stack([numbers[:-distance], numbers[distance:]])
        pairs.append(pair[:, (pair >= 0).all(axis=0) & (pair[0] != pair[1])])
    rows, columns = np.concatenate(pairs, axis=1)
    one_way = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(nodes), len(nodes))).tocsr()
    places = np.flatnonzero(numbers >= 0)
    return WordGraph(nodes, one_way + one_way.T, places, numbers[places])


def score_by_words(document, nodes, ranks, *, longest=5):
    """Score the noun phrases of a document by the sum of their words' ranks.

    Args:
        document: a Document.
        nodes: {norm of a word: its number}.
        ranks: float [N], the rank of each.
        longest: words of the longest phrase.

    Returns:
        A list of (Candidate, score).
    """
    phrases = find_noun_phrases(document, longest=longest)
    return [(each, float(sum(ranks[nodes[norm]] for norm in each.norms))) for each in phrases]
