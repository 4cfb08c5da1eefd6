"""TextRank: the PageRank of words that stand side by side (Mihalcea & Tarau 2004, "Bringing Order into Texts")."""

from zhlabel.keywords.graphs import connect_words, rank_nodes, score_by_words


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
