"""Draws the figures of a page as SVG that takes its colours and its font from the page around it."""

import io
import math
import re
from dataclasses import dataclass

from markupsafe import Markup, escape

# Drawn in colours that nothing else has, which are then replaced by variables of the page's style.
COLOURS = {name: f"#01010{place}" for place, name in enumerate(("ink", "muted", "line", "blue", "orange", "green"))}
_SIZE = (5.0, 3.6)  # inches of 72 units: so narrow that a phone shows the text at some 9 pixels
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "zhlabel",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.labelsize": 9.5,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.6,
    "xtick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.color": COLOURS["line"],
    "ytick.labelcolor": COLOURS["muted"],
    "text.color": COLOURS["ink"],
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "path.simplify_threshold": 0.5,  # of a curve's thousand points the eye sees some fifty
}
_PROBABILITIES = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)  # ticks that stay apart on the axis of logits


@dataclass(frozen=True)
class Line:
    """One line of a figure and its legend: the key of its data, its name, colour, and CSS border style."""

    key: str
    name: str
    colour: str
    style: str = "solid"


SWEEP_LINES = (
    Line("f1-score", "micro F1", "blue"),
    Line("macro f1-score", "macro F1", "green"),
    Line("precision", "micro precision", "orange", "dashed"),
    Line("recall", "micro recall", "orange", "dotted"),
    Line("accuracy", "exact match", "muted"),
)


