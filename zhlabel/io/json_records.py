"""Splits a JSON list or JSON lines into values, each with the place where it stands."""

import itertools
import json

from zhlabel.errors import InputError


def read_json_records(path, stream, *, by_line=False):
    """Yield the values of a JSON list, or of one JSON value a line, with their places.

    A list is read whole, so its memory grows with the file; empty lines are skipped.

    Args:
        path: the file's name, for messages.
        stream: the opened text, which must support seek.
        by_line: one value a line, though the first begins with a bracket.

    Yields:
        (line, item, value): the line on which the value begins and its number in the list, both from 1; 0 of lines.

    Raises:
        InputError: what is not JSON, with its place.
    """
    is_list = not by_line and next((line.lstrip()[:1] for line in stream if line.strip()), "") == "["
    stream.seek(0)
    yield from (_read_list if is_list else _read_lines)(path, stream)


def _read_lines(path, stream):
    for line, record in enumerate(stream, 1):
        if record.strip():
            try:
                value = json.loads(record)
            except (ValueError, RecursionError) as problem:
                raise InputError(
                    f"{path}, line {line}: not one JSON object ({problem}). Objects that go over several lines are "
                    "read where they stand in one list: [ in front, ] behind, commas between."
                ) from None
            yield line, 0, value


def _read_list(path, stream):
    content, decoder = stream.read(), json.JSONDecoder()
    place = content.index("[")
    line = 1 + content.count("\n", 0, place)
    for number in itertools.count(1):
        start = _skip_blanks(content, place + 1)
        line += content.count("\n", place, start)
        if number == 1 and content.startswith("]", start):
            place = start
            break
        try:
            value, end = decoder.raw_decode(content, start)
        except (ValueError, RecursionError) as problem:
            hint = " Remove the comma in front of the list's end." if content[start : start + 1] == "]" else ""
            raise InputError(
                f"{path}, line {line} (item {number}): the list's item is not JSON ({problem}).{hint}"
            ) from None
        yield line, number, value
        place = _skip_blanks(content, end)
        line += content.count("\n", start, place)
        if not content.startswith(",", place):
            break
    _check_end(path, content, place, line)


def _check_end(path, content, place, line):
    if not content.startswith("]", place):
        found = f"found {content[place : place + 20]!r}" if place < len(content) else "the file ends"
        raise InputError(f"{path}, line {line}: {found} where a comma or the list's closing bracket is expected.")
    behind = _skip_blanks(content, place + 1)
    if behind < len(content):
        line += content.count("\n", place, behind)
        raise InputError(
            f"{path}, line {line}: something stands behind the list's closing bracket: "
            f"{content[behind : behind + 20]!r}. A file holds one list, or one object a line."
        )


def _skip_blanks(content, place):
    while place < len(content) and content[place] in " \t\r\n":
        place += 1
    return place
