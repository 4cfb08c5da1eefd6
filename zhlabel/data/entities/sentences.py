"""Tokens with a tag each, from whatever file, -> a text with entities; and what its tags break of the rules."""

import itertools
from typing import NamedTuple

from zhlabel.data.tags import Entity, read_tag_spans, split_cell, split_tag

BLANKS = " \t"
NEXT_STEP = (
    "Expected O or a prefix (B, I, M, E, S, L, U) with a type, such as B-LOC; data/ner.train.bio shows the form."
)


class Sentence(NamedTuple):
    """The T tokens of one text, their T tags, and the line of each tag.

    Attributes:
        line: where the text begins.
        tokens: characters or words; the text is these joined without anything between, unless ``text`` is given.
        tags: strings that ``split_cell`` takes.
        tag_lines: T line numbers.
        text: the text, in which the tokens stand in this order.
    """

    line: int
    tokens: list | tuple
    tags: list | tuple
    tag_lines: list | range
    text: str | None = None


def holds_tags(line):
    """Return whether a line holds tags alone, separated by blanks, at least one.

    Args:
        line: with or without its line end.

    >>> holds_tags("B-LOC I-LOC O"), holds_tags("北 O"), holds_tags(" ")
    (True, False, False)
    """
    words = split_words(line)
    return bool(words) and all(map(split_tag, words))


def split_words(line):
    """Return the words of a line between blanks and tabs; other white space, such as U+3000, is a character."""
    return [word for word in line.rstrip("\r\n").replace("\t", " ").split(" ") if word]


def split_tokens(text, count):
    """Return the ``count`` tokens of a text, words between blanks or else each character; None where neither fits.

    Args:
        text: one line, without its end.
        count: how many there are tags.

    >>> split_tokens("王 小明", 2), split_tokens("北京", 2), split_tokens("北京", 3)
    (['王', '小明'], ['北', '京'], None)
    """
    forms = (split_words(text), list(text), list(text.strip(BLANKS)))
    return next((tokens for tokens in forms if len(tokens) == count), None)


def find_entities(sentences):
    """Turn each text's tags into entities; whether ends are marked is told by all of them.

    Args:
        sentences: Sentences.

    Returns:
        (list of (text, entities, line), list of notes on what is doubtful).
    """
    tags = set().union(*(sentence.tags for sentence in sentences))
    has_ends = any(split_cell(tag)[0] in "ME" for tag in tags)
    records, problems = [], []
    for sentence in sentences:
        spans, wrong = read_tag_spans(sentence.tags, has_ends=has_ends)
        places = place_tokens(sentence.tokens, sentence.text) if spans else []
        entities = [Entity(places[start][0], places[end - 1][1], name) for start, end, name in spans]
        text = "".join(sentence.tokens) if sentence.text is None else sentence.text
        records.append((text, entities, sentence.line))
        problems += [(sentence.tag_lines[place], reason) for place, reason in wrong]
    return records, [_describe_problems(problems)] if problems else []


def place_tokens(tokens, text=None):
    """Return the half-open span of each token in a text where they stand in this order; None where they don't.

    Args:
        tokens: strings.
        text: the text; None: the tokens joined.

    >>> place_tokens(["New", "York"]), place_tokens(["New", "York"], "New  York"), place_tokens(["York"], "New")
    ([(0, 3), (3, 7)], [(0, 3), (5, 9)], None)
    """
    if text is None:
        return list(itertools.pairwise([0, *itertools.accumulate(map(len, tokens))]))
    places, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0:
            return None
        end = start + len(token)
        places.append((start, end))
    return places


def _describe_problems(problems):
    places = "; ".join(f"line {line}: {reason}" for line, reason in problems[:3])
    return (
        f"illegal tags: {len(problems):,}. What lacks its B begins an entity; a new type or a missing E ends one. "
        f"{places}{' ...' if len(problems) > 3 else ''}"
    )
