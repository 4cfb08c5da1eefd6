"""Makes tests/golden: what `transformers` answers for small random encoders. Needs torch and transformers.

    pip install torch transformers safetensors numpy
    python tests/make_golden.py

The folders are as `save_pretrained` writes them, so the loader is held to real file names and real key names too.
The vocabulary has 60 tokens; tests/toy.py writes a vocab.txt of that size beside them.
"""

from pathlib import Path

import numpy as np
import torch
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    BertConfig,
    BertForPreTraining,
    BertModel,
    ElectraConfig,
    ElectraForPreTraining,
)

OUTPUT = Path(__file__).parent / "golden"
SIZES = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
}
MODELS = {
    "albert": (AlbertForMaskedLM, AlbertConfig(**SIZES, embedding_size=8, hidden_act="gelu_new"), "albert"),
    "electra": (ElectraForPreTraining, ElectraConfig(**SIZES, embedding_size=8), "electra"),
    "bert": (BertForPreTraining, BertConfig(**SIZES, layer_norm_eps=1e-5), "bert"),
}


def make_inputs():
    """Two texts, one of them padded; segments of both kinds."""
    ids = np.random.default_rng(1).integers(5, 60, (2, 14))
    ids[:, 0], ids[0, 13], ids[1, 8], ids[1, 9:] = 2, 3, 3, 0
    segments = np.zeros_like(ids)
    segments[0, 7:], segments[1, 4:9] = 1, 1
    return ids, segments


def draw(model):
    """Return every weight a random value that shows in the output."""
    random = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            norm = name.endswith("weight") and weight.ndim == 1
            weight.copy_(0.3 * torch.randn(weight.shape, generator=random) + norm)


def answer(encoder, ids, segments):
    """Return the last hidden states [2, 14, 16]."""
    with torch.no_grad():
        mask = torch.tensor((ids > 0).astype("int64"))
        output = encoder.eval()(torch.tensor(ids), attention_mask=mask, token_type_ids=torch.tensor(segments))
    return output.last_hidden_state.numpy()


def make_brightmart(ids, segments):
    """brightmart's layout as a BertModel: word table E x P, the shared layer copied into each layer, tanh GELU."""
    random = np.random.default_rng(3)
    hidden, inner, embedding = SIZES["hidden_size"], SIZES["intermediate_size"], 8
    layer = "bert/encoder/layer_shared/"
    shapes = {
        "bert/embeddings/word_embeddings": (60, embedding),
        "bert/embeddings/word_embeddings_2": (embedding, hidden),
        "bert/embeddings/token_type_embeddings": (2, hidden),
        "bert/embeddings/position_embeddings": (24, hidden),
        "bert/embeddings/LayerNorm/gamma": (hidden,),
        "bert/embeddings/LayerNorm/beta": (hidden,),
    }
    for part, size in (
        *((f"attention/self/{part}", (hidden, hidden)) for part in ("query", "key", "value")),
        ("attention/output/dense", (hidden, hidden)),
        ("intermediate/dense", (hidden, inner)),
        ("output/dense", (inner, hidden)),
    ):
        shapes |= {f"{layer}{part}/kernel": size, f"{layer}{part}/bias": size[1:]}
    for part in ("attention/output/LayerNorm", "output/LayerNorm"):
        shapes |= {f"{layer}{part}/gamma": (hidden,), f"{layer}{part}/beta": (hidden,)}
    arrays = {
        name: (0.3 * random.standard_normal(shape) + name.endswith("gamma")).astype("float32")
        for name, shape in shapes.items()
    }
    model = BertModel(BertConfig(**SIZES, hidden_act="gelu_new"), add_pooling_layer=False)
    state = {}
    for name, array in arrays.items():
        name = (
            name.removeprefix("bert/").replace("/kernel", "/weight").replace("gamma", "weight").replace("beta", "bias")
        )
        if name == "embeddings/word_embeddings_2":
            continue
        if name == "embeddings/word_embeddings":
            array = array @ arrays["bert/embeddings/word_embeddings_2"]
        if name.endswith("dense/weight") or "/self/" in name:
            array = array.T
        name += ".weight" if name.endswith("embeddings") else ""
        for i in range(SIZES["num_hidden_layers"]):
            key = name.replace("layer_shared", f"layer/{i}").replace("/", ".")
            state[key] = torch.tensor(np.ascontiguousarray(array))
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys and missing.missing_keys in ([], ["embeddings.position_ids"]), missing
    np.savez_compressed(OUTPUT / "brightmart.npz", hidden=answer(model, ids, segments), **arrays)


def make_torch_files():
    """Two files of torch.save: many types, a transposed view, two names for one storage, a parameter."""
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    tensors = {
        "plain": base,
        "turned": base.t(),
        "part": base[1:, 2:],
        "parameter": torch.nn.Parameter(base + 0.5),
        "half": base.to(torch.float16),
        "bfloat16": base.to(torch.bfloat16),
        "double": base.to(torch.float64),
        "ids": torch.arange(5),
        "number": torch.tensor(3.0),
    }
    torch.save(tensors, OUTPUT / "tensors_zip.bin")
    torch.save(tensors, OUTPUT / "tensors_old.bin", _use_new_zipfile_serialization=False)
    torch.save({"weights": tensors, "epoch": 3}, OUTPUT / "nested.bin")


def main():
    """Write everything."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    ids, segments = make_inputs()
    answers = {"ids": ids, "segments": segments}
    for name, (kind, config, part) in MODELS.items():
        model = kind(config)
        draw(model)
        model.save_pretrained(OUTPUT / name)
        answers[name] = answer(getattr(model, part), ids, segments)
    np.savez_compressed(OUTPUT / "answers.npz", **answers)
    make_brightmart(ids, segments)
    make_torch_files()


if __name__ == "__main__":
    main()
