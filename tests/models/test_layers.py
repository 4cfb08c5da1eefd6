"""The layers equal bert4keras's and TensorFlow's own differentiation, in values and in gradients."""

import numpy as np
import pytest

from zhlabel.backend import bert4keras, keras, tf
from zhlabel.models import layers

RANDOM = np.random.default_rng(1)


def draw(*shape):
    return tf.constant(RANDOM.standard_normal(shape), tf.float32)


def differentiate(function, *inputs, upstream):
    """Return a function's value and the gradients of its inputs."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = function(*inputs)
    return value, *tape.gradient(value, inputs, upstream)


@pytest.mark.parametrize("approximate", [True, False])
def test_gelu_and_its_derivative_are_tensorflows(approximate):
    gelu = layers.gelu_tanh if approximate else layers.gelu_erf
    x, upstream = tf.concat([draw(1, 500) * 3, tf.constant([[-30.0, 0.0, 30.0]])], 1), draw(1, 503)
    expected = differentiate(lambda x: tf.nn.gelu(x, approximate=approximate), x, upstream=upstream)
    for ours, theirs in zip(differentiate(gelu, x, upstream=upstream), expected, strict=True):
        assert np.abs(ours - theirs).max() < 1e-5


def test_layer_norm_and_its_gradients_are_bert4keras():
    both = [cls(epsilon=1e-6) for cls in (layers.LayerNorm, bert4keras.layers.LayerNormalization)]
    x, upstream = draw(3, 5, 8) * 2 + 1, draw(3, 5, 8)
    gamma, beta = draw(8), draw(8)
    results = []
    for layer in both:
        layer.build(x.shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = layer(x)
        results.append([value, *tape.gradient(value, [x, layer.gamma, layer.beta], upstream)])
    for ours, theirs in zip(*results, strict=True):
        assert np.abs(ours - theirs).max() < 1e-5


def test_attention_and_its_gradients_are_bert4keras_and_padding_is_no_key():
    x, upstream = draw(3, 6, 8), draw(3, 6, 8)
    mask = tf.constant([[True] * 6, [True] * 4 + [False] * 2, [True] + [False] * 5])
    results = []
    for cls in (layers.Attention, bert4keras.layers.MultiHeadAttention):
        layer = cls(heads=2, head_size=4, kernel_initializer="ones")
        layer([x, x, x], mask=[mask] * 3)
        random = np.random.default_rng(2)
        layer.set_weights([random.standard_normal(weight.shape) for weight in layer.get_weights()])
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = layer([x, x, x], mask=[mask] * 3)
        results.append([value, *tape.gradient(value, [x, *layer.weights], upstream)])
    for ours, theirs in zip(*results, strict=True):
        assert np.abs(ours - theirs).max() < 1e-4 * max(1, np.abs(theirs).max())
    changed = tf.where(mask[..., None], x, 7.0)
    assert np.abs(layer([changed] * 3, mask=[mask] * 3) - results[1][0])[mask].max() < 1e-6


def test_attention_drops_weights_in_training_alone():
    layer, x = layers.Attention(heads=1, head_size=4, attention_dropout=0.5, kernel_initializer="ones"), draw(1, 6, 4)
    mask = [tf.ones((1, 6), tf.bool)] * 3
    still, again = layer([x] * 3, mask=mask), layer([x] * 3, mask=mask)
    assert np.array_equal(still, again)
    assert not np.allclose(layer([x] * 3, mask=mask, training=True), still)


def test_the_first_token_keeps_its_mask():
    ids = keras.Input((None,), dtype="int32")
    first = layers.FirstToken()(keras.layers.Embedding(9, 4, mask_zero=True)(ids))
    assert first.shape[1] == 1 and first._keras_mask.shape[1] == 1


def test_a_shifted_table_is_looked_up_and_the_table_still_gets_the_gradient():
    layer, ids, shift = layers.Embedding(9, 4), tf.constant([[1, 5, 5]]), draw(9, 4)
    plain = layer(ids)
    layer.shift = shift
    with tf.GradientTape() as tape:
        moved = layer(ids)
    np.testing.assert_allclose(moved - plain, tf.gather(shift, ids), atol=1e-6)
    counts = tf.convert_to_tensor(tape.gradient(moved, layer.embeddings))[:, 0]
    assert counts.numpy().tolist() == [0, 1, 0, 0, 0, 2, 0, 0, 0]


def test_the_highest_values_ignore_what_the_mask_leaves_out():
    x = tf.constant([[[1.0, 9.0], [5.0, 2.0], [7.0, 99.0]]])
    layer = layers.HighestValues()
    assert layer(x, mask=tf.constant([[True, True, False]])).numpy().tolist() == [[[5.0, 9.0]]]
    assert layer(x).numpy().tolist() == [[[7.0, 99.0]]]
