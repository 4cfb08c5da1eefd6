"""Builds the encoder with bert4keras and fills every one of its variables, or none.

Four things differ from bert4keras as it comes. Ids are int32: its float32 ids lose the numbers above 256 in half
precision. The activation is a function chosen for this encoder: its word "gelu" means whatever was last set for the
whole process. Initial values are drawn for each variable by itself: its one initialiser gives equal kernels.
LayerNorm's epsilon is the config's: its ALBERT has 1e-7 in the layers and 1e-12 in the embeddings.
"""

import re
import zlib

import numpy as np

from zhlabel.backend import bert4keras, keras, tf
from zhlabel.checkpoints import FAMILIES, encoder_shapes, layer_names, read_weights
from zhlabel.errors import InputError
from zhlabel.models import layers

_LAYERS, _MODELS = bert4keras.layers, bert4keras.models
_LAYER_NAMES = {
    "Input-Token": "token_ids",
    "Input-Segment": "segment_ids",
    "Embedding-Token": "word_embedding",
    "Embedding-Segment": "segment_embedding",
    "Embedding-Token-Segment": "word_and_segment",
    "Embedding-Position": "position_embedding",
    "Embedding-Norm": "embedding_norm",
    "Embedding-Dropout": "embedding_dropout",
    "Embedding-Mapping": "embedding_projection",
}
_ACTIVATIONS = {
    "gelu_tanh": layers.gelu_tanh,
    "gelu_erf": layers.gelu_erf,
    "relu": tf.nn.relu,
    "swish": tf.nn.swish,
    "tanh": tf.nn.tanh,
}
_OURS = {
    _LAYERS.Embedding: layers.Embedding,
    _LAYERS.LayerNormalization: layers.LayerNorm,
    _LAYERS.MultiHeadAttention: layers.Attention,
}
_SHOWN = 5


class _Blueprint:
    """What every family changes in its bert4keras class; to be mixed in before it."""

    layer_norm_eps = 1e-12
    outputs = "tokens"
    highest = None  # [B, 1, H] where the outputs have them
    _attentions = 0
    _query = None  # in the last layer, where it attends from the first token alone: that token's hidden states

    @property
    def initializer(self):
        return keras.initializers.Zeros()  # fill_encoder gives each variable its value

    def prefixed(self, name):
        """Rename a layer: bert4keras's "Transformer-3-FeedForward-Norm" is our "layer_3_feed_forward_norm"."""
        if name is None or name in _LAYER_NAMES:
            return _LAYER_NAMES.get(name)
        name = name.replace("MultiHeadSelfAttention", "attention").replace("FeedForward", "feed_forward")
        name = re.sub(r"^Transformer-(?=\d)", "layer_", name)
        return re.sub(r"^Transformer-", "shared_layer_", name).replace("-", "_").lower()

    def apply(self, inputs=None, layer=None, arguments=None, **kwargs):
        if layer is _LAYERS.Input:
            kwargs["dtype"] = "int32"
        if layer is _LAYERS.LayerNormalization:
            kwargs["epsilon"] = self.layer_norm_eps
            kwargs["dtype"] = "float32"  # under mixed precision too: half precision loses the variance
        if layer is _LAYERS.MultiHeadAttention:
            self._attentions += 1
            if self.outputs != "tokens" and self._attentions == self.num_hidden_layers:
                self._query = layers.FirstToken(name="first_token")(inputs[0])
                if self.outputs == "cls_max":
                    self.highest = layers.HighestValues(name="highest_values")(inputs[0])
                inputs = [self._query, *inputs[1:]]
        if layer is _LAYERS.Add and self._query is not None and "Attention" in kwargs["name"]:
            inputs = [self._query, inputs[1]]
        return super().apply(inputs, _OURS.get(layer, layer), arguments, **kwargs)


class _WordProjection:
    """brightmart's projection, mixed in before _Blueprint: the word vector alone goes from E to H, without bias.

    What is added to it has width H.
    """

    def __init__(self, *, embedding_size, **kwargs):
        super().__init__(**kwargs)  # every embedding has width H ...
        self.word_size = embedding_size

    def apply(self, inputs=None, layer=None, arguments=None, **kwargs):
        if kwargs.get("name") != "Embedding-Token":
            return super().apply(inputs, layer, arguments, **kwargs)
        kwargs["output_dim"] = self.word_size  # ... but the word table
        words = super().apply(inputs, layer, arguments, **kwargs)
        return super().apply(
            words,
            _LAYERS.Dense,
            units=self.hidden_size,
            use_bias=False,
            kernel_initializer="zeros",
            name="Embedding-Mapping",
        )


