"""PositionRank: the walk over the words starts anew at early words (Florescu & Caragea 2017)."""

import numpy as np

from zhlabel.keywords.graphs import connect_words, rank_nodes, score_by_words


def score_positionrank(document, *, window=10, longest=3):
    """Score noun phrases by the sum of their words' ranks; the walk starts at a word by the sum of 1 / its places.

    Args:
        document: a Document.
        window: words in a window, within which two words are connected.
        longest: words of the longest noun phrase; the paper has 3.

    Returns:
        A list of (Candidate, score).
    """
    graph = connect_words(document, window=window)
    start = np.bincount(graph.numbers, weights=1 / (graph.places + 1), minlength=len(graph.nodes))
    ranks = rank_nodes(graph.weights, personalization=start)
    return score_by_words(document, graph.nodes, ranks, longest=longest)
