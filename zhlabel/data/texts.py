"""Reads unlabelled texts from files of any size, one at a time, for prediction."""

import json
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.io.delimited import read_table
from zhlabel.io.files import check_characters, open_text

_ENDINGS = (".txt", ".csv", ".tsv", ".json", ".jsonl")
_USUAL_COLUMNS = ("content", "text")
_PARQUET_ROWS = 1024


def read_texts(path, *, column="content"):
    """Return an iterator over a file's texts, in order, each as it stands; memory does not grow with the file.

    The ending tells the form; all but parquet may have ``.gz`` behind it, in UTF-8 or GB18030.

    - ``.txt``: a line is a text, an empty line an empty text; a line end after the last text begins no further one.
    - ``.csv``, ``.tsv``: a header, then rows; a tab in the header makes it tab-separated. The text's column is
      ``content``, else ``text``, else the only one. An empty line is an empty text where there is one column, and no
      row where there are several. In tab-separated rows a quotation mark is an ordinary character unless a cell both
      begins and ends with one.
    - ``.jsonl``: a line is a string or an object with ``content`` or ``text``; empty lines are skipped.
    - ``.json``: a list of the same; it is read whole, so its memory grows with the file. A file that does not begin
      with ``[`` is read as ``.jsonl``.
    - ``.parquet``: a column of strings, found as in csv, read in batches of rows.

    "nan", "NULL" and "001" stay texts. Only "\\n" or "\\r\\n" ends a line.

    Args:
        path: the file.
        column: the text's column or key; one other than ``content`` and ``text`` must be there.

    Raises:
        InputError: at the call, if there is no such file or its ending is unknown; while reading, if there is no such
            column or a row is bad, with file and line.
    """
    return (text for _, text, _ in read_records(path, column=column))


def read_records(path, *, column="content", other=""):
    """Iterate over a file's texts as ``read_texts`` does, each with its place and the value of another column.

    Args:
        path: as ``read_texts``.
        column: as ``read_texts``.
        other: a second column or key; "": none.

    Returns:
        An iterator of (place for messages, text, value). The value is as the file has it: a string in csv and tsv, any
        JSON value, a string or list in parquet; None where there is no such column or key, or nothing in it.

    Raises:
        InputError: as ``read_texts``; a second column of which there are two.
    """
    path = Path(path)
    name = path.name.lower()
    plain = name.removesuffix(".gz")
    if not name.endswith(".parquet") and not plain.endswith(_ENDINGS):
        raise InputError(
            f"{path}: texts are read from {' '.join(_ENDINGS)} (each also with .gz) and .parquet. "
            "Rename the file to the ending that its content has."
        )
    if not path.exists():
        raise InputError(f"{path}: there is no such file. Check the name, or give another.")
    keys = (column, *(each for each in _USUAL_COLUMNS if each != column)) if column in _USUAL_COLUMNS else (column,)
    if name.endswith(".parquet"):
        return _read_parquet(path, keys, other)
    return _read_open(path, plain.rpartition(".")[2], keys, other)


def count_texts(path, *, column="content"):
    """Count a file's texts by reading all of them, which also finds every bad row before the long work starts.

    A million short texts take a few seconds.

    Args:
        path: as ``read_texts``.
        column: as ``read_texts``.

    Raises:
        InputError: as ``read_texts``.
    """
    return sum(1 for _ in read_texts(path, column=column))


def read_standard_input(stream):
    """Return an iterator over the lines of standard input, each a text, as they arrive.

    Lines are UTF-8, with or without BOM, whatever the terminal's encoding: a pipe can't be read twice, so its encoding
    can't be found as a file's is. Only "\\n" or "\\r\\n" ends a line; an empty line is an empty text.

    Args:
        stream: ``sys.stdin``, or any binary or text stream.

    Raises:
        InputError: a line is not UTF-8, with its number.
    """
    for number, line in enumerate(getattr(stream, "buffer", stream), 1):
        if isinstance(line, bytes):
            try:
                line = line.decode("utf-8")
            except UnicodeDecodeError:
                raise InputError(
                    f"standard input, line {number}: the bytes are not UTF-8. Convert the text (iconv -f GB18030 "
                    "-t UTF-8), or save it as a .txt file and give that: files may be GB18030 too."
                ) from None
        yield _strip_line_end(line.removeprefix("\ufeff") if number == 1 else line)


