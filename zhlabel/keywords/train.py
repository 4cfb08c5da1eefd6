"""Learns from texts with gold keywords: reads them, cross-validates a method beside TF-IDF, trains it on all."""

from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from zhlabel.cli.progress import Progress
from zhlabel.data.keywords import read_gold
from zhlabel.data.layout import Layout
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file, hold_output
from zhlabel.keywords.corpus.frequencies import count_frequencies, read_frequencies
from zhlabel.keywords.evaluation.scoring import JUDGED_KEYWORDS, Scorer, prepare_gold
from zhlabel.keywords.extract import choose_best
from zhlabel.keywords.prepare import check_writable
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.supervised.folder import choose_new_folder, write_keyword_run
from zhlabel.keywords.supervised.kea import train_kea
from zhlabel.keywords.supervised.priors import mark_gold
from zhlabel.keywords.supervised.ranker import train_ranker
from zhlabel.keywords.supervised.views import find_ranked_candidates
from zhlabel.keywords.text.words import LANGUAGES, WordReader, read_stop_words

TRAINED_METHODS = ("ranker", "kea")
_ANSWER = 10  # keywords that count as the answer of a ranking: TOP_K's default
_LEAST_TEXTS = 20  # with a gold keyword inside; of fewer, nothing but chance is learned


class Example(NamedTuple):
    """A text with gold keywords.

    Attributes:
        document: its Document.
        keywords: tuple of strings.
        norms: list of their normal forms, a tuple of strings for each keyword.
    """

    document: object
    keywords: tuple
    norms: list


def train_keywords(settings, *, progress=None):
    """Train a method on a file of texts with gold keywords, after a cross-validation beside TF-IDF, and keep it.

    Args:
        settings: KeywordTrainingSettings.
        progress: takes counts and figures, as notes; None is silent.

    Returns:
        The folder that was written.

    Raises:
        InputError: what the user can put right, before the long work begins.
    """
    progress = progress or Progress()
    if settings.folds == 1:
        raise InputError("--folds 1: one part leaves none to train on. Give 0 (no cross-validation), or at least 2.")
    folder = choose_new_folder(settings.method, settings.run)
    with hold_output(folder):  # a second one ends before it reads anything
        check_writable(folder)
        _train_into(folder, settings, progress)
    return folder


def _train_into(folder, settings, progress):
    frequencies = read_frequencies(settings.frequencies) if settings.frequencies else None
    examples, without = read_examples(
        settings.train_file,
        language=settings.language,
        stop_words=read_stop_words(settings.stop_words) if settings.stop_words else None,
        user_dictionary=settings.user_dictionary,
        layout=Layout.pick(vars(settings)),
        note=progress.note,
    )
    keywords = sum(len(each.keywords) for each in examples)
    note = f"; {without:,} texts without are left out" if without else ""
    progress.note(f"{settings.train_file}: {len(examples):,} texts with {keywords:,} gold keywords{note}")
    options = {"frequencies": frequencies, "seed": settings.seed}
    scores = {}
    if settings.folds:
        scores = cross_validate(settings.method, examples, folds=min(settings.folds, len(examples)), **options)
        progress.note(f"cross-validation, {settings.folds} parts, mean over texts, exact match:")
        for name, figures in scores.items():
            exact = figures["exact"]
            progress.note(f"  {name:<8} F1@5 {exact['f1-score@5']:.4f}  F1@10 {exact['f1-score@10']:.4f}")
    model = train(settings.method, examples, **options)
    data = {"file": settings.train_file, "sha256": hash_file(settings.train_file)}
    data |= {"texts": len(examples), "gold": keywords, "without": without}
    write_keyword_run(folder, settings.method, model, settings=asdict(settings), data=data, scores=scores)
    progress.note(f"written: {folder}")


def read_examples(path, *, language="", stop_words=None, user_dictionary="", layout=None, note=None):
    """Read the texts of a file that have gold keywords.

    Args:
        path: the file, as ``keywords.read_gold`` reads it.
        language: "zh", "en", or "" to tell it text by text.
        stop_words: as WordReader.
        user_dictionary: as WordReader.
        layout: as ``read_gold``.
        note: as ``warn`` of ``read_gold``.

    Returns:
        A list of Examples, and how many texts were left out because they have none.

    Raises:
        InputError: as ``read_gold``; fewer than 20 texts have a gold keyword among the ranker's candidates.
    """
    options = {"stop_words": stop_words, "user_dictionary": user_dictionary}
    reader = WordReader(language=language, **options)
    readers = {each: WordReader(language=each, **options) for each in LANGUAGES}
    examples, without = [], 0
    for text, keywords in read_gold(path, layout=layout, warn=note):
        if not keywords:
            without += 1
            continue
        document = reader.read(text)
        words = [readers[document.language].read(keyword).words for keyword in keywords]
        examples.append(Example(document, keywords, [tuple(word.norm for word in each) for each in words if each]))
    useful = sum(any(mark_gold(find_ranked_candidates(each.document), each.norms)) for each in examples)
    if useful < _LEAST_TEXTS:
        raise InputError(
            f"{path}: {useful} texts have a gold keyword that stands in the text, at least {_LEAST_TEXTS} are needed "
            f"({len(examples)} have keywords, {without} have none). Give more in the column keywords."
        )
    return examples, without


def train(method, examples, *, frequencies=None, seed=1):
    """Train a method on all examples.

    Args:
        method: one of TRAINED_METHODS.
        examples: Examples.
        frequencies: Frequencies of other texts; None: they are counted in the examples.
        seed: the ranker's.

    Returns:
        A Ranker or a Kea.
    """
    own = int(frequencies is None)
    frequencies = frequencies or count_frequencies(each.document for each in examples)
    pairs = [(each.document, each.norms) for each in examples]
    if method == "kea":
        return train_kea(pairs, frequencies=frequencies, own=own)
    return train_ranker(pairs, frequencies=frequencies, own=own, seed=seed)


def cross_validate(method, examples, *, folds, frequencies=None, seed=1):
    """Score a method, and TF-IDF beside it, on each part of the examples after training on the others.

    Args:
        method: one of TRAINED_METHODS.
        examples: Examples.
        folds: parts, at least two.
        frequencies: as ``train``; those that TF-IDF uses are the same.
        seed: of the parts, and the ranker's.

    Returns:
        {"tfidf" and the method: figures over all texts as ``Scorer.summarize`` gives them}.
    """
    parts = np.random.default_rng(seed).permutation(len(examples)) % folds
    scorers = {"tfidf": Scorer(), method: Scorer()}
    for fold in range(folds):
        model = train(
            method,
            [each for each, part in zip(examples, parts, strict=True) if part != fold],
            frequencies=frequencies,
            seed=seed,
        )
        for (document, keywords, _), part in zip(examples, parts, strict=True):
            if part == fold:
                scored = {
                    "tfidf": METHODS["tfidf"].score(document, frequencies=model.frequencies),
                    method: METHODS[method].score(document, model=model),
                }
                gold = prepare_gold(document, keywords)
                for name, pairs in scored.items():
                    nested = METHODS[name].keeps_nested
                    best = choose_best(document, pairs, top_k=JUDGED_KEYWORDS, keep_nested=nested)
                    scorers[name].add(gold, [each.text for each in best], answer=_ANSWER)
    return {name: scorer.summarize() for name, scorer in scorers.items()}
