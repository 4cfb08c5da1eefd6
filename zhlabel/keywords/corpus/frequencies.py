"""In how many documents of a corpus each phrase occurs: counted, saved and read."""

import functools
import gzip
import math
import statistics
from collections import Counter
from dataclasses import dataclass

from zhlabel.errors import InputError
from zhlabel.io.files import explain_write_errors, open_text, write_whole
from zhlabel.keywords.text.candidates import find_ngrams

LONGEST_COUNTED = 5  # words of the longest phrase that is counted
_MOST_PHRASES = 4_000_000  # beyond so many, the rarer half is forgotten: about 600 MB
_JOINT = " "


@dataclass(frozen=True)
class Frequencies:
    """Document frequencies of phrases.

    Attributes:
        documents: how many documents were counted.
        counts: {phrase: documents that have it}; a phrase is its words' normal forms, joined by blanks.
        longest: words of the longest phrase that was counted.
    """

    documents: int
    counts: dict
    longest: int = LONGEST_COUNTED

    def count(self, norms):
        """Return the number of documents that have a phrase.

        Args:
            norms: the normal forms of its words.
        """
        return self.counts.get(_JOINT.join(norms), 0)

    def weigh(self, norms, *, own=0):
        """Return a phrase's inverse document frequency, log2((1 + N) / (1 + n)), 0 where all documents have it.

        A phrase that is longer than what was counted has its W words' sum, divided by the square root of W.

        Args:
            norms: the normal forms of its words.
            own: 1 to leave one document out that was counted and has the phrase, as in training.
        """
        if len(norms) > self.longest:
            return sum(self.weigh((norm,), own=own) for norm in norms) / math.sqrt(len(norms))
        return math.log2((1 + self.documents - own) / (1 + max(0, self.count(norms) - own)))


def count_frequencies(documents):
    """Count the documents in which each n-gram of up to five words, without stop words, occurs.

    Args:
        documents: Documents, read once.

    Returns:
        Frequencies.
    """
    counts, number = Counter(), 0
    for number, document in enumerate(documents, 1):  # noqa: B007  (the last number is their count)
        counts.update({_JOINT.join(each.norms) for each in find_ngrams(document, longest=LONGEST_COUNTED)})
    return Frequencies(number, dict(counts))


def add_frequencies(parts):
    """Add up the frequencies of the parts of a corpus.

    Memory is bounded: beyond four million phrases, those are forgotten that have occurred so far in no more documents
    than the median phrase, which is mostly one.

    Args:
        parts: an iterable of Frequencies, read once.

    Returns:
        Frequencies.
    """
    counts, number = Counter(), 0
    for part in parts:
        number += part.documents
        counts.update(part.counts)
        if len(counts) > _MOST_PHRASES:
            # At least half goes, so that this is not done anew with each part.
            usual = statistics.median_low(counts.values())
            counts = Counter({phrase: count for phrase, count in counts.items() if count > usual})
    return Frequencies(number, dict(counts))


@functools.cache
def read_jieba_frequencies():
    """Return the frequencies of 270,000 Chinese words that jieba brings along, for texts that come without a corpus.

    jieba tells ln(N / n); its largest is that of n = 1, which gives N.

    Returns:
        Frequencies of single words.
    """
    import jieba.analyse

    weights = jieba.analyse.default_tfidf.idf_loader.get_idf()[0]
    documents = round(math.exp(max(weights.values())))
    counts = {word.lower(): max(1, round(documents / math.exp(weight))) for word, weight in weights.items()}
    return Frequencies(documents, counts, longest=1)


def write_frequencies(path, frequencies):
    """Write frequencies: a line with the number of documents, then a line "phrase TAB documents" for each phrase.

    Args:
        path: the file; ``.gz`` behind its name compresses.
        frequencies: Frequencies.

    Raises:
        InputError: it can't be written.
    """
    lines = [f"#documents\t{frequencies.documents}\n"]
    lines += [f"{phrase}\t{count}\n" for phrase, count in sorted(frequencies.counts.items())]
    data = "".join(lines).encode("utf-8")
    with explain_write_errors(path), write_whole(path, binary=True) as stream:
        stream.write(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)


def read_frequencies(path):
    """Read what ``write_frequencies`` wrote.

    Args:
        path: the file.

    Returns:
        Frequencies.

    Raises:
        InputError: no such file, an empty one, or a line of another form, with its number.
    """
    counts, documents = {}, None
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            phrase, _, count = line.rstrip("\r\n").rpartition("\t")
            if not phrase or not count.isdecimal() or (number == 1) != (phrase == "#documents"):
                expected = '"#documents TAB number"' if number == 1 else '"phrase TAB number"'
                raise InputError(
                    f"{path}, line {number}: found {line.strip()[:60]!r}, expected {expected}. Count the table anew: "
                    "give a name that does not exist yet, and it is written."
                )
            if number == 1:
                documents = int(count)
            else:
                counts[phrase] = int(count)
    if documents is None:
        raise InputError(
            f"{path} is empty. Count the table anew: give a name that does not exist yet, and it is written."
        )
    return Frequencies(documents, counts)
