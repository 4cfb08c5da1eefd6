"""Turns the numbers of an evaluation into what people read: a table, csv files of predictions and of errors."""

import csv
import json
import unicodedata

from zhlabel.drawings import draw_history
from zhlabel.errors import InputError
from zhlabel.files import open_text, write_whole
from zhlabel.metrics import AVERAGES

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


def format_table(scores):
    """Write scores as scikit-learn's classification report does: a row a label, then the averages, four digits.

    Below the table stand exact match as ``accuracy:`` and the Hamming loss as ``hamming loss:``, with all their digits.

    Args:
        scores: what ``metrics.score_multi_label`` gives.

    Returns:
        A text of several lines, without a line end at its end.
    """
    averages = {name: scores[name] for name in (*AVERAGES, "samples avg")}
    return "\n".join([*format_rows(scores["labels"], averages), "", *format_losses(scores)])


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


def write_json(value, path):
    """Write a value as indented JSON with Chinese characters as they are.

    Args:
        value: anything that JSON holds.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path) as stream:
        json.dump(value, stream, ensure_ascii=False, indent=2)
        stream.write("\n")


def write_csv(rows, columns, path):
    """Write rows as CSV with a BOM, by which Excel shows Chinese.

    Args:
        rows: an iterable of dicts.
        columns: the keys to write, in order.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path) as stream:
        stream.write("\ufeff")
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


PREDICTION_COLUMNS = ("line", "text", "gold", "predicted", "missed", "spurious", "probabilities")


def list_predictions(examples, probabilities, decided, gold, names):
    """Lay gold and decision of each text side by side.

    Args:
        examples: N Examples.
        probabilities: float array [N, L].
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    Yields:
        A dict a text, with line, text, gold, predicted (both joined by "|"), missed, spurious, and the probability of
        every label that is gold or predicted.
    """
    for row, example in enumerate(examples):
        yield {
            "line": example.line,
            "text": example.text,
            "gold": join_labels(names, gold[row]),
            "predicted": join_labels(names, decided[row]),
            "missed": join_labels(names, gold[row] & ~decided[row]),
            "spurious": join_labels(names, decided[row] & ~gold[row]),
            "probabilities": "|".join(
                f"{names[i]}:{probabilities[row, i]:.4f}" for i in (gold[row] | decided[row]).nonzero()[0]
            ),
        }


def join_labels(names, chosen):
    """Write the labels that are chosen, joined by "|".

    Args:
        names: L label names.
        chosen: bool array [L].
    """
    return "|".join(names[i] for i in chosen.nonzero()[0])


def list_errors(examples, probabilities, decided, gold, names):
    """Give those rows of ``list_predictions`` in which a label is missed or spurious.

    Args:
        examples: N Examples.
        probabilities: float array [N, L].
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    Returns:
        An iterator of dicts.
    """
    rows = list_predictions(examples, probabilities, decided, gold, names)
    return (row for row in rows if row["missed"] or row["spurious"])


def write_history(history, folder, *, score_name):
    """Write a training's epochs as history.csv, one row each, and the curve as history.svg.

    Args:
        history: a list of dicts with "epoch", "loss" and "dev_score".
        folder: where to.
        score_name: what the dev score is.
    """
    write_csv(history, list(history[0]), folder / "history.csv")
    draw_history(history, folder / "history.svg", score_name=score_name)


def read_history(folder):
    """Read the epochs of a training from its history.csv, [] where there is none.

    Args:
        folder: the run's folder.

    Returns:
        A list of dicts of "epoch", "loss" and "dev_score".

    Raises:
        InputError: the file has been changed and is no such table any more.
    """
    path = folder / "history.csv"
    if not path.is_file():
        return []
    try:
        with open_text(path) as stream:
            rows = list(csv.DictReader(stream))
        return [
            {"epoch": int(row["epoch"]), "loss": float(row["loss"]), "dev_score": float(row["dev_score"])}
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{path} is not the table of epochs any more ({problem}). Restore or remove it.") from None


def describe_thresholds(thresholds):
    """Say in words by which thresholds is decided.

    Args:
        thresholds: as in run.json.

    >>> describe_thresholds({"global": 0.41})
    'threshold 0.41'
    >>> describe_thresholds({})
    'no threshold'
    """
    own, limits = thresholds.get("labels"), thresholds.get("labels_per_text")
    text = f"threshold {thresholds['global']}" if "global" in thresholds else "no threshold"
    if own:
        text = f"{len(own)} thresholds from {min(own.values())} to {max(own.values())}, a label each"
    return text + (f", labels a text: {limits}" if limits else "")
