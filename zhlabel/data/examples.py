"""Reads labelled data files into Example records that remember their file and line."""

import json
from dataclasses import dataclass, replace

from zhlabel.data.label_cells import read_label_cells
from zhlabel.data.layout import Layout
from zhlabel.data.records import read_records
from zhlabel.data.tags import split_tag
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

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


def read_examples(path, *, layout=None, warn=None):
    """Return the Examples of a file, as ``read_labelled`` reads it."""
    return read_labelled(path, layout=layout, warn=warn)[0]


def read_labelled(path, *, layout=None, known=(), exclusive=False, warn=None):
    """Read a file of labelled texts in any of the supported forms, told by its content.

    CSV, TSV, parquet or a spreadsheet with a header that has ``label`` and ``content`` (or ``text``) in any order,
    labels as ``label_cells`` takes them; a JSON list or JSON lines of ``{"text": ..., "label": [...]}``; DuEE's JSON
    lines (``text``, ``event_list[].event_type``). Text is UTF-8 with or without BOM, or GB18030, and may be packed by
    gzip or xz. In CSV a quoted field may hold commas and line ends; in TSV a quotation mark is an ordinary character
    unless a field both begins and ends with one. Cells are text: "nan", "NULL" and "001" stay texts, but nan is
    no label. A text may have no label, and may be empty.

    Args:
        path: the file.
        layout: a Layout; None: all is found by itself.
        known: names that are known for labels.
        exclusive: whether a text has one label alone, so that joined labels are a doubt.
        warn: called at most once, with what was found by itself or left out, a sentence a line; None: nobody is told.

    Returns:
        (a list of N Examples in the file's order, N at least 1, the Layout by which it was read); ``line`` is where a
        record begins, or its row in parquet or a spreadsheet, counted from 1.

    Raises:
        InputError: no such file, no example in it, a header without the columns, a row that does not fit, a cell of
            which it is doubtful how many labels it holds.
    """
    path, layout, notes = str(path), layout or Layout(), []
    records = read_records(path, choose=_choose_columns, warn=notes.append)
    rows = [(place, *_take_cells(place, item)) for place, item in records]
    if not rows:
        raise InputError(f"{path} holds no example. Expected a header line label,content and one text a line below it.")
    places, texts, cells = zip(*rows, strict=True)
    labels, separator, found = read_label_cells(
        path, places, cells, separator=layout.label_separator, known=known, exclusive=exclusive
    )
    if warn is not None and (notes := [*notes, *found]):
        warn("\n".join(notes))
    examples = [
        Example(text, names, place.file, place.line) for place, text, names in zip(places, texts, labels, strict=True)
    ]
    return examples, replace(layout, label_separator=separator)


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


def _take_cells(where, item):
    """Return one record's text and what stands for its labels; a DuEE object's are the types of its events."""
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
    if labels is None and not item.keys() & set(_LABEL_KEYS):
        raise InputError(f'{where}: no "label"; the object has {", ".join(map(str, item))}.')
    return check_characters(where, text), labels


def _show(value):
    return json.dumps(value, ensure_ascii=False, default=str)
