"""Picks out of a report what each part of the page shows; a part whose data is absent is None."""

from dataclasses import dataclass

from zhlabel.decisions.thresholds import Thresholds
from zhlabel.reports.html.entities import mark_entities
from zhlabel.reports.html.tables import Column, Table, list_columns

_HEADLINES = ("micro f1-score", "accuracy", "macro f1-score", "hamming_loss")
_AVERAGES = ("micro avg", "macro avg", "weighted avg", "samples avg")
_FIGURES = ("precision", "recall", "f1-score")
_OPTIONAL_COLUMNS = {
    "false_positives": "false positives",
    "false_negatives": "false negatives",
    "average_precision": "average precision",
    "roc_auc": "ROC-AUC",
    "threshold": "threshold",
}
_RANKING_NAMES = {"texts": "texts that the ranking was measured on", "macro roc auc": "macro ROC-AUC"}
_HEAT_LABELS = 30  # a wider heat map is found nowhere at a glance; the commonest pairs say more


@dataclass(frozen=True)
class Headline:
    """One of the figures that a reader looks at first.

    Attributes:
        name: what it is.
        value: the figure.
        interval: (low, high), or None.
        baselines: pairs of name and figure.
        top: the right end of the scale that they are drawn on, which begins at 0.
        is_loss: whether less is better.
    """

    name: str
    value: float
    interval: tuple | None
    baselines: list
    top: float
    is_loss: bool


@dataclass(frozen=True)
class Cell:
    """One cell of the heat map: its count, its share of the gold label's texts, and whether it is right."""

    count: int
    share: float
    is_right: bool


def pick_headlines(report, task):
    """Return the figures to be shown large: micro F1, accuracy, macro F1, Hamming loss, those that there are.

    Args:
        report: the evaluation's report.
        task: its task, on whose ``definitions`` the figures' names depend.

    Returns:
        A list of Headlines.
    """
    return [_make_headline(report, task, key) for key in _HEADLINES if _find_figure(report, key) is not None]


def _find_figure(report, key):
    if key in report:
        return report[key]
    average, _, figure = key.partition(" ")
    return report.get(f"{average} avg", {}).get(figure)


def _make_headline(report, task, key):
    value = _find_figure(report, key)
    interval = report.get("intervals", {}).get(key)
    rows = report.get("baseline", {}).items()
    baselines = [(name, row[key]) for name, row in rows if row.get(key) is not None]
    is_loss = key == "hamming_loss"
    # A loss of many labels is so near to 0 that a scale up to 1 would show nothing.
    top = max([value, *(interval or ()), *(figure for _, figure in baselines)]) * 1.1 or 1.0 if is_loss else 1.0
    name = task.definitions[key][0] if key in task.definitions else key.replace("f1-score", "F1")
    return Headline(name, value, interval, baselines, top, is_loss)


def build_averages(report):
    """Build the table of the averages.

    Args:
        report: the evaluation's report.

    Returns:
        A Table.
    """
    rows = [{"average": name.removesuffix(" avg"), **report[name]} for name in _AVERAGES if name in report]
    columns = (Column("average", "average", "name"), *(Column(key, _title(key)) for key in (*_FIGURES, "support")))
    return Table("averages", "Averages over labels", columns, rows)


def _title(key):
    return {"f1-score": "F1"}.get(key, key)


def pick_further(report):
    """Return the relaxed and the ranking measures as pairs of name and figure.

    Args:
        report: the evaluation's report.
    """
    ranking = {_RANKING_NAMES.get(name, name): value for name, value in report.get("ranking", {}).items()}
    return [(name.replace("_", " "), value) for name, value in {**report.get("relaxed", {}), **ranking}.items()]


def build_labels(report):
    """Build the table of labels, the commonest first.

    Args:
        report: the evaluation's report.

    Returns:
        A Table.
    """
    thresholds = Thresholds.from_record(report.get("thresholds", {})).labels or {}
    rows = [
        {"label": name, **({"threshold": thresholds[name]} if name in thresholds else {}), **row}
        for name, row in report["labels"].items()
    ]
    optional = [key for key in _OPTIONAL_COLUMNS if any(key in row for row in rows)]
    if len({row.get("threshold") for row in rows}) == 1:  # one for all stands once, under "how it was measured"
        optional = [key for key in optional if key != "threshold"]
    columns = (
        Column("label", "label", "name"),
        Column("f1-score", "F1", "bar"),
        *(Column(key, key) for key in ("precision", "recall", "support")),
        *(Column(key, _OPTIONAL_COLUMNS[key]) for key in optional),
    )
    return Table("label-table", "Figures of each label", columns, _descend(rows, "support"), "support")


def _descend(rows, key):
    return sorted(rows, key=lambda row: -(row.get(key) or 0))


def build_frequencies(report, task):
    """Build the table of how often each label occurs in the training texts and in these, or None without the former.

    Args:
        report: the evaluation's report.
        task: its task, for the ``unit``.
    """
    rows = [{"label": name, **row} for name, row in report["labels"].items()]
    if not any(row.get("train_texts") is not None for row in rows):
        return None
    tops = [max(row.get(key) or 0 for row in rows) for key in ("train_texts", "support")]
    columns = (
        Column("label", "label", "name"),
        Column("train_texts", "training texts", "bar", tops[0]),
        Column("support", f"{task.unit} here", "bar", tops[1]),
    )
    caption = "How often each label occurs"
    return Table("frequency-table", caption, columns, _descend(rows, "train_texts"), "train_texts")


def build_heat_map(report):
    """Build the rows of the heat map of confusions, or None where there is no matrix or it is too wide.

    Args:
        report: the evaluation's report.

    Returns:
        A list of (gold label, list of Cells).
    """
    matrix, names = report.get("confusion"), list(report["labels"])
    if not matrix or len(names) > _HEAT_LABELS:
        return None
    return [
        (name, [Cell(count, count / sum(counts) if count else 0.0, place == row) for place, count in enumerate(counts)])
        for row, (name, counts) in enumerate(zip(names, matrix, strict=True))
    ]


def build_confusions(confusions):
    """Build the table of the commonest confusions, or None where there are none.

    Args:
        confusions: dicts with "gold" and "instead" ("" for nothing) and "texts" or "entities", the commonest first.
    """
    if not confusions:
        return None
    unit = "entities" if "entities" in confusions[0] else "texts"
    rows = [{key: value or "nothing" for key, value in row.items()} for row in confusions]
    columns = (
        Column("gold", "gold", "name", is_filter=True),
        Column("instead", "given instead", "text", is_filter=True),
        Column(unit, unit, "bar", max(row[unit] for row in rows)),
    )
    return Table("confusion-table", "Commonest confusions", columns, rows, unit)


def build_entity_lengths(report):
    """Build the table of entities by length, or None where the report has none.

    Args:
        report: the evaluation's report.
    """
    if not report.get("by_length"):
        return None
    columns = (
        Column("length", "characters", "name"),
        Column("recall", "recall", "bar"),
        *(Column(key, key) for key in ("precision", "gold", "decided", "found")),
    )
    return Table("entity-length-table", "Entities by length", columns, report["by_length"])


def build_rows(rows, *, name, caption):
    """Build a table of texts from rows of any keys, or None where there are none.

    Args:
        rows: dicts of equal keys.
        name: the table's id.
        caption: what it shows.
    """
    rows = mark_entities(rows)
    return Table(name, caption, list_columns(rows), rows, is_stacked=True) if rows else None
