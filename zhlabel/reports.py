"""Turns the numbers of an evaluation into what people read: a table, csv files of predictions and of errors."""

import csv
import json
import unicodedata

from zhlabel.files import write_whole
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


def list_predictions(examples, probabilities, decided, gold, names):
    """Lay gold and decision of each text side by side.

    Args:
        examples: N Examples.
        probabilities: float array [N, L].
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    Returns:
        N dicts with line, text, gold, predicted (both joined by "|"), missed, spurious, and the probability of every
        label that is gold or predicted.
    """
    return [
        {
            "line": example.line,
            "text": example.text,
            "gold": _join(names, gold[row]),
            "predicted": _join(names, decided[row]),
            "missed": _join(names, gold[row] & ~decided[row]),
            "spurious": _join(names, decided[row] & ~gold[row]),
            "probabilities": "|".join(
                f"{names[i]}:{probabilities[row, i]:.4f}" for i in (gold[row] | decided[row]).nonzero()[0]
            ),
        }
        for row, example in enumerate(examples)
    ]


def _join(names, chosen):
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
        A list of dicts.
    """
    rows = list_predictions(examples, probabilities, decided, gold, names)
    return [row for row in rows if row["missed"] or row["spurious"]]


def write_history(history, folder, *, score_name):
    """Write a training's epochs as history.csv, one row each, and the curve as history.svg.

    Args:
        history: a list of dicts with "epoch", "loss", "dev_score" and "thresholds".
        folder: where to.
        score_name: what the dev score is.
    """
    rows = [{**row, "thresholds": json.dumps(row["thresholds"])} for row in history]
    write_csv(rows, list(rows[0]), folder / "history.csv")
    draw_history(history, folder / "history.svg", score_name=score_name)


def draw_history(history, path, *, score_name="micro F1"):
    """Draw the training loss and the dev score of each epoch into one SVG picture, text kept as text.

    Args:
        history: a list of dicts with "epoch", "loss" and "dev_score".
        path: the .svg file; an earlier one is replaced.
        score_name: what the dev score is.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [row["epoch"] for row in history]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "zhlabel"}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        loss_axis = figure.subplots()
        loss_axis.plot(epochs, [row["loss"] for row in history], "o-", color="#b5541c", label="training loss")
        loss_axis.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
        loss_axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        score_axis = loss_axis.twinx()
        scores = [row["dev_score"] for row in history]
        best = max(range(len(scores)), key=scores.__getitem__)
        score_axis.plot(epochs, scores, "s-", color="#1c6bb5", label=f"dev {score_name}")
        score_axis.annotate(f"{scores[best]:.4f}", (epochs[best], scores[best]), (0, 6), textcoords="offset points")
        score_axis.set(ylabel=f"dev {score_name}", ylim=(0, 1.05))
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
        with write_whole(path, binary=True) as stream:
            figure.savefig(stream, format="svg", metadata={"Date": None})
