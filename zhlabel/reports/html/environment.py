"""Renders a page's template, with the style, the script and the formats that all pages share."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zhlabel.io.files import write_whole
from zhlabel.reports.html import tables

_FOLDER = Path(__file__).parent
_INLINE = ("style_css", "script_js")


def write_template(path, template, **values):
    """Write a page: a template of this folder with its values. All of these are escaped.

    Args:
        path: the file; an earlier one is replaced.
        template: its name.
        **values: what it shows; one that it needs and that is absent is an error.
    """
    text = _build_environment().get_template(template).render(**values)
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
        "number": tables.format_number,
        "bar": tables.measure_bar,
        "breakable": tables.break_lists,
        "is_long": tables.is_long,
    }
    # Both are our own files, and escaping would break them.
    environment.globals |= {key: Markup((_FOLDER / key.replace("_", ".")).read_text("utf-8")) for key in _INLINE}
    return environment
