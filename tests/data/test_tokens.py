"""tokens.py: the same ids as bert4keras's tokenizer, spans that slice the text, and a cut that is counted."""

import csv
import importlib
import unicodedata

import numpy as np
import pytest
import toy
from hypothesis import example, given
from hypothesis import strategies as st

from zhlabel.data.tokenizer import SPECIAL_TOKENS, Tokenizer, read_vocabulary
from zhlabel.errors import InputError

ROOT = toy.ROOT
VOCABULARY = read_vocabulary(ROOT / "albert_tiny" / "vocab.txt")
TOKENS = list(VOCABULARY)
ENCODER = Tokenizer(VOCABULARY)
# Python and the tokenizers library know different versions of Unicode, so they are compared on what has not changed.
SETTLED = [
    character
    for character in map(chr, range(0x30000))
    if unicodedata.category(character) == unicodedata.ucd_3_2_0.category(character)
    and unicodedata.category(character) not in ("Cn", "Co", "Cs")
    and character != "Σ"  # lower case as a word's last letter: ς to Python, σ to the library
]
LIKELY = [
    *" \t\n\r\u3000\u200b\ufeff\0\x85\u2028[]#'’“”，。、！？·—…éÉàñüßİıſ%％Ａａ１①²Ⅷ㎡가ガ々〇",
    *(" word ", "[SEP]", "[CLS]", "##", "iPhone15", "裁员", "𠮷", "🙂", "a\u0301", "e" * 70, "字" * 10),
]
ANY_TEXT = st.lists(st.one_of(st.sampled_from(SETTLED), st.sampled_from(LIKELY), st.sampled_from(TOKENS))).map("".join)


@pytest.fixture(scope="module")
def judge():
    from zhlabel.backend import bert4keras

    return importlib.import_module(f"{bert4keras.__name__}.tokenizers").Tokenizer(dict(VOCABULARY), do_lower_case=True)


def encode(text, max_length=100_000):
    table = ENCODER.encode([text], max_length=max_length)
    return table.token_ids.tolist(), table.offsets.tolist()


def read_bundled_texts():
    for split in ("train", "dev", "test"):
        with open(ROOT / "data" / f"{split}.csv", encoding="utf-8", newline="") as stream:
            yield from (row["content"] for row in csv.DictReader(stream))


def test_bundled_texts_have_the_ids_of_bert4keras(judge):
    texts = list(read_bundled_texts())
    table = ENCODER.encode(texts, max_length=512)
    assert len(table) == len(texts) > 1_200
    for text, start, end in zip(texts, table.starts, table.starts[1:], strict=False):
        assert table.token_ids[start:end].tolist() == judge.encode(text)[0], text


def test_every_settled_character_inside_a_word_has_the_ids_of_bert4keras(judge):
    assert len(SETTLED) > 90_000
    for first in range(0, len(SETTLED), 500):
        characters = SETTLED[first : first + 500]
        text = " ".join(f"a{character}1" for character in characters)
        if encode(text)[0] != judge.encode(text)[0]:
            wrong = [hex(ord(c)) for c in characters if encode(f"a{c}1")[0] != judge.encode(f"a{c}1")[0]]
            raise AssertionError(f"{wrong} in {text!r}")


@given(ANY_TEXT)
@example("a" * 200 + " " + "a" * 201)
@example("ＡＢＣ Café naïve")
def test_random_texts_have_the_ids_of_bert4keras(judge, text):
    assert encode(text)[0] == judge.encode(text)[0]


def test_a_private_use_character_is_left_out(judge):
    assert encode("公\ue000司")[0] == encode("公司")[0]
    assert judge.encode("公\ue000司")[0] != encode("公司")[0]  # the difference that the docstring names


@given(st.lists(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(LIKELY))).map("".join))
def test_spans_are_in_order_inside_the_text_and_none_is_empty(text):
    ids, spans = encode(text)
    assert spans[0] == spans[-1] == [0, 0] and len(spans) == len(ids)
    last_end, last_span = 0, None
    for start, end in spans[1:-1]:
        assert 0 <= start < end <= len(text)
        assert start >= last_end or (start, end) == last_span  # one character such as ㎡ may become several tokens
        last_end, last_span = end, (start, end)


