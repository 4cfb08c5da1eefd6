"""Tells how the lines of a column file are laid out: what separates the columns, and which holds what."""

import contextlib
import csv
import itertools
import re
from typing import NamedTuple

from zhlabel.data.tags import split_cell, split_tag

DOCUMENT_START = "-DOCSTART-"
EMPTY_TEXT = "\tO"  # the one line of an empty text, in the files that we write
_SEPARATORS = (" -X- _ ", "\t")  # Label Studio's, whose types hold blanks; a tab
_INDEX = re.compile(r"[ \t]*(\d+)[ \t]")
_MOST = 0.9  # of the lines, which may have faults, tell the layout
_TOKEN_NAMES = ("token", "tokens", "word", "words", "char", "chars", "character", "text", "字", "字符", "词", "文字")
_TAG_NAMES = ("ner_tag", "ner_tags", "ner", "tag", "tags", "bio", "label", "labels", "标签", "标注")


class Layout(NamedTuple):
    """Where a line without a header has its token and its tag.

    Attributes:
        separator: what stands before the tag; "": the last blank or tab.
        index: what the numbers in front count: "token", "text", or "" where there are none.
    """

    separator: str = ""
    index: str = ""

    def split(self, line):
        """Split a line into (number in front or 0, token, tag); None between two texts.

        The token is None where there is one column alone, and "" in the line of an empty text.
        """
        if line.isspace() or line.startswith(DOCUMENT_START) or (self.index and line.startswith("#")):
            return None
        number = _INDEX.match(line) if self.index else None
        rest = line[number.end() :] if number else line
        if rest.rstrip("\r\n") == EMPTY_TEXT:
            token, tag = "", "O"
        elif self.separator and self.separator in rest.rstrip(" \t\r\n"):
            token, tag = _split_cells(rest.rstrip(" \t\r\n"), self.separator)
        else:
            token, tag = split_column(rest)
            token = token or None
        return int(number[1]) if number else 0, token, tag


PLAIN = Layout()


def _split_cells(line, separator):
    """Return the first and the last cell; a tab in the place of the first is the tab that separates, doubled."""
    return line.partition(separator)[0] or separator[:1], line.rpartition(separator)[2]


def split_column(line):
    """Split a line from the right into its first column and its tag.

    A character that is itself a blank is kept, also where it is the line's only blank.

    Args:
        line: with or without its line end.

    Returns:
        (token, tag); the token is "" where there is one column alone.

    >>> split_column("北\\tB-LOC\\n"), split_column("  O"), split_column(" O"), split_column("EU NNP I-NP B-ORG")
    (('北', 'B-LOC'), (' ', 'O'), (' ', 'O'), ('EU', 'B-ORG'))
    >>> split_column("北")
    ('', '北')
    """
    line = line.rstrip(" \t\r\n")
    place = max(line.rfind(" "), line.rfind("\t"))
    token, tag = line[: max(place, 0)], line[place + 1 :]
    if place > 1:
        token = _take_first_column(token, line[place])
    elif place == 0:
        token = line[0]
    return token, tag


def _take_first_column(columns, separator):
    """Return the token in front of the last separator: all up to a tab, else the first word; a blank stays a blank."""
    token, tab, _ = columns.partition("\t")
    if tab or separator == "\t":
        return token or "\t"
    return columns.split(" ")[0] or (columns.split() or columns)[0]


def is_column(line):
    """Return whether a line's last word is a tag and its first is none."""
    token, tag = split_column(line)
    # A line of tags alone has a tag such as B-LOC in the place of the token.
    return token != "" and split_tag(tag) is not None and split_tag(token) in (None, ("O", ""))


def choose_layout(lines):
    """Return the Layout that nearly all of a file's first lines have; the plain one where they have no other.

    Args:
        lines: lines that are not blank, without a header.

    >>> choose_layout(["1\\t北\\tB-LOC\\n", "2\\t京\\tI-LOC\\n", "1\\t去\\tO\\n", "2\\t吧\\tO\\n"])
    Layout(separator='\\t', index='token')
    >>> choose_layout(["北 B-LOC\\n", "京 I-LOC\\n"])
    Layout(separator='', index='')
    """
    lines = [line for line in lines if not line.startswith((DOCUMENT_START, "# "))] or lines
    index = _find_index(lines)
    rests = [_INDEX.sub("", line, count=1) for line in lines] if index else lines
    fitting = (each for each in _SEPARATORS if sum(_fits(rest, each) for rest in rests) >= _MOST * len(rests))
    return Layout(next(fitting, ""), index)


def _fits(line, separator):
    _, found, tag = line.rstrip(" \t\r\n").rpartition(separator)
    return found != "" and split_cell(tag) is not None


def _find_index(lines):
    """Return what numbers in front count: they go up by one from token to token, or stay within a text."""
    found = [(int(each[1]), line[each.end() :]) for line in lines if (each := _INDEX.match(line))]
    numbers = [number for number, rest in found if is_column(rest) or any(_fits(rest, each) for each in _SEPARATORS)]
    if len(numbers) < _MOST * len(lines):
        return ""
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    return next((name for name, step in (("token", 1), ("text", 0)) if 2 * steps.count(step) > len(steps)), "")


class Header(NamedTuple):
    """What a column file's first line says: the places of token, tag and, or None, of the sentence's number."""

    delimiter: str
    token: int
    tag: int
    sentence: int | None
    count: int

    @property
    def is_plain(self):
        """Whether the lines below it can be read as those of a file without a header."""
        return self.delimiter != "," and self.token == 0 and self.tag == self.count - 1


def find_header(lines):
    """Return the Header of a column file, or None where its first line names no token and tag.

    Args:
        lines: the first lines that are not blank.

    >>> find_header(["Sentence #,Word,POS,Tag\\n", "Sentence: 1,Paris,NNP,B-geo\\n"])
    Header(delimiter=',', token=1, tag=3, sentence=0, count=4)
    """
    delimiter = next((each for each in "\t," if each in lines[0].strip()), " ")
    names = [name.strip('" \r\n').lower() for name in lines[0].strip("\r\n").split(delimiter)]
    token, tag = (next((names.index(each) for each in known if each in names), None) for known in _NAMES)
    if token is None or tag is None or len(lines) < 2:
        return None
    cells = _split_line(lines[1], delimiter)
    if len(cells) != len(names) or split_cell(cells[tag].strip()) is None:
        return None
    sentence = next((place for place, name in enumerate(names) if name.startswith(("sent", "句"))), None)
    return Header(delimiter, token, tag, sentence, len(names))


_NAMES = (_TOKEN_NAMES, _TAG_NAMES)


def _split_line(line, delimiter):
    line = line.strip("\r\n")
    if delimiter == ",":
        with contextlib.suppress(csv.Error):
            return next(csv.reader([line]), [""])
    return line.split(delimiter)
