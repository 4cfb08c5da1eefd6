"""TF-IDF: how often a phrase stands in the text, times how rare it is in others (Spaerck Jones 1972; Salton 1988)."""

from zhlabel.keywords.candidates import find_phrases


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
