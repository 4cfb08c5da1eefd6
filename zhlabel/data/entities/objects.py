"""Reads objects with character spans, tags or keywords, in the forms of the tools and data sets that people have."""

import ast
import json
from collections import Counter

from zhlabel.data.entities.keyword_places import find_keywords
from zhlabel.data.entities.marks import FORM, Mark, make_entities, make_error, read_mark
from zhlabel.data.entities.sentences import Sentence, find_entities, holds_tags, place_tokens, split_tokens, split_words
from zhlabel.data.entities.studio import FLAT_KEYS, find_spans, is_flat_task, read_flat_task, read_task
from zhlabel.data.tags import split_cell
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

_TEXT_KEYS = ("text", "content", "data")
_TOKEN_KEYS = ("tokens", "words", "chars", *_TEXT_KEYS)
_TAG_KEYS = ("ner_tags", "tags", "labels", "label", "ner")
_ENTITY_KEYS = ("entities", "ents")
_LABEL_KEYS = ("label", "labels")
_HEADER_KEYS = {*_ENTITY_KEYS, *_LABEL_KEYS, "keywords", "annotator", "annotation_id"}
_KNOWN_KEYS = {*_TEXT_KEYS, *_HEADER_KEYS}
_NOTES = {
    "several": "tasks with several annotations: {several:,}. The first that was not cancelled is used.",
    "none": "tasks without an annotation, or with cancelled ones alone: {none:,}. They are left out.",
    "predicted": "tasks with predictions alone: {predicted:,}. Only what a person submitted in Label Studio is read.",
    "unlabelled": "marks without a label: {unlabelled:,}. They are left out.",
    "emoji": "texts with an emoji (or a character beyond U+FFFF) before the end of a span: {emoji:,}. It is counted as "
    "one character, where doccano may have counted two: look at their spans.",
    "absent": "keywords that don't stand in their text, or only inside a longer one: {absent:,} of {keywords:,}. They "
    "are not marked.",
}


def read_objects(path, found):
    """Read objects with entities, of JSON or of a table's rows; the form is told for each object by itself.

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
        item = _take_object(where, item)
        if sentence := _find_tags(where, item):
            records.append(sentence)
            continue
        text = check_characters(where, _take_text(where, item))
        marks = _find_marks(path, where, item, text, counts)
        if marks is not None:
            entities = [entity for mark in marks for entity in make_entities(where, text, mark)]
            counts["emoji"] += any(
                mark.is_doccano and mark.text is None and max(text[: mark.end]) > "\uffff" for mark in marks
            )
            records.append((text, entities, where.line))
    notes = [note.format_map(counts) for kind, note in _NOTES.items() if counts[kind]]
    if counts["unmarked"] and counts["unmarked"] == len(records):
        notes.append(
            f"none of the {len(records):,} tasks has a mark; the keys of the last are {', '.join(item)[:200]}."
        )
    tagged, problems = find_entities([each for each in records if isinstance(each, Sentence)])
    rest = iter(tagged)
    return [next(rest) if isinstance(each, Sentence) else each for each in records], notes + problems


def is_object_header(names):
    """Return whether a table's header names a text and its entities or labels, each row of which is an object.

    Args:
        names: the cells of its first line.
    """
    names = {name.strip('\ufeff" \r\n').lower() for name in names}
    return "annotation_id" in names or bool(names & set(_TEXT_KEYS) and names & _HEADER_KEYS)


def _take_object(where, item):
    """Return the object, spaCy's pair of a text and its entities as one, with what stands as JSON in its cells."""
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], dict):
        item = {"text": item[0], **item[1]}
    if not isinstance(item, dict):
        raise make_error(where, item, f"an object such as {FORM}")
    lowered = {key.lower() if key.lower() in _KNOWN_KEYS else key: value for key, value in item.items()}
    return {key: value if key in _TEXT_KEYS else _parse(where, value) for key, value in lowered.items()}


