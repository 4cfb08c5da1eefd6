"""Texts a second of keyword methods, one process: python -m benchmarks.keyword_speed FILE [TEXTS]

FILE is read as keyword_extract.py reads it; TEXTS (200) of its texts are used. Dividing into words is timed apart,
since all methods share it. For English texts the packages yake and pke are timed too where they are installed; pke gets
our words and kinds, since its own tagger needs a model. Medians of 3 rounds in turn.
"""

import statistics
import sys
import time
from itertools import islice
from pathlib import Path

from zhlabel.data.texts import read_texts
from zhlabel.keywords.corpus.frequencies import add_frequencies, count_frequencies
from zhlabel.keywords.corpus.topics import fit_topics
from zhlabel.keywords.extract import Recipe, choose_best
from zhlabel.keywords.methods.vectors import TextVectors
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.text.kinds import MARK

ROUNDS, TOP_K = 3, 10
PKE_TAGS = {"noun": "NOUN", "adjective": "ADJ", "verb": "VERB", "other": "X", MARK: "PUNCT"}
PKE_NAMES = {"firstphrases": "FirstPhrases", "tfidf": "TfIdf", "kpminer": "KPMiner", "textrank": "TextRank"}
PKE_NAMES |= {"singlerank": "SingleRank", "topicrank": "TopicRank", "positionrank": "PositionRank"}
PKE_NAMES |= {"multipartiterank": "MultipartiteRank", "yake": "YAKE"}
# Without one, pke reads its own table of frequencies anew for each text.
PKE_OPTIONS = {name: {"df": {"--NB_DOC--": 100}} for name in ("TfIdf", "KPMiner")}


def list_ours(documents, resources):
    """Return {name: function of no argument} for our methods."""

    def run(method):
        needed = {need: resources[need] for need in method.needs}
        scored = method.score(documents, **needed) if method.many else [method.score(d, **needed) for d in documents]
        return [choose_best(document, each, top_k=TOP_K) for document, each in zip(documents, scored, strict=True)]

    return {name: lambda method=method: run(method) for name, method in METHODS.items() if not method.is_trained}


def list_originals(documents):
    """Return the same for the packages that are installed, on the same English texts."""
    found = {}
    try:
        import yake
    except ImportError:
        pass
    else:
        extractor = yake.KeywordExtractor(lan="en", n=3, top=TOP_K)
        found["yake, the package"] = lambda: [extractor.extract_keywords(each.text) for each in documents]
    try:
        import pke
    except ImportError:
        return found
    sentences = [split_sentences(document) for document in documents]

    def run(name):
        for each in sentences:
            extractor = getattr(pke.unsupervised, name)()
            extractor.load_document(input=each, language="en")
            extractor.candidate_selection()
            extractor.candidate_weighting(**PKE_OPTIONS.get(name, {}))
            extractor.get_n_best(n=TOP_K)

    return found | {f"{ours}, pke's": lambda theirs=theirs: run(theirs) for ours, theirs in PKE_NAMES.items()}


def split_sentences(document):
    """Return a document as pke reads tagged text: a list of sentences, each a list of (word, tag)."""
    sentences = {}
    for word in document.words:
        pair = document.text[word.start : word.end], PKE_TAGS[word.kind]
        sentences.setdefault(word.sentence, []).append(pair)
    return list(sentences.values())


def main(path, number="200"):
    """Print the table."""
    texts = list(islice(read_texts(path), int(number)))
    reader = Recipe(methods=(), top_k=TOP_K).make_reader()
    documents = [reader.read(text) for text in texts]
    resources = {"frequencies": add_frequencies([count_frequencies(documents)]), "topics": fit_topics(documents)}
    resources |= {"vectors": TextVectors(Path(__file__).parents[1] / "albert_tiny"), "top_k": TOP_K}
    contenders = {"dividing into words": lambda: [reader.read(text) for text in texts]}
    contenders |= list_ours(documents, resources)
    if documents[0].language == "en":
        contenders |= list_originals(documents)
    seconds = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    length = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} texts of {length:,.0f} characters on average, one process\n")
    print("| method | texts a second |\n|---|---:|")
    for name, each in seconds.items():
        print(f"| {name} | {len(texts) / statistics.median(each):,.1f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
