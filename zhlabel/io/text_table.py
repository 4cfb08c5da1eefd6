"""Tables for a terminal: columns that line up where wide characters take two."""

import unicodedata

_COLUMNS = ("precision", "recall", "f1-score", "support")


def measure_width(text):
    """Count the terminal columns a text takes: Chinese and other wide characters take two.

    >>> measure_width("裁员 A")
    6
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in str(text)
    )


def pad_left(text, width):
    """Fill a text with blanks on its left up to a width in terminal columns."""
    return " " * (width - measure_width(text)) + str(text)


def format_rows(*groups):
    """Write groups of named scores below one head line, a blank line between groups, four digits.

    Args:
        groups: dicts of name to precision, recall, f1-score, support; a figure that is absent stays blank.

    Returns:
        A list of lines.

    >>> print("\\n".join(format_rows({"裁员": {"precision": 0.5, "recall": 1, "f1-score": 2 / 3, "support": 7}})))
          precision    recall  f1-score   support
    <BLANKLINE>
    裁员     0.5000    1.0000    0.6667         7
    """
    width = max(measure_width(name) for group in groups for name in group)
    lines = [" " * width + " " + "".join(f"{column:>10}" for column in _COLUMNS)]
    for group in groups:
        lines += ["", *(_format_row(name, row, width) for name, row in group.items())]
    return lines


def _format_row(name, row, width):
    cells = [f"{row[column]:.4f}" if column in row else "" for column in _COLUMNS[:3]]
    return f"{pad_left(name, width)} " + "".join(f"{cell:>10}" for cell in (*cells, row["support"]))


def format_losses(scores):
    """Write exact match and Hamming loss with all their digits.

    Args:
        scores: with "accuracy" and "hamming_loss".

    Returns:
        A list of two lines.
    """
    return [f"accuracy:  {scores['accuracy']}", f"hamming loss:  {scores['hamming_loss']}"]
