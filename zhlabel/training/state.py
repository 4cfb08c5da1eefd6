"""What a training leaves on disk to go on from: its state, the best weights, and its history in their headers."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from zhlabel.errors import InputError
from zhlabel.io.files import write_whole
from zhlabel.runs.plan import BEST_FILE, STATE_FILE


def find_best(history):
    """Return the row with the highest dev score, the earliest of equal ones.

    Args:
        history: rows of ``fit_model``, at least one.

    Returns:
        One of the rows.
    """
    return max(history, key=lambda row: row["dev_score"])


def restore_best(model, folder):
    """Fill a model with the best weights that a training has saved so far.

    Args:
        model: built as for the training.
        folder: the training's folder.

    Returns:
        The history row of these weights, or None when no epoch was finished.
    """
    return read_tensors(Path(folder) / BEST_FILE, model.weights)


def read_history(folder):
    """Return the rows of all epochs that a training in this folder has finished, [] when there is none.

    An epoch whose weights were kept as the best counts, even if the training was stopped before its state was written.

    Args:
        folder: the training's folder.
    """
    rows, best = (_read_note(Path(folder) / name) for name in (STATE_FILE, BEST_FILE))
    rows = rows or []
    return [*rows, best] if best and best["epoch"] > len(rows) else rows


def write_tensors(path, variables, note):
    """Write variables by their place, with a note in the file's header.

    Args:
        path: the file; it appears whole or not at all.
        variables: TensorFlow variables.
        note: what JSON can hold.
    """
    tensors = {str(i): np.asarray(variable.numpy()) for i, variable in enumerate(variables)}
    with write_whole(path, binary=True) as stream:
        stream.write(save(tensors, metadata={"note": json.dumps(note)}))


def read_tensors(path, variables):
    """Fill variables from a file of ``write_tensors``.

    Args:
        path: the file.
        variables: as many variables of the same shapes, in the same order.

    Returns:
        The note; None when there is no file.

    Raises:
        InputError: the file is damaged, or holds other variables.
    """
    note = _read_note(path)
    if note is not None:
        try:
            with safe_open(path, framework="numpy") as file:
                for i, variable in enumerate(variables):
                    variable.assign(file.get_tensor(str(i)))
        except (SafetensorError, ValueError) as problem:
            raise InputError(f"{path} is of another model ({problem}). Remove its folder and train anew.") from None
    return note


def _read_note(path):
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads(file.metadata()["note"])
    except (SafetensorError, ValueError) as problem:
        raise InputError(f"{path} is damaged ({problem}). Remove its folder and train anew.") from None
