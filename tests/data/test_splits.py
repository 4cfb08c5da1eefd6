"""splits.py: parts in which every label, and having none, keeps its proportion; of two sources, own texts first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

from zhlabel.data.splits import group_texts, merge_targets, split_dev, split_parts, split_sources
from zhlabel.errors import InputError


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


@pytest.mark.parametrize("seed", range(3))
def test_a_dev_share_is_iterstrats_own(seed):
    targets = make_targets(seed=seed)
    columns = np.column_stack([targets, ~targets.any(axis=1)])
    judge = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=100, random_state=seed)
    for found, expected in zip(split_dev(targets, 0.1, seed=seed), next(judge.split(columns, columns)), strict=True):
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("sizes", [(4, 1, 1), (0.8, 0.1, 0.1), (1, 1), (3, 2, 2, 1)])
def test_every_part_has_its_share_of_every_label(sizes):
    targets = make_targets()
    parts = split_parts(targets, sizes, seed=1)
    for part, share in enumerate(np.array(sizes) / sum(sizes)):
        for marked in (*targets.T, ~targets.any(axis=1)):
            assert abs((parts[marked] == part).sum() - share * marked.sum()) <= 2


@given(st.integers(2, 5), st.integers(0, 10), st.integers(0, 2**31 - 1))
def test_no_part_is_empty(count, more, seed):
    parts = split_parts(make_targets(count + more, 3, seed), [100, *[1] * (count - 1)], seed=seed)
    assert set(parts.tolist()) == set(range(count))


def test_more_parts_than_texts_are_refused():
    with pytest.raises(InputError, match="2 different texts can't be divided into 3 parts"):
        split_parts(np.ones((2, 1), bool), (4, 1, 1), seed=1)


def make_sources(common, first, second, labels=6, seed=1, classes=True):
    """Texts that both sources have, in this order those that only the first and only the second has."""
    generator = np.random.default_rng(seed)
    count = common + first + second
    if classes:
        targets = np.eye(labels, dtype=bool)[generator.integers(0, labels, (2, count))]
    else:
        targets = generator.random((2, count, labels)) < np.linspace(0.05, 0.3, labels)
    place = np.arange(count)
    present = np.array([place < common + first, (place < common) | (place >= common + first)])
    return targets & present[:, :, None], present


def count_labels(targets, parts):
    """By each source's own labels: the texts of each label that validate it, and all that it has."""
    return [(targets[i][parts == i + 1].sum(axis=0), targets[i].sum(axis=0)) for i in range(2)]


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ((1200, 0, 0), (1 / 6, 1 / 6)),  # both have every text: 4:1:1
        ((0, 900, 600), (1 / 5, 1 / 5)),  # none in common: 4:1 of each
        ((657, 146, 423), (1 / 5, 1226 / 6 / 1080)),  # a sixth of all is more than a fifth of the first's
        ((300, 0, 2000), (1 / 5, 1 / 6)),
    ],
)
def test_each_source_validates_on_its_share_of_every_label(classes, counts, shares):
    targets, present = make_sources(*counts, classes=classes)
    parts = split_sources(targets, present, (4, 1, 1), seed=1)
    for (found, total), share in zip(count_labels(targets, parts), shares, strict=True):
        assert (np.abs(found - share * total) <= (0.51 if classes else 3)).all()
    for source in range(2):
        without = present[source] & ~targets[source].any(axis=1)
        assert abs((parts[without] == source + 1).sum() - shares[source] * without.sum()) <= 1


def test_a_source_takes_its_own_texts_first_and_common_ones_for_what_they_lack():
    targets, present = make_sources(657, 146, 423)
    targets[0, 657:803, 1] |= targets[0, 657:803, 0]
    targets[0, 657:803, 0] = False  # only common texts have it
    parts = split_sources(targets, present, (4, 1, 1), seed=1)
    assert (parts[:657][targets[0, :657, 0]] == 1).any()
    for label in range(6):
        if (parts[:657][targets[0, :657, label]] == 1).any():
            assert (parts[657:803][targets[0, 657:803, label]] == 1).all()
    assert not (parts[:657] == 2).any(), "423 texts of its own fill every label of the second source"


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_label_chooses_before_the_one_that_all_its_texts_have(seed):
    targets = np.zeros((2, 600, 2), bool)
    targets[:, :, 0] = True
    targets[:, :60, 1] = True
    parts = split_sources(targets, np.ones((2, 600), bool), (4, 1, 1), seed=seed)
    assert [targets[0][parts == part].sum(axis=0).tolist() for part in (1, 2)] == [[100, 10], [100, 10]]


def test_a_label_that_has_more_than_its_share_already_takes_no_more():
    targets = np.zeros((2, 20, 5), bool)
    targets[:, :, 4] = True
    for label in range(4):  # of 4 texts one each, rounded up, so that label 4 has 4 of the 3.3 that are due
        targets[:, 4 * label : 4 * label + 4, label] = True
    parts = split_sources(targets, np.ones((2, 20), bool), (4, 1, 1), seed=1)
    assert (parts == 1).sum() == (parts == 2).sum() == 4 and not parts[16:].any()


@settings(max_examples=50)
@given(st.integers(0, 30), st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**31 - 1))
def test_a_source_validates_on_texts_that_it_has(common, first, second, seed):
    targets, present = make_sources(common, first, second, seed=seed, classes=False)
    parts = split_sources(targets, present, (4, 1, 1), seed=seed)
    assert set(parts.tolist()) <= {0, 1, 2}
    assert present[0][parts == 1].all() and present[1][parts == 2].all()


def test_the_seed_alone_decides_parts_and_sources():
    targets, present = make_sources(657, 146, 423, classes=False)
    for seed, is_same in ((7, True), (8, False)):
        for split, arguments in ((split_parts, [targets[0]]), (split_sources, [targets, present])):
            first, second = (split(*arguments, (4, 1, 1), seed=each).tolist() for each in (7, seed))
            assert (first == second) == is_same


def test_texts_that_differ_in_blanks_at_their_ends_are_one():
    assert group_texts(["a", "b", "\u3000a ", "a b", "", " ", "b\n"]).tolist() == [0, 1, 0, 2, 3, 3, 1]


def test_a_text_has_the_labels_of_all_its_occurrences():
    targets = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [1, 0, 1]], bool)
    merged = merge_targets(targets, np.array([0, 2, 0, 3]), 5)
    assert merged.astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 1], [0, 0, 0]]
