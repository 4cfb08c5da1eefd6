"""A trained keyword method is a folder that describes itself: this names new ones, writes, finds and loads them.

    runs/keywords-ranker-1/
      keywords.json       format version, method, settings, data with its hash, package versions, scores, and the sha256
                          of every file below; written last
      model.txt           ranker: LightGBM's trees in its own text form
      priors.json         ranker: what was a gold keyword before
      model.json          kea: borders and weights
      frequencies.tsv.gz  document frequencies
      stop_words.txt  user_dictionary.txt      those that it was trained with, if any were named

There is no run.json, so that it is never taken for a run that labels texts.
"""

import importlib.metadata
import json
import shutil
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.io.files import hash_file, open_text, write_whole
from zhlabel.io.json import Number, read_form, read_json, write_json
from zhlabel.keywords.corpus.frequencies import read_frequencies, write_frequencies
from zhlabel.keywords.supervised.kea import Kea
from zhlabel.keywords.supervised.priors import Priors
from zhlabel.keywords.supervised.ranker import Ranker
from zhlabel.runs.find import list_readable, locate_run, name_new_run
from zhlabel.runs.record import check_file, read_versioned

FORMAT_VERSION = 2
_UNHASHED_FORMAT = 1  # of before the hashes; it loads, with a note
KEYWORD_RUN_FILE = "keywords.json"
_FREQUENCIES_FILE = "frequencies.tsv.gz"
_PACKAGES = {"ranker": ("lightgbm", "numpy", "jieba", "snowballstemmer"), "kea": ("numpy", "jieba", "snowballstemmer")}


def choose_new_folder(method, name=""):
    """Return the folder for a new run, which must not hold anything yet.

    Args:
        method: "ranker" or "kea".
        name: RUN; "": the next free runs/keywords-<method>-<n>.

    Returns:
        The folder's path.

    Raises:
        InputError: the named folder is there and holds something.
    """
    free = name_new_run("keywords", method)
    folder = locate_run(name) if name else free
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"--run {name}: {folder} holds something already and is not overwritten. Free is: {free}")
    return folder


def find_newest_keyword_run(method):
    """Return the folder of the newest run of a method, by the time of its keywords.json.

    Args:
        method: "ranker" or "kea".

    Returns:
        The folder's path.

    Raises:
        InputError: there is none.
    """
    for folder, record in list_readable(KEYWORD_RUN_FILE, read_keyword_run):
        if record["method"] == method:
            return folder
    raise InputError(f"runs/ holds no {method} yet. Train one first: python keyword_train.py --method {method}")


def read_keyword_run(folder):
    """Read what keywords.json says of a run.

    Args:
        folder: the run's folder.

    Returns:
        Its dict: format, method, settings, data, versions, scores, files.

    Raises:
        InputError: it is no keyword run, or of another format.
    """
    path = Path(folder) / KEYWORD_RUN_FILE
    if not path.is_file():
        raise InputError(
            f"{folder} is no run of a keyword method: it has no {KEYWORD_RUN_FILE}. Train one: python keyword_train.py"
        )
    return read_versioned(path, _make_form, versions=(FORMAT_VERSION, _UNHASHED_FORMAT))


def _make_form(version):
    form = {"method": tuple(_PACKAGES)}
    return {**form, "files": {str: str}} if version == FORMAT_VERSION else form


def check_keyword_run(folder, method):
    """Refuse a run of another method, or one of whose files is not the one that its record tells of.

    Args:
        folder: the run's folder.
        method: "ranker" or "kea", which the run must be of.

    Returns:
        A sentence where the run's files can't be checked, else "".

    Raises:
        InputError: it is so, or as ``read_keyword_run``.
    """
    record = read_keyword_run(folder)
    if record["method"] != method:
        raise InputError(f"{folder} is a run of {record['method']}, expected {method}. Name another with --run.")
    for name, sha256 in record.get("files", {}).items():
        remedy = "Copy the run again, or train it anew."
        check_file(Path(folder) / name, sha256, record_name=KEYWORD_RUN_FILE, remedy=remedy)
    if "files" not in record:
        return f"{folder} is of format {record['format']}, which has no hashes, so its files can't be checked"
    return ""


