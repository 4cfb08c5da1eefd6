"""Trains a keyword extractor on texts with gold keywords, for keyword_extract.py: python keyword_train.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

from dataclasses import asdict

from zhlabel.cli.settings import run_script
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file
from zhlabel.keywords.corpus.frequencies import read_frequencies
from zhlabel.keywords.prepare import check_writable
from zhlabel.keywords.supervised.folder import choose_new_folder, write_keyword_run
from zhlabel.keywords.text.words import LANGUAGES, read_stop_words
from zhlabel.keywords.train import TRAINED_METHODS, cross_validate, read_examples, train

METHOD = "ranker"  # ranker: boosted trees over many features; kea: naive Bayes over two
TRAIN_FILE = "data/keywords.train.jsonl"  # .csv .jsonl .xlsx .parquet ...; columns content and keywords
FOLDS = 5  # parts of the cross-validation that is printed before the training on all texts; 0: none
LANGUAGE = ""  # zh or en; "": told text by text
STOP_WORDS = ""  # a file of words that never begin or end a keyword, one a line; "": ours
USER_DICTIONARY = ""  # Chinese words that jieba shall know, one a line, as it reads them
FREQUENCIES = ""  # a table of document frequencies, of other texts than TRAIN_FILE's; "": counted in TRAIN_FILE
SEED = 1  # of parts and trees
RUN = ""  # the folder to write, or a name under runs/; "": runs/keywords-<method>-<n>


def main(settings):
    if settings.folds == 1:
        raise InputError("--folds 1: one part leaves none to train on. Give 0 (no cross-validation), or at least 2.")
    folder = choose_new_folder(settings.method, settings.run)
    check_writable(folder)
    frequencies = read_frequencies(settings.frequencies) if settings.frequencies else None
    examples, without = read_examples(
        settings.train_file,
        language=settings.language,
        stop_words=read_stop_words(settings.stop_words) if settings.stop_words else None,
        user_dictionary=settings.user_dictionary,
    )
    keywords = sum(len(each.keywords) for each in examples)
    note = f"; {without:,} texts without are left out" if without else ""
    print(f"{settings.train_file}: {len(examples):,} texts with {keywords:,} gold keywords{note}", flush=True)
    options = {"frequencies": frequencies, "seed": settings.seed}
    scores = {}
    if settings.folds:
        scores = cross_validate(settings.method, examples, folds=min(settings.folds, len(examples)), **options)
        print(f"cross-validation, {settings.folds} parts, mean over texts, exact match:")
        for name, figures in scores.items():
            exact = figures["exact"]
            print(f"  {name:<8} F1@5 {exact['f1-score@5']:.4f}  F1@10 {exact['f1-score@10']:.4f}", flush=True)
    model = train(settings.method, examples, **options)
    data = {"file": settings.train_file, "sha256": hash_file(settings.train_file)}
    data |= {"texts": len(examples), "gold": keywords, "without": without}
    write_keyword_run(folder, settings.method, model, settings=asdict(settings), data=data, scores=scores)
    print(f"written: {folder}")
    print(f"next: python keyword_extract.py --method {settings.method} --run {folder}")


LIMITS = {"METHOD": TRAINED_METHODS, "FOLDS": (0, 100), "LANGUAGE": ("", *LANGUAGES), "SEED": (0, 2**31 - 1)}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
