"""What methods need of a corpus or of a training, made or found before the extraction begins."""

import dataclasses
import tempfile
from pathlib import Path

from zhlabel.checkpoints import find_checkpoint
from zhlabel.data.keywords import KEYWORD_TYPE
from zhlabel.errors import InputError
from zhlabel.io.files import explain_write_errors, hash_file
from zhlabel.keywords.corpus.frequencies import add_frequencies, read_frequencies, write_frequencies
from zhlabel.keywords.corpus.topics import draw_texts, fit_topics, write_topics
from zhlabel.keywords.extract import Recipe, count_phrases
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.supervised.folder import KEYWORD_RUN_FILE, check_keyword_run, find_newest_keyword_run, take_words
from zhlabel.runs.find import list_readable, locate_run
from zhlabel.runs.record import RUN_FILE, WEIGHTS_FILE, read_run

LEAST_CORPUS = 100  # texts; of fewer, how many have a word says little about the word


def prepare_recipe(settings, folder, corpus, total, progress):
    """Return the Recipe of an extraction; what its methods need is found, or made of the texts.

    Args:
        settings: ExtractionSettings.
        folder: gets the tables that are not kept; it must be there as long as the Recipe is used.
        corpus: a function that gives an iterator over all texts; None where they can be read but once.
        total: how many texts there are; None: unknown.
        progress: a ``cli.progress.Progress``.

    Returns:
        The Recipe.

    Raises:
        InputError: a file or folder that the methods need is missing or wrong.
    """
    needs = {need for name in settings.method for need in METHODS[name].needs}
    runs = {name: find_run(name, settings.run) for name in settings.method if METHODS[name].is_trained}
    learned = {name: run for name, run in runs.items() if "model" in METHODS[name].needs}
    notes = {name: check_keyword_run(run, name) for name, run in learned.items()}
    words = {"stop_words": settings.stop_words, "user_dictionary": settings.user_dictionary}
    stop_words, user_dictionary = take_words(list(learned.values()), **words)
    recipe = Recipe(
        methods=settings.method,
        top_k=settings.top_k,
        language=settings.language,
        stop_words=stop_words,
        user_dictionary=user_dictionary,
        checkpoint=settings.checkpoint,
        runs=runs,
    )
    recipe.make_reader()  # tells wrong files of words now
    for name, run in recipe.runs.items():
        progress.note(f"{name}: {run}")
        if notes.get(name):
            progress.note(f"note: {notes[name]}")
    if "vectors" in needs and not (Path(settings.checkpoint) / RUN_FILE).is_file():
        find_checkpoint(settings.checkpoint)  # tells a wrong folder now
    if "frequencies" in needs:
        frequencies = _choose_frequencies(settings, recipe, folder, corpus, total, progress)
        recipe = dataclasses.replace(recipe, frequencies=frequencies)
    if "topics" in needs:
        if corpus is None:
            raise InputError("topicalpagerank learns the topics of a whole file. Give one with --input-file.")
        progress.note(f"topics: of {settings.input_file or f'{total:,} texts'}")
        topics = folder / "topics.npz"
        prepare_topics(topics, progress.follow(corpus(), total, "topics"), recipe)
        recipe = dataclasses.replace(recipe, topics=str(topics))
    return recipe


def _choose_frequencies(settings, recipe, folder, corpus, total, progress):
    """Return the table of document frequencies, counted if need be; "" stands for the words that jieba brings along."""
    given = settings.frequencies
    if given and Path(given).exists():
        read_frequencies(given)  # tells a damaged table now
        return given
    if corpus is not None:
        table = Path(given) if given else folder / "frequencies.tsv"
        texts = progress.follow(corpus(), total, "counting")
        number, is_enough = prepare_frequencies(table, texts, recipe, processes=settings.processes)
        if is_enough:
            progress.note(f"document frequencies: of {number:,} texts{f', kept in {given}' if given else ''}")
            return str(table)
        progress.note(f"{number:,} texts are too few to count words in (at least {LEAST_CORPUS}).")
    elif given:
        raise InputError(f"--frequencies {given}: there is no such file, and no --input-file to count in.")
    progress.note("document frequencies: those of Chinese words that jieba brings along")
    return ""


def prepare_frequencies(path, texts, recipe, *, processes=""):
    """Count the document frequencies of a corpus and write them, unless it is small.

    Args:
        path: the table to write.
        texts: the corpus, an iterable of strings, read once.
        recipe: a Recipe, whose words count.
        processes: how many; "": one for each processor.

    Returns:
        The number of texts, and whether the table was written: of fewer than LEAST_CORPUS texts it is not.

    Raises:
        InputError: the table can't be written.
    """
    counted = add_frequencies(count_phrases(texts, recipe, processes=processes))
    is_enough = counted.documents >= LEAST_CORPUS
    if is_enough:
        write_frequencies(path, counted)
    return counted.documents, is_enough


def prepare_topics(path, texts, recipe):
    """Fit topics to a corpus, or to what is drawn of a large one, and write them.

    Args:
        path: the file to write.
        texts: the corpus, an iterable of strings, read once.
        recipe: a Recipe, whose words count.
    """
    reader = recipe.make_reader()
    write_topics(path, fit_topics(map(reader.read, draw_texts(texts))))


def find_run(method, name):
    """Return the folder of a trained method's run.

    Args:
        method: "kea", "ranker" or "tagger".
        name: RUN; "": the newest finished run of this method. A tagger's is one of ner whose only type is "keyword".

    Returns:
        The folder's path, a string, since what a stopped job goes on by is kept as JSON.

    Raises:
        InputError: there is none, or the named one is of another kind.
    """
    if method != "tagger":
        return str(locate_run(name) if name else find_newest_keyword_run(method))
    if name:
        task = read_run(locate_run(name))["task"]
        if task != "ner":
            raise InputError(f"{locate_run(name)} is a run of {task}, expected ner. Name another with --run.")
        return str(locate_run(name))
    for folder, record in list_readable(RUN_FILE, read_run):
        if record["complete"] and set(record["label_counts"]) == {KEYWORD_TYPE}:
            return str(folder)
    raise InputError(
        "runs/ holds no finished tagger of keywords yet. Train one first: "
        'python model_train.py --task ner --train-file data/keywords.train.jsonl --dev-file ""'
    )


def hash_run(method, folder):
    """Return the SHA-256 of the file by which two runs of a trained method differ: a tagger's weights, else its record.

    Args:
        method: "kea", "ranker" or "tagger".
        folder: as ``find_run`` gave it.

    Raises:
        InputError: the file can't be read.
    """
    return hash_file(Path(folder) / (WEIGHTS_FILE if method == "tagger" else KEYWORD_RUN_FILE))


def check_writable(path):
    """Refuse a file or folder that could not be made at the end of long work; the folder around it is made when absent.

    Args:
        path: its name.

    Raises:
        InputError: the folder around it can't be written to.
    """
    path = Path(path)
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
