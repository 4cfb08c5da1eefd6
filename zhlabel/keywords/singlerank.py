"""SingleRank: TextRank with counts as weights and a wide window (Wan & Xiao 2008, "CollabRank", section 3.2)."""

from zhlabel.keywords.graphs import connect_words, rank_nodes, score_by_words


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
