"""JSON files: written whole; read with one error that says what is wrong with the form, and what to do."""

import json
import math
from dataclasses import dataclass

from zhlabel.errors import InputError
from zhlabel.io.files import open_text, write_whole

_TYPE_NAMES = {str: "a text", bool: "true or false", dict: "an object", list: "a list"}
_RESTORE = "Restore it, or train the run anew."


@dataclass(frozen=True)
class Number:
    """The form of a number from ``low`` to ``high``, both included; ``whole`` ones are integers."""

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False

    def fits(self, value):
        """Return whether a ``value`` from JSON is such a number; true and NaN are none."""
        kinds = int if self.whole else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self):
        kind = "a whole number" if self.whole else "a number"
        low = f" from {self.low:g}" if self.low > -math.inf else ""
        return kind + low + (f" to {self.high:g}" if self.high < math.inf else "")


def read_json(path, *, remedy=_RESTORE):
    """Read a JSON file.

    Args:
        path: the file.
        remedy: what the user can do where it is broken, a sentence.

    Raises:
        InputError: it is missing, or not JSON.
    """
    with open_text(path) as stream:
        try:
            return json.load(stream)
        except (ValueError, RecursionError) as problem:
            raise InputError(f"{path} is not JSON ({problem}). {remedy}") from None


def read_form(path, form, *, remedy=_RESTORE):
    """Read a JSON file whose content must have a form.

    Args:
        path: the file.
        form: as ``find_mismatch`` takes it.
        remedy: what the user can do where it is broken, a sentence.

    Raises:
        InputError: the file is missing, not JSON, or of another form; the place in it is named.
    """
    value = read_json(path, remedy=remedy)
    if problem := find_mismatch(value, form):
        raise InputError(f"{path}: {problem}. {remedy}")
    return value


def find_mismatch(value, form, place="the file"):
    """Return what is wrong with a value from JSON, "" where it has the form.

    Args:
        value: what ``json.load`` gave.
        form: str, bool, dict, list, or a Number; ``{"key": form}`` for an object with these keys and perhaps others,
            where "key?" may be absent; ``{str: form}`` for an object of any keys; ``[form]`` for a list; a tuple for
            one of several texts; object for anything.
        place: what the value is called.

    >>> find_mismatch({"limit": 3, "names": ["a"]}, {"limit": Number(low=0), "names": [str], "note?": str})
    ''
    >>> find_mismatch({"thresholds": {"裁员": 1.5}}, {"thresholds": {str: Number(0, 1)}})
    'thresholds.裁员 is 1.5, expected a number from 0 to 1'
    """
    if isinstance(form, dict):
        return _find_in_object(value, form, place)
    if isinstance(form, list):
        return _find_in_list(value, form[0], place)
    if isinstance(form, Number):
        fits, expected = form.fits(value), form
    elif isinstance(form, tuple):
        fits, expected = isinstance(value, str) and value in form, f"one of {', '.join(form)}"
    else:
        fits, expected = isinstance(value, form), _TYPE_NAMES.get(form)
    return "" if fits else f"{place} is {_shorten(value)}, expected {expected}"


def _find_in_object(value, form, place):
    if not isinstance(value, dict):
        return f"{place} is {_shorten(value)}, expected an object"
    inner = "" if place == "the file" else f"{place}."
    if str in form:
        parts = ((name, each, form[str]) for name, each in value.items())
    else:
        wanted = {key.removesuffix("?"): part for key, part in form.items()}
        missing = [key for key in form if not key.endswith("?") and key not in value]
        if missing:
            return f"{inner}{missing[0]} is missing"
        parts = ((name, value[name], part) for name, part in wanted.items() if name in value)
    return next(filter(None, (find_mismatch(each, part, inner + name) for name, each, part in parts)), "")


def _find_in_list(value, form, place):
    if not isinstance(value, list):
        return f"{place} is {_shorten(value)}, expected a list"
    problems = (find_mismatch(each, form, f"{place}[{i}]") for i, each in enumerate(value))
    return next(filter(None, problems), "")


def _shorten(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def write_json(value, path):
    """Write a value as indented JSON with Chinese characters as they are.

    Args:
        value: anything that JSON holds.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path) as stream:
        json.dump(value, stream, ensure_ascii=False, indent=2)
        stream.write("\n")
