"""Tells over a whole file what stands between the labels in a cell, and refuses to guess."""

import re

from zhlabel.errors import InputError

USUAL_SEPARATOR = "|"  # of our own files, so that it needs no proof
WHOLE = "none"  # the LABEL_SEPARATOR of cells that are one label each
_CANDIDATES = (",", ";", "、", "，", "；", "｜", "#", "/", "\t", "\n")
_LONE_HASH = re.compile("(?<!#)#(?!#)")
_ESCAPES = {"\\t": "\t", "\\n": "\n"}  # as a command line gives them


def split_cell(cell, separator):
    """Return the pieces of a cell without blanks around them; "#" never divides at "##".

    >>> split_cell("生活##美食#旅游", "#"), split_cell(" a , b", ","), split_cell("a|b", "none")
    (['生活##美食', '旅游'], ['a', 'b'], ['a|b'])
    """
    separator = _ESCAPES.get(separator, separator)
    if separator in ("", WHOLE):
        return [cell.strip()]
    pieces = _LONE_HASH.split(cell) if separator == "#" else cell.split(separator)
    return [piece.strip() for piece in pieces]


def find_separator(cells, *, alone=(), exclusive=False):
    """Return what stands between the labels of a file; "" where each cell is one label.

    "|" does wherever it stands. Another sign does where every piece that it leaves stands alone as a label in another
    row, so that the sign in a name (财经/交易-出售) divides nothing.

    Args:
        cells: {a label's cell without blanks around it: its Place}, each different one once.
        alone: names that are known for labels.
        exclusive: whether a text has one label alone; then a cell that looks divided is a doubt.

    Raises:
        InputError: a sign that may stand between labels or inside one: some of the pieces stand alone, or the pieces
            are fewer than the cells, so that they come back in several.
    """
    cells = {cell: place for cell, place in cells.items() if cell not in alone}
    usual = any(USUAL_SEPARATOR in cell for cell in cells)
    if usual and exclusive:
        raise _refuse_exclusive(USUAL_SEPARATOR, cells)
    if usual:
        cells = {piece: place for cell, place in cells.items() for piece in split_cell(cell, USUAL_SEPARATOR)}
    proved = []
    for separator in _CANDIDATES:
        verdict, lonely = _judge(separator, cells, alone)
        if verdict and exclusive:
            raise _refuse_exclusive(separator, cells)
        if verdict == "doubt" and not usual:
            raise _refuse_doubt(separator, cells, lonely)
        proved += [separator] if verdict == "proved" else []
    found = [USUAL_SEPARATOR, *proved] if usual else proved
    if len(found) > 1:
        raise _refuse_two(found, cells)
    return found[0] if found else ""


def _judge(separator, cells, alone):
    """Return "proved", "doubt" or "", and the pieces that never stand alone."""
    divided = {cell: pieces for cell in cells if len(pieces := split_cell(cell, separator)) > 1}
    if not divided:
        return "", []
    standing = {*alone, *(cell for cell in cells if cell not in divided)}
    pieces = list(dict.fromkeys(piece for parts in divided.values() for piece in parts))
    lonely = [piece for piece in pieces if piece not in standing]
    if not lonely:
        return "proved", []
    come_back = all(pieces) and len(divided) > 1 and len(pieces) <= len(divided)
    return ("doubt" if come_back or len(lonely) < len(pieces) else ""), lonely


def show_separator(separator):
    """Return a separator as a message and a constant have it, in quotation marks.

    >>> print(show_separator("\\n"), show_separator("、"))
    "\\n" "、"
    """
    return f'"{next((escape for escape, sign in _ESCAPES.items() if sign == separator), separator)}"'


def _find_first(separator, cells):
    cell, place = next((cell, place) for cell, place in cells.items() if len(split_cell(cell, separator)) > 1)
    return f"{place}: the label {cell[:60]!r}"


def _refuse_exclusive(separator, cells):
    shown = show_separator(separator)
    return InputError(
        f"{_find_first(separator, cells)} looks like several labels joined by {shown}, where multi_class has one a "
        f'text. If they are several: TASK = "multi_label"; if {shown} is part of the name: LABEL_SEPARATOR = "{WHOLE}".'
    )


def _refuse_doubt(separator, cells, lonely):
    divided = [cell for cell in cells if len(split_cell(cell, separator)) > 1]
    pieces = {piece for cell in divided for piece in split_cell(cell, separator)}
    shown, examples = show_separator(separator), ", ".join(map(repr, lonely[:3])) + (" ..." if lonely[3:] else "")
    return InputError(
        f"{_find_first(separator, cells)} may be one label, or several joined by {shown}. {len(divided):,} different "
        f"cells hold it. Divided there, they have {len(pieces):,} labels, of which {len(lonely):,} never stand alone "
        f"({examples}); whole, they are {len(divided):,} labels. "
        f'Say which is right: LABEL_SEPARATOR = {shown}, or LABEL_SEPARATOR = "{WHOLE}".'
    )


def _refuse_two(separators, cells):
    shown = " and ".join(map(show_separator, separators))
    return InputError(
        f"{_find_first(separators[-1], cells)}: in this file labels seem to be joined by {shown}. Write one of them "
        f"everywhere, or name the one that divides: LABEL_SEPARATOR = {show_separator(separators[0])}."
    )
