"""The scripts as a user calls them, in a toy folder: one by its flags, or a line as it is printed or documented."""

import csv
import os
import shlex
import signal
import subprocess
import sys
from types import SimpleNamespace

import toy

from zhlabel.cli.progress import Progress

ROWS = [
    ("裁员", "公司宣布裁员"),
    ("收购", "上海公司收购了北京公司"),
    ("地震", "今天长江地震，有人说"),
    ("裁员|收购", "张三的公司收购大学，裁员三人"),
    ("", "王小明今天在北京大学"),
    ("地震", "昨日上海发生地震。"),
]
CLASSES = [
    ("裁员", "公司宣布裁员"),
    ("地震", "今天长江地震，有人说"),
    ("裁员", "张三的公司裁员三人"),
    ("地震", "昨日上海发生地震。"),
]
SENTENCES = [
    ("王小明在北京大学", [("PER", 0, 3), ("ORG", 4, 8)]),
    ("张三和李四说上海公司收购", [("PER", 0, 2), ("PER", 3, 5), ("ORG", 6, 10)]),
    ("今天有地震", []),
    ("公司宣布张三李四", [("PER", 4, 6), ("PER", 6, 8)]),
]
# What each task is trained with in the toy folder; short, and by heart, since a toy learns no language.
SETTINGS = {"checkpoint": "toy", "max_length": 24, "learning_rate": 0.01, "batch_size": 8, "patience": 0}
TASKS = {
    "multi_label": {"train_file": "train.csv", "dev_file": "dev.csv", "epochs": 12},
    "multi_class": {"train_file": "class.train.csv", "dev_file": "class.dev.csv", "epochs": 15, "batch_size": 4},
    "ner": {"train_file": "ner.train.bio", "dev_file": "ner.dev.bio", "epochs": 6, "batch_size": 4},
}


def name_settings(task, **changes):
    """Return what ``zhlabel.train`` takes for a task in the toy folder."""
    return {"task": task, **SETTINGS, **TASKS[task], **changes}


def write_flags(settings):
    """Return settings as the flags of a script."""
    return [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def write_rows(path, rows):
    """Write a csv of labels and texts."""
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("label", "content"), *rows])


def write_bio(path, sentences):
    """Write a file of characters and BIO tags."""
    lines = []
    for text, entities in sentences:
        tags = ["O"] * len(text)
        for kind, start, end in entities:
            tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
        lines += [f"{character} {tag}" for character, tag in zip(text, tags, strict=True)] + [""]
    path.write_text("\n".join(lines), encoding="utf-8")


def make_folder(folder):
    """Fill a folder with a toy checkpoint and the texts of the three tasks; gives it."""
    toy.write_checkpoint(folder / "toy", "albert", file_format="safetensors")
    write_rows(folder / "train.csv", ROWS * 3)
    write_rows(folder / "dev.csv", [(label, text + "。") for label, text in ROWS])
    tests = [(label, text[1:] + "！") for label, text in ROWS * 2]
    write_rows(folder / "test.csv", [*tests[:-1], (tests[0][0], tests[-1][1])])  # one that no model gets right
    write_rows(folder / "class.train.csv", CLASSES * 20)
    write_rows(folder / "class.dev.csv", CLASSES * 3)
    write_bio(folder / "ner.train.bio", SENTENCES * 20)
    write_bio(folder / "ner.dev.bio", SENTENCES[::-1])
    return folder


class Notes(Progress):
    """Keeps the notes of a long function, and ends it where ``stop`` says so of a step's number or of a note."""

    def __init__(self, stop=lambda told: False):
        self.lines, self._stop = [], stop

    def note(self, text):
        self.lines.append(text)
        self._end(text)

    def step(self, done, *_):
        self._end(done)

    def _end(self, told):
        if self._stop(told):
            raise KeyboardInterrupt


def find_line(text, mark):
    """Return the command behind a mark in what a script printed."""
    return next(line.split(mark)[1].strip() for line in text.splitlines() if mark in line)


def start(folder, command, **options):
    """Start a command of words, or a line for the shell, in a folder."""
    places = [str(toy.ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places)), "PYTHONUNBUFFERED": "1"}
    environment["PATH"] = os.pathsep.join([str(folder / ".bin"), environment["PATH"]])
    return subprocess.Popen(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        **options,
    )


def start_script(folder, script, *arguments):
    """Start a script of ours in a folder."""
    return start(folder, [sys.executable, str(toy.ROOT / script), *map(str, arguments)])


def finish(process, *, given="", timeout=240):
    """Wait for a process; gives its code, out and errors."""
    out, errors = process.communicate(given, timeout=timeout)
    return SimpleNamespace(code=process.returncode, out=out, errors=errors)


def run_script(folder, script, *arguments, given=""):
    """Run a script of ours in a folder; gives its code, out and errors."""
    return finish(start_script(folder, script, *arguments), given=given)


def refuse_script(folder, script, *arguments):
    """Run a script that must be refused; gives its message."""
    done = run_script(folder, script, *arguments)
    assert done.code == 2 and "Traceback" not in done.errors, done.errors[-2000:]
    return done.errors


def run_line(folder, line, *, given="", timeout=600):
    """Run a line by the shell as it stands, in a folder that ``place_scripts`` prepared; it must succeed."""
    done = finish(start(folder, line), given=given, timeout=timeout)
    assert done.code == 0, f"{line}\n{done.out[-2000:]}\n{done.errors[-3000:]}"
    return done


def place_scripts(folder):
    """Make a folder one in which ``python model_train.py`` and ``.venv/bin/python model_train.py`` are found."""
    for script in toy.ROOT.glob("*.py"):
        (folder / script.name).symlink_to(script)
    (folder / ".bin").mkdir()
    python = folder / ".bin/python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(folder / ".bin")
    return folder
