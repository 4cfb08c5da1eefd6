"""The classification head: one dense layer on a vector pooled from the hidden states of a text."""

from zhlabel.backend import keras
from zhlabel.models.heads import CLASSIFIERS


def build_classifier(encoder, label_count, *, activation, seed, head="cls"):
    """Put a classification head on an encoder.

    The encoder stays one nested model, so that ``summary`` shows it as one line. Layers: encoder, those of the
    pooling (of "cls" a Lambda that takes the first token's vector), ``head`` (Dense), ``probabilities``. The last two
    compute in float32.

    Args:
        encoder: model of token ids and segment ids, int32 [B, T] each, to the hidden states that ``head`` asks for.
        label_count: L.
        activation: "sigmoid" for labels that may occur together, "softmax" for exactly one.
        seed: of the head's initial values.
        head: a name of ``heads.CLASSIFIERS``, whose ``outputs`` the encoder was built with.

    Returns:
        A model of the same inputs to probabilities float32 [B, L].
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    segment_ids = keras.Input((None,), dtype="int32", name="segment_ids")
    hidden = encoder([token_ids, segment_ids])
    vector = CLASSIFIERS[head].pool(hidden, token_ids, seed=seed)
    dense = keras.layers.Dense(
        label_count,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02, seed=seed),
        dtype="float32",
        name="head",
    )
    probabilities = keras.layers.Activation(activation, dtype="float32", name="probabilities")
    return keras.Model([token_ids, segment_ids], probabilities(dense(vector)), name="classifier")
