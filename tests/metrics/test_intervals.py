"""intervals.py: figures equal those of metrics; intervals hold the true value about as often as they say."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from zhlabel.data.tags import Entity
from zhlabel.metrics import bootstrap
from zhlabel.metrics.bootstrap import bootstrap_intervals, deal_texts, score_totals, split_draws, tabulate_outcomes
from zhlabel.metrics.classification import score_multi_label
from zhlabel.metrics.outcomes import count_class_outcomes, count_entity_outcomes, count_label_outcomes

FIGURES = ("micro f1-score", "macro f1-score", "accuracy", "hamming_loss")


def name_labels(count):
    return tuple(f"类{i}" for i in range(count))


def score(outcomes):
    totals = tabulate_outcomes(outcomes, outcomes.names).sum(axis=1)
    return {name: float(figure) for name, figure in score_totals(totals).items()}


def draw_world(texts, labels, seed):
    """Draw gold labels of falling frequency, and decisions that miss a fifth of them and invent some."""
    random = np.random.default_rng(seed)
    shares = 0.5 / np.arange(1, labels + 1)
    gold = random.random((texts, labels)) < shares
    decided = gold & (random.random(gold.shape) < 0.8) | (random.random(gold.shape) < 0.1 * shares)
    return decided, gold


def count_world(texts, labels, seed):
    return count_label_outcomes(*draw_world(texts, labels, seed), name_labels(labels))


@given(st.integers(1, 9), st.integers(1, 5), st.sampled_from([0.0, 0.4, 1.0]), st.integers(0, 2**31 - 1))
def test_figures_equal_those_of_metrics(texts, labels, share, seed):
    random = np.random.default_rng(seed)
    decided, gold = random.random((2, texts, labels)) < share
    names = name_labels(labels)
    expected = score_multi_label(decided, gold, names)
    found = score(count_label_outcomes(decided, gold, names))
    assert found == pytest.approx(
        {
            "micro f1-score": expected["micro avg"]["f1-score"],
            "macro f1-score": expected["macro avg"]["f1-score"],
            "accuracy": expected["accuracy"],
            "hamming_loss": expected["hamming_loss"],
        },
        abs=1e-12,
    )


def test_entities_are_counted_not_only_told_apart():
    entities = [Entity(start, start + 1, "LOC") for start in range(4)]
    found = score(count_entity_outcomes([entities[:3], []], [entities, []], ("LOC", "PER")))
    assert found["micro f1-score"] == pytest.approx(6 / 7)
    assert found["macro f1-score"] == pytest.approx(3 / 7)
    assert found["accuracy"] == 0.5


def test_intervals_hold_the_true_value_as_often_as_they_say():
    decided, gold = draw_world(100_000, 4, seed=1)
    names = name_labels(4)
    true = score(count_label_outcomes(decided, gold, names))
    random = np.random.default_rng(2)
    held = dict.fromkeys(FIGURES, 0)
    for seed in range(200):
        chosen = random.integers(len(gold), size=250)
        outcomes = count_label_outcomes(decided[chosen], gold[chosen], names)
        bounds = bootstrap_intervals(outcomes, figures=FIGURES, resamples=300, seed=seed)
        for name, (low, high) in bounds.items():
            held[name] += low <= true[name] <= high
    assert all(0.90 <= count / 200 <= 0.99 for count in held.values()), held


def test_the_interval_of_macro_f1_over_rare_labels_holds_the_true_value_and_the_figure():
    decided, gold = draw_world(100_000, 60, seed=3)
    names = name_labels(60)
    true = score(count_label_outcomes(decided, gold, names))["macro f1-score"]
    random, held = np.random.default_rng(4), 0
    for seed in range(200):
        chosen = random.integers(len(gold), size=500)  # the rarest labels have four texts
        outcomes = count_label_outcomes(decided[chosen], gold[chosen], names)
        [(low, high)] = bootstrap_intervals(outcomes, figures=("macro f1-score",), resamples=200, seed=seed).values()
        held += low <= true <= high
        assert low <= score(outcomes)["macro f1-score"] <= high
    assert 0.90 <= held / 200 <= 0.99  # plain percentiles: 0.51


def test_labels_that_a_resample_misses_do_not_count_0_in_it():
    """Each of 60 labels has one text, a third of them wrong; of a resample's texts 63 % are different ones."""
    gold = np.eye(60, dtype=bool)
    decided = gold.copy()
    decided[:20] = False
    outcomes = count_label_outcomes(decided, gold, name_labels(60))
    low, high = bootstrap_intervals(outcomes, figures=("macro f1-score",))["macro f1-score"]
    deviation = np.sqrt(2 / 3 * 1 / 3 / 60)
    assert (low + high) / 2 == pytest.approx(2 / 3, abs=0.02)
    assert deviation < (high - low) / 2 < 3 * deviation


