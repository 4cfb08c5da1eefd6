"""Methods that count phrases: FirstPhrases, TF-IDF, KP-Miner."""

from zhlabel.keywords.text.candidates import find_noun_phrases, find_phrases

_LONGEST = 5
_MOST_BOOST, _BOOST_DIVISOR = 3.0, 2.3  # sigma and alpha of the paper


def score_kpminer(document, *, frequencies, cutoff=400):
    """Score n-grams (English: noun phrases) by TF-IDF, those of several words times a boosting factor.

    The factor is all places of candidates over those of several words, divided by 2.3, at most 3. A phrase of
    several words counts as one that no other document has. A candidate must occur so often as
    ``choose_least_frequency`` says; where none does, once less, down to once, so that every text gets keywords.

    Args:
        document: a Document.
        frequencies: Frequencies.
        cutoff: a phrase whose first word has a number above this is none.

    Returns:
        A list of (Candidate, score).
    """
    early = [each for each in find_phrases(document, longest=_LONGEST) if each.places[0] <= cutoff]
    commonest = max((len(each.places) for each in early), default=0)
    least = min(choose_least_frequency(len(document.words)), commonest)
    candidates = [each for each in early if len(each.places) >= least]
    places = sum(len(each.places) for each in candidates)
    long_places = sum(len(each.places) for each in candidates if len(each.norms) > 1)
    boost = min(places / (max(long_places, 1) * _BOOST_DIVISOR), _MOST_BOOST)
    unseen = boost * frequencies.weigh(())
    return [
        (each, len(each.places) * (unseen if len(each.norms) > 1 else frequencies.weigh(each.norms)))
        for each in candidates
    ]


def choose_least_frequency(words):
    """Choose how often a candidate must occur: the paper's 3 in a paper, less in an abstract, where little recurs.

    Args:
        words: number of the document's words.

    >>> [choose_least_frequency(words) for words in (150, 500, 5000)]
    [1, 2, 3]
    """
    return 1 if words < 400 else 2 if words < 1500 else 3


def score_first_phrases(document):
    """Score noun phrases by their first place, the first highest.

    Args:
        document: a Document.

    Returns:
        A list of (Candidate, score), score 1 / (1 + number of the first word).
    """
    return [(each, 1 / (1 + each.places[0])) for each in find_noun_phrases(document)]


def score_tfidf(document, *, frequencies, longest=3):
    """Score n-grams (English: noun phrases) by their number in the text times their inverse document frequency.

    Args:
        document: a Document.
        frequencies: Frequencies.
        longest: words of the longest n-gram.

    Returns:
        A list of (Candidate, score).
    """
    found = find_phrases(document, longest=longest)
    return [(each, len(each.places) * frequencies.weigh(each.norms)) for each in found]
