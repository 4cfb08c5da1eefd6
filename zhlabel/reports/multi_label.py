"""Turns the numbers of an evaluation into what people read: a table, csv files of predictions and of errors."""

from zhlabel.io.text_table import format_losses, format_rows
from zhlabel.metrics.classification import AVERAGES


def format_table(scores):
    """Write scores as scikit-learn's classification report does: a row a label, then the averages, four digits.

    Below the table stand exact match as ``accuracy:`` and the Hamming loss as ``hamming loss:``, with all their digits.

    Args:
        scores: what ``classification.score_multi_label`` gives.

    Returns:
        A text of several lines, without a line end at its end.
    """
    averages = {name: scores[name] for name in (*AVERAGES, "samples avg")}
    return "\n".join([*format_rows(scores["labels"], averages), "", *format_losses(scores)])


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
    """Return those rows of ``list_predictions``, which takes the same, in which a label is missed or spurious."""
    rows = list_predictions(examples, probabilities, decided, gold, names)
    return (row for row in rows if row["missed"] or row["spurious"])
