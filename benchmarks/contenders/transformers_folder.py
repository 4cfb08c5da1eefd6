"""Writes a run as `transformers` would save it, and as ONNX: python -m benchmarks.contenders.transformers_folder

Arguments: RUN FOLDER. FOLDER gets config.json, model.safetensors, the tokenizer's files and model.onnx.
"""

import sys
from pathlib import Path

import torch
from safetensors.numpy import load_file
from transformers import BertTokenizerFast

from benchmarks.contenders.transformers_torch import AlbertClassifier, translate_config
from zhlabel.checkpoints.names import name_in_checkpoint
from zhlabel.data.labels import read_labels
from zhlabel.io.json import read_json
from zhlabel.runs.record import WEIGHTS_FILE, read_run

ONNX_FILE = "model.onnx"


def main(run, folder):
    run, folder = Path(run), Path(folder)
    config = translate_config(read_json(run / "encoder.json"), read_labels(run / "label.json"))
    config.threshold = read_run(run)["thresholds"]["global"]
    model = AlbertClassifier(config).eval()
    weights = {rename(name): torch.from_numpy(array) for name, array in load_file(run / WEIGHTS_FILE).items()}
    model.load_state_dict(
        {name: array.T if array.ndim == 2 and "embeddings" not in name else array for name, array in weights.items()}
    )
    model.save_pretrained(folder)
    BertTokenizerFast(str(run / "vocab.txt")).save_pretrained(folder)
    token_ids, mask = torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.long)  # not one tensor twice
    mask[1, 5:] = 0
    axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        model,
        (token_ids, mask),
        folder / ONNX_FILE,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes=(axes, axes),
        dynamo=True,
        verbose=False,
    )


def rename(name):
    """Return the name in PyTorch of a weight of ours: encoder/..., head/kernel or head/bias."""
    if name.startswith("head/"):
        return {"head/kernel": "classifier.weight", "head/bias": "classifier.bias"}[name]
    return name_in_checkpoint(name.removeprefix("encoder/"), "albert", tensorflow=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
