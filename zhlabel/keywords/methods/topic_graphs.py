"""PageRank over phrases and their topics: TopicRank, MultipartiteRank."""

import numpy as np

from zhlabel.keywords.methods.graphs import rank_nodes
from zhlabel.keywords.text.candidates import find_noun_phrases

# Matrices of so many candidates squared take 72 MB each; a paper of ten pages has about 1,500 candidates.
_MOST_CANDIDATES = 3000
_MOST_CELLS = 1 << 17  # of the table of distances that is held at a time: 1 MB, which stays in the cache


def score_topicrank(document):
    """Score the first noun phrase of each topic by the topic's rank; other phrases of a topic are no candidates.

    Of a document with more than 3,000 different noun phrases, the first 3,000 are looked at.

    Args:
        document: a Document.

    Returns:
        A list of (Candidate, score), one for each topic.
    """
    candidates = find_phrases_for_topics(document)
    topics = group_candidates(candidates)
    ranks = rank_nodes(weigh_nearness(candidates, topics))
    _, firsts = np.unique(topics, return_index=True)  # candidates stand by first place
    return [(candidates[first], float(rank)) for first, rank in zip(firsts, ranks, strict=True)]


def find_phrases_for_topics(document):
    """Find the noun phrases of a document, at most the first 3,000.

    Args:
        document: a Document.

    Returns:
        A list of Candidates by first place.
    """
    return find_noun_phrases(document)[:_MOST_CANDIDATES]


def group_candidates(candidates, *, most_distance=0.74):
    """Group candidates by the words they share: average linkage over Jaccard distances of their sets of words.

    Args:
        candidates: C Candidates.
        most_distance: the largest mean distance, 0..1, within a topic; the paper's: at least a quarter is shared.

    Returns:
        int64 [C], the topic of each candidate, 0..T-1.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.sparse import coo_array

    number = len(candidates)
    if number < 2:
        return np.zeros(number, dtype=np.int64)
    words = {}
    pairs = [
        (row, words.setdefault(norm, len(words))) for row, each in enumerate(candidates) for norm in set(each.norms)
    ]
    rows, columns = np.array(pairs).T
    has_word = coo_array((np.ones(len(rows)), (rows, columns)), shape=(number, len(words))).tocsr()
    shared = (has_word @ has_word.T).tocoo()
    sizes = np.bincount(rows, minlength=number)
    is_upper = shared.row < shared.col
    one, other, both = shared.row[is_upper].astype(np.int64), shared.col[is_upper], shared.data[is_upper]
    distances = np.ones(number * (number - 1) // 2)  # the upper triangle, row by row, as linkage wants it
    distances[one * (2 * number - one - 3) // 2 + other - 1] = 1 - both / (sizes[one] + sizes[other] - both)
    clusters = fcluster(linkage(distances, method="average"), t=most_distance, criterion="distance")
    return np.unique(clusters, return_inverse=True)[1]


def weigh_nearness(candidates, groups):
    """Weigh how near two groups of candidates stand: the sum of 1 / distance over all their places.

    The distance of neighbours is 1, whatever their lengths; that of a candidate from itself does not count.

    Args:
        candidates: C Candidates.
        groups: int [C], the group of each, 0..G-1.

    Returns:
        float64 [G, G], symmetric, 0 on the diagonal.
    """
    number = int(np.max(groups, initial=-1)) + 1
    weights = np.zeros((number, number))
    if number == 0:
        return weights
    counts = [len(each.places) for each in candidates]
    owners = np.repeat(groups, counts)
    order = np.argsort(owners, kind="stable")
    starts = np.concatenate([each.places for each in candidates])[order].astype(np.float64)
    ends = starts + np.repeat([len(each.norms) for each in candidates], counts)[order] - 1
    owners = owners[order]
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    step = max(1, _MOST_CELLS // len(starts))
    for begin in range(0, len(starts), step):
        rows = slice(begin, begin + step)
        distances = np.maximum(starts - ends[rows, None], starts[rows, None] - ends)
        np.maximum(distances, 1, out=distances)
        sums = np.add.reduceat(np.reciprocal(distances, out=distances), firsts, axis=1)
        blocks = np.flatnonzero(np.diff(owners[rows], prepend=-1))
        weights[owners[rows][blocks]] += np.add.reduceat(sums, blocks, axis=0)
    np.fill_diagonal(weights, 0)
    return weights


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
