"""Settings of all tests, and trained runs of the toy world, made once by each process that needs one."""

import signal
from types import SimpleNamespace

import pytest
import toy_commands
from hypothesis import settings

# hypothesis sets no time limits, since a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def press_ctrl_c():
    """A function that presses Ctrl-C, which Python's own handler takes where none is set meanwhile."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory):
    """A folder with a toy checkpoint and the texts of the three tasks; tests add files, and change none."""
    return toy_commands.make_folder(tmp_path_factory.mktemp("toy"))


def _train(folder, task, **changes):
    import zhlabel

    notes = toy_commands.Notes()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = zhlabel.train(**toy_commands.name_settings(task, run=task, **changes), progress=notes)
    return SimpleNamespace(folder=folder, run=run, notes=notes.lines)


@pytest.fixture(scope="session")
def multi_label(toy_folder):
    """runs/multi_label in the toy folder, loaded; the notes of its training."""
    return _train(toy_folder, "multi_label")


@pytest.fixture(scope="session")
def multi_class(toy_folder):
    """runs/multi_class, of rows so short that some texts need windows."""
    return _train(toy_folder, "multi_class", max_length=11, long_text="windows_max", class_weights="balanced")


@pytest.fixture(scope="session")
def ner(toy_folder):
    """runs/ner."""
    return _train(toy_folder, "ner", max_length=12)
