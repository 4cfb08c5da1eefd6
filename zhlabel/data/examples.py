"""Reads labelled data files into Example records that remember their file and line."""

import json
import re
from dataclasses import dataclass, replace

from zhlabel.data.columns import Columns, Headless, find_columns, is_nameless, refuse_entities, take_text
from zhlabel.data.label_cells import read_label_cells
from zhlabel.data.layout import Layout
from zhlabel.data.records import read_records
from zhlabel.data.unnamed_labels import Unnamed, settle_unnamed
from zhlabel.errors import InputError

_HEADLESS = ("first", "second")  # columns without names
_SIGNS = re.compile("[|,;、，；｜#/\t\n]")


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

    CSV, TSV, parquet or a spreadsheet with a header that has usual names of texts and labels (see ``columns``) in any
    order, labels as ``label_cells`` takes them; or instead of a column of labels one a label, with 0 and 1; or without
    a header, texts and labels. A JSON list or JSON lines of objects with such keys; DuEE's JSON lines (``text``,
    ``event_list[].event_type``); fastText's. Text is UTF-8 with or without BOM, or GB18030, and may be packed by
    gzip or xz. In CSV a quoted field may hold commas and line ends; in TSV a quotation mark is an ordinary character
    unless a field both begins and ends with one. Cells are text: "nan", "NULL" and "001" stay texts, but nan is no
    label. A text may have no label, and may be empty.

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
    finder = _Finder(layout)
    records = read_records(path, choose=finder.choose, warn=notes.append)
    rows = [(place, *_take_cells(place, item, finder)) for place, item in records]
    if not rows:
        raise InputError(f"{path} holds no example. Expected a header line label,content and one text a line below it.")
    places, texts, cells = zip(*rows, strict=True)
    if finder.problem:
        texts, cells = _settle_headless(texts, cells, finder.problem)
        order = "texts, then labels" if texts[0] == rows[0][1] else "labels, then texts"
        notes.append(f"{path}: line 1 is no header; the columns are {order}.")
    cells, found = settle_unnamed(path, places, cells, is_named=bool(layout.label_column))
    labels, separator, told = read_label_cells(path, places, cells, layout=layout, known=known, exclusive=exclusive)
    if warn is not None and (notes := [*notes, *finder.list_rivals(path), *found, *told]):
        warn("\n".join(notes))
    examples = [
        Example(text, names, place.file, place.line) for place, text, names in zip(places, texts, labels, strict=True)
    ]
    return examples, replace(layout, label_separator=separator)


class _Finder:
    """Finds the columns of rows, once for all that have the same ones.

    Attributes:
        problem: what is wrong with the header of a table that may have none.
    """

    def __init__(self, layout):
        self._layout, self._found, self.problem = layout, {}, None

    def find(self, where, names):
        """Return the Columns among ``names``, a tuple."""
        if names not in self._found:
            self._found[names] = find_columns(where, names, self._layout)
        return self._found[names]

    def choose(self, where, names):
        """Return what ``read_records`` asks of a table's header."""
        try:
            found = self.find(where, tuple(names))
        except InputError as problem:
            if not is_nameless(names, self._layout):
                raise
            self.problem, self._found[_HEADLESS] = problem, Columns(_HEADLESS[:1], _HEADLESS[1:], (), "")
            return Headless(_HEADLESS, problem)
        return [*found.text, *(found.label or found.rest)]

    def list_rivals(self, path):
        """Return notes on columns that might have been meant."""
        return list(dict.fromkeys(f"{path}: {found.rivals}" for found in self._found.values() if found.rivals))


def _settle_headless(texts, cells, problem):
    """Return texts and cells of labels of two columns without a header: labels are fewer, and the first comes again."""
    if len(set(texts)) < len(set(cells)):
        texts, cells = cells, texts
    later = {piece.strip() for cell in cells[1:] for piece in (cell, *_SIGNS.split(cell))}
    if not {piece.strip() for piece in _SIGNS.split(cells[0])} <= later:
        raise problem
    return texts, cells


def _take_cells(where, item, finder):
    """Return one record's text and what stands for its labels; a DuEE object's are the types of its events."""
    if not isinstance(item, dict):
        raise InputError(f'{where}: found {_show(item)[:40]}, expected an object {{"text": ..., "label": [...]}}.')
    if "event_list" in item:
        item = {**item, "label": _list_events(where, item["event_list"])}
    names = tuple(item)
    found = finder.find(where, names)
    if len(found.label) == 1:
        cell = item[found.label[0]]
    else:
        chosen = found.label or found.rest
        cell = Unnamed(chosen, tuple(item[name] for name in chosen))
    if _holds_spans(cell):
        raise refuse_entities(where)
    return take_text(where, item, found.text), cell


def _list_events(where, events):
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise InputError(
            f'{where}: "event_list" must be a list of objects with "event_type", found {_show(events)[:60]}.'
        )
    return [event.get("event_type") for event in events]


def _holds_spans(cell):
    """Return whether a label is CLUENER's or doccano's, with places in the text."""
    if isinstance(cell, dict):
        return set(cell) != {"choices"}
    return isinstance(cell, list) and bool(cell) and isinstance(cell[0], (list, dict))


def _show(value):
    return json.dumps(value, ensure_ascii=False, default=str)
