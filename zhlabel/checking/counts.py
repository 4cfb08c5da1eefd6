"""Counts one part of the data (train, dev, test) while its texts go by; what is kept of a text is a row of numbers."""

import hashlib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zhlabel.checking.finding import SHOWN, Sightings, name_place, show_invisible
from zhlabel.data.lost import list_lost
from zhlabel.data.windows import assign_tokens

# Of a text, by which equal ones are found, 16 bytes; and what it is labelled with, its line, characters and tokens.
ROW = np.dtype([("text", "<u8", 2), ("said", "<i8"), ("line", "<u4"), ("characters", "<u4"), ("tokens", "<u4")])
_PIECES = 20_000  # different unknown pieces that are counted by name, lest an English file under a Chinese vocabulary
_PIECE_CHARACTERS = 20  # fill the memory
_REPLACEMENT = "\ufffd"
_INVISIBLE = ("Cc", "Cf", "Co")  # control, format and private-use characters


@dataclass(frozen=True)
class Terms:
    """What a training makes of the texts, by which they are judged.

    Attributes:
        kind: a class of ``tasks.TASKS``.
        max_length: tokens a row.
        long_text: what becomes of longer texts, one of the task's.
        positions: how many tokens a row can have.
        vocabulary_file: the checkpoint's.
    """

    kind: type
    max_length: int
    long_text: str
    positions: int
    vocabulary_file: Path

    @property
    def in_windows(self):
        """Whether nothing of a long text is lost."""
        return self.long_text.startswith("windows")

    @property
    def is_exclusive(self):
        """Whether each text must have one label."""
        return not self.kind.by_token and self.kind.exclusive


class PartCounts:
    """What is counted in one part.

    Args:
        name: "train", "dev" or "test".
        file: the file it is read from.
        by_token: whether labels are entities' types.
        unknown_id: the id of [UNK].
        names: labels that are known whether a text has them or not, as those of a LABEL_FILE.

    Attributes:
        row_count: rows that the texts take, several where long ones go into windows.
        labels: {label: texts that have it; of entities, entities}.
        label_lines: {label: the line where it stands first}.
        entities: how many there are.
        unlabelled, several: Sightings of texts without a label, with more than one.
        kept_tokens: tokens that a model sees, [CLS] and [SEP] aside; how many of them are unknown: ``unknown_tokens``.
        unknown: {piece of text: how often it is [UNK]}, and ``unknown_texts``, Sightings of texts that have one.
        dropped: {character: texts} that the tokenizer leaves out though it is no blank; ``dropped_texts``, Sightings.
        lost: {one of ``lost.REASONS``: Sightings of entities}.
    """

    def __init__(self, name, file, *, by_token, unknown_id, names=()):
        self.name, self.file, self.by_token = name, str(file), by_token
        self._unknown_id, self._rows = unknown_id, [np.zeros(0, ROW)]
        self.row_count = 0
        self.labels, self.label_lines, self.entities = Counter(dict.fromkeys(names, 0)), {}, 0
        self.unlabelled, self.several = Sightings(), Sightings()
        self.kept_tokens = self.unknown_tokens = 0
        self.unknown, self.unknown_texts = Counter(), Sightings()
        self.dropped, self.dropped_texts = Counter(), Sightings()
        self.lost = {}

    def __len__(self):
        return sum(map(len, self._rows))

    @property
    def rows(self):
        """[N] of ``ROW``, in the file's order."""
        if len(self._rows) > 1:
            self._rows = [np.concatenate(self._rows)]
        return self._rows[0]

    def add(self, examples, encodings):
        """Count some Examples and their Encodings."""
        rows = np.zeros(len(examples), ROW)
        rows["text"] = np.frombuffer(b"".join(_hash_text(each.text) for each in examples), "<u8").reshape(-1, 2)
        rows["said"] = [hash((frozenset(each.labels), each.entities)) for each in examples]
        rows["line"] = [each.line for each in examples]
        rows["characters"] = [len(each.text) for each in examples]
        rows["tokens"] = encodings.full_lengths
        self._rows.append(rows)
        self.row_count += len(encodings)
        for example in examples:
            self._count_labels(example)
            self._count_dropped(example)
        self._count_unknown(examples, encodings)
        if self.by_token:
            self._count_lost(examples, encodings)

    def _name(self, example):
        return name_place(example.file, example.line)

    def _count_labels(self, example):
        self.labels.update([entity.type for entity in example.entities] if self.by_token else example.labels)
        self.entities += len(example.entities)
        for label in example.labels:
            self.label_lines.setdefault(label, example.line)
        if not example.labels:
            self.unlabelled.add(self._name(example))
        elif len(example.labels) > 1:
            self.several.add(self._name(example), ", ".join(map(show_invisible, example.labels)))

    def _count_dropped(self, example):
        text = example.text
        if text.isprintable() and _REPLACEMENT not in text:
            return
        if found := sorted(filter(_is_dropped, set(text))):
            self.dropped.update(found)
            self.dropped_texts.add(self._name(example), ", ".join(map(name_character, found[:3])))

    def _count_unknown(self, examples, encodings):
        """Count what is [UNK] of the tokens that the model sees, each once, though windows share some."""
        places, ends = assign_tokens(encodings)
        borders = np.zeros(len(encodings.token_ids) + 1, np.int64)
        np.add.at(borders, places, 1)
        np.add.at(borders, ends, -1)
        is_kept = np.cumsum(borders[:-1]) > 0
        found = np.flatnonzero(is_kept & (encodings.token_ids == self._unknown_id))
        owners = encodings.owners[np.searchsorted(encodings.starts, found, side="right") - 1]
        self.kept_tokens += int(is_kept.sum())
        self.unknown_tokens += len(found)
        spans = zip(owners.tolist(), encodings.offsets[found].tolist(), strict=True)
        pieces = Counter(examples[owner].text[start:end][:_PIECE_CHARACTERS] for owner, (start, end) in spans)
        if len(self.unknown) > _PIECES:
            pieces = {piece: count for piece, count in pieces.items() if piece in self.unknown}
        self.unknown.update(pieces)
        different = np.unique(owners)
        for owner in different[:SHOWN].tolist():
            self.unknown_texts.add(self._name(examples[owner]))
        self.unknown_texts.count += len(different[SHOWN:])

    def _count_lost(self, examples, encodings):
        gold = [example.entities for example in examples]
        for example, lost in zip(examples, list_lost(gold, encodings), strict=True):
            for entity, reason in lost.items():
                seen = f"{entity.type} {show_invisible(example.text[entity.start : entity.end][:20])}"
                self.lost.setdefault(reason, Sightings()).add(self._name(example), seen)


def _hash_text(text):
    """Return 128 bits of a text, blanks at its ends aside, as ``splits.group_texts`` has it; zeros of a blank one."""
    text = text.strip()
    return hashlib.blake2b(text.encode(), digest_size=16).digest() if text else bytes(16)


def _is_dropped(character):
    return character == _REPLACEMENT or (unicodedata.category(character) in _INVISIBLE and not character.isspace())


def name_character(character):
    """Return the code of a character, and its name where it has one.

    >>> name_character("\\u200b"), name_character("\\ue000")
    ('U+200B zero width space', 'U+E000')
    """
    return f"U+{ord(character):04X} {unicodedata.name(character, '').lower()}".rstrip()
