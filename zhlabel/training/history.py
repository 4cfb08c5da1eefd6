"""The epochs of a training as a table and a picture: history.csv, history.svg."""

from zhlabel.io.delimited import write_csv
from zhlabel.reports.plots import draw_history


def write_history(history, folder, *, score_name):
    """Write a training's epochs as history.csv, one row each, and the curve as history.svg.

    Args:
        history: a list of dicts with "epoch", "loss" and "dev_score".
        folder: where to.
        score_name: what the dev score is.
    """
    write_csv(history, list(history[0]), folder / "history.csv")
    draw_history(history, folder / "history.svg", score_name=score_name)
