"""Decoding of the CRF whose loss is in ``models/crf.py``: the best legal path of tags, and an entity's probability.

Scores are laid out [T, K, B] inside: each step then works on K rows of B adjacent numbers, which is fastest.
"""

import numpy as np

from zhlabel.errors import InputError

# Numbers in the largest array of a batch: 8 MiB, and six such arrays are alive at once.
_BATCH_CELLS = 2**20
# A tag's weight is at least e^-250 of the best tag's of its token, a legal pair's e^-50 of the best pair's. Every tag
# is legal three steps after every other, so a product of two tags and three pairs stays within float64 (e^-650), and
# no sum becomes 0.
_LOWEST_EMISSION, _LOWEST_TRANSITION = -250.0, -50.0


def decode_paths(emissions, transitions, starts, pairs):
    """Return the best legal path of tags for each text: the one whose sum of emissions and transitions is highest.

    No illegal path can come out, whatever the scores; a path ends with a tag that O may follow. Of equal paths that
    with the lowest tag id at its last token is taken, among those that with the lowest at the token before, and so on.
    A text without tokens has an empty path.

    Args:
        emissions: N float arrays [T_i, K]: the score of each tag at each token. T_i may be 0. Tag 0 is O.
        transitions: float array [K, K]: the score of a tag (column) after another (row). Zeros for a softmax head.
        starts: bool array [K]: tags that a path may begin with.
        pairs: bool array [K, K]: which tag (column) may follow which (row). Each tag has a legal predecessor.

    Returns:
        A list of N int32 arrays [T_i].

    Raises:
        InputError: a score is not a number.

    Reference: Viterbi 1967, "Error bounds for convolutional codes", IEEE Transactions on Information Theory 13(2).

    >>> starts, pairs = np.array([True, True, False]), np.array([[1, 1, 0], [0, 0, 1], [1, 1, 0]], dtype=bool)
    >>> paths = decode_paths([np.array([[1.0, 0, 5], [0, 0, 9]])], np.zeros((3, 3)), starts, pairs)
    >>> paths[0].tolist()  # O, B, E are 0, 1, 2: the E of the first token can't begin a path
    [1, 2]
    """
    scores = np.where(pairs, np.asarray(transitions, dtype=np.float64), -np.inf)
    ends = np.where(pairs[:, 0], 0.0, -np.inf)
    paths = [np.zeros(0, dtype=np.int32)] * len(emissions)
    for indices, lengths, padded in _make_batches(emissions):
        padded[0, ~starts] = -np.inf
        padded[lengths - 1, :, np.arange(len(lengths))] += ends
        found = _decode_batch(padded, lengths, scores, starts)
        for index, length, path in zip(indices, lengths, found.T, strict=True):
            paths[index] = path[:length].copy()
    return paths


def score_entities(emissions, transitions, starts, pairs, spans):
    """Return the probability of each entity: the share of all legal paths' weight that goes to paths with exactly it.

    Such a path has the type's B at the first token, its E at the last and its I in between, or its S at the only one.
    A path's weight is e to the sum of its emissions and transitions; where a tag's emission lies more than 250 below
    the best of its token, or a transition more than 50 below the best one, it counts as 250 (50) below.

    Args:
        emissions: as for ``decode_paths``.
        transitions: as for ``decode_paths``.
        starts: as for ``decode_paths``; those of ``tags.mark_legal``: from 1 + 4 i on type i has B, I, E, S.
        pairs: as for ``decode_paths``; those of ``tags.mark_legal``.
        spans: N lists of (first token, last token, type id), both tokens inclusive.

    Returns:
        A list of N float64 arrays, each as long as its list of spans, values 0..1.

    Raises:
        InputError: a score is not a number.

    Reference: Culotta & McCallum 2004, "Confidence Estimation for Information Extraction", HLT-NAACL; Lafferty et al.
    2001, "Conditional Random Fields", ICML.

    >>> starts = np.array([True, True, False, False, True])  # O, B, I, E, S
    >>> pairs = starts == np.array([[True], [False], [False], [True], [True]])
    >>> scores = score_entities([np.zeros((2, 5))], np.zeros((5, 5)), starts, pairs, [[(0, 1, 0), (1, 1, 0)]])
    >>> scores[0].round(6).tolist()  # O O, O S, S O, S S, B E: each is as likely as the others
    [0.2, 0.4]
    """
    transitions = np.asarray(transitions, dtype=np.float64)
    transitions = np.maximum(transitions - transitions[pairs].max(), _LOWEST_TRANSITION)
    results = [np.zeros(0)] * len(emissions)
    for indices, lengths, padded in _make_batches(emissions):
        padded = np.maximum(padded - padded.max(axis=1, keepdims=True), _LOWEST_EMISSION)
        marginals = _Marginals(padded, lengths, transitions, starts, pairs)
        counts = [len(spans[index]) for index in indices]
        rows = np.repeat(np.arange(len(indices)), counts)
        wanted = np.array([span for index in indices for span in spans[index]], dtype=np.int64).reshape(-1, 3)
        scores = marginals.score_spans(rows, *wanted.T)
        for index, own in zip(indices, np.split(scores, np.cumsum(counts)[:-1]), strict=True):
            results[index] = own
    return results


