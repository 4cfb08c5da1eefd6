"""What stands on the encoder: for classification one dense layer on its summary of a text, for NER the tags' scores."""

import dataclasses
import math

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.crf import CRF
from zhlabel.ngrams import Ngrams, hash_ngrams
from zhlabel.tag_ngrams import REACH, TagNgrams, hash_places
from zhlabel.tokens import PADDING_ID

# The kinds of taggers, and which layers each has beside dropout and emissions.
TAGGER_KINDS = {
    "crf": ("crf",),
    "bilstm_crf": ("bilstm", "crf"),
    "bilstm_attention_crf": ("bilstm", "attention", "crf"),
    "softmax": (),
}
_UNITS = 128
_DROPOUT_RATE = 0.1


def build_classifier(encoder, label_count, *, activation, seed):
    """Put a classification head on an encoder.

    The encoder stays one nested model, so that ``summary`` shows it as one line. Layers: encoder, ``cls`` (a Lambda
    that takes the first token's vector), ``head`` (Dense), ``probabilities``. Where the encoder also gives the tokens'
    highest values, ``max`` takes those, and ``cls_max`` joins both. All but the encoder computes in float32.

    Args:
        encoder: model of token ids and segment ids, int32 [B, T] each, to hidden [B, T, H] or a summary of them.
        label_count: L.
        activation: "sigmoid" for labels that may occur together, "softmax" for exactly one.
        seed: of the head's initial values.

    Returns:
        A model of the same inputs to probabilities float32 [B, L].
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    segment_ids = keras.Input((None,), dtype="int32", name="segment_ids")
    hidden = encoder([token_ids, segment_ids])
    vector = keras.layers.Lambda(lambda hidden: hidden[:, 0], name="cls")(hidden)
    if encoder.output_shape[1] == 2:  # the summary "cls_max"
        highest = keras.layers.Lambda(lambda hidden: hidden[:, 1], name="max")(hidden)
        vector = keras.layers.Concatenate(name="cls_max")([vector, highest])
    head = keras.layers.Dense(
        label_count,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02, seed=seed),
        dtype="float32",
        name="head",
    )
    probabilities = keras.layers.Activation(activation, dtype="float32", name="probabilities")
    return keras.Model([token_ids, segment_ids], probabilities(head(vector)), name="classifier")


class _Votes(keras.layers.Layer):
    """A layer whose weights are the arrays of a dataclass. Nothing is trained.

    Args:
        ngrams: the values that the layer begins with.
    """

    def __init__(self, ngrams, **options):
        super().__init__(dtype="float32", **options)
        for part in dataclasses.fields(ngrams):
            value = getattr(ngrams, part.name)
            start = keras.initializers.Constant(value)
            weight = self.add_weight(part.name, value.shape, value.dtype, initializer=start, trainable=False)
            setattr(self, part.name, weight)


class NgramVotes(_Votes):
    """What the n-grams of each row (``ngrams.Ngrams``) say of each label: int32 token ids [B, T] to float32 [B, L]."""

    def call(self, inputs):
        votes = squares = 0.0
        for order, slots in enumerate(hash_ngrams(inputs)):
            known = tf.where(inputs[:, order:] == PADDING_ID, 0, tf.gather(self.slots, slots))
            votes += tf.reduce_sum(tf.gather(self.votes, known), axis=1)
            squares += tf.reduce_sum(tf.gather(self.squares, known), axis=1)
        return votes * tf.math.rsqrt(tf.maximum(squares, 1e-12))[:, None] + self.bias


class TagNgramVotes(_Votes):
    """What the n-grams around a token (``tag_ngrams.TagNgrams``) say of its tag: int32 [B, T] to float32 [B, T, K]."""

    def call(self, inputs):
        padded = tf.pad(inputs, [[0, 0], [REACH, REACH]], constant_values=PADDING_ID)
        votes = sum(
            tf.cast(tf.gather(self.votes, tf.gather(self.slots, slots)), tf.float32) for slots in hash_places(padded)
        )
        return votes * self.scales + self.bias


_VOTES = {Ngrams: NgramVotes, TagNgrams: TagNgramVotes}


def find_dense(model):
    """Give the last dense layer of a model, a classifier or a tagger, whose outputs n-grams are added to."""
    return next(layer for layer in model.layers if layer.name in ("head", "emissions"))


def measure_margins(ngrams):
    """Give a model of token ids and segment ids, int32 [B, T] each, to what n-grams say.

    Args:
        ngrams: ``ngrams.Ngrams``, which say float32 [B, L], or ``tag_ngrams.TagNgrams``, which say [B, T, K].
    """
    inputs = [keras.Input((None,), dtype="int32") for _ in ("token_ids", "segment_ids")]
    return keras.Model(inputs, _VOTES[type(ngrams)](ngrams)(inputs[0]))


def add_votes(model, ngrams):
    """Let n-grams vote in a model: what they say is added to what its last dense layer says.

    Args:
        model: of ``build_classifier`` or ``build_tagger``; its layers are shared, not copied.
        ngrams: ``ngrams.Ngrams`` or ``tag_ngrams.TagNgrams``.

    Returns:
        A model of the same inputs to outputs of the same form, with one more layer, ``votes``.
    """
    dense, last = find_dense(model), model.layers[-1]
    votes = _VOTES[type(ngrams)](ngrams, name="votes")(model.inputs[0])
    outputs = keras.layers.Add(dtype="float32", name="logits")([dense.output, votes])
    if last is not dense:  # probabilities, or a CRF
        outputs = last(outputs)
    return keras.Model(model.inputs, outputs, name=f"{model.name}_with_votes")


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
        kind: one of TAGGER_KINDS. "softmax" has no CRF: each token's tag is learned by itself.
        starts: bool array [K], tags that a path may begin with.
        pairs: bool array [K, K], which tag (column) may follow which (row).
        seed: of the head's initial values.

    Returns:
        A model of the same inputs to emissions float32 [B, T, K], not normalised. ``crf.make_tag_loss`` has its loss.

    Reference: Huang, Xu & Yu 2015, "Bidirectional LSTM-CRF Models for Sequence Tagging", arXiv:1508.01991; "attention"
    as in "BERT-BiLSTM-CRF Chinese Resume Named Entity Recognition Combining Attention Mechanisms".
    """
    parts = TAGGER_KINDS[kind]
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
