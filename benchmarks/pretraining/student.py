"""The student and the heads that it learns through: from some of the teacher's layers, or from a checkpoint."""

import json
from pathlib import Path

import torch
from checkpoint import read_checkpoint
from encoder import Encoder, MaskedWordHead, Shape
from teacher import Package, load_teacher
from torch import Tensor, nn
from vocabulary import make_table, read_words


class Student(nn.Module):
    """An encoder, projections to the teacher's width, and a head that predicts masked words."""

    def __init__(self, encoder: Encoder, head: MaskedWordHead, pairs: list[tuple[int, int]], width: int):
        super().__init__()
        hidden = encoder.shape.hidden
        self.encoder, self.head = encoder, head
        self.projections = nn.ModuleList([nn.Linear(hidden, width) for _ in [*pairs, "text"]])
        if hidden == width:
            for projection in self.projections:
                nn.init.eye_(projection.weight)
                nn.init.zeros_(projection.bias)

    def matrices(self) -> dict[str, Tensor]:
        """Return the weights of the encoder's layers by name, without vectors."""
        return {name: value for name, value in self.encoder.layers.named_parameters() if value.dim() > 1}

    def norms(self) -> dict[str, float]:
        """Compute the Frobenius norms of the layers' matrices and of the embedding table."""
        matrices = {**self.matrices(), "words": self.encoder.words.weight}
        return {name: float(value.detach().norm()) for name, value in matrices.items()}


def start_from_teacher(package: Package, layers: list[int], vocab: Path) -> tuple[Encoder, MaskedWordHead]:
    """Build an encoder of some of the teacher's layers with a vocabulary of its own."""
    encoder = load_teacher(package, layers, table=make_table(read_words(vocab), package))
    return encoder, new_head(encoder.shape)


def start_from_checkpoint(folder: Path) -> tuple[Encoder, MaskedWordHead]:
    """Read a checkpoint; its head for masked words too, if it has one."""
    encoder, head = read_checkpoint(folder)
    return encoder, head or new_head(encoder.shape)


def new_head(shape: Shape) -> MaskedWordHead:
    """Build a head that starts near the identity, where it can."""
    head = MaskedWordHead(shape)
    if shape.embedding == shape.hidden:
        nn.init.eye_(head.dense.weight)
    nn.init.zeros_(head.dense.bias)
    with torch.no_grad():
        head.norm.weight.fill_(0.1)  # the teacher's rows are large beside a BERT's: even odds at the start
    return head


def parse_pairs(text: str) -> list[tuple[int, int]]:
    """Parse '3:6,6:12': the student's third layer learns the teacher's sixth, its sixth the twelfth; from 1.

    >>> parse_pairs("3:6,6:12")
    [(3, 6), (6, 12)]
    """
    return [tuple(map(int, pair.split(":"))) for pair in text.split(",")]


def describe(shape: Shape) -> str:
    """Return the shape as one line of JSON."""
    return json.dumps(vars(shape))
