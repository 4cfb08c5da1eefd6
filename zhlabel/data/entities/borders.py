"""Moves an entity's borders off blanks and off characters that have no token, where no path of tags can put them."""

import functools
import unicodedata

# What BERT's normalizer leaves out: controls, zero-width characters, private use, marks
_BARE_CATEGORIES = ("Cc", "Cf", "Co", "Mn")


@functools.lru_cache(maxsize=4096)
def is_bare(character):
    """Return whether a character alone gives no token: a blank, or one that the tokenizer leaves out.

    >>> [is_bare(character) for character in "北\\u200b\\u3000."]
    [False, True, True, False]
    """
    return character.isspace() or character == "\ufffd" or unicodedata.category(character) in _BARE_CATEGORIES


def trim_borders(text, entity):
    """Return the entity without such characters at its borders; None where it has no other.

    Args:
        text: the text.
        entity: an Entity of it.

    >>> from zhlabel.data.tags import Entity
    >>> trim_borders(" 北京 ", Entity(0, 4, "LOC")), trim_borders(" 北京 ", Entity(3, 4, "LOC"))
    (Entity(start=1, end=3, type='LOC'), None)
    """
    start, end = entity.start, entity.end
    while start < end and is_bare(text[start]):
        start += 1
    while start < end and is_bare(text[end - 1]):
        end -= 1
    return entity._replace(start=start, end=end) if start < end else None
