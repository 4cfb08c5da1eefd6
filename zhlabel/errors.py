"""The one error that a user can put right."""


class InputError(Exception):
    """Something that the user can put right: a file, a flag, a folder, an environment.

    The message has three parts. *Where*: file and line, folder, or flag. *What was found against what is
    possible*, with numbers on both sides. *The next step*: the likely cause, or the command that helps. Its first
    line makes sense alone; lists are cut after five with the count of the rest. Scripts print the text without a
    traceback and end with status 2. Everything else keeps its traceback, because it is our fault.

    >>> raise InputError("data/train.csv, line 7: 1 column, expected 2 (label,content). Add the comma.")
    Traceback (most recent call last):
    zhlabel.errors.InputError: data/train.csv, line 7: 1 column, expected 2 (label,content). Add the comma.
    """
