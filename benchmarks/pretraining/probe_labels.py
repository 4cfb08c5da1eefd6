"""Compares starts by a short multi-label training from [CLS]: micro F1 at 0.5 on texts held out of a training file.

The file is a csv with the columns label and content, several labels joined by "|".
"""

import csv

import torch
from probing import Probe, pad, parse_arguments, split
from tokenizers import BertWordPieceTokenizer


def main() -> None:
    args = parse_arguments("Probe a checkpoint by labels.", learn=4000)
    with args.data.open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["label"].split("|"), row["content"]) for row in csv.DictReader(file)]
    labels = sorted({label for names, _ in rows for label in names})
    tokenizer = BertWordPieceTokenizer(str(args.checkpoint / "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(128)
    texts = [code.ids for code in tokenizer.encode_batch([text for _, text in rows])]
    gold = torch.tensor([[float(label in names) for label in labels] for names, _ in rows])  # [N, L]
    judge, learn = split(len(texts), args)
    probe = Probe(args, len(labels))

    def loss_of(numbers, batch):
        logits = probe.logits(batch, first=True)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, gold[learn[numbers]]) * len(labels) ** 0.5

    seconds = probe.train([texts[number] for number in learn], loss_of)
    with torch.no_grad():
        parts = [judge[start : start + 50] for start in range(0, len(judge), 50)]
        logits = [probe.logits(pad([texts[number] for number in part]), first=True) for part in parts]
    chosen, wanted = torch.cat(logits) > 0, gold[judge] > 0
    score = 2 * (chosen & wanted).sum() / (chosen.sum() + wanted.sum()).clamp(min=1)
    exact = (chosen == wanted).all(1).float().mean()
    print(
        f"labels, {args.checkpoint.name}, rate {args.lr:g}, seed {args.seed}: "
        f"micro F1 {score:.4f}, exact {exact:.4f}, {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
