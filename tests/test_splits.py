"""splits.py: a dev share in which every label, and having none, keeps its proportion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhlabel.errors import InputError
from zhlabel.splits import split_dev


def make_targets(count=1000, labels=8, seed=1):
    generator = np.random.default_rng(seed)
    return generator.random((count, labels)) < np.linspace(0.02, 0.3, labels)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_every_label_keeps_its_proportion(share):
    targets = make_targets()
    _, dev = split_dev(targets, share, seed=1)
    assert abs(len(dev) - share * len(targets)) <= 0.02 * len(targets)
    assert (np.abs(targets[dev].sum(0) - share * targets.sum(0)) <= 2).all()


def test_stratifying_keeps_proportions_better_than_chance():
    targets = make_targets()
    _, dev = split_dev(targets, 0.1, seed=1)

    def measure_error(chosen):
        return np.abs(targets[chosen].sum(0) - 0.1 * targets.sum(0)).sum()

    by_chance = [measure_error(np.random.default_rng(seed).permutation(1000)[:100]) for seed in range(20)]
    assert measure_error(dev) < min(by_chance)


def test_texts_without_labels_keep_their_proportion_too():
    targets = np.zeros((200, 2), bool)
    targets[:100, 0] = True
    _, dev = split_dev(targets, 0.2, seed=1)
    assert abs((dev >= 100).sum() - 20) <= 1 and abs((dev < 100).sum() - 20) <= 1


def test_a_label_with_two_texts_has_one_on_a_side_of_two_halves():
    targets = np.zeros((100, 2), bool)
    targets[:, 0] = True
    targets[[10, 70], 1] = True
    for seed in range(5):
        train, dev = split_dev(targets, 0.5, seed=seed)
        assert targets[train, 1].sum() == targets[dev, 1].sum() == 1


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 40), st.integers(1, 4), st.floats(0.01, 0.99), st.integers(0, 2**31 - 1))
def test_both_sides_are_ascending_disjoint_whole_and_not_empty(count, labels, share, seed):
    train, dev = split_dev(make_targets(count, labels, seed), share, seed=seed)
    assert len(train) and len(dev)
    assert sorted([*train, *dev]) == list(range(count))
    assert (np.diff(train) > 0).all() and (np.diff(dev) > 0).all()


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_three_texts_with_three_labels_leave_no_side_empty(share):
    train, dev = split_dev(np.eye(3, dtype=bool), share, seed=1)
    assert len(train) and len(dev) and sorted([*train, *dev]) == [0, 1, 2]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_texts_to_share_are_refused(count):
    with pytest.raises(InputError, match=f"from {count} text.*dev file"):
        split_dev(np.ones((count, 2), bool), 0.1, seed=1)


def test_the_seed_alone_decides():
    targets = make_targets()
    first = split_dev(targets, 0.1, seed=7)
    np.random.seed(5)
    assert all((a == b).all() for a, b in zip(first, split_dev(targets, 0.1, seed=7), strict=True))
    assert first[1].tolist() != split_dev(targets, 0.1, seed=8)[1].tolist()
