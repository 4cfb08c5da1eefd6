"""The folder of a run: named, found, written, read."""

import csv
import itertools
import re
import shutil
from pathlib import Path

from zhlabel.data.labels import write_labels
from zhlabel.errors import InputError
from zhlabel.io.files import open_text, remove_packing, write_whole
from zhlabel.io.json import read_json, write_json

FORMAT_VERSION = 3
RUNS_FOLDER = Path("runs")
PLAN_FILE = "plan.json"
RUN_FILE = "run.json"
WEIGHTS_FILE = "weights.safetensors"


def locate_run(name):
    """Return a run's folder: a path stays, a bare name means runs/<name>.

    Args:
        name: RUN, not "".

    >>> locate_run("first").as_posix(), locate_run("other/place").as_posix()
    ('runs/first', 'other/place')
    """
    return Path(name) if "/" in str(name) or "\\" in str(name) else RUNS_FOLDER / name


def name_new_run(checkpoint_name, task_name):
    """Return the next free folder runs/<checkpoint>-<task>-<n>, n from 1.

    Args:
        checkpoint_name: the checkpoint folder's own name.
        task_name: TASK.
    """
    stem = f"{checkpoint_name}-{task_name}-"
    taken = [re.fullmatch(re.escape(stem) + r"(\d+)", path.name) for path in RUNS_FOLDER.glob("*")]
    return RUNS_FOLDER / f"{stem}{1 + max((int(match[1]) for match in taken if match), default=0)}"


def list_newest(file_name):
    """List the files of a name in the folders under runs/, the newest first.

    Args:
        file_name: such as run.json.
    """
    return sorted(RUNS_FOLDER.glob(f"*/{file_name}"), key=lambda path: path.stat().st_mtime, reverse=True)


def find_newest_run():
    """Return the folder of the complete run whose run.json is newest.

    Raises:
        InputError: there is none; trainings that were stopped are named.
    """
    found = list_newest(RUN_FILE)
    newest = next((path.parent for path in found if is_complete(path.parent)), None)
    if newest is None:
        stopped = f"; stopped before their end: {_list_runs()} (name one with --run)" if found else ""
        raise InputError(f"runs/ holds no finished training yet{stopped}. Train one first: python model_train.py")
    return newest


def read_run(folder):
    """Read what run.json says of a run.

    Args:
        folder: the run's folder.

    Returns:
        The dict of run.json.

    Raises:
        InputError: no such folder, a training that has not finished an epoch, or a run of a newer format.
    """
    folder = Path(folder)
    path = folder / RUN_FILE
    if not path.is_file():
        if (folder / PLAN_FILE).is_file():
            raise InputError(
                f"{folder}: this training was not finished. Go on with it: python model_train.py --run {folder}"
            )
        raise InputError(f"{folder} is not a run: it has no {RUN_FILE}. Trained runs: {_list_runs()}.")
    record = read_json(path)
    if record.get("format") != FORMAT_VERSION:
        raise InputError(
            f"{path}: format {record.get('format')}, expected {FORMAT_VERSION}. The run was made by another version "
            "of zhlabel; train it again, or use that version."
        )
    return record


def is_complete(folder):
    """Return whether a training in this folder has come to its own end (not stopped by Ctrl-C or killed)."""
    path = Path(folder) / RUN_FILE
    return path.is_file() and bool(read_json(path).get("complete"))


def write_run(folder, record, *, weights, encoder_config, vocabulary_file, names):
    """Write everything that using a run needs: weights without code, config, vocabulary, labels; run.json last.

    Args:
        folder: the run's folder.
        record: what run.json shall hold beside the format version.
        weights: the trained model's arrays, as ``models.weights.collect_weights`` gives them.
        encoder_config: dict from which ``encoder.build_encoder`` builds the encoder.
        vocabulary_file: the checkpoint's vocab.txt, which is copied.
        names: the L label names.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    remove_export(folder)
    if (folder / "evaluation").exists():  # of a training that was stopped, evaluated, and has gone on since
        shutil.rmtree(folder / "evaluation")
    with write_whole(folder / WEIGHTS_FILE, binary=True) as stream:
        stream.write(save(weights))
    write_json(encoder_config, folder / "encoder.json")
    write_labels(names, folder / "label.json")
    with write_whole(folder / "vocab.txt", binary=True) as stream:
        stream.write(Path(vocabulary_file).read_bytes())
    write_json({"format": FORMAT_VERSION, **record}, folder / RUN_FILE)


def update_run(folder, changes):
    """Change what run.json says of a finished run.

    Args:
        folder: the run's folder.
        changes: a dict of keys to their new values.

    Returns:
        The dict of run.json as it is now.
    """
    record = {**read_run(folder), **changes}
    write_json(record, Path(folder) / RUN_FILE)
    return record


def choose_evaluation_folder(folder, data_file, sha256):
    """Return the folder for the reports of one data file: evaluation/<stem>, or -2, -3 ... where another file has it.

    Args:
        folder: the run's folder.
        data_file: the evaluated file.
        sha256: its hash, by which a file evaluated before is known again.
    """
    stem = Path(remove_packing(Path(data_file).name)).stem
    for number in itertools.count(1):
        target = Path(folder) / "evaluation" / (stem if number == 1 else f"{stem}-{number}")
        report = target / "report.json"
        if not report.exists() or read_json(report)["data"]["sha256"] == sha256:
            return target


def _list_runs():
    names = sorted(path.parent.as_posix() for path in RUNS_FOLDER.glob(f"*/{RUN_FILE}"))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "none yet"


def read_weight(path, name):
    """Return the array ``name`` of a run's file of weights ``path``; None where it has none of that name."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return file.get_tensor(name) if name in file.keys() else None  # noqa: SIM118
    except (SafetensorError, OSError) as problem:
        raise InputError(f"{path} can't be read ({problem}). Copy the run again, or train it anew.") from None


DEV_FILE = "dev.npz"
GRAPH_FILE, GRAPH_WEIGHTS_FILE = "model.xml", "model.bin"
INT8_FILE, INT8_WEIGHTS_FILE = "model.int8.xml", "model.int8.bin"


def is_exported(folder):
    """Return whether a run has its graph for the light runtime.

    Args:
        folder: the run's folder.
    """
    return (Path(folder) / GRAPH_FILE).is_file()


def remove_export(folder):
    """Remove a run's graphs, which belong to weights that are about to change.

    Args:
        folder: the run's folder.
    """
    for name in (GRAPH_FILE, GRAPH_WEIGHTS_FILE, INT8_FILE, INT8_WEIGHTS_FILE):
        (Path(folder) / name).unlink(missing_ok=True)


def read_history(folder):
    """Read the epochs of a training from its history.csv, [] where there is none.

    Args:
        folder: the run's folder.

    Returns:
        A list of dicts of "epoch", "loss" and "dev_score".

    Raises:
        InputError: the file has been changed and is no such table any more.
    """
    path = folder / "history.csv"
    if not path.is_file():
        return []
    try:
        with open_text(path) as stream:
            rows = list(csv.DictReader(stream))
        return [
            {"epoch": int(row["epoch"]), "loss": float(row["loss"]), "dev_score": float(row["dev_score"])}
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{path} is not the table of epochs any more ({problem}). Restore or remove it.") from None
