"""The other columns of a file of texts, kept so that results can be joined with what they came from."""

import json
import math

from zhlabel.data.texts import read_columns
from zhlabel.io.files import check_characters

_LARGEST_INTEGER = 2**63
KINDS = ("whole", "number", "truth", "text")


def read_kept(path, *, layout=None, avoid=(), warn=None):
    """Iterate over a file's texts as ``texts.read_texts`` does, each with all its other columns or keys.

    Args:
        path: as ``read_texts``.
        layout: as ``read_texts``.
        avoid: names that results have; a column of such a name is kept with ``input_`` before it.
        warn: as ``read_texts``; is told of such columns too.

    Returns:
        An iterator of (text, {name: value}). A value is as the file has it: a string in csv, tsv and
        spreadsheets. Of parquet's types that JSON lacks, a date is its ISO form, and what is not a number None.

    Raises:
        InputError: as ``read_texts``; a value holds half a character.
    """
    told = set()

    def rename(name):
        bare = name
        while bare.startswith("input_"):
            bare = bare.removeprefix("input_")
        if bare not in avoid:
            return name
        if warn and name not in told:
            told.add(name)
            warn(f"{path}: the column {name} is kept as input_{name}")
        return f"input_{name}"

    rows = read_columns(path, layout=layout, warn=warn)
    return (
        (text, {rename(name): _make_plain(place, value) for name, value in values.items()})
        for place, text, values in rows
    )


def list_kept(path, *, layout=None, avoid=()):
    """Return {name: kind} of the columns that ``read_kept`` gives, one of KINDS, by reading the whole file.

    Args:
        path: as ``read_kept``.
        layout: as ``read_kept``.
        avoid: as ``read_kept``.

    Raises:
        InputError: as ``read_kept``.
    """
    found = {}
    for _, values in read_kept(path, layout=layout, avoid=avoid):
        for name, value in values.items():
            found.setdefault(name, set()).add(_find_kind(value))
    return {name: _join_kinds(kinds - {None}) for name, kinds in found.items()}


def format_kept(value):
    """Return a kept value as the text of a cell; None, which is an empty one, stays None.

    >>> format_kept("001"), format_kept(["a", 1]), format_kept(None)
    ('001', '["a", 1]', None)
    """
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _find_kind(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole" if abs(value) < _LARGEST_INTEGER else "text"
    return "number" if isinstance(value, float) else "text"


def _join_kinds(kinds):
    if kinds == {"whole", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "text"


def _make_plain(place, value):
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, dict)):
        text = check_characters(place, json.dumps(value, ensure_ascii=False, default=str))
        return json.loads(text, parse_constant=lambda name: None if name == "NaN" else name)
    return check_characters(place, value if isinstance(value, str) else str(value))
