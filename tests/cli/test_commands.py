"""commands.py: a command that is written can be pasted, whatever its values hold."""

import shlex
from pathlib import Path

import pytest

from zhlabel.cli.commands import write_command


@pytest.mark.parametrize(
    "value", ["a b", "", "价格$5", 'say "a"', "it's", "`ls`", "back\\slash", "wait!", "a;b", "*", "裁员"]
)
def test_a_shell_reads_the_values_as_they_are(value):
    assert shlex.split(write_command("model_train.py", train_file=value)) == [
        *("python", "model_train.py", "--train-file", value),
    ]


def test_a_path_has_slashes_and_what_needs_no_quotes_gets_none():
    assert write_command("a.py", run=Path("runs") / "裁员-1", epochs=3) == "python a.py --run runs/裁员-1 --epochs 3"