def _parse(where, value):
    """Return the list or object that stands in a table's cell, as JSON or as Python writes it; else what is there."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[{", "[[", '["', "['", "[]", '{"')):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as problem:
        try:
            return ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            raise InputError(f"{where}: the entities are not JSON ({problem}). Expected {FORM}.") from None


def _find_tags(where, item):
    """Return the Sentence of an object with a tag for each token, or for each character or word of its text."""
    tokens = next((item[key] for key in _TOKEN_KEYS if _are_strings(item.get(key))), None)
    key = next((key for key in _TAG_KEYS if _are_tags(item.get(key))), None)
    if key is None:
        if tokens is not None and (key := next((key for key in _TAG_KEYS if _are_numbers(item.get(key))), None)):
            raise make_error(where, item[key], "tags by their names, such as B-LOC, as no file says what numbers mean")
        return None
    tags = split_words(item[key]) if isinstance(item[key], str) else item[key]
    text = next((item[name] for name in _TEXT_KEYS if isinstance(item.get(name), str)), None)
    if text is not None:
        tokens = split_tokens(text, len(tags)) if tokens is None or len(tokens) != len(tags) else tokens
        if tokens is None and "O" not in tags:
            return None  # names of labels that look like tags
    if tokens is None or len(tokens) != len(tags):
        count = f"{len(tokens):,} tokens" if tokens is not None else f"{len(text or ''):,} characters"
        raise InputError(f'{where}: found {len(tags):,} tags under "{key}", expected one for each of the {count}.')
    check_characters(where, "".join((*tokens, *tags)))
    if place_tokens(tokens, text) is None:
        raise InputError(f'{where}: the tokens are not those of "{text[:40]}", in its order. Correct the text or them.')
    return Sentence(where.line, tokens, tags, [where.line] * len(tags), text)


def _are_strings(value):
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _are_tags(value):
    is_listed = _are_strings(value) and all(split_cell(each) for each in value)
    return is_listed or (isinstance(value, str) and holds_tags(value))


def _are_numbers(value):
    return isinstance(value, list) and bool(value) and all(type(each) is int for each in value)


def _take_text(where, item):
    text = next((item[key] for key in _TEXT_KEYS if key in item), None)
    if isinstance(text, dict):  # the data of a Label Studio task
        text = text.get("text", _choose_string(text))
    elif text is None and is_flat_task(item):
        text = _choose_string({key: value for key, value in item.items() if key not in FLAT_KEYS})
    if isinstance(text, str):
        return text
    names = item["data"] if isinstance(item.get("data"), dict) else item
    held = next((key for key, value in item.items() if isinstance(value, list) and _hold_objects(value)), None)
    advice = 'Name the key of the text "text".'
    if held is not None and not find_spans(item):
        advice = f'The texts seem to lie in the list under "{held}": save that list alone.'
    raise InputError(
        f'{where}: no "text" that is a string; the object has {", ".join(names)[:200] or "no key"}. {advice}'
    )


def _choose_string(values):
    strings = [value for value in values.values() if isinstance(value, str)]
    return strings[0] if len(strings) == 1 else None


def _hold_objects(values):
    return bool(values) and all(isinstance(each, (dict, list)) for each in values)


def _find_marks(path, where, item, text, counts):
    """Return the spans of one object, or None for a task that nobody has annotated."""
    if item.keys() & {"annotations", "completions"}:
        return read_task(where, item, text, counts)
    if is_flat_task(item):
        return read_flat_task(where, item, text, counts)
    key = next((key for key in (*_ENTITY_KEYS, *_LABEL_KEYS) if key in item), None)
    if key is not None:
        is_cluener = key in _LABEL_KEYS and isinstance(item[key], dict)
        return _read_cluener(where, item[key]) if is_cluener else _read_marks(path, where, item[key])
    if "keywords" in item:
        return find_keywords(where, text, item["keywords"], counts)
    if "event_list" in item:
        raise _refuse_labels(path, where, '"event_list"')
    if spans := find_spans(item):
        return [read_mark(where, each) for each in spans]
    raise InputError(
        f'{where}: neither "entities" nor "label" nor "keywords" is among {", ".join(item)[:200]}. Expected {FORM}.'
    )


def _refuse_labels(path, where, found):
    return InputError(
        f"{path} holds labelled texts, not entities: {str(where).removeprefix(f'{path}, ')} has {found[:60]}. "
        "For entities give a file such as data/ner.train.bio (two columns, character and tag)."
    )


def _read_cluener(where, label):
    marks = []
    for name, places in label.items():
        if not isinstance(places, dict) or not all(isinstance(spans, list) for spans in places.values()):
            raise make_error(where, {name: places}, '{"type": {"entity": [[start, end]]}}')
        for text, spans in places.items():
            for span in spans:
                if not isinstance(span, list) or len(span) != 2 or type(span[1]) is not int:
                    raise make_error(where, span, "a list of two integers, start and inclusive end")
                marks.append(Mark(span[0], span[1] + 1, text, [name]))
    return marks


def _read_marks(path, where, marks):
    if isinstance(marks, str) or (isinstance(marks, list) and any(isinstance(mark, str) for mark in marks)):
        raise _refuse_labels(path, where, f"the label {json.dumps(marks, ensure_ascii=False)}")
    if not isinstance(marks, list):
        raise make_error(where, marks, f"a list of entities, as in {FORM}")
    return [read_mark(where, mark) for mark in marks]
