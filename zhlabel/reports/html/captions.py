"""Joins each figure with its legend and what stands beside it; a figure whose data is absent is None."""

from dataclasses import dataclass

from zhlabel.decisions.thresholds import Thresholds
from zhlabel.reports.html import charts

_CURVE_LABELS = 100  # the commonest; more lines are not told apart, and each makes the page larger


@dataclass(frozen=True)
class Picture:
    """A figure with its text.

    Attributes:
        svg: the <svg> element.
        text: what it shows, one or two sentences.
        legend: figures.Lines.
        facts: pairs of a name and a value.
        choices: pairs of a label and its facts, of which the reader may bring one forth.
    """

    svg: str
    text: str
    legend: tuple = ()
    facts: tuple = ()
    choices: tuple = ()


def build_sweep(report, sweep):
    """Draw the sweep over thresholds, or None without one.

    Args:
        report: the evaluation's report.
        sweep: dicts with "threshold", "logit" and figures, ascending.
    """
    if not sweep:
        return None
    chosen = Thresholds.from_record(report.get("thresholds", {})).common
    svg, lines = charts.draw_sweep(sweep, chosen=chosen)
    facts = [("chosen threshold", chosen)] if chosen is not None else []
    text = "Figures on this file if one threshold held for all labels."
    best = max(sweep, key=lambda row: row["f1-score"] or 0)
    facts += [("best micro F1 of this file", best["f1-score"]), ("at the threshold", best["threshold"])]
    text += " The best here is a look back, not a choice: a threshold chosen on the file that it is scored on flatters."
    return Picture(svg, text, tuple(lines), tuple(facts))


def build_curves(report, curves):
    """Draw precision over recall, or None without curves.

    Args:
        report: the evaluation's report.
        curves: dict of name to [[recall, precision], ...]; the first is of all labels.
    """
    if not curves:
        return None
    labels = report["labels"]
    first, *others = curves
    kept = sorted(others, key=lambda name: -labels.get(name, {}).get("support", 0))[:_CURVE_LABELS]
    points = {name: _find_point(labels[name]) for name in kept if name in labels}
    if "micro avg" in report:
        points[first] = _find_point(report["micro avg"])
    svg = charts.draw_curves({name: curves[name] for name in (first, *kept)}, points)
    text = "The thick line is of all labels together" + ("; its dot is what was decided." if first in points else ".")
    if len(kept) < len(others):
        text += f" Each faint line is one of the {len(kept)} commonest labels."
    elif kept:
        text += " Each faint line is a label."
    return Picture(svg, text, choices=tuple((name, labels.get(name, {})) for name in kept))


def _find_point(row):
    return row["recall"], row["precision"]


def build_calibration(report):
    """Draw the reliability diagram, or None where the report has no calibration or counted nothing for it.

    Args:
        report: the evaluation's report.
    """
    calibration = report.get("calibration")
    if not calibration or not any(each["count"] for each in calibration["bins"]):
        return None
    facts = tuple((name, calibration.get(key)) for name, key in (("Brier score", "brier"), ("ECE", "ece")))
    text = "On the dashed line a probability keeps its word: of what is given 0.8, eight in ten are right."
    if calibration.get("events"):
        text += f" Counted: {calibration['events']}."
    return Picture(charts.draw_reliability(calibration["bins"]), text, facts=facts)


def build_lengths(report):
    """Draw the lengths of the texts, or None where the report has none.

    Args:
        report: the evaluation's report.
    """
    data = report["data"]
    lengths = data.get("lengths")
    if not lengths or not lengths["texts"]:
        return None
    svg = charts.draw_lengths(lengths["edges"], lengths["texts"], cut=data.get("max_length"))
    facts = (
        ("texts", data["texts"]),
        ("cut at the length limit", data.get("truncated")),
        ("in several windows", data.get("windowed")),
    )
    return Picture(svg, "Tokens of each text, before any cut.", facts=facts)


def build_training(history):
    """Draw the epochs of the training, or None without any.

    Args:
        history: dicts with "epoch", "loss" and "dev_score".
    """
    if not history:
        return None
    scored = [row for row in history if row["dev_score"] is not None]
    best = max(scored, key=lambda row: row["dev_score"], default=None)
    facts = (("best epoch", best["epoch"]), ("its dev score", best["dev_score"])) if best else ()
    return Picture(charts.draw_training(history), "The weights of the best epoch were kept.", facts=facts)
