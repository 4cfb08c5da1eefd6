"""Masked batches from the arrays of prepare_corpus.py, drawn on the device that trains (B rows, S positions)."""

import numpy as np
import torch
from prepare_corpus import LINE_START, WORD_START
from torch import Tensor

# Ids of the special tokens in the vocabulary; [UNK], 1, is never masked.
PAD, CLS, SEP, MASK, FIRST_TEXT_ID = 0, 2, 3, 4, 5


class Corpus:
    """Token arrays of several sources on one device; draws masked batches without leaving it."""

    def __init__(self, arrays: list[np.ndarray], weights: list[float], length: int, device: torch.device):
        starts = [np.flatnonzero(a[: len(a) - length] & LINE_START) for a in arrays]
        offsets = np.cumsum([0, *map(len, arrays)])[:-1]
        counts = [len(s) for s in starts]
        self.length, self.device = length, device
        self.data = torch.from_numpy(np.concatenate(arrays).astype(np.int32)).to(device)  # [all tokens]
        self.starts = torch.from_numpy(np.concatenate([s + o for s, o in zip(starts, offsets, strict=True)])).to(device)
        self.first = torch.tensor(np.cumsum([0, *counts])[:-1], device=device)  # [sources], index into self.starts
        self.counts = torch.tensor(counts, device=device)
        self.weights = torch.tensor(weights, device=device) * (self.counts > 0)

    def texts(self, rows: int) -> tuple[Tensor, Tensor]:
        """ids [B, S] and a number for each word [B, S]; 70 % of the rows are full, the others of random length."""
        source = torch.multinomial(self.weights, rows, replacement=True)
        start = self.starts[self.first[source] + (torch.rand(rows, device=self.device) * self.counts[source]).long()]
        columns = torch.arange(self.length, device=self.device)
        raw = self.data[start[:, None] + (columns - 1).clamp(min=0)]
        size = torch.randint(12, self.length - 1, (rows, 1), device=self.device)
        size = torch.where(torch.rand(rows, 1, device=self.device) < 0.7, self.length - 2, size)
        ids = (raw & (LINE_START - 1)).long()
        ids[:, 0] = CLS
        ids = ids.masked_fill(columns == size + 1, SEP).masked_fill(columns > size + 1, PAD)
        return ids, (raw >= WORD_START).long().cumsum(1).clamp(max=self.length - 1)

    def masked(self, ids: Tensor, words: Tensor, rate: float, vocab: int) -> tuple[Tensor, Tensor]:
        """Input ids [B, S] and the bool mask [B, S] of the tokens to predict; a word shares one fate."""
        draw, fate = torch.rand(2, *ids.shape, device=self.device).gather(2, words.expand(2, -1, -1))
        chosen = (draw < rate) & (ids >= FIRST_TEXT_ID)
        noise = torch.randint(FIRST_TEXT_ID, vocab, ids.shape, device=self.device)
        inputs = torch.where(chosen & (fate < 0.8), MASK, ids)
        return torch.where(chosen & (fate > 0.9), noise, inputs), chosen
