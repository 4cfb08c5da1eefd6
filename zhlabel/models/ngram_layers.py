"""Layers that add a linear model of n-grams to a model's logits."""

import dataclasses

from zhlabel.backend import keras, tf
from zhlabel.data.tokenizer import PADDING_ID
from zhlabel.ngrams.tags import REACH, TagNgrams, hash_places
from zhlabel.ngrams.text import Ngrams, hash_ngrams


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
    """What the n-grams of each row (``text.Ngrams``) say of each label: int32 token ids [B, T] to float32 [B, L]."""

    def call(self, inputs):
        votes = squares = 0.0
        for order, slots in enumerate(hash_ngrams(inputs)):
            known = tf.where(inputs[:, order:] == PADDING_ID, 0, tf.gather(self.slots, slots))
            votes += tf.reduce_sum(tf.gather(self.votes, known), axis=1)
            squares += tf.reduce_sum(tf.gather(self.squares, known), axis=1)
        return votes * tf.math.rsqrt(tf.maximum(squares, 1e-12))[:, None] + self.bias


class TagNgramVotes(_Votes):
    """What the n-grams around a token (``tags.TagNgrams``) say of its tag: int32 [B, T] to float32 [B, T, K]."""

    def call(self, inputs):
        padded = tf.pad(inputs, [[0, 0], [REACH, REACH]], constant_values=PADDING_ID)
        votes = sum(
            tf.cast(tf.gather(self.votes, tf.gather(self.slots, slots)), tf.float32) for slots in hash_places(padded)
        )
        return votes * self.scales + self.bias


_VOTES = {Ngrams: NgramVotes, TagNgrams: TagNgramVotes}


def find_dense(model):
    """Return the last dense layer of a model, a classifier or a tagger, whose outputs n-grams are added to."""
    return next(layer for layer in model.layers if layer.name in ("head", "emissions"))


def build_margin_model(ngrams):
    """Return a model of token ids and segment ids, int32 [B, T] each, to what n-grams say.

    Args:
        ngrams: ``text.Ngrams``, which say float32 [B, L], or ``tags.TagNgrams``, which say [B, T, K].
    """
    inputs = [keras.Input((None,), dtype="int32") for _ in ("token_ids", "segment_ids")]
    return keras.Model(inputs, _VOTES[type(ngrams)](ngrams)(inputs[0]))


def add_votes(model, ngrams):
    """Let n-grams vote in a model: what they say is added to what its last dense layer says.

    Args:
        model: of ``build_classifier`` or ``build_tagger``; its layers are shared, not copied.
        ngrams: ``text.Ngrams`` or ``tags.TagNgrams``.

    Returns:
        A model of the same inputs to outputs of the same form, with one more layer, ``votes``.
    """
    dense, last = find_dense(model), model.layers[-1]
    votes = _VOTES[type(ngrams)](ngrams, name="votes")(model.inputs[0])
    outputs = keras.layers.Add(dtype="float32", name="logits")([dense.output, votes])
    if last is not dense:  # probabilities, or a CRF
        outputs = last(outputs)
    return keras.Model(model.inputs, outputs, name=f"{model.name}_with_votes")
