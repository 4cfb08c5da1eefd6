"""What both probes share: a short fine-tuning of a checkpoint with one dense head, the same for every start.

B rows, S positions, H hidden size, C outputs.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from checkpoint import read_checkpoint
from torch import Tensor, nn

CLS, SEP = 2, 3


class Probe:
    """An encoder and a head, trained with a rate that rises and falls linearly."""

    def __init__(self, args: argparse.Namespace, outputs: int):
        torch.manual_seed(args.seed)
        torch.set_num_threads(args.threads)
        self.args, self.rng = args, np.random.default_rng(args.seed)
        self.encoder, _ = read_checkpoint(args.checkpoint)
        self.head = nn.Linear(self.encoder.shape.hidden, outputs)
        self.parameters = [*self.encoder.parameters(), *self.head.parameters()]
        groups = [
            {"params": self.encoder.parameters(), "times": 1},
            {"params": self.head.parameters(), "times": 5},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=args.lr, weight_decay=0.01)

    def logits(self, ids: Tensor, *, first: bool) -> Tensor:
        """Compute logits of [CLS] [B, C] or of every token [B, S, C]."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.encoder(ids, ids > 0)[-1]
        states = states[:, 0] if first else states
        return self.head(nn.functional.dropout(states.float(), 0.1, self.head.training))

    def train(self, texts: list[list[int]], loss_of) -> float:
        """Train on token ids; `loss_of(numbers, ids)` is the loss of a batch. Returns the seconds it took."""
        start, done = time.time(), 0
        steps = self.args.epochs * -(-len(texts) // self.args.batch)
        self.head.train()
        for _ in range(self.args.epochs):
            for numbers in self.batches(texts):
                share = min(1.0, done / (0.1 * steps)) * (1 - done / steps)
                for group in self.optimizer.param_groups:
                    group["lr"] = self.args.lr * share * group["times"]
                loss_of(numbers, pad([texts[number] for number in numbers])).backward()
                nn.utils.clip_grad_norm_(self.parameters, 1.0)
                self.optimizer.step()
                self.optimizer.zero_grad()
                done += 1
        self.head.eval()
        return time.time() - start

    def batches(self, texts: list[list[int]]) -> list[np.ndarray]:
        """Return one epoch's batches as numbers of texts; a batch has texts of like length."""
        order = np.argsort([len(text) + self.rng.random() * 6 for text in texts])
        size = self.args.batch
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return [batches[number] for number in self.rng.permutation(len(batches))]


def pad(texts: list[list[int]]) -> Tensor:
    """Return token ids as one array [B, S], padded with 0."""
    width = max(map(len, texts))
    return torch.tensor([text + [0] * (width - len(text)) for text in texts])


def split(count: int, args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the examples to judge by and of those to learn from, the same for every start."""
    order = np.random.default_rng(0).permutation(count)
    return order[: args.judge], order[args.judge : args.judge + args.learn]


def parse_arguments(description: str, **defaults) -> argparse.Namespace:
    """Parse the flags of a probe; `defaults` are its numbers of examples and the like."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--checkpoint", type=Path, required=True, help="Hugging Face folder, BERT or ALBERT")
    parser.add_argument("--data", type=Path, required=True, help="the set's training file; never its test file")
    parser.add_argument("--lr", type=float, required=True, help="peak learning rate")
    parser.add_argument("--learn", type=int, default=defaults["learn"], help="examples to learn from")
    parser.add_argument("--judge", type=int, default=1000, help="other examples of the file to judge by")
    parser.add_argument("--epochs", type=int, default=4, help="passes")
    parser.add_argument("--batch", type=int, default=16, help="examples a step")
    parser.add_argument("--seed", type=int, default=0, help="of the head, the batches and dropout")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch")
    return parser.parse_args()
