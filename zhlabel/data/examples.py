"""Reads labelled data files into Example records that remember their file and line."""

import json
from dataclasses import dataclass

from zhlabel.data.tags import split_tag
from zhlabel.errors import InputError
from zhlabel.io.delimited import read_table
from zhlabel.io.files import check_characters, open_text
from zhlabel.io.json_records import read_json_records

LABEL_SEPARATOR = "|"
_TEXT_KEYS = ("content", "text")
_LABEL_KEYS = ("label", "labels")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Attributes:
        text: the text, unchanged.
        labels: its label names in the file's order; of a text with entities the types that occur.
        file: where it stands.
        line: where it begins there, from 1.
        entities: tags.Entity records by start, for sequence labelling.
    """

    text: str
    labels: tuple
    file: str
    line: int
    entities: tuple = ()


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
        reader = _read_json if head in ("[", "{") else _read_rows
        examples = list(reader(path, stream))
    if not examples:
        raise InputError(f"{path} holds no example. Expected a header line label,content and one text a line below it.")
    return examples


def _read_rows(path, stream):
    names, rows = read_table(path, stream)
    if names:
        names = [name.lower() for name in names]
        text_place, label_place = _find_column(path, names, _TEXT_KEYS), _find_column(path, names, _LABEL_KEYS)
        for line, cells in rows:
            yield Example(cells[text_place], _split_labels(path, line, cells[label_place]), path, line)


def _find_column(path, names, wanted):
    for name in wanted:
        if name in names:
            return names.index(name)
    if split_tag(names[-1].split(" ")[-1].replace("b-", "B-").replace("i-", "I-")):
        raise _refuse_entities(f"{path}, line 1")
    raise InputError(
        f"{path}, line 1: the header has the columns {', '.join(names)[:200]}; none is named {' or '.join(wanted)}. "
        "The first line must be a header such as label,content."
    )


def _refuse_entities(where):
    return InputError(
        f'{where}: this is a file with entities. They are the task ner: TASK = "ner". For labels give a file such as '
        "data/train.csv (a header label,content)."
    )


def _split_labels(path, line, cell):
    if not cell.strip():
        return ()
    names = [name.strip() for name in cell.split(LABEL_SEPARATOR)]
    if not all(names):
        raise InputError(f'{path}, line {line}: "{cell}" has an empty label between two "{LABEL_SEPARATOR}".')
    return tuple(dict.fromkeys(names))


def _read_json(path, stream):
    for line, where, item in read_json_records(path, stream):
        yield _make_example(path, line, where, item)


def _make_example(path, line, where, item):
    """Turn one JSON object into an Example; a DuEE object's labels are the types of its events."""
    if not isinstance(item, dict):
        raise InputError(f'{where}: found {json.dumps(item)[:40]}, expected an object {{"text": ..., "label": [...]}}.')
    if "event_list" in item:
        events = item["event_list"]
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise InputError(
                f'{where}: "event_list" must be a list of objects with "event_type", '
                f"found {json.dumps(events, ensure_ascii=False)[:60]}."
            )
        item = {**item, "label": [event.get("event_type") for event in events]}
    text = next((item[key] for key in _TEXT_KEYS if key in item), None)
    labels = next((item[key] for key in _LABEL_KEYS if key in item), None)
    if isinstance(labels, dict) or (labels is None and item.keys() & {"entities", "annotations"}):
        raise _refuse_entities(where)
    if not isinstance(text, str):
        raise InputError(
            f'{where}: no "text" that is a string; the object has {", ".join(map(str, item)) or "no key"}.'
        )
    check_characters(where, text)
    if isinstance(labels, str):
        check_characters(where, labels)
        return Example(text, _split_labels(path, line, labels), path, line)
    if not isinstance(labels, list) or not all(isinstance(name, str) and name.strip() for name in labels):
        raise InputError(
            f'{where}: "label" must be a list of names, found {json.dumps(labels, ensure_ascii=False)[:60]}.'
        )
    check_characters(where, "".join(labels))
    return Example(text, tuple(dict.fromkeys(name.strip() for name in labels)), path, line)
