"""What to say of a checkpoint folder that is not there."""

import os
import re
import shutil
import sys
from pathlib import Path

_HUB = re.compile(r"\w[\w.-]*/\w[\w.-]*|(bert|albert|electra|roberta|ernie)-[\w.-]+")
_MIRROR = "https://hf-mirror.com"
_OTHER_FORMATS = ("*.h5", "*.msgpack", "*.ot")  # of TensorFlow's Keras, Flax and Rust: not read here


def explain_missing_folder(path):
    """Return the message for a checkpoint folder that is not there; of a hub's model, with the command that fetches it.

    Nothing is downloaded here: the command is for the user to run.

    Args:
        path: CHECKPOINT, as it was given.
    """
    path = str(path)
    message = (
        f"{path}: there is no such folder. Check CHECKPOINT: albert_tiny comes with zhlabel's repository, "
        "and albert_base/README.md there lists where others are published."
    )
    name = path.rstrip("/")
    if not _HUB.fullmatch(name):
        return message
    excluded = " ".join(f'--exclude "{pattern}"' for pattern in _OTHER_FORMATS)
    setting = f"set HF_ENDPOINT={_MIRROR}&& " if os.name == "nt" else f"HF_ENDPOINT={_MIRROR} "
    return (
        f"{message}\nIf it is a model of the Hugging Face hub, this command fetches it into that folder (from the "
        f"mirror that is reached from China; without HF_ENDPOINT, from huggingface.co):\n"
        f"    {setting}{_find_hub_command()} download {name} --local-dir {name} {excluded}"
    )


def _find_hub_command():
    """Return ``hf``, which came with tokenizers; its path where Python's environment is not activated."""
    beside = shutil.which("hf", path=Path(sys.executable).parent)
    return "hf" if shutil.which("hf") or not beside else beside
