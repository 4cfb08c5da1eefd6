"""Says how the figures of a page were measured: a line for each definition, and the facts of the evaluation."""

from zhlabel.decisions.thresholds import Thresholds

_COMMON = {
    "macro avg": (
        "macro average",
        "Mean over the labels, each of equal weight; a label that never occurs counts as 0.",
    ),
    "weighted avg": ("weighted average", "Mean over the labels, each weighted by its support."),
    "samples avg": ("samples average", "Mean over the texts."),
}
_LABEL_DEFINITIONS = (
    ("precision", "Share of what was given that is right; 0 where nothing was given."),
    ("recall", "Share of what was to be found that was given; 0 where nothing was to be found."),
    ("F1", "Harmonic mean of precision and recall."),
    ("support", "How often the label stands in the gold data."),
)
_OPTIONAL = {
    "false_positives": ("false positives", "How often the label was given and is not gold."),
    "false_negatives": ("false negatives", "How often the label is gold and was not given."),
    "average_precision": ("average precision", "Area under precision over recall, whatever the threshold."),
    "roc_auc": (
        "ROC-AUC",
        "Chance that a text with the label gets a higher probability than one without, whatever the threshold.",
    ),
}
_FURTHER = {
    "no label too many": "Share of texts that got only gold labels, and at least one unless gold has none.",
    "at most one too many, none missing": "Share of texts that have every gold label and at most one beside them.",
    "label ranking average precision": "Of the labels ranked at or above a gold one, the share that is gold.",
    "coverage error": "How many labels one must take from the most probable on to have all gold ones; less is better.",
}


def list_definitions(report, task):
    """Define the figures that the page shows.

    Args:
        report: the evaluation's report.
        task: its task, for ``definitions``.

    Returns:
        Pairs of a name and a sentence.
    """
    known = {**task.definitions, **_COMMON}
    rows = report["labels"].values()
    definitions = [*_LABEL_DEFINITIONS, *(text for key, text in known.items() if key in report)]
    definitions += [text for key, text in _OPTIONAL.items() if any(key in row for row in rows)]
    further = {**report.get("relaxed", {}), **report.get("ranking", {})}
    definitions += [pair for pair in _FURTHER.items() if pair[0] in further]
    if report.get("intervals"):
        definitions.append(("95 % interval", "Bootstrap: the texts drawn again with replacement, many times."))
    if report.get("calibration"):
        definitions += [
            ("Brier score", "Mean squared distance of the probability from what is true (1 or 0); less is better."),
            ("ECE", "Expected calibration error: mean gap between probability and share right, weighted by count."),
        ]
    return definitions


def list_facts(report):
    """Return what was scored, by which threshold and how fast.

    Args:
        report: the evaluation's report.

    Returns:
        Pairs of a name and a value; None values are left out.
    """
    data, settings, thresholds = (
        report["data"],
        report.get("settings", {}),
        Thresholds.from_record(report.get("thresholds", {})),
    )
    facts = {
        "run": report["run"],
        "evaluated": report.get("date"),
        "checkpoint": report.get("checkpoint"),
        "seed": None if "seed" not in settings else str(settings["seed"]),
        "data file": data["file"],
        "SHA-256": data.get("sha256"),
        "texts": data["texts"],
        "texts cut at the length limit": data.get("truncated"),
        "texts in several windows": data.get("windowed"),
        "length limit, tokens": data.get("max_length"),
        "training file": data.get("train_file"),
        "threshold": _write_plainly(thresholds.common),
        "labels with their own threshold": len(thresholds.labels or {}) or None,
        "threshold: goal": thresholds.goal or None,
        "threshold: labels per text": thresholds.labels_per_text or None,
        "temperature": _write_plainly(report.get("calibration", {}).get("temperature")),
        "parameters": report.get("parameters", {}).get("all"),
        "of these trained": report.get("parameters", {}).get("trainable"),
        "size on disk, MiB": _write_plainly(report.get("size_mib")),
        "peak memory, MiB": _write_plainly(report.get("peak_memory_mib")),
        "seconds": _write_plainly(report.get("seconds")),
        "texts per second": _write_plainly(report.get("texts_per_second")),
    }
    return [(name, value) for name, value in facts.items() if value is not None]


def list_settings(report):
    """Return the training's settings that differ from the defaults or were chosen by themselves, as constants.

    Args:
        report: the evaluation's report.

    Returns:
        Pairs of a name and a text.

    >>> list_settings({"settings": {"epochs": 3, "seed": 1, "lora_targets": ["query"]}, "changed": ["epochs"]})
    [('EPOCHS', '3')]
    """
    changed = ((name, report["settings"][name]) for name in report.get("changed", []))
    return [
        (name.upper(), ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))
        for name, value in changed
    ]


def _write_plainly(value):
    """Write a number without the zeros at its end."""
    return f"{value:,.6g}" if isinstance(value, float) else value
