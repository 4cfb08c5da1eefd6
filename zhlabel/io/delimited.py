"""Reads text whose cells are separated by commas, semicolons or tabs, rows with their lines; writes it with commas."""

import contextlib
import csv
import io

from zhlabel.errors import InputError
from zhlabel.io.files import write_whole

BOM = "\ufeff"
_LINE_END = "\r\n"
_LONGEST_CELL = 2**31 - 1  # the most that the csv module can be told on every system


def read_table(path, stream, *, names=None):
    """Read a table with a header line, which tells what separates: a tab, else commas or, where there are more, ";".

    In text with commas or semicolons a quoted cell may hold these and line ends. In tab-separated text a quotation mark
    is an ordinary character unless a cell both begins and ends with one. An empty line is an empty cell where there is
    one column, and no row where there are several.

    Args:
        path: the file's name, for messages.
        stream: the opened text, line ends as they are in the file.
        names: of a table without a header line, the columns' names; the rows then begin with the first line.

    Returns:
        (column names, iterator of (line, cells)); ``([], ())`` for a file without any character.

    Raises:
        InputError: an empty header, lines that end in a lone carriage return, invalid CSV such as a quotation mark that
            is never closed, a row whose number of cells is not the header's.
    """
    header = stream.readline()
    if not header:
        return [], ()
    if not header.strip():
        raise InputError(f"{path}, line 1: the header is empty. Put the columns' names there, such as label,content.")
    line = header.strip("\r\n")
    delimiter = "\t" if "\t" in header else max(",;", key=lambda sign: len(_split_header(path, line, sign)))
    first_line = 1 if names else 2
    if names:
        stream.seek(0)
    names = names or [name.strip() for name in _split_header(path, line, delimiter)]
    records = _split_tabs(stream, first_line)
    if delimiter != "\t":
        records = _split_quoted(path, stream, delimiter, first_line)
    return names, _check_rows(path, names, records, delimiter)


@contextlib.contextmanager
def _long_cells():
    """Let the csv module take cells of any length, and give it its usual limit back."""
    usual_limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(usual_limit)


def _split_header(path, header, delimiter):
    try:
        with _long_cells():
            return next(csv.reader([header], delimiter=delimiter))
    except csv.Error as problem:
        if "\r" in header:
            raise InputError(
                f'{path}, line 1: lines end in a lone "\\r", expected "\\n". Save the file with \\n line ends.'
            ) from None
        raise InputError(f"{path}, line 1: the header is not valid CSV ({problem}).") from None


def _check_rows(path, names, records, delimiter):
    for line, cells in records:
        if not cells and len(names) > 1:
            continue
        cells = cells or [""]
        if len(cells) != len(names) and not any(cells):
            cells = [""] * len(names)  # Excel's empty rows may be wider
        if len(cells) != len(names):
            sign = {",": "a comma", ";": "a semicolon"}.get(delimiter)
            hint = f" Put a text that holds {sign} in double quotes." if sign else ""
            raise InputError(
                f"{path}, line {line}: found {len(cells)} columns, expected {len(names)} ({', '.join(names)}).{hint}"
            )
        yield line, cells


def _split_quoted(path, stream, delimiter, begin):
    first_line, reader = begin, csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        while True:
            with _long_cells():  # for this row alone: who reads on, and whether, is not known here
                cells = next(reader, None)
            if cells is None:
                return
            yield first_line, cells
            first_line = reader.line_num + begin
    except csv.Error as problem:
        raise InputError(
            f"{path}, line {first_line}: the row that begins here is not valid CSV ({problem}). "
            'Inside a quoted field a quotation mark is written twice: "".'
        ) from None


def _split_tabs(stream, begin):
    for line, record in enumerate(stream, begin):
        record = record.rstrip("\r\n")
        yield line, [_unquote(cell) for cell in record.split("\t")] if record else []


def _unquote(cell):
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if is_quoted else cell


def format_row(cells):
    """Return cells as one record of CSV, with its line end.

    It is "\\r\\n", because the csv module before Python 3.13 quotes a cell with "\\r" only if the line end has one.

    Args:
        cells: strings, numbers, or None for an empty cell.

    >>> format_row(["a", 1, "b,c"])
    'a,1,"b,c"\\r\\n'
    """
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator=_LINE_END).writerow(cells)
    return line.getvalue()


def write_rows(stream, columns, rows):
    """Write CSV into an open text file, row by row: the BOM by which Excel shows Chinese, a header, the rows.

    Args:
        stream: the file.
        columns: the keys to write, in order.
        rows: an iterable of dicts; other keys are left out.
    """
    stream.write(BOM)
    writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator=_LINE_END)
    writer.writeheader()
    writer.writerows(rows)


def write_csv(rows, columns, path):
    """Write a CSV file as ``write_rows`` does; it appears when it is whole.

    Args:
        rows: an iterable of dicts.
        columns: the keys to write, in order.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path) as stream:
        write_rows(stream, columns, rows)
