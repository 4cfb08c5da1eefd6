"""Entities <-> BIOES tags of tokens: the tag names, which may follow which, and the spans in between."""

import bisect
import functools
import re
from typing import NamedTuple

import numpy as np

IGNORED = -1  # the tag id of tokens that carry no text: [CLS], [SEP], padding
_TAG = re.compile(r'([BIMESLU])[-_]([^\s"]+)', re.IGNORECASE)
_TAG_IN_CELL = re.compile(r"([BIMESLU])[-_](\S|\S.*\S)", re.IGNORECASE)
_PREFIXES = {"L": "E", "U": "S"}  # BILOU's last and unit


class Entity(NamedTuple):
    """A named entity: half-open character span ``[start, end)`` of the text, and its type."""

    start: int
    end: int
    type: str


def list_tags(types, prefixes="BIES"):
    """Return the names of the K = 1 + 4 len(types) tags, in the order of their ids.

    Args:
        types: the entity types in the order of their ids.
        prefixes: "BI" for the names of the 1 + 2 len(types) tags that ``merge_tags`` gives.

    Returns:
        A tuple of K names: id 0 is O, then each type has B- (first token), I- (inside), E- (last) and S- (single).

    Reference: Ratinov & Roth 2009, "Design Challenges and Misconceptions in Named Entity Recognition", CoNLL, section
    3.2: more tags than BIO tell more of where entities end.

    >>> list_tags(("PER", "LOC"))
    ('O', 'B-PER', 'I-PER', 'E-PER', 'S-PER', 'B-LOC', 'I-LOC', 'E-LOC', 'S-LOC')
    """
    return ("O", *(f"{prefix}-{name}" for name in types for prefix in prefixes))


def mark_legal(types):
    """Mark the tags that may begin a text, and those that may follow another.

    I-x and E-x follow B-x and I-x, and only they do; a text ends with a tag that O may follow.

    Args:
        types: the entity types in the order of their ids.

    Returns:
        (starts: bool array [K], pairs: bool array [K, K]); tag j may follow tag i where ``pairs[i, j]``.

    >>> starts, pairs = mark_legal(("LOC",))
    >>> starts.tolist()
    [True, True, False, False, True]
    >>> pairs.astype(int).tolist()
    [[1, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [1, 1, 0, 0, 1], [1, 1, 0, 0, 1]]
    """
    tags = np.arange(1 + 4 * len(types))
    open_before, open_after = goes_on(tags), np.isin(tags % 4, (1, 2)) & (tags > 0)  # E and I; B and I
    same_type = (tags[:, None] - 1) // 4 == (tags - 1) // 4
    pairs = (open_after[:, None] == open_before) & (~open_before | same_type)
    return ~open_before, pairs


def goes_on(tags):
    """Describe which tags go on with an entity: I and E.

    Args:
        tags: int array of tag ids, any shape.

    Returns:
        A bool array of that shape.
    """
    return (tags > 0) & np.isin(tags % 4, (2, 3))


