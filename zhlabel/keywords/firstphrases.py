"""FirstPhrases: the noun phrases in the order in which the text has them; the baseline of pke (Boudin 2016)."""

from zhlabel.keywords.candidates import find_noun_phrases


def score_first_phrases(document):
    """Score noun phrases by their first place, the first highest.

    Args:
        document: a Document.

    Returns:
        A list of (Candidate, score), score 1 / (1 + number of the first word).
    """
    return [(each, 1 / (1 + each.places[0])) for each in find_noun_phrases(document)]
