"""Tells a file's form by its content, and makes Examples of what the readers of the forms give."""

import itertools
import re

from zhlabel.data.entities.columns import holds_tags, read_columns, read_pairs, split_column
from zhlabel.data.entities.objects import read_objects
from zhlabel.data.examples import Example
from zhlabel.data.records import is_binary, read_records
from zhlabel.data.tags import split_tag
from zhlabel.errors import InputError
from zhlabel.io.files import open_text

_JUDGED_LINES = 200


def read_entity_examples(path, *, warn=None):
    """Read a file of texts with entities in any of the supported forms, told by its content.

    Text is UTF-8 with or without BOM, or GB18030, and may be packed by gzip or xz. In parquet a row is an object with
    columns ``text`` and ``entities`` (a list of structs, or JSON).

    - Two columns, character and tag, separated by space or tab; blank lines (or -DOCSTART-) between the texts. The
      character may be a blank itself, or a word; of more columns the first and the last count. A text is its
      characters joined without anything between.
    - Two lines a text: its characters, separated by blanks or not, and as many tags.
    - JSON lines or a list, each object in one of these ways: ours, ``{"text", "entities": [{"start", "end",
      "type"}]}`` with half-open spans; CLUENER's ``"label": {type: {entity: [[start, end]]}}`` with inclusive ends;
      doccano's ``"label": [[start, end, type]]`` or ``"entities"`` with ``"start_offset"``; Label Studio's JSON and
      JSON-MIN. Where the entity's text stands beside its span, it must be that part of the text. Or without spans,
      ``{"text", "keywords": ["..."]}``: every place of a keyword in the text is an entity of the type "keyword".

    Tags are BIO, BMES or BIOES, as ``tags.split_tag`` takes them; illegal sequences are read by the rule of
    ``tags.read_tag_spans``. Of a Label Studio task the first annotation that was not cancelled is used; a task
    without one is left out. Spans may overlap; equal ones are one. A text, and even a file, may be without entities.

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
    if notes and warn is not None:
        warn("\n".join(f"{path}: {note}" for note in notes))
    if not records:
        raise InputError(f"{path} holds no text with entities. Expected a file such as data/ner.train.bio.")
    return [_make_example(path, *record) for record in records]


def _read_text(path):
    with open_text(path) as stream:
        lines = list(itertools.islice((line for line in stream if line.strip()), _JUDGED_LINES))
    if not lines:
        raise InputError(f"{path} holds no text. Expected a character and its tag a line, such as data/ner.train.bio.")
    reader = _choose_reader(path, lines)
    if reader is None:
        return read_objects(path, read_records(path))
    with open_text(path) as stream:
        return reader(path, stream)


def _choose_reader(path, lines):
    """Choose by the first lines that are not blank: pairs of lines or columns, what fits more lines; None for JSON."""
    if not _is_column(lines[0]) and not any(map(holds_tags, lines[1:2])):
        # With tags beside or below it, a bracket, or a header's words, would be a text's characters.
        if lines[0].lstrip()[0] in "{[":
            return None
        _refuse_header(path, lines[0])
    fitting_pairs = sum(map(holds_tags, lines[1::2]))
    return read_pairs if 2 * fitting_pairs > sum(map(_is_column, lines)) else read_columns


def _refuse_header(path, line):
    names = {name.strip('" \r\n').lower() for name in re.split("[\t,]", line)}
    if names & {"label", "labels"} and names & {"content", "text"}:
        raise InputError(
            f"{path} holds labelled texts, not entities: it begins with the header {line.strip()[:60]}. "
            "For entities give a file such as data/ner.train.bio (two columns, character and tag)."
        )


def _is_column(line):
    token, tag = split_column(line)
    # A line of tags alone has a tag such as B-LOC in the place of the token.
    return token != "" and split_tag(tag) is not None and split_tag(token) in (None, ("O", ""))


def _make_example(path, text, entities, line):
    entities = tuple(sorted(dict.fromkeys(entities), key=lambda entity: (entity.start, entity.end)))
    return Example(text, tuple(dict.fromkeys(entity.type for entity in entities)), path, line, entities)
