"""Raw text -> documents -> rows of token ids of which none is lost, with the places where words begin."""

import itertools
import os
from dataclasses import dataclass

import numpy as np

from zhlabel.data.records import find_ending
from zhlabel.data.texts import read_texts
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.errors import InputError
from zhlabel.io.parallel import map_chunks
from zhlabel.pretraining.alignment import ALL_TOKENS, TeacherRows, TeacherTokens, find_line, list_tokens

_CHUNK_CHARACTERS = 200_000


@dataclass(frozen=True)
class Rows:
    """W rows of at most MAX_LENGTH tokens, each [CLS], text, [SEP], one after the other in one array.

    Attributes:
        token_ids: int32 [sum of T].
        word_starts: bool [sum of T], True where a word begins.
        starts: int64 [W + 1]; row w has ``token_ids[starts[w]:starts[w + 1]]``.
        documents: int64 [W], rising: the document that a row is of.
        teacher: alignment.TeacherRows of the same text; None without a teacher.
    """

    token_ids: np.ndarray
    word_starts: np.ndarray
    starts: np.ndarray
    documents: np.ndarray
    teacher: TeacherRows | None = None

    def __len__(self):
        return len(self.documents)

    @property
    def lengths(self):
        """int64 [W], tokens of each row."""
        return np.diff(self.starts)


def read_documents(path):
    """Read a file's documents, each a list of its lines; a blank line of a ``.txt`` ends a document.

    In every other form that ``texts.read_texts`` reads, each text is a document. Empty texts are none.

    Args:
        path: the file.

    Returns:
        An iterator over lists of lines, without empty ones.

    Raises:
        InputError: as ``read_texts``.
    """
    lines, has_blank_lines = [], find_ending(path) == ".txt"
    for text in read_texts(path):
        if text.strip():
            lines.append(text)
        if lines and not (has_blank_lines and text.strip()):
            yield lines
            lines = []
    if lines:
        yield lines


def find_word_starts(text, spans, is_continuation):
    """Mark the tokens of a text at which one of jieba's words begins; a ``##`` piece never begins one.

    jieba divides by its dictionary alone (HMM=False): twice as fast, and new words that it would guess are few.

    Args:
        text: the text.
        spans: int [T, 2], characters of each token.
        is_continuation: bool [T], whether it is a ``##`` piece.

    Returns:
        bool [T].
    """
    import jieba

    sizes = [len(word) for word in jieba.cut(text, HMM=False)]
    words = np.repeat(np.arange(len(sizes)), sizes)[spans[:, 0]]
    return (np.diff(words, prepend=-1) != 0) & ~is_continuation


