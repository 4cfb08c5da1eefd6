"""Writes the state of distil.py as a Hugging Face folder: config.json, model.safetensors, vocab.txt."""

import argparse
from pathlib import Path

import torch
from checkpoint import write_checkpoint
from encoder import Encoder, MaskedWordHead, Shape
from torch import Tensor

_TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def read_state(path: Path) -> tuple[Encoder, MaskedWordHead, int]:
    """Read the encoder, its head and the tokens seen from a state of distil.py."""
    state = torch.load(path, map_location="cpu")
    shape = Shape(**state["shape"])
    encoder, head = Encoder(shape), MaskedWordHead(shape)
    for prefix, module in (("encoder.", encoder), ("head.", head)):
        module.load_state_dict(_select(state["student"], prefix))
    return encoder, head, state["tokens_seen"]


def _select(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def main() -> None:
    parser = argparse.ArgumentParser(description="The state of a distillation to a checkpoint folder.")
    parser.add_argument("--state", type=Path, required=True, help="state.pt of distil.py")
    parser.add_argument("--vocab", type=Path, required=True, help="vocab.txt that the student was taught with")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--type", choices=list(_TYPES), default="float16", help="of the numbers in the file")
    args = parser.parse_args()
    encoder, head, tokens = read_state(args.state)
    write_checkpoint(args.out, encoder, head, args.vocab, _TYPES[args.type])
    size = (args.out / "model.safetensors").stat().st_size / 1e6
    print(f"{args.out}: {tokens:,} tokens seen, {size:.1f} MB")


if __name__ == "__main__":
    main()
