"""crf.py: the loss against all paths one by one, under padding, mixed precision and on two devices."""

import itertools
import math

import numpy as np
import pytest
import toy
from toy import run_python

from zhlabel.backend import keras, tf
from zhlabel.data.tags import mark_legal
from zhlabel.models.crf import CRF
from zhlabel.models.losses import make_tag_loss
from zhlabel.models.tagger import build_tagger

STARTS, PAIRS = mark_legal(("PER", "LOC"))
TAGS = len(STARTS)


def build_crf(*, seed=0, scale=2.0):
    """A CRF layer with random transitions, the illegal ones far above the others."""
    crf = CRF(STARTS, PAIRS)
    crf.build((None, None, TAGS))
    values = scale * np.random.default_rng(seed).standard_normal((TAGS, TAGS))
    crf.transitions.assign(np.where(PAIRS, values, 50.0))
    return crf


def list_legal_paths(length):
    for path in itertools.product(range(TAGS), repeat=length):
        if STARTS[path[0]] and all(PAIRS[pair] for pair in itertools.pairwise(path)):
            yield path


def score_path(path, emissions, transitions):
    score = sum(float(emissions[place, tag]) for place, tag in enumerate(path))
    return score + sum(float(transitions[pair]) for pair in itertools.pairwise(path))


def build_small_tagger(kind):
    """A tagger without dropout on the quickest encoder; like bert4keras's it marks padding for Keras."""
    ids, segments = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    words = keras.layers.Embedding(
        60, 16, mask_zero=True, embeddings_initializer=keras.initializers.RandomNormal(seed=3)
    )
    encoder = keras.Model([ids, segments], words(ids), name="encoder")
    model = build_tagger(encoder, kind, starts=STARTS, pairs=PAIRS, seed=1)
    model.get_layer("dropout").rate = 0.0
    return model


def make_batch(lengths, *, seed=0, before=0, after=0, filler=0.0):
    """Emissions [B, T, K] and legal targets [B, T] with ``before`` and ``after`` columns that do not count."""
    random = np.random.default_rng(seed)
    columns = before + max(lengths) + after
    emissions = np.full((len(lengths), columns, TAGS), filler, dtype=np.float32)
    targets = np.full((len(lengths), columns), -1, dtype=np.int32)
    for row, length in enumerate(lengths):
        place = slice(before, before + length)
        emissions[row, place] = 2 * random.standard_normal((length, TAGS))
        for column in range(before, before + length):
            legal = PAIRS[targets[row, column - 1]] if column > before else STARTS
            targets[row, column] = random.choice(np.flatnonzero(legal))
    return emissions, targets


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("length", range(1, 6))
def test_the_loss_is_the_negative_log_of_the_gold_paths_share_of_all_legal_paths(length, seed):
    crf, (emissions, targets) = build_crf(seed=seed), make_batch([length] * 3, seed=seed)
    losses = crf.sparse_loss(targets, emissions).numpy()
    transitions = crf.transitions.numpy()
    for row in range(3):
        everything = [math.exp(score_path(path, emissions[row], transitions)) for path in list_legal_paths(length)]
        expected = math.log(sum(everything)) - score_path(targets[row], emissions[row], transitions)
        assert losses[row] == pytest.approx(expected, abs=2e-5)


def test_the_losses_of_all_legal_paths_are_a_distribution_and_an_illegal_one_is_impossible():
    crf, (emissions, _) = build_crf(), make_batch([4])
    paths = np.array(list(list_legal_paths(4)), dtype=np.int32)
    losses = crf.sparse_loss(paths, np.repeat(emissions, len(paths), axis=0)).numpy()
    assert np.exp(-losses.astype(np.float64)).sum() == pytest.approx(1.0, abs=1e-5)
    illegal = crf.sparse_loss([[2, 2, 0, 0], [0, 2, 0, 0], [1, 4, 0, 0]], np.repeat(emissions, 3, axis=0)).numpy()
    assert (illegal > 9000).all() and np.isfinite(illegal).all()


