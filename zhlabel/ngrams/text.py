"""A linear model of the tokens' n-grams, which votes beside the encoder: it knows the very words of the training texts.

An encoder of a few million parameters sees what texts have in common, and misses rare words that decide. A linear model
of n-grams is the other way round, so that both together are better than either.

S slots, F n-grams, L labels, W rows.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from zhlabel.ngrams.linear import fit_linear, sample_rows

ORDERS = 4  # n-grams of 1 to 4 tokens
SLOTS = 1 << 20
FEATURES = 10_000  # on DuEE 5,000 and 20,000 gave 0.002 and 0.0002 less


@dataclass(frozen=True)
class Ngrams:
    """What ``ngram_layers.NgramVotes`` computes with; row 0 is for n-grams that are not known, and all 0.

    Attributes:
        slots: int32 [S], the row of the n-gram whose hash is the slot.
        squares: float32 [F + 1], the square of each n-gram's inverse document frequency.
        votes: float32 [F + 1, L], how much one occurrence speaks for each label.
        bias: float32 [L].
    """

    slots: np.ndarray
    squares: np.ndarray
    votes: np.ndarray
    bias: np.ndarray

    @classmethod
    def make_empty(cls, features, labels):
        """Return one of a size, all 0, to be filled.

        Args:
            features: F.
            labels: L.
        """
        sizes = ((SLOTS,), (features + 1,), (features + 1, labels), (labels,))
        return cls(*(np.zeros(size, np.int32 if size == (SLOTS,) else np.float32) for size in sizes))

    def __len__(self):
        return len(self.votes) - 1

    def weigh(self, share):
        """Return the same n-grams with votes that count ``share`` times."""
        return dataclasses.replace(self, votes=share * self.votes, bias=share * self.bias)


def hash_ngrams(token_ids):
    """Yield, for n from 1 to 4, the slot of the n-gram that begins at each token.

    In integers of 32 bits without overflow, so that numpy, TensorFlow and OpenVINO agree.

    Args:
        token_ids: int32 [..., T], an array or a tensor.

    Yields:
        int32 [..., T - n + 1], values 0..S-1; nothing is left where T < n.
    """
    scrambled = (token_ids & 0xFFFF) * 32_749 & (SLOTS - 1)
    hashed = scrambled
    for order in range(ORDERS):
        if order:
            hashed = hashed[..., :-1] * 1_531 + scrambled[..., order:] & (SLOTS - 1)
        yield hashed


def fit_ngrams(table, targets, label_count):
    """Learn a linear SVM a label from the n-grams of W rows, at least one.

    A row's value of an n-gram is its occurrences times the inverse document frequency, divided by the root of the sum
    of the squared inverse document frequencies over all occurrences. N-grams that one row alone has are left out, and
    all but the 10,000 that most rows have.

    Args:
        table: Encodings of W rows.
        targets: bool array [W, L], or int array [W] of label ids.
        label_count: L.

    Returns:
        Ngrams.

    Reference: Joachims 1998, "Text Categorization with Support Vector Machines", ECML.
    """
    chosen = sample_rows(table.lengths, labels=label_count)
    counts = _count(table, chosen)
    frequencies = counts.getnnz(axis=0)
    most = min(FEATURES, max(1, int((frequencies > 1).sum())))
    kept = np.sort(np.argsort(-frequencies, kind="stable")[:most])
    weights = np.log((1 + len(chosen)) / (1 + frequencies[kept])) + 1
    counts = counts[:, kept]
    norms = np.sqrt(np.maximum(counts @ weights**2, np.finfo(np.float32).tiny))
    features = counts.multiply(weights).multiply(1 / norms[:, None]).tocsr()
    targets = targets[chosen]
    columns = targets.T if targets.ndim == 2 else [targets == label for label in range(label_count)]
    coefficients, bias = fit_linear(features, columns)
    found = Ngrams.make_empty(most, label_count)
    found.slots[kept] = np.arange(1, most + 1)
    found.squares[1:] = weights**2
    found.votes[1:] = coefficients * weights[:, None]
    found.bias[:] = np.clip(bias, -1, 1)  # of a label that no text has, or every one, it is infinite
    return found


def _count(table, chosen):
    """Count the n-grams of the chosen rows: sparse float32 [W, S]."""
    from scipy.sparse import csr_matrix

    ids, lengths = np.asarray(table.token_ids, np.int32), table.lengths
    owners = np.repeat(np.arange(len(lengths)), lengths)
    wanted = np.zeros(len(lengths), bool)
    wanted[chosen] = True
    columns, rows = [], []
    for order, slots in enumerate(hash_ngrams(ids)):
        first, last = owners[: len(slots)], owners[order:]
        inside = (first == last) & wanted[first]
        columns.append(slots[inside])
        rows.append(first[inside])
    columns, rows = np.concatenate(columns), np.concatenate(rows)
    places = np.searchsorted(chosen, rows)
    shape = (len(chosen), SLOTS)
    counts = csr_matrix((np.ones(len(columns), np.float32), (places, columns)), shape)
    counts.sum_duplicates()
    return counts


def fit_vote_weights(logits, margins, gold):
    """Find how much encoder and n-grams count: the scales and the shift that make the gold labels most likely.

    As in stacking by logistic regression, with the same three numbers for all labels: the logits become
    ``scale * logits + share * margins + shift``; for classes the shift means nothing, and is 0.

    Args:
        logits: float array [N, L], the encoder's.
        margins: float array [N, L], the n-grams', of texts that neither has learned from.
        gold: bool array [N, L], or int array [N] of label ids.

    Returns:
        (scale, share, shift), of which the first is 0 where the encoder does not help. (1, 0, 0) where the n-grams do
        not.

    Reference: Wolpert 1992, "Stacked Generalization", Neural Networks 5.
    """
    from scipy.optimize import minimize
    from scipy.special import expit, logsumexp, softmax

    many = gold.ndim == 2
    wanted = gold if many else np.eye(logits.shape[1], dtype=bool)[gold]
    logits, margins = logits.astype(np.float64), margins.astype(np.float64)

    def measure(numbers, logits):
        mixed = numbers[0] * logits + numbers[1] * margins + (numbers[2] if many else 0)
        likely = expit(mixed) if many else softmax(mixed, axis=1)
        above = np.logaddexp(0, mixed).sum() if many else logsumexp(mixed, axis=1).sum()
        wrong = likely - wanted
        slopes = [(wrong * logits).sum(), (wrong * margins).sum(), wrong.sum() if many else 0.0]
        return (above - mixed[wanted].sum()) / len(logits), np.array(slopes) / len(logits)

    def find(logits):
        return map(float, minimize(measure, [1.0, 0.0, 0.0], args=(logits,), jac=True, method="BFGS").x)

    scale, share, shift = find(logits)
    if scale <= 0:  # an encoder that says the opposite of the labels knows nothing, the n-grams may
        _, share, shift = find(np.zeros_like(logits))
        scale = 0.0
    return (scale, share, shift) if share > 0 else (1.0, 0.0, 0.0)
