"""batches.py: each text exactly once, an order that depends on seed and epoch alone, padding that is only padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.data.batching import order_for_prediction, order_for_training, pad_rows
from zhlabel.data.tokenizer import PADDING_ID, Encodings

B = 4
LENGTHS = st.lists(st.integers(2, 512), max_size=60).map(np.array)


def make_lengths(count):
    return np.random.default_rng(count).integers(2, 257, count)


def make_table(*rows):
    ids = np.array([number for row in rows for number in row], dtype=np.int32)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    rows = np.arange(len(rows))
    return Encodings(ids, np.cumsum([0, *lengths]), lengths, np.zeros((len(ids), 2), np.int32), rows, 0 * rows)


def order_both_ways(lengths, batch_size):
    yield order_for_training(lengths, batch_size, seed=1, epoch=0)
    yield order_for_prediction(lengths, batch_size)


def is_same(first, second):
    return [batch.tolist() for batch in first] == [batch.tolist() for batch in second]


@pytest.mark.parametrize("count", [0, 1, B - 1, B, B + 1, 50 * B, 50 * B + 1, 1000])
def test_each_text_is_in_exactly_one_batch(count):
    for batches in order_both_ways(make_lengths(count), B):
        assert sorted(i for batch in batches for i in batch) == list(range(count))
        assert len(batches) == -(-count // B)
        assert sorted(map(len, batches))[1:] == [B] * (len(batches) - 1)


@given(LENGTHS, st.integers(1, 20), st.integers(0, 2**31 - 1), st.integers(0, 1000))
def test_each_text_is_in_one_batch_whatever_the_arguments(lengths, batch_size, seed, epoch):
    for batches in (
        order_for_training(lengths, batch_size, seed=seed, epoch=epoch),
        order_for_prediction(lengths, batch_size),
    ):
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        assert all(0 < len(batch) <= batch_size for batch in batches)


def test_the_training_order_is_a_function_of_seed_and_epoch_alone():
    lengths = make_lengths(300)
    first = order_for_training(lengths, B, seed=3, epoch=5)
    np.random.seed(99)  # the process's own random state changes nothing, and is not changed
    state = np.random.get_state()[1].copy()
    assert is_same(first, order_for_training(lengths, B, seed=3, epoch=5))
    assert (state == np.random.get_state()[1]).all()
    assert not is_same(first, order_for_training(lengths, B, seed=3, epoch=6))
    assert not is_same(first, order_for_training(lengths, B, seed=4, epoch=5))
    assert not is_same(order_for_training(lengths, B, seed=0, epoch=1), order_for_training(lengths, B, seed=1, epoch=0))


def test_grouping_by_length_leaves_little_padding():
    lengths = make_lengths(4000)
    generator = np.random.default_rng(1)
    random = np.array_split(generator.permutation(4000), 250)

    def count_cells(batches):
        return sum(len(batch) * lengths[batch].max() for batch in batches) / lengths.sum()

    assert count_cells(order_for_training(lengths, 16, seed=1, epoch=0)) < 1.05 < 1.5 < count_cells(random)
    assert count_cells(order_for_prediction(lengths, 16)) < 1.01


def test_training_batches_do_not_come_in_order_of_length():
    lengths = make_lengths(4000)
    longest = [lengths[batch].max() for batch in order_for_training(lengths, 16, seed=1, epoch=0)]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.2


def test_prediction_begins_with_the_longest_and_keeps_the_order_of_equals():
    assert is_same(order_for_prediction([3, 9, 3, 5, 9], 2), [np.array([1, 4]), np.array([3, 0]), np.array([2])])


def test_a_batch_is_padded_on_the_right_to_its_own_longest():
    table = make_table([2, 7, 3], [2, 3], [2, 5, 6, 7, 8, 3])
    batch = pad_rows(table.token_ids, table.starts, np.array([1, 0]))
    assert batch.dtype == np.int32
    assert batch.tolist() == [[2, 3, PADDING_ID], [2, 7, 3]]
    assert pad_rows(table.token_ids, table.starts, [2]).tolist() == [[2, 5, 6, 7, 8, 3]]


@given(st.lists(st.lists(st.integers(1, 8000), min_size=2, max_size=12), min_size=1, max_size=9), st.integers(1, 4))
def test_what_is_not_padding_is_the_text(rows, batch_size):
    table = make_table(*rows)
    for indices in order_for_training(table.lengths, batch_size, seed=1, epoch=0):
        batch = pad_rows(table.token_ids, table.starts, indices)
        assert batch.shape == (len(indices), max(len(rows[i]) for i in indices))
        assert [row[row != PADDING_ID].tolist() for row in batch] == [rows[i] for i in indices]
        assert all((row[len(rows[i]) :] == PADDING_ID).all() for row, i in zip(batch, indices, strict=True))
