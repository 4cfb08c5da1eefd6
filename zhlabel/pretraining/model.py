"""An encoder with the heads of pretraining: masked words, and the bag of words that [CLS] predicts."""

from typing import ClassVar

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.checkpoints import FAMILIES
from zhlabel.checkpoints.mlm_heads import head_shapes
from zhlabel.models import layers
from zhlabel.models.encoder import list_encoder_variables

IDS = tf.TensorSpec([None, None], tf.int32)


class VocabularyHead(keras.layers.Layer):
    """Vectors [N, H] to float32 logits [N, V]: dense layer, activation, LayerNorm, the word table turned, a bias.

    Reference: Devlin et al. 2019, arXiv:1810.04805, section 3.1; Lan et al. 2020, arXiv:1909.11942 (E wide).
    """

    def __init__(self, width, config, **options):
        super().__init__(**options)
        # gelu in its two forms is ours, the others TensorFlow's
        activation = getattr(layers, config["hidden_act"], None) or getattr(tf.nn, config["hidden_act"])
        self.dense = keras.layers.Dense(width, activation, kernel_initializer="zeros")
        self.norm = layers.LayerNorm(epsilon=config["layer_norm_eps"], dtype="float32")
        self.tokens = config["vocab_size"]

    def build(self, shape):
        self.bias = self.add_weight("bias", [self.tokens], dtype="float32", experimental_autocast=False)
        self.dense.build(shape)
        self.norm.build([None, self.dense.units])
        super().build(shape)

    def call(self, vectors, table, projection=None):
        vectors = tf.cast(self.norm(tf.cast(self.dense(vectors), "float32")), self.compute_dtype)
        if projection is not None:
            vectors = tf.matmul(vectors, tf.cast(projection, self.compute_dtype), transpose_b=True)
        logits = tf.matmul(vectors, tf.cast(table, self.compute_dtype), transpose_b=True)
        return tf.cast(logits, "float32") + self.bias