def make_losses():
    softmax = keras.Sequential([keras.layers.Dense(TAGS)])
    return {"crf": build_crf().sparse_loss, "softmax": make_tag_loss(softmax)}


@pytest.mark.parametrize("kind", ["crf", "softmax"])
def test_padding_and_the_place_of_the_counted_tokens_change_neither_loss_nor_gradient(kind):
    loss, lengths, results = make_losses()[kind], [1, 4, 0, 6], []
    for before, after, filler in ((0, 0, 0.0), (1, 0, 7.0), (0, 9, -7.0), (3, 2, np.nan)):
        emissions, targets = make_batch(lengths, before=before, after=after, filler=filler)
        with tf.GradientTape() as tape:
            tape.watch(emissions := tf.constant(emissions))
            losses = loss(targets, emissions)
        gradient = tape.gradient(losses, emissions).numpy()
        assert np.isfinite(gradient).all() and not gradient[targets < 0].any()
        results.append((losses.numpy(), gradient[targets >= 0]))
    assert results[0][0][2] == 0 and (results[0][0][[0, 1, 3]] > 0).all()
    for other in results[1:]:
        assert np.abs(other[0] - results[0][0]).max() < 1e-5 and np.abs(other[1] - results[0][1]).max() < 1e-5


@pytest.mark.parametrize("kind", ["crf", "softmax"])
def test_targets_that_came_as_floats_are_the_same(kind):
    emissions, targets = make_batch([3, 5], before=1)
    loss = make_losses()[kind]
    assert np.array_equal(loss(targets.astype(np.float32), emissions), loss(targets, emissions))


def test_without_a_crf_the_loss_is_the_sum_of_the_tokens_cross_entropies():
    emissions, targets = make_batch([2, 5, 0], before=1, after=2)
    losses = make_losses()["softmax"](targets, emissions).numpy()
    likely = np.exp(emissions.astype(np.float64))
    likely /= likely.sum(axis=2, keepdims=True)
    own = np.take_along_axis(likely, np.maximum(targets, 0)[:, :, None], axis=2)[:, :, 0]
    assert losses == pytest.approx(-(np.log(own) * (targets >= 0)).sum(axis=1), abs=1e-5)


def test_a_crf_with_zeros_and_no_illegal_tags_has_the_loss_of_the_softmax():
    crf = CRF(np.ones(TAGS, dtype=bool), np.ones((TAGS, TAGS), dtype=bool))
    crf.build((None, None, TAGS))
    emissions, targets = make_batch([2, 5, 0, 40], before=1)
    difference = crf.sparse_loss(targets, emissions) - make_losses()["softmax"](targets, emissions)
    assert np.abs(difference).max() < 1e-4


def test_gradients_are_those_of_finite_differences_and_illegal_pairs_have_none():
    crf, (emissions, targets) = build_crf(scale=0.5), make_batch([5, 3], before=1)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(crf.sparse_loss(targets, emissions))
    gradient = tape.gradient(total, crf.transitions).numpy()
    assert np.isfinite(gradient).all() and not gradient[~PAIRS].any()
    for pair in ((0, 1), (1, 2), (3, 0)):
        values, totals = crf.transitions.numpy(), []
        for step in (0.01, -0.01):
            moved = values.copy()
            moved[pair] += step
            crf.transitions.assign(moved)
            totals.append(float(tf.reduce_sum(crf.sparse_loss(targets, emissions))))
        crf.transitions.assign(values)
        assert gradient[pair] == pytest.approx((totals[0] - totals[1]) / 0.02, abs=5e-3)


