"""Finds and names folders under runs/; one that is broken hinders no other."""

import itertools
import re
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.io.files import remove_packing
from zhlabel.io.json import read_form
from zhlabel.runs.record import RUN_FILE, RUNS_FOLDER, list_run_names, read_run


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


def list_readable(file_name, read):
    """Yield (folder, what ``read`` gives of it) of the folders under runs/ with a file, the newest first.

    Args:
        file_name: such as run.json.
        read: (folder) to what its file says; where it raises InputError the folder is passed over, since a broken one
            must not hinder another.
    """
    for path in list_newest(file_name):
        folder = RUNS_FOLDER / path.relative_to(RUNS_FOLDER).parts[0]
        try:
            found = read(folder)
        except InputError:
            continue
        yield folder, found


def find_newest_run():
    """Return the folder of the complete run whose run.json is newest; broken ones are passed over.

    Raises:
        InputError: there is none; trainings that were stopped are named.
    """
    newest = next((folder for folder, record in list_readable(RUN_FILE, read_run) if record["complete"]), None)
    if newest is None:
        names = list_run_names()
        others = f"; stopped before their end, or broken: {names} (name one with --run)" if names != "none yet" else ""
        raise InputError(f"runs/ holds no finished training yet{others}. Train one first: python model_train.py")
    return newest


def choose_evaluation_folder(folder, data_file, sha256):
    """Return the folder for the reports of one data file: evaluation/<stem>, or -2, -3 ... where another file has it.

    Args:
        folder: the run's folder.
        data_file: the evaluated file.
        sha256: its hash, by which a file evaluated before is known again; a broken report is taken for another's.
    """
    stem = Path(remove_packing(Path(data_file).name)).stem
    for number in itertools.count(1):
        target = Path(folder) / "evaluation" / (stem if number == 1 else f"{stem}-{number}")
        report = target / "report.json"
        if not report.exists() or _read_hash(report) == sha256:
            return target


def _read_hash(report):
    try:
        return read_form(report, {"data": {"sha256": str}})["data"]["sha256"]
    except InputError:
        return ""
