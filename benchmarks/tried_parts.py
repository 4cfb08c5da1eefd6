"""The parts that benchmarks.parts tries in multi-label training: losses, poolings, steps, averages, teachers, texts."""

from dataclasses import dataclass

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.training import adversarial


def cross_entropy(targets, logits):
    """Sigmoid cross-entropy, the default."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1)


def zlpr(targets, logits):
    """Su et al. 2022, "ZLPR: A Novel Loss for Multi-label Classification", arXiv:2208.02955; a threshold at logit 0."""
    signed, zero = (1 - 2 * targets) * logits, tf.zeros_like(logits[:, :1])
    halves = [tf.concat([signed - 1e12 * other, zero], axis=1) for other in (targets, 1 - targets)]
    return sum(tf.reduce_logsumexp(half, axis=1) for half in halves)


def focal(targets, logits):
    """Lin et al. 2017, "Focal Loss for Dense Object Detection", arXiv:1708.02002; gamma 2, no alpha."""
    right = tf.sigmoid((2 * targets - 1) * logits)
    return tf.reduce_mean((1 - right) ** 2 * tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1)


def asymmetric(targets, logits):
    """Ridnik et al. 2021, "Asymmetric Loss", arXiv:2009.14119; gamma 0 and 4, margin 0.05."""
    likely = tf.sigmoid(logits)
    shifted = tf.nn.relu(likely - 0.05)
    gains = targets * tf.math.log_sigmoid(logits) + (1 - targets) * shifted**4 * tf.math.log1p(-shifted + 1e-7)
    return -tf.reduce_mean(gains, axis=-1)


def smoothed(targets, logits):
    """Szegedy et al. 2016, "Rethinking the Inception Architecture", arXiv:1512.00567, section 7; by 0.02."""
    return cross_entropy(targets * 0.98 + 0.01, logits)


def balance(counts):
    """Cui et al. 2019, "Class-Balanced Loss", arXiv:1901.05555; beta 0.999, the weights' mean 1."""
    weights = (1 - 0.999) / (1 - 0.999 ** np.maximum(counts, 1))
    weights = tf.constant(weights / weights.mean(), tf.float32)
    return lambda targets, logits: tf.reduce_mean(
        weights * tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1
    )


def take_mean(hidden, token_ids):
    """The mean of the tokens' vectors."""
    mask = tf.cast(token_ids != 0, tf.float32)[:, :, None]
    return tf.reduce_sum(mask * hidden, axis=1) / tf.reduce_sum(mask, axis=1)


class AttentionPooling(keras.layers.Layer):
    """Yang et al. 2016, "Hierarchical Attention Networks", NAACL, section 2.2: one learnt query, 128 units."""

    def build(self, shapes):
        self.dense = keras.layers.Dense(128, activation="tanh", dtype="float32")
        self.query = keras.layers.Dense(1, use_bias=False, dtype="float32")

    def call(self, inputs):
        hidden, token_ids = inputs
        scores = self.query(self.dense(hidden)) - 1e9 * tf.cast(token_ids == 0, tf.float32)[:, :, None]
        return tf.reduce_sum(tf.nn.softmax(scores, axis=1) * hidden, axis=1)


def replace_step(model, measure):
    """Let a model's ``fit`` lower ``measure``, a function of token ids, segment ids and targets."""

    def train_step(data):
        (token_ids, segment_ids), targets, _ = data
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(measure(token_ids, segment_ids, targets))
        model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"loss": loss}

    model.train_step = train_step


def drop_twice(model):
    """Wu et al. 2021, "R-Drop", arXiv:2106.14448: two passes must agree, weighted 1; needs dropout."""

    def measure(token_ids, segment_ids, targets):
        one, other = (model([token_ids, segment_ids], training=True) for _ in range(2))
        differing = tf.reduce_mean((tf.sigmoid(one) - tf.sigmoid(other)) * (one - other), axis=-1)
        return (cross_entropy(targets, one) + cross_entropy(targets, other)) / 2 + differing

    replace_step(model, measure)