def _render(name, description, draw, size=_SIZE):
    """Draw one figure.

    Args:
        name: begins every id inside, so that those of two figures in a page differ.
        description: what is seen, for those who can't.
        draw: takes the matplotlib Figure.
        size: width and height in inches.

    Returns:
        An <svg> element.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        stream = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    (box,) = re.findall(r'viewBox="([^"]+)"', text)
    text = text[text.index(">", text.index("<svg")) + 1 :]
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)  # it styles the page
    text = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", text)
    for colour, drawn in COLOURS.items():
        text = text.replace(drawn, f"var(--{colour})")
    return Markup(f'<svg viewBox="{box}" role="img" aria-label="{escape(description)}">{text}')


def draw_sweep(rows, *, chosen=None):
    """Draw the figures over thresholds, placed by their logits, with the chosen threshold marked.

    Args:
        rows: dicts with "threshold", "logit", precision, recall, f1-score; macro f1-score and accuracy where there are
            any; ascending. Infinite logits are left out.
        chosen: the threshold in use, or None.

    Returns:
        An <svg> element, and the Lines drawn.
    """
    rows = [row for row in rows if math.isfinite(row["logit"])]
    lines = [line for line in SWEEP_LINES if rows and line.key in rows[0]]
    logits = [row["logit"] for row in rows]

    def draw(figure):
        axis = figure.subplots()
        for line in lines:
            width = 2.2 if line.key == "f1-score" else 1.3
            values = [math.nan if row[line.key] is None else row[line.key] for row in rows]
            axis.plot(logits, values, color=COLOURS[line.colour], linestyle=line.style, linewidth=width)
        low, high = min(logits, default=-5), max(logits, default=5)
        ticks = [p for p in _PROBABILITIES if low <= _compute_logit(p) <= high]
        axis.set_xticks([_compute_logit(p) for p in ticks], [f"{p:g}" for p in ticks])
        axis.set(
            xlabel="threshold: probability (logit above)", ylim=(0, 1.02), xlim=(low, high if high > low else None)
        )
        above = axis.secondary_xaxis("top")
        above.spines["top"].set_visible(False)
        above.tick_params(length=0)
        if chosen is not None and 0 < chosen < 1:
            axis.axvline(_compute_logit(chosen), color=COLOURS["ink"], linewidth=1)
            axis.annotate(
                f"chosen {chosen:.4g}",
                (_compute_logit(chosen), 0.03),
                (5, 0),
                textcoords="offset points",
                color=COLOURS["ink"],
            )

    description = f"Line chart of {', '.join(line.name for line in lines)} over the threshold"
    return _render(
        "sweep", description + (f"; the chosen one is {chosen:.4g}" if chosen is not None else ""), draw
    ), lines


def _compute_logit(probability):
    return math.log(probability / (1 - probability))


def draw_curves(curves, points):
    """Draw precision over recall: all labels in front, each label a faint line behind that the page can bring forth.

    Args:
        curves: dict of name to [[recall, precision], ...]; the first is of all labels.
        points: dict of name to (recall, precision) at the thresholds in use; a name may be absent.

    Returns:
        An <svg> element. The line of label i (from 1) has the class "curve" and the name as its title.
    """
    (first, *others) = curves

    def draw(figure):
        axis = figure.subplots()
        axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
        for place, name in enumerate(others, 1):
            axis.plot(*zip(*curves[name], strict=True), color=COLOURS["orange"], linewidth=1, gid=f"curve-{place}")
            if name in points:
                axis.plot(*points[name], "o", color=COLOURS["orange"], markersize=5, gid=f"point-{place}")
        axis.plot(*zip(*curves[first], strict=True), color=COLOURS["blue"], linewidth=2.2)
        if first in points:
            axis.plot(*points[first], "o", color=COLOURS["blue"], markersize=7)

    svg = _render("curves", f"Precision over recall of {first} and of {len(others)} labels", draw)

    def add_title(found):
        kind, place = found["kind"], int(found["place"])
        title = f"<title>{escape(others[place - 1])}</title>" if kind == "curve" else ""
        return f'<g id="curves-{kind}-{place}" class="{kind}">{title}'

    return Markup(re.sub(r'<g id="curves-(?P<kind>curve|point)-(?P<place>\d+)">', add_title, svg))


def draw_reliability(bins):
    """Draw how often what is given a probability is right, and below it how many there are.

    Args:
        bins: dicts with "low", "high", "count", "mean_probability", "share_right"; a bin without a count is left out.

    Returns:
        An <svg> element.
    """
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    filled = [each for each in bins if each["count"]]

    def draw(figure):
        axis, below = figure.subplots(2, height_ratios=(3, 1), sharex=True)
        axis.plot([0, 1], [0, 1], color=COLOURS["muted"], linewidth=1, linestyle="dashed")
        means, shares = ([each[key] for each in filled] for key in ("mean_probability", "share_right"))
        axis.plot(means, shares, "o-", color=COLOURS["blue"], markersize=5, clip_on=False)
        axis.set(ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
        widths = [each["high"] - each["low"] for each in filled]
        lows, counts = ([each[key] for each in filled] for key in ("low", "count"))
        below.bar(lows, counts, widths, align="edge", color=COLOURS["blue"], linewidth=0)
        # Nearly all labels are far from nearly all texts, so that all but the first bar would vanish on a linear scale.
        below.set(xlabel="probability", ylabel="count", yscale="log", ylim=(0.7, 2 * max(counts, default=1)))
        below.yaxis.set_major_locator(LogLocator(numticks=4))
        below.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        below.yaxis.set_minor_locator(NullLocator())
        below.grid(visible=False)

    return _render("calibration", "Reliability diagram: share that is right over probability", draw)


def draw_lengths(edges, texts, *, cut=None):
    """Draw how many texts have how many tokens, with the length limit marked.

    Args:
        edges: k + 1 ascending token counts.
        texts: k counts.
        cut: the most tokens that the encoder reads, or None.

    Returns:
        An <svg> element.
    """

    def draw(figure):
        axis = figure.subplots()
        axis.stairs(texts, edges, fill=True, color=COLOURS["blue"])
        axis.set(xlabel="tokens", ylabel="texts", xlim=(edges[0], edges[-1]))
        axis.grid(visible=False, axis="x")
        if cut is not None and cut <= edges[-1]:
            axis.axvline(cut, color=COLOURS["orange"], linewidth=1.4)
            side = -1 if cut > (edges[0] + edges[-1]) / 2 else 1
            axis.annotate(
                f"limit {cut:,}",
                (cut, 1),
                (5 * side, -3),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                color=COLOURS["orange"],
                horizontalalignment="right" if side < 0 else "left",
                verticalalignment="top",
            )

    limit = f"; the limit is {cut:,}" if cut is not None else ""
    return _render("lengths", f"Histogram of {sum(texts):,} texts by their number of tokens{limit}", draw)


def draw_training(history):
    """Draw training loss and dev score over the epochs, one above the other.

    Args:
        history: dicts with "epoch", "loss" and "dev_score"; not empty.

    Returns:
        An <svg> element.
    """
    from matplotlib.ticker import MaxNLocator

    def draw(figure):
        axes = figure.subplots(2, sharex=True)
        for axis, key, colour, title in zip(
            axes, ("dev_score", "loss"), ("blue", "orange"), ("dev score", "loss"), strict=True
        ):
            values = [math.nan if row[key] is None else row[key] for row in history]
            axis.plot([row["epoch"] for row in history], values, "o-", color=COLOURS[colour], markersize=4)
            axis.set_ylabel(title)
        axes[1].set(xlabel="epoch", ylim=(0, None))
        axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))

    return _render("training", "Dev score and training loss of each epoch", draw)
