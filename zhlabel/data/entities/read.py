"""Tells a file's form by its content, and makes Examples of what the readers of the forms give."""

import functools
import itertools
import re

from zhlabel.data.entities.borders import trim_borders
from zhlabel.data.entities.columns import read_columns, read_named_columns, read_pairs, split_pair
from zhlabel.data.entities.layouts import PLAIN, choose_layout, find_header, is_column
from zhlabel.data.entities.objects import is_object_header, read_objects
from zhlabel.data.entities.sentences import holds_tags
from zhlabel.data.examples import Example
from zhlabel.data.records import is_binary, read_records
from zhlabel.errors import InputError
from zhlabel.io.files import open_text

_JUDGED_LINES = 200


def read_entity_examples(path, *, warn=None):
    """Read a file of texts with entities in any of the supported forms, told by its content.

    Text is UTF-8 with or without BOM, or GB18030, and may be packed by gzip or xz. In csv, tsv, parquet and
    spreadsheets a row is an object with the cells' names, such as ``text`` and ``entities`` (a list of structs, or
    JSON).

    - Columns, character and tag, separated by space or tab; blank lines (or -DOCSTART-) between the texts. The
      character may be a blank itself, or a word; of more columns the first and the last count, unless a header names
      others (``token``, ``tag``; then commas may separate them too). Numbers of the tokens, or of the texts, may stand
      in front. A text is its characters joined without anything between. Label Studio's CoNLL is read so.
    - Two lines a text: its characters, separated by blanks or not, and as many tags.
    - Objects (JSON lines or a list), each in one of these ways: ours, ``{"text", "entities": [{"start", "end",
      "type"}]}`` with half-open spans; CLUENER's ``"label": {type: {entity: [[start, end]]}}`` and CMeEE's
      ``"start_idx"``, ``"end_idx"``, with inclusive ends; doccano's ``"label": [[start, end, type]]`` or ``"entities"``
      with ``"start_offset"``; spaCy's ``[text, {"entities": [[start, end, type]]}]``; Label Studio's JSON, JSON-MIN and
      CSV, whatever its controls are named; tags, ``{"text" or "tokens", "tags": ["B-LOC", "O"]}``. Where the entity's
      text stands beside its span, it must be that part of the text, white space apart. Or without spans,
      ``{"text", "keywords": ["..."]}``: every place of a keyword in the text is an entity of the type "keyword".

    Tags are BIO, BMES, BIOES or BILOU, as ``tags.split_tag`` takes them; illegal sequences are read by the rule of
    ``tags.read_tag_spans``. Of a Label Studio task the first annotation that was not cancelled is used; a task
    without one is left out. Spans may overlap; equal ones are one. Blanks, and characters that have no token, are
    trimmed at the borders of entities. A text, and even a file, may be without entities.

    Args:
        path: the file.
        warn: called at most once, with one text that counts what is doubtful in the file; None: nobody is told.

    Returns:
        A list of N Examples in the file's order, N at least 1, with ``entities`` by start; ``labels`` are the types
        that occur, ``line`` is where the text begins, counted from 1.

    Raises:
        InputError: no such file, no text in it, labelled texts without entities, or a line or object that does not
            fit, with its place.
    """
    path = str(path)
    if is_binary(path):
        records, notes = read_objects(path, read_records(path))
    else:
        records, notes = _read_text(path)
    if not records:
        found = " ".join(f"{note[0].upper()}{note[1:]}" for note in notes)
        raise InputError(
            f"{path} holds no text with entities. {found or 'Expected a file such as data/ner.train.bio.'}"
        )
    records, trimmed = _trim_records(records)
    if (notes := notes + trimmed) and warn is not None:
        warn("\n".join(f"{path}: {note}" for note in notes))
    return [_make_example(path, *record) for record in records]


def _read_text(path):
    with open_text(path) as stream:
        lines = list(itertools.islice((line for line in stream if line.strip()), _JUDGED_LINES))
    if not lines:
        raise InputError(f"{path} holds no text. Expected a character and its tag a line, such as data/ner.train.bio.")
    reader = _choose_reader(lines)
    if reader is None:
        return read_objects(path, read_records(path))
    with open_text(path) as stream:
        return reader(path, stream)


def _choose_reader(lines):
    """Choose by the first lines that are not blank: columns, or pairs of lines, or None for objects."""
    if header := find_header(lines):
        if header.is_plain:
            return functools.partial(read_columns, layout=choose_layout(lines[1:]), header=True)
        return functools.partial(read_named_columns, header=header)
    if (layout := choose_layout(lines)) != PLAIN:
        return functools.partial(read_columns, layout=layout)
    # With tags beside or below it, a bracket, or a header's words, would be a text's characters.
    pair = split_pair(*lines[:2]) if len(lines) > 1 else None
    if lines[0].lstrip()[0] in "{[" and not is_column(lines[0]) and pair is None:
        return None
    if is_object_header(re.split("[\t,]", lines[0])) and (pair is None or len(pair[1]) == 1):
        return None
    fitting_pairs = sum(map(holds_tags, lines[1::2]))
    return read_pairs if 2 * fitting_pairs > sum(map(is_column, lines)) else read_columns


def _trim_records(records):
    """Trim the borders of all entities; return the records and notes on what that changed."""
    kept, trimmed, blank, first = [], 0, 0, None
    for text, entities, line in records:
        found = [trim_borders(text, entity) for entity in entities]
        changed = [before for before, after in zip(entities, found, strict=True) if after != before]
        if changed:
            trimmed, blank = trimmed + len(changed) - found.count(None), blank + found.count(None)
            first = first or f'the first is "{text[changed[0].start : changed[0].end][:40]}" in line {line}'
        kept.append((text, [entity for entity in found if entity is not None], line))
    notes = []
    if trimmed:
        notes.append(
            f"entities with blanks, or characters without a token, at a border: {trimmed:,}. These are trimmed."
        )
    if blank:
        notes.append(f"entities of blanks, or of characters without a token, alone: {blank:,}. They are left out.")
    if notes:
        notes[-1] += f" ({first})"
    return kept, notes


def _make_example(path, text, entities, line):
    entities = tuple(sorted(dict.fromkeys(entities), key=lambda entity: (entity.start, entity.end)))
    return Example(text, tuple(dict.fromkeys(entity.type for entity in entities)), path, line, entities)
