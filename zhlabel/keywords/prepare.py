"""What methods need of a corpus or of a training, made or found before the extraction begins."""

import tempfile
from pathlib import Path

from zhlabel.data.keywords import KEYWORD_TYPE
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file
from zhlabel.keywords.corpus.frequencies import add_frequencies, write_frequencies
from zhlabel.keywords.corpus.topics import draw_texts, fit_topics, write_topics
from zhlabel.keywords.extract import count_phrases
from zhlabel.keywords.supervised.folder import KEYWORD_RUN_FILE, check_keyword_run, find_newest_keyword_run
from zhlabel.runs.find import list_readable, locate_run
from zhlabel.runs.record import RUN_FILE, WEIGHTS_FILE, read_run

LEAST_CORPUS = 100  # texts; of fewer, how many have a word says little about the word


def prepare_frequencies(path, texts, recipe, *, processes=0):
    """Count the document frequencies of a corpus and write them, unless it is small.

    Args:
        path: the table to write.
        texts: the corpus, an iterable of strings, read once.
        recipe: a Recipe, whose words count.
        processes: how many; 0: one for each processor.

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
        folder = locate_run(name) if name else find_newest_keyword_run(method)
        check_keyword_run(folder, method)
        return str(folder)
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as problem:
        raise InputError(f"{path} can't be written: {problem.strerror or problem}. Give another name.") from None
