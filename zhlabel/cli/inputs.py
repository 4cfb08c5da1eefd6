"""Which texts a script takes: those of a file, of its command line, of standard input, or of its own constant."""

import sys

from zhlabel.cli.progress import Progress
from zhlabel.errors import InputError


def choose_texts(texts, input_file, *, is_given, read, read_stream, count=None, script_name, progress=None):
    """Return a script's texts and how many they are.

    Given texts come first; without them and without a file, standard input is read, unless it is a terminal: then the
    script's own texts are taken.

    Args:
        texts: the setting TEXTS.
        input_file: the setting INPUT_FILE; "": none.
        is_given: whether the texts are of the command line, and not the script's own.
        read: gives an iterator over the texts of a file.
        read_stream: gives an iterator over the texts of standard input.
        count: gives the number of texts of a file, which it reads to its end; None: it is not wanted.
        script_name: as "model_predict.py", for messages.
        progress: is told that standard input is read; None: nobody is.

    Returns:
        (an iterator over what ``read`` or ``read_stream`` gives, or over the texts; their number, None: unknown).

    Raises:
        InputError: there are given texts and a file too; as ``read`` and ``count``.

    >>> options = {"read": open, "read_stream": iter, "script_name": "x.py"}
    >>> texts, total = choose_texts(["一", "二"], "", is_given=True, **options)
    >>> list(texts), total
    (['一', '二'], 2)
    """
    if input_file and is_given:
        raise InputError(f"{script_name}: texts are given and --input-file {input_file} too. Leave one out.")
    if input_file:
        return read(input_file), count(input_file) if count else None
    if is_given or sys.stdin is None or sys.stdin.isatty():
        return iter(texts), len(texts)
    (progress or Progress()).note("reading texts from standard input, a line each")
    return read_stream(sys.stdin), None
