"""Continues the pretraining of an ALBERT checkpoint (Hugging Face folder) on the arrays of prepare_corpus.py.

Two losses, summed with weights 1 and --bow:
    masked LM     15 % of the words; of those 80 % [MASK], 10 % random, 10 % kept (Devlin et al. 2019, "BERT")
    bag of words  [CLS] predicts the set of tokens of its text (Ma et al. 2024, "Drop your Decoder"): makes it useful

B rows, S positions, M masked tokens, V vocabulary, H hidden size, E embedding size. On a GPU if there is one; bfloat16.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from batches import FIRST_TEXT_ID, PAD, Corpus
from prepare_corpus import LINE_START
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AlbertForMaskedLM

STATE_FILE = "state.pt"  # beside the checkpoint: what a training needs to go on


class BagOfWords(nn.Module):
    """[CLS] vector [B, H] to logits over the vocabulary [B, V], through the shared embedding table [V, E]."""

    def __init__(self, hidden: int, embedding: int, vocab: int):
        super().__init__()
        self.dense = nn.Linear(hidden, embedding)
        self.norm = nn.LayerNorm(embedding)
        self.bias = nn.Parameter(torch.zeros(vocab))

    def forward(self, vector: Tensor, table: Tensor) -> Tensor:
        return F.linear(self.norm(F.gelu(self.dense(vector))), table, self.bias)

    @staticmethod
    def target(ids: Tensor, vocab: int) -> Tensor:
        """Even probability [B, V] over the distinct tokens of each text."""
        bag = torch.zeros(len(ids), vocab, device=ids.device).scatter_(1, ids, 1.0)
        bag[:, :FIRST_TEXT_ID] = 0
        return bag / bag.sum(1, keepdim=True).clamp(min=1)


class Trainer:
    def __init__(self, args: argparse.Namespace, device: torch.device, corpus: Corpus):
        self.args, self.device = args, device
        # Heads of 26 dimensions: on the CPU the fused attention's backward pass is slower than the plain one.
        attention = "sdpa" if device.type == "cuda" else "eager"
        self.model = AlbertForMaskedLM.from_pretrained(args.checkpoint, attn_implementation=attention).to(device)
        config = self.model.config  # the model stays in evaluation mode: no dropout, a small model underfits
        self.vocab, self.positions = config.vocab_size, config.max_position_embeddings
        self.bow = BagOfWords(config.hidden_size, config.embedding_size, self.vocab).to(device)
        if (saved := Path(args.checkpoint, "bow.safetensors")).exists():
            self.bow.load_state_dict(load_file(saved))
        else:  # a new head starts from the tokens' frequencies
            counts = torch.bincount(corpus.data & (LINE_START - 1), minlength=self.vocab) + 1
            self.bow.bias.data.copy_((counts / counts.sum()).log())
        self.encoder = torch.compile(self.model.albert) if args.compile else self.model.albert
        self.parameters = [*self.model.parameters(), *self.bow.parameters()]
        matrices = [p for p in self.parameters if p.dim() > 1]
        vectors = [p for p in self.parameters if p.dim() <= 1]
        groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98), eps=1e-6, fused=True)
        self.steps_done = 0

    def losses(self, corpus: Corpus, rows: int) -> tuple[Tensor, Tensor]:
        """Masked LM and bag-of-words loss of one fresh batch, two scalars."""
        ids, words = corpus.texts(rows)
        inputs, chosen = corpus.masked(ids, words, self.args.mask, self.vocab)
        # Half of the rows lie further back, so that every position is trained.
        shift = torch.randint(0, self.positions - ids.shape[1] + 1, (rows, 1), device=self.device)
        shift = shift * (torch.rand(rows, 1, device=self.device) < 0.5)
        columns = torch.arange(ids.shape[1], device=self.device)
        positions = torch.where(columns > 0, columns + shift, 0)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            hidden = self.encoder(inputs, (ids != PAD).long(), position_ids=positions)[0]  # [B, S, H]
            head, table = self.model.predictions, self.model.albert.embeddings.word_embeddings.weight
            vectors = head.LayerNorm(head.activation(head.dense(hidden[chosen])))  # [M, E]
            masked_logits = F.linear(vectors, table, head.bias)  # [M, V]
            bag_logits = self.bow(hidden[:, 0], table)
        bag = -(BagOfWords.target(ids, self.vocab) * bag_logits.float().log_softmax(-1)).sum(1).mean()
        return F.cross_entropy(masked_logits.float(), ids[chosen]), bag

    @torch.no_grad()
    def held_out(self, corpus: Corpus) -> list[float]:
        """Mean losses over 32 batches that are the same at every call."""
        with torch.random.fork_rng():
            torch.manual_seed(1)
            results = [torch.stack(self.losses(corpus, self.args.rows)) for _ in range(32)]
        return torch.stack(results).mean(0).tolist()

    def step(self, corpus: Corpus) -> Tensor:
        """One update; the losses [2], detached. The rate rises, stays and falls (Hu et al. 2024, "MiniCPM")."""
        left = (self.args.steps - self.steps_done) / (self.args.decay * self.args.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.args.lr * min((self.steps_done + 1) / self.args.warmup, left, 1.0)
        pair = torch.stack(self.losses(corpus, self.args.rows))
        (pair[0] + self.args.bow * pair[1]).backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps_done += 1
        return pair.detach()

    def save(self, out: Path) -> None:
        """A folder like the one read: config, vocabulary, weights in float32; the bag-of-words head and the state."""
        out.mkdir(parents=True, exist_ok=True)
        state = self.model.state_dict()
        names = load_file(Path(self.args.checkpoint, "model.safetensors")).keys()
        weights = {name: state[name].float().cpu().clone() for name in names}
        bow = {name: value.cpu().clone() for name, value in self.bow.state_dict().items()}
        for name, tensors in (("model.safetensors", weights), ("bow.safetensors", bow)):
            save_file(tensors, out / f"{name}.tmp", metadata={"format": "pt"})
            (out / f"{name}.tmp").replace(out / name)
        for name in ("config.json", "vocab.txt"):
            shutil.copyfile(Path(self.args.checkpoint, name), out / name)
        modules = {name: getattr(self, name).state_dict() for name in ("model", "bow", "optimizer")}
        torch.save(modules | {"random": torch.get_rng_state(), "steps_done": self.steps_done}, out / "state.tmp")
        (out / "state.tmp").replace(out / STATE_FILE)

    def go_on(self, state_file: Path) -> None:
        """Take up a training where `save` left it; --steps and --decay may have changed."""
        state = torch.load(state_file, map_location=self.device)
        for name in ("model", "bow", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"].cpu())
        self.steps_done = state["steps_done"]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Continue pretraining an ALBERT checkpoint.")
    parser.add_argument("--tokens", type=Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint folder to start from")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--steps", type=int, required=True, help="updates in all; the same --out goes on where it was")
    parser.add_argument("--rows", type=int, default=32, help="texts a batch (on a large GPU: 512 and more)")
    parser.add_argument("--length", type=int, default=128, help="positions a row")
    parser.add_argument("--lr", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=100, help="first steps, in which the rate rises")
    parser.add_argument("--decay", type=float, default=0.2, help="last share of the steps, in which it falls to 0")
    parser.add_argument("--mask", type=float, default=0.15, help="share of the words to predict")
    parser.add_argument("--bow", type=float, default=0.5, help="weight of the bag-of-words loss")
    parser.add_argument("--weights", type=json.loads, default={}, help='JSON, NAME: times its size, e.g. {"news": 0.5}')
    parser.add_argument("--save-every", type=float, default=2.0, help="minutes between saved checkpoints")
    parser.add_argument("--compile", action="store_true", help="torch.compile the encoder")
    parser.add_argument("--seed", type=int, default=0, help="of batches and masks")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arrays = {p.stem: np.load(p) for p in sorted(args.tokens.glob("*.npy"))}
    test = Corpus([arrays.pop("heldout")], [1.0], args.length, device)
    weights = [len(array) * args.weights.get(name, 1.0) for name, array in arrays.items()]
    corpus = Corpus(list(arrays.values()), weights, args.length, device)
    trainer = Trainer(args, device, corpus)
    if (state_file := args.out / STATE_FILE).exists():
        trainer.go_on(state_file)
    print("held out: masked {:.3f} bag {:.3f}".format(*trainer.held_out(test)), flush=True)
    reported = saved = time.time()
    recent = []
    while trainer.steps_done < args.steps:
        recent.append(trainer.step(corpus))
        now = time.time()
        if now - reported > 30:
            masked, bag = torch.stack(recent).mean(0).tolist()
            rate = len(recent) / (now - reported)
            left = (args.steps - trainer.steps_done) / rate / 60
            print(
                f"step {trainer.steps_done} of {args.steps}, {rate * args.rows * args.length:.0f} tokens/s, "
                f"{left:.0f} min left: masked {masked:.3f} bag {bag:.3f}",
                flush=True,
            )
            reported, recent = now, []
        if now - saved > args.save_every * 60:
            saved = now
            trainer.save(args.out)
            print("held out: masked {:.3f} bag {:.3f}".format(*trainer.held_out(test)), flush=True)
    trainer.save(args.out)
    print("held out: masked {:.3f} bag {:.3f}".format(*trainer.held_out(test)))


if __name__ == "__main__":
    main()
