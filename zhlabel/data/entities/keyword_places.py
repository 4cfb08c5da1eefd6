"""Finds the places of a text's keywords, where a file gives keywords without spans."""

import re

from zhlabel.data.entities.marks import Mark, make_error
from zhlabel.data.keywords import KEYWORD_TYPE, split_keywords
from zhlabel.data.tags import Entity, drop_overlapping


def find_keywords(where, text, keywords, counts):
    """Return every place of every keyword, in any case of letters; of places that overlap the longer one stays.

    A keyword that begins or ends with a Latin letter or a digit is not found inside a longer word or number.
    """
    if isinstance(keywords, str):
        keywords = split_keywords(where, keywords)
    if not isinstance(keywords, list) or not all(isinstance(each, str) for each in keywords):
        raise make_error(where, keywords, 'a list of keywords, as in {"text": ..., "keywords": ["北京"]}')
    keywords, places = {each.strip().lower(): each.strip() for each in keywords if each.strip()}, {}
    for key, keyword in keywords.items():
        for found in re.finditer(_bound(keyword), text, re.IGNORECASE):
            places.setdefault(Entity(*found.span(), KEYWORD_TYPE), key)
    kept = drop_overlapping(places)
    counts["keywords"] += len(keywords)
    counts["absent"] += len(keywords) - len({places[each] for each in kept})
    return [Mark(each.start, each.end, None, [each.type]) for each in kept]


def _bound(keyword):
    """Return the pattern of a keyword that is not the middle of a word of Latin letters or of a number."""
    before = r"(?<![a-z0-9])" if re.match("[a-z0-9]", keyword, re.IGNORECASE) else ""
    after = r"(?![a-z0-9])" if re.search("[a-z0-9]$", keyword, re.IGNORECASE) else ""
    return before + re.escape(keyword) + after
