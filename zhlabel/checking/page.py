"""A check's report as one HTML page."""

from zhlabel.checking.finding import list_places, show_invisible
from zhlabel.checking.text import list_part_rows
from zhlabel.reports.html.environment import write_template
from zhlabel.reports.html.tables import Column, Table


def write_check_page(path, report):
    """Write a check as one HTML file that needs no network. All names and texts are escaped.

    Args:
        path: the file; an earlier one is replaced.
        report: what ``figures.build_report`` gave.
    """
    parts = report["parts"]
    groups = [("Needs attention", True), ("Worth knowing", False)]
    shown = [{**each, "places": list_places(each["places"])} for each in report["findings"]]
    found = [(title, [each for each in shown if each["is_serious"] == mark]) for title, mark in groups]
    write_template(
        path,
        "check.html",
        report=report,
        title="Labelled files",
        task=report["task_title"],
        files=", ".join(part["file"] for part in parts.values()),
        findings=[(title, each) for title, each in found if each or title == "Needs attention"],
        parts=_build_parts(report),
        labels=_build_table("label", report["labels"], parts),
        lengths=_build_table("tokens", _turn({name: part["lengths"] for name, part in parts.items()}), parts),
        unknown=_build_unknown(parts),
        in_windows=report["long_text"].startswith("windows"),
    )


def _build_parts(report):
    _, *rows = list_part_rows(report)
    columns = (Column("figure", "", "name"), *(Column(name, name) for name in report["parts"]))
    keys = [column.key for column in columns]
    return Table("part-table", "Figures of each file", columns, [dict(zip(keys, row, strict=True)) for row in rows])


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
