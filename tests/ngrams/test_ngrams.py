"""ngrams.py and its layer: the graph says what scikit-learn says; encoder and n-grams count as is likeliest."""

import numpy as np
import pytest
import toy
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from zhlabel.backend import tf
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.inference.tensorflow import predict_rows
from zhlabel.models.ngram_layers import build_margin_model
from zhlabel.ngrams import text as ngrams
from zhlabel.ngrams.text import fit_ngrams, fit_vote_weights, hash_ngrams

ENCODER = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
LETTERS = [token for token in toy.VOCABULARY if len(token) == 1]


def make_rows(count=60, *, seed=1):
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(LETTERS[:9], random.integers(0, 12))) for _ in range(count)]
    targets = np.array([[LETTERS[0] in text, LETTERS[1] + LETTERS[2] in text, len(text) > 6] for text in texts])
    return ENCODER.encode(texts, max_length=10), targets


def count_plainly(table):
    """All n-grams of each row as tuples of token ids, [CLS] and [SEP] included."""
    rows = [table.token_ids[a:b].tolist() for a, b in zip(table.starts, table.starts[1:], strict=False)]
    return [[tuple(row[i : i + n]) for n in range(1, 5) for i in range(len(row) - n + 1)] for row in rows]


def make_features(table):
    """The features by their definition, without hashes."""
    rows = count_plainly(table)
    shared = [gram for gram in sorted({gram for row in rows for gram in row}) if sum(gram in row for row in rows) > 1]
    weights = {gram: np.log((1 + len(rows)) / (1 + sum(gram in row for row in rows))) + 1 for gram in shared}
    values = np.array([[row.count(gram) * weights[gram] for gram in shared] for row in rows])
    norms = [np.sqrt(sum(weights[gram] ** 2 for gram in row if gram in weights)) for row in rows]
    return values / np.array(norms)[:, None]


@pytest.mark.parametrize("exclusive", [False, True])
def test_the_layer_gives_the_margins_of_scikit_learns_svm(exclusive):
    table, targets = make_rows()
    given = targets.argmax(axis=1) if exclusive else targets
    features = csr_matrix(make_features(table).astype(np.float32))
    found = predict_rows(build_margin_model(fit_ngrams(table, given, 3)), table, batch_size=7)
    for label in range(3):
        wanted = given == label if exclusive else targets[:, label]
        judge = LinearSVC(dual=True, max_iter=10_000, random_state=1).fit(features, wanted)
        np.testing.assert_allclose(found[:, label], judge.decision_function(features), atol=0.02)


def test_padding_and_the_other_rows_of_a_batch_change_nothing():
    table, targets = make_rows()
    model = build_margin_model(fit_ngrams(table, targets, 3))
    alone, together = (predict_rows(model, table, batch_size=size) for size in (1, len(table)))
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_a_label_that_no_row_has_is_voted_against_and_a_single_row_is_enough():
    table, targets = make_rows()
    targets[:, 1] = False
    margins = predict_rows(build_margin_model(fit_ngrams(table, targets, 3)), table, batch_size=8)
    assert (margins[:, 1] == -1).all()
    one = ENCODER.encode([LETTERS[0]], max_length=8)
    assert np.isfinite(predict_rows(build_margin_model(fit_ngrams(one, targets[:1], 3)), one, batch_size=8)).all()


def test_only_the_commonest_n_grams_vote(monkeypatch):
    monkeypatch.setattr(ngrams, "FEATURES", 20)
    table, targets = make_rows()
    found = fit_ngrams(table, targets, 3)
    counts = ngrams._count(table, np.arange(len(table))).getnnz(axis=0)
    kept = np.flatnonzero(found.slots)
    assert len(kept) == 20 and counts[kept].min() >= np.sort(counts)[-20] and found.votes.shape == (21, 3)
    assert not found.votes[0].any() and not found.squares[0]


def test_numpy_and_tensorflow_hash_alike_up_to_the_largest_vocabulary():
    ids = np.random.default_rng(1).integers(0, 250_000, (3, 9), dtype=np.int32)
    for here, there in zip(hash_ngrams(ids), hash_ngrams(tf.constant(ids)), strict=True):
        assert here.dtype == np.int32 and (here == there.numpy()).all()
        assert here.min() >= 0 and here.max() < ngrams.SLOTS
    assert [hashed.shape[-1] for hashed in hash_ngrams(ids[:, :2])] == [2, 1, 0, 0]


def test_other_n_grams_have_other_slots():
    random = np.random.default_rng(2)
    texts = random.integers(5, 8000, (4000, 4), dtype=np.int32)
    for order, hashed in enumerate(hash_ngrams(texts), 1):
        grams = {tuple(row[i : i + order]) for row in texts.tolist() for i in range(5 - order)}
        assert len(np.unique(hashed)) > 0.98 * len(grams)


def test_the_weights_of_labels_are_those_of_scikit_learns_logistic_regression():
    random = np.random.default_rng(3)
    gold = random.random((200, 4)) < 0.3
    logits, margins = (random.normal(0, noise, gold.shape) + gold * 2 - 1 for noise in (1.5, 1.0))
    columns = np.column_stack([logits.ravel(), margins.ravel()])
    judge = LogisticRegression(C=np.inf, tol=1e-8).fit(columns, gold.ravel())
    assert fit_vote_weights(logits, margins, gold) == pytest.approx([*judge.coef_[0], judge.intercept_[0]], abs=1e-3)


def test_the_weights_of_classes_are_the_likeliest():
    random = np.random.default_rng(4)
    gold = random.integers(0, 3, 300)
    right = np.eye(3)[gold]
    logits, margins = (random.normal(0, noise, right.shape) + right for noise in (1.0, 0.7))

    def measure(scale, share):
        mixed = scale * logits + share * margins
        return np.mean(np.log(np.exp(mixed).sum(axis=1)) - (mixed * right).sum(axis=1))

    scale, share, shift = fit_vote_weights(logits, margins, gold)
    assert shift == 0 and scale > 0 and share > scale
    nearby = [measure(scale + a, share + b) for a in (-0.05, 0, 0.05) for b in (-0.05, 0, 0.05)]
    assert min(nearby) == nearby[4]


def test_n_grams_that_speak_against_the_labels_do_not_vote():
    random = np.random.default_rng(5)
    gold = random.random((100, 3)) < 0.5
    logits = random.normal(size=gold.shape) + gold
    assert fit_vote_weights(logits, random.normal(size=gold.shape) - gold, gold) == (1.0, 0.0, 0.0)


def test_where_the_encoder_speaks_against_the_labels_the_n_grams_decide_alone():
    random = np.random.default_rng(6)
    gold = random.random((200, 3)) < 0.5
    margins = random.normal(size=gold.shape) + 2 * gold
    scale, share, shift = fit_vote_weights(random.normal(size=gold.shape) - gold, margins, gold)
    judge = LogisticRegression(C=1e9, tol=1e-9).fit(margins.reshape(-1, 1), gold.ravel())
    assert (scale, share, shift) == pytest.approx([0, judge.coef_[0][0], judge.intercept_[0]], abs=1e-3)
