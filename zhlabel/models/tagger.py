"""The tagging heads: BiLSTM, attention, CRF on the encoder's hidden states."""

import math

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.data.tokenizer import PADDING_ID
from zhlabel.models.crf import CRF
from zhlabel.models.heads import TAGGERS

_UNITS = 128
_DROPOUT_RATE = 0.1


class SelfAttention(keras.layers.Layer):
    """Scaled dot-product self-attention of one head: softmax(Q K^T / sqrt(d)) V, each a dense projection to d units.

    Where the mask is False a token is not attended to.

    Reference: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.1.
    """

    def __init__(self, units, seeds, **options):
        super().__init__(**options)
        self.units, self.seeds = units, seeds

    def build(self, input_shape):
        super().build(input_shape)
        self.projections = [
            (
                self.add_weight(f"{role}_kernel", (input_shape[-1], self.units), initializer=_draw_kernel(seed)),
                self.add_weight(f"{role}_bias", (self.units,), initializer="zeros"),
            )
            for role, seed in zip(("query", "key", "value"), self.seeds, strict=True)
        ]

    def call(self, inputs, mask=None):
        query, key, value = (tf.tensordot(inputs, kernel, 1) + bias for kernel, bias in self.projections)
        scores = tf.matmul(query, key, transpose_b=True) / math.sqrt(self.units)
        return tf.nn.softmax(tf.where(mask[:, None], scores, -1e9)) @ value

    def compute_mask(self, inputs, mask=None):
        return None


def build_tagger(encoder, kind, *, starts, pairs, seed):
    """Put a tagging head on an encoder.

    Layers, in this order, those that ``kind`` names: ``encoder``; a bidirectional LSTM of 128 units each way
    (``bilstm_forward``, ``bilstm_backward``, joined by ``bilstm``); ``attention`` over its output, of 128 units;
    ``dropout``; ``emissions`` (Dense); ``crf``, which owns the transitions. Everything after the encoder computes in
    float32 whatever the policy. Padding (token id 0) changes nothing; the emissions at it have no meaning.

    Args:
        encoder: model of token ids and segment ids, int32 [B, T] each, to hidden [B, T, H].
        kind: a name of ``heads.TAGGERS``. "softmax" has no CRF: each token's tag is learned by itself.
        starts: bool array [K], tags that a path may begin with.
        pairs: bool array [K, K], which tag (column) may follow which (row).
        seed: of the head's initial values.

    Returns:
        A model of the same inputs to emissions float32 [B, T, K], not normalised. Its loss: ``losses.make_tag_loss``.

    Reference: Huang, Xu & Yu 2015, "Bidirectional LSTM-CRF Models for Sequence Tagging", arXiv:1508.01991; "attention"
    as in "BERT-BiLSTM-CRF Chinese Resume Named Entity Recognition Combining Attention Mechanisms".
    """
    parts = TAGGERS[kind].layers
    seeds = [int(each) for each in np.random.default_rng(seed).integers(2**31, size=8)]
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    segment_ids = keras.Input((None,), dtype="int32", name="segment_ids")
    mask = keras.layers.Lambda(lambda ids: ids != PADDING_ID, name="mask")(token_ids)
    # A copy is without the mask that bert4keras attaches to the tensor, by which Keras would multiply the loss.
    hidden = keras.layers.Lambda(tf.identity, name="hidden")(encoder([token_ids, segment_ids]))
    if "bilstm" in parts:
        hidden = _apply_bilstm(hidden, mask, seeds[:4])
    if "attention" in parts:
        hidden = SelfAttention(_UNITS, seeds[4:7], dtype="float32", name="attention")(hidden, mask=mask)
    hidden = keras.layers.Dropout(_DROPOUT_RATE, dtype="float32", name="dropout")(hidden)
    dense = {"kernel_initializer": _draw_kernel(seeds[7]), "dtype": "float32", "name": "emissions"}
    emissions = keras.layers.Dense(len(starts), **dense)(hidden)
    if "crf" in parts:
        emissions = CRF(starts, pairs, name="crf")(emissions)
    return keras.Model([token_ids, segment_ids], emissions, name="tagger")


def _apply_bilstm(hidden, mask, seeds):
    """Run one LSTM each way. They are two layers, not a Bidirectional, so that each weight has a name of its own."""
    outputs = []
    for place, direction in enumerate(("forward", "backward")):
        lstm = keras.layers.LSTM(
            _UNITS,
            return_sequences=True,
            go_backwards=direction == "backward",
            kernel_initializer=_draw_kernel(seeds[2 * place]),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds[2 * place + 1]),
            dtype="float32",
            name=f"bilstm_{direction}",
        )
        outputs.append(lstm(hidden, mask=mask))
    join = keras.layers.Lambda(lambda both: tf.concat([both[0], tf.reverse(both[1], [1])], axis=2), name="bilstm")
    return join(outputs)


def _draw_kernel(seed):
    return keras.initializers.GlorotUniform(seed=seed)
