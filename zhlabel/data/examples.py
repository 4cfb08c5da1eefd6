"""Reads labelled data files into Example records that remember their file and line."""

import json
from dataclasses import dataclass

from zhlabel.data.records import read_records
from zhlabel.data.tags import split_tag
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

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


def read_examples(path, *, warn=None):
    """Read a file of labelled texts in any of the supported forms, told by its content.

    CSV, TSV, parquet or a spreadsheet with a header that has ``label`` and ``content`` (or ``text``) in any order,
    labels joined by ``|``, or a list in parquet; a JSON list or JSON lines of ``{"text": ..., "label": [...]}``; DuEE's
    JSON lines (``text``, ``event_list[].event_type``). Text is UTF-8 with or without BOM, or GB18030, and may be packed
    by gzip or xz. In CSV a quoted field may hold commas and line ends; in TSV a quotation mark is an ordinary character
    unless a field both begins and ends with one. Cells are text: "nan", "NULL" and "001" stay what they are. A text may
    have no label, and may be empty.

    Args:
        path: the file.
        warn: called with a sentence on what was left out of a spreadsheet; None: nobody is told.

    Returns:
        A list of N Examples in the file's order, N at least 1; ``line`` is where a record begins, or its row in parquet
        or a spreadsheet, counted from 1.

    Raises:
        InputError: no such file, no example in it, a header without the columns, a row that does not fit.
    """
    path = str(path)
    records = read_records(path, choose=_choose_columns, warn=warn)
    examples = [_make_example(place, item) for place, item in records]
    if not examples:
        raise InputError(f"{path} holds no example. Expected a header line label,content and one text a line below it.")
    return examples


def _choose_columns(where, names):
    """Return the columns of the text and of its labels, in any case of letters."""
    lowered = [name.lower() for name in names]
    found = {keys[0]: _find_column(where, names, lowered, keys) for keys in (_TEXT_KEYS, _LABEL_KEYS)}
    return {key: names[place] for key, place in found.items()}


def _find_column(where, names, lowered, keys):
    for key in keys:
        if key in lowered:
            return lowered.index(key)
    last = names[-1].split(" ")[-1].replace("b-", "B-").replace("i-", "I-")
    if split_tag(last) or {"entities", "annotations"} & set(lowered):
        raise _refuse_entities(where)
    raise InputError(
        f"{where}: the header has the columns {', '.join(lowered)[:200]}; none is named {' or '.join(keys)}. "
        "The first line must be a header such as label,content."
    )


def _refuse_entities(where):
    return InputError(
        f'{where}: this is a file with entities. They are the task ner: TASK = "ner". For labels give a file such as '
        "data/train.csv (a header label,content)."
    )


def _split_labels(where, cell):
    if not cell.strip():
        return ()
    names = [name.strip() for name in cell.split(LABEL_SEPARATOR)]
    if not all(names):
        raise InputError(f'{where}: "{cell}" has an empty label between two "{LABEL_SEPARATOR}".')
    return tuple(dict.fromkeys(names))


def _make_example(where, item):
    """Turn one record into an Example; a DuEE object's labels are the types of its events."""
    if not isinstance(item, dict):
        raise InputError(f'{where}: found {_show(item)[:40]}, expected an object {{"text": ..., "label": [...]}}.')
    if "event_list" in item:
        events = item["event_list"]
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise InputError(
                f'{where}: "event_list" must be a list of objects with "event_type", found {_show(events)[:60]}.'
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
        return Example(text, _split_labels(where, labels), where.file, where.line)
    if not isinstance(labels, list) or not all(isinstance(name, str) and name.strip() for name in labels):
        raise InputError(f'{where}: "label" must be a list of names, found {_show(labels)[:60]}.')
    check_characters(where, "".join(labels))
    return Example(text, tuple(dict.fromkeys(name.strip() for name in labels)), where.file, where.line)


def _show(value):
    return json.dumps(value, ensure_ascii=False, default=str)
