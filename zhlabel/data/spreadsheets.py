"""Loads a spreadsheet's first sheet that is not empty as rows of strings, each cell as a user would have typed it."""

import datetime
import importlib

from zhlabel.errors import InputError

_LARGEST_WHOLE = 10**15  # beyond it a spreadsheet's number, a float, is no longer each whole one


def import_reader(path, *modules, package):
    """Return the ``modules`` that read a file; a missing ``package`` is told with the command that installs it."""
    try:
        return [importlib.import_module(module) for module in modules]
    except ImportError:
        raise InputError(f"{path}: reading it needs the package {package}: pip install {package}") from None


def load_sheet(path):
    """Load the first sheet of a workbook that is not empty.

    Args:
        path: the file.

    Returns:
        (how messages name the sheet, "" for the only one; its rows of strings from row 1; notes).

    Raises:
        InputError: it is no spreadsheet, or reading it needs a package that is not there.
    """
    (calamine,) = import_reader(path, "python_calamine", package="python-calamine")
    try:
        # By the stream, since by a path calamine would believe its ending.
        with open(path, "rb") as stream, calamine.CalamineWorkbook.from_filelike(stream) as book:
            worksheet = calamine.SheetTypeEnum.WorkSheet
            names = [sheet.name for sheet in book.sheets_metadata if sheet.typ == worksheet]
            sheets = ((name, _list_rows(book.get_sheet_by_name(name))) for name in names)
            chosen, rows = next(((name, rows) for name, rows in sheets if any(map(any, rows))), ("", []))
    except (calamine.CalamineError, OSError, ValueError) as problem:
        raise InputError(
            f"{path} is not a spreadsheet that can be read ({problem}). Save it again as .xlsx, without a password."
        ) from None
    is_first = not rows or chosen == names[0]
    notes = [] if is_first else [f"the sheet {names[0]} is empty; {chosen} is read, of {', '.join(names)[:200]}"]
    return f"sheet {chosen}, " if len(names) > 1 else "", rows, notes


def _list_rows(sheet):
    """Return a sheet's rows of strings, each as long as the longest, from the first row, though it may be empty."""
    rows = [list(map(_format_cell, row)) for row in sheet.to_python(skip_empty_area=True)]
    return [[""] * len(rows[0])] * sheet.start[0] + rows if rows else []


def _format_cell(value):
    """Return a spreadsheet's cell as a user would have typed it.

    >>> [_format_cell(value) for value in (3.0, 0.5, "001", True, datetime.datetime(2024, 1, 2))]
    ['3', '0.5', '001', 'TRUE', '2024-01-02']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WHOLE:
        value = int(value)
    return str(value)
