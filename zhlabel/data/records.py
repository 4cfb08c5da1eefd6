"""Reads every container of records, one record at a time, each with the place where it stands.

Text: lines (txt), tables (csv, tsv), JSON (a list, or a value a line), as it is or packed by gzip or xz. Binary, known
by the first bytes whatever the file's name: parquet, and the spreadsheets that calamine reads (xlsx, xls, ods).
"""

import itertools
from pathlib import Path
from typing import NamedTuple

from zhlabel.data.columns import Headless
from zhlabel.data.spreadsheets import import_reader, load_sheet
from zhlabel.errors import InputError
from zhlabel.io.delimited import read_table
from zhlabel.io.files import PACKED_ENDINGS, find_packing, open_text, read_head, remove_packing
from zhlabel.io.json_records import read_json_records

_BATCH_ROWS = 1024
_PREFIX = "__label__"


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

    - Tables (csv, tsv, parquet, spreadsheets): a dict of a row's cells by column; empty rows at the end are left out. A
      cell is a string in csv, tsv and spreadsheets ("nan", "NULL" and "001" stay what they are), and of the column's
      type in parquet. A line without any cell is no record where there are several columns, and an empty cell where
      there is one. A column without a name is left out.
    - Spreadsheets: the first sheet that is not empty; its first row that is not empty has the names. Whole numbers are
      written without a fraction, dates as in ISO 8601. The sheet is read whole.
    - JSON: whatever stands there, as a rule a dict. A list is read whole.
    - txt: the line, a string, without its end ("\\n" or "\\r\\n").
    - fastText's lines, by content alone: {"text": ..., "label": [...]} of ``__label__X text``.

    Args:
        path: the file.
        by_name: text is told apart by the file's ending (.txt .csv .tsv .json .jsonl), which must then be one of these;
            if not, by its first character: JSON or a table.
        choose: for tables, called before the first record with the header's place and its names; returns the names of
            the columns to read, or a ``columns.Headless`` where these are no names. None: all columns.
        warn: called with a sentence on what was left out, at most once.

    Returns:
        An iterator of (Place, record).

    Raises:
        InputError: at the call, if the file can't be read or is in no known form; while reading, if a row is bad, or if
            two columns have one name.
    """
    path, warn = str(path), warn or (lambda note: None)
    if by_name:
        _check_ending(path)
    head = read_head(path)
    reader = next((reader for magic, reader in _BINARY.items() if head.startswith(magic)), None)
    if reader is None:
        return _read_text(path, _choose_text_reader(path, head, by_name), choose, warn)
    if packing := find_packing(path):
        raise InputError(f"{path} is a {packing} file of a form that packs its content itself. Unpack it first.")
    return reader(path, choose, warn)


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
        return _read_by_content
    ending = find_ending(path)
    if ending in _BINARY_ENDINGS:
        raise InputError(f"{path} is not a whole {ending[1:]} file: it begins with {head!r}. Copy or write it again.")
    return _TEXT_READERS[ending]


def _read_text(path, reader, choose, warn):
    with open_text(path) as stream:
        yield from reader(path, stream, choose, warn)


def _read_lines(path, stream, choose, warn):
    for number, line in enumerate(stream, 1):
        yield Place(path, number), strip_line_end(line)


def strip_line_end(line):
    """Return a line without its "\\n" or "\\r\\n"; every other character stays.

    Args:
        line: the line.
    """
    return line[:-2] if line.endswith("\r\n") else line.removesuffix("\n")


def _read_json(path, stream, choose, warn, *, by_line=False):
    for line, item, value in read_json_records(path, stream, by_line=by_line):
        yield Place(path, line, item=item), value


def _read_json_lines(path, stream, choose, warn):
    return _read_json(path, stream, choose, warn, by_line=True)


def _read_by_content(path, stream, choose, warn):
    first = next((line.lstrip() for line in stream if line.strip()), "")
    stream.seek(0)
    if first.startswith(("[", "{")):
        return _read_json(path, stream, choose, warn)
    words = first.split()
    is_fasttext = any(map(_is_label, (*words[:1], *words[-1:])))
    return (_read_fasttext if is_fasttext else _read_table)(path, stream, choose, warn)


def _read_fasttext(path, stream, choose, warn):
    """Read fastText's lines: labels with their prefix in front of the text, or behind it."""
    for number, line in enumerate(stream, 1):
        words, line = line.split(), line.strip()
        front = len(list(itertools.takewhile(_is_label, words)))
        back = 0 if front else len(list(itertools.takewhile(_is_label, reversed(words))))
        if words and not front and not back:
            raise InputError(f"{path}, line {number}: found no {_PREFIX}, with which labels begin in this file.")
        rest = line.split(None, front)[front:] if front else line.rsplit(None, back)[: len(words) - back and 1]
        labels = [word.removeprefix(_PREFIX) for word in (words[:front] or words[len(words) - back :])]
        if words:
            yield Place(path, number), {"text": "".join(rest), "label": labels}


