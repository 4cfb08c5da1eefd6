"""The classification head: one dense layer on the encoder's summary of a text."""

from zhlabel.backend import keras


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