class Pretrainer(keras.Model):
    """An encoder with its pretraining heads.

    Args:
        encoder: what ``encoder.load_encoder`` gave.
        config: its normalised config.
        heads: dict from canonical name to array, all of ``head_shapes``; with a bag_head, [CLS] is trained too.
        is_text: bool [V], the tokens that a bag of words counts.

    Attributes:
        signature: of a batch: token_ids, places, shown.
        lessons: weights of the losses beyond those of masked words and bags of words, by name.
    """

    signature = (IDS, tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.int32))
    lessons: ClassVar[dict] = {}

    def __init__(self, encoder, config, heads, is_text):
        super().__init__()
        self.encoder, self.is_text = encoder, tf.constant(is_text, "float32")
        self.table = encoder.get_layer("word_embedding")
        self.projection = encoder.get_layer("embedding_projection") if _is_projected(config) else None
        widths = {name.partition("/")[0]: len(array) for name, array in heads.items() if name.endswith("/norm/beta")}
        for name, width in widths.items():
            head = VocabularyHead(width, config, name=name)
            head.build([None, config["hidden_size"]])
            setattr(self, name, head)
        if "bag_head" not in widths:
            self.bag_head = None
        self.built = True
        for name, variable in self.list_head_variables().items():
            variable.assign(heads[name])

    def list_head_variables(self):
        """List the heads' variables under their canonical names."""
        variables = {}
        for head in filter(None, (self.lm_head, self.bag_head)):
            for part, owner in (("dense", head.dense), ("norm", head.norm)):
                leaves = {"dense": ("kernel", "bias"), "norm": ("gamma", "beta")}[part]
                variables |= {f"{head.name}/{part}/{leaf}": getattr(owner, leaf) for leaf in leaves}
            variables[f"{head.name}/bias"] = head.bias
        return variables

    def prepare(self, batches):
        """Measure on the first ``batches`` of a training what the losses need; here nothing."""

    def count_terms(self, token_ids, places, shown):
        """Return of how many terms each loss of a batch is the mean: masked tokens, rows.

        Args:
            token_ids: as in ``measure``.
            places: as there.
            shown: as there.
        """
        return len(places), len(token_ids)

    def measure(self, token_ids, places, shown, training=False):
        """Return the losses of a batch: of masked tokens, and of the bags of words (0 without that head).

        Args:
            token_ids: int32 [B, T], the rows as they are.
            places: int32 [M] in the flattened batch, what is to be predicted.
            shown: int32 [M], ids that are shown there.
            training: whether dropout is on.

        Returns:
            Two float32 scalars, mean cross-entropies in nats: a masked token; a row.
        """
        hidden = self._read(token_ids, places, shown, training)
        return self._measure_words(token_ids, places, hidden)

    def _read(self, token_ids, places, shown, training):
        """Return the hidden states [B, T, H] of the rows as they are shown."""
        flat = tf.reshape(token_ids, [-1])
        inputs = tf.reshape(tf.tensor_scatter_nd_update(flat, places[:, None], shown), tf.shape(token_ids))
        return self.encoder([inputs, tf.zeros_like(inputs)], training=training)

    def _measure_words(self, token_ids, places, hidden):
        flat, places = tf.reshape(token_ids, [-1]), places[:, None]
        # The vocabulary matrix is as much work as the encoder, so only what is predicted goes through it.
        vectors = tf.gather_nd(tf.reshape(hidden, [-1, hidden.shape[-1]]), places)
        projection = None if self.projection is None else self.projection.kernel
        logits = self.lm_head(vectors, self.table.embeddings, projection)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather_nd(flat, places), logits)
        bag_loss = tf.zeros([]) if self.bag_head is None else self._measure_bags(token_ids, hidden[:, 0])
        mean = tf.math.divide_no_nan(tf.reduce_sum(losses), tf.cast(tf.size(losses), "float32"))  # none: 0
        return mean, bag_loss

    def _measure_bags(self, token_ids, vectors):
        """[CLS] predicts the even distribution over its row's distinct tokens (Ma et al. 2024, arXiv:2401.11248)."""
        logits = self.bag_head(vectors, self.table.embeddings)
        rows = tf.range(tf.shape(token_ids)[0])[:, None] + tf.zeros_like(token_ids)
        counts = tf.scatter_nd(tf.stack([rows, token_ids], -1), tf.ones_like(token_ids), tf.shape(logits))
        bags = tf.cast(counts > 0, "float32") * self.is_text
        sizes = tf.reduce_sum(bags, -1, keepdims=True)
        losses = tf.nn.softmax_cross_entropy_with_logits(bags / tf.maximum(sizes, 1.0), logits)
        return tf.reduce_mean(losses * tf.cast(sizes[:, 0] > 0, "float32"))


def _is_projected(config):
    return FAMILIES[config["family"]].projects_words_alone


def draw_heads(config, found, token_counts, *, bag_of_words, seed):
    """Complete the pretraining heads: those that are missing are drawn, their bias the log share of each token.

    Args:
        config: a normalised config.
        found: dict from canonical name to array, whole heads or none, as ``read_heads`` gives it.
        token_counts: int [V], how often each token stands in the text.
        bag_of_words: whether there is a head on [CLS].
        seed: of the kernels.

    Returns:
        dict from canonical name to float32 array, all of ``head_shapes``.
    """
    generator, heads = np.random.default_rng((seed, 2)), {}
    shares = np.log((token_counts + 1) / (token_counts + 1).sum())
    for name, shape in head_shapes(config, bag_of_words=bag_of_words).items():
        if name in found:
            heads[name] = found[name]
        elif name.endswith("/kernel"):
            heads[name] = (config["initializer_range"] * generator.standard_normal(shape)).astype("float32")
        elif name.count("/") == 1:
            heads[name] = shares.astype("float32")
        else:
            heads[name] = np.full(shape, float(name.endswith("/gamma")), "float32")
    return heads


def collect_weights(model, config):
    """Return what ``write_checkpoint`` writes: the encoder's weights and the heads'.

    Args:
        model: a Pretrainer.
        config: the encoder's normalised config.

    Returns:
        Two dicts from canonical name to float32 array.
    """
    encoder = list_encoder_variables(model.encoder, config)
    return tuple(
        {name: variable.numpy() for name, variable in each.items()} for each in (encoder, model.list_head_variables())
    )
