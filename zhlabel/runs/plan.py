"""What a training is going to be, written down before it: an unfinished one is known by it. One process a folder."""

import contextlib
import json
from pathlib import Path

from filelock import FileLock, Timeout

from zhlabel.errors import InputError
from zhlabel.io.files import hash_file
from zhlabel.io.json import read_json, write_json
from zhlabel.runs.folder import PLAN_FILE, RUNS_FOLDER, is_complete, name_new_run

_LOCK_FILE = ".lock"


def make_plan(resolved, checkpoint, names):
    """Name everything that shapes the result of a training.

    Args:
        resolved: the settings as a dict, with train_file, dev_file and run.
        checkpoint: what ``find_checkpoint`` gave.
        names: the label names.

    Returns:
        A dict as it comes back from its file: a tuple is a list there.
    """
    files = {"train": resolved["train_file"], "dev": resolved["dev_file"]}
    weights = checkpoint.weights_file
    plan = {
        **{key: value for key, value in resolved.items() if key not in ("run", *TUNING)},
        "labels": names,
        "data": {part: {"file": file, "sha256": hash_file(file)} for part, file in files.items() if file},
        "encoder": checkpoint.config,
        "vocabulary_sha256": hash_file(checkpoint.vocab_file),
        "weights_sha256": hash_file(weights) if weights else None,
    }
    return json.loads(json.dumps(plan))


def check_frozen(lora_rank, freeze_layers, *, from_scratch):
    """Check that what is to be frozen does not contradict itself.

    Args:
        lora_rank: LORA_RANK.
        freeze_layers: FREEZE_LAYERS.
        from_scratch: FROM_SCRATCH.

    Raises:
        InputError: it does.
    """
    if lora_rank and freeze_layers:
        raise InputError(f"--lora-rank {lora_rank} freezes the encoder by itself: leave FREEZE_LAYERS 0.")
    if from_scratch and (lora_rank or freeze_layers):
        raise InputError(
            "--from-scratch begins with random weights: LORA_RANK and FREEZE_LAYERS must be 0 to train them."
        )


def check_run(folder, plan):
    """Check that a training of this plan may begin or go on in a folder; nothing is written.

    Args:
        folder: the run's folder.
        plan: a dict of all that shapes the result: settings, hashes of the data files, label names.

    Returns:
        True when the folder holds an unfinished training of this plan, which the caller resumes.

    Raises:
        InputError: a complete run, a training of another plan, or files that are not ours lie there.
    """
    folder = Path(folder)
    if is_complete(folder):
        raise InputError(
            f"{folder} holds a finished run, which is never overwritten. Choose another name, "
            f'or leave RUN = "" to have the next free one: {name_new_run(plan["checkpoint"], plan["task"])}'
        )
    has_begun = any(folder.glob("*.safetensors"))
    if (folder / PLAN_FILE).is_file():
        earlier = read_json(folder / PLAN_FILE)
        differing = [key for key in plan if earlier.get(key) != plan[key]]
        if differing and has_begun:
            raise InputError(_describe_difference(folder, earlier, plan, differing))
        return has_begun
    # A process that was killed while it wrote the plan leaves a temporary file, which is nobody's.
    ours = (f".{PLAN_FILE}.*.tmp", _LOCK_FILE)
    if folder.exists() and not all(any(path.match(name) for name in ours) for path in folder.iterdir()):
        raise InputError(f"{folder} exists and is not a run of ours. Choose another name with RUN.")
    return False


@contextlib.contextmanager
def begin_run(folder, plan):
    """Hold a run's folder for one training, and write its plan; other processes are refused meanwhile.

    The hold ends with the block or with the process, however that ends.

    Args:
        folder: the run's folder, which ``check_run`` has passed.
        plan: as ``check_run``.

    Raises:
        InputError: another process is training there.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / _LOCK_FILE, timeout=0):
            write_json(plan, folder / PLAN_FILE)
            yield
            if is_complete(folder):
                (folder / PLAN_FILE).unlink()
    except Timeout:
        raise InputError(f"{folder}: another process is training there. Wait for it, or choose another RUN.") from None
    if is_complete(folder):
        (folder / _LOCK_FILE).unlink(missing_ok=True)


def _is_held(folder):
    try:
        with FileLock(folder / _LOCK_FILE, timeout=0):
            return False
    except Timeout:
        return True


def find_unfinished(plan):
    """Return the folders under runs/ of stopped trainings with this very plan, oldest first.

    Args:
        plan: as ``check_run``.
    """
    paths = sorted(RUNS_FOLDER.glob(f"*/{PLAN_FILE}"), key=lambda path: path.stat().st_mtime)
    folders = [path.parent for path in paths if read_json(path) == plan]
    return [
        folder for folder in folders if not is_complete(folder) and check_run(folder, plan) and not _is_held(folder)
    ]


def _describe_difference(folder, earlier, plan, differing):
    lines = [f"  {key}: begun with {earlier.get(key)!r}, now {plan[key]!r}"[:200] for key in differing[:5]]
    return (
        f"{folder} holds an unfinished training with other settings or data, so it can't be resumed:\n"
        + "\n".join(lines)
        + "\nRestore them, or choose another RUN."
    )


TUNING = ("thresholds", "threshold_goal", "labels_per_text", "calibrate")  # settings that no training depends on
