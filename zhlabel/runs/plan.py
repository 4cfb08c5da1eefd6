"""What a training is going to be, written down before it: an unfinished one is known by it. One process a folder."""

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from filelock import FileLock, Timeout

from zhlabel.cli.commands import write_command
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file
from zhlabel.io.json import read_form, write_json
from zhlabel.runs.find import list_readable, name_new_run
from zhlabel.runs.record import PLAN_FILE, RUN_FILE

LOCK_FILE = ".lock"
KEPT = "kept"  # what a plan keeps of settings that the training does not depend on
TUNING = ("thresholds", "threshold_goal", "labels_per_text", "calibrate")  # settings that no training depends on


@dataclass(frozen=True)
class TrainingKind:
    """Training or pretraining: how a folder of that kind is planned, recognised, held by one process and gone on with.

    Attributes:
        work: what it is called.
        script: its script.
        flag: the constant that names a folder.
        gain: what Ctrl-C keeps of it.
        record_file: what is there, with "complete" true, once the work is done.
        plan_file: the plan's file, there while it is not.
        states: patterns of the files by which work that has begun is known, and from which it goes on.
        name_next: (plan) to the next free folder.
    """

    work: str
    script: str
    flag: str
    gain: str
    record_file: str
    plan_file: str
    states: tuple
    name_next: Callable

    def is_complete(self, folder):
        """Return whether the work in a ``folder`` has come to its own end."""
        path = Path(folder) / self.record_file
        return path.is_file() and read_form(path, {"complete": bool})["complete"]

    def name_command(self, folder):
        """Return the command that goes on with the work in a ``folder``."""
        return write_command(self.script, **{self.flag.lower(): Path(folder)})

    def keep_settings(self, settings, folder, given):
        """Return the settings of the work in a folder, with those that are given in their place.

        Args:
            settings: a dataclass.
            folder: the folder; "": none is named.
            given: names of the settings that count before the work's own; None: all.

        Returns:
            Another of the dataclass; ``settings`` where no such work has begun in the folder.

        Raises:
            InputError: what is written of the work there is damaged.
        """
        if not folder or given is None:
            return settings
        if self.is_complete(folder):
            kept = read_form(Path(folder) / self.record_file, {"settings": dict})["settings"]
        elif (Path(folder) / self.plan_file).is_file():
            plan = self._read_plan(Path(folder))
            kept = {**plan, **plan.get(KEPT, {})}
        else:
            return settings
        names = {field.name for field in fields(settings)} - {self.flag.lower(), *given}
        kept = {name: value for name, value in kept.items() if name in names}
        kept = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
        return replace(settings, **kept)

    def choose_folder(self, folder, plan, *, note):
        """Return the folder to work in, and tell whether work begins or goes on there.

        Args:
            folder: the one that is named; "": the next free one, and what could be gone on with instead is told.
            plan: as for ``check``.
            note: called with each line for the user.

        Raises:
            InputError: as ``check``.
        """
        if not folder:
            folder = self.name_next(plan)
            for unfinished in self.find_unfinished(plan):
                command = self.name_command(unfinished)
                note(f"{unfinished} is an unfinished {self.work} like this one; to go on: {command}")
        goes_on = self.check(folder, plan)
        note(f"{'going on with' if goes_on else self.work} {folder}; Ctrl-C keeps {self.gain}")
        return Path(folder)

    def check(self, folder, plan):
        """Check that work of this plan may begin or go on in a folder; nothing is written.

        Args:
            folder: the folder.
            plan: a dict of all that shapes the result.

        Returns:
            True when the folder holds unfinished work of this plan, which the caller resumes.

        Raises:
            InputError: finished work, work of another plan, or files that are not ours lie there.
        """
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file, where {self.flag} is a folder. Choose another.")
        if self.is_complete(folder):
            raise InputError(
                f"{folder} holds a finished {self.work}, which is never overwritten. Choose another {self.flag}, "
                f'or leave it "" to have the next free one: {self.name_next(plan)}'
            )
        if (folder / self.plan_file).is_file():
            earlier, has_begun = self._read_plan(folder), self._has_begun(folder)
            differing = [key for key in plan if key != KEPT and earlier.get(key) != plan[key]]
            if differing and has_begun:
                raise InputError(self._describe_difference(folder, earlier, plan, differing))
            return has_begun
        # A process that was killed before its plan was whole leaves a lock or a temporary file, which are nobody's.
        if folder.exists() and not all(_is_leftover(path) for path in folder.rglob("*") if not path.is_dir()):
            raise InputError(
                f"{folder} exists and is not a {self.work} of ours. Choose another {self.flag}, or move it away."
            )
        return False

    def _has_begun(self, folder):
        return any(any(folder.glob(pattern)) for pattern in self.states)

    def _read_plan(self, folder):
        return read_form(folder / self.plan_file, dict, remedy=f"Remove the folder, or choose another {self.flag}.")

    def _describe_difference(self, folder, earlier, plan, differing):
        lines = [f"  {key}: begun with {earlier.get(key)!r}, now {plan[key]!r}"[:200] for key in differing[:5]]
        return (
            f"{folder} holds an unfinished {self.work} with other settings or data, so it can't be resumed:\n"
            + "\n".join(lines)
            + f"\nRestore them, or choose another {self.flag}."
        )

    @contextlib.contextmanager
    def lock(self, folder, *, wait=False):
        """Hold a folder for one process; what killed ones left half-written is removed.

        The hold ends with the block or with the process, however that ends.

        Args:
            folder: the folder, which is made when absent.
            wait: until another process has let go of it, rather than to refuse.

        Raises:
            InputError: another process is at work there.
        """
        folder = Path(folder)
        path = (folder / self.plan_file).parent / LOCK_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=-1 if wait else 0)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"{folder}: another process is {self.work} there. Wait for it, or choose another {self.flag}."
            ) from None
        try:
            for each in {folder, path.parent}:
                _remove_leftovers(each)
            yield
        finally:
            lock.release()
            if self.is_complete(folder):
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def hold(self, folder, plan):
        """Hold a folder for the work, and write its plan, which is removed when the work is complete.

        Args:
            folder: the folder, which ``check`` has passed.
            plan: as for ``check``.

        Raises:
            InputError: as ``lock``.
        """
        folder = Path(folder)
        with self.lock(folder):
            write_json(plan, folder / self.plan_file)
            yield
            if self.is_complete(folder):
                for path in [folder / self.plan_file, *(each for state in self.states for each in folder.glob(state))]:
                    path.unlink(missing_ok=True)

    def find_unfinished(self, plan):
        """Return the folders under runs/ of stopped work with this very plan that no process is at, oldest first.

        Args:
            plan: as for ``check``.
        """
        return [folder for folder, is_same in self._list_plans(plan) if is_same][::-1]

    def _list_plans(self, plan):
        def goes_on(folder):
            same = _drop_kept(self._read_plan(folder)) == _drop_kept(plan) and not self.is_complete(folder)
            return same and self._has_begun(folder) and not self._is_held(folder)

        return list_readable(self.plan_file, goes_on)

    def _is_held(self, folder):
        try:
            with FileLock((folder / self.plan_file).parent / LOCK_FILE, timeout=0):
                return False
        except Timeout:
            return True