def drop_many(model):
    """Inoue 2019, "Multi-Sample Dropout", arXiv:1905.09788: five masks of rate 0.3 before the head."""
    head = model.get_layer("head")
    body = keras.Model(model.inputs, head.input)

    def measure(token_ids, segment_ids, targets):
        vector = body([token_ids, segment_ids], training=True)
        return sum(cross_entropy(targets, head(tf.nn.dropout(vector, 0.3))) for _ in range(5)) / 5

    replace_step(model, measure)


def mask_words(model):
    """Hide a tenth of the tokens anew at each step, by [MASK]: the plainest augmentation."""

    def measure(token_ids, segment_ids, targets):
        hidden = (tf.random.uniform(tf.shape(token_ids)) < 0.1) & (token_ids > 4)  # 0 to 4 are the special ones
        return cross_entropy(targets, model([tf.where(hidden, 4, token_ids), segment_ids], training=True))

    replace_step(model, measure)


class Average:
    """An exponential moving average of the weights, which takes their place at the end.

    Reference: Izmailov et al. 2018, arXiv:1803.05407; in the form of Polyak & Juditsky 1992 with decay 0.998.
    """

    def __init__(self, model):
        self.variables = model.trainable_variables
        self.means = [tf.Variable(each) for each in self.variables]
        self.move = tf.function(self._move)

    def _move(self):
        for mean, variable in zip(self.means, self.variables, strict=True):
            mean.assign(0.998 * mean + 0.002 * variable)

    def finish(self):
        for mean, variable in zip(self.means, self.variables, strict=True):
            variable.assign(mean)


@dataclass(frozen=True)
class Part:
    """What is changed.

    Attributes:
        loss: of targets and logits, float32 [B, L] each, to [B]; or, by the labels' counts, a function that gives it.
        pooling: "cls_max" or "cls", the summaries of zhlabel's encoder; "mean" or "attention", beside [CLS].
        dropout: rate in the encoder.
        change: called with the compiled model.
        head_learning_rate: as in model_train.py.
        averaged: whether the weights' moving average is judged.
        teachers: "runs", "folds" or "linear", whose probabilities are half of the targets (Hinton et al. 2015,
            "Distilling the Knowledge in a Neural Network", arXiv:1503.02531); see benchmarks.parts.ask_teachers.
        joined: whether half as many texts are learned from beside, each two texts in one with the labels of both.
    """

    loss: object = cross_entropy
    pooling: str = "cls_max"
    dropout: float = 0.0
    change: object = None
    head_learning_rate: float = 0.0
    averaged: bool = False
    teachers: str = ""
    joined: bool = False


PARTS = {
    "the default": Part(),
    "average of the weights": Part(averaged=True),
    "R-Drop, dropout 0.1": Part(change=drop_twice, dropout=0.1),
    "dropout 0.1": Part(dropout=0.1),
    "ZLPR": Part(loss=zlpr),
    "focal loss": Part(loss=focal),
    "asymmetric loss": Part(loss=asymmetric),
    "label smoothing": Part(loss=smoothed),
    "class-balanced weights": Part(loss=balance),
    "multi-sample dropout": Part(change=drop_many),
    "head's rate 2e-3": Part(head_learning_rate=2e-3),
    "a tenth of the tokens masked": Part(change=mask_words),
    "[CLS] alone": Part(pooling="cls"),
    "[CLS] and mean": Part(pooling="mean"),
    "[CLS] and attention": Part(pooling="attention"),
    "adversarial training, 1.0": Part(change=lambda model: adversarial.train_adversarially(model, 1.0)),
    "distilled from three runs": Part(teachers="runs"),
    "distilled from five folds": Part(teachers="folds"),
    "distilled from the linear model's five folds": Part(teachers="linear"),
    "texts joined of two": Part(joined=True),
}
