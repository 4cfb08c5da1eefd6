"""lost.py: exactly the entities are named that do not come back from tags, each with its reason."""

import numpy as np
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.data import lost
from zhlabel.data.tags import Entity, decode_entities, encode_entities
from zhlabel.data.tokenizer import Encodings, Tokenizer

TOKENIZER = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
TYPES = ("LOC", "PER")
SPANS = st.tuples(st.integers(0, 8), st.integers(1, 4))
ENTITIES = st.lists(st.builds(lambda span, kind: Entity(span[0], sum(span), kind), SPANS, st.sampled_from(TYPES)))


def find(text, *entities, max_length=40, long_text="cut"):
    table = TOKENIZER.encode([text], max_length=max_length, long_text=long_text)
    return lost.list_lost([[Entity(*each, "PER") for each in entities]], table)[0]


@given(st.lists(SPANS, max_size=8), ENTITIES)
def test_what_is_lost_is_what_tags_do_not_give_back(spans, entities):
    offsets = np.array([(0, 0), *sorted((start, start + size) for start, size in spans), (0, 0)], np.int32)
    count, entities = len(offsets), list(dict.fromkeys(entities))
    one = np.zeros(1, np.int64)
    table = Encodings(np.zeros(count, np.int32), np.array([0, count]), np.array([count]), offsets, one, one)
    found = decode_entities(encode_entities(entities, offsets[1:-1], TYPES), offsets[1:-1], TYPES)
    assert set(lost.list_lost([entities], table)[0]) == set(entities) - set(found)


@pytest.mark.parametrize(
    ("text", "span", "reason"),
    [
        ("公司宣布王小明", (4, 7), ""),
        ("公司 宣布", (0, 3), lost.BARE_BORDER),
        ("公司\u200b宣布", (2, 5), lost.BARE_BORDER),
        ("公司 宣布", (0, 5), ""),  # a blank inside is no border
        ("公司xyz", (2, 4), lost.INSIDE),
        ("公司xyz", (2, 5), ""),
    ],
)
def test_the_reason_of_one_entity(text, span, reason):
    assert list(find(text, span).values()) == ([reason] if reason else [])


def test_the_shorter_of_two_that_overlap_is_lost():
    assert find("公司宣布王小明", (0, 2), (1, 4)) == {Entity(0, 2, "PER"): lost.OVERLAPPING}


def test_what_lies_behind_the_cut_is_lost_and_in_windows_nothing_is():
    text = "公司宣布王小明李四"
    assert find(text, (0, 2), (6, 9), max_length=9) == {Entity(6, 9, "PER"): lost.CUT}
    assert find(text, (0, 2), (6, 9), max_length=9, long_text="windows") == {}
    assert find("王小明 ", (0, 4)) == {Entity(0, 4, "PER"): lost.BARE_BORDER}  # the end, but nothing is cut


def test_the_parts_of_hangul_that_share_a_character_are_walked_through():
    jamo = "\u1100\u1161\u1102"
    tokenizer = Tokenizer({token: i for i, token in enumerate([*toy.VOCABULARY[:5], jamo, "##\u1161"])})
    table = tokenizer.encode(["가나"], max_length=9)
    assert table.offsets.tolist() == [[0, 0], [0, 2], [1, 2], [0, 0]]
    gold = [Entity(1, 2, "PER")]
    assert lost.list_lost([gold], table) == [{gold[0]: lost.INSIDE}]
