"""Long texts: what each mode keeps, that windows cover everything, and that stitching gives every token once."""

import numpy as np
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.data.tokenizer import Tokenizer
from zhlabel.data.windows import assign_tokens, pool_windows, stitch_tokens

ENCODER = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
LETTERS = [token for token in toy.VOCABULARY if len(token) == 1 and not token.isascii()]
LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=6)


def make_texts(lengths):
    random = np.random.default_rng(sum(lengths))
    return ["".join(random.choice(LETTERS, length)) for length in lengths]


@given(LENGTHS, st.integers(3, 20))
def test_windows_stitched_give_every_token_of_every_text_once_and_in_order(lengths, max_length):
    texts = make_texts(lengths)
    table = ENCODER.encode(texts, max_length=max_length, long_text="windows")
    assert table.lengths.max() <= max_length and len(table.full_lengths) == len(texts)
    assert table.truncated == 0 and table.windowed == sum(length > max_length - 2 for length in lengths)
    ids, offsets = stitch_tokens(table, table.token_ids, table.offsets)
    whole = ENCODER.encode(texts, max_length=100)
    for place, text in enumerate(texts):
        expected = slice(whole.starts[place] + 1, whole.starts[place + 1] - 1)
        assert ids[place].tolist() == whole.token_ids[expected].tolist()
        assert offsets[place].tolist() == [[i, i + 1] for i in range(len(text))]


@given(LENGTHS, st.integers(6, 20))
def test_neighbouring_windows_share_a_quarter_and_are_full(lengths, max_length):
    table = ENCODER.encode(make_texts(lengths), max_length=max_length, long_text="windows_mean")
    room = max_length - 2
    for place in range(1, len(table)):
        if table.owners[place] == table.owners[place - 1]:
            assert table.firsts[place] - table.firsts[place - 1] <= room - room // 4
            assert table.lengths[place] == max_length


def test_a_token_is_asked_of_the_window_whose_edge_is_farther_away():
    table = ENCODER.encode(make_texts([14]), max_length=12, long_text="windows")
    assert table.firsts.tolist() == [0, 4]  # they share the tokens 4 to 9, of which 4 to 6 are nearer to the first
    places, ends = assign_tokens(table)
    assert (places - table.starts[:-1] - 1 + table.firsts).tolist() == [0, 7]
    assert (ends - table.starts[:-1] - 1 + table.firsts).tolist() == [7, 14]


@pytest.mark.parametrize(
    ("mode", "kept"), [("cut", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), ("head_tail", [0, 1, 32, 33, 34, 35, 36, 37, 38, 39])]
)
def test_what_is_cut_is_counted(mode, kept):
    texts = make_texts([40, 10, 0])
    table = ENCODER.encode(texts, max_length=12, long_text=mode)
    assert (table.truncated, table.windowed, len(table)) == (1, 0, 3)
    assert table.offsets[1:11, 0].tolist() == kept
    assert table.token_ids[[0, 11]].tolist() == [2, 3]


def test_windows_pool_to_their_mean_or_highest():
    values, owners = np.array([[0.1, 0.9], [0.5, 0.3], [0.2, 0.2]], np.float32), np.array([0, 0, 1])
    assert np.allclose(pool_windows(values, owners, how="mean"), [[0.3, 0.6], [0.2, 0.2]])
    assert np.allclose(pool_windows(values, owners, how="max"), [[0.5, 0.9], [0.2, 0.2]])
    assert pool_windows(values, owners, how="mean").dtype == np.float32
    assert np.array_equal(pool_windows(values, np.arange(3), how="mean"), values)
