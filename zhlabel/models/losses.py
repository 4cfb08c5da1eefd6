"""The losses by name. Each entry makes the Keras loss of a model: of targets and outputs to float32 [B].

A new loss is one entry here, and its name in the task that is trained with it.
"""

from zhlabel.backend import keras, tf
from zhlabel.models.crf import CRF


def make_loss(name, model):
    """Return the Keras loss of this name for a model.

    Args:
        name: a key of LOSSES.
        model: the model that is trained; a loss may read its layers.
    """
    return LOSSES[name](model)


def make_tag_loss(model):
    """Return the Keras loss of a tagger: of targets int [B, T] (-1: does not count) and emissions to float32 [B].

    With a CRF it is the negative log-likelihood of the gold path (``CRF.sparse_loss``); without one the cross-entropy
    of each token that counts. Both are sums over a text's tokens, and Keras takes their mean over the texts.

    Args:
        model: of ``tagger.build_tagger``.
    """
    layers = [layer for layer in model.layers if isinstance(layer, CRF)]
    return layers[0].sparse_loss if layers else sum_tag_crossentropy


def sum_tag_crossentropy(y_true, y_pred):
    """Return the sum of the cross-entropies of a text's tokens that count: int [B, T], [B, T, K] to float32 [B]."""
    tags, counted = tf.cast(y_true, tf.int32), tf.cast(y_true, tf.int32) >= 0
    emissions = tf.where(counted[:, :, None], tf.cast(y_pred, tf.float32), 0.0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(tags, 0), logits=emissions)
    return tf.reduce_sum(tf.where(counted, losses, 0.0), axis=1)


LOSSES = {
    "binary_crossentropy": lambda model: keras.losses.binary_crossentropy,
    "sparse_categorical_crossentropy": lambda model: keras.losses.sparse_categorical_crossentropy,
    "tags": make_tag_loss,
}
