"""Writes the commands that a message or a script's last line names, so that they can be pasted as they stand."""

import re
import shlex
from pathlib import Path


def write_command(script, **flags):
    """Return the command that calls a script with flags; a value is quoted where a shell would not take it as it is.

    Args:
        script: as "model_train.py".
        **flags: settings, names in lower case: texts, numbers, paths.

    >>> write_command("model_train.py", train_file="my texts.csv", dev_file="", run=Path("runs/裁员-1"))
    'python model_train.py --train-file "my texts.csv" --dev-file "" --run runs/裁员-1'
    """
    words = [word for name, value in flags.items() for word in ("--" + name.replace("_", "-"), _quote(value))]
    return " ".join(["python", script, *words])


def _quote(value):
    text = value.as_posix() if isinstance(value, Path) else str(value)
    if re.fullmatch(r"[\w@%+=:,./-]+", text):
        return text
    return shlex.quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'  # cmd.exe knows double quotes alone