def cut_rows(word_starts, room):
    """Cut a document's tokens into rows of like length, as few as hold them, at words where that is possible.

    Args:
        word_starts: bool [N], where a word begins.
        room: tokens a row holds, [CLS] and [SEP] not counted.

    Returns:
        The rows' bounds, from 0 to N.

    >>> cut_rows(np.array([1, 0, 1, 0, 1, 1], dtype=bool), 4)
    [0, 2, 6]
    """
    bounds, count = [0], len(word_starts)
    while (rest := count - bounds[-1]) > room:
        begin, size = bounds[-1], -(-rest // -(-rest // room))
        inside = np.flatnonzero(word_starts[begin + 1 : begin + size + 1])
        bounds.append(begin + 1 + int(inside[-1]) if len(inside) else begin + size)
    return [*bounds, count]


class _RowMaker:
    """Makes rows of documents; one in each process."""

    def __init__(self, vocabulary_file, max_length, by_words, teacher_vocabulary_file):
        vocabulary = read_vocabulary(vocabulary_file)
        self.encoder, self.room, self.by_words = Tokenizer(vocabulary), max_length - 2, by_words
        self.first_id, self.last_id = vocabulary["[CLS]"], vocabulary["[SEP]"]
        self.is_continuation = np.array([token.startswith("##") for token in vocabulary])
        self.teacher = TeacherTokens(teacher_vocabulary_file) if teacher_vocabulary_file else None
        if by_words:
            import jieba

            jieba.setLogLevel("WARNING")
            jieba.initialize()

    def __call__(self, documents):
        """Return token ids, word starts, lengths of rows and rows of each document, as arrays; a teacher's rows."""
        texts = [line for lines in documents for line in lines]
        table = self.encoder.encode(texts, max_length=ALL_TOKENS)
        theirs = self.teacher.encode(texts) if self.teacher else None
        ids, starts, lengths, counts, taught, line = [], [], [], [], [], 0
        for lines in documents:
            words = np.concatenate([self._mark_words(table, line + i, text) for i, text in enumerate(lines)])
            tokens, ends = list_tokens(table, line, lines)
            bounds = cut_rows(words, self.room) if len(tokens) else [0]
            if theirs is not None:
                taught += self.teacher.lay_rows(*list_tokens(theirs, line, lines), ends, bounds)
            line += len(lines)
            for begin, end in itertools.pairwise(bounds):
                ids += [[self.first_id], tokens[begin:end], [self.last_id]]
                starts += [[True], words[begin:end], [True]]
                lengths.append(end - begin + 2)
            counts.append(len(bounds) - 1)
        return _join(ids, np.int32), _join(starts, bool), lengths, counts, TeacherRows.make(taught)

    def _mark_words(self, table, line, text):
        part = find_line(table, line)
        if not self.by_words:
            return np.ones(part.stop - part.start, dtype=bool)
        return find_word_starts(text, table.offsets[part], self.is_continuation[table.token_ids[part]])


def _join(arrays, dtype):
    return np.concatenate([np.zeros(0, dtype), *arrays]).astype(dtype)


def read_rows(path, vocabulary_file, *, max_length, by_words=True, teacher_vocabulary_file=None, on_characters=None):
    """Read a file of raw text as rows, with all processors; no token is lost.

    A document's lines are joined; what is longer than a row goes on in the next one, and no row holds two documents.
    Memory grows with the text, some ten bytes a character.

    Args:
        path: the file, as ``read_documents`` takes it.
        vocabulary_file: the checkpoint's vocab.txt.
        max_length: tokens a row, [CLS] and [SEP] counted in; at least 3.
        by_words: whether words are sought; if not, each token begins one.
        teacher_vocabulary_file: vocab.txt of a teacher, which reads the same rows in its own tokens.
        on_characters: called with the number of characters after each part of the text.

    Returns:
        Rows; at least one.

    Raises:
        InputError: the file can't be read, or holds no token.
    """
    chunks, documents = list(_chunk(read_documents(path))), 0
    parts, rows_of = [], []
    arguments = (vocabulary_file, max_length, by_words, teacher_vocabulary_file)
    processes = min(len(chunks), os.cpu_count() or 1)
    results = map_chunks(_RowMaker, arguments, chunks, processes=max(1, processes))
    for chunk, (ids, words, lengths, counts, taught) in zip(chunks, results, strict=True):
        parts.append((ids, words, lengths, taught))
        rows_of.append(np.repeat(np.arange(documents, documents + len(counts)), counts))
        documents += len(counts)
        if on_characters:
            on_characters(sum(len(line) for lines in chunk for line in lines))
    if not sum(map(len, rows_of)):
        raise InputError(f"{path} holds no text. One text or paragraph a line is expected.")
    ids, words, lengths, taught = zip(*parts, strict=True)
    starts = np.cumsum([0, *np.concatenate(lengths)], dtype=np.int64)
    rows = np.concatenate(ids), np.concatenate(words), starts, np.concatenate(rows_of).astype(np.int64)
    return Rows(*rows, TeacherRows.join(taught) if teacher_vocabulary_file else None)


def _chunk(documents):
    chunk, size = [], 0
    for lines in documents:
        chunk.append(lines)
        size += sum(map(len, lines))
        if size >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
