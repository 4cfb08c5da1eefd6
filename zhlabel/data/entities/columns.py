"""Reads lines of characters and tags: two columns, or two lines a text."""

import functools
import itertools
from typing import NamedTuple

from zhlabel.data.tags import Entity, read_tag_spans, split_tag
from zhlabel.errors import InputError

_BLANKS = " \t"
_LINE_END = "\r\n"
_DOCUMENT_START = "-DOCSTART-"
_NEXT_STEP = "Expected O or a prefix (B, I, M, E, S) with a type, such as B-LOC; data/ner.train.bio shows the form."


class _Sentence(NamedTuple):
    """The T tokens of one text, their T tags, and the line of each tag."""

    line: int
    tokens: list | tuple
    tags: list | tuple
    tag_lines: list | range


def read_columns(path, stream):
    """Read ``character tag`` a line, with blank lines between the texts.

    Args:
        path: the file's name, for messages.
        stream: the opened text.

    Returns:
        (list of (text, entities, line), list of notes on what is doubtful).

    Raises:
        InputError: a line with one column, or whose last word is no tag.
    """
    sentences, rows = [], []
    for line, row in enumerate(itertools.chain(map(_split_row, stream), [None]), 1):
        if row is not None:
            rows.append(row)
        elif rows:
            first_line, (tokens, tags) = line - len(rows), zip(*rows, strict=True)
            _check_columns(path, first_line, tokens, tags)
            sentences.append(_Sentence(first_line, tokens, tags, range(first_line, line)))
            rows = []
    return _find_entities(sentences)


@functools.lru_cache(maxsize=1 << 15)  # few lines are different: some thousand characters with some tags
def _split_row(line):
    return None if _is_between(line) else split_column(line)


def _is_between(line):
    return line.isspace() or line.startswith(_DOCUMENT_START)


def split_column(line):
    """Split a line from the right into its first column and its tag.

    A character that is itself a blank is kept, also where it is the line's only blank.

    Args:
        line: with or without its line end.

    Returns:
        (token, tag); the token is "" where there is one column alone.

    >>> split_column("北\\tB-LOC\\n"), split_column("  O"), split_column(" O"), split_column("EU NNP I-NP B-ORG")
    (('北', 'B-LOC'), (' ', 'O'), (' ', 'O'), ('EU', 'B-ORG'))
    >>> split_column("北")
    ('', '北')
    """
    line = line.rstrip(" \t\r\n")
    place = max(line.rfind(" "), line.rfind("\t"))
    token, tag = line[: max(place, 0)], line[place + 1 :]
    if place > 1:
        token = _take_first_column(token, line[place])
    elif place == 0:
        token = line[0]
    return token, tag


def _take_first_column(columns, separator):
    """Return the token in front of the last separator: all up to a tab, else the first word; a blank stays a blank."""
    token, tab, _ = columns.partition("\t")
    if tab or separator == "\t":
        return token or "\t"
    return columns.split(" ")[0] or (columns.split() or columns)[0]


def _check_columns(path, first_line, tokens, tags):
    if all(tokens) and all(map(split_tag, tags)):
        return
    for line, (token, tag) in enumerate(zip(tokens, tags, strict=True), first_line):
        if token == "":
            raise InputError(
                f'{path}, line {line}: found one column, "{tag[:40]}", expected a character and its tag. {_NEXT_STEP}'
            )
        if split_tag(tag) is None:
            raise InputError(f'{path}, line {line}: found "{tag[:40]}" in the place of the tag. {_NEXT_STEP}')


def read_pairs(path, stream):
    """Read a line of characters and a line of as many tags a text; blank lines are skipped.

    Args:
        path: the file's name, for messages.
        stream: the opened text.

    Returns:
        As ``read_columns``.

    Raises:
        InputError: a second line that does not hold a tag for each character, or none below the last first line.
    """
    sentences, above = [], None
    for number, line in enumerate(stream, 1):
        if _is_between(line):
            continue
        if above is None:
            above = number, line
            continue
        pair = _split_pair(above[1], line)
        if pair is None:
            raise InputError(_describe_misfit(path, *above, number, line))
        sentences.append(_Sentence(above[0], *pair, [number] * len(pair[1])))
        above = None
    if above is not None:
        raise InputError(f"{path}, line {above[0]}: the file ends where a line with this line's tags is expected.")
    return _find_entities(sentences)


def holds_tags(line):
    """Return whether a line holds tags alone, separated by blanks, at least one.

    Args:
        line: with or without its line end.

    >>> holds_tags("B-LOC I-LOC O"), holds_tags("北 O"), holds_tags(" ")
    (True, False, False)
    """
    words = _split_words(line)
    return bool(words) and all(map(split_tag, words))


def _split_pair(text_line, tag_line):
    """Return as many tokens as tags, words between blanks or else each character, and the tags; None if that fails."""
    line, tags = text_line.rstrip(_LINE_END), _split_words(tag_line)
    for tokens in (_split_words(line), list(line), list(line.strip(_BLANKS))):
        if len(tokens) == len(tags) and holds_tags(tag_line):
            return tokens, tags
    return None


def _split_words(line):
    return [word for word in line.rstrip(_LINE_END).replace("\t", " ").split(" ") if word]


def _describe_misfit(path, text_number, text_line, tag_number, tag_line):
    tags, count = _split_words(tag_line), len(_split_words(text_line))
    wrong = next((tag for tag in tags if split_tag(tag) is None), None)
    if wrong is not None:
        return f'{path}, line {tag_number}: found "{wrong[:40]}" in a line of tags. {_NEXT_STEP}'
    return (
        f"{path}, line {tag_number}: found {len(tags)} tags, expected one for each of the {count} words or of the "
        f"{len(text_line.strip())} characters in line {text_number}."
    )


def _find_entities(sentences):
    """Turn each text's tags into entities; whether ends are marked is told by the whole file."""
    has_ends = any(split_tag(tag)[0] in "ME" for tag in set().union(*(sentence.tags for sentence in sentences)))
    records, problems = [], []
    for sentence in sentences:
        spans, wrong = read_tag_spans(sentence.tags, has_ends=has_ends)
        borders = [0, *itertools.accumulate(map(len, sentence.tokens))] if spans else []
        entities = [Entity(borders[start], borders[end], name) for start, end, name in spans]
        records.append(("".join(sentence.tokens), entities, sentence.line))
        problems += [(sentence.tag_lines[place], reason) for place, reason in wrong]
    return records, [_describe_problems(problems)] if problems else []


def _describe_problems(problems):
    places = "; ".join(f"line {line}: {reason}" for line, reason in problems[:3])
    return (
        f"illegal tags: {len(problems):,}. What lacks its B begins an entity; a new type or a missing E ends one. "
        f"{places}{' ...' if len(problems) > 3 else ''}"
    )
