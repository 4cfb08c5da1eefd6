"""A run is a folder that describes itself: this names new ones, writes them, and loads one to label texts with it."""

import itertools
import json
import re
import shutil
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.files import open_text, write_whole
from zhlabel.labels import write_labels
from zhlabel.light import remove_export
from zhlabel.reports import write_json

FORMAT_VERSION = 3
RUNS_FOLDER = Path("runs")
PLAN_FILE = "plan.json"
RUN_FILE = "run.json"
WEIGHTS_FILE = "weights.safetensors"


def locate_run(name):
    """Give a run's folder: a path stays, a bare name means runs/<name>.

    Args:
        name: RUN, not "".

    >>> locate_run("first").as_posix(), locate_run("other/place").as_posix()
    ('runs/first', 'other/place')
    """
    return Path(name) if "/" in str(name) or "\\" in str(name) else RUNS_FOLDER / name


def name_new_run(checkpoint_name, task_name):
    """Give the next free folder runs/<checkpoint>-<task>-<n>, n from 1.

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
    """Give the folder of the complete run whose run.json is newest.

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
    """Say whether a training in this folder has come to its own end (not stopped by Ctrl-C or killed)."""
    path = Path(folder) / RUN_FILE
    return path.is_file() and bool(read_json(path).get("complete"))


def write_run(folder, record, *, model, encoder_config, vocabulary_file, names):
    """Write everything that using a run needs: weights without code, config, vocabulary, labels; run.json last.

    Args:
        folder: the run's folder.
        record: what run.json shall hold beside the format version.
        model: the trained model, filled with the weights to keep.
        encoder_config: dict from which ``encoder.build_encoder`` builds the encoder.
        vocabulary_file: the checkpoint's vocab.txt, which is copied.
        names: the L label names.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    remove_export(folder)
    if (folder / "evaluation").exists():  # of a training that was stopped, evaluated, and has gone on since
        shutil.rmtree(folder / "evaluation")
    tensors = {name: variable.numpy() for name, variable in name_weights(model, encoder_config).items()}
    with write_whole(folder / WEIGHTS_FILE, binary=True) as stream:
        stream.write(save(tensors))
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
    """Give the folder for the reports of one data file: evaluation/<stem>, or -2, -3 ... where another file has it.

    Args:
        folder: the run's folder.
        data_file: the evaluated file.
        sha256: its hash, by which a file evaluated before is known again.
    """
    stem = Path(Path(data_file).name.removesuffix(".gz")).stem
    for number in itertools.count(1):
        target = Path(folder) / "evaluation" / (stem if number == 1 else f"{stem}-{number}")
        report = target / "report.json"
        if not report.exists() or read_json(report)["data"]["sha256"] == sha256:
            return target


def name_weights(model, encoder_config):
    """Give {name: variable} of the whole model: the encoder's canonical names, then each head layer's own.

    Args:
        model: as heads.py builds it.
        encoder_config: dict from which its encoder was built.
    """
    from zhlabel.encoder import list_encoder_variables

    encoder = model.get_layer("encoder")
    named = {f"encoder/{name}": v for name, v in list_encoder_variables(encoder, encoder_config).items()}
    for layer in model.layers:
        if layer is not encoder:
            named |= {f"{layer.name}/{v.name.split('/')[-1].split(':')[0]}": v for v in layer.weights}
    return named


def read_json(path):
    """Read a JSON file of a run.

    Args:
        path: the file.

    Raises:
        InputError: it is missing, or not JSON.
    """
    with open_text(path) as stream:
        try:
            return json.load(stream)
        except ValueError as problem:
            raise InputError(f"{path} is not JSON ({problem}). Restore it, or train the run anew.") from None


def _list_runs():
    names = sorted(path.parent.as_posix() for path in RUNS_FOLDER.glob(f"*/{RUN_FILE}"))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "none yet"
