"""JSON files: written whole, read with one error that says what to do."""

import json

from zhlabel.errors import InputError
from zhlabel.io.files import open_text, write_whole


def read_json(path):
    """Read a JSON file of a run.

    Args:
        path: the file.

    Raises:
        InputError: it is missing, or not JSON.
    """
    with open_text(path) as stream:
        try:
            return json.load(stream)
        except ValueError as problem:
            raise InputError(f"{path} is not JSON ({problem}). Restore it, or train the run anew.") from None


def write_json(value, path):
    """Write a value as indented JSON with Chinese characters as they are.

    Args:
        value: anything that JSON holds.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path) as stream:
        json.dump(value, stream, ensure_ascii=False, indent=2)
        stream.write("\n")