def load_keyword_model(folder, method):
    """Load what a method has learned.

    Args:
        folder: the run's folder.
        method: "ranker" or "kea", which the run must be of.

    Returns:
        A Ranker or a Kea.

    Raises:
        InputError: as ``read_keyword_run``; the run is of another method, or one of its files is missing or broken.
    """
    folder = Path(folder)
    check_keyword_run(folder, method)
    frequencies = read_frequencies(folder / _FREQUENCIES_FILE)
    try:
        if method == "kea":
            learned = read_form(folder / "model.json", {"borders": [[Number()]], "weights": [[Number()]]})
            return Kea(learned["borders"], learned["weights"], frequencies)
        return Ranker(_load_trees(folder), Priors.from_json(read_json(folder / "priors.json")), frequencies)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(f"{folder}: its model can't be read ({problem}). Restore it, or train it anew.") from None


def _load_trees(folder):
    import lightgbm

    with open_text(folder / "model.txt") as stream:
        try:
            return lightgbm.Booster(model_str=stream.read())
        except lightgbm.basic.LightGBMError as problem:
            raise ValueError(str(problem)) from None


def take_words(folders, *, stop_words, user_dictionary):
    """Return the files by which texts are divided into words as trained methods have learned them.

    Args:
        folders: the methods' runs.
        stop_words: STOP_WORDS; "": those of the runs, if they have some.
        user_dictionary: USER_DICTIONARY, likewise.

    Returns:
        The two files, "" where there is none.

    Raises:
        InputError: a run was trained with other words than those given, or than another run.
    """
    taken = {"stop_words": stop_words, "user_dictionary": user_dictionary}
    for name in taken:
        owned = {str(Path(folder) / f"{name}.txt") for folder in folders}
        found = sorted(path for path in owned if Path(path).is_file())
        taken[name] = taken[name] or next(iter(found), "")
        if taken[name] and (owned - {*found} or len({hash_file(path) for path in [taken[name], *found]}) > 1):
            flag = f"--{name.replace('_', '-')}"
            raise InputError(
                f"{flag} {taken[name]}: {', '.join(map(str, folders))} must have been trained with the same file, and "
                "was not. Leave the flag out, use one run at a time, or train anew with it."
            )
    return taken["stop_words"], taken["user_dictionary"]


def write_keyword_run(folder, method, model, *, settings, data, scores):
    """Write a run, keywords.json last, so that a folder without it is one that was not finished.

    Args:
        folder: as ``choose_new_folder`` gave it.
        method: "ranker" or "kea".
        model: its Ranker or Kea.
        settings: {name: value} with which it was trained; the files ``stop_words`` and ``user_dictionary`` are copied.
        data: dict that tells the training file, its sha256 and what it holds.
        scores: figures of the cross-validation, {} without.
    """
    folder = Path(folder)
    write_frequencies(folder / _FREQUENCIES_FILE, model.frequencies)
    words = [f"{name}.txt" for name in ("stop_words", "user_dictionary") if settings.get(name)]
    for name in words:
        shutil.copyfile(settings[name.removesuffix(".txt")], folder / name)
    if method == "kea":
        contents = {"model.json": {"borders": model.borders, "weights": model.weights}}
    else:
        contents = {"model.txt": model.booster.model_to_string(), "priors.json": model.priors.to_json()}
    for name, content in contents.items():
        with write_whole(folder / name) as stream:
            stream.write(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES[method]}
    record = {"method": method, "settings": settings, "data": data, "versions": versions, "scores": scores}
    record["files"] = {name: hash_file(folder / name) for name in (_FREQUENCIES_FILE, *words, *contents)}
    write_json({"format": FORMAT_VERSION, **record}, folder / KEYWORD_RUN_FILE)
