"""MultipartiteRank: phrases of different topics are ranked by nearness, first ones are favoured (Boudin 2018)."""

import numpy as np

from zhlabel.keywords.graphs import rank_nodes
from zhlabel.keywords.topicrank import find_phrases_for_topics, group_candidates, weigh_nearness


def score_multipartiterank(document, *, strength=1.1):
    """Score noun phrases by their rank in a graph whose edges connect phrases of different topics.

    The first phrase of a topic gets, on each edge to it, what the other phrases of its topic weigh there, times
    ``strength`` and e to the power of 1 / its place. Of more than 3,000 noun phrases, the first 3,000 are looked at.

    Args:
        document: a Document.
        strength: how much the first phrase of a topic is favoured; 0: not at all.

    Returns:
        A list of (Candidate, score).
    """
    candidates = find_phrases_for_topics(document)
    topics = group_candidates(candidates)
    weights = weigh_nearness(candidates, np.arange(len(candidates)))
    weights[topics[:, None] == topics] = 0
    favoured = weights.copy()
    for topic in np.flatnonzero(np.bincount(topics) > 1):
        first, *others = np.flatnonzero(topics == topic)
        place = 1 + candidates[first].places[0]
        favoured[:, first] += strength * np.exp(1 / place) * weights[others].sum(axis=0)
    ranks = rank_nodes(favoured)
    return [(each, float(rank)) for each, rank in zip(candidates, ranks, strict=True)]
