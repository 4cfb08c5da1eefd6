"""A span of characters as a file has it -> Entity records: its numbers, its types, and the text that it should hold."""

import json
from typing import NamedTuple

from zhlabel.data.tags import Entity
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

FORM = '{"text": ..., "entities": [{"start": 0, "end": 2, "type": "LOC"}]}'
# The keys of a span, and how far the last character lies before its end
_SPAN_KEYS = (("start", "end", 0), ("start_offset", "end_offset", 0), ("start_idx", "end_idx", 1))
_NAME_KEYS = ("type", "label", "entity_group")


class Mark(NamedTuple):
    """A span as the file has it, half-open; the text that it should hold, or None; and the types of its entities."""

    start: int
    end: int
    text: str | None
    names: list
    is_doccano: bool = False


def make_error(where, found, expected):
    """Return the InputError that says what stands at a place and what is expected there."""
    return InputError(f"{where}: found {json.dumps(found, ensure_ascii=False, default=str)[:80]}, expected {expected}.")


def read_mark(where, mark):
    """Read one span: [start, end, type], or an object with the names of any of the tools.

    Args:
        where: the object's place, for messages.
        mark: the value.

    Returns:
        A Mark, whose numbers and names are not checked yet.

    Raises:
        InputError: it is neither.
    """
    if isinstance(mark, list) and len(mark) == 3:
        return Mark(mark[0], mark[1], None, [mark[2]], is_doccano=True)
    if not isinstance(mark, dict):
        raise make_error(where, mark, 'an entity such as {"start": 0, "end": 2, "type": "LOC"} or [0, 2, "LOC"]')
    start, end, last = next((keys for keys in _SPAN_KEYS if keys[0] in mark), _SPAN_KEYS[0])
    if start not in mark:
        raise make_error(where, mark, f"its span under the keys {' or '.join(keys[0] for keys in _SPAN_KEYS)}")
    names = mark.get("labels", [next((mark[key] for key in _NAME_KEYS if key in mark), None)])
    said = mark.get("text", mark.get("entity") if last else None)
    stop = mark.get(end)
    return Mark(mark[start], stop + last if type(stop) is int else stop, said, names, start == "start_offset")


def make_entities(where, text, mark):
    """Check one span against its text and give an Entity for each of its types.

    Args:
        where: the object's place, for messages.
        text: the text.
        mark: the Mark.

    Raises:
        InputError: no integers, no names, a span outside the text or that does not hold what the file says.
    """
    start, end, said, names, _ = mark
    if type(start) is not int or type(end) is not int:
        raise make_error(where, [start, end], "two integers, start and end of an entity, not quoted")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise make_error(where, names, f"the name of a type for the entity {start} to {end}")
    if isinstance(said, str):
        start, end = _count_characters(text, start, end, said)
    if not 0 <= start < end <= len(text):
        raise InputError(
            f"{where}: found an entity from {start} to {end}, expected 0 <= start < end <= {len(text)}, "
            "the length of its text. Correct its numbers, or remove it."
        )
    if isinstance(said, str) and not _are_equal(text[start:end], said):
        raise InputError(
            f'{where}: the text from {start} to {end} is "{text[start:end][:40]}", but the file says that the entity '
            f'there is "{said[:40]}". {_advise(text, start, end, said)}'
        )
    return [Entity(start, end, check_characters(where, name.strip())) for name in names]


def _advise(text, start, end, said):
    for shift, advice in (
        (1, "Its end seems to be the last character: make each end one more."),
        (-1, "Its end seems to be behind the last character: make each end one less."),
    ):
        if _are_equal(text[start : end + shift], said):
            return advice
    return "Correct the span, or the text."


def _are_equal(text, said):
    """Compare without white space, which Label Studio trims and joins in the text that it saves, not in the offsets."""
    return text == said or "".join(text.split()) == "".join(said.split())


def _count_characters(text, start, end, said):
    """Turn a span in UTF-16 units, as tools in a browser count, or in bytes into characters, where that alone fits."""
    if not 0 <= start < end or _are_equal(text[start:end], said):
        return start, end
    for encoding, size in (("utf-16-le", 2), ("utf-8", 1)):
        data = text.encode(encoding)
        before, inside = (data[: size * start], data[size * start : size * end])
        if inside.decode(encoding, "replace") == said:
            place = len(before.decode(encoding, "replace"))
            return place, place + len(said)
    return start, end
