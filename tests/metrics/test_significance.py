"""significance.py: p equals enumeration, scipy's permutation test and statsmodels' McNemar."""

import itertools

import numpy as np
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.contingency_tables import mcnemar

from zhlabel.metrics import bootstrap
from zhlabel.metrics.classification import score_multi_label
from zhlabel.metrics.outcomes import count_class_outcomes, count_label_outcomes
from zhlabel.metrics.significance import compare_outcomes

DRAWN = ("micro f1-score", "macro f1-score", "hamming_loss")
FIGURES = (*DRAWN, "accuracy")


def name_labels(count):
    return tuple(f"类{i}" for i in range(count))


def draw_runs(texts, labels, seed, *, errors=(0.2, 0.2)):
    """Draw gold labels and two runs that each have this share of cells wrong."""
    random = np.random.default_rng(seed)
    gold = random.random((texts, labels)) < 0.4
    return gold, *(gold ^ (random.random(gold.shape) < share) for share in errors)


def count_runs(gold, *runs):
    return [count_label_outcomes(decided, gold, name_labels(gold.shape[1])) for decided in runs]


def score(decided, gold):
    scores = score_multi_label(decided, gold, name_labels(gold.shape[1]))
    averages = {f"{average} f1-score": scores[f"{average} avg"]["f1-score"] for average in ("micro", "macro")}
    return averages | {name: scores[name] for name in ("accuracy", "hamming_loss")}


