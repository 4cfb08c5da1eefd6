"""What people read of a multi-class evaluation: the table with its confusions, rows of predictions and of errors."""

from zhlabel.io.text_table import format_losses, format_rows, measure_width, pad_left

CLASS_COLUMNS = (
    *("line", "text", "gold", "predicted", "correct", "probability", "gold_probability"),
    *("second", "second_probability"),
)
_MATRIX_LABELS = 20  # a wider confusion matrix fits no screen
_CONFUSIONS = 10


def format_class_table(scores):
    """Write the scores of a multi-class task: scikit-learn's table, accuracy and Hamming loss, the confusions.

    Up to 20 labels the confusions are a matrix; with more labels they are the ten commonest pairs of gold and
    predicted label, of equal ones in the order of the labels.

    Args:
        scores: what ``classification.score_multi_class`` gives.

    Returns:
        A text of several lines, without a line end at its end.
    """
    support = scores["macro avg"]["support"]
    averages = {"accuracy": {"f1-score": scores["accuracy"], "support": support}}
    averages |= {name: scores[name] for name in ("macro avg", "weighted avg")}
    names = list(scores["labels"])
    format_confusions = _format_matrix if len(names) <= _MATRIX_LABELS else _format_commonest
    lines = [*format_rows(scores["labels"], averages), "", *format_losses(scores), ""]
    return "\n".join(lines + format_confusions(scores["confusion"], names))


def _format_matrix(confusion, names):
    columns = [[name, *(row[i] for row in confusion)] for i, name in enumerate(names)]
    widths = [max(map(measure_width, column)) for column in columns]
    first = max(map(measure_width, names))
    lines = ["confusions (a row: the gold label, a column: the predicted one)"]
    for name, cells in zip(["", *names], [names, *confusion], strict=True):
        padded = [pad_left(cell, width) for cell, width in zip(cells, widths, strict=True)]
        lines.append("  ".join([pad_left(name, first), *padded]))
    return lines


def _format_commonest(confusion, names):
    pairs = [
        (count, gold, predicted)
        for gold, row in zip(names, confusion, strict=True)
        for predicted, count in zip(names, row, strict=True)
        if gold != predicted and count
    ]
    pairs = sorted(pairs, key=lambda pair: -pair[0])[:_CONFUSIONS]
    lines = [f"{gold} -> {predicted}: {count}" for count, gold, predicted in pairs]
    return ["commonest confusions (gold -> predicted: texts)", *(lines or ["none"])]


def list_class_predictions(examples, probabilities, decided, gold, names):
    """Lay gold and decision of each text side by side, one label a text.

    A low ``gold_probability`` in the training data points at texts that are labelled wrongly.

    Args:
        examples: N Examples.
        probabilities: float array [N, L].
        decided: int array [N] of label ids.
        gold: int array [N] of label ids.
        names: L label names.

    Yields:
        A dict a text, with line, text, gold, predicted, correct, probability (of the predicted label),
        gold_probability, and second with second_probability: the most probable of the other labels, of equal ones the
        first; both blank where there is only one label.
    """
    for row, example in enumerate(examples):
        yield {
            "line": example.line,
            "text": example.text,
            "gold": names[gold[row]],
            "predicted": names[decided[row]],
            "correct": bool(gold[row] == decided[row]),
            "probability": f"{probabilities[row, decided[row]]:.4f}",
            "gold_probability": f"{probabilities[row, gold[row]]:.4f}",
            **_find_second(probabilities[row], decided[row], names),
        }


def _find_second(probabilities, first, names):
    if len(names) == 1:
        return {"second": "", "second_probability": ""}
    others = probabilities.copy()
    others[first] = -1
    second = others.argmax()
    return {"second": names[second], "second_probability": f"{probabilities[second]:.4f}"}


def list_class_errors(examples, probabilities, decided, gold, names):
    """Return those rows of ``list_class_predictions``, which takes the same, in which the label is wrong."""
    rows = list_class_predictions(examples, probabilities, decided, gold, names)
    return (row for row in rows if not row["correct"])