@pytest.mark.parametrize("scale", [1e3, 6e4])
def test_gradients_stay_finite_at_extreme_scores(scale):
    crf, (emissions, targets) = build_crf(), make_batch([30, 3])
    with tf.GradientTape() as tape:
        tape.watch(emissions := tf.constant(np.clip(scale * emissions, -scale, scale)))
        losses = crf.sparse_loss(targets, emissions)
    for gradient in tape.gradient(losses, [emissions, crf.transitions]):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_emissions_are_computed_with_in_float32(dtype):
    crf, (emissions, targets) = build_crf(), make_batch([60, 3])
    half = tf.cast(emissions, dtype)
    losses = crf.sparse_loss(targets, half)
    assert losses.dtype == tf.float32
    assert np.array_equal(losses, crf.sparse_loss(targets, tf.cast(half, tf.float32)))


def test_the_length_may_be_unknown_to_the_graph():
    crf = build_crf()
    specs = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, TAGS], tf.float32)]
    loss = tf.function(crf.sparse_loss, input_signature=specs)
    for length in (1, 2, 9):
        emissions, targets = make_batch([length, 1])
        assert np.allclose(loss(targets, emissions), crf.sparse_loss(targets, emissions), atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "policy"),
    [(kind, "float32") for kind in ("crf", "bilstm_crf", "softmax")]
    + [("bilstm_attention_crf", "mixed_bfloat16"), ("crf", "mixed_float16"), ("softmax", "mixed_float16")],
)
def test_keras_fits_with_the_mean_over_texts_of_this_very_loss_and_thirty_steps_lower_it(kind, policy):
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = build_small_tagger(kind)
        model.compile(optimizer=keras.optimizers.Adam(5e-3), loss=make_tag_loss(model))
        ids, targets = toy.make_inputs()[0], make_batch([6, 8, 10], before=1, after=1)[1]
        emissions = model([ids, np.zeros_like(ids)])
        expected = float(tf.reduce_mean(make_tag_loss(model)(targets, emissions)))
        fitted = model.fit([ids, np.zeros_like(ids)], targets, batch_size=3, epochs=30, verbose=0).history["loss"]
        assert emissions.dtype == tf.float32
        assert fitted[0] == pytest.approx(expected, rel=1e-5 if policy == "float32" else 1e-2)
        assert fitted[-1] < 0.8 * fitted[0]
    finally:
        keras.mixed_precision.set_global_policy("float32")


DEVICES = """
import numpy as np
from zhlabel.backend import keras, make_strategy, tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import test_crf as tests
from zhlabel.models.losses import make_tag_loss

results, ids = [], tests.toy.make_inputs(texts=4)[0]
targets = tests.make_batch([4, 6, 8, 10], before=1, after=1)[1]
for devices in (("CPU:0",), ("CPU:0", "CPU:1")):
    strategy = make_strategy(devices=devices)
    assert strategy.num_replicas_in_sync == len(devices)
    with strategy.scope():
        model = tests.build_small_tagger("bilstm_attention_crf")
        model.compile(optimizer=keras.optimizers.SGD(0.05), loss=make_tag_loss(model))
    before = [variable.numpy() for variable in model.weights]
    losses = model.fit([ids, np.zeros_like(ids)], targets, batch_size=4, epochs=5, verbose=0).history["loss"]
    results.append((losses, [variable.numpy() for variable in model.weights]))
(one, weights), (two, others) = results
assert one[-1] < one[0] and np.allclose(one, two, rtol=1e-4), (one, two)
assert max(np.abs(a - b).max() for a, b in zip(weights, others)) < 1e-4
changes = {variable.name: np.abs(a - b).max() for variable, a, b in zip(model.weights, before, others)}
for name in ("crf/transitions:0", "emissions/kernel:0", "bilstm_backward/lstm_cell/kernel:0"):
    assert changes[name] > 1e-4, changes
assert model.get_layer("crf").trainable_weights == [model.get_layer("crf").transitions]
"""


def test_two_devices_train_as_one():
    done = run_python(DEVICES)
    assert done.returncode == 0, done.stderr[-3000:]
