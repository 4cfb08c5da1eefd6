"""What people read of a comparison of runs: a table for each file, differences in words, the cross matrix."""

import re
from pathlib import Path

from zhlabel.io.text_table import measure_width, pad_left

_FIGURES = {  # name and digits
    "micro f1-score": ("micro F1", 4),
    "accuracy": ("accuracy", 4),
    "macro f1-score": ("macro F1", 4),
    "hamming_loss": ("Hamming loss", 5),
}
_COSTS = {  # name and form
    "size_mib": ("weights, MiB", ",.1f"),
    "texts_per_second": ("texts per second", ",.0f"),
    "peak_memory_mib": ("peak memory, MiB", ",.0f"),
}
_LEVEL = 0.05
_HEAD_WIDTH = 18  # terminal columns, about those of an interval


def format_comparison(comparison):
    """Write a comparison: for each file a table with a column a run and the differences in words, then the matrix.

    A run is called by its folder's own name, if no other one has it, else by its path; so is a file in the matrix. A
    difference is called one when its corrected p is at most 0.05. The matrix is left out where there is one file.

    Args:
        comparison: what ``compare.compare_evaluations`` gives.

    Returns:
        A text of several lines, without a line end at its end.
    """
    names = _shorten([row["run"] for row in comparison["matrix"]])
    lines = []
    for file in comparison["files"]:
        lines += [f"{file['file']}: {file['texts']:,} texts", "", *_format_runs(file, comparison["figures"], names), ""]
        for pair in file["pairs"]:
            lines += [*_describe_pair(pair, names), ""]
    if len(comparison["files"]) > 1:
        lines += [*_format_matrix(comparison, comparison["figures"][0], "values", names), ""]
        if "accuracy" in comparison["figures"][1:]:
            lines += [*_format_matrix(comparison, "accuracy", "accuracy", names), ""]
    return "\n".join([*lines, *(f"note: {note}" for note in comparison["notes"]), *_explain(comparison)])


def _shorten(paths):
    """Return {path: its last part, or the path where two would be alike}.

    >>> _shorten(["runs/tiny", "runs/base", "other/base"])
    {'runs/tiny': 'tiny', 'runs/base': 'runs/base', 'other/base': 'other/base'}
    """
    last = [Path(path).name for path in paths]
    return {path: name if last.count(name) == 1 else path for path, name in zip(paths, last, strict=True)}


def _format_runs(file, figures, names):
    runs = file["runs"].values()
    rows = []
    for figure in figures:
        name, digits = _FIGURES[figure]
        cells = [row["figures"][figure] for row in runs]
        rows.append([name, *(f"{cell['value']:.{digits}f}" for cell in cells)])
        rows.append(["", *(f"[{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]" for cell in cells)])
    for name, part in (("parameters", "all"), ("trained parameters", "trainable")):
        rows.append([name, *(f"{row['parameters'][part]:,}" for row in runs)])
    for key, (name, form) in _COSTS.items():
        rows.append([name, *("-" if row[key] is None else format(row[key], form) for row in runs)])
    return _align([names[run] for run in file["runs"]], rows)


def _align(heads, rows):
    """Lay cells in columns: the first to the left, the others to the right, below heads of as many lines as needed."""
    heads = [_break(head) for head in heads]
    height = max(map(len, heads))
    top = [["", *line] for line in zip(*([""] * (height - len(head)) + head for head in heads), strict=True)]
    widths = [max(map(measure_width, column)) for column in zip(*top, *rows, strict=True)]
    lines = []
    for name, *cells in [*top, *rows]:
        padded = [pad_left(cell, width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([name + " " * (widths[0] - measure_width(name)), *padded]).rstrip())
    return lines


def _break(name):
    """Break a long name into lines after "-" and "/"; what stands between them stays whole.

    >>> _break("albert_tiny-multi_label-1")
    ['albert_tiny-', 'multi_label-1']
    """
    lines = [""]
    for part in re.split(r"(?<=[-/])", name):
        if lines[-1] and measure_width(lines[-1] + part) > _HEAD_WIDTH:
            lines.append("")
        lines[-1] += part
    return lines


def _describe_pair(pair, names):
    lines = [f"{names[pair['second']]} against {names[pair['first']]}"]
    width = max(len(_FIGURES[figure][0]) for figure in pair["figures"])
    for figure, test in pair["figures"].items():
        lines.append(f"  {_FIGURES[figure][0]:<{width}}  {_describe_difference(figure, test)}")
        if figure == "accuracy":
            counts = f"{test['only_second']:,} texts only it has right, {test['only_first']:,} only the other"
            lines.append(" " * (width + 4) + counts)
    return lines


def _describe_difference(figure, test):
    digits = _FIGURES[figure][1]
    p = "p < 0.0001" if test["p_holm"] < 0.0001 else f"p = {test['p_holm']:.3g}"
    if test["p_holm"] > _LEVEL:
        return f"no difference can be shown ({test['difference']:+.{digits}f}), {p}"
    is_better = (test["difference"] > 0) != (figure == "hamming_loss")
    return f"{abs(test['difference']):.{digits}f} {'better' if is_better else 'worse'}, {p}"


def _format_matrix(comparison, figure, key, names):
    name, digits = _FIGURES[figure]
    files = [file["file"] for file in comparison["files"]]
    short = _shorten(files)
    rows = [
        [
            f"{names[row['run']]}, {row['trained_on'] or 'unknown'}",
            *("-" if value is None else f"{value:.{digits}f}" for value in row[key]),
        ]
        for row in comparison["matrix"]
    ]
    title = f"{name} (a row: a run, and the file it was trained on; a column: the file it was validated on)"
    return [title, "", *_align([short[file] for file in files], rows)]


def _explain(comparison):
    lines = ["In brackets: 95 % intervals over texts. Speed and memory depend on the machine and its other work."]
    count = sum(len(file["pairs"]) for file in comparison["files"])
    if count:
        lines.append("p: approximate randomisation, of accuracy McNemar's exact test. Shown means p <= 0.05.")
    if count > 1:
        lines.append(f"p is corrected after Holm for the {count} comparisons of each figure.")
    if count:
        lines.append("p says nothing of what another training, with another seed, would give.")
    return lines
