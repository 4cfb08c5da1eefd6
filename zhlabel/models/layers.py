"""bert4keras's layers in fewer operations: the same variables and the same numbers, to rounding.

On a processor a training step of a small encoder is bound by how often its activations pass through memory. Gradients
that a formula gives in two passes take TensorFlow's differentiation five or more, one for each operation.
"""

import functools
import math

from zhlabel.backend import bert4keras, keras, tf

_TANH_SCALE, _TANH_CUBE = math.sqrt(2 / math.pi), 0.044715


def _with_derivative(function):
    """Build a function of one tensor from a function that gives the value and the derivative."""

    @tf.custom_gradient
    def differentiable(x):
        value, derivative = function(x)
        return value, lambda upstream: upstream * derivative

    return functools.wraps(function)(differentiable)


@_with_derivative
def gelu_tanh(x):
    """GELU with tanh in place of the error function: x s, s = (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.

    Reference: Hendrycks & Gimpel 2016, "Gaussian Error Linear Units", arXiv:1606.08415, section 2.
    """
    # In this order OpenVINO knows the value as one operation.
    rest = 1 + tf.tanh(x * _TANH_SCALE * (1 + x * _TANH_CUBE * x))
    slope = _TANH_SCALE + 3 * _TANH_SCALE * _TANH_CUBE * (x * x)
    return x * 0.5 * rest, 0.5 * rest * (1 + x * (2 - rest) * slope)


@_with_derivative
def gelu_erf(x):
    """GELU: x times the standard normal distribution's share below x.

    Reference: Hendrycks & Gimpel 2016, "Gaussian Error Linear Units", arXiv:1606.08415, section 2.
    """
    share = 0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5))
    return x * share, share + x * (1 / math.sqrt(2 * math.pi)) * tf.exp(-0.5 * x * x)


@tf.custom_gradient
def _normalise(x, gamma, beta, epsilon):
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    scale = tf.math.rsqrt(tf.reduce_mean(centred * centred, -1, keepdims=True) + epsilon)
    unit = centred * scale

    def differentiate(upstream):
        inner = upstream * gamma
        along = inner - unit * tf.reduce_mean(inner * unit, -1, keepdims=True)
        batch = range(len(x.shape) - 1)
        return (
            scale * (along - tf.reduce_mean(inner, -1, keepdims=True)),
            tf.reduce_sum(upstream * unit, batch),
            tf.reduce_sum(upstream, batch),
            None,
        )

    return unit * gamma + beta, differentiate


class LayerNorm(bert4keras.layers.LayerNormalization):
    """Layer normalisation over the last axis, [..., H] to [..., H].

    Reference: Ba et al. 2016, "Layer Normalization", arXiv:1607.06450.
    """

    def call(self, inputs):
        return _normalise(inputs, tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta), self.epsilon)


class Attention(bert4keras.layers.MultiHeadAttention):
    """Multi-head attention of queries [B, Q, H] over keys and values [B, T, H]; where the mask is False is no key.

    bert4keras makes a new Dropout in each call, whose random state nothing can set: here it is one layer.

    Reference: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.dropout = keras.layers.Dropout(self.attention_dropout or 0.0, name="attention_dropout")

    def pay_attention_to(self, inputs, mask=None, **_):
        query, key, value = (tf.transpose(part, (0, 2, 1, 3)) for part in inputs)
        scores = tf.matmul(query * self.key_size**-0.5, key, transpose_b=True)
        weights = tf.nn.softmax(scores + tf.where(mask[1], tf.zeros((), scores.dtype), scores.dtype.min)[:, None, None])
        return tf.transpose(tf.matmul(self.dropout(weights), value), (0, 2, 1, 3)), weights


class Embedding(bert4keras.layers.Embedding):
    """Look-up in a table [V, E], int32 [...] to [..., E], which can be moved while a step is traced.

    Attributes:
        shift: float32 [V, E] that is added to the table, or None.
    """

    shift = None

    def call(self, inputs):
        if self.shift is None:
            return super().call(inputs)
        return tf.cast(tf.gather(self.embeddings + self.shift, inputs), self.compute_dtype)


class FirstToken(keras.layers.Layer):
    """The hidden states of each row's first token, [B, T, H] to [B, 1, H], and its mask."""

    def call(self, inputs):
        return tf.expand_dims(inputs[:, 0], 1)  # OpenVINO misreads inputs[:, 0, None]

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else tf.expand_dims(mask[:, 0], 1)


class HighestValues(keras.layers.Layer):
    """The highest of each of H values over a row's tokens, [B, T, H] to [B, 1, H]; where the mask is False is none."""

    def call(self, inputs, mask=None):
        if mask is not None:
            inputs = tf.where(mask[:, :, None], inputs, inputs.dtype.min)
        return tf.reduce_max(inputs, axis=1, keepdims=True)

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else mask[:, :1]
