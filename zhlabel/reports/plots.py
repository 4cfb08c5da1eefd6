"""Draws the pictures that lie in a run's folder: the training curve and the sweep over thresholds."""

import contextlib

from zhlabel.io.files import write_whole

_ORANGE, _BLUE = "#b5541c", "#1c6bb5"


@contextlib.contextmanager
def _draw(path, *, width=7, height=4):
    """Return a matplotlib figure and write it as SVG, the same bytes for the same data, text kept as text."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "zhlabel"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with write_whole(path, binary=True) as stream:
            figure.savefig(stream, format="svg", metadata={"Date": None})


def draw_history(history, path, *, score_name="micro F1"):
    """Draw the training loss and the dev score of each epoch into one SVG picture, text kept as text.

    Args:
        history: a list of dicts with "epoch", "loss" and "dev_score".
        path: the .svg file; an earlier one is replaced.
        score_name: what the dev score is.
    """
    from matplotlib.ticker import MaxNLocator

    epochs = [row["epoch"] for row in history]
    with _draw(path) as figure:
        loss_axis = figure.subplots()
        loss_axis.plot(epochs, [row["loss"] for row in history], "o-", color=_ORANGE, label="training loss")
        loss_axis.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
        loss_axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        score_axis = loss_axis.twinx()
        scores = [row["dev_score"] for row in history]
        best = max(range(len(scores)), key=scores.__getitem__)
        score_axis.plot(epochs, scores, "s-", color=_BLUE, label=f"dev {score_name}")
        score_axis.annotate(f"{scores[best]:.4f}", (epochs[best], scores[best]), (0, 6), textcoords="offset points")
        score_axis.set(ylabel=f"dev {score_name}", ylim=(0, 1.05))
        figure.legend(loc="outside upper center", ncols=2, frameon=False)


def draw_sweep(rows, path, *, chosen=None):
    """Draw the scores at each threshold, by probability and by logit.

    Args:
        rows: what ``sweep.sweep_thresholds`` gives.
        path: the .svg file; an earlier one is replaced.
        chosen: the threshold in use, which is marked; None marks nothing.
    """
    figures = [name for name in rows[0] if name not in ("threshold", "logit")]
    with _draw(path, width=10, height=4.5) as figure:
        for axis, scale in zip(figure.subplots(1, 2, sharey=True), ("threshold", "logit"), strict=True):
            for name in figures:
                axis.plot([row[scale] for row in rows], [row[name] for row in rows], label=name, linewidth=1.4)
            axis.set(xlabel="probability" if scale == "threshold" else "logit", ylim=(0, 1.02))
            if chosen is not None:
                place = min(rows, key=lambda row: abs(row["threshold"] - chosen))[scale]
                axis.axvline(place, color="#888888", linestyle="--", linewidth=1)
        figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
