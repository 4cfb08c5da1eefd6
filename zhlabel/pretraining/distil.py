"""A pretrainer that learns as well what a teacher makes of the same text: task-agnostic distillation."""

from typing import ClassVar

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.pretraining.model import IDS, Pretrainer

_LEAST_DEVIATION = 1e-3  # what never changes in the teacher is not blown up


class Student(Pretrainer):
    """An encoder with its pretraining heads, and two projections through which it is compared with a teacher.

    The teacher reads the rows unmasked and without dropout; it is not trained, and not among the weights. Its vectors
    are standardised by the mean and deviation that each of their W values has in the first batches.
        hidden  the student's hidden state where one of its tokens ends with one of the teacher's is projected to the
                teacher's there: mean squared error
        text    the student's [CLS] is projected to the mean of the teacher's hidden states

    Args:
        encoder: as for Pretrainer.
        config: as there.
        heads: as there.
        is_text: as there.
        teacher: an encoder of width W, in any vocabulary.
        seed: of the projections.

    References: Jiao et al. 2020, "TinyBERT", arXiv:1909.10351 (hidden states through a projection); Sun et al. 2019,
    "Patient Knowledge Distillation", arXiv:1908.09355 (standardised, mean squared error).
    """

    signature = (*Pretrainer.signature, IDS, tf.TensorSpec([None, 2], tf.int32))
    # As benchmarks/pretraining/distil.py weighs them against masked words: 1, 0.5 and 0.1.
    lessons: ClassVar[dict] = {"hidden_loss": 10.0, "text_loss": 5.0}

    def __init__(self, encoder, config, heads, is_text, *, teacher, seed):
        super().__init__(encoder, config, heads, is_text)
        self._ask = _freeze(teacher)
        width, generator = teacher.output_shape[-1], np.random.default_rng((seed, 3))
        projections = {name: keras.layers.Dense(width, name=f"{name}_projection") for name in self.lessons}
        for projection in projections.values():
            projection.build([None, config["hidden_size"]])
            kernel = config["initializer_range"] * generator.standard_normal(projection.kernel.shape)
            projection.kernel.assign(kernel.astype("float32"))
        # Keras sees what a dict holds when it becomes an attribute.
        self.projections = projections
        self.statistics = {name: tf.Variable(tf.ones([2, width]), trainable=False) for name in self.lessons}

    def prepare(self, batches):
        """Measure what the teacher's vectors are standardised by: mean and deviation of each value."""
        sums, teach = {name: 0.0 for name in self.lessons}, tf.function(self._teach, input_signature=self.signature[3:])
        for *_, teacher_ids, pairs in batches:
            for name, vectors in zip(self.lessons, teach(teacher_ids, pairs), strict=True):
                values = np.float64(vectors)
                sums[name] += np.stack([np.ones_like(values), values, values**2]).sum(1)
        for name, (count, total, squares) in sums.items():
            mean = total / np.maximum(count, 1)
            deviation = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0)) + _LEAST_DEVIATION
            self.statistics[name].assign(np.stack([mean, deviation]).astype("float32"))

    def count_terms(self, token_ids, places, shown, teacher_ids, pairs):
        return *super().count_terms(token_ids, places, shown), len(pairs), len(token_ids)

    def measure(self, token_ids, places, shown, teacher_ids, pairs, training=False):
        """Return the losses of a batch: Pretrainer's two, then hidden and text, both mean squared errors.

        Args:
            token_ids: as in Pretrainer.
            places: as there.
            shown: as there.
            teacher_ids: int32 [B, S], the same rows in the teacher's tokens.
            pairs: int32 [P, 2], tokens that end together: places in the flattened batch, and in the teacher's.
            training: whether dropout is on.

        Returns:
            Four float32 scalars.
        """
        hidden = self._read(token_ids, places, shown, training)
        ours = tf.gather_nd(tf.reshape(hidden, [-1, hidden.shape[-1]]), pairs[:, :1]), hidden[:, 0]
        theirs = self._teach(teacher_ids, pairs)
        errors = map(self._compare, self.lessons, ours, theirs)
        return *self._measure_words(token_ids, places, hidden), *errors

    def _teach(self, teacher_ids, pairs):
        """Return the teacher's hidden states [P, W] where tokens end together, and its text vectors [B, W]."""
        hidden = tf.cast(self._ask(teacher_ids), "float32")
        is_token = tf.cast(teacher_ids > 0, "float32")[..., None]
        texts = tf.reduce_sum(hidden * is_token, 1) / tf.reduce_sum(is_token, 1)
        return tf.gather_nd(tf.reshape(hidden, [-1, hidden.shape[-1]]), pairs[:, 1:]), texts

    def _compare(self, name, ours, theirs):
        mean, deviation = tf.unstack(self.statistics[name])
        errors = tf.cast(self.projections[name](ours), "float32") - (theirs - mean) / deviation
        return tf.math.divide_no_nan(tf.reduce_sum(errors**2), tf.cast(tf.size(errors), "float32"))


def _freeze(teacher):
    """Return the teacher as a function of token ids: what a model keeps as a function is none of its weights."""
    return lambda token_ids: tf.stop_gradient(teacher([token_ids, tf.zeros_like(token_ids)], training=False))
