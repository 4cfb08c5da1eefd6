"""TopicalPageRank: the walk starts anew at words of the document's topics (Sterckx et al. 2015; Liu et al. 2010)."""

import numpy as np

from zhlabel.keywords.graphs import connect_words, rank_nodes, score_by_words
from zhlabel.keywords.topics import list_topical_words


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