def test_spans_slice_the_original_text():
    text = " 苹果iPhone15\tCafé𠮷，公司\u200b裁员🙂"
    ids, spans = encode(text)
    assert [text[start:end] for start, end in spans[1:3]] == ["苹", "果"]
    pieces = {}
    for number, (start, end) in zip(ids[1:-1], spans[1:-1], strict=True):
        pieces[text[start:end]] = TOKENS[number]
    for piece in ("公", "司", "裁", "员", "，"):
        assert pieces[piece] == piece
    covered = {place for start, end in spans for place in range(start, end)}
    left_out = {character for place, character in enumerate(text) if place not in covered}
    assert left_out <= set(" \t\u200b")


def test_each_chinese_character_is_covered_by_exactly_its_own_token():
    for text in ("北京今日地震", "一，二。三"):
        assert encode(text)[1][1:-1] == [[place, place + 1] for place in range(len(text))]


def test_names_of_special_tokens_in_a_text_are_only_text():
    special = {VOCABULARY[token] for token in SPECIAL_TOKENS if token != "[UNK]"}
    for text in ("[SEP]", "甲[SEP]乙", "[CLS] [PAD] [MASK]", "[sep]"):
        ids, spans = encode(text)
        assert ids[0] == VOCABULARY["[CLS]"] and ids[-1] == VOCABULARY["[SEP]"]
        assert not special & set(ids[1:-1])
        assert VOCABULARY["["] in ids and VOCABULARY["]"] in ids
        assert "".join(text[start:end] for start, end in spans[1:-1]) == text.replace(" ", "")


def test_an_empty_text_has_the_two_special_tokens():
    for text in ("", "  \n\u3000", "\0\u200b"):
        assert encode(text) == ([VOCABULARY["[CLS]"], VOCABULARY["[SEP]"]], [[0, 0], [0, 0]])


def test_no_texts_make_an_empty_table():
    table = ENCODER.encode([], max_length=8)
    assert len(table) == 0 and table.lengths.shape == (0,) and table.truncated == 0
    assert table.offsets.shape == (0, 2) and table.starts.tolist() == [0]


def test_what_is_cut_is_counted_and_the_end_stays():
    texts = ["一" * count for count in (0, 3, 4, 5, 50)]
    table = ENCODER.encode(texts, max_length=6)
    assert table.lengths.tolist() == [2, 5, 6, 6, 6]
    assert table.full_lengths.tolist() == [2, 5, 6, 7, 52]
    assert table.truncated == 2
    assert (table.token_ids[table.starts[1:] - 1] == VOCABULARY["[SEP]"]).all()
    assert (table.token_ids[table.starts[:-1]] == VOCABULARY["[CLS]"]).all()


def test_the_cut_keeps_the_beginning(judge):
    text = "北京公司今日宣布裁员" * 5
    for max_length in (2, 3, 10, 51, 52, 53):
        assert encode(text, max_length)[0] == judge.encode(text, maxlen=max_length)[0]


def test_many_texts_are_encoded_as_each_alone(monkeypatch):
    monkeypatch.setattr("zhlabel.data.tokenizer._BATCH_TEXTS", 3)
    texts = ["", "甲", "北京a1", "x" * 30, "公司", "，", "裁员"]
    table = ENCODER.encode(texts, max_length=7)
    for place, text in enumerate(texts):
        span = slice(table.starts[place], table.starts[place + 1])
        assert (table.token_ids[span].tolist(), table.offsets[span].tolist()) == encode(text, 7)
    assert (table.token_ids.dtype, table.offsets.dtype) == (np.int32, np.int32)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_vocabulary_is_numbered_by_its_lines(tmp_path, encoding, line_end):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "一", "\u2028", "##a"]
    (tmp_path / "vocab.txt").write_bytes(line_end.join([*tokens, ""]).encode(encoding))
    assert read_vocabulary(tmp_path / "vocab.txt") == {token: i for i, token in enumerate(tokens)}


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "一", "二", "一"], 'line 7: the token "一" stands on line 5 already'),
        (["[PAD]", "[UNK]", "一"], r"its 3 lines lack \[CLS\], \[SEP\]"),
        (["[UNK]", "[PAD]", "[CLS]", "[SEP]"], r"\[PAD\] is on line 2, expected on line 1"),
        ([], "its 0 lines lack"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path, tokens, problem):
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    with pytest.raises(InputError, match=r"vocab\.txt.*" + problem):
        read_vocabulary(tmp_path / "vocab.txt")
