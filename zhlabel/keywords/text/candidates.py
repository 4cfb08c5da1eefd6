"""The phrases of a document that could be keywords: n-grams of words, noun phrases."""

from typing import NamedTuple

from zhlabel.keywords.text.kinds import ADJECTIVE, MARK, NOUN

_LEAST_CHARACTERS = {"zh": 2, "en": 3}  # of a whole candidate
_LEAST_WORD_CHARACTERS = {"zh": 1, "en": 2}  # of each of its words


class Candidate(NamedTuple):
    """A phrase and all its places; phrases of the same normal form are one.

    Attributes:
        norms: the normal forms of its words, a tuple of W strings.
        places: rising numbers of the words at which it begins.
        spans: half-open characters of its places; () where they are those of its words.
    """

    norms: tuple
    places: tuple
    spans: tuple = ()


def find_ngrams(document, *, longest=3, stop_words_inside=False):
    """Find the n-grams of 1 to ``longest`` words within sentences, without marks and stop words.

    Args:
        document: a Document.
        longest: words of the longest.
        stop_words_inside: whether stop words may stand between the first and the last word.

    Returns:
        A list of Candidates by first place, shorter ones first.
    """
    words, spans = document.words, []
    for first, word in enumerate(words):
        if not _is_usable(document, word):
            continue
        for last in range(first, min(first + longest, len(words))):
            other = words[last]
            if other.kind == MARK or other.sentence != word.sentence:
                break
            if _is_usable(document, other):
                spans.append((first, last + 1))
            elif not stop_words_inside:
                break
    return gather(document, spans)


def find_phrases(document, *, longest=3):
    """Find what is counted to be a keyword: n-grams of a Chinese document, noun phrases of an English one.

    English n-grams that begin or end with verbs and adverbs would outweigh the others: on the test texts of Inspec
    TF-IDF has half the F1 with n-grams. jieba knows Chinese kinds of words less well than it divides words.

    Args:
        document: a Document.
        longest: words of the longest n-gram.

    Returns:
        A list of Candidates by first place.
    """
    return find_ngrams(document, longest=longest) if document.language == "zh" else find_noun_phrases(document)


def find_noun_phrases(document, *, longest=5):
    """Find the longest sequences of adjectives followed by nouns, (adjective)*(noun)+, of at most ``longest`` words.

    Args:
        document: a Document.
        longest: longer sequences are none.

    Returns:
        A list of Candidates by first place.
    """
    spans, first, has_noun = [], 0, False
    words = document.words
    for place in range(len(words) + 1):
        word = words[place] if place < len(words) else None
        goes_on = (
            word is not None
            and _is_usable(document, word)
            and (word.kind == NOUN or (word.kind == ADJECTIVE and not has_noun))
            and (place == first or word.sentence == words[place - 1].sentence)
        )
        if goes_on:
            has_noun = has_noun or word.kind == NOUN
            continue
        if has_noun:
            spans.append((first, place))
        begins = word is not None and _is_usable(document, word) and word.kind in (NOUN, ADJECTIVE)
        first, has_noun = (place, word.kind == NOUN) if begins else (place + 1, False)
    return gather(document, [(start, end) for start, end in spans if end - start <= longest])


def gather(document, spans):
    """Build Candidates of spans of words; those that are too short or without a letter are left out.

    Args:
        document: a Document.
        spans: pairs of the first word's number and the number after the last word's, in any order.

    Returns:
        A list of Candidates by first place, shorter ones first.
    """
    found, words, least = {}, document.words, _LEAST_CHARACTERS[document.language]
    for first, end in sorted(spans):
        if words[end - 1].end - words[first].start < least:
            continue
        norms = tuple([word.norm for word in words[first:end]])
        if any(any(map(str.isalpha, norm)) for norm in norms):
            found.setdefault(norms, []).append(first)
    return [Candidate(norms, tuple(places)) for norms, places in found.items()]


def find_spans(document, candidate):
    """Return the half-open characters of each place of a candidate, in order.

    Args:
        document: a Document.
        candidate: a Candidate of it.

    Returns:
        A tuple of (start, end).
    """
    words, length = document.words, len(candidate.norms)
    return candidate.spans or tuple((words[each].start, words[each + length - 1].end) for each in candidate.places)


def _is_usable(document, word):
    """Return whether a word may begin or end a candidate."""
    return word.kind != MARK and not word.is_stop and word.end - word.start >= _LEAST_WORD_CHARACTERS[document.language]
