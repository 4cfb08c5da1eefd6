"""The two READMEs give the same commands, and every one of them is a command that the scripts accept."""

import importlib.util
import re
import shlex

import pytest
import toy

from zhlabel.cli.settings import read_settings

ROOT = toy.ROOT


def list_commands(name):
    """Return the lines of the indented blocks that begin with a command, without what is said behind a #."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = re.findall(r"^ {4,}((?:git|make|python3?|\.venv/bin/\w+) .*)$", text, re.MULTILINE)
    return [re.sub(r"<.*?>", "<>", line).split("  #")[0].strip() for line in lines]


ENGLISH, CHINESE = list_commands("README.md"), list_commands("README.zh-CN.md")
SCRIPT_LINES = [line for line in ENGLISH if re.search(r"python (model_\w+|keyword_\w+|data_split)\.py", line)]


def test_both_languages_give_the_same_commands():
    assert len(ENGLISH) > 10
    assert [line for line in CHINESE if "pypi." not in line] == ENGLISH


@pytest.mark.parametrize("line", SCRIPT_LINES)
def test_a_script_accepts_the_command(line):
    words = shlex.split(line.split(" && ")[-1])
    script = ROOT / words[1]
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    read_settings(
        script.read_text(encoding="utf-8"),
        vars(module),
        words[2:],
        limits=getattr(module, "LIMITS", None),
        bare="TEXTS" if hasattr(module, "TEXTS") else "",
    )


@pytest.mark.parametrize("line", [line for line in ENGLISH if line.startswith("make ")])
def test_make_has_the_target(line):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)
