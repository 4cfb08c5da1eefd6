"""Makes tests/golden/seqeval.json: what seqeval says of random entities. Needs seqeval, which the project's lock lacks.

seqeval is published as source alone, and beside the lock's `wheel` pip builds it in a way that its newest build
dependency breaks; in an environment of its own it installs:

    python3 -m venv ../seqeval && ../seqeval/bin/pip install --use-pep517 seqeval==1.2.2
    ../seqeval/bin/python tests/make_seqeval_golden.py

A sequence is written as one letter a tag: "." is O, "A" the B- and "a" the I- of the first type, and so on.
"""

import json
import random
from pathlib import Path

from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

OUTPUT = Path(__file__).parent / "golden" / "seqeval.json"
TYPES = ("地址", "组织机构", "PER", "书名")
LETTERS = "ABCD"
CORPORA = 150
SIZES = (1, 2, 5, 10, 20, 60)  # sequences in a corpus


def draw_sequence(source, length, letters):
    """Draw a legal sequence of the types with these letters; neighbours without O between them are common."""
    tags = ""
    while len(tags) < length:
        letter = source.choice(letters) if letters and source.random() < 0.5 else "."
        tags += letter + letter.lower() * source.choice((0, 0, 1, 1, 2, 3, 5, 12)) * (letter != ".")
    return tags[:length]


def change_sequence(source, tags, letters):
    """Draw the decision on a sequence: the same, the same up to some place, or another one."""
    place = source.choice((0, source.randrange(len(tags) + 1), len(tags)))
    rest = draw_sequence(source, len(tags) - place, letters)
    return tags[:place] + rest


def name_tags(tags):
    """Return the names of the tags: "Aa." is B-地址 I-地址 O."""
    names = {".": "O"}
    for letter, name in zip(LETTERS, TYPES, strict=True):
        names |= {letter: f"B-{name}", letter.lower(): f"I-{name}"}
    return [names[tag] for tag in tags]


def main():
    """Write everything."""
    source, lines = random.Random(4), []
    while len(lines) < CORPORA:
        sizes = [source.randint(1, 24) for _ in range(source.choice(SIZES))]
        of_gold, of_decided = (source.sample(LETTERS, source.randint(0, 4)) for _ in range(2))
        gold = [draw_sequence(source, size, of_gold) for size in sizes]
        decided = [change_sequence(source, tags, of_decided) for tags in gold]
        if not set("".join(gold + decided)) - {"."}:
            continue  # seqeval fails where there is no entity at all
        named = ([name_tags(tags) for tags in each] for each in (gold, decided))
        report = classification_report(*named, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
        report = {
            name: {figure: round(float(value), 14) for figure, value in row.items()} for name, row in report.items()
        }
        lines.append(json.dumps({"gold": gold, "decided": decided, "report": report}, ensure_ascii=False))
    OUTPUT.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
