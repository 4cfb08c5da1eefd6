"""KeyBERT: phrases whose vectors are nearest to the text's (Grootendorst 2020; EmbedRank, Bennani-Smires et al. 2018).

A phrase's vector is the mean of the hidden states that its tokens have in the text itself, so a text passes the encoder
once; KeyBERT encodes every phrase alone.
"""

import functools
import itertools

import numpy as np

from zhlabel.keywords.text.candidates import find_noun_phrases, find_spans

_MOST_CHOSEN = 100  # by MMR, which compares the rest anew with each
_RIVALS = 20  # the nearest so many are those of which max-sum takes the most different, as KeyBERT does


def score_keybert(documents, *, vectors, longest=5):
    """Score noun phrases by the cosine between their vector and the text's.

    Args:
        documents: N Documents.
        vectors: TextVectors.
        longest: words of the longest phrase.

    Returns:
        N lists of (Candidate, score), scores -1..1.
    """
    compared = _compare(documents, vectors, longest)
    return [list(zip(found, cosines.tolist(), strict=True)) for found, cosines, _ in compared]


def score_keybert_mmr(documents, *, vectors, longest=5, diversity=0.1):
    """Score noun phrases by maximal marginal relevance: near to the text, and far from the better phrases.

    Again and again the phrase is chosen for which (1 - d) * cosine to the text - d * highest cosine to a chosen phrase
    is highest, and this is its score; -1 stands for the highest cosine as long as none is chosen. So scores never rise,
    and the first k are what a choice of k gives. A hundred are chosen.

    Args:
        documents: N Documents.
        vectors: TextVectors.
        longest: words of the longest phrase.
        diversity: d, 0..1.

    Returns:
        N lists of (Candidate, score), best first.

    Reference: Carbonell & Goldstein 1998, "The Use of MMR, Diversity-Based Reranking", SIGIR.
    """
    results = []
    for found, cosines, units in _compare(documents, vectors, longest):
        chosen, relevance, highest = [], (1 - diversity) * cosines, np.full(len(found), -1.0)
        for _ in range(min(len(found), _MOST_CHOSEN)):
            scores = relevance - diversity * highest
            best = int(scores.argmax())
            chosen.append((found[best], float(scores[best])))
            highest = np.maximum(highest, units @ units[best])
            relevance[best] = -np.inf
        results.append(chosen)
    return results


def score_keybert_maxsum(documents, *, vectors, top_k, longest=5):
    """Choose, of the 20 noun phrases nearest to the text, those k that have the least sum of cosines between them.

    Args:
        documents: N Documents.
        vectors: TextVectors.
        top_k: k; from 20 on, all 20 are chosen.
        longest: words of the longest phrase.

    Returns:
        N lists of at most k (Candidate, score), scores the cosines to the text.
    """
    results = []
    for found, cosines, units in _compare(documents, vectors, longest):
        nearest = np.argsort(-cosines, kind="stable")[:_RIVALS]
        subsets = _list_subsets(len(nearest), min(top_k, len(nearest)))
        cosines_between = units[nearest] @ units[nearest].T
        np.fill_diagonal(cosines_between, 0)  # so that rounding does not choose among single ones
        sums = ((subsets @ cosines_between) * subsets).sum(axis=1)
        chosen = nearest[subsets[sums.argmin()] > 0]
        results.append([(found[place], float(cosines[place])) for place in chosen])
    return results


@functools.lru_cache(maxsize=32)
def _list_subsets(count, size):
    """List the subsets of so many things that have this size: float32 0/1 [S, count], at most 184,756 of 20."""
    chosen = np.array(list(itertools.combinations(range(count), size)), dtype=np.int64)
    subsets = np.zeros((len(chosen), count), dtype=np.float32)
    np.put_along_axis(subsets, chosen, 1, axis=1)
    return subsets


def _compare(documents, vectors, longest):
    """Yield for each document its C candidates, their cosines to it [C], and their vectors of length 1 [C, H]."""
    found = [find_noun_phrases(document, longest=longest) for document in documents]
    spans = [
        [(0, len(document.text)), *itertools.chain.from_iterable(find_spans(document, each) for each in candidates)]
        for document, candidates in zip(documents, found, strict=True)
    ]
    rows = vectors.encode_spans([document.text for document in documents], spans)
    for candidates, own in zip(found, rows, strict=True):
        firsts = np.cumsum([1, *(len(each.places) for each in candidates)])[:-1]
        means = np.add.reduceat(own, firsts, axis=0) if candidates else own[1:]  # a mean's length does not matter
        units = _norm(means)
        yield candidates, units @ _norm(own[:1])[0], units


def _norm(rows):
    """Bring vectors to length 1; those of length 0 stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
