"""Topics of a corpus by latent Dirichlet allocation (Blei et al. 2003): fitted, saved and read without code."""

import functools
import io
import random
import sys
import zipfile
from dataclasses import dataclass

import numpy as np

from zhlabel.errors import InputError
from zhlabel.io.files import explain_write_errors, write_whole
from zhlabel.keywords.text.kinds import ADJECTIVE, NOUN

_MOST_STEPS, _CHANGE = 100, 1e-3  # of the topics of one document, scikit-learn's own
_LEAST = 1e-30  # keeps a sum of shares from being 0
_FORM = "zhlabel topics 1"


@dataclass(frozen=True)
class Topics:
    """Topics, each a distribution over words.

    Attributes:
        words: {norm of a word: its number 0..V-1}.
        weights: float32 [K, V], the pseudo-counts of the words in each topic.
        prior: the pseudo-count of each topic in a document.
    """

    words: dict
    weights: np.ndarray
    prior: float

    def tell(self, norms):
        """Return the topics of a document by variational inference, as scikit-learn does.

        Args:
            norms: the normal forms of its words, as often as they occur; those that are not in ``words`` do not count.

        Returns:
            float64 [K], sum 1; all alike where no word is known.
        """
        from scipy.special import digamma

        numbers, counts = np.unique([self.words[norm] for norm in norms if norm in self.words], return_counts=True)
        topics = np.ones(len(self.weights))
        if not len(numbers):
            return topics / topics.sum()
        shares = np.exp(digamma(self.weights[:, numbers].astype(np.float64)) - digamma(self._sums))
        for _ in range(_MOST_STEPS):
            before, spread = topics, np.exp(digamma(topics) - digamma(topics.sum()))
            topics = self.prior + spread * (shares @ (counts / (spread @ shares + _LEAST)))
            if np.abs(topics - before).mean() < _CHANGE:
                break
        return topics / topics.sum()

    def share(self, norms):
        """Return the probability of words in each topic.

        Args:
            norms: W normal forms, all in ``words``.

        Returns:
            float64 [K, W].
        """
        return self.weights[:, [self.words[norm] for norm in norms]] / self._sums

    @functools.cached_property
    def _sums(self):
        return self.weights.sum(axis=1, dtype=np.float64, keepdims=True)


def list_topical_words(document):
    """List the normal forms of a document's nouns and adjectives without stop words, as often as they occur.

    Args:
        document: a Document.
    """
    return [word.norm for word in document.words if word.kind in (NOUN, ADJECTIVE) and not word.is_stop]


def draw_texts(texts, *, most=20_000, seed=0):
    """Draw texts of a corpus of any size, each with the same chance (Vitter 1985, algorithm R).

    Args:
        texts: an iterable, read once; at most ``most`` of it are held.
        most: so many are drawn, or all if there are fewer.
        seed: of the draw.

    Returns:
        A list of texts.
    """
    drawn, chance = [], random.Random(seed)
    for number, text in enumerate(texts):
        place = number if number < most else chance.randrange(number + 1)
        if place < most:
            drawn[place : place + 1] = [text]
    return drawn


def fit_topics(documents, *, number=50, most_words=20_000, seed=0):
    """Fit topics on a corpus by online variational Bayes (Hoffman et al. 2010).

    Args:
        documents: Documents, read once; the words of all are held, so ``draw_texts`` goes before it.
        number: how many topics, K.
        most_words: so many of the most frequent nouns and adjectives are kept, of those in two documents or more.
        seed: of the first topics.

    Returns:
        Topics.

    Raises:
        InputError: no word occurs in two documents.
    """
    from sklearn.decomposition import LatentDirichletAllocation
    from sklearn.feature_extraction.text import CountVectorizer

    words_by_document = [list(map(sys.intern, list_topical_words(each))) for each in documents]  # they share most words
    counter = CountVectorizer(analyzer=list, min_df=2, max_features=most_words)
    try:
        counts = counter.fit_transform(words_by_document)
    except ValueError:
        raise InputError(
            f"topics: found no noun or adjective that occurs in two of the {len(words_by_document)} documents, "
            "expected a corpus of hundreds of documents. Give more texts."
        ) from None
    model = LatentDirichletAllocation(number, learning_method="online", batch_size=256, random_state=seed)
    model.fit(counts)
    words = {str(word): int(place) for word, place in counter.vocabulary_.items()}
    return Topics(words, model.components_.astype(np.float32), float(model.doc_topic_prior_))


def write_topics(path, topics):
    """Write topics as arrays in numpy's compressed form, without pickle.

    Args:
        path: the file; its name is taken as it is.
        topics: Topics.

    Raises:
        InputError: it can't be written.
    """
    words = "\n".join(sorted(topics.words, key=topics.words.get)).encode("utf-8")
    with explain_write_errors(path), write_whole(path, binary=True) as stream:
        np.savez_compressed(
            stream,
            form=np.array(_FORM),
            words=np.frombuffer(words, dtype=np.uint8),
            weights=topics.weights,
            prior=np.float64(topics.prior),
        )


def read_topics(path):
    """Read what ``write_topics`` wrote. No code in the file is run.

    Args:
        path: the file.

    Returns:
        Topics.

    Raises:
        InputError: no such file, or one of another form.
    """
    try:
        with open(path, "rb") as stream:
            content = io.BytesIO(stream.read())
    except OSError as problem:
        raise InputError(f"{path} can't be read: {problem.strerror or problem}.") from None
    try:
        with np.load(content, allow_pickle=False) as arrays:
            form, weights = str(arrays["form"]), arrays["weights"]
            prior, words = float(arrays["prior"]), arrays["words"].tobytes().decode("utf-8").split("\n")
    except (ValueError, KeyError, EOFError, OSError, AttributeError, TypeError, zipfile.BadZipFile):
        form, weights, words = "", np.zeros(0), []
    is_whole = form == _FORM and weights.ndim == 2 and weights.shape[1] == len(words) and np.isfinite(weights).all()
    if not is_whole:
        raise InputError(
            f"{path}: found a file of another form, expected topics that this program wrote. Fit them anew: give a "
            "name that does not exist yet, and it is written."
        )
    return Topics({word: place for place, word in enumerate(words)}, weights, prior)
