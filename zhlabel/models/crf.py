"""The linear-chain CRF that sees legal tag paths only: its scores and its loss. ``decisions/viterbi.py`` decodes it."""

import numpy as np

from zhlabel.backend import bert4keras, keras, tf

# What an illegal start or pair adds to a path: not -inf, so that gradients stay finite, and e to it is 0 in float32.
_ILLEGAL = -1e4


class CRF(bert4keras.layers.ConditionalRandomField):
    """Layer that owns the transition scores [K, K] and gives emissions on as they are, in float32 whatever the policy.

    From bert4keras's layer comes the step of the forward recursion. Its loss takes the first column for the first
    token of each text, and knows no illegal tags: here the tokens that count may begin anywhere.

    Args:
        starts: bool array [K], tags that a path may begin with; not trained.
        pairs: bool array [K, K], which tag (column) may follow which (row); not trained.

    Reference: Lafferty, McCallum & Pereira 2001, "Conditional Random Fields", ICML.
    """

    def __init__(self, starts, pairs, **options):
        super().__init__(dtype="float32", **options)
        self.start_scores = np.where(starts, 0.0, _ILLEGAL).astype(np.float32)
        self.pair_scores = np.where(pairs, 0.0, _ILLEGAL).astype(np.float32)

    def build(self, input_shape):
        keras.layers.Layer.build(self, input_shape)  # bert4keras's makes a weight of another name
        self.transitions = self.add_weight("transitions", self.pair_scores.shape, initializer="zeros")

    @property
    def trans(self):
        """The scores of pairs that bert4keras's recursion reads: the transitions, with the illegal ones barred."""
        return self.transitions + self.pair_scores

    def call(self, inputs, mask=None):
        return inputs

    def sparse_loss(self, y_true, y_pred):
        """Return the negative log-likelihood of each text's gold path among all legal paths over its tokens that count.

        A text of which no token counts has 0. A gold path that is illegal costs 10,000 for each illegal step.

        Args:
            y_true: integers [B, T], gold tags; -1 where a token does not count. The others of a row are adjacent.
            y_pred: emissions [B, T, K], any float type.

        Returns:
            float32 [B], natural logarithms.
        """
        tags, emissions, counted = _move_to_front(tf.cast(y_true, tf.int32), tf.cast(y_pred, tf.float32))
        emissions += tf.one_hot(0, tf.shape(tags)[1])[:, None] * self.start_scores
        loss = self._sum_paths(emissions, counted) - self._score_path(tags, emissions, counted)
        return tf.where(counted[:, 0], loss, 0.0)

    def _sum_paths(self, emissions, counted):
        """Return the logarithm of the sum of e^score over all paths, float32 [B]."""
        inputs = tf.concat([emissions, tf.cast(counted, tf.float32)[:, :, None]], axis=2)
        last, _, _ = keras.backend.rnn(self.log_norm_step, inputs[:, 1:], [emissions[:, 0]])
        return tf.reduce_logsumexp(last, axis=1)

    def _score_path(self, tags, emissions, counted):
        """Return the score of the gold path, float32 [B]; by look-up, as a GPU's matrix products round to ten bits."""
        own = tf.gather(emissions, tags, batch_dims=2)
        steps = tf.gather_nd(self.trans, tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1))
        steps = tf.where(counted[:, 1:], steps, 0.0)
        return tf.reduce_sum(tf.where(counted, own, 0.0), axis=1) + tf.reduce_sum(steps, axis=1)


def _move_to_front(tags, emissions):
    """Move the tokens that count to the first columns of each row, and set everything after them to 0.

    One column is added, so that the recursion over all but the first has a step even where T is 1.
    """
    counted = tags >= 0
    first = tf.argmax(tf.cast(counted, tf.int32), axis=1, output_type=tf.int32)
    length = tf.reduce_sum(tf.cast(counted, tf.int32), axis=1)
    columns = tf.shape(tags)[1]
    steps = tf.range(columns + 1)[None]
    places = tf.minimum(first[:, None] + steps, columns - 1)
    counted = steps < length[:, None]
    tags = tf.where(counted, tf.gather(tags, places, batch_dims=1), 0)
    emissions = tf.where(counted[:, :, None], tf.gather(emissions, places, batch_dims=1), 0.0)
    return tags, emissions, counted
