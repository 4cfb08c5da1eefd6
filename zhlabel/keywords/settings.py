"""What extracting keywords, and training for it, can be told: one field a constant of a script, same default."""

import math
from dataclasses import dataclass

from zhlabel.cli.settings import declare_types
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.text.words import LANGUAGES
from zhlabel.keywords.train import TRAINED_METHODS


@dataclass(frozen=True)
class ExtractionSettings:
    """The settings of keyword_extract.py. "" means: none, or chosen by itself.

    Attributes:
        method: names of METHODS.
        input_file: texts in any form that prediction reads; with a column keywords the methods are compared.
        output_file: .csv, .jsonl or .parquet; "": results are shown.
        score_file: .json or .csv, gets the comparison.
        top_k: keywords a text, at most.
        text_column: the column of the texts; "": found; several, with commas between, are joined by a line end.
        language: "zh" or "en"; "": told text by text.
        stop_words: a file of words that never begin or end a keyword; "": the run's, else ours.
        user_dictionary: a file of Chinese words that jieba shall know.
        frequencies: a table of document frequencies: read, or if absent counted in the input file and kept.
        checkpoint: the folder of the encoder that gives vectors.
        run: of trained methods: its folder, or a name under runs/; "": the newest of the method.
        processes: how many; "": one for each processor.
        texts: taken where there is no input file.
    """

    method: tuple = ("tfidf",)
    input_file: str = ""
    output_file: str = ""
    score_file: str = ""
    top_k: int = 10
    text_column: str = ""
    language: str = ""
    stop_words: str = ""
    user_dictionary: str = ""
    frequencies: str = ""
    checkpoint: str = "albert_tiny"
    run: str = ""
    processes: int | str = ""
    texts: tuple = ()


@dataclass(frozen=True)
class KeywordTrainingSettings:
    """The settings of keyword_train.py.

    Attributes:
        method: one of TRAINED_METHODS.
        train_file: texts with gold keywords.
        folds: parts of the cross-validation before the training on all texts; 0: none.
        text_column: the column of the texts; "": found; several, with commas between, are joined by a line end.
        language: "zh" or "en"; "": told text by text.
        stop_words: a file of words that never begin or end a keyword; "": ours.
        user_dictionary: a file of Chinese words that jieba shall know; "": none.
        frequencies: a table of document frequencies of other texts; "": they are counted in the training file.
        seed: of parts and trees.
        run: the folder to write, or a name under runs/; "": the next free one.
    """

    method: str = "ranker"
    train_file: str = "data/keywords.train.jsonl"
    folds: int = 5
    text_column: str = ""
    language: str = ""
    stop_words: str = ""
    user_dictionary: str = ""
    frequencies: str = ""
    seed: int = 1
    run: str = ""


_EXTRACTION = {
    "METHOD": tuple(METHODS),
    "TOP_K": (1, 1000),
    "LANGUAGE": ("", *LANGUAGES),
    "PROCESSES": ("", 1, math.inf),
}
_TRAINING = {"METHOD": TRAINED_METHODS, "FOLDS": (0, 100), "LANGUAGE": ("", *LANGUAGES), "SEED": (0, 2**31 - 1)}
EXTRACTION_LIMITS = declare_types(ExtractionSettings, _EXTRACTION)
TRAINING_LIMITS = declare_types(KeywordTrainingSettings, _TRAINING)
