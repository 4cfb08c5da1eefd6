"""sweep.py: the rows are what each threshold would give, judged by scikit-learn; curves run through them."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from zhlabel.decisions.sweep import sweep_thresholds

NAMES = ("裁员", "起诉", "收购")


@pytest.fixture(scope="module")
def swept():
    generator = np.random.default_rng(1)
    gold = generator.random((200, 3)) < 0.3
    probabilities = np.clip(gold * 0.4 + generator.random((200, 3)) * 0.6, 0, 1).astype(np.float32)
    columns = zip(probabilities.T, gold.T, strict=True)
    return probabilities, gold, *sweep_thresholds(columns, gold.sum(axis=0), NAMES, texts=(probabilities, gold))


def test_both_scales_are_swept_in_one_ascending_list(swept):
    rows = swept[2]
    values = [row["threshold"] for row in rows]
    assert values == sorted(values) and len(set(values)) == len(values) == 99 + 100
    assert rows[0]["logit"] == pytest.approx(-5) and rows[-1]["logit"] == pytest.approx(5)
    assert {round(row["logit"], 1) for row in rows} >= {-4.9, -0.4, 0, 2.5}


def test_each_row_has_scikit_learns_figures(swept):
    probabilities, gold, rows, _ = swept
    for row in rows[::20]:
        decided = probabilities >= np.float64(row["threshold"])
        options = {"average": "micro", "zero_division": 0}
        assert row["precision"] == pytest.approx(precision_score(gold, decided, **options), abs=1e-9)
        assert row["recall"] == pytest.approx(recall_score(gold, decided, **options), abs=1e-9)
        assert row["f1-score"] == pytest.approx(f1_score(gold, decided, **options), abs=1e-9)
        macro = f1_score(gold, decided, average="macro", zero_division=0)
        assert row["macro f1-score"] == pytest.approx(macro, abs=1e-9)
        assert row["accuracy"] == pytest.approx(accuracy_score(gold, decided), abs=1e-9)


def test_curves_run_from_high_recall_to_high_precision(swept):
    _, _, rows, curves = swept
    assert list(curves) == ["all labels", *NAMES]
    recall, precision = np.array(curves["all labels"]).T
    assert (np.diff(recall) <= 0).all() and recall[0] == pytest.approx(rows[0]["recall"], abs=1e-4)
    assert precision[0] < 0.5 < precision[-1]


def test_a_label_of_which_nothing_is_decided_has_an_empty_curve_and_no_texts_no_exact_match():
    rows, curves = sweep_thresholds([(np.zeros(0), np.zeros(0, bool))], [3], ["LOC"])
    assert curves == {"all labels": [], "LOC": []}
    assert set(rows[0]) == {"threshold", "logit", "precision", "recall", "f1-score", "macro f1-score"}
    assert rows[50]["f1-score"] == 0
