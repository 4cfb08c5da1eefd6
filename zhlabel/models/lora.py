"""How much of the encoder is trained: all, its upper layers, nothing, or a low-rank correction of frozen layers."""

import math
import re
import zlib

import numpy as np

from zhlabel.backend import keras, tf
from zhlabel.checkpoints import FAMILIES, layer_names
from zhlabel.errors import InputError

# What can be corrected: its place in our names of the weights, and in bert4keras's layers.
_PLACES = {
    "query": ("attention", "q_dense"),
    "key": ("attention", "k_dense"),
    "value": ("attention", "v_dense"),
    "output": ("attention", "o_dense"),
    "inner": ("feed_forward", "i0_dense"),
    "outer": ("feed_forward", "o_dense"),
}
TARGETS = tuple(_PLACES)


class _CorrectedDense(keras.layers.Layer):
    """A dense layer with a low-rank correction: activation(x W + b + scale * x A B); A and B are its own weights."""

    def __init__(self, dense, *, rank, scale, path, seed):
        super().__init__(name=f"{path.replace('/', '_')}_lora", dtype=dense.dtype_policy)
        self.supports_masking = True
        self.dense, self.scale, self.activation = dense, scale, dense.activation
        dense.activation = None  # it comes after the correction
        inputs, outputs = dense.kernel.shape
        random = np.random.default_rng([seed, zlib.crc32(f"{path}/lora_a".encode())])
        bound = 1 / math.sqrt(inputs)  # Kaiming's uniform distribution with a = sqrt(5), as in the paper's code
        start = keras.initializers.Constant(random.uniform(-bound, bound, (inputs, rank)))
        self.lora_a = self.add_weight(f"{path}/lora_a", (inputs, rank), initializer=start)
        self.lora_b = self.add_weight(f"{path}/lora_b", (rank, outputs), initializer="zeros")

    @property
    def kernel(self):
        return self.dense.kernel

    @property
    def bias(self):
        return self.dense.bias

    def call(self, inputs):
        narrow = self.scale * tf.tensordot(inputs, self.lora_a, 1)
        return self.activation(self.dense(inputs) + tf.tensordot(narrow, self.lora_b, 1))

    def merge(self):
        """Move the correction into the kernel, and give the dense layer back as it was before."""
        correction = self.scale * (self.lora_a.numpy() @ self.lora_b.numpy())
        self.kernel.assign(self.kernel.numpy() + correction)
        # A function that was traced with the correction goes on adding it: from now on it adds nothing.
        self.lora_b.assign(np.zeros(self.lora_b.shape))
        self.dense.activation = self.activation
        return self.dense


def attach_lora(encoder, config, *, rank, alpha, targets, seed):
    """Freeze an encoder and give its dense layers a correction that is trained in their place: LoRA.

    A dense layer x W + b becomes x W + b + alpha / rank * x A B. B starts at 0, so that the model is the base model
    until the first step. ALBERT's shared layer has one correction for all layers. To be called after the encoder is
    filled and before the head is built, under the same distribution strategy. A and B are float32, count as the
    encoder's for the learning rate, and are decayed like kernels. Dropout stays as it was.

    Args:
        encoder: what ``build_encoder`` or ``load_encoder`` gave.
        config: the config it was built from.
        rank: R, 1 or more; A is [inputs, R], B is [R, outputs].
        alpha: how much the correction counts, divided by the rank.
        targets: names out of ``TARGETS``; their order does not matter.
        seed: of A's initial values.

    Raises:
        InputError: a target is unknown, or there is none.

    Reference: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.
    """
    unknown = [f'"{target}"' for target in targets if target not in TARGETS]
    if unknown or not targets:
        raise InputError(
            f"LORA_TARGETS: {', '.join(unknown) or 'empty'}, expected one or more of {', '.join(TARGETS)}. "
            "LORA_RANK 0 trains without LoRA."
        )
    for layer in encoder._flatten_layers():
        if not any(layer._flatten_layers(include_self=False)):  # Keras looks for no weight in a frozen container
            layer.trainable = False
    for path, owner, attribute in _list_places(encoder, config):
        if path.rpartition("/")[2] in targets:
            dense = getattr(owner, attribute)
            corrected = _CorrectedDense(dense, rank=rank, scale=alpha / rank, path=path, seed=seed)
            setattr(owner, attribute, corrected)


def merge_lora(encoder, config):
    """Add each correction to its kernel and remove it: the encoder computes the same with the base's weights alone.

    What was traced before computes the same as well. The encoder stays frozen. Without corrections nothing changes.

    Args:
        encoder: the trained encoder, filled with the weights to keep.
        config: the config it was built from.
    """
    for _, owner, attribute in _list_places(encoder, config):
        dense = getattr(owner, attribute)
        if isinstance(dense, _CorrectedDense):
            setattr(owner, attribute, dense.merge())


def freeze_encoder(encoder, config, layers):
    """Freeze the lower part of an encoder, its layer norms included; frozen weights are neither trained nor decayed.

    Dropout stays active in frozen layers. To be called before the model is compiled.

    Args:
        encoder: what ``build_encoder`` or ``load_encoder`` gave.
        config: the config it was built from.
        layers: 0 freezes nothing, n > 0 the embeddings and the first n transformer layers; as many as there are, or
            more, the whole encoder, which is then a feature extractor.

    Raises:
        InputError: a part of the layers, where ALBERT has one for all.
    """
    count = config["num_hidden_layers"]
    if layers >= count:
        encoder.trainable = False
    elif layers > 0 and FAMILIES[config["family"]].shares_layers:
        raise InputError(
            f"FREEZE_LAYERS {layers}: all {count} layers of this ALBERT share the same weights, so that none can be "
            f"frozen alone. Use 0 (train all) or {count} (freeze the whole encoder)."
        )
    elif layers > 0:
        for layer in encoder.layers:
            number = re.match(r"layer_(\d+)_", layer.name)
            if number is None or int(number[1]) < layers:  # without a number: the embeddings
                layer.trainable = False


def count_parameters(model):
    """Count the numbers in a model's weights.

    Args:
        model: a Keras model.

    Returns:
        dict with "all" and "trainable", what an optimizer may change.

    >>> dense = keras.layers.Dense(3)
    >>> model = keras.Sequential([keras.layers.Dense(4, trainable=False), dense])
    >>> model.build([None, 2])
    >>> count_parameters(model)
    {'all': 27, 'trainable': 15}
    """
    parts = {"all": model.weights, "trainable": model.trainable_weights}
    return {part: sum(math.prod(variable.shape) for variable in variables) for part, variables in parts.items()}


def _list_places(encoder, config):
    """List (path in our names, owning layer, its attribute) of every dense layer, in the order of the data flow."""
    return [
        (f"{layer}/{part}/{target}", encoder.get_layer(f"{layer}_{part}"), attribute)
        for layer in layer_names(config)
        for target, (part, attribute) in _PLACES.items()
    ]
