"""Where a pretraining is kept: OUT is the checkpoint, OUT/pretraining what resuming needs and how it was made."""

import contextlib
import json
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.io.files import hash_file, hold_output
from zhlabel.io.json import read_json, write_json
from zhlabel.runs.folder import RUNS_FOLDER, name_new_run

FOLDER = "pretraining"
STATE_FILE = f"{FOLDER}/training_state"  # safetensors in form; without the ending nobody takes it for a checkpoint
RECORD_FILE = f"{FOLDER}/record.json"
HISTORY_FILE = f"{FOLDER}/history.csv"
_PLAN_FILE = f"{FOLDER}/plan.json"


def make_plan(resolved, checkpoint):
    """Name everything that shapes the result of a pretraining.

    Args:
        resolved: the settings as a dict, with text_file and out.
        checkpoint: what ``find_checkpoint`` gave.

    Returns:
        A dict as it comes back from its file.
    """
    plan = {
        **{key: value for key, value in resolved.items() if key != "out"},
        "text_sha256": hash_file(resolved["text_file"]),
        "encoder": checkpoint.config,
        "vocabulary_sha256": hash_file(checkpoint.vocab_file),
        "weights_sha256": hash_file(checkpoint.weights_file),
    }
    return json.loads(json.dumps(plan))


def name_new_folder(checkpoint_folder):
    """Return the next free folder, runs/<checkpoint>-pretrained-<n>.

    Args:
        checkpoint_folder: CHECKPOINT.
    """
    return name_new_run(Path(checkpoint_folder).resolve().name, "pretrained")


def check_folder(folder, plan):
    """Check that a pretraining of this plan may begin or go on in a folder; nothing is written.

    Args:
        folder: OUT.
        plan: what ``make_plan`` gave.

    Returns:
        True where an unfinished pretraining of this plan can go on.

    Raises:
        InputError: a finished pretraining, one of another plan, or files that are not ours lie there.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, where OUT is a folder. Choose another.")
    if _is_complete(folder):
        raise InputError(
            f"{folder} holds a finished pretraining, which is never overwritten. Choose another OUT, "
            f'or leave it "" to have the next free one: {name_new_folder(plan["checkpoint"])}'
        )
    if (folder / _PLAN_FILE).is_file():
        earlier, has_begun = read_json(folder / _PLAN_FILE), (folder / STATE_FILE).is_file()
        differing = [key for key in plan if earlier.get(key) != plan[key]]
        if differing and has_begun:
            lines = [f"  {key}: begun with {earlier.get(key)!r}, now {plan[key]!r}"[:200] for key in differing[:5]]
            raise InputError(
                f"{folder} holds an unfinished pretraining with other settings or text, so it can't go on:\n"
                + "\n".join(lines)
                + "\nRestore them, or choose another OUT."
            )
        return has_begun
    # A process that was killed before it wrote its plan leaves nothing but hidden files in our own folder.
    if folder.exists() and not all(path.name == FOLDER and _is_hidden_only(path) for path in folder.iterdir()):
        raise InputError(f"{folder} exists and is not a pretraining of ours. Choose another OUT, or move it away.")
    return False


def _is_hidden_only(folder):
    return folder.is_dir() and all(path.name.startswith(".") for path in folder.iterdir())


def _is_complete(folder):
    return (folder / RECORD_FILE).is_file() and bool(read_json(folder / RECORD_FILE).get("complete"))


def find_unfinished(plan):
    """Return the folders under runs/ of unfinished pretrainings of this very plan that no process works on.

    Args:
        plan: what ``make_plan`` gave.
    """
    folders = [path.parents[1] for path in sorted(RUNS_FOLDER.glob(f"*/{_PLAN_FILE}"))]
    same = [folder for folder in folders if read_json(folder / _PLAN_FILE) == plan and not _is_complete(folder)]
    return [folder for folder in same if (folder / STATE_FILE).is_file() and not _is_held(folder)]


def _is_held(folder):
    try:
        with hold_output(folder):
            return False
    except InputError:
        return True


@contextlib.contextmanager
def hold_folder(folder, plan):
    """Hold a folder for one pretraining, and write its plan; what only resuming needs is removed once it is complete.

    Args:
        folder: OUT, which ``check_folder`` has passed.
        plan: what ``make_plan`` gave.

    Raises:
        InputError: another process is pretraining there.
    """
    folder = Path(folder)
    with hold_output(folder):
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        write_json(plan, folder / _PLAN_FILE)
        yield
        if _is_complete(folder):
            for name in (_PLAN_FILE, STATE_FILE):
                (folder / name).unlink(missing_ok=True)
            for half_written in folder.rglob(".*.tmp*"):  # of a process that was killed while it wrote
                half_written.unlink(missing_ok=True)