def test_no_interval_leaves_the_range_of_its_figure():
    gold = np.repeat(np.eye(30, dtype=bool), 3, axis=0)
    decided = gold.copy()
    decided[0] = False
    outcomes = count_label_outcomes(decided, gold, name_labels(30))
    bounds = bootstrap_intervals(outcomes, figures=FIGURES)
    assert all(0 <= low < high <= 1 for low, high in bounds.values())


def test_the_interval_of_accuracy_is_that_of_the_binomial_distribution():
    outcomes = count_class_outcomes(np.arange(1000) // 700, np.zeros(1000, dtype=int), ("体育", "财经"))
    found = bootstrap_intervals(outcomes, figures=("accuracy",), resamples=20_000)["accuracy"]
    assert found == pytest.approx(binom.ppf((0.025, 0.975), 1000, 0.7) / 1000, abs=0.0021)


def test_labels_that_occur_nowhere_count_0_in_the_interval_too():
    gold = np.zeros((50, 4), dtype=bool)
    gold[:, 0] = True
    outcomes = count_label_outcomes(gold, gold, name_labels(4))
    assert bootstrap_intervals(outcomes, figures=("macro f1-score",)) == {"macro f1-score": [0.25, 0.25]}


def test_drawing_groups_gives_the_widths_of_drawing_texts(monkeypatch):
    outcomes = count_world(6000, 30, seed=5)
    alone = bootstrap_intervals(outcomes, figures=FIGURES, resamples=3000)
    monkeypatch.setattr(bootstrap, "_GROUPS", 1000)
    grouped = bootstrap_intervals(outcomes, figures=FIGURES, resamples=3000)
    for name in FIGURES:
        width = alone[name][1] - alone[name][0]
        assert grouped[name][1] - grouped[name][0] == pytest.approx(width, rel=0.12)
        assert np.mean(grouped[name]) == pytest.approx(np.mean(alone[name]), abs=0.1 * width)


def test_groups_are_of_equal_size_and_keep_every_count(monkeypatch):
    monkeypatch.setattr(bootstrap, "_GROUPS", 7)
    table = tabulate_outcomes(count_world(100, 3, seed=6), name_labels(3))
    dealt = deal_texts(table, np.random.default_rng(1))
    assert dealt.sum(axis=1).tolist() == table.sum(axis=1).tolist()
    assert sorted(dealt.toarray()[-1].tolist()) == [14] * 5 + [15] * 2


def test_only_texts_of_which_the_table_holds_anything_are_dealt():
    from scipy.sparse import csr_array

    table = csr_array(np.array([[0, 1, 0, 2], [0, 0, 0, 3]]))
    dealt = deal_texts(table, np.random.default_rng(1)).toarray()
    assert sorted(dealt.T.tolist()) == [[1, 0], [2, 3]]


def test_the_seed_decides():
    outcomes = count_world(200, 3, seed=7)
    first, again, other = (bootstrap_intervals(outcomes, figures=FIGURES, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_fewer_texts_give_a_wider_interval():
    worlds = (count_world(texts, 3, seed=8) for texts in (50, 5000))
    widths = [np.diff(bootstrap_intervals(each, figures=("accuracy",))["accuracy"]) for each in worlds]
    assert widths[0] == pytest.approx(10 * widths[1], rel=0.3)


@pytest.mark.parametrize("decided", [0, 1])
def test_one_text_and_texts_all_right_give_an_interval_without_width(decided):
    outcomes = count_class_outcomes(np.array([decided]), np.array([1]), ("体育", "财经"))
    for name, bounds in bootstrap_intervals(outcomes, figures=FIGURES).items():
        assert bounds == [score(outcomes)[name]] * 2


def test_only_the_asked_figures_come_and_an_unknown_one_is_a_fault():
    outcomes = count_world(20, 2, seed=9)
    assert list(bootstrap_intervals(outcomes, figures=("accuracy", "micro f1-score"))) == ["accuracy", "micro f1-score"]
    with pytest.raises(KeyError):
        bootstrap_intervals(outcomes, figures=("weighted f1-score",))


def test_the_blocks_make_all_draws_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(bootstrap, "_BLOCK_NUMBERS", 100_000)
    table = deal_texts(tabulate_outcomes(count_world(5000, 3, seed=10), name_labels(3)), np.random.default_rng(1))
    assert split_draws(50, table) == [20, 20, 10]
    outcomes = count_world(5000, 3, seed=10)
    bootstrap_intervals(outcomes, figures=FIGURES, resamples=20)  # imports scipy
    tracemalloc.start()
    blocked = bootstrap_intervals(outcomes, figures=FIGURES, resamples=400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6e6  # all at once: 16 MB
    monkeypatch.undo()
    assert blocked == bootstrap_intervals(outcomes, figures=FIGURES, resamples=400)
