"""What methods need of a corpus or of a training, made or found before the extraction begins."""

from zhlabel.entity_files.objects import KEYWORD_TYPE
from zhlabel.errors import InputError
from zhlabel.keywords.extract import count_phrases
from zhlabel.keywords.frequencies import add_frequencies, write_frequencies
from zhlabel.keywords.supervised_runs import find_newest_keyword_run
from zhlabel.keywords.topics import fit_topics, write_topics

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
    """Fit topics to a corpus and write them.

    Args:
        path: the file to write.
        texts: the corpus, an iterable of strings, read once.
        recipe: a Recipe, whose words count.
    """
    reader = recipe.make_reader()
    write_topics(path, fit_topics(map(reader.read, texts)))


def find_run(method, name):
    """Give the folder of a trained method's run.

    Args:
        method: "kea", "ranker" or "tagger".
        name: RUN; "": the newest finished run of this method. A tagger's is one of ner whose only type is "keyword".

    Returns:
        The folder's path.

    Raises:
        InputError: there is none.
    """
    from zhlabel.runs import RUN_FILE, RUNS_FOLDER, is_complete, locate_run, read_json

    if name:
        return locate_run(name)
    if method != "tagger":
        return find_newest_keyword_run(method)
    found = sorted(RUNS_FOLDER.glob(f"*/{RUN_FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found:
        if is_complete(path.parent) and set(read_json(path).get("label_counts", ())) == {KEYWORD_TYPE}:
            return path.parent
    raise InputError(
        "runs/ holds no finished tagger of keywords yet. Train one first: "
        'python model_train.py --task ner --train-file data/keywords.train.jsonl --dev-file ""'
    )