def _choose_class(family):
    """Return the bert4keras class of a family, with what is changed in it."""
    mixed = (_WordProjection, _Blueprint) if family.projects_words_alone else (_Blueprint,)
    return type(family.backbone, (*mixed, getattr(_MODELS, family.backbone)), {})


def build_encoder(config, *, seed, name="encoder", dropout_rate=None, outputs="tokens"):
    """Build an encoder with random initial values.

    Kernels and embeddings come from a normal distribution cut at two deviations, each from a stream of its own that the
    seed and the variable's name determine; biases are 0, scales 1. Padding is token id 0 and is never attended to.

    Args:
        config: a normalised config (``Checkpoint.config``).
        seed: a whole number, 0 or more.
        name: name of the Keras model.
        dropout_rate: one rate for hidden values and attention; None takes the config's two.
        outputs: "tokens" gives each token's hidden states, [B, T, H]. "cls" gives those of [CLS] alone, [B, 1, H]: the
            last layer then has nothing else to do, which saves a fifth of the work of four layers. "cls_max" adds to
            them the highest value that each of the H has over the tokens before the last layer, [B, 2, H].

    Returns:
        A Keras model: int32 token_ids [B, T] and segment_ids [B, T] to the hidden states that ``outputs`` says, for any
        T up to the config's ``max_position_embeddings``.

    Reference: Lan et al. 2020, arXiv:1909.11942 (ALBERT); Devlin et al. 2019, arXiv:1810.04805 (BERT); Clark et al.
    2020, arXiv:2003.10555 (ELECTRA).

    >>> config = {"family": "bert", "vocab_size": 60, "embedding_size": 16, "hidden_size": 16, "num_hidden_layers": 2,
    ...     "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 40, "type_vocab_size": 2,
    ...     "hidden_act": "gelu_erf", "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1,
    ...     "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02}
    >>> encoder = build_encoder(config, seed=1)
    >>> encoder.count_params(), encoder.output_shape
    (6112, (None, None, 16))
    """
    encoder = _build(config, name, dropout_rate, outputs)
    fill_encoder(encoder, config, _draw_weights(config, seed))
    return encoder


def load_encoder(checkpoint, *, seed, name="encoder", dropout_rate=None, outputs="tokens"):
    """Build the encoder of a checkpoint and fill it with its weights; from scratch, with random ones.

    Args:
        checkpoint: what ``find_checkpoint`` gave.
        seed: of the random values, where the checkpoint has no weights.
        name: name of the Keras model.
        dropout_rate: as in ``build_encoder``.
        outputs: as in ``build_encoder``.

    Returns:
        The Keras model.

    Raises:
        InputError: the weights can't be read.
    """
    if not checkpoint.weights_files:
        return build_encoder(checkpoint.config, seed=seed, name=name, dropout_rate=dropout_rate, outputs=outputs)
    weights = read_weights(checkpoint)
    return restore_encoder(checkpoint.config, weights, name=name, dropout_rate=dropout_rate, outputs=outputs)


def restore_encoder(config, weights, *, name="encoder", dropout_rate=None, outputs="tokens"):
    """Build an encoder and fill it with the weights of one of the same config.

    Args:
        config: a normalised config.
        weights: dict from canonical name to array.
        name: name of the Keras model.
        dropout_rate: as in ``build_encoder``.
        outputs: as in ``build_encoder``.

    Returns:
        The Keras model.

    Raises:
        InputError: as ``fill_encoder``.
    """
    encoder = _build(config, name, dropout_rate, outputs)
    fill_encoder(encoder, config, weights)
    return encoder