def merge_tags(tags):
    """Turn tags into BIO: S is B, E is I; the names are ``list_tags(types, "BI")``.

    Args:
        tags: int array of tag ids, any shape; IGNORED stays.

    >>> merge_tags(np.array([-1, 0, 1, 2, 3, 4, 5, 7, 8])).tolist()
    [-1, 0, 1, 2, 2, 1, 3, 4, 3]
    """
    return np.where(tags > 0, 1 + 2 * ((tags - 1) // 4) + goes_on(tags), tags)


def encode_entities(entities, offsets, types):
    """Turn the entities of one text into the tag of each token.

    A token that overlaps an entity belongs to it, even where it is longer; the first such token gets B, the last E, an
    only one S. A token that overlaps two belongs to the earlier one. Tags can't tell entities that overlap one another:
    of two the longer one stays, of equally long ones the first; evaluation counts the others as missed. An entity
    without a token (behind the cut) has no tag.

    Args:
        entities: Entity records of the text, in any order; their types are among ``types``.
        offsets: int array [T, 2], half-open character spans in the text's order; several tokens may share one. An
            empty span is a token without text.
        types: the entity types in the order of their ids.

    Returns:
        int32 array [T] of tag ids; IGNORED for tokens without text.

    >>> offsets = [(0, 0), (0, 1), (1, 2), (2, 3), (0, 0)]
    >>> encode_entities([Entity(0, 2, "LOC")], offsets, ("PER", "LOC")).tolist()
    [-1, 5, 7, 0, -1]
    """
    starts, ends = np.asarray(offsets).reshape(-1, 2).T
    tags = np.where(starts < ends, 0, IGNORED).astype(np.int32)
    ids = {name: 1 + 4 * i for i, name in enumerate(types)}
    for entity in drop_overlapping(entities):
        tokens = np.flatnonzero((starts < entity.end) & (ends > entity.start) & (tags == 0))
        if len(tokens):
            tags[tokens] = ids[entity.type] + 1
            tags[tokens[-1]] += 1
            tags[tokens[0]] = ids[entity.type] + (3 if len(tokens) == 1 else 0)
    return tags


def drop_overlapping(entities):
    """Leave out the entities that overlap a longer, or an equally long and earlier, one.

    Args:
        entities: Entity records.

    Returns:
        A list by start.

    >>> drop_overlapping([Entity(1, 4, "LOC"), Entity(3, 5, "LOC"), Entity(0, 1, "PER")])
    [Entity(start=0, end=1, type='PER'), Entity(start=1, end=4, type='LOC')]
    """
    kept = []
    for entity in sorted(entities, key=lambda entity: (entity.start - entity.end, entity.start)):
        place = bisect.bisect(kept, entity)
        before, after = kept[max(place - 1, 0) : place], kept[place : place + 1]
        if all(each.end <= entity.start for each in before) and all(each.start >= entity.end for each in after):
            kept.insert(place, entity)
    return kept


def decode_entities(tags, offsets, types):
    """Turn one legal path of tags into entities, each from the start of its first token to the end of its last.

    Spaces between the tokens are thus inside. B and S begin an entity even after another of its type; IGNORED, or the
    array's end, ends one that has no E. Where tokens share a character, so that two entities would overlap, the longer
    one stays, else the first.

    Args:
        tags: int array [T] of tag ids, in which I-x and E-x only follow B-x or I-x.
        offsets: int array [T, 2], half-open character spans in the text's order.
        types: the entity types in the order of their ids.

    Returns:
        A list of Entity records by start.

    >>> decode_entities([-1, 1, 3, 4, -1], [(0, 0), (0, 1), (2, 3), (3, 4), (0, 0)], ("LOC",))
    [Entity(start=0, end=3, type='LOC'), Entity(start=3, end=4, type='LOC')]
    """
    tags, offsets = np.asarray(tags), np.asarray(offsets).reshape(-1, 2)
    inside = goes_on(tags)
    begins = np.flatnonzero((tags > 0) & ~inside)
    stops = np.append(np.flatnonzero(~inside), len(tags))
    lasts = stops[np.searchsorted(stops, begins, side="right")] - 1
    spans = zip(offsets[begins, 0].tolist(), offsets[lasts, 1].tolist(), tags[begins].tolist(), strict=True)
    return drop_overlapping([Entity(start, end, types[(tag - 1) // 4]) for start, end, tag in spans])


@functools.lru_cache(maxsize=4096)
def split_tag(tag):
    """Split a file's tag into its prefix and its entity type, or give None for a word that is no tag.

    Prefix and type are joined by "-" or "_"; what follows the first of them is the type, hyphens included. BILOU's L
    and U are E and S.

    Args:
        tag: a word such as "B-LOC", "i_loc" or "O".

    Returns:
        (one of B I M E S, type), ("O", ""), or None.

    >>> split_tag("B-LOC"), split_tag("u_per-name"), split_tag("O"), split_tag("LOC")
    (('B', 'LOC'), ('S', 'per-name'), ('O', ''), None)
    """
    return _split(tag, _TAG)


@functools.lru_cache(maxsize=4096)
def split_cell(tag):
    """Split a tag as ``split_tag`` does, where it is known where it ends: its type may hold blanks and quotation marks.

    >>> split_tag("B-Org Name"), split_cell("B-Org Name")
    (None, ('B', 'Org Name'))
    """
    return _split(tag, _TAG_IN_CELL)


def _split(tag, pattern):
    if tag in ("O", "o"):
        return "O", ""
    match = pattern.fullmatch(tag)
    return (_PREFIXES.get(match[1].upper(), match[1].upper()), match[2]) if match else None


def read_tag_spans(tags, *, has_ends=None):
    """Find the entities in a text's tags; equal to seqeval's strict result where they are legal.

    The rule for illegal sequences: what begins without its B (I-x, M-x or E-x after anything but B-x, I-x or M-x)
    begins an entity there; a new type ends the old entity; where the file marks ends, an entity without E ends where
    it stops. Each such place is reported.

    Args:
        tags: T strings in BIO, BMES, BIOES or BILOU, each of which ``split_cell`` can split.
        has_ends: whether the file marks ends with E, so that a missing one is wrong; None: it does if these tags hold
            an M or E.

    Returns:
        (list of (start, end, type), half-open in places; list of (place, what is wrong)), both in order.

    >>> read_tag_spans(["B-LOC", "I-LOC", "O", "I-PER"])
    ([(0, 2, 'LOC'), (3, 4, 'PER')], [(3, 'I-PER after O')])
    """
    pieces = list(map(split_cell, tags))
    if has_ends is None:
        has_ends = any(prefix in "ME" for prefix, _ in pieces)
    spans, problems, start, before = [], [], 0, None  # before: the type of the entity that is open at this place
    for place, (prefix, name) in enumerate(pieces):
        goes_on = prefix in "IME" and name == before
        if before is not None and not goes_on:
            spans.append((start, place, before))
        if (prefix in "IME" and not goes_on) or (has_ends and before is not None and not goes_on):
            problems.append((place, f"{tags[place]} {f'after {tags[place - 1]}' if place else 'at the beginning'}"))
        if prefix != "O" and not goes_on:
            start = place
        before = name if prefix in "BIM" else None
        if prefix in "ES":
            spans.append((start, place + 1, name))
    if before is not None:
        spans.append((start, len(tags), before))
        if has_ends:
            problems.append((len(tags) - 1, f"{tags[-1]} at the end"))
    return spans, problems
