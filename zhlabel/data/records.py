"""Reads every container of records, one record at a time, each with the place where it stands.

Text: lines (txt), tables (csv, tsv), JSON (a list, or a value a line), as it is or packed by gzip or xz. Binary, known
by the first bytes whatever the file's name: parquet, and the spreadsheets that calamine reads (xlsx, xls, ods).
"""

import datetime
import importlib
import itertools
from pathlib import Path
from typing import NamedTuple

from zhlabel.errors import InputError
from zhlabel.io.delimited import read_table
from zhlabel.io.files import PACKED_ENDINGS, find_packing, open_text, read_head, remove_packing
from zhlabel.io.json_records import read_json_records

_BATCH_ROWS = 1024
_LARGEST_WHOLE = 10**15  # beyond it a spreadsheet's number, a float, is no longer each whole one


class Place(NamedTuple):
    """Where a record stands; as a string it is written as messages have it.

    Attributes:
        file: the file's name.
        line: its line or row there, from 1.
        unit: what ``line`` counts: "line", "row", or "sheet NAME, row".
        item: its number in a JSON list, from 1; else 0.
    """

    file: str
    line: int
    unit: str = "line"
    item: int = 0

    def __str__(self):
        return f"{self.file}, {self.unit} {self.line}" + (f" (item {self.item})" if self.item else "")


def read_records(path, *, by_name=False, choose=None, warn=None):
    """Return an iterator over a file's records, in order; memory does not grow with the file, but for those below.

    - Tables (csv, tsv, parquet, spreadsheets): a dict of a row's cells by column. A cell is a string in csv, tsv and
      spreadsheets ("nan", "NULL" and "001" stay what they are), and of the column's type in parquet. A row without any
      cell is no record where there are several columns, and an empty cell where there is one. A column without a name
      is left out.
    - Spreadsheets: the first sheet that is not empty; its first row that is not empty has the names. Whole numbers are
      written without a fraction, dates as in ISO 8601. The sheet is read whole; empty rows at its end are left out.
    - JSON: whatever stands there, as a rule a dict. A list is read whole.
    - txt: the line, a string, without its end ("\\n" or "\\r\\n").

    Args:
        path: the file.
        by_name: text is told apart by the file's ending (.txt .csv .tsv .json .jsonl), which must then be one of these;
            if not, by its first character: JSON or a table.
        choose: for tables, called before the first record with the header's place and its names; returns {key: name of
            a column} for the dicts to yield, so that no other column is read. None: all columns by their names.
        warn: called with a sentence on what was left out, at most once.

    Returns:
        An iterator of (Place, record).

    Raises:
        InputError: at the call, if the file can't be read or is in no known form; while reading, if a row is bad, or if
            two columns have one name.
    """
    path = str(path)
    if by_name:
        _check_ending(path)
    head = read_head(path)
    reader = next((reader for magic, reader in _BINARY.items() if head.startswith(magic)), None)
    if reader is None:
        return _read_text(path, _choose_text_reader(path, head, by_name), choose)
    if packing := find_packing(path):
        raise InputError(f"{path} is a {packing} file of a form that packs its content itself. Unpack it first.")
    return reader(path, choose, warn or (lambda note: None))


def is_binary(path):
    """Return whether a file is in a form of its own rather than text, by its first bytes.

    Args:
        path: the file.

    Raises:
        InputError: it can't be read.
    """
    return read_head(path).startswith(tuple(_BINARY))


def find_ending(path):
    """Return the ending that tells a text file's form, without that of a packed file: ".csv" of a.CSV.gz.

    Args:
        path: the file.
    """
    return Path(remove_packing(Path(path).name)).suffix.lower()


def _check_ending(path):
    packed = find_ending(path) != Path(path).suffix.lower()
    if find_ending(path) not in (_TEXT_READERS if packed else (*_TEXT_READERS, *_BINARY_ENDINGS)):
        raise InputError(
            f"{path}: texts are read from {' '.join(_TEXT_READERS)} (each also with {' or '.join(PACKED_ENDINGS)}) and "
            f"{' '.join(_BINARY_ENDINGS)}. Rename the file to the ending that its content has."
        )


def _choose_text_reader(path, head, by_name):
    if not by_name:
        return _read_json_or_table
    ending = find_ending(path)
    if ending in _BINARY_ENDINGS:
        raise InputError(f"{path} is not a whole {ending[1:]} file: it begins with {head!r}. Copy or write it again.")
    return _TEXT_READERS[ending]


