"""Writes a checkpoint that ``find_checkpoint`` and, but for brightmart's layout, `transformers` read.

ALBERT and BERT become ``AlbertForMaskedLM`` and ``BertForMaskedLM``, ELECTRA ``ElectraModel``: config.json,
model.safetensors, vocab.txt. Left out is what pretraining by masked words does not train: pooler, next sentence,
ELECTRA's discriminator head. `transformers` has no class for brightmart's ALBERT, so that one becomes what brightmart
published: albert_config.json and a TensorFlow checkpoint ``albert_model.ckpt``.
"""

import os
from pathlib import Path

import numpy as np

from zhlabel.checkpoints.families import FAMILIES
from zhlabel.checkpoints.mlm_heads import HEADS_FILE, name_head_in_checkpoint
from zhlabel.checkpoints.names import name_in_checkpoint
from zhlabel.data.tokenizer import format_vocabulary
from zhlabel.io.files import write_whole
from zhlabel.io.json import write_json

_TENSORFLOW_PREFIX = "albert_model.ckpt"


def write_checkpoint(folder, config, weights, *, heads, vocabulary_file):
    """Write a whole checkpoint folder; every file appears whole or not at all, the weights last.

    Args:
        folder: where to; files of an earlier call are replaced.
        config: a normalised config.
        weights: dict from the encoder's canonical names to arrays, complete.
        heads: dict from the canonical names of pretraining heads to arrays.
        vocabulary_file: vocab.txt, which is copied, or a tokenizer.json.
    """
    folder, family = Path(folder), config["family"]
    tensorflow = FAMILIES[family].hugging_face is None
    with write_whole(folder / "vocab.txt", binary=True) as stream:
        stream.write(format_vocabulary(vocabulary_file))
    write_json(make_raw_config(config), folder / ("albert_config.json" if tensorflow else "config.json"))
    arrays, beside = {}, {}
    for name, array in {**weights, **heads}.items():
        published = (
            name_head_in_checkpoint(name, family, tensorflow=tensorflow)
            if name in heads
            else name_in_checkpoint(name, family, tensorflow=tensorflow)
        )
        turned = published and name.endswith("/kernel") and not tensorflow
        array = np.ascontiguousarray(array.T if turned else array, "float32")
        (arrays if published else beside)[published or name] = array
    if beside:
        _write_safetensors(folder / HEADS_FILE, beside)
    if tensorflow:
        _write_tensorflow(folder, arrays)
    else:
        _write_safetensors(folder / "model.safetensors", arrays)


def make_raw_config(config):
    """Return the content of the config file in the words of the form that is written.

    Args:
        config: a normalised config.

    Returns:
        A dict from which ``find_checkpoint`` makes the same normalised config.
    """
    family = FAMILIES[config["family"]]
    raw = family.written_config | {key: value for key, value in config.items() if key != "family"}
    if family.hugging_face is None:
        words = {family.tensorflow_gelu: "gelu"}
    else:
        words = {"gelu_tanh": "gelu_new", "gelu_erf": "gelu"}
        raw |= {"model_type": family.name, "architectures": [family.architecture]}
        raw |= {"pad_token_id": 0, "tie_word_embeddings": True}
    if not family.embeds_at_own_width:
        del raw["embedding_size"]
    return {**raw, "hidden_act": words.get(config["hidden_act"], config["hidden_act"])}


def _write_safetensors(path, arrays):
    from safetensors.numpy import save

    with write_whole(path, binary=True) as stream:
        stream.write(save(arrays, metadata={"format": "pt"}))  # transformers refuses a file that does not say so


def _write_tensorflow(folder, arrays):
    from zhlabel.backend import tf

    temporary, parts = folder / f".{_TENSORFLOW_PREFIX}.tmp", (".data-00000-of-00001", ".index")
    tf.raw_ops.SaveV2(
        prefix=str(temporary),
        tensor_names=list(arrays),
        shape_and_slices=[""] * len(arrays),
        tensors=[tf.constant(array) for array in arrays.values()],
    )
    for part in parts:
        os.replace(f"{temporary}{part}", folder / f"{_TENSORFLOW_PREFIX}{part}")
