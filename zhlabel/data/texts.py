"""Reads unlabelled texts from files of any size, one at a time, for prediction."""

import json

from zhlabel.data.columns import describe_text_rivals, find_text_columns, take_text
from zhlabel.data.layout import Layout
from zhlabel.data.records import read_records, strip_line_end
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters


def read_texts(path, *, layout=None, warn=None):
    """Return an iterator over a file's texts, in order, each as it stands; memory does not grow with the file.

    The ending tells the form of text, in UTF-8 or GB18030; ``.gz`` or ``.xz`` may stand behind it.

    - ``.txt``: a line is a text, an empty line an empty text; a line end after the last text begins no further one.
    - ``.csv``, ``.tsv``: a header, then rows; a tab in the header makes it tab-separated, semicolons are known too. The
      text's column is the first of ``columns.TEXT_NAMES``, else the only one. An empty line is an empty text where
      there is one column, and no row where there are several; rows at the end with empty cells alone are left out. In
      tab-separated rows a quotation mark is an ordinary character unless a cell both begins and ends with one.
    - ``.jsonl``: a line is a string or an object with such a key; empty lines are skipped.
    - ``.json``: a list of the same; it is read whole, so its memory grows with the file. A file that does not begin
      with ``[`` is read as ``.jsonl``.
    - Parquet, ``.xlsx``, ``.xls``, ``.ods``, known by their bytes: the column is found as in csv. Parquet is read in
      batches of rows; of a spreadsheet the first sheet that is not empty.

    "nan", "NULL" and "001" stay texts. Only "\\n" or "\\r\\n" ends a line.

    Args:
        path: the file.
        layout: a Layout, whose ``text_column`` must be there where there are columns; None: all is found by itself.
        warn: called with a sentence on what was left out, or might have been meant; None: nobody is told.

    Raises:
        InputError: at the call, if there is no such file or its form is unknown; while reading, if there is no such
            column, two columns have one name, or a row is bad, with file and line.
    """
    return (text for _, text, _ in read_texts_beside(path, layout=layout, warn=warn))


def read_texts_beside(path, *, layout=None, others=(), warn=None):
    """Iterate over a file's texts as ``read_texts`` does, each with its place and the value of another column.

    Args:
        path: as ``read_texts``.
        layout: as ``read_texts``.
        others: names of a second column or key, in any case of letters, of which the first that is there counts.
        warn: as ``read_texts``.

    Returns:
        An iterator of (records.Place, text, value). The value is as the file has it: a string in csv, tsv and
        spreadsheets, any JSON value, a string or list in parquet; None where there is no such column or key, or nothing
        in it.

    Raises:
        InputError: as ``read_texts``.
    """

    def pick(names):
        return [next((name for each in others for name in names if name.lower() == each), None)]

    rows = _read(path, pick, layout=layout, avoid_picked=True, warn=warn)
    return ((place, text, next(iter(picked.values()), None)) for place, text, picked in rows)


def read_columns(path, *, layout=None, warn=None):
    """Iterate over a file's texts as ``read_texts`` does, each with its place and a dict of its other columns or keys.

    A column without a name is left out.

    Args:
        path: as ``read_texts``.
        layout: as ``read_texts``.
        warn: as ``read_texts``.

    Raises:
        InputError: as ``read_texts``.
    """
    return _read(path, lambda names: [name for name in names if name], layout=layout, avoid_picked=False, warn=warn)


def _read(path, pick, *, layout, avoid_picked, warn):
    """Yield (place, text, {name: value}) of the columns or keys that ``pick`` names out of all; found once a header."""
    layout, warn = layout or Layout(), warn or (lambda note: None)
    chosen, told = {}, set()

    def find(where, names):
        if names not in chosen:
            picked = [name for name in pick(names) if name is not None]
            avoid = picked if avoid_picked else ()
            text, rivals = find_text_columns(where, names, layout.text_column, avoid=avoid)
            if rivals and rivals not in told:
                told.add(rivals)
                warn(f"{path}: {describe_text_rivals(text, rivals)}")
            chosen[names] = text, [name for name in picked if name not in text]
        return chosen[names]

    def choose(where, names):
        text, picked = find(where, tuple(names))
        return [*text, *picked]

    def take(where, item):
        if not isinstance(item, dict):
            return _check_text(where, item), {}
        text, picked = find(where, tuple(item))
        return take_text(where, item, text), {name: item.get(name) for name in picked}

    records = read_records(path, by_name=True, choose=choose, warn=warn)
    return ((place, *take(place, item)) for place, item in records)


def _check_text(where, item):
    if not isinstance(item, str):
        shown = json.dumps(item, ensure_ascii=False, default=str)[:40]
        raise InputError(f"{where}: found {shown} where a text is expected. Put a string there, or leave it out.")
    return check_characters(where, item)


def count_texts(path, *, layout=None):
    """Count a file's texts by reading all of them, which also finds every bad row before the long work starts.

    A million short texts take a few seconds.

    Args:
        path: as ``read_texts``.
        layout: as ``read_texts``.

    Raises:
        InputError: as ``read_texts``.
    """
    return sum(1 for _ in read_texts(path, layout=layout))


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
        yield strip_line_end(line.removeprefix("\ufeff") if number == 1 else line)
