"""A small BERT or ALBERT in PyTorch that returns the hidden states of all its layers.

B rows, S positions, H hidden size, E embedding size, V vocabulary.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_EPSILON = 1e-12


@dataclass(frozen=True)
class Shape:
    """What an encoder is built from; `shared` is ALBERT: one layer, applied `layers` times."""

    vocab: int
    embedding: int
    hidden: int
    inner: int
    heads: int
    layers: int
    shared: bool = False
    gelu: str = "none"  # "none" is the form with erf, "tanh" the other one
    positions: int = 512
    types: int = 2


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Compute attention; three of [B, heads, S, size], mask bool [B, 1, 1, S].

    On a CPU the fused form is the faster one forward, and takes eight times as long backward, so that training goes
    without it.
    """
    if not torch.is_grad_enabled() or query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    scores = scores + torch.where(mask, 0.0, -1e4).to(scores.dtype)
    return scores.softmax(-1).to(value.dtype) @ value


class Layer(nn.Module):
    """Self-attention and two dense layers, each with its sum and its norm (post-norm)."""

    def __init__(self, shape: Shape):
        super().__init__()
        hidden = shape.hidden
        self.heads, self.gelu = shape.heads, shape.gelu
        self.query, self.key, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(4))
        self.attention_norm = nn.LayerNorm(hidden, _EPSILON)
        self.inner, self.outer = nn.Linear(hidden, shape.inner), nn.Linear(shape.inner, hidden)
        self.norm = nn.LayerNorm(hidden, _EPSILON)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x [B, S, H], mask bool [B, 1, 1, S]; returns [B, S, H]."""
        rows, positions, hidden = x.shape
        split = (rows, positions, self.heads, hidden // self.heads)
        query, key, value = (part(x).view(split).transpose(1, 2) for part in (self.query, self.key, self.value))
        mixed = attend(query, key, value, mask)
        x = self.attention_norm(x + self.output(mixed.transpose(1, 2).reshape(rows, positions, hidden)))
        return self.norm(x + self.outer(F.gelu(self.inner(x), approximate=self.gelu)))


class Encoder(nn.Module):
    """Token ids to hidden states, without dropout: a small model underfits."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocab, shape.embedding)
        self.positions = nn.Embedding(shape.positions, shape.embedding)
        self.types = nn.Embedding(shape.types, shape.embedding)
        self.embedding_norm = nn.LayerNorm(shape.embedding, _EPSILON)
        wider = shape.embedding != shape.hidden or shape.shared
        self.widen = nn.Linear(shape.embedding, shape.hidden) if wider else None
        self.layers = nn.ModuleList([Layer(shape) for _ in range(1 if shape.shared else shape.layers)])

    def forward(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """ids [B, S], mask bool [B, S] (True is text); returns one [B, S, H] a layer."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        x = self.embedding_norm(x)
        if self.widen is not None:
            x = self.widen(x)
        if torch.is_autocast_enabled(x.device.type):  # one type all along: casts would take a fifth of the time
            x = x.to(torch.get_autocast_dtype(x.device.type))
        states = []
        for number in range(self.shape.layers):
            x = self.layers[number % len(self.layers)](x, mask[:, None, None, :])
            states.append(x)
        return states


class MaskedWordHead(nn.Module):
    """Hidden states of masked tokens [M, H] to logits over the vocabulary [M, V], through the embedding table."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.dense = nn.Linear(shape.hidden, shape.embedding)
        self.norm = nn.LayerNorm(shape.embedding, _EPSILON)
        self.gelu = shape.gelu
        self.bias = nn.Parameter(torch.zeros(shape.vocab))

    def forward(self, states: Tensor, table: Tensor) -> Tensor:
        return F.linear(self.norm(F.gelu(self.dense(states), approximate=self.gelu)), table, self.bias)