def _strip_line_end(line):
    return line[:-2] if line.endswith("\r\n") else line.removesuffix("\n")


def _read_open(path, form, keys, other):
    with open_text(path) as stream:
        if form == "txt":
            yield from ((f"{path}, line {line}", _strip_line_end(text), None) for line, text in enumerate(stream, 1))
        elif form in ("csv", "tsv"):
            yield from _read_rows(path, stream, keys, other)
        else:
            is_list = form == "json" and _begins_with_bracket(path)
            for where, item in (_read_json_list if is_list else _read_json_lines)(path, stream):
                yield where, _take_text(where, item, keys), item.get(other) if isinstance(item, dict) else None


def _begins_with_bracket(path):
    with open_text(path) as stream:
        return next((line.lstrip()[:1] for line in stream if line.strip()), "[") == "["


def _choose_columns(path, names, keys, other):
    """Return the places of the text's column and of the other one, or None, among the names of a header."""
    found = next((key for key in keys if key in names), None)
    if found is None and len(names) == 1 and len(keys) > 1 and names[0] != other:
        found = names[0]
    double = next((name for name in (found, other) if name and names.count(name) > 1), None)
    if found is None or double:
        problem = f"none of them is {' or '.join(keys)}. Name the column that holds the texts so, in the first line."
        if double:
            problem = f"more than one of them is {double}. Rename all but one, in the first line."
        raise InputError(f"{path}: the columns are {', '.join(names)[:200]}, and {problem}")
    return names.index(found), names.index(other) if other and other in names else None


def _read_rows(path, stream, keys, other):
    names, rows = read_table(path, stream)
    if names:
        place, second = _choose_columns(path, names, keys, other)
        for line, cells in rows:
            yield f"{path}, line {line}", cells[place], cells[second] if second is not None else None


def _read_json_lines(path, stream):
    for number, line in enumerate(stream, 1):
        if line.strip():
            try:
                item = json.loads(line)
            except (ValueError, RecursionError) as problem:
                raise InputError(f"{path}, line {number}: not one JSON object or string ({problem}).") from None
            yield f"{path}, line {number}", item


def _read_json_list(path, stream):
    content = stream.read()
    try:
        items = json.loads(content) if content.strip() else []
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path}, line {getattr(problem, 'lineno', 1)}: the file is not JSON ({problem}).") from None
    yield from ((f"{path}, item {number}", item) for number, item in enumerate(items, 1))


def _take_text(where, item, keys):
    if isinstance(item, dict):
        found = next((key for key in keys if key in item), None)
        if found is None:
            raise InputError(
                f"{where}: the object has {', '.join(item)[:200] or 'no key'}, expected {' or '.join(keys)}."
            )
        item = item[found]
    if not isinstance(item, str):
        raise InputError(f"{where}: found {json.dumps(item)[:40]} where a text in quotation marks is expected.")
    return check_characters(where, item)


def _read_parquet(path, keys, other):
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, buffer_size=1 << 20) as file:
            schema, done = file.schema_arrow, 0
            place, second = _choose_columns(path, schema.names, keys, other)
            name = schema.names[place]
            kind = schema.field(name).type
            kind = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
            if kind not in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
                raise InputError(f"{path}: the column {name} holds {kind}, expected string.")
            columns = [name] if second is None else [name, other]
            for batch in file.iter_batches(_PARQUET_ROWS, columns=columns):
                texts = batch.column(name).to_pylist()
                values = [None] * len(texts) if second is None else batch.column(other).to_pylist()
                for row, (text, value) in enumerate(zip(texts, values, strict=True), done + 1):
                    if text is None:
                        raise InputError(f"{path}, row {row}: there is no text (null). Fill it, or remove the row.")
                    yield f"{path}, row {row}", text, value
                done += batch.num_rows
    except (pyarrow.ArrowException, OSError) as problem:
        raise InputError(f"{path} is not a whole parquet file ({problem}). Copy or write it again.") from None
