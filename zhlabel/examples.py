"""Reads labelled data files into Example records that remember their file and line."""

import csv
import itertools
import json
import sys
from dataclasses import dataclass

from zhlabel.errors import InputError
from zhlabel.files import open_text

LABEL_SEPARATOR = "|"
_TEXT_KEYS = ("content", "text")
_LABEL_KEYS = ("label", "labels")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text: the text unchanged, its label names in the file's order, and where it stands."""

    text: str
    labels: tuple
    file: str
    line: int


def read_examples(path):
    """Read a file of labelled texts in any of the supported forms, told by its content.

    CSV or TSV with a header that has ``label`` and ``content`` (or ``text``) in any order, labels joined by ``|``; a
    JSON list or JSON lines of ``{"text": ..., "label": [...]}``; DuEE's JSON lines (``text``,
    ``event_list[].event_type``). UTF-8 with or without BOM, or GB18030; ``.gz`` too. In CSV a quoted field may hold
    commas and line ends; in TSV a quotation mark is an ordinary character unless a field both begins and ends with
    one. Cells are text: "nan", "NULL" and "001" stay what they are. A text may have no label, and may be empty.

    Args:
        path: the file.

    Returns:
        A list of N Examples in the file's order, N at least 1; ``line`` is where a record begins, counted from 1.

    Raises:
        InputError: no such file, no example in it, a header without the columns, a row that does not fit.
    """
    path = str(path)
    with open_text(path) as stream:
        head = stream.read(1 << 16).lstrip()[:1]
    with open_text(path) as stream:
        reader = {"[": _read_json_list, "{": _read_json_lines}.get(head, _read_table)
        examples = list(reader(path, stream))
    if not examples:
        raise InputError(f"{path} holds no example. Expected a header line label,content and one text a line below it.")
    return examples


def _read_table(path, stream):
    header = stream.readline()
    if not header.strip():
        return
    delimiter = "\t" if "\t" in header else ","
    records = _split_tabs(stream) if delimiter == "\t" else _split_commas(path, stream)
    names = [name.strip().strip('"').lower() for name in header.strip().split(delimiter)]
    text_column = _find_column(path, names, _TEXT_KEYS)
    label_column = _find_column(path, names, _LABEL_KEYS)
    for line, cells in records:
        if len(cells) != len(names):
            hint = " Put a text that holds a comma in double quotes." if delimiter == "," else ""
            raise InputError(
                f"{path}, line {line}: found {len(cells)} columns, expected {len(names)} ({delimiter.join(names)}).{hint}"
            )
        yield Example(cells[text_column], _split_labels(path, line, cells[label_column]), path, line)


def _find_column(path, names, wanted):
    for name in wanted:
        if name in names:
            return names.index(name)
    raise InputError(
        f"{path}, line 1: the header has the columns {', '.join(names)[:200]}, and none is named {' or '.join(wanted)}. "
        "The first line must be a header such as label,content."
    )


def _split_commas(path, stream):
    """Yield (line, cells) by the rules of CSV; a quotation mark that is never closed is an error, not one long cell."""
    usual_limit = csv.field_size_limit(sys.maxsize)
    reader = csv.reader(stream, strict=True)
    first_line = 2
    try:
        for cells in reader:
            if cells:
                yield first_line, cells
            first_line = reader.line_num + 2
    except csv.Error as problem:
        raise InputError(
            f"{path}, line {first_line}: the row that begins here is not valid CSV ({problem}). "
            'Inside a quoted field a quotation mark is written twice: "".'
        ) from None
    finally:
        csv.field_size_limit(usual_limit)


def _split_tabs(stream):
    for line, record in enumerate(stream, 2):
        record = record.rstrip("\r\n")
        if record:
            yield line, [_unquote(cell) for cell in record.split("\t")]


def _unquote(cell):
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _split_labels(path, line, cell):
    if not cell.strip():
        return ()
    names = [name.strip() for name in cell.split(LABEL_SEPARATOR)]
    if not all(names):
        raise InputError(f'{path}, line {line}: "{cell}" has an empty label between two "{LABEL_SEPARATOR}".')
    return tuple(dict.fromkeys(names))


def _read_json_lines(path, stream):
    for line, record in enumerate(stream, 1):
        if record.strip():
            try:
                item = json.loads(record)
            except ValueError as problem:
                raise InputError(f"{path}, line {line}: not one JSON object ({problem}).") from None
            yield _make_example(path, line, item)


def _read_json_list(path, stream):
    """Yield the items of one JSON list, each with the line on which it begins."""
    content, decoder = stream.read(), json.JSONDecoder()
    place, line = content.index("[") + 1, 1 + content.count("\n", 0, content.index("["))
    for number in itertools.count():
        start = _skip(content, place, "," if number else "")
        line += content.count("\n", place, start)
        if content[start : start + 1] == "]":
            return
        try:
            item, place = decoder.raw_decode(content, start)
        except ValueError as problem:
            raise InputError(f"{path}, line {line}: the list's item {number + 1} is not JSON ({problem}).") from None
        yield _make_example(path, line, item)
        line += content.count("\n", start, place)


def _skip(content, place, separator):
    """Step over white space and at most one separator."""
    for allowed in (" \t\r\n", separator, " \t\r\n"):
        while place < len(content) and content[place] in allowed:
            place += 1
            if allowed == separator:
                break
    return place


def _make_example(path, line, item):
    """Turn one JSON object into an Example; a DuEE object's labels are the types of its events."""
    where = f"{path}, line {line}"
    if not isinstance(item, dict):
        raise InputError(f'{where}: found {json.dumps(item)[:40]}, expected an object {{"text": ..., "label": [...]}}.')
    if "event_list" in item:
        item = {**item, "label": [event.get("event_type") for event in item["event_list"]]}
    text = next((item[key] for key in _TEXT_KEYS if key in item), None)
    labels = next((item[key] for key in _LABEL_KEYS if key in item), None)
    if not isinstance(text, str):
        raise InputError(
            f'{where}: no "text" that is a string; the object has {", ".join(map(str, item)) or "no key"}.'
        )
    if isinstance(labels, str):
        return Example(text, _split_labels(path, line, labels), path, line)
    if not isinstance(labels, list) or not all(isinstance(name, str) and name.strip() for name in labels):
        raise InputError(
            f'{where}: "label" must be a list of names, found {json.dumps(labels, ensure_ascii=False)[:60]}.'
        )
    return Example(text, tuple(dict.fromkeys(name.strip() for name in labels)), path, line)
