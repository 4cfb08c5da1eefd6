"""Labels where no column has their usual name: a column a label with 0 and 1, or the control of Label Studio."""

from typing import NamedTuple

from zhlabel.data.columns import refuse_unlabelled
from zhlabel.errors import InputError

_YES, _NO = ("1", "1.0", "true"), ("0", "0.0", "false", "", "none")
_NUMBERING = ("id", "index", "uuid", "no", "序号", "编号", "unnamed: 0")  # may hold 0 and 1 in a short file
_MARK = "annotation_id"  # Label Studio's JSON-MIN and CSV have it beside the choices
_LABEL_STUDIO = ("id", "annotator", _MARK, "created_at", "updated_at", "lead_time", "agreement", "completion_id")


class Unnamed(NamedTuple):
    """The columns of a row that may hold its labels, and what stands there."""

    names: tuple
    values: tuple


def settle_unnamed(path, places, cells, *, is_named=False):
    """Return N cells of labels, those that are Unnamed decided over the whole file, and notes.

    Args:
        path: the file's name, for messages.
        places: N Places.
        cells: N cells, of which some are Unnamed.
        is_named: whether the user named the columns, which then all hold 0 and 1.

    Raises:
        InputError: no column, or more than one, can be that of the labels; a column has other values in few rows.
    """
    rows = [(place, cell) for place, cell in zip(places, cells, strict=True) if isinstance(cell, Unnamed)]
    if not rows:
        return cells, []
    (where, first), different = rows[0], dict.fromkeys(cell.names for _, cell in rows)
    if any(_MARK in names for names in different) and not is_named:
        return _take_control(path, rows, cells, different)
    if len(rows) < len(cells) or len(different) > 1:
        wrong = next(row for row in rows if row[1].names != first.names) if len(rows) == len(cells) else rows[0]
        raise InputError(f'{wrong[0]}: no "label"; the object has {", ".join(wrong[1].names) or "no other key"}.')
    names = [name for place, name in enumerate(first.names) if _is_binary(place, name, rows, must=is_named)]
    if len(names) < 2:
        raise refuse_unlabelled(where, first.names)
    chosen, left_out = [first.names.index(name) for name in names], [each for each in first.names if each not in names]
    notes = [] if is_named else [f"{path}: labels are the {len(names):,} columns of 0 and 1, {_list(names)}."]
    if left_out and not is_named:
        notes[0] = notes[0][:-1] + f"; not read: {_list(left_out)}."
    return [[first.names[i] for i in chosen if _fold(cell.values[i]) in _YES] for _, cell in rows], notes


def _fold(value):
    return str(value).strip().lower()


def _list(names):
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _is_binary(place, name, rows, *, must):
    """Return whether a column holds 0 and 1 alone; one that nearly does is refused."""
    different = {_fold(cell.values[place]) for _, cell in rows}
    if different <= {*_YES, *_NO}:
        return must or (different & {*_YES, "0", "0.0", "false"} and name.lower() not in _NUMBERING)
    others = [(where, cell) for where, cell in rows if _fold(cell.values[place]) not in (*_YES, *_NO)]
    if must or (2 * len(others) < len(rows) and name.lower() not in _NUMBERING):
        where, cell = others[0]
        raise InputError(
            f"{where}: the column {name} holds {cell.values[place]!r:.40}, where a column that is a label holds 0 or "
            '1. Correct it; or name the columns of the labels: LABEL_COLUMN = "...", several with commas between.'
        )
    return False


def _take_control(path, rows, cells, different):
    """Return the cells of the one column beside Label Studio's own; a row that lacks it has no label."""
    names = list(dict.fromkeys(name for names in different for name in names if name not in _LABEL_STUDIO))
    if len(names) < len(cells) != len(rows):
        names = []  # the others have a column with a usual name
    elif len(names) != 1:
        where, first = rows[0]
        found = f"labels may stand in {', '.join(names)}" if names else f"there is only {', '.join(first.names)}"
        raise InputError(
            f"{where}: this is an export of Label Studio, in which {found}. Name the control of the choices: "
            f'LABEL_COLUMN = "{next(iter(names), "topic")}".'
        )
    found = iter(_get(cell, names) for _, cell in rows)
    notes = [f"{path}: an export of Label Studio; labels are read from {names[0]}."] if names else []
    return [next(found) if isinstance(cell, Unnamed) else cell for cell in cells], notes


def _get(cell, names):
    values = dict(zip(*cell, strict=True))
    return next((values[name] for name in names if values.get(name) is not None), [])
