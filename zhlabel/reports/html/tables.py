"""Building blocks of a page: numbers as people read them, and tables whose cells know how to be shown."""

import math
import numbers
from dataclasses import dataclass

from markupsafe import Markup

DASH = "–"  # stands for what has no value
_LONG_TEXT = 300  # characters; a longer text scrolls inside its cell
_FILTER_KEYS = {"kind", "label", "gold_type", "predicted_type"}
_LABEL_KEYS = {"gold", "predicted"}  # to be chosen from where no single label is the row's subject


@dataclass(frozen=True)
class Column:
    """How one key of a table's rows is shown.

    Attributes:
        key: the key.
        title: what the head says.
        kind: "name" (a row's head), "text", "wide" (whole sentences), "number", or "bar" (a number and its bar).
        top: the number at which a bar is full; not used by the other kinds.
        is_filter: whether the reader may choose one of its values.
    """

    key: str
    title: str
    kind: str = "number"
    top: float = 1.0
    is_filter: bool = False


@dataclass(frozen=True)
class Table:
    """Rows with their columns.

    Attributes:
        name: an id, unique in the page.
        caption: what the table shows, for those who can't see it.
        columns: Columns.
        rows: dicts.
        sorted_by: the key by which the rows descend already, or "".
        is_stacked: whether a narrow screen shows each row as a block of lines, as long texts need it.
    """

    name: str
    caption: str
    columns: tuple
    rows: list
    sorted_by: str = ""
    is_stacked: bool = False


def format_number(value, is_fine=False):
    """Write a value for a reader: counts with separators, fractions with four digits.

    What is absent or not a number is a dash, truth is yes or no, and a text stays as it is.

    Args:
        value: anything.
        is_fine: whether a fraction below 0.01 gets three digits that count, as a Hamming loss of many labels needs it.

    >>> [format_number(value) for value in (12345, 0.5, 0.00249, True, None, "裁员")]
    ['12,345', '0.5000', '0.0025', 'yes', '–', '裁员']
    >>> format_number(0.00249, is_fine=True)
    '0.00249'
    """
    if value is None or isinstance(value, str):
        return DASH if value is None else value
    if type(value).__name__ in ("bool", "bool_"):  # numpy has its own truth
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{value:,}"
    if not isinstance(value, numbers.Real):
        return str(value)
    if not math.isfinite(value):
        return DASH
    if is_fine and 0 < abs(value) < 0.01:
        return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}"
    return f"{value:,.4f}"


def measure_bar(value, top):
    """Return the length of a bar in hundredths of the full one, 0..100; 0 where there is no value.

    Args:
        value: a number, or None.
        top: the number at which the bar is full.

    >>> measure_bar(3, 4)
    75.0
    """
    return round(100 * min(max(value / top, 0), 1), 2) if value and top else 0.0


def break_lists(value):
    """Write a value with a place to break the line behind each "|" that joins labels; all is escaped.

    >>> break_lists("裁员|<起诉>")
    Markup('裁员|<wbr>&lt;起诉&gt;')
    """
    text = format_number(value)
    return text if isinstance(text, Markup) else Markup("|<wbr>").join(text.split("|"))


def is_long(text):
    """Return whether a text is so long that it scrolls inside its cell."""
    return len(str(text)) > _LONG_TEXT


def list_columns(rows):
    """Build a column of each key of the first row; one that is blank in every row is left out, and "correct".

    A column of numbers is one in which each value is a number or spells one, blanks apart.

    Args:
        rows: dicts of equal keys.

    Returns:
        A tuple of Columns.

    >>> [(column.title, column.kind) for column in list_columns([{"gold_start": "3", "kind": "missed", "note": ""}])]
    [('gold start', 'number'), ('kind', 'text')]
    """
    keys = [key for key in (rows[0] if rows else ()) if any(row.get(key) not in (None, "") for row in rows)]
    keys = [key for key in keys if key != "correct"]  # of errors, it is never so
    filters = _FILTER_KEYS if "label" in keys else _FILTER_KEYS | _LABEL_KEYS
    return tuple(Column(key, key.replace("_", " "), _find_kind(key, rows), is_filter=key in filters) for key in keys)


def _find_kind(key, rows):
    values = [row[key] for row in rows if row.get(key) not in (None, "")]
    if key == "text":
        return "wide"
    return "number" if all(map(_is_number, values)) else "text"


def _is_number(value):
    if isinstance(value, bool):
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
