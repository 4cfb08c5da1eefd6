"""What stands on the encoder: for classification the [CLS] vector and one dense layer."""

from zhlabel.backend import keras


def build_classifier(encoder, label_count, *, activation, seed):
    """Put a classification head on an encoder.

    The encoder stays one nested model, so that ``summary`` shows it as one line. Layers: encoder, ``cls`` (a Lambda
    that takes the first token's vector), ``head`` (Dense). The dense layer computes in float32 whatever the policy.

    Args:
        encoder: model of token ids and segment ids, int32 [B, T] each, to hidden [B, T, H].
        label_count: L.
        activation: "sigmoid" for labels that may occur together, "softmax" for exactly one.
        seed: of the head's initial values.

    Returns:
        A model of the same inputs to probabilities float32 [B, L].
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    segment_ids = keras.Input((None,), dtype="int32", name="segment_ids")
    hidden = encoder([token_ids, segment_ids])
    first = keras.layers.Lambda(lambda hidden: hidden[:, 0], name="cls")(hidden)
    head = keras.layers.Dense(
        label_count,
        activation=activation,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02, seed=seed),
        dtype="float32",
        name="head",
    )
    return keras.Model([token_ids, segment_ids], head(first), name="classifier")