def enumerate_sides(gold, first, second):
    """Return each figure's share of the 2^N assignments of sides whose difference is at least the real one's."""
    differences = {name: [] for name in FIGURES}
    for sides in itertools.product([False, True], repeat=len(gold)):
        moved = np.array(sides)[:, np.newaxis]
        before, after = (score(np.where(moved, *pair), gold) for pair in ((second, first), (first, second)))
        for name in FIGURES:
            differences[name].append(after[name] - before[name])
    return {name: np.mean(np.abs(row) >= abs(row[0]) - 1e-12) for name, row in differences.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_is_the_share_of_all_assignments_of_sides(seed):
    gold, first, second = draw_runs(8, 3, seed, errors=(0.1, 0.4))
    expected = enumerate_sides(gold, first, second)
    found = compare_outcomes(*count_runs(gold, first, second), figures=FIGURES, permutations=40_000)
    for name in DRAWN:
        assert found[name]["p"] == pytest.approx(expected[name], abs=0.01)
    assert found["accuracy"]["p"] == pytest.approx(expected["accuracy"])  # McNemar's is the same, exact


def test_differences_are_those_of_metrics():
    gold, first, second = draw_runs(60, 4, 4)
    found = compare_outcomes(*count_runs(gold, first, second), figures=FIGURES, permutations=10)
    before, after = score(first, gold), score(second, gold)
    assert {name: row["difference"] for name, row in found.items()} == pytest.approx(
        {name: after[name] - before[name] for name in FIGURES}, abs=1e-12
    )


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_p_equals_that_of_scipy(seed):
    gold, first, second = draw_runs(120, 1, seed, errors=(0.25, 0.15))
    right = [(decided == gold)[:, 0].astype(float) for decided in (first, second)]
    expected = permutation_test(
        right,
        lambda before, after, axis: after.mean(axis=axis) - before.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        random_state=np.random.default_rng(1),
    )
    found = compare_outcomes(*count_runs(gold, first, second), figures=("hamming_loss",))["hamming_loss"]
    assert -found["difference"] == pytest.approx(expected.statistic)  # of one label, 1 - accuracy
    assert found["p"] == pytest.approx(expected.pvalue, abs=0.02)


@pytest.mark.parametrize("seed", range(8))
def test_p_of_accuracy_equals_that_of_statsmodels(seed):
    random = np.random.default_rng(seed)
    gold = np.ones(int(random.integers(1, 400)), dtype=int)
    first, second = (random.random(len(gold)) < share for share in (0.8, 0.7))
    table = [[int((one & two).sum()) for two in (second, ~second)] for one in (first, ~first)]
    runs = [count_class_outcomes(each.astype(int), gold, ("体育", "财经")) for each in (first, second)]
    found = compare_outcomes(*runs, figures=("accuracy",))["accuracy"]
    assert found["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert (found["only_first"], found["only_second"]) == (table[0][1], table[1][0])
    assert found["difference"] == pytest.approx(second.mean() - first.mean())


@pytest.mark.parametrize("groups", [10_000, 40])
def test_without_a_real_difference_every_p_is_about_equally_frequent(monkeypatch, groups):
    monkeypatch.setattr(bootstrap, "_GROUPS", groups)
    found = {name: [] for name in DRAWN}
    for seed in range(400):
        runs = count_runs(*draw_runs(80, 3, seed))
        for name, row in compare_outcomes(*runs, figures=DRAWN, permutations=199, seed=1000 + seed).items():
            found[name].append(row["p"])
    for share in (0.05, 0.25, 0.5, 0.75):
        reached = {name: np.mean(np.array(values) <= share) for name, values in found.items()}
        assert reached["micro f1-score"] == pytest.approx(share, abs=0.06)
        assert reached["macro f1-score"] == pytest.approx(share, abs=0.06)
        assert reached["hamming_loss"] < share + 0.03  # many equal differences make its p larger


def test_a_great_difference_has_the_least_p_there_is():
    gold, first, second = draw_runs(300, 3, 8, errors=(0.3, 0.05))
    found = compare_outcomes(*count_runs(gold, first, second), figures=FIGURES, permutations=999)
    assert [found[name]["p"] for name in DRAWN] == [0.001] * 3
    assert found["accuracy"]["p"] < 1e-9
    assert found["micro f1-score"]["difference"] > 0.1 > 0 > found["hamming_loss"]["difference"]


def test_groups_of_texts_change_p_little(monkeypatch):
    runs = count_runs(*draw_runs(2000, 3, 9, errors=(0.2, 0.19)))
    alone = compare_outcomes(*runs, figures=DRAWN, permutations=4000)
    monkeypatch.setattr(bootstrap, "_GROUPS", 400)
    grouped = compare_outcomes(*runs, figures=DRAWN, permutations=4000)
    for name in DRAWN:
        assert 0.001 < alone[name]["p"] < 0.5
        assert grouped[name]["p"] == pytest.approx(alone[name]["p"], abs=0.05)
        assert grouped[name]["difference"] == alone[name]["difference"]


def test_changed_sides_turn_the_difference_round():
    first, second = count_runs(*draw_runs(50, 3, 10))
    there, back = (compare_outcomes(*pair, figures=FIGURES) for pair in ((first, second), (second, first)))
    for name in FIGURES:
        assert there[name]["difference"] == pytest.approx(-back[name]["difference"])
        assert there[name]["p"] == pytest.approx(back[name]["p"], abs=0.03)
    assert there["accuracy"]["only_first"] == back["accuracy"]["only_second"]


def test_runs_that_decide_alike_have_p_1():
    gold, first, _ = draw_runs(30, 3, 11)
    found = compare_outcomes(*count_runs(gold, first, first), figures=FIGURES)
    assert [(row["difference"], row["p"]) for row in found.values()] == [(0, 1)] * 4


def test_sides_are_drawn_of_the_texts_alone_in_which_the_runs_differ():
    runs = draw_runs(60, 3, 16)
    longer = [np.concatenate([each, np.ones((500, 3), dtype=bool)]) for each in runs]
    few, many = (compare_outcomes(*count_runs(*each), figures=("hamming_loss",)) for each in (runs, longer))
    assert few["hamming_loss"]["p"] == many["hamming_loss"]["p"]


def test_one_text_can_show_nothing():
    gold, decided = np.array([[True, False]]), np.array([[False, False]])
    found = compare_outcomes(*count_runs(gold, decided, gold), figures=FIGURES)
    assert [row["p"] for row in found.values()] == [1] * 4
    assert found["accuracy"]["difference"] == 1


def test_labels_are_matched_by_name():
    gold, first, second = draw_runs(40, 3, 12)
    names, order = name_labels(3), [2, 0, 1]
    turned = count_label_outcomes(second[:, order], gold[:, order], tuple(names[place] for place in order))
    straight = count_runs(gold, first, second)
    found = compare_outcomes(straight[0], turned, figures=FIGURES)
    assert found == compare_outcomes(*straight, figures=FIGURES)


def test_of_runs_that_know_different_labels_only_what_does_not_depend_on_their_number_is_compared():
    gold, first, second = draw_runs(40, 3, 13)
    wider = [np.column_stack([each, np.zeros(40, dtype=bool)]) for each in (second, gold)]
    more = count_label_outcomes(*wider, (*name_labels(3), "另"))
    straight = count_runs(gold, first, second)
    found = compare_outcomes(straight[0], more, figures=FIGURES)
    assert list(found) == ["micro f1-score", "accuracy"]
    assert found["accuracy"] == compare_outcomes(*straight, figures=("accuracy",))["accuracy"]
    assert found["micro f1-score"] == compare_outcomes(*straight, figures=("micro f1-score",))["micro f1-score"]


def test_different_numbers_of_texts_are_a_fault():
    first, _ = count_runs(*draw_runs(5, 2, 14))
    second, _ = count_runs(*draw_runs(6, 2, 14))
    with pytest.raises(ValueError, match="5 and of 6"):
        compare_outcomes(first, second, figures=FIGURES)


def test_the_seed_decides():
    runs = count_runs(*draw_runs(60, 3, 15))
    one, again, other = (compare_outcomes(*runs, figures=DRAWN, seed=seed) for seed in (1, 1, 2))
    assert one == again != other