def _drop_kept(plan):
    return {key: value for key, value in plan.items() if key != KEPT}


def _is_leftover(path):
    return path.name == LOCK_FILE or (path.name.startswith(".") and ".tmp" in path.name)


def _remove_leftovers(folder):
    for path in folder.glob(".*.tmp*"):
        path.unlink(missing_ok=True)
    for path in folder.glob(".export-*"):
        shutil.rmtree(path, ignore_errors=True)


STATE_FILE = "training_state.safetensors"
BEST_FILE = "best_weights.safetensors"
TRAINING = TrainingKind(
    work="training",
    script="model_train.py",
    flag="RUN",
    gain="the best epoch so far",
    record_file=RUN_FILE,
    plan_file=PLAN_FILE,
    states=(STATE_FILE, BEST_FILE),
    name_next=lambda plan: name_new_run(Path(plan["checkpoint"]).resolve().name.removesuffix(".json"), plan["task"]),
)


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
    settings = {key: value for key, value in resolved.items() if key not in ("run", *TUNING)}
    data = {part: {"file": file, "sha256": hash_file(file)} for part, file in files.items() if file}
    kept = {key: resolved[key] for key in TUNING}
    return freeze_plan({**settings, KEPT: kept, "labels": names, "data": data}, checkpoint)


def freeze_plan(plan, checkpoint):
    """Return a plan with all of a ``checkpoint`` that shapes the result, as it comes back from its file."""
    plan = {
        **plan,
        "encoder": checkpoint.config,
        "vocabulary_sha256": hash_file(checkpoint.vocab_file),
        "weights_sha256": "+".join(map(hash_file, checkpoint.weights_files)) or None,
    }
    return json.loads(json.dumps(plan))
