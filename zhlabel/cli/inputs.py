"""Which texts a script takes: those of a file, of its command line, of standard input, or of its own constant."""

import sys

from zhlabel.cli.progress import Progress
from zhlabel.errors import InputError


def choose_texts(texts, default_texts, input_file, *, read, read_stream, count=None, script_name, progress=None):
    """Return a script's texts and how many they are.

    Texts that differ from the script's own are given ones and come first; without them and without a file, standard
    input is read, unless it is a terminal: then the script's own texts are taken.

    Args:
        texts: the setting TEXTS.
        default_texts: the script's constant TEXTS.
        input_file: the setting INPUT_FILE; "": none.
        read: gives an iterator over the texts of a file.
        read_stream: gives an iterator over the texts of standard input.
        count: gives the number of texts of a file, which it reads to its end; None: it is not wanted.
        script_name: as "model_predict.py", for messages.
        progress: is told that standard input is read; None: nobody is.

    Returns:
        (an iterator over what ``read`` or ``read_stream`` gives, or over the texts; their number, None: unknown).

    Raises:
        InputError: there are given texts and a file too; as ``read`` and ``count``.

    >>> texts, total = choose_texts(["一", "二"], [], "", read=open, read_stream=iter, script_name="x.py")
    >>> list(texts), total
    (['一', '二'], 2)
    """
    is_given = tuple(texts) != tuple(default_texts)
    if input_file and is_given:
        raise InputError(f"{script_name}: texts are given and --input-file {input_file} too. Leave one out.")
    if input_file:
        return read(input_file), count(input_file) if count else None
    if is_given or sys.stdin is None or sys.stdin.isatty():
        return iter(texts), len(texts)
    (progress or Progress()).note("reading texts from standard input, a line each")
    return read_stream(sys.stdin), None
