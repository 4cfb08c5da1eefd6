"""tags.py: tags and entities are two ways to say the same, and every illegal sequence is read by one rule."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhlabel.data.tags import (
    IGNORED,
    Entity,
    decode_entities,
    encode_entities,
    list_tags,
    mark_legal,
    merge_tags,
    read_tag_spans,
    split_tag,
)

TYPES = ("LOC", "PER")
OUT, B_LOC, I_LOC, E_LOC, S_LOC, B_PER, I_PER, E_PER, S_PER = range(9)


def place_characters(count):
    """Return the offsets of [CLS], a token for each of the characters, [SEP]."""
    return np.array([(0, 0), *((i, i + 1) for i in range(count)), (0, 0)])


def encode_characters(entities, count):
    return encode_entities(entities, place_characters(count), TYPES).tolist()[1:-1]


def test_a_type_has_four_tags_after_the_first_which_is_no_entity():
    loc, per = (tuple(f"{prefix}-{name}" for prefix in "BIES") for name in TYPES)
    assert list_tags(TYPES) == ("O", *loc, *per)
    assert list_tags(()) == ("O",)


@pytest.mark.parametrize("types", [(), ("LOC",), ("A-B", "B", "C")])
def test_inside_and_end_follow_only_their_own_begin_or_inside_and_nothing_else_does(types):
    names = list_tags(types)
    starts, pairs = mark_legal(types)
    assert starts.dtype == pairs.dtype == bool and pairs.shape == (len(names), len(names))
    assert starts.tolist() == [name[0] in "OBS" for name in names]
    for i, j in itertools.product(range(len(names)), repeat=2):
        expected = names[i][0] in "OES" and names[j][0] in "OBS"
        expected |= names[i][0] in "BI" and names[j][0] in "IE" and names[i][2:] == names[j][2:]
        assert pairs[i, j] == expected, (names[i], names[j])


def test_merged_tags_are_bio():
    names, merged = list_tags(TYPES), list_tags(TYPES, "BI")
    expected = [name.replace("S-", "B-").replace("E-", "I-") for name in names]
    assert [merged[tag] for tag in merge_tags(np.arange(len(names)))] == expected
    assert merge_tags(np.array([IGNORED])).tolist() == [IGNORED]


def test_an_entity_has_a_first_and_a_last_token_or_one_and_tokens_without_text_are_ignored():
    tags = encode_entities([Entity(1, 3, "PER"), Entity(3, 4, "PER")], place_characters(5), TYPES)
    assert tags.dtype == np.int32
    assert tags.tolist() == [IGNORED, OUT, B_PER, E_PER, S_PER, OUT, IGNORED]


def test_a_text_without_entities_or_without_tokens_has_no_entity_tag():
    assert encode_characters([], 2) == [OUT, OUT]
    assert encode_entities([], np.zeros((0, 2)), TYPES).tolist() == []
    assert decode_entities([], np.zeros((0, 2)), TYPES) == []


def test_a_token_that_is_longer_than_the_entity_belongs_to_it():
    offsets = [(0, 4), (4, 5), (5, 9)]
    assert encode_entities([Entity(1, 2, "LOC")], offsets, TYPES).tolist() == [S_LOC, OUT, OUT]
    assert encode_entities([Entity(3, 6, "LOC")], offsets, TYPES).tolist() == [B_LOC, I_LOC, E_LOC]


def test_a_token_that_overlaps_two_entities_belongs_to_the_earlier():
    entities = [Entity(2, 5, "PER"), Entity(0, 2, "LOC")]
    assert encode_entities(entities, [(0, 1), (1, 3), (3, 5)], TYPES).tolist() == [B_LOC, E_LOC, S_PER]


def test_tokens_that_share_a_character_share_its_entity():
    offsets = [(0, 1), (0, 1), (1, 2), (1, 2)]
    tags = encode_entities([Entity(0, 2, "LOC")], offsets, TYPES)
    assert tags.tolist() == [B_LOC, I_LOC, I_LOC, E_LOC]
    assert decode_entities(tags, offsets, TYPES) == [Entity(0, 2, "LOC")]


def test_two_entities_decoded_in_one_character_are_one():
    assert decode_entities([S_LOC, B_PER, E_PER], [(0, 1), (0, 1), (1, 2)], TYPES) == [Entity(0, 2, "PER")]
    assert decode_entities([S_LOC, S_PER], [(0, 1), (0, 1)], TYPES) == [Entity(0, 1, "LOC")]


def test_an_entity_that_no_token_reaches_has_no_tag_and_one_that_is_cut_keeps_what_is_left():
    assert encode_characters([Entity(3, 6, "LOC"), Entity(7, 9, "PER")], 5) == [OUT, OUT, OUT, B_LOC, E_LOC]


def test_of_overlapping_entities_the_longer_stays_and_of_equal_ones_the_first():
    assert encode_characters([Entity(0, 2, "PER"), Entity(0, 4, "LOC")], 4) == [B_LOC, I_LOC, I_LOC, E_LOC]
    assert encode_characters([Entity(2, 4, "PER"), Entity(1, 3, "LOC")], 4) == [OUT, B_LOC, E_LOC, OUT]
    assert encode_characters([Entity(1, 3, "PER"), Entity(1, 3, "LOC")], 4) == [OUT, B_PER, E_PER, OUT]
    # The middle one loses to the last, so the first has nothing to lose to.
    entities = [Entity(0, 2, "PER"), Entity(1, 4, "LOC"), Entity(3, 7, "PER")]
    assert encode_characters(entities, 7) == [B_PER, E_PER, OUT, B_PER, I_PER, I_PER, E_PER]


def test_an_unknown_type_is_not_passed_over():
    with pytest.raises(KeyError):
        encode_characters([Entity(0, 1, "ORG")], 2)


def test_adjacent_entities_of_one_type_stay_two_and_the_last_token_is_kept():
    tags = [IGNORED, B_LOC, E_LOC, S_LOC, B_LOC, E_LOC, IGNORED]
    assert decode_entities(tags, place_characters(5), TYPES) == [
        Entity(0, 2, "LOC"),
        Entity(2, 3, "LOC"),
        Entity(3, 5, "LOC"),
    ]


def test_an_entity_without_an_end_ends_at_a_token_without_text_or_with_the_array():
    assert decode_entities([B_LOC, IGNORED, IGNORED], [(0, 1), (0, 0), (0, 0)], TYPES) == [Entity(0, 1, "LOC")]
    assert decode_entities([OUT, B_PER, I_PER], [(0, 1), (1, 2), (2, 4)], TYPES) == [Entity(1, 4, "PER")]


def test_what_lies_between_the_tokens_of_an_entity_is_inside():
    assert decode_entities([B_PER, E_PER], [(2, 5), (8, 9)], TYPES) == [Entity(2, 9, "PER")]


def test_decoded_numbers_and_names_are_plain_python():
    entity = decode_entities(np.array([S_PER], np.int32), np.array([(0, 1)], np.int32), TYPES)[0]
    assert [type(value) for value in entity] == [int, int, str]


WORDS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", *TYPES])), max_size=12)


@given(WORDS)
def test_entities_survive_tags_and_back(words):
    entities, place = [], 0
    for length, name in words:
        if name and length:
            entities.append(Entity(place, place + length, name))
        place += length
    offsets = place_characters(place)
    assert decode_entities(encode_entities(entities, offsets, TYPES), offsets, TYPES) == entities


SPANS = st.tuples(st.integers(0, 8), st.integers(1, 4), st.sampled_from(TYPES))
ENTITIES = st.lists(SPANS.map(lambda span: Entity(span[0], span[0] + span[1], span[2])), max_size=6)
GAPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=8)


@given(ENTITIES, GAPS)
def test_any_entities_over_any_tokens_give_a_legal_path_of_some_of_them(entities, gaps):
    ends = np.cumsum([gap + length for gap, length in gaps], dtype=int)
    offsets = np.array([(end - length, end) for end, (_, length) in zip(ends, gaps, strict=True) if length] or [])
    tags = encode_entities(entities, offsets, TYPES)
    starts, pairs = mark_legal(TYPES)
    assert all(starts[tags[:1]]) and all(pairs[tags[:-1], tags[1:]]) and all(pairs[tags[-1:], 0])
    for found in decode_entities(tags, offsets, TYPES):
        assert any(
            found.type == entity.type and found.start < entity.end and found.end > entity.start for entity in entities
        )


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("O", ("O", "")),
        ("o", ("O", "")),
        ("B-LOC", ("B", "LOC")),
        ("i_LOC", ("I", "LOC")),
        ("M-ORG_x-y", ("M", "ORG_x-y")),
        ("e-人名", ("E", "人名")),
        ("S--", ("S", "-")),
        *((word, None) for word in ("", "B", "B-", "LOC", "X-LOC", "BB-LOC", "0", "B LOC", 'B-x"}', "OO")),
    ],
)
def test_a_tag_is_a_prefix_and_a_type(tag, expected):
    assert split_tag(tag) == expected


LEGAL = {
    "BIO": ("B-x I-x O B-y B-y I-y", [(0, 2, "x"), (3, 4, "y"), (4, 6, "y")]),
    "BIO, underscores and lower case": ("b_x i_x o b_y", [(0, 2, "x"), (3, 4, "y")]),
    "BMES": ("B-x M-x M-x E-x S-x B-y E-y O", [(0, 4, "x"), (4, 5, "x"), (5, 7, "y")]),
    "BIOES": ("S-x B-x I-x E-x O S-y", [(0, 1, "x"), (1, 4, "x"), (5, 6, "y")]),
    "BIO with S": ("S-x B-x I-x O B-y", [(0, 1, "x"), (1, 3, "x"), (4, 5, "y")]),
    "types with hyphens": ("B-a-b I-a-b B-a I-a", [(0, 2, "a-b"), (2, 4, "a")]),
    "no entity": ("O O", []),
    "no tag": ("", []),
}


@pytest.mark.parametrize("case", LEGAL)
def test_legal_tags_give_their_entities_and_nothing_to_report(case):
    tags, spans = LEGAL[case]
    assert read_tag_spans(tags.split()) == (spans, [])


ILLEGAL = {
    "inside after nothing": ("O I-x I-x", [(1, 3, "x")], [(1, "I-x after O")]),
    "inside at the beginning": ("I-x O", [(0, 1, "x")], [(0, "I-x at the beginning")]),
    "another type": ("B-x I-y I-y", [(0, 1, "x"), (1, 3, "y")], [(1, "I-y after B-x")]),
    "inside after a single": ("S-x I-x", [(0, 1, "x"), (1, 2, "x")], [(1, "I-x after S-x")]),
    "middle after an end": ("B-x E-x M-x E-x", [(0, 2, "x"), (2, 4, "x")], [(2, "M-x after E-x")]),
    "end alone": ("O E-x O", [(1, 2, "x")], [(1, "E-x after O")]),
    "without an end": ("B-x M-x O S-x", [(0, 2, "x"), (3, 4, "x")], [(2, "O after M-x")]),
    "the next begins before the end": ("B-x B-x E-x", [(0, 1, "x"), (1, 3, "x")], [(1, "B-x after B-x")]),
    "a single before the end": ("B-x M-x S-x", [(0, 2, "x"), (2, 3, "x")], [(2, "S-x after M-x")]),
    "unfinished at the end": ("O B-x M-x", [(1, 3, "x")], [(2, "M-x at the end")]),
    "wrong at both sides": (
        "M-x M-y",
        [(0, 1, "x"), (1, 2, "y")],
        [(0, "M-x at the beginning"), (1, "M-y after M-x"), (1, "M-y at the end")],
    ),
}


@pytest.mark.parametrize("case", ILLEGAL)
def test_illegal_tags_are_read_by_the_rule_and_reported(case):
    tags, spans, problems = ILLEGAL[case]
    assert read_tag_spans(tags.split()) == (spans, problems)


def test_whether_a_missing_end_is_wrong_can_be_told():
    tags = ["B-x", "I-x", "O", "B-x"]
    spans = [(0, 2, "x"), (3, 4, "x")]
    assert read_tag_spans(tags, has_ends=False) == (spans, [])
    assert read_tag_spans(tags, has_ends=True) == (spans, [(2, "O after I-x"), (3, "B-x at the end")])
    assert read_tag_spans(["B-x", "M-x", "O"], has_ends=False) == ([(0, 2, "x")], [])


def write_tags(words, scheme):
    """Write spans as legal tags: a list of (length, type or "")."""
    tags = []
    for length, name in words:
        if not name:
            tags += ["O"] * length
        elif scheme == "IOB2":
            tags += [f"B-{name}"] + [f"I-{name}"] * (length - 1)
        else:
            tags += [f"B-{name}", *[f"I-{name}"] * (length - 2), f"E-{name}"] if length > 1 else [f"S-{name}"]
    return tags


TAGGED = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "x", "y-z"])), min_size=1, max_size=8)


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES"])
@given(words=TAGGED)
def test_legal_tags_give_the_spans_that_they_were_written_from(scheme, words):
    ends = itertools.accumulate(length for length, _ in words)
    spans = [(end - length, end, name) for (length, name), end in zip(words, ends, strict=True) if name]
    assert read_tag_spans(write_tags(words, scheme)) == (spans, [])


@settings(deadline=None)
@given(tags=st.lists(st.sampled_from(["O", "B-x", "I-x", "E-x", "S-x", "B-y", "I-y", "E-y", "S-y"]), max_size=8))
def test_any_tags_give_spans_in_order_over_all_that_is_not_outside(tags):
    spans, problems = read_tag_spans(tags)
    covered = [place for start, end, _ in spans for place in range(start, end)]
    assert covered == [place for place, tag in enumerate(tags) if tag != "O"]
    assert all({split_tag(tag)[1] for tag in tags[start:end]} == {name} for start, end, name in spans)
    assert [place for place, _ in problems] == sorted(place for place, _ in problems)
    assert (problems == []) == (write_back(spans, tags) == tags)


def write_back(spans, tags):
    """Write the spans as legal tags of the scheme that these tags have."""
    ends = any(tag[0] == "E" for tag in tags)
    legal = ["O"] * len(tags)
    for start, end, name in spans:
        single = tags[start][0] == "S" or (ends and end - start == 1)
        legal[start:end] = [f"S-{name}"] if single else [f"B-{name}", *[f"I-{name}"] * (end - start - 1)]
        if ends and not single:
            legal[end - 1] = f"E-{name}"
    return legal
