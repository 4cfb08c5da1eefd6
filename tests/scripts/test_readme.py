"""The READMEs' commands: both languages give the same, the scripts accept each, and those on bundled files are run."""

import importlib.util
import re
import shlex
from dataclasses import dataclass

import pytest
import toy
from toy_commands import find_line, place_scripts, run_line

from zhlabel.cli.settings import read_settings

ROOT = toy.ROOT
BUNDLED = ("data/", "albert_tiny", "albert_base")  # what a fresh clone has
READ = ("train_file", "dev_file", "label_file", "data_file", "input_file", "text_file", "sources", "checkpoint")
READ += ("teacher",)
WRITTEN = ("output_file", "out_folder", "out")


def list_blocks(name):
    """Return the indented blocks of commands, each a list of lines, without what is said behind a #."""
    text, blocks = (ROOT / name).read_text(encoding="utf-8"), [[]]
    for line in text.split("\n"):
        found = re.fullmatch(r" {4,}((?:git|make|python3?|\.venv/bin/\w+) .*)", line)
        if found:
            blocks[-1].append(re.sub(r"<.*?>", "<>", found[1]).split("  #")[0].strip())
        elif line.strip():
            blocks.append([])
    return [block for block in blocks if block]


def is_of_a_script(line):
    return re.search(r"python (model_\w+|keyword_\w+|data_\w+)\.py", line) is not None


ENGLISH = list_blocks("README.md")
LINES = [line for block in ENGLISH for line in block]
SCRIPT_LINES = [line for line in LINES if is_of_a_script(line)]


@dataclass(frozen=True)
class Command:
    """A line, the script and the settings that it means."""

    line: str
    script: str
    settings: dict


def read_command(line):
    """Return the Command of a line; what the script does not accept raises."""
    words = shlex.split(line.split(" && ")[-1])
    script = ROOT / words[1]
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = ("LIMITS", "TRAINING_LIMITS")
    limits = next((getattr(module, name) for name in names if hasattr(module, name)), None)
    bare = "TEXTS" if hasattr(module, "TEXTS") else ""
    settings = read_settings(script.read_text(encoding="utf-8"), vars(module), words[2:], limits=limits, bare=bare)
    return Command(line, script.name, vars(settings))


def split_names(value):
    return list(value) if isinstance(value, tuple) else [each for each in str(value).split(",") if each]


def name_run(name):
    return name if "/" in name else f"runs/{name}"


def list_made(command):
    """Return what a command writes under a name that it was given."""
    made = [each for name in WRITTEN for each in split_names(command.settings.get(name, ""))]
    if command.script in ("model_train.py", "keyword_train.py"):
        made += map(name_run, split_names(command.settings["run"]))
    return made


def list_needed(command):
    """Return the names of what a command reads."""
    settings = command.settings
    return [each for name in READ for each in split_names(settings.get(name, ""))]


def divide(lines):
    """Return the commands that a fresh clone and the commands themselves allow to run, and those that need more."""
    commands = [read_command(line) for line in lines]
    made = {name for command in commands for name in list_made(command)}

    def is_there(name):
        return name.startswith(BUNDLED) or any(name == each or name.startswith(f"{each}/") for each in made)

    needed = {command.line: list_needed(command) for command in commands}
    alone = [command for command in commands if all(map(is_there, needed[command.line]))]
    made = {name for command in alone for name in list_made(command)}  # and not by a command that needs more itself
    alone = [command for command in alone if all(map(is_there, needed[command.line]))]
    return alone, [command.line for command in commands if command not in alone]


def order(blocks):
    """Return blocks so that each run that is named was trained before; the others stay as they are."""
    waiting, ordered, made = list(blocks), [], set()
    while waiting:
        ready = next((block for block in waiting if not _list_missing(block, made, waiting)), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
        made |= {name for command in ready for name in list_made(command)}
    return ordered


def _list_missing(block, made, waiting):
    named = {name_run(name) for command in block for name in split_names(command.settings.get("run", ""))}
    later = {name for other in waiting if other is not block for command in other for name in list_made(command)}
    own = {name for command in block for name in list_made(command)}
    return (named & later) - made - own


ALONE, NEEDING_MORE = divide(SCRIPT_LINES)
MADE = {"make train": ("python model_train.py", "python model_evaluate.py")}  # the scripts that a target runs


def list_commands(block):
    """Return the Commands of a block that are run, those of make's targets with them."""
    known = {command.line: command for command in ALONE}
    lines = [line for each in block for line in MADE.get(each, [each])]
    return [known[line] for line in lines if line in known]


BLOCKS = order([found for block in ENGLISH if (found := list_commands(block))])


def test_both_languages_give_the_same_commands():
    assert len(LINES) > 10
    chinese = [line for block in list_blocks("README.zh-CN.md") for line in block]
    assert [line for line in chinese if "pypi." not in line] == LINES


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_make_has_the_target(line):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("line", NEEDING_MORE)
def test_a_command_that_needs_other_data_is_accepted(line):
    assert read_command(line).script


def test_most_commands_are_run():
    assert len(ALONE) > 2 * len(NEEDING_MORE) and len(ALONE) + len(NEEDING_MORE) == len(SCRIPT_LINES)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder as a fresh clone, and the trainings already done there by their lines."""
    folder = place_scripts(tmp_path_factory.mktemp("clone"))
    for name in ("albert_tiny", "albert_base", "data"):
        (folder / name).mkdir()
        for path in (ROOT / name).iterdir():
            if path.is_file():
                (folder / name / path.name).symlink_to(path)
    return folder, set()


def cut_epochs(line):
    """Return a line with one epoch; nothing else is changed."""
    if "model_train.py" not in line and "model_pretrain.py" not in line:
        return line
    return re.sub(r" --epochs \S+", "", line) + " --epochs 1"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[0].line)
def test_the_commands_of_a_block_run_to_their_end(clone, block):
    folder, done = clone
    for command in block:
        line = cut_epochs(command.line).replace(".venv/bin/python", "python")
        if line in done and command.script in ("model_train.py", "keyword_train.py", "model_pretrain.py"):
            continue  # the same training stands in several blocks
        out = run_line(folder, line, given="凌晨三点多，甘孜震感明显\n").out
        done.add(line)
        if "next: " in out and "model_train.py" not in (following := find_line(out, "next: ")):
            run_line(folder, following, given="凌晨三点多，甘孜震感明显\n")
