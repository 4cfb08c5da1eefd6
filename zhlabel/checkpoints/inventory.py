"""What lies in a checkpoint's folder: its weights file, and its vocab.txt."""

from zhlabel.checkpoints.bundled import find_bundled
from zhlabel.errors import InputError

_PATTERNS = {"tensorflow": "*.index", "safetensors": "*.safetensors", "pytorch": "*.bin"}
_NOT_WEIGHTS = ("training_args.bin", "optimizer.bin", "scheduler.bin")  # what a Hugging Face trainer leaves behind
_SHOWN = 5


def find_weights(folder):
    """Find the one weights file of a folder.

    The project's own weights give way to any other. Of Hugging Face's two formats of one model, model.safetensors is
    taken.

    Args:
        folder: a Path.

    Returns:
        Its format ("tensorflow", "safetensors" or "pytorch"), the file (of a TensorFlow checkpoint, the ``.index``),
        and a note on what was passed over, "" if nothing was.

    Raises:
        InputError: there is none, or more than one.
    """
    found = [(kind, file) for kind, pattern in _PATTERNS.items() for file in sorted(folder.glob(pattern))]
    found = [(kind, file) for kind, file in found if file.name not in _NOT_WEIGHTS]
    own = [(kind, file) for kind, file in found if not find_bundled(file)]
    note = ""
    if own and len(own) < len(found):
        note = f"{folder}: the bundled checkpoint is passed over for the one you put there ({own[0][1].name}).\n"
    own = own or found[:1]
    if [kind for kind, _ in own] == ["safetensors", "pytorch"]:  # Hugging Face's way to keep one model in two formats
        note += f"{folder}: {own[0][1].name} is read, {own[1][1].name} beside it is not.\n"
        own = own[:1]
    if not own:
        raise InputError(_explain_no_weights(folder))
    if len(own) > 1:
        raise InputError(
            f"{folder}: it holds {len(own)} checkpoints, {cut_list([file.name for _, file in own])}. "
            "Keep one and move the others to a folder of their own."
        )
    return (*own[0], note)


def _explain_no_weights(folder):
    inner = sorted({file.parent for pattern in _PATTERNS.values() for file in folder.glob(f"*/{pattern}")})
    names = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
    wanted = "a TensorFlow checkpoint (.index with .data-...), model.safetensors or pytorch_model.bin"
    if inner:
        return (
            f"{folder}: the checkpoint lies one folder deeper, in {inner[0]}. Name that folder, or move its files up."
        )
    data = [name for name in names if ".data-" in name]
    if data:
        return f"{folder}: {data[0]} is there, its .index is not. Copy the .index from the same archive beside it."
    archives = [name for name in names if name.endswith((".zip", ".gz", ".tgz", ".tar"))]
    if archives:
        return f"{folder}: {archives[0]} is still packed. Unpack it in this folder."
    found = f"found {cut_list(names)}" if names else "the folder is empty"
    remedy = (
        "Put the files of a checkpoint there; README.md says where from. model_train.py needs none with FROM_SCRATCH."
    )
    return f"{folder}: no weights; expected {wanted}, {found}. {remedy}"


def find_vocabulary(folder):
    """Find the vocab.txt of a folder.

    Args:
        folder: a Path.

    Raises:
        InputError: there is none.
    """
    file = folder / "vocab.txt"
    if not file.is_file():
        hint = "Copy the one that came with the checkpoint; another won't do."
        others = list_other_vocabularies(folder)
        if others:
            hint = f"If {others[0]} is the one that came with the checkpoint, rename it to vocab.txt."
        raise InputError(f"{folder}: vocab.txt is missing. {hint}")
    return file


def list_other_vocabularies(folder):
    """List the names of files that look like a vocabulary under another name, such as Google's vocab_chinese.txt.

    Args:
        folder: a Path.
    """
    return sorted(file.name for file in folder.glob("*vocab*.txt") if file.name != "vocab.txt")


def cut_list(items, separator=", "):
    """Join the first five items and count the rest.

    Args:
        items: list of strings.
        separator: what goes between them.

    >>> cut_list(list("abcdefg"))
    'a, b, c, d, e, and 2 more'
    """
    rest = len(items) - _SHOWN
    return separator.join(items[:_SHOWN]) + (f"{separator}and {rest} more" if rest > 0 else "")
