"""The table of heads: how each pools hidden states or which layers it has, what it asks of the encoder, its own rate.

A new classification head is one function and one entry here, and its name among the heads of a task. TensorFlow is
imported inside the poolings, so that the table can be read without it.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """What is put on an encoder.

    Attributes:
        outputs: what the encoder has to compute, as in ``encoder.build_encoder``. "tokens" gives the head every hidden
            state; a head that reads [CLS] alone says "cls", so that the last layer computes nothing else.
        pool: (hidden, token_ids, seed=) to a vector [B, D]; None for a tagger.
        layers: of a tagger: its layers beside dropout and emissions.
        learning_rate: peak rate that suits the layers of the head; None: the encoder's.
    """

    outputs: str = "tokens"
    pool: Callable | None = None
    layers: tuple = ()
    learning_rate: float | None = None


def pool_first(hidden, token_ids, *, seed):
    """Return the hidden states of [CLS], [B, H]."""
    return _take_column(hidden, 0, name="cls")


def pool_first_and_highest(hidden, token_ids, *, seed):
    """Return the hidden states of [CLS] and the highest values before the last layer, side by side: [B, 2 H]."""
    from zhlabel.backend import keras

    both = [_take_column(hidden, 0, name="cls"), _take_column(hidden, 1, name="max")]
    return keras.layers.Concatenate(name="cls_max")(both)


def _take_column(hidden, column, *, name):
    from zhlabel.backend import keras

    return keras.layers.Lambda(lambda hidden: hidden[:, column], name=name)(hidden)


CLASSIFIERS = {
    "cls": Head(outputs="cls", pool=pool_first),
    "cls_max": Head(outputs="cls_max", pool=pool_first_and_highest),
}
# An LSTM begins at random: at an encoder's rate it learns too little in the epochs that an encoder needs.
TAGGERS = {
    "crf": Head(layers=("crf",)),
    "bilstm_crf": Head(layers=("bilstm", "crf"), learning_rate=2e-3),
    "bilstm_attention_crf": Head(layers=("bilstm", "attention", "crf"), learning_rate=2e-3),
    "softmax": Head(),
}
HEADS = {**CLASSIFIERS, **TAGGERS}


def recommend_head_learning_rate(head, learning_rate):
    """Return the peak rate of all that is not encoder, and the reason.

    Args:
        head: a name of HEADS.
        learning_rate: the encoder's peak rate; the head's is never lower.

    >>> recommend_head_learning_rate("crf", 5e-4)
    (0.0005, "crf learns at the encoder's rate")
    >>> recommend_head_learning_rate("bilstm_crf", 5e-4)
    (0.002, 'bilstm_crf has layers that begin at random')
    """
    own = HEADS[head].learning_rate
    if own is None or own <= learning_rate:
        return learning_rate, f"{head} learns at the encoder's rate"
    return own, f"{head} has layers that begin at random"
