"""Reads unlabelled texts from files of any size, one at a time, for prediction."""

import json

from zhlabel.data.records import read_records, strip_line_end
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

_USUAL_COLUMNS = ("content", "text")


def read_texts(path, *, column="content"):
    """Return an iterator over a file's texts, in order, each as it stands; memory does not grow with the file.

    The ending tells the form of text, in UTF-8 or GB18030; ``.gz`` or ``.xz`` may stand behind it.

    - ``.txt``: a line is a text, an empty line an empty text; a line end after the last text begins no further one.
    - ``.csv``, ``.tsv``: a header, then rows; a tab in the header makes it tab-separated. The text's column is
      ``content``, else ``text``, else the only one. An empty line is an empty text where there is one column, and no
      row where there are several. In tab-separated rows a quotation mark is an ordinary character unless a cell both
      begins and ends with one.
    - ``.jsonl``: a line is a string or an object with ``content`` or ``text``; empty lines are skipped.
    - ``.json``: a list of the same; it is read whole, so its memory grows with the file. A file that does not begin
      with ``[`` is read as ``.jsonl``.
    - Parquet, ``.xlsx``, ``.xls``, ``.ods``, known by their bytes: the column is found as in csv. Parquet is read in
      batches of rows; of a spreadsheet the first sheet that is not empty.

    "nan", "NULL" and "001" stay texts. Only "\\n" or "\\r\\n" ends a line.

    Args:
        path: the file.
        column: the text's column or key; one other than ``content`` and ``text`` must be there.

    Raises:
        InputError: at the call, if there is no such file or its form is unknown; while reading, if there is no such
            column, two columns have one name, or a row is bad, with file and line.
    """
    return (text for _, text, _ in read_texts_beside(path, column=column))


def read_texts_beside(path, *, column="content", other=""):
    """Iterate over a file's texts as ``read_texts`` does, each with its place and the value of another column.

    Args:
        path: as ``read_texts``.
        column: as ``read_texts``.
        other: a second column or key; "": none.

    Returns:
        An iterator of (records.Place, text, value). The value is as the file has it: a string in csv, tsv and
        spreadsheets, any JSON value, a string or list in parquet; None where there is no such column or key, or nothing
        in it.

    Raises:
        InputError: as ``read_texts``.
    """
    keys = (column, *(each for each in _USUAL_COLUMNS if each != column)) if column in _USUAL_COLUMNS else (column,)

    def choose(where, names):
        found = next((key for key in keys if key in names), None)
        if found is None and len(names) == 1 and len(keys) > 1 and names[0] != other:
            found = names[0]
        if found is None:
            raise InputError(
                f"{where}: the columns are {', '.join(names)[:200]}, and none of them is {' or '.join(keys)}. Name the "
                "column that holds the texts so."
            )
        return {keys[0]: found, **({other: other} if other in names else {})}

    records = read_records(path, by_name=True, choose=choose)
    return ((place, _take_text(place, item, keys), _take_other(item, other)) for place, item in records)


def _take_other(item, other):
    return item.get(other) if isinstance(item, dict) else None


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
        yield strip_line_end(line.removeprefix("\ufeff") if number == 1 else line)


def _take_text(place, item, keys):
    if isinstance(item, dict):
        found = next((key for key in keys if key in item), None)
        if found is None:
            raise InputError(
                f"{place}: the object has {', '.join(item)[:200] or 'no key'}, expected {' or '.join(keys)}."
            )
        item = item[found]
    if not isinstance(item, str):
        shown = json.dumps(item, ensure_ascii=False, default=str)[:40]
        raise InputError(f"{place}: found {shown} where a text is expected. Put a string there, or leave it out.")
    return check_characters(place, item)
