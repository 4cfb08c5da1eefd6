"""Text -> words with their normal form, kind and place; Chinese is divided by jieba, English by its spelling."""

import functools
import re
from pathlib import Path
from typing import NamedTuple

from zhlabel.errors import InputError
from zhlabel.io.files import open_text
from zhlabel.keywords.text.english import tell_english_kinds
from zhlabel.keywords.text.kinds import MARK, NOUN, OTHER, tell_jieba_kind

LANGUAGES = ("zh", "en")
# Chinese characters, for a set of a regular expression.
CHINESE = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_CHINESE_CHARACTER = re.compile(f"[{CHINESE}]")
_LETTER = re.compile(r"[^\W\d_]")
# A line end before a small letter is a wrapped line's, every other one ends a paragraph.
_PARAGRAPH = re.compile(r"(?:[^\n]|\n(?=[ \t]*[a-z]))+")
# A Latin word may have -, ', ., /, & or + inside; every other character that is no blank is a mark of its own.
_ENGLISH_WORD = re.compile(r"[^\W_]+(?:[-'\u2019./&+_][^\W_]+)*|[^\s]")
_SENTENCE_ENDS = frozenset("。！？!?；;\n")


class Word(NamedTuple):
    """One word or mark of a text.

    Attributes:
        norm: what two words must share to count as the same: lower case, English stemmed (Porter).
        kind: "noun", "adjective", "verb", "other", or "mark" for punctuation.
        is_stop: whether it is in the list of stop words; marks are not.
        start: its first character in the text.
        end: the character after its last one.
        sentence: number of its sentence, from 0.
    """

    norm: str
    kind: str
    is_stop: bool
    start: int
    end: int
    sentence: int


class Document(NamedTuple):
    """A text and its words, in order, marks included.

    Attributes:
        text: the text.
        language: "zh" or "en".
        words: tuple of Words.
    """

    text: str
    language: str
    words: tuple


class WordReader:
    """Divides texts into words, always in the same way, for every method and for gold keywords.

    Args:
        language: "zh", "en", or "" to tell it text by text (``tell_language``).
        stop_words: the stop words, in lower case; None: those of this package for each language.
        user_dictionary: a file in jieba's form, a word a line, optionally with frequency and kind; "": none. It is for
            Chinese texts; a word with a mark other than + # & . _ % - inside is divided there all the same.

    Raises:
        InputError: the user dictionary can't be read, with its line.
    """

    def __init__(self, *, language="", stop_words=None, user_dictionary=""):
        self._language = language
        own = {each: read_stop_words(Path(__file__).parent / f"stop_words.{each}.txt") for each in LANGUAGES}
        self._stop_words = own if stop_words is None else dict.fromkeys(LANGUAGES, frozenset(stop_words))
        self._user_dictionary = user_dictionary
        if user_dictionary:
            self._jieba  # noqa: B018  (a wrong file is told at once)

    def read(self, text):
        """Divide a text into words.

        Args:
            text: the text.

        Returns:
            A Document.
        """
        language = self._language or tell_language(text)
        divide = self._divide_chinese if language == "zh" else _divide_english
        words, sentence, previous_end, stop_words = [], 0, 0, self._stop_words[language]
        for shape, start, kind in divide(text):
            end = start + len(shape)
            if words and _ends_sentence(text, words[-1], text[previous_end:start], shape):
                sentence += 1
            lower = shape.lower()
            norm = _stem(lower) if language == "en" and kind != MARK else lower
            # Only in small letters is an English stop word one in Chinese: "IT" and "US" are names there.
            is_stop = kind != MARK and (lower in stop_words or shape in self._stop_words["en"])
            words.append(Word(norm, kind, is_stop, start, end, sentence))
            previous_end = end
        return Document(text, language, tuple(words))

    def _divide_chinese(self, text):
        """Yield (word, start, kind). A word's kind is its commonest one in jieba's dictionary; new words are nouns."""
        tokenizer, kinds = self._jieba
        place = 0
        for shape in tokenizer.cut(text):
            if not shape.isspace():
                if not any(map(str.isalnum, shape)):
                    kind = MARK
                elif shape in kinds:
                    kind = tell_jieba_kind(kinds[shape])
                else:
                    kind = OTHER if shape[0].isdigit() else NOUN
                yield shape, place, kind
            place += len(shape)

    @functools.cached_property
    def _jieba(self):
        """jieba's own objects: (its tokenizer, {word: kind}), made once a process, since they take a second."""
        return _load_jieba(self._user_dictionary)


@functools.cache
def _load_jieba(user_dictionary):
    import logging

    import jieba
    import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    kinds = dict(jieba.posseg.POSTokenizer(tokenizer).word_tag_tab)
    if user_dictionary:
        with open_text(user_dictionary) as stream:
            for number, line in enumerate(stream, 1):
                cells = line.split()
                if not cells:
                    continue
                if len(cells) > 3 or (len(cells) == 3 and not cells[1].isdecimal()):
                    raise InputError(
                        f"{user_dictionary}, line {number}: found {line.strip()[:60]!r}, expected a word, then "
                        "optionally its frequency and its kind, separated by blanks, such as: 云计算 5 n"
                    )
                numbers = [int(cell) for cell in cells[1:2] if cell.isdecimal()]
                flags = [cell for cell in cells[1:] if not cell.isdecimal()]
                tokenizer.add_word(cells[0], *numbers)
                kinds[cells[0]] = flags[0] if flags else "n"
    return tokenizer, kinds


def tell_language(text):
    """Say "zh" where at least a tenth of a text's letters are Chinese characters, else "en".

    Args:
        text: the text.

    >>> tell_language("用BERT做中文分类"), tell_language("Text classification with BERT")
    ('zh', 'en')
    """
    letters = len(_LETTER.findall(text))
    return "zh" if letters and 10 * len(_CHINESE_CHARACTER.findall(text)) >= letters else "en"


def read_stop_words(path):
    """Read a list of stop words, one a line; empty lines and those that begin with # are skipped.

    Args:
        path: the file, UTF-8 or GB18030.

    Returns:
        A frozenset of words in lower case.

    Raises:
        InputError: there is no such file, or it is not text.
    """
    with open_text(path) as stream:
        words = (line.strip().lower() for line in stream)
        return frozenset(word for word in words if word and not word.startswith("#"))


def _divide_english(text):
    for paragraph in _PARAGRAPH.finditer(text):
        found = list(_ENGLISH_WORD.finditer(text, *paragraph.span()))
        shapes = [each.group() for each in found]
        yield from zip(shapes, [each.start() for each in found], tell_english_kinds(shapes), strict=True)


def _ends_sentence(text, word, gap, next_shape):
    """Return whether a sentence ends behind a word: at a paragraph's end, 。！？；, a full stop before a capital."""
    if "\n" in gap and (gap.count("\n") > 1 or not "a" <= next_shape[0] <= "z"):
        return True
    shape = text[word.start : word.end]
    is_full_stop = shape == "." and bool(gap) and not next_shape.islower()
    return word.kind == MARK and (shape in _SENTENCE_ENDS or is_full_stop)


@functools.lru_cache(maxsize=1 << 16)
def _stem(word):
    return _load_stemmer().stemWord(word)


@functools.cache
def _load_stemmer():
    import snowballstemmer

    return snowballstemmer.stemmer("porter")
