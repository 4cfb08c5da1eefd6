"""A Hugging Face folder (BertForMaskedLM, AlbertForMaskedLM) to an encoder and back."""

import json
import shutil
from pathlib import Path

import torch
from encoder import Encoder, MaskedWordHead, Shape
from safetensors.torch import load_file, save_file
from torch import Tensor

_ALBERT_LAYER = "encoder.albert_layer_groups.0.albert_layers.0."
_EMBEDDINGS = {
    "words": "embeddings.word_embeddings",
    "positions": "embeddings.position_embeddings",
    "types": "embeddings.token_type_embeddings",
    "embedding_norm": "embeddings.LayerNorm",
    "widen": "encoder.embedding_hidden_mapping_in",
}
_BERT_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "norm": "output.LayerNorm",
}
_ALBERT_PARTS = {
    "query": "attention.query",
    "key": "attention.key",
    "value": "attention.value",
    "output": "attention.dense",
    "attention_norm": "attention.LayerNorm",
    "inner": "ffn",
    "outer": "ffn_output",
    "norm": "full_layer_layer_norm",
}
_HEADS = {
    "bert": {
        "dense": "cls.predictions.transform.dense",
        "norm": "cls.predictions.transform.LayerNorm",
        "bias": "cls.predictions.bias",
    },
    "albert": {"dense": "predictions.dense", "norm": "predictions.LayerNorm", "bias": "predictions.bias"},
}
_GELU = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}


def name_in_checkpoint(name: str, family: str) -> str:
    """Return what a checkpoint of the family calls one of the encoder's tensors.

    >>> name_in_checkpoint("layers.2.inner.weight", "bert")
    'bert.encoder.layer.2.intermediate.dense.weight'
    """
    first, *rest = name.split(".")
    if first != "layers":
        return ".".join([family, _EMBEDDINGS[first], *rest])
    number, part, kind = rest
    if family == "albert":
        return f"albert.{_ALBERT_LAYER}{_ALBERT_PARTS[part]}.{kind}"
    return f"bert.encoder.layer.{number}.{_BERT_PARTS[part]}.{kind}"


def name_head_in_checkpoint(name: str, family: str) -> str:
    """Return what a checkpoint of the family calls a tensor of the head for masked words."""
    part, *kind = name.split(".")
    return ".".join([_HEADS[family][part], *kind])


def read_shape(config: dict) -> Shape:
    """Return the shape that a config.json describes."""
    albert = config["model_type"] == "albert"
    return Shape(
        config["vocab_size"],
        config["embedding_size"] if albert else config["hidden_size"],
        config["hidden_size"],
        config["intermediate_size"],
        config["num_attention_heads"],
        config["num_hidden_layers"],
        shared=albert,
        gelu=_GELU[config["hidden_act"]],
        positions=config["max_position_embeddings"],
        types=config["type_vocab_size"],
    )


def make_config(shape: Shape) -> dict:
    """Return the config.json of a shape."""
    family = "albert" if shape.shared else "bert"
    config = {
        "model_type": family,
        "architectures": ["AlbertForMaskedLM" if shape.shared else "BertForMaskedLM"],
        "vocab_size": shape.vocab,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "hidden_act": "gelu_new" if shape.gelu == "tanh" else "gelu",
        "hidden_dropout_prob": 0.0 if shape.shared else 0.1,
        "attention_probs_dropout_prob": 0.0 if shape.shared else 0.1,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "tie_word_embeddings": True,
    }
    if shape.shared:
        config |= {"embedding_size": shape.embedding, "num_hidden_groups": 1, "inner_group_num": 1}
    return config


def read_checkpoint(folder: Path) -> tuple[Encoder, MaskedWordHead | None]:
    """Read a folder; the head is None where the checkpoint has none."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape, family = read_shape(config), config["model_type"]
    found = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
    encoder, head = Encoder(shape), MaskedWordHead(shape)
    names = {name: name_in_checkpoint(name, family) for name in encoder.state_dict()}
    encoder.load_state_dict({name: found[theirs] for name, theirs in names.items()})
    names = {name: name_head_in_checkpoint(name, family) for name in head.state_dict()}
    if not set(names.values()) <= set(found):
        return encoder, None
    head.load_state_dict({name: found[theirs] for name, theirs in names.items()})
    return encoder, head


def write_checkpoint(folder: Path, encoder: Encoder, head: MaskedWordHead, vocab: Path, dtype: torch.dtype) -> None:
    """Write config.json, model.safetensors and vocab.txt; the weights last."""
    family = "albert" if encoder.shape.shared else "bert"
    weights: dict[str, Tensor] = {}
    for module, rename in ((encoder, name_in_checkpoint), (head, name_head_in_checkpoint)):
        for name, value in module.state_dict().items():
            weights[rename(name, family)] = value.to(dtype).contiguous().clone()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(vocab, folder / "vocab.txt")
    text = json.dumps(make_config(encoder.shape), indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    save_file(weights, folder / "model.safetensors.tmp", metadata={"format": "pt"})
    (folder / "model.safetensors.tmp").replace(folder / "model.safetensors")
