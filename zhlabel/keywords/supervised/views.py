"""The ranker's candidates of a document, and the document as arrays for measuring them."""

from typing import NamedTuple

import numpy as np

from zhlabel.keywords.text.candidates import gather
from zhlabel.keywords.text.kinds import ADJECTIVE, MARK, NOUN, OTHER, VERB

LONGEST = 6  # words of the longest candidate
_MOST_STOPS = 1  # stop words inside a candidate
_JOINING_MARKS = frozenset("-\u2010\u2011\u2013\u00b7/'\u2019.&+_")  # inside Lyapunov-Krasovskii, TCP/IP, 亚当·斯密
KIND_NUMBERS = {NOUN: 0, ADJECTIVE: 1, VERB: 2, OTHER: 3, MARK: 4}
STOP_NUMBER, NONE_NUMBER = 5, 6  # a stop word of any kind; no word, beyond a sentence


def find_ranked_candidates(document):
    """Find the n-grams of up to six words within sentences that do not begin or end with a stop word or mark.

    A mark such as - or / may stand inside where no blank surrounds it, and one stop word may stand inside.

    Args:
        document: a Document.

    Returns:
        A list of Candidates by first place, shorter ones first.
    """
    words, spans, least = document.words, [], 1 if document.language == "zh" else 2
    for first, word in enumerate(words):
        if word.kind == MARK or word.is_stop or word.end - word.start < least:
            continue
        stops = 0
        for last in range(first, min(first + LONGEST, len(words))):
            other = words[last]
            stops += other.is_stop
            if other.sentence != word.sentence or stops > _MOST_STOPS:
                break
            if other.kind == MARK:
                if not _joins(document, last):
                    break
            elif not other.is_stop and other.end - other.start >= least:
                spans.append((first, last + 1))
    return gather(document, spans)


class View(NamedTuple):
    """A document's W words and C candidates with their P places as arrays.

    Attributes:
        document: the Document.
        candidates: its C Candidates.
        kinds: [W] numbers of KIND_NUMBERS, of stop words STOP_NUMBER.
        sentences: [W] number of the word's sentence.
        sentence_starts: [W] that sentence's first word.
        sentence_ends: [W] the word after its last one.
        lengths: [C] words.
        numbers: [C] places.
        firsts: [C] first word of the first place.
        lasts: [C] first word of the last place.
        owners: [P] the candidate.
        starts: [P] its first word.
        ends: [P] its last word.
        inside: [C, LONGEST] the words of the first place.
        is_word: [C, LONGEST] whether there is one.
        is_content: [C, LONGEST] whether it is neither stop word nor mark.
    """

    document: object
    candidates: list
    kinds: np.ndarray
    sentences: np.ndarray
    sentence_starts: np.ndarray
    sentence_ends: np.ndarray
    lengths: np.ndarray
    numbers: np.ndarray
    firsts: np.ndarray
    lasts: np.ndarray
    owners: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    inside: np.ndarray
    is_word: np.ndarray
    is_content: np.ndarray

    def add_up(self, values):
        """Add values up for each candidate.

        Args:
            values: [P].

        Returns:
            float [C].
        """
        return np.bincount(self.owners, values, len(self.candidates))

    def average(self, values):
        """Return the mean over each candidate's places.

        Args:
            values: [P].

        Returns:
            float [C].
        """
        return self.add_up(values) / self.numbers


def look(document, candidates):
    """Build the View of a document.

    Args:
        document: a Document.
        candidates: its Candidates, at least one.

    Returns:
        A View.
    """
    words = document.words
    kinds = np.array([STOP_NUMBER if word.is_stop else KIND_NUMBERS[word.kind] for word in words])
    sentences = np.array([word.sentence for word in words])
    lengths = np.array([len(each.norms) for each in candidates])
    numbers = np.array([len(each.places) for each in candidates])
    owners = np.repeat(np.arange(len(candidates)), numbers)
    starts = np.array([place for each in candidates for place in each.places])
    firsts = np.array([each.places[0] for each in candidates])
    steps = np.arange(LONGEST)
    inside, is_word = np.minimum(firsts[:, None] + steps, len(words) - 1), steps < lengths[:, None]
    is_content = is_word & (kinds[inside] != STOP_NUMBER) & (kinds[inside] != KIND_NUMBERS[MARK])
    return View(
        document,
        candidates,
        kinds,
        sentences,
        np.searchsorted(sentences, sentences),
        np.searchsorted(sentences, sentences, side="right"),
        lengths,
        numbers,
        firsts,
        np.array([each.places[-1] for each in candidates]),
        owners,
        starts,
        starts + lengths[owners] - 1,
        inside,
        is_word,
        is_content,
    )


def _joins(document, place):
    """Return whether a mark stands inside a name, without blanks around it."""
    words = document.words
    if document.text[words[place].start] not in _JOINING_MARKS or place + 1 == len(words):
        return False
    return words[place - 1].end == words[place].start and words[place].end == words[place + 1].start
