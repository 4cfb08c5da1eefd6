"""Kinds of English words among their neighbours: a few rules correct what the words alone tell."""

import functools
import re

from zhlabel.keywords.text.kinds import (
    ADJECTIVE,
    BEFORE_VERBS,
    DETERMINERS,
    MARK,
    NOUN,
    OTHER,
    PREPOSITIONS,
    VERB,
    tell_english_kind,
)

_PARTICIPLE = re.compile(r"(?:ed|en|wn|lt)$")
_NEVER_BASE_FORM = re.compile(r"(?:s|ing|tion|ment|ity|ance|ence|ship|ism|logy)$")
_BEFORE_NOUNS = DETERMINERS | PREPOSITIONS
_EDGE = ("", MARK)


def tell_english_kinds(shapes):
    """Return the kinds of the words of a line by their spelling and their neighbours.

    Beyond ``tell_english_kind``: what follows "to", "can", "we" and the like is a verb ("to cluster"), and so is what
    stands right before "the" and the like ("a model clusters the texts"); a participle before a noun is an adjective
    ("the proposed method", not "the model proposed methods"); a hyphenated word before an adjective is one.

    Args:
        shapes: the words and marks of one line, as they stand there.

    Returns:
        A list of "noun", "adjective", "verb", "other" or "mark", one for each.

    >>> tell_english_kinds("We cluster distributed systems".split())
    ['other', 'verb', 'adjective', 'noun']
    """
    words = [(shape.lower(), _tell(shape)) for shape in shapes]
    before, kinds = _EDGE, []
    for place, (lower, kind) in enumerate(words):
        after = words[place + 1] if place + 1 < len(words) else _EDGE
        before = (lower, _correct(shapes[place], kind, before, after))
        kinds.append(before[1])
    return kinds


@functools.lru_cache(maxsize=1 << 16)
def _tell(shape):
    return tell_english_kind(shape) if any(map(str.isalnum, shape)) else MARK


def _correct(shape, kind, before, after):
    """Return the kind of a word, given what it is alone and (lower case, kind) of the words beside it."""
    lower = shape.lower()
    if kind == NOUN and shape.islower():
        if before[0] in BEFORE_VERBS and "-" not in shape and not _NEVER_BASE_FORM.search(lower):
            return VERB
        ends_phrase = before[1] in (NOUN, MARK, OTHER) and before[0] not in _BEFORE_NOUNS
        if after[0] in DETERMINERS and (ends_phrase or lower.endswith("ing")):
            return VERB
    if kind == NOUN and "-" in shape and after[1] == ADJECTIVE:
        return ADJECTIVE
    if kind == VERB and after[1] in (NOUN, ADJECTIVE):
        is_inside_phrase = before[0] in DETERMINERS or before[1] == ADJECTIVE
        may_begin_phrase = before[0] in PREPOSITIONS or before[1] in (MARK, VERB) or before[0].endswith("ly")
        if lower.endswith("ing") and is_inside_phrase:
            return NOUN
        if _PARTICIPLE.search(lower) and (is_inside_phrase or may_begin_phrase):
            return ADJECTIVE
    return kind
