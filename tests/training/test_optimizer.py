"""The optimizer: the rate over a training, the head's own rate in update and decay, nothing for frozen variables."""

import numpy as np
import pytest

from zhlabel.backend import keras, tf
from zhlabel.training import loop
from zhlabel.training.optimizer import FusedAdam, WarmupThenDecay

RATE, HEAD_RATE = 1e-2, 5e-2


def make_model(*, frozen=False, **options):
    """Build the quickest model with a nested encoder (words, dense, layer norm) and two layers after it; compile it."""
    layers, ids = keras.layers, keras.Input((None,), dtype="int32")
    draw = keras.initializers.RandomNormal
    words = layers.Embedding(20, 4, embeddings_initializer=draw(seed=1), name="words", trainable=not frozen)(ids)
    hidden = layers.LayerNormalization(name="norm")(layers.Dense(4, kernel_initializer=draw(seed=2))(words))
    encoder = keras.Model(ids, hidden, name="encoder")
    inputs = keras.Input((None,), dtype="int32")
    lstm = layers.LSTM(3, kernel_initializer=draw(seed=3), recurrent_initializer=draw(seed=4), name="lstm")
    head = layers.Dense(2, "sigmoid", kernel_initializer=draw(seed=5), name="head")
    model = keras.Model(inputs, head(lstm(encoder(inputs))))
    usual = {"learning_rate": RATE, "warmup_share": 0.2, "weight_decay": 0.1, "total_steps": 10}
    loop.compile_model(model, loss="binary_crossentropy", **{**usual, **options})
    return model


def is_head(variable):
    return variable.name.startswith(("lstm", "head"))


def list_state(model):
    return [*model.weights, *model.optimizer.variables]


def fit_steps(model, *, steps):
    """Train on the same drawn texts; gives the value of each variable."""
    random = np.random.default_rng(0)
    ids, targets = random.integers(0, 20, (4, 6)), random.integers(0, 2, (4, 2)).astype("float32")
    model.fit(ids, targets, batch_size=4, epochs=steps, shuffle=False, verbose=0)
    return [variable.numpy() for variable in model.weights]


def apply_steps(model, *, steps=8):
    """Apply the same drawn gradients, sparse ones for the words; gives the value of each variable after each step."""
    random, after = np.random.default_rng(0), []
    words = model.trainable_variables[0]

    @tf.function
    def apply(gradients, rows, values):
        gradients = [tf.IndexedSlices(values, rows, words.shape), *gradients[1:]]
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    for _ in range(steps):
        gradients = [random.standard_normal(v.shape).astype("float32") for v in model.trainable_variables]
        apply(gradients, tf.constant([3, 7, 3]), gradients[0][:3])
        after.append([variable.numpy() for variable in model.weights])
    return after


def test_the_rate_is_that_of_the_formula_at_each_step():
    rates = [float(WarmupThenDecay(1.0, 10, 4)(step)) for step in range(11)]
    by_hand = [min((step + 1) / 4, (10 - step) / 6, 1) for step in range(11)]
    assert rates == pytest.approx(by_hand)


def test_every_step_is_that_of_keras():
    ours = make_model()
    schedule = WarmupThenDecay(RATE, 10, 2)
    theirs = make_model()
    theirs.optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.1, epsilon=1e-6)
    theirs.optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", "[Nn]orm"])
    theirs.optimizer.build(theirs.trainable_variables)
    for found, expected in zip(apply_steps(ours), apply_steps(theirs), strict=True):
        for place, variable in enumerate(ours.weights):
            assert np.abs(found[place] - expected[place]).max() < 1e-6, variable.name


def test_every_step_equals_that_of_one_rate_for_the_head_and_of_the_other_for_the_encoder():
    model = make_model(head_learning_rate=HEAD_RATE)
    both, slow, fast = map(apply_steps, (model, make_model(), make_model(learning_rate=HEAD_RATE)))
    for step in range(len(both)):
        for place, variable in enumerate(model.weights):
            same, other = (fast, slow) if is_head(variable) else (slow, fast)
            assert np.array_equal(both[step][place], same[step][place]), (step, variable.name)
            assert not np.array_equal(both[step][place], other[step][place]), (step, variable.name)


def test_a_training_step_equals_that_of_the_two_rates():
    model = make_model(head_learning_rate=HEAD_RATE)
    models = (model, make_model(), make_model(learning_rate=HEAD_RATE))
    both, slow, fast = (fit_steps(each, steps=1) for each in models)
    for variable, value, *others in zip(model.weights, both, slow, fast, strict=True):
        assert np.abs(value - others[is_head(variable)]).max() < 1e-6, variable.name


def test_the_head_rate_adds_nothing_that_a_resumed_training_would_have_to_read():
    models = make_model(), make_model(head_learning_rate=HEAD_RATE)
    shapes = [[tuple(variable.shape) for variable in model.optimizer.variables] for model in models]
    assert shapes[0] == shapes[1]


def test_a_training_goes_on_from_the_optimizers_variables_at_the_same_rates():
    whole, begun, resumed = (make_model(head_learning_rate=HEAD_RATE) for _ in range(3))
    expected = fit_steps(whole, steps=4)
    fit_steps(begun, steps=2)
    for source, target in zip(list_state(begun), list_state(resumed), strict=True):
        target.assign(source)
    assert all(map(np.array_equal, fit_steps(resumed, steps=2), expected))


def test_the_reported_rate_stays_that_of_the_encoder():
    model = make_model(head_learning_rate=HEAD_RATE)
    apply_steps(model, steps=2)
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE)


@pytest.mark.parametrize("head_rate", [0.0, HEAD_RATE])
def test_the_decay_moves_weights_by_their_own_rate_and_no_bias_or_frozen_variable(head_rate):
    model = make_model(frozen=True, warmup_share=0.0, head_learning_rate=head_rate, weight_decay=0.5)
    assert len(model.optimizer.variables) == 1 + 2 * len(model.trainable_variables)
    before = [variable.numpy() for variable in model.weights]
    model.optimizer.apply_gradients([(tf.zeros(v.shape), v) for v in model.trainable_variables])
    for variable, value in zip(model.weights, before, strict=True):
        rate = (head_rate or RATE) if is_head(variable) else RATE
        decayed = "kernel" in variable.name
        assert np.allclose(variable.numpy(), value * (1 - 0.5 * rate * decayed), rtol=1e-6, atol=0), variable.name


def test_keras_keeps_the_moments_where_the_fused_step_looks_for_them():
    """FusedAdam reads private attributes of Keras's Adam: _var_key, _index_dict, _momentums and _velocities."""
    variables = [tf.Variable(np.ones(shape, "float32"), name=name) for name, shape in (("a", (2,)), ("b", (3, 2)))]
    optimizer = FusedAdam(WarmupThenDecay(RATE, 10, 0))
    optimizer.build(variables)
    keys = [optimizer._var_key(variable) for variable in variables]
    assert [optimizer._index_dict[key] for key in keys] == [0, 1]
    for moments in (optimizer._momentums, optimizer._velocities):
        assert [each.shape for each in moments] == [each.shape for each in variables]
    assert optimizer._use_weight_decay(variables[0]) in (True, False)