def _is_label(word):
    return word.startswith(_PREFIX)


def _read_table(path, stream, choose, warn):
    names, rows = read_table(path, stream)
    if not names:
        return
    chosen = _choose_columns(f"{path}, line 1", names, choose)
    if isinstance(chosen, Headless):
        stream.seek(0)
        chosen = chosen.names
        names, rows = read_table(path, stream, names=list(chosen))
    places, empty = [(name, names.index(name)) for name in chosen], []
    for line, cells in rows:
        record = Place(path, line), {name: cells[place] for name, place in places}
        if len(names) > 1 and not any(cells):
            empty.append(record)  # at the end they are what Excel leaves there
            continue
        yield from empty
        yield record
        empty = []
    if empty:
        warn(f"{path}: {len(empty):,} empty rows at the end are left out.")


def _choose_columns(where, names, choose):
    """Return the columns to read, or a Headless, and refuse a name that two of them have."""
    if double := next((name for name in names if name and names.count(name) > 1), None):
        raise InputError(
            f"{where}: the columns are {', '.join(names)[:200]}, and more than one of them is {double}. Rename all "
            "but one."
        )
    return choose(where, names) if choose else [name for name in names if name]


def _read_parquet(path, choose, warn):
    pyarrow, parquet = import_reader(path, "pyarrow", "pyarrow.parquet", package="pyarrow")
    try:
        with parquet.ParquetFile(path, buffer_size=1 << 20) as file:
            columns = _choose_columns(path, file.schema_arrow.names, choose)
            if isinstance(columns, Headless):
                raise columns.problem
            rows = itertools.count(1)
            for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns)):
                cells = [batch.column(name).to_pylist() for name in columns]
                for row in zip(*cells, strict=True):
                    yield Place(path, next(rows), "row"), dict(zip(columns, row, strict=True))
    except (pyarrow.ArrowException, OSError) as problem:
        raise InputError(f"{path} is not a whole parquet file ({problem}). Copy or write it again.") from None


def _read_spreadsheet(path, choose, warn):
    sheet, rows, notes = load_sheet(path)
    last = next((number for number in range(len(rows), 0, -1) if any(rows[number - 1])), 0)
    if len(rows) > last > 0:
        notes.append(f"{len(rows) - last:,} empty rows at the end are left out")
    if notes:
        warn(f"{path}: {'; '.join(notes)}.")
    header = next((number for number, row in enumerate(rows, 1) if any(row)), 0)
    if header:
        names = [name.strip() for name in rows[header - 1]]
        chosen = _choose_columns(str(Place(path, header, f"{sheet}row")), names, choose)
        if isinstance(chosen, Headless):
            header, names, chosen = header - 1, list(chosen.names), chosen.names
        places = [(name, names.index(name)) for name in chosen]
        for number, row in enumerate(rows[header:last], header + 1):
            if any(row) or sum(map(bool, names)) == 1:
                yield Place(path, number, f"{sheet}row"), {name: row[place] for name, place in places}


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
