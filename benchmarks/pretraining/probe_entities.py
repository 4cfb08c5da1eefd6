"""Compares starts by a short training on entities: strict F1 on sentences held out of a training file.

The file has a character and its BIO tag a line, and a blank line between sentences.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import torch
from probing import CLS, SEP, Probe, pad, parse_arguments, split
from vocabulary import read_words

NO_TAG = -100
_LONGEST = 126


def read_sentences(path: Path) -> Iterator[list[tuple[str, str]]]:
    """Yield the sentences of a file, plain or .gz, each a list of characters with their tags."""
    sentence: list[tuple[str, str]] = []
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for line in map(str.strip, file):
            if line:
                character, tag = line.rsplit(None, 1)
                sentence.append((character, tag))
            elif sentence:
                yield sentence
                sentence = []
    if sentence:
        yield sentence


def find_entities(tags: list[str]) -> set[tuple[int, int, str]]:
    """Return the entities (start, end, type) of BIO tags; an I that follows nothing of its type opens none.

    >>> find_entities(["B-PER", "I-PER", "O", "I-LOC"])
    {(0, 2, 'PER')}
    """
    entities, start, kind = set(), -1, ""
    for place, tag in enumerate([*tags, "O"]):
        if kind and tag != f"I-{kind}":
            entities.add((start, place, kind))
            kind = ""
        if tag.startswith("B-"):
            start, kind = place, tag[2:]
    return entities


def main() -> None:
    args = parse_arguments("Probe a checkpoint by entities.", learn=3000)
    sentences = list(read_sentences(args.data))
    ids = {word: number for number, word in enumerate(read_words(args.checkpoint / "vocab.txt"))}
    tags = sorted({tag for sentence in sentences for _, tag in sentence}, key=lambda tag: (tag != "O", tag))
    texts = [[CLS, *(ids.get(c.lower(), 1) for c, _ in row[:_LONGEST]), SEP] for row in sentences]
    golds = [[0, *(tags.index(tag) for _, tag in row[:_LONGEST]), 0] for row in sentences]
    judge, learn = split(len(texts), args)
    probe = Probe(args, len(tags))

    def loss_of(numbers, batch):
        width = batch.shape[1]
        gold = torch.tensor([golds[learn[n]] + [NO_TAG] * (width - len(golds[learn[n]])) for n in numbers])
        return torch.nn.functional.cross_entropy(
            probe.logits(batch, first=False).flatten(0, 1), gold.flatten(), ignore_index=NO_TAG
        )

    seconds = probe.train([texts[number] for number in learn], loss_of)
    found = right = wanted = 0
    with torch.no_grad():
        for start in range(0, len(judge), 50):
            part = judge[start : start + 50]
            best = probe.logits(pad([texts[number] for number in part]), first=False).argmax(-1).tolist()
            for number, guess in zip(part, best, strict=True):
                gold = find_entities([tags[tag] for tag in golds[number]])
                mine = find_entities([tags[tag] for tag in guess[: len(golds[number])]])
                found, right, wanted = found + len(mine), right + len(mine & gold), wanted + len(gold)
    score = 2 * right / max(1, found + wanted)
    print(f"entities, {args.checkpoint.name}, rate {args.lr:g}, seed {args.seed}: F1 {score:.4f}, {seconds:.0f} s")


if __name__ == "__main__":
    main()
