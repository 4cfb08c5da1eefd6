"""Writes the files of the three splits for each task from the master file sample.jsonl: python data/make_files.py"""

import csv
import json
from pathlib import Path

FOLDER = Path(__file__).parent


def read_sample():
    """Read the master file: a list of objects with text, labels, entities (half-open spans) and split."""
    return [json.loads(line) for line in (FOLDER / "sample.jsonl").read_text(encoding="utf-8").splitlines()]


def tag_characters(text, entities):
    """Give each character its BIO tag: B- at an entity's first, I- inside, O elsewhere."""
    tags = ["O"] * len(text)
    for entity in entities:
        inside = range(entity["start"] + 1, entity["end"])
        tags[entity["start"]] = f"B-{entity['type']}"
        tags[inside.start : inside.stop] = [f"I-{entity['type']}"] * len(inside)
    return tags


def write_csv(name, items):
    """Write label,content rows, labels joined by |."""
    with open(FOLDER / name, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["label", "content"])
        writer.writerows(["|".join(item["labels"]), item["text"]] for item in items)


def main():
    for split in ("train", "dev", "test"):
        items = [item for item in read_sample() if item["split"] == split]
        write_csv(f"{split}.csv", items)
        write_csv(f"class.{split}.csv", [item for item in items if len(item["labels"]) == 1])
        with open(FOLDER / f"ner.{split}.bio", "w", encoding="utf-8", newline="") as stream:
            for item in items:
                pairs = zip(item["text"], tag_characters(item["text"], item["entities"]), strict=True)
                stream.write("".join(f"{character}\t{tag}\n" for character, tag in pairs) + "\n")


if __name__ == "__main__":
    main()