def _read_text(path, reader, choose):
    with open_text(path) as stream:
        yield from reader(path, stream, choose)


def _read_lines(path, stream, choose):
    for number, line in enumerate(stream, 1):
        yield Place(path, number), strip_line_end(line)


def strip_line_end(line):
    """Return a line without its "\\n" or "\\r\\n"; every other character stays.

    Args:
        line: the line.
    """
    return line[:-2] if line.endswith("\r\n") else line.removesuffix("\n")


def _read_json(path, stream, choose, *, by_line=False):
    for line, item, value in read_json_records(path, stream, by_line=by_line):
        yield Place(path, line, item=item), value


def _read_json_lines(path, stream, choose):
    return _read_json(path, stream, choose, by_line=True)


def _read_json_or_table(path, stream, choose):
    first = next((line.lstrip()[:1] for line in stream if line.strip()), "")
    stream.seek(0)
    return (_read_json if first in ("[", "{") else _read_table)(path, stream, choose)


def _read_table(path, stream, choose):
    names, rows = read_table(path, stream)
    if names:
        columns = _name_columns(f"{path}, line 1", names, choose)
        places = [(key, names.index(name)) for key, name in columns.items()]
        for line, cells in rows:
            yield Place(path, line), {key: cells[place] for key, place in places}


def _name_columns(where, names, choose):
    """Return {key: column} of the columns to read, and refuse a name that two of them have."""
    if double := next((name for name in names if name and names.count(name) > 1), None):
        raise InputError(
            f"{where}: the columns are {', '.join(names)[:200]}, and more than one of them is {double}. Rename all "
            "but one."
        )
    return choose(where, names) if choose else {name: name for name in names if name}


def _read_parquet(path, choose, warn):
    pyarrow, parquet = _import(path, "pyarrow", "pyarrow.parquet", package="pyarrow")
    try:
        with parquet.ParquetFile(path, buffer_size=1 << 20) as file:
            columns = _name_columns(path, file.schema_arrow.names, choose)
            rows = itertools.count(1)
            for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns.values())):
                cells = [batch.column(name).to_pylist() for name in columns.values()]
                for row in zip(*cells, strict=True):
                    yield Place(path, next(rows), "row"), dict(zip(columns, row, strict=True))
    except (pyarrow.ArrowException, OSError) as problem:
        raise InputError(f"{path} is not a whole parquet file ({problem}). Copy or write it again.") from None


def _import(path, *modules, package):
    try:
        return [importlib.import_module(module) for module in modules]
    except ImportError:
        raise InputError(f"{path}: reading it needs the package {package}: pip install {package}") from None


def _read_spreadsheet(path, choose, warn):
    (calamine,) = _import(path, "python_calamine", package="python-calamine")
    sheet, rows, notes = _load_sheet(path, calamine)
    last = next((number for number in range(len(rows), 0, -1) if any(rows[number - 1])), 0)
    if len(rows) > last > 0:
        notes.append(f"{len(rows) - last:,} empty rows at the end are left out")
    if notes:
        warn(f"{path}: {'; '.join(notes)}.")
    header = next((number for number, row in enumerate(rows, 1) if any(row)), 0)
    if header:
        names = [name.strip() for name in rows[header - 1]]
        columns = _name_columns(str(Place(path, header, f"{sheet}row")), names, choose)
        places = [(key, names.index(name)) for key, name in columns.items()]
        for number, row in enumerate(rows[header:last], header + 1):
            if any(row) or sum(map(bool, names)) == 1:
                yield Place(path, number, f"{sheet}row"), {key: row[place] for key, place in places}


def _load_sheet(path, calamine):
    """Return how messages name the first sheet that is not empty, its rows of strings from row 1, and notes."""
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


# How a file begins -> what reads it
_BINARY = {
    b"PAR1": _read_parquet,
    b"PK\x03\x04": _read_spreadsheet,  # xlsx, ods
    b"\xd0\xcf\x11\xe0": _read_spreadsheet,  # xls
}
_BINARY_ENDINGS = (".parquet", ".xlsx", ".xls", ".ods")
_TEXT_READERS = {
    ".txt": _read_lines,
    ".csv": _read_table,
    ".tsv": _read_table,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
}
