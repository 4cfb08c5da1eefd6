"""Reads JSON objects with character spans: ours, CLUENER's, doccano's, Label Studio's; or with keywords to be found."""

import json
import re
from collections import Counter
from typing import NamedTuple

from zhlabel.data.keywords import KEYWORD_TYPE, split_keywords
from zhlabel.data.tags import Entity, drop_overlapping
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

_TEXT_KEYS = ("text", "content", "data")
_LABEL_KEYS = ("label", "labels")
_NAME_KEYS = ("type", "label")
_FORM = '{"text": ..., "entities": [{"start": 0, "end": 2, "type": "LOC"}]}'
_OTHER_LABELS = ("hypertextlabels", "paragraphlabels")  # spans of Label Studio that don't count characters of the text
_NOTES = {
    "several": "tasks with several annotations: {several:,}. The first that was not cancelled is used.",
    "none": "tasks without an annotation, or with cancelled ones alone: {none:,}. They are left out.",
    "emoji": "texts with an emoji (or a character beyond U+FFFF) before the end of a span: {emoji:,}. It is counted as "
    "one character, where doccano may have counted two: look at their spans.",
    "absent": "keywords that don't stand in their text, or only inside a longer one: {absent:,} of {keywords:,}. They "
    "are not marked.",
}


class _Mark(NamedTuple):
    """A span as the file has it, half-open; the text that it should hold, or None; and the types of its entities."""

    start: int
    end: int
    text: str | None
    names: list
    is_doccano: bool = False


def read_objects(path, found):
    """Read objects with character spans, of JSON or of a table's rows; the form is told for each object by itself.

    Args:
        path: the file's name, for messages.
        found: an iterable of (records.Place, object).

    Returns:
        (list of (text, entities, line), list of notes on what is doubtful).

    Raises:
        InputError: an object of another structure, a span outside its text or that does not hold the text
            that the file gives for it.
    """
    records, counts = [], Counter()
    for where, item in found:
        if not isinstance(item, dict):
            raise _make_error(where, item, f"an object such as {_FORM}")
        text = check_characters(where, _take_text(where, item))
        marks = _find_marks(path, where, item, text, counts)
        if marks is not None:
            entities = [entity for mark in marks for entity in _make_entities(where, text, mark)]
            counts["emoji"] += any(
                mark.is_doccano and mark.text is None and max(text[: mark.end]) > "\uffff" for mark in marks
            )
            records.append((text, entities, where.line))
    return records, [note.format_map(counts) for kind, note in _NOTES.items() if counts[kind]]


def _make_error(where, found, expected):
    return InputError(f"{where}: found {json.dumps(found, ensure_ascii=False, default=str)[:80]}, expected {expected}.")


def _take_text(where, item):
    text = next((item[key] for key in _TEXT_KEYS if key in item), None)
    if isinstance(text, dict):  # the data of a Label Studio task
        strings = [value for value in text.values() if isinstance(value, str)]
        text = text.get("text", strings[0] if len(strings) == 1 else None)
    if not isinstance(text, str):
        raise InputError(f'{where}: no "text" that is a string; the object has {", ".join(item)[:200] or "no key"}.')
    return text


def _find_marks(path, where, item, text, counts):
    """Return the spans of one object, or None for a task that nobody has annotated."""
    if "annotations" in item:
        return _choose_annotation(where, item["annotations"], counts)
    if "entities" in item:
        return _read_marks(path, where, _parse(where, item["entities"]))
    key = next((key for key in _LABEL_KEYS if key in item), None)
    if key is not None:
        return _read_cluener(where, item[key]) if isinstance(item[key], dict) else _read_marks(path, where, item[key])
    if "keywords" in item:
        return _find_keywords(where, text, item["keywords"], counts)
    if "event_list" in item:
        raise _refuse_labels(path, where, '"event_list"')
    if "annotation_id" in item:  # Label Studio's JSON-MIN leaves "label" out where nothing was marked
        return []
    raise InputError(
        f'{where}: neither "entities" nor "label" nor "keywords" is among {", ".join(item)[:200]}. Expected {_FORM}.'
    )


def _parse(where, entities):
    """Return the entities of a table's cell, where they stand as JSON; else what is there."""
    if not isinstance(entities, str) or not entities.lstrip().startswith("["):
        return entities
    try:
        return json.loads(entities)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{where}: the entities are not JSON ({problem}). Expected {_FORM}.") from None


def _refuse_labels(path, where, found):
    return InputError(
        f"{path} holds labelled texts, not entities: {str(where).removeprefix(f'{path}, ')} has {found[:60]}. "
        "For entities give a file such as data/ner.train.bio (two columns, character and tag)."
    )


