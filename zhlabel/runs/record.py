"""run.json: what a run says of itself, with the hash of every file that is needed to use it; its form is checked."""

import os
from pathlib import Path

from zhlabel.cli.commands import write_command
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file
from zhlabel.io.json import Number, find_mismatch, read_form, read_json, write_json

FORMAT_VERSION = 4
UNHASHED_FORMAT = 3  # of before the hashes; it loads, with a note
RUNS_FOLDER = Path("runs")
PLAN_FILE = "plan.json"
RUN_FILE = "run.json"
WEIGHTS_FILE = "weights.safetensors"
LABELS_FILE, VOCABULARY_FILE, ENCODER_FILE = "label.json", "vocab.txt", "encoder.json"
GRAPH_FILES = ("model.xml", "model.bin")
INT8_FILES = ("model.int8.xml", "model.int8.bin")
DEV_FILE = "dev.npz"
RUN_FILES = (LABELS_FILE, VOCABULARY_FILE, ENCODER_FILE, WEIGHTS_FILE, *GRAPH_FILES, *INT8_FILES, DEV_FILE)
RUN_FILES += ("history.csv", "history.svg", "sweep.csv", "sweep.svg", "logits.json")

_SHARE = Number(0, 1)
_ENTRY = {"file": str, "sha256": str}
_FORM = {
    "complete": bool,
    "task": str,
    "settings": {"max_length": Number(3, whole=True), "head": str, "long_text": str},
    "thresholds": {"global?": _SHARE, "labels?": {str: _SHARE}, "labels_per_text?": str, "goal?": str},
    "temperature": Number(1e-6, 1e6),
    "data": {"train": _ENTRY, "dev?": _ENTRY},
    "label_counts": {str: Number(0, whole=True)},
    "ngrams?": Number(0, whole=True),
    "dev_score?": Number(0, 1),
}


def read_run(folder):
    """Return the dict of a run's run.json.

    Args:
        folder: the run's folder.

    Raises:
        InputError: no such folder, a training that has not finished an epoch, a run of another format, or a record
            that is damaged.
    """
    folder = Path(folder)
    path = folder / RUN_FILE
    if not path.is_file():
        if (folder / PLAN_FILE).is_file():
            command = write_command("model_train.py", run=folder)
            raise InputError(f"{folder}: this training was not finished. Go on with it: {command}")
        raise InputError(f"{folder} is not a run: it has no {RUN_FILE}. Trained runs: {list_run_names()}.")
    return read_versioned(path, _make_form, versions=(FORMAT_VERSION, UNHASHED_FORMAT))


def _make_form(version):
    return {**_FORM, "files": {str: str}} if version == FORMAT_VERSION else _FORM


def read_versioned(path, make_form, *, versions):
    """Read a JSON file with a "format", which must be one of ``versions``, the newest first.

    Args:
        path: the file.
        make_form: (version) to the form that the file must have, as ``json.find_mismatch`` takes it.
        versions: those that can be read.

    Raises:
        InputError: it is missing, of another version, or of another form.
    """
    record = read_json(path)
    found = record.get("format") if isinstance(record, dict) else None
    if found not in versions:
        raise InputError(
            f"{path}: format {found}, expected {versions[0]}. The run was made by another version of zhlabel; train it "
            "again, or use that version."
        )
    if problem := find_mismatch(record, make_form(found)):
        raise InputError(f"{path}: {problem}. Restore it, or train the run anew.")
    return record


def is_complete(folder):
    """Return whether a training in this folder has come to its own end (not stopped by Ctrl-C or killed)."""
    path = Path(folder) / RUN_FILE
    return path.is_file() and read_form(path, {"complete": bool})["complete"]


def write_record(folder, record, *, files):
    """Write run.json whole: the record, and the hashes of these ``files`` of the ``folder``, of those that are there.

    What ``record`` itself says of other files stays; a record of the format without hashes gets none.
    """
    record = {"format": FORMAT_VERSION, **record}
    if record["format"] == FORMAT_VERSION:
        there = [name for name in files if (folder / name).is_file()]
        kept = {name: value for name, value in record.get("files", {}).items() if name not in files}
        record["files"] = kept | {name: hash_file(folder / name) for name in there}
    write_json(record, folder / RUN_FILE)
    return record


def check_file(path, sha256, *, record_name, remedy):
    """Stop where a file of a run is missing, or not the one that its record tells of.

    Args:
        path: the file.
        sha256: its hash in the record; None where the record has no hashes.
        record_name: the record's file name, for the message.
        remedy: what the user can do, a sentence.

    Raises:
        InputError: it is.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} is missing. {remedy}")
    if sha256 is not None and sha256 != hash_file(path):
        raise InputError(f"{path} is not the file that {record_name} tells of. {remedy}")


def keep_time(path, write):
    """Call ``write``, and give the file ``path`` the time that it had: what is added to a run makes it no newer."""
    before = path.stat()
    result = write()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return result


def list_run_names():
    """Return the first folders under runs/ with a run.json, as words of a message."""
    names = sorted(path.parent.as_posix() for path in RUNS_FOLDER.glob(f"*/{RUN_FILE}"))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "none yet"
