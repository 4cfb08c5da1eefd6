"""Reads lines of characters and tags: columns, with or without a header, or two lines a text."""

import functools
import io
import itertools

from zhlabel.data.entities.layouts import DOCUMENT_START, PLAIN
from zhlabel.data.entities.sentences import NEXT_STEP, Sentence, find_entities, holds_tags, split_tokens, split_words
from zhlabel.data.tags import split_cell, split_tag
from zhlabel.errors import InputError
from zhlabel.io.delimited import read_table

_LINE_END = "\r\n"


def read_columns(path, stream, *, layout=PLAIN, header=False):
    """Read ``character tag`` a line, with blank lines between the texts.

    Args:
        path: the file's name, for messages.
        stream: the opened text.
        layout: what the lines hold, and what separates it.
        header: the first line names the columns.

    Returns:
        (list of (text, entities, line), list of notes on what is doubtful).

    Raises:
        InputError: a line with one column, or whose last word is no tag.
    """
    first = 1 + header
    # Few lines are different: some thousand characters with some tags.
    split = functools.lru_cache(maxsize=1 << 15)(layout.split)
    rows = enumerate(map(split, itertools.islice(stream, header, None)), first)
    sentences = [_make_sentence(path, block) for block in _split_blocks(rows, layout.index)]
    return find_entities(sentences)


def _split_blocks(rows, index):
    """Yield the rows of each text as (line, token, tag), apart by lines between them and by the numbers in front."""
    block, before = [], None
    for line, row in rows:
        if block and (row is None or (index and _begins_text(index, before, row[0]))):
            yield block
            block = []
        if row is not None:
            before, token, tag = row
            block.append((line, token, tag))
    if block:
        yield block


def _begins_text(index, before, number):
    return number != before if index == "text" else number <= before


def _make_sentence(path, block):
    lines, tokens, tags = zip(*block, strict=True)
    if None in tokens or not all(map(split_cell, tags)):
        for row in block:
            _check_row(path, *row)
    if len(block) > 1 and "" in tokens:
        tokens = [token or "\t" for token in tokens]
    return Sentence(lines[0], tokens, tags, lines)


def _check_row(path, line, token, tag):
    if token is None:
        raise InputError(
            f'{path}, line {line}: found one column, "{tag[:40]}", expected a character and its tag. {NEXT_STEP}'
        )
    if split_cell(tag) is None:
        raise InputError(
            f'{path}, line {line}: found "{tag[:40]}" in the place of the tag. {NEXT_STEP} Where another column than '
            "the last has the tags, name the columns in a first line, such as token<tab>tag<tab>pos."
        )


def read_named_columns(path, stream, *, header):
    """Read columns in the order that a header gives, separated by tabs, commas or blanks.

    Args:
        path: as ``read_columns``.
        stream: as ``read_columns``.
        header: the layouts.Header.

    Returns:
        As ``read_columns``.

    Raises:
        InputError: as ``read_columns``; a line with another number of columns.
    """
    lines = ("\n" if line.isspace() else line for line in stream)
    if header.delimiter == " ":
        lines = ("\t".join(line.split()) + "\n" for line in lines)
    _, rows = read_table(path, io.StringIO("".join(lines), newline="\n"))
    blocks, before, number = [], 0, ""
    for line, cells in rows:
        token, tag = cells[header.token], cells[header.tag].strip()
        if not token and not tag:
            continue
        new_number = cells[header.sentence] if header.sentence is not None else ""
        if line != before + 1 or new_number not in ("", number):
            blocks.append([])
        before, number = line, new_number or number
        blocks[-1].append((line, token or None, tag))
    return find_entities([_make_sentence(path, block) for block in blocks])


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
        if line.isspace() or line.startswith(DOCUMENT_START):
            continue
        if above is None:
            above = number, line
            continue
        pair = split_pair(above[1], line)
        if pair is None:
            raise InputError(_describe_misfit(path, *above, number, line))
        sentences.append(Sentence(above[0], *pair, [number] * len(pair[1])))
        above = None
    if above is not None:
        raise InputError(f"{path}, line {above[0]}: the file ends where a line with this line's tags is expected.")
    return find_entities(sentences)


def split_pair(text_line, tag_line):
    """Return as many tokens as tags, words between blanks or else each character, and the tags; None if that fails."""
    tags = split_words(tag_line)
    tokens = split_tokens(text_line.rstrip(_LINE_END), len(tags)) if holds_tags(tag_line) else None
    return None if tokens is None else (tokens, tags)


def _describe_misfit(path, text_number, text_line, tag_number, tag_line):
    tags, count = split_words(tag_line), len(split_words(text_line))
    wrong = next((tag for tag in tags if split_tag(tag) is None), None)
    if wrong is not None:
        return f'{path}, line {tag_number}: found "{wrong[:40]}" in a line of tags. {NEXT_STEP}'
    return (
        f"{path}, line {tag_number}: found {len(tags)} tags, expected one for each of the {count} words or of the "
        f"{len(text_line.strip())} characters in line {text_number}."
    )
