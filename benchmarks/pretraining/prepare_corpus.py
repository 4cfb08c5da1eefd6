"""Turns a folder of raw Chinese text into token arrays for pretrain.py.

Each input is a UTF-8 file, plain (.txt) or compressed (.txt.xz), with one sentence or paragraph a line and a blank line
between documents. Each becomes one flat uint16 array NAME.npy, documents one after another, each closed by [SEP]:

    bits 0 to 13   WordPiece id (so the vocabulary must be smaller than 16,384)
    bit 14         the token opens a line: a training text may start here
    bit 15         the token opens a word: pieces of one word are masked together (whole-word masking, Cui et al. 2019,
                   "Pre-Training with Whole Word Masking for Chinese BERT"); words are jieba's, by its dictionary alone

Every 200th document of a file goes to heldout.npy instead, an array of the same form.
"""

import argparse
import lzma
from itertools import accumulate
from multiprocessing import Pool
from pathlib import Path

import jieba
import numpy as np
from tokenizers import BertWordPieceTokenizer

LINE_START, WORD_START = 1 << 14, 1 << 15
HELD_OUT_EVERY = 200


def encode_lines(tokenizer: BertWordPieceTokenizer, lines: list[str]) -> np.ndarray:
    """The lines of one document as one uint16 array [tokens + 1] that ends in [SEP]."""
    values = []
    for line, encoding in zip(lines, tokenizer.encode_batch(lines, add_special_tokens=False), strict=True):
        word_starts = {0, *accumulate(map(len, jieba.cut(line, HMM=False)))}
        bits = [
            WORD_START if start in word_starts and not token.startswith("##") else 0
            for token, (start, _) in zip(encoding.tokens, encoding.offsets, strict=True)
        ]
        if bits:
            bits[0] = WORD_START | LINE_START
        values += map(int.__or__, encoding.ids, bits)
    return np.array([*values, tokenizer.token_to_id("[SEP]") | WORD_START], dtype=np.uint16)


def read_documents(path: Path):
    """Yields the documents of one file, each a list of its lines."""
    document: list[str] = []
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as file:
        for line in map(str.strip, file):
            if line:
                document.append(line)
            elif document:
                yield document
                document = []
    if document:
        yield document


def encode_file(job: tuple[Path, Path, Path]) -> np.ndarray:
    """Writes the training array of one file; returns its held-out documents [tokens]."""
    path, vocab, out = job
    jieba.setLogLevel("WARNING")
    tokenizer = BertWordPieceTokenizer(str(vocab), lowercase=True)
    parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for number, document in enumerate(read_documents(path), start=1):
        parts[number % HELD_OUT_EVERY == 0].append(encode_lines(tokenizer, document))
    train, held_out = (np.concatenate(part) if part else np.zeros(0, np.uint16) for part in parts)
    name = path.name.split(".")[0]
    np.save(out / f"{name}.npy", train)
    print(f"{name}: {len(train):,} tokens to train on, {len(held_out):,} held out", flush=True)
    return held_out


def main() -> None:
    parser = argparse.ArgumentParser(description="Raw text to token arrays.")
    parser.add_argument("--texts", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument("--vocab", type=Path, required=True, help="vocab.txt of the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="folder for the arrays")
    parser.add_argument("--processes", type=int, default=2, help="files encoded at a time")
    args = parser.parse_args()
    if sum(1 for _ in args.vocab.open(encoding="utf-8")) >= LINE_START:
        parser.error(f"the vocabulary must have fewer than {LINE_START} entries")
    files = sorted([*args.texts.glob("*.txt"), *args.texts.glob("*.txt.xz")], key=lambda path: -path.stat().st_size)
    if not files:
        parser.error(f"no .txt or .txt.xz file in {args.texts}")
    args.out.mkdir(parents=True, exist_ok=True)
    with Pool(args.processes) as pool:
        held_out = pool.map(encode_file, [(path, args.vocab, args.out) for path in files], chunksize=1)
    np.save(args.out / "heldout.npy", np.concatenate(held_out))


if __name__ == "__main__":
    main()
