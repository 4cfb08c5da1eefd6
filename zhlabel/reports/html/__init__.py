"""An evaluation as one self-contained page: report.html.

tables.py    numbers as people read them; tables whose cells know how to be shown
charts.py    SVG that takes its colours and its font from the page
captions.py  each figure with its legend and text
sections.py  what of a report each part of the page shows
entities.py  wrong entities marked in their texts
definitions.py  definitions, and the facts of the evaluation
environment.py  a template and its values to a file
base.html    what every page has, style.css and script.js in it; blocks.html building blocks
page.html    an evaluation's page; check.html that of labelled files
"""

from pathlib import PurePosixPath

from zhlabel.reports.html import captions, definitions, sections
from zhlabel.reports.html.environment import write_template


def write_page(path, report, *, task, sweep, curves, errors, error_total, confusions, suspects, history):
    """Write an evaluation as one HTML file that needs no network: figures, tables that sort and search, errors.

    A part whose data is absent or empty is absent; a value that is None is a dash. Equal input gives equal bytes. All
    names and texts are escaped.

    Args:
        path: the file; an earlier one is replaced.
        report: what report.json holds. Read where present, besides its other keys: "relaxed", "intervals", "ranking",
            "calibration", "notes", "checkpoint", "settings", "changed", "date"; of "data" "max_length" and "lengths";
            of a label "false_positives", "false_negatives", "average_precision", "roc_auc", "train_texts", "threshold".
        task: its task, for ``title``, ``unit``, ``definitions`` and ``error_file``.
        sweep: dicts with "threshold", "logit", "precision", "recall", "f1-score" and, where there are any, "macro
            f1-score" and "accuracy", over ascending thresholds; or [].
        curves: dict of name to [[recall, precision], ...], all labels together first; or {}.
        errors: dicts of equal keys, the rows that the page lists.
        error_total: how many errors there are in the file of them.
        confusions: dicts with "gold", "instead" and "texts" or "entities", the commonest first; "" is for nothing.
        suspects: dicts of equal keys, the rows of the data that may be labelled wrongly.
        history: dicts with "epoch", "loss" and "dev_score"; or [].
    """
    name = PurePosixPath(report["run"]).name
    write_template(
        path,
        "page.html",
        report=report,
        title=f"{name} on {PurePosixPath(report['data']['file']).name}",
        name=name,
        task=task,
        headlines=sections.pick_headlines(report, task),
        averages=sections.build_averages(report),
        further=sections.pick_further(report),
        notes=report.get("notes", []),
        labels=sections.build_labels(report),
        entity_lengths=sections.build_entity_lengths(report),
        sweep=captions.build_sweep(report, sweep),
        curves=captions.build_curves(report, curves),
        calibration=captions.build_calibration(report),
        heat_map_rows=sections.build_heat_map(report),
        confusions=sections.build_confusions(confusions),
        frequencies=sections.build_frequencies(report, task),
        lengths=captions.build_lengths(report),
        training=captions.build_training(history),
        errors=sections.build_rows(errors, name="error-table", caption="Errors"),
        error_total=error_total,
        suspects=sections.build_rows(suspects, name="suspect-table", caption="Suspected label errors"),
        definitions=definitions.list_definitions(report, task),
        facts=definitions.list_facts(report),
        settings=definitions.list_settings(report),
    )
