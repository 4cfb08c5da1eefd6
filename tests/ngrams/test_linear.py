"""linear.py: the bounds of the work; that it decides as scikit-learn does is held in test_baselines.py."""

import numpy as np

from zhlabel.ngrams import linear
from zhlabel.ngrams.linear import fit_linear, sample_rows


def test_a_sample_keeps_the_work_within_its_bounds_and_is_the_same_again(monkeypatch):
    lengths = np.array([10, 20, 30] * 20)
    assert sample_rows(lengths, labels=5).tolist() == list(range(60))
    for units, work in ((400, 10**9), (10**9, 2000)):
        monkeypatch.setattr(linear, "_MOST_WORK", work)
        chosen = sample_rows(lengths, labels=5, units=units)
        assert 370 <= lengths[chosen].sum() <= 400 and list(chosen) == sorted(set(chosen))
        assert (chosen == sample_rows(lengths, labels=5, units=units)).all()
        assert chosen.tolist() != sample_rows(lengths, labels=5, units=units, seed=2).tolist()
    monkeypatch.setattr(linear, "_MOST_WORK", 1)
    assert len(sample_rows(lengths, labels=5)) == 1


def test_a_label_that_no_row_or_every_row_has_needs_no_model():
    weights, biases = fit_linear(np.eye(4, dtype=np.float32), [np.zeros(4, bool), np.ones(4, bool), np.arange(4) > 1])
    assert biases[0] == -np.inf and biases[1] == np.inf and not weights[:, :2].any()
    assert ((weights[:, 2] + biases[2] > 0) == (np.arange(4) > 1)).all()
