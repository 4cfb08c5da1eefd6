"""A check's report as text: all of it for the terminal and report.txt, and the few lines at a training's start."""

from zhlabel.checking.finding import list_places, show_invisible
from zhlabel.io.text_table import measure_width, pad_left

_UNITS, _LENGTHS = ("characters", "tokens"), ("median", "95th percentile", "longest")
_TOLD = ("long_texts", "lost_entities")  # at a training's start, even where few
_LABELS = 20  # the commonest that the text names


def format_report(report):
    """Write all of a report.

    Args:
        report: what ``figures.build_report`` gave.

    Returns:
        The text, without a line end behind it.
    """
    lines = [f"note: {note}" for note in report["notes"]]
    lines += [*_format_table(list_part_rows(report)), "", *_format_table(_list_label_rows(report))]
    if len(report["labels"]) > _LABELS:
        lines.append(f"and {len(report['labels']) - _LABELS:,} rarer ones")
    for is_serious, title in ((True, "Needs attention"), (False, "Worth knowing")):
        found = [each for each in report["findings"] if each["is_serious"] == is_serious]
        lines += ["", f"{title}: {len(found) or 'nothing'}"] if is_serious or found else []
        for each in found:
            lines += ["", f"* {each['summary']}."]
            lines += [f"    {place}" for place in list_places(each["places"])]
            lines += [f"    -> {each['next_step']}"]
    return "\n".join(lines)


def list_part_rows(report):
    """Return the figures of each part as rows of strings: the parts' names, then a figure and its value in each."""
    parts = report["parts"].values()
    what = "entities" if report["unit"] == "entities" else "labels"
    return [
        ["", *report["parts"]],
        ["texts", *(f"{part['texts']:,}" for part in parts)],
        [what, *(f"{part['labels']:,}" for part in parts)],
        [f"different {'types' if what == 'entities' else what}", *(f"{part['different_labels']:,}" for part in parts)],
        [f"texts without {what}", *(f"{part['texts_without_label']:,}" for part in parts)],
        *([f"{unit}: {', '.join(_LENGTHS)}", *(_join_lengths(part[unit]) for part in parts)] for unit in _UNITS),
        [f"longer than {report['max_length']:,}", *(f"{part['tokens']['beyond_max_length']:,}" for part in parts)],
        ["share of [UNK]", *(f"{part['unknown_share']:.4f}" for part in parts)],
    ]


def _join_lengths(figures):
    return " ".join(f"{figures[name]:,}" for name in _LENGTHS)


def _list_label_rows(report):
    shown = list(report["labels"].items())[:_LABELS]
    rows = [[show_invisible(name), *(f"{count:,}" for count in counts.values())] for name, counts in shown]
    return [["", *report["parts"]], *rows]


def _format_table(rows):
    widths = [max(map(measure_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(pad_left, row, widths)) for row in rows]


def format_summary(report, *, command):
    """Write what a training says of its data when it begins: the counts, and what needs attention.

    Args:
        report: what ``figures.build_report`` gave of "train" and "dev".
        command: the one that tells more.

    Returns:
        A list of lines.
    """
    train, dev = report["parts"]["train"], report["parts"]["dev"]
    lines = [
        f"{len(report['labels'])} labels; texts: {train['texts']:,} to train on, {dev['texts']:,} for dev",
        f"tokens of a training text: median {train['tokens']['median']:,}, 95th percentile "
        f"{train['tokens']['95th percentile']:,}, the longest {train['tokens']['longest']:,}; share of [UNK] "
        f"{train['unknown_share']:.4f}",
    ]
    found = [each for each in report["findings"] if each["is_serious"] or each["kind"] in _TOLD]
    for each in found:
        lines.append(f"note: {each['summary']}" + (f" ({each['places'][0]})" if each["places"] else ""))
    return [*lines, f"more on the data: {command}"] if found else lines