def _choose_annotation(where, annotations, counts):
    if not isinstance(annotations, list) or not all(isinstance(each, dict) for each in annotations):
        raise _make_error(where, annotations, 'a list of annotations with "result"')
    usable = [each for each in annotations if not each.get("was_cancelled")]
    counts["several"] += len(usable) > 1
    counts["none"] += not usable
    if not usable:
        return None
    results = usable[0].get("result")
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise _make_error(where, results, 'a list of marks in the annotation\'s "result"')
    unusable = next((each for each in results if each.get("type") in _OTHER_LABELS), None)
    if unusable is not None:
        raise _make_error(where, unusable, "marks of the type labels, which Label Studio's Text tag gives")
    return [_read_mark(where, each.get("value")) for each in results if each.get("type") == "labels"]


def _read_cluener(where, label):
    marks = []
    for name, places in label.items():
        if not isinstance(places, dict) or not all(isinstance(spans, list) for spans in places.values()):
            raise _make_error(where, {name: places}, '{"type": {"entity": [[start, end]]}}')
        for text, spans in places.items():
            for span in spans:
                if not isinstance(span, list) or len(span) != 2 or type(span[1]) is not int:
                    raise _make_error(where, span, "a list of two integers, start and inclusive end")
                marks.append(_Mark(span[0], span[1] + 1, text, [name]))
    return marks


def _read_marks(path, where, marks):
    if isinstance(marks, str) or (isinstance(marks, list) and any(isinstance(mark, str) for mark in marks)):
        raise _refuse_labels(path, where, f"the label {json.dumps(marks, ensure_ascii=False)}")
    if not isinstance(marks, list):
        raise _make_error(where, marks, f"a list of entities, as in {_FORM}")
    return [_read_mark(where, mark) for mark in marks]


def _read_mark(where, mark):
    """Read one span: [start, end, type], or an object with the names of any of the tools."""
    if isinstance(mark, list) and len(mark) == 3:
        return _Mark(mark[0], mark[1], None, [mark[2]], is_doccano=True)
    if not isinstance(mark, dict):
        raise _make_error(where, mark, 'an entity such as {"start": 0, "end": 2, "type": "LOC"} or [0, 2, "LOC"]')
    is_doccano = "start_offset" in mark
    start, end = (mark.get(f"{key}_offset" if is_doccano else key) for key in ("start", "end"))
    names = mark.get("labels", [next((mark[key] for key in _NAME_KEYS if key in mark), None)])
    return _Mark(start, end, mark.get("text"), names, is_doccano)


def _find_keywords(where, text, keywords, counts):
    """Return every place of every keyword, in any case of letters; of places that overlap the longer one stays.

    A keyword that begins or ends with a Latin letter or a digit is not found inside a longer word or number.
    """
    if isinstance(keywords, str):
        keywords = split_keywords(where, keywords)
    if not isinstance(keywords, list) or not all(isinstance(each, str) for each in keywords):
        raise _make_error(where, keywords, 'a list of keywords, as in {"text": ..., "keywords": ["北京"]}')
    keywords, places = {each.strip().lower(): each.strip() for each in keywords if each.strip()}, {}
    for key, keyword in keywords.items():
        for found in re.finditer(_bound(keyword), text, re.IGNORECASE):
            places.setdefault(Entity(*found.span(), KEYWORD_TYPE), key)
    kept = drop_overlapping(places)
    counts["keywords"] += len(keywords)
    counts["absent"] += len(keywords) - len({places[each] for each in kept})
    return [_Mark(each.start, each.end, None, [each.type]) for each in kept]


def _bound(keyword):
    """Return the pattern of a keyword that is not the middle of a word of Latin letters or of a number."""
    before = r"(?<![a-z0-9])" if re.match("[a-z0-9]", keyword, re.IGNORECASE) else ""
    after = r"(?![a-z0-9])" if re.search("[a-z0-9]$", keyword, re.IGNORECASE) else ""
    return before + re.escape(keyword) + after


def _make_entities(where, text, mark):
    """Check one span against its text and give an Entity for each of its types."""
    start, end, said, names, _ = mark
    if type(start) is not int or type(end) is not int:
        raise _make_error(where, [start, end], "two integers, start and end of an entity")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise _make_error(where, names, f"the name of a type for the entity {start} to {end}")
    if isinstance(said, str):
        start, end = _count_characters(text, start, end, said)
    if not 0 <= start < end <= len(text):
        raise InputError(
            f"{where}: found an entity from {start} to {end}, expected 0 <= start < end <= {len(text)}, "
            "the length of its text."
        )
    if isinstance(said, str) and text[start:end] != said:
        raise InputError(
            f'{where}: the text from {start} to {end} is "{text[start:end][:40]}", but the file says that the entity '
            f'there is "{said[:40]}". Correct the span, or the text.'
        )
    return [Entity(start, end, check_characters(where, name.strip())) for name in names]


def _count_characters(text, start, end, said):
    """Turn a span in UTF-16 units, as tools that run in a browser count, into characters, where that alone fits."""
    if 0 <= start < end and text[start:end] != said and max(text, default="") > "\uffff":
        units = text.encode("utf-16-le")
        before, inside = (
            part.decode("utf-16-le", "replace") for part in (units[: 2 * start], units[2 * start : 2 * end])
        )
        if inside == said:
            return len(before), len(before) + len(said)
    return start, end
