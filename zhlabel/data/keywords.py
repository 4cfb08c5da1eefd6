"""Reads texts with their gold keywords from files of any size, one at a time."""

import functools
import json
import re

from zhlabel.data.texts import read_texts_beside
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

_GOLD_COLUMNS = ("keywords", "keyword", "关键词")
_SIGNS = ("[;；]", "、")
# A comma between digits is part of a name (1,2-dichloroethane); every other one may stand between two keywords.
_DOUBTFUL = re.compile(r"(?<!\d),|,(?!\d)|[，\n\t]")


def read_gold(path, *, layout=None, warn=None):
    """Return an iterator over the texts of a file with the gold keywords of each.

    Forms, text column and encodings are those of ``texts.read_texts``; ``.txt`` has no gold keywords. They stand in the
    column or key ``keywords`` (or keyword, 关键词): a list of strings (JSON, parquet), or one string, divided as
    ``split_keywords`` does, and where that is doubtful by the sign that divides most of the file's. Blanks around a
    keyword go, empty ones are left out, and nothing else is changed.

    Args:
        path: the file.
        layout: as ``texts.read_texts``.
        warn: as ``texts.read_texts``.

    Returns:
        An iterator of (text, tuple of keywords), with None in place of the tuple where a text has no gold keyword.

    Raises:
        InputError: as ``texts.read_texts``; while reading, gold keywords of another kind, or a string of which it is
            doubtful where one ends, with file and line.
    """
    found = read_texts_beside(path, layout=layout, others=_GOLD_COLUMNS, warn=warn)
    find_sign = functools.cache(lambda: _find_sign(path, layout))
    return ((text, _take_keywords(place, value, find_sign)) for place, text, value in found)


def _find_sign(path, layout):
    """Return the pattern of the sign that stands in at least half of a file's strings of keywords, "" for none."""
    values = [value for *_, value in read_texts_beside(path, layout=layout, others=_GOLD_COLUMNS)]
    values = [value for value in values if isinstance(value, str) and value.strip() and "|" not in value]
    counts = {sign: sum(bool(re.search(sign, value)) for value in values) for sign in _SIGNS}
    best = max(counts, key=counts.get)
    return best if counts[best] >= max(2, len(values) / 2) else ""


def count_gold(path, *, layout=None):
    """Count a file's texts by reading all of them, which finds every bad row, and those with a gold keyword.

    Args:
        path: as ``read_gold``.
        layout: as ``read_gold``.

    Returns:
        The number of texts, and of those among them that have a gold keyword.

    Raises:
        InputError: as ``read_gold``.
    """
    texts = judged = 0
    for _, keywords in read_gold(path, layout=layout):
        texts, judged = texts + 1, judged + (keywords is not None)
    return texts, judged


def split_keywords(where, value):
    """Divide a string into keywords.

    A string with "|" is divided there and nowhere else. One without is divided at its semicolons (; and ；), or at its
    listing commas (、). One that has both, or none of the three but a comma or a line end, is refused, because keywords
    may hold these signs themselves; "|" at its end makes it one keyword. A comma between digits is no doubt.

    Args:
        where: the place, for messages.
        value: the string.

    Returns:
        A list of keywords, which is empty for a blank string.

    Raises:
        InputError: it is doubtful where one keyword ends.

    >>> split_keywords("a.csv, line 2", "机器学习|文本分类"), split_keywords("a.csv, line 3", "1,2-二氯乙烷；毒性")
    (['机器学习', '文本分类'], ['1,2-二氯乙烷', '毒性'])
    """
    value, found = value.strip(), [sign for sign in _SIGNS if re.search(sign, value)]
    if "|" in value:
        pieces = value.split("|")
    elif len(found) == 2 or (not found and _DOUBTFUL.search(value)):
        signs = "both semicolons and 、" if found else "commas or line ends and no |"
        raise InputError(
            f"{where}: the keywords {value[:60]!r} have {signs}, so that it is doubtful where one ends. "
            'Write "|" between keywords, or at the end if it is a single one.'
        )
    else:
        pieces = re.split(found[0], value) if found else [value]
    return [piece.strip() for piece in pieces if piece.strip()]


def _take_keywords(where, value, find_sign):
    if isinstance(value, str):
        try:
            keywords = split_keywords(where, value)
        except InputError:
            if not (sign := find_sign()):
                raise
            keywords = [piece.strip() for piece in re.split(sign, value) if piece.strip()]
    elif value is None or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        keywords = [each.strip() for each in value or () if each.strip()]
    else:
        raise InputError(
            f"{where}: the keywords are {json.dumps(value, ensure_ascii=False, default=str)[:60]}, expected a list of "
            'strings, such as ["机器学习", "文本分类"], or one string with "|" between them.'
        )
    return tuple(check_characters(where, each) for each in keywords) or None


KEYWORD_TYPE = "keyword"  # the type of a keyword's places
