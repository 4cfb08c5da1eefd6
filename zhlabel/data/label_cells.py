"""Turns what stands in the place of a text's labels into label names: a name, joined names, a list, or nothing."""

import ast
import contextlib
import functools
import json
import math
import re
from collections import Counter

from zhlabel.data.layout import Layout
from zhlabel.data.separators import USUAL_SEPARATOR, find_separator, show_separator, split_cell
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

NO_LABELS = ("", "[]", "nan", "NaN", "None", "<NA>")  # what pandas and Python write where there is none
_NUMPY_LIST = re.compile(r"""(['"])\s+(['"])""")


def read_label_cells(path, places, cells, *, layout=None, known=(), exclusive=False):
    """Return the labels of N texts, decided over the whole file.

    A cell is a list of names, as it is or in Label Studio's {"choices": [...]}; or a string, which is one name, names
    with a separator between them, or such a list as JSON or Python writes it. "nan", "None", "[]" and nothing are no
    label.

    Args:
        path: the file's name, for messages.
        places: N Places.
        cells: N values.
        layout: a Layout: of its label_separator "" is found by ``separators.find_separator``, and where it names the
            column of the labels, numbers are names too; None: all is found by itself.
        known: names that are known for labels.
        exclusive: as ``find_separator``.

    Returns:
        (N tuples of names, each name once; the separator, "" where there is none; notes).

    Raises:
        InputError: a cell of another kind, or one that may be read in two ways.
    """
    layout = layout or Layout()
    separator, check = layout.label_separator, functools.partial(_check_names, numbers=bool(layout.label_column))
    different, names, alone, missing = {}, {}, set(known), Counter()
    for place, cell in zip(places, cells, strict=True):
        if isinstance(cell, str):
            different.setdefault(cell, place)
        elif not _is_missing(cell):
            alone.update(check(place, cell))
    joined = {}
    for cell, place in different.items():
        listed = _parse_list(place, check_characters(place, cell).strip())
        if listed is None:
            joined.setdefault(cell.strip(), place)
        else:
            names[cell] = check(place, listed)
            alone.update(names[cell])
    found = separator or find_separator(joined, alone=alone, exclusive=exclusive)
    for cell in different.keys() - names.keys():
        names[cell] = _split(different[cell], cell, found)
    labels = []
    for place, cell in zip(places, cells, strict=True):
        if isinstance(cell, str):
            labels.append(names[cell])
            missing[cell.strip()] += cell.strip() in NO_LABELS[2:]
        else:
            labels.append(() if _is_missing(cell) else check(place, cell))
            missing["null"] += _is_missing(cell)
    return labels, found, _list_notes(path, missing, found, different, names, separator)


def _is_missing(cell):
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _parse_list(where, cell):
    """Return the list that a string is in JSON or Python, an empty one where it says so; None where it is none."""
    if cell in NO_LABELS:
        return []
    if not (cell[:1] == "[" and cell[-1:] == "]") and not cell.startswith('{"choices"'):
        return None
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(cell)
    try:
        found = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if _NUMPY_LIST.search(cell):  # Python would join the two names
        raise InputError(
            f"{where}: the list {cell[:60]} has no commas between its names, as numpy prints it. Write it as JSON, "
            'such as ["裁员", "收购"], or the names with "|" between them.'
        )
    return found


def _check_names(where, names, *, numbers):
    names = names["choices"] if isinstance(names, dict) and set(names) == {"choices"} else names
    if numbers:
        names = [str(name) if _is_number(name) else name for name in (names if isinstance(names, list) else [names])]
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        shown = json.dumps(names, ensure_ascii=False, default=str)[:60]
        first = names[0] if isinstance(names, list) and names else names
        hint = ' If numbers are the names of labels, name their column: LABEL_COLUMN = "label".'
        raise InputError(f'{where}: "label" must be a list of names, found {shown}.{hint if _is_number(first) else ""}')
    check_characters(where, "".join(names))
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip() not in NO_LABELS))


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _split(where, cell, separator):
    names = split_cell(cell, separator or USUAL_SEPARATOR)
    if not all(names):
        raise InputError(f'{where}: "{cell}" has an empty label between two {show_separator(separator)}.')
    return tuple(dict.fromkeys(name for name in names if name not in NO_LABELS))


def write_label_cells(labels):
    """Return the cells from which ``read_label_cells`` reads these N tuples of names: joined by "|", else JSON lists.

    >>> write_label_cells([("裁员", "收购"), ()]), write_label_cells([("裁员|收购",), ()])
    (['裁员|收购', ''], ['["裁员|收购"]', ''])
    """
    cells = [USUAL_SEPARATOR.join(names) for names in labels]
    with contextlib.suppress(InputError):
        if read_label_cells("", [""] * len(cells), cells)[0] == [tuple(names) for names in labels]:
            return cells
    return [json.dumps(names, ensure_ascii=False) if names else "" for names in labels]


def _list_notes(path, missing, found, different, names, separator):
    notes = []
    if counts := ", ".join(f"{name} ({count:,})" for name, count in missing.items() if count):
        notes.append(f"{path}: no label is what stands as {counts}.")
    several = [cell for cell in different if len(names[cell]) > 1]
    if found and not separator and found != USUAL_SEPARATOR:
        notes.append(f"{path}: labels are joined by {show_separator(found)}, such as {several[0].strip()[:60]!r}.")
    elif several and all(cell.strip()[:1] == "[" for cell in several):
        notes.append(f"{path}: labels are lists in their cells, such as {several[0].strip()[:60]}.")
    return notes