def fill_encoder(encoder, config, weights):
    """Return every variable of an encoder its value; if anything is missing, left over or misshapen, give none.

    Args:
        encoder: the Keras model.
        config: the config it was built from.
        weights: dict from canonical name to array.

    Raises:
        InputError: the weights are not exactly the encoder's.
    """
    variables = list_encoder_variables(encoder, config)
    if {id(variable) for variable in variables.values()} != {id(variable) for variable in encoder.weights}:
        raise ValueError(f"the encoder's {len(encoder.weights)} variables are not the {len(variables)} that have names")
    problems = [f"{key}: missing" for key in variables if key not in weights]
    problems += [f"{key}: left over" for key in weights if key not in variables]
    for key in variables.keys() & weights.keys():
        if tuple(variables[key].shape) != np.shape(weights[key]):
            problems.append(f"{key}: {list(np.shape(weights[key]))}, expected {list(variables[key].shape)}")
    if problems:
        rest = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise InputError(
            f"{len(problems)} weights do not fit the encoder's {len(variables)}, so nothing was loaded.\n  "
            + "\n  ".join(sorted(problems)[:_SHOWN])
            + f"{rest}\nThe weights and the config come from different places: keep them together."
        )
    keras.backend.batch_set_value([(variable, weights[key]) for key, variable in variables.items()])


def list_encoder_variables(encoder, config):
    """List an encoder's variables under their canonical names, in the order of the data flow.

    Args:
        encoder: the Keras model.
        config: the config it was built from.

    Returns:
        dict from canonical name to variable.
    """
    layer = encoder.get_layer
    owners = {"embeddings/norm": layer("embedding_norm")}
    if "embeddings/projection/kernel" in encoder_shapes(config):
        owners["embeddings/projection"] = layer("embedding_projection")
    for name in layer_names(config):
        attention, feed_forward = layer(f"{name}_attention"), layer(f"{name}_feed_forward")
        owners |= {
            f"{name}/attention/query": attention.q_dense,
            f"{name}/attention/key": attention.k_dense,
            f"{name}/attention/value": attention.v_dense,
            f"{name}/attention/output": attention.o_dense,
            f"{name}/attention/norm": layer(f"{name}_attention_norm"),
            f"{name}/feed_forward/inner": feed_forward.i0_dense,
            f"{name}/feed_forward/outer": feed_forward.o_dense,
            f"{name}/feed_forward/norm": layer(f"{name}_feed_forward_norm"),
        }
    variables = {
        f"embeddings/{kind}": layer(f"{kind}_embedding").embeddings for kind in ("word", "segment", "position")
    }
    for key in encoder_shapes(config):
        owner, _, leaf = key.rpartition("/")
        if owner in owners:
            variables[key] = getattr(owners[owner], leaf)
    return variables


def _build(config, name, dropout_rate, outputs="tokens"):
    """Build the graph; every kernel is 0 until it is filled."""
    hidden_rate, attention_rate = config["hidden_dropout_prob"], config["attention_probs_dropout_prob"]
    if dropout_rate is not None:
        hidden_rate = attention_rate = dropout_rate
    sizes = ("vocab_size", "embedding_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
    transformer = _choose_class(FAMILIES[config["family"]])(
        **{key: config[key] for key in sizes},
        intermediate_size=config["intermediate_size"],
        max_position=config["max_position_embeddings"],
        segment_vocab_size=config["type_vocab_size"],
        hidden_act=_ACTIVATIONS[config["hidden_act"]],
        dropout_rate=hidden_rate,
        attention_dropout_rate=attention_rate,
        name=name,
    )
    transformer.layer_norm_eps, transformer.outputs = config["layer_norm_eps"], outputs
    transformer.build()
    if transformer.highest is None:
        return transformer.model
    both = keras.layers.Concatenate(axis=1, name="outputs")([transformer.model.output, transformer.highest])
    return keras.Model(transformer.model.inputs, both, name=name)


def _draw_weights(config, seed):
    """Draw initial values: one stream of random numbers for each variable, so that no two are alike."""
    weights = {}
    for key, shape in encoder_shapes(config).items():
        if key.endswith(("/beta", "/bias", "/gamma")):
            weights[key] = np.full(shape, float(key.endswith("/gamma")), "float32")
            continue
        random = np.random.default_rng([seed, zlib.crc32(key.encode())])
        values = random.standard_normal(shape, dtype="float32")
        while (far := np.abs(values) > 2).any():
            values[far] = random.standard_normal(int(far.sum()), dtype="float32")
        weights[key] = values * np.float32(config["initializer_range"])
    return weights