def _make_batches(emissions):
    """Yield (indices [B], lengths [B], emissions float64 [T, K, B]) of texts of like length, longest first; no empty.

    Padding is 0 and is never looked at by those who know the lengths.
    """
    lengths = np.array([len(each) for each in emissions], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
    first = 0
    while first < len(order):
        longest, tags = emissions[order[first]].shape
        indices = order[first : first + max(1, _BATCH_CELLS // (max(longest, tags) * tags))]
        padded = np.zeros((len(indices), longest, tags))
        for row, index in enumerate(indices):
            padded[row, : lengths[index]] = emissions[index]
        if not np.isfinite(padded).all():
            raise InputError(
                "A tag's score is not a number: the run's weights are damaged. Train again at a lower rate."
            )
        yield indices, lengths[indices], np.ascontiguousarray(padded.transpose(1, 2, 0))
        first += len(indices)


def _count_alive(lengths, steps):
    """Give, for each step and the one after the last, how many texts are longer: the first so many of the batch."""
    return np.searchsorted(-lengths, -np.arange(steps + 1), side="left")


def _decode_batch(scores, lengths, transitions, starts):
    """Turn emissions [T, K, B] into the score of the best path to each tag, in place, then walk back: int32 [T, B].

    Tags that may begin a text follow the same tags; of the others each follows few: of the K K pairs most are left out.
    """
    legal = np.isfinite(transitions)
    entries, insides = np.flatnonzero(starts), np.flatnonzero(~starts)
    exits = np.flatnonzero(legal[:, entries].any(axis=1))
    most = legal[:, insides].sum(axis=0).max(initial=1)
    before = np.array([np.resize(np.flatnonzero(legal[:, tag]), most) for tag in insides], int).reshape(-1, most).T
    to_entries, to_insides = transitions[np.ix_(exits, entries)], transitions[before, insides]
    steps = len(scores)
    alive = _count_alive(lengths, steps)
    for step in range(1, steps):
        count = alive[step]
        last, now = scores[step - 1, :, :count], scores[step, :, :count]
        now[entries] += (last[exits, None] + to_entries[:, :, None]).max(axis=0)
        now[insides] += (last[before] + to_insides[:, :, None]).max(axis=0)
    paths = np.zeros((steps, len(lengths)), dtype=np.int32)
    for step in reversed(range(steps)):
        last, going_on = scores[step, :, : alive[step]], alive[step + 1]
        if going_on:
            last[:, :going_on] += transitions[:, paths[step + 1, :going_on]]
        paths[step, : alive[step]] = last.argmax(axis=0)
    return paths


class _Marginals:
    """Forward and backward sums of a batch, scaled at each token so that the forward sums of all tags add up to 1.

    Attributes:
        forward: [T, K, B], share of the weight of all beginnings of paths that end in this tag.
        backward: [T, K, B], weight of all continuations after this tag, times what the scaling took away.
        log_shares: [T, K, B], the logarithms of the weights of the tags of a token over its scale.
        transitions: [K, K].
    """

    def __init__(self, emissions, lengths, transitions, starts, pairs):
        self.transitions = transitions
        pair_weights = np.exp(np.where(pairs, transitions, -np.inf))
        steps, tags, texts = emissions.shape
        alive = _count_alive(lengths, steps)
        shares, self.log_shares = np.exp(emissions), emissions
        shares[lengths - 1, :, np.arange(texts)] *= pairs[:, 0]
        self.forward = np.zeros((steps, tags, texts))
        self.backward = np.ones((steps, tags, texts))
        for step in range(steps):
            now = np.s_[step, :, : alive[step]]
            before = pair_weights.T @ self.forward[step - 1, :, : alive[step]] if step else starts[:, None]
            sums = before * shares[now]
            scale = sums.sum(axis=0)
            self.forward[now] = sums / scale
            shares[now] /= scale
            self.log_shares[now] -= np.log(scale)
        for step in reversed(range(1, steps)):
            now = np.s_[step, :, : alive[step]]
            self.backward[step - 1, :, : alive[step]] = pair_weights @ (shares[now] * self.backward[now])

    def score_spans(self, rows, firsts, lasts, types):
        """Return the probability of S entities of texts ``rows``: int arrays [S] each, to float64 [S]."""
        many, insides = lasts > firsts, 2 + 4 * types
        begins, ends = np.where(many, insides - 1, insides + 2), np.where(many, insides + 1, insides + 2)
        more = lasts - firsts - 1
        steps = self.transitions[begins, insides] + (more - 1) * self.transitions[insides, insides]
        steps = np.where(more > 0, steps + self.transitions[insides, ends], self.transitions[begins, ends])
        totals = np.cumsum(self.log_shares, axis=0)
        within = totals[np.maximum(lasts - 1, firsts), insides, rows] - totals[firsts, insides, rows]
        within += np.where(many, steps + self.log_shares[lasts, ends, rows], 0.0)
        return np.minimum(self.forward[firsts, begins, rows] * np.exp(within) * self.backward[lasts, ends, rows], 1.0)
