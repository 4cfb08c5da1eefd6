"""Methods on texts -> keywords, best first, with their places; in several processes."""

import itertools
import os
from dataclasses import dataclass
from typing import NamedTuple

from zhlabel.io.parallel import map_chunks
from zhlabel.keywords.corpus.frequencies import count_frequencies, read_frequencies, read_jieba_frequencies
from zhlabel.keywords.corpus.topics import read_topics
from zhlabel.keywords.evaluation.scoring import normalize
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.text.candidates import find_spans
from zhlabel.keywords.text.words import WordReader, read_stop_words

CHUNK_TEXTS = 64  # that a process takes at a time


class Keyword(NamedTuple):
    """A keyword of a text.

    Attributes:
        text: as it stands at its first place, with single blanks.
        score: higher is better; comparable within one text and method alone.
        spans: half-open characters of all its places, in order.
        norms: the normal forms of its words.
    """

    text: str
    score: float
    spans: tuple
    norms: tuple


@dataclass(frozen=True)
class Recipe:
    """What keywords are extracted with: names and files only, so that every process can make its own.

    Attributes:
        methods: names of METHODS.
        top_k: at most so many keywords a text and method.
        given: give so many all the same, the answer's first, as a comparison wants; 0: ``top_k``.
        language: "zh", "en", or "" to tell it text by text.
        stop_words: a file with a word a line; "": those of this package.
        user_dictionary: a file of words that jieba shall know; "": none.
        frequencies: a table that ``write_frequencies`` wrote; "": that of Chinese words which jieba brings along.
        topics: a file that ``write_topics`` wrote; "": none.
        checkpoint: the folder of the encoder that gives vectors.
        runs: {method: folder of its run}.
    """

    methods: tuple
    top_k: int
    given: int = 0
    language: str = ""
    stop_words: str = ""
    user_dictionary: str = ""
    frequencies: str = ""
    topics: str = ""
    checkpoint: str = ""
    runs: dict | None = None

    def make_reader(self):
        """Build the WordReader."""
        return WordReader(
            language=self.language,
            stop_words=read_stop_words(self.stop_words) if self.stop_words else None,
            user_dictionary=self.user_dictionary,
        )


class Extractor:
    """Extracts the keywords of chunks of texts; what the methods need is loaded once.

    Args:
        recipe: a Recipe.

    Raises:
        InputError: a file or folder of the recipe can't be used.
    """

    def __init__(self, recipe):
        self._recipe, self._reader = recipe, recipe.make_reader()
        wanted = {(need, name if need in _BY_METHOD else "") for name in recipe.methods for need in METHODS[name].needs}
        self._loaded = {(need, name): _LOADERS[need](recipe, name) for need, name in sorted(wanted)}

    def __call__(self, texts):
        """Return for each of N texts {method: tuple of Keywords, best first}."""
        documents = [self._reader.read(text) for text in texts]
        results = [{} for _ in texts]
        for name in self._recipe.methods:
            for result, document, scored in zip(results, documents, self._score(name, documents), strict=True):
                result[name] = choose_best(
                    document,
                    scored,
                    top_k=self._recipe.given or self._recipe.top_k,
                    keep_nested=METHODS[name].keeps_nested,
                )
        return results

    def _score(self, name, documents):
        method = METHODS[name]
        resources = {need: self._loaded[need, name if need in _BY_METHOD else ""] for need in method.needs}
        if method.many:
            return method.score(documents, **resources)
        return [method.score(document, **resources) for document in documents]


def extract_keywords(texts, recipe, *, processes="", chunk_size=CHUNK_TEXTS):
    """Extract the keywords of texts, in order; memory does not grow with their number.

    Args:
        texts: an iterable of strings, read as they are needed.
        recipe: a Recipe.
        processes: how many; "": one for each processor. Methods with an encoder use one, which takes all processors.
        chunk_size: texts that a process takes at a time.

    Yields:
        For each text {method: tuple of Keywords, best first}.

    Raises:
        InputError: as Extractor.
    """
    if any(METHODS[name].many for name in recipe.methods):
        processes = 1
    chunks = _chunk(texts, chunk_size)
    for results in map_chunks(Extractor, (recipe,), chunks, processes=processes or os.cpu_count() or 1):
        yield from results


def count_phrases(texts, recipe, *, processes=""):
    """Count the documents in which each phrase occurs, in several processes.

    Args:
        texts: an iterable of strings, read as they are needed.
        recipe: a Recipe, whose words count.
        processes: how many; "": one for each processor.

    Yields:
        Frequencies of one chunk of texts after the other; ``frequencies.add_frequencies`` adds them up.
    """
    chunks = _chunk(texts, CHUNK_TEXTS)
    yield from map_chunks(_PhraseCounter, (recipe,), chunks, processes=processes or os.cpu_count() or 1)


class _PhraseCounter:
    def __init__(self, recipe):
        self._reader = recipe.make_reader()

    def __call__(self, texts):
        return count_frequencies(map(self._reader.read, texts))


def choose_best(document, scored, *, top_k, keep_nested=False):
    """Return the best candidates of a document as keywords.

    None is given twice: of phrases that differ only in where jieba divides them, the best one stands for all.

    Args:
        document: a Document.
        scored: (Candidate, score) pairs; those of equal score are taken by place.
        top_k: at most so many.
        keep_nested: whether a phrase that stands nowhere but inside better ones is a keyword too.

    Returns:
        A tuple of Keywords, best first.
    """
    best, taken, forms = [], [], set()
    for candidate, score in sorted(scored, key=lambda pair: (-pair[1], pair[0].places[0], len(pair[0].norms))):
        if len(best) == top_k:
            break
        spans = find_spans(document, candidate)
        keyword = _make_keyword(document, candidate, spans, score)
        form = normalize(keyword.text)
        is_nested = all(any(start <= span[0] and span[1] <= end for start, end in taken) for span in spans)
        if form not in forms and (keep_nested or not is_nested):
            best.append(keyword)
            forms.add(form)
            taken += spans
    return tuple(best)


def _make_keyword(document, candidate, spans, score):
    start, end = spans[0]
    return Keyword(" ".join(document.text[start:end].split()), float(score), spans, candidate.norms)


def _chunk(texts, size):
    texts = iter(texts)
    while chunk := list(itertools.islice(texts, size)):
        yield chunk


def _load_frequencies(recipe, method):
    return read_frequencies(recipe.frequencies) if recipe.frequencies else read_jieba_frequencies()


def _load_vectors(recipe, method):
    from zhlabel.keywords.methods.vectors import TextVectors

    return TextVectors(recipe.checkpoint)


def _load_tagger(recipe, method):
    from zhlabel.inference.run import load_run

    return load_run(recipe.runs[method])


def _load_model(recipe, method):
    from zhlabel.keywords.supervised.folder import load_keyword_model

    return load_keyword_model(recipe.runs[method], method)


# (the recipe, the method's name) to what a method needs; those of _BY_METHOD are each method's own
_LOADERS = {
    "frequencies": _load_frequencies,
    "topics": lambda recipe, method: read_topics(recipe.topics),
    "top_k": lambda recipe, method: recipe.top_k,
    "vectors": _load_vectors,
    "model": _load_model,
    "run": _load_tagger,
}
_BY_METHOD = ("model", "run")
