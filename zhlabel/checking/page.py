"""A check's report as one HTML page."""

from zhlabel.checking.finding import show_invisible
from zhlabel.reports.html.environment import write_template
from zhlabel.reports.html.sections import TASKS
from zhlabel.reports.html.tables import Column, Table

_FIGURES = (
    ("texts", "texts"),
    ("labels", "labels"),
    ("different_labels", "different labels"),
    ("texts_without_label", "texts without a label"),
    ("characters.median", "characters, median"),
    ("characters.95th percentile", "characters, 95th percentile"),
    ("characters.longest", "characters, longest"),
    ("tokens.median", "tokens, median"),
    ("tokens.95th percentile", "tokens, 95th percentile"),
    ("tokens.longest", "tokens, longest"),
    ("tokens.beyond_max_length", "texts beyond the limit"),
    ("unknown_share", "share of [UNK]"),
)


def write_check_page(path, report):
    """Write a check as one HTML file that needs no network. All names and texts are escaped.

    Args:
        path: the file; an earlier one is replaced.
        report: what ``figures.build_report`` gave.
    """
    parts = report["parts"]
    groups = [("Needs attention", True), ("Worth knowing", False)]
    found = [(title, [each for each in report["findings"] if each["is_serious"] == mark]) for title, mark in groups]
    write_template(
        path,
        "check.html",
        report=report,
        title="Labelled files",
        task=TASKS[report["task"]],
        files=", ".join(part["file"] for part in parts.values()),
        findings=[(title, each) for title, each in found if each or title == "Needs attention"],
        parts=_build_parts(parts),
        labels=_build_table("label", report["labels"], parts),
        lengths=_build_table("tokens", _turn({name: part["lengths"] for name, part in parts.items()}), parts),
        unknown=_build_unknown(parts),
        in_windows=report["long_text"].startswith("windows"),
    )


def _build_parts(parts):
    rows = [{"figure": title, **{name: _pick(part, key) for name, part in parts.items()}} for key, title in _FIGURES]
    columns = (Column("figure", "", "name"), *(Column(name, name) for name in parts))
    return Table("part-table", "Figures of each file", columns, rows)


def _pick(part, key):
    for name in key.split("."):
        part = part[name]
    return part


def _build_table(key, rows, parts):
    """Build a table of counts: a row a name, a column a part, whose bars are measured by the part's highest."""
    tops = {name: max((counts[name] for counts in rows.values()), default=0) for name in parts}
    columns = (Column(key, key, "name"), *(Column(name, name, "bar", top) for name, top in tops.items()))
    listed = [{key: show_invisible(name), **counts} for name, counts in rows.items()]
    return Table(f"{key}-table", f"Counts by {key}", columns, listed)


def _turn(table):
    """Turn {part: {name: count}} into {name: {part: count}}."""
    names = dict.fromkeys(name for counts in table.values() for name in counts)
    return {name: {part: counts.get(name, 0) for part, counts in table.items()} for name in names}


def _build_unknown(parts):
    return _build_table("piece", _turn({name: part["unknown"] for name, part in parts.items()}), parts)
