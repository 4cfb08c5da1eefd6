"""An evaluation as one self-contained page: report.html.

cells.py     numbers as people read them; tables whose cells know how to be shown
figures.py   SVG that takes its colours and its font from the page
pictures.py  each figure with its legend and text
parts.py     what of a report each part of the page shows
entities.py  wrong entities marked in their texts
measured.py  definitions, and the facts of the evaluation
page.html    the page; blocks.html its building blocks; style.css and script.js stand inside it
"""

from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zhlabel.files import write_whole
from zhlabel.page import cells, measured, parts, pictures

_FOLDER = Path(__file__).parent


def write_page(path, report, *, sweep, curves, errors, error_total, error_file, confusions, suspects, history):
    """Write an evaluation as one HTML file that needs no network: figures, tables that sort and search, errors.

    A part whose data is absent or empty is absent; a value that is None is a dash. Equal input gives equal bytes. All
    names and texts are escaped.

    Args:
        path: the file; an earlier one is replaced.
        report: what report.json holds. Read where present, besides its other keys: "relaxed", "intervals", "ranking",
            "calibration", "notes"; of "data" "max_length" and "lengths"; of a label "average_precision", "roc_auc",
            "train_texts" and "threshold".
        sweep: dicts with "threshold", "logit", "precision", "recall", "f1-score" and, where there are any, "macro
            f1-score" and "accuracy", over ascending thresholds; or [].
        curves: dict of name to [[recall, precision], ...], all labels together first; or {}.
        errors: dicts of equal keys, the rows that the page lists.
        error_total: how many errors there are in the file of them.
        error_file: that file's name.
        confusions: dicts with "gold", "instead" and "texts" or "entities", the commonest first; "" is for nothing.
        suspects: dicts of equal keys, the rows of the data that may be labelled wrongly.
        history: dicts with "epoch", "loss" and "dev_score"; or [].
    """
    name = PurePosixPath(report["run"]).name
    page = _build_environment().get_template("page.html")
    text = page.render(
        report=report,
        title=f"{name} on {PurePosixPath(report['data']['file']).name}",
        name=name,
        task=parts.TASKS[report["task"]],
        headlines=parts.pick_headlines(report),
        averages=parts.build_averages(report),
        further=parts.pick_further(report),
        notes=report.get("notes", []),
        labels=parts.build_labels(report),
        entity_lengths=parts.build_entity_lengths(report),
        sweep=pictures.build_sweep(report, sweep),
        curves=pictures.build_curves(report, curves),
        calibration=pictures.build_calibration(report),
        heat_map_rows=parts.build_heat_map(report),
        confusions=parts.build_confusions(confusions),
        frequencies=parts.build_frequencies(report),
        lengths=pictures.build_lengths(report),
        training=pictures.build_training(history),
        errors=parts.build_rows(errors, name="error-table", caption="Errors"),
        error_total=error_total,
        error_file=error_file,
        suspects=parts.build_rows(suspects, name="suspect-table", caption="Suspected label errors"),
        definitions=measured.list_definitions(report),
        facts=measured.list_facts(report),
    )
    with write_whole(path) as stream:
        stream.write(text)


def _build_environment():
    environment = Environment(
        loader=FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": cells.format_number,
        "bar": cells.measure_bar,
        "breakable": cells.break_lists,
        "is_long": cells.is_long,
    }
    # Both are our own files, and escaping would break them.
    environment.globals |= {key: Markup((_FOLDER / key.replace("_", ".")).read_text("utf-8")) for key in _INLINE}
    return environment


_INLINE = ("style_css", "script_js")
