"""PageRank over words: TextRank, SingleRank, PositionRank, TopicalPageRank."""

import numpy as np

from zhlabel.keywords.corpus.topics import list_topical_words
from zhlabel.keywords.methods.graphs import connect_words, rank_nodes, score_by_words


def score_textrank(document, *, window=2):
    """Score noun phrases by the sum of their words' ranks in a graph without weights.

    All noun phrases are candidates, as Gallina et al. (2020) compare methods; the paper joins the best third of words.

    Args:
        document: a Document.
        window: words in a window, within which two words are connected.

    Returns:
        A list of (Candidate, score).
    """
    graph = connect_words(document, window=window)
    ranks = rank_nodes((graph.weights > 0).astype(float))
    return score_by_words(document, graph.nodes, ranks)


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


def score_singlerank(document, *, window=10):
    """Score noun phrases by the sum of their words' ranks; an edge weighs as often as its words stand in one window.

    Args:
        document: a Document.
        window: words in a window, within which two words are connected.

    Returns:
        A list of (Candidate, score).
    """
    graph = connect_words(document, window=window)
    return score_by_words(document, graph.nodes, rank_nodes(graph.weights))


def score_topicalpagerank(document, *, topics, window=10):
    """Score noun phrases by the sum of their words' ranks, in one walk for all topics.

    The walk starts at a word in proportion to the cosine of the topics' probabilities for the word and of the
    document's topics; at words that the topics do not know, as at the least of those they know.

    Args:
        document: a Document.
        topics: Topics.
        window: words in a window, within which two words are connected.

    Returns:
        A list of (Candidate, score).
    """
    graph = connect_words(document, window=window)
    own = topics.tell(list_topical_words(document))
    known = [norm for norm in graph.nodes if norm in topics.words]
    start = np.zeros(len(graph.nodes))
    if known:
        words = topics.share(known)
        cosines = own @ words / (np.linalg.norm(own) * np.linalg.norm(words, axis=0))
        start[:] = cosines.min()
        start[[graph.nodes[norm] for norm in known]] = cosines
    ranks = rank_nodes(graph.weights, personalization=start)
    return score_by_words(document, graph.nodes, ranks)
