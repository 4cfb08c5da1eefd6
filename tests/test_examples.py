"""examples/: each runs cell by cell as it stands, in a folder with the bundled data and checkpoint alone."""

import re

import pytest
import toy

EXAMPLES = sorted((toy.ROOT / "examples").glob("*.py"))


def split_cells(source):
    """Return the cells of a file with ``# %%`` marks, each with the lines of the file that it had."""
    places = [found.start() for found in re.finditer(r"^# %%", source, re.MULTILINE)]
    for start, end in zip(places, [*places[1:], len(source)], strict=True):
        yield "\n" * source[:start].count("\n") + source[start:end]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_cells_of_an_example_run_in_order(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("data", "albert_tiny"):
        (tmp_path / name).symlink_to(toy.ROOT / name)
    cells, names = list(split_cells(path.read_text(encoding="utf-8"))), {}
    assert len(cells) > 3
    for cell in cells:
        exec(compile(cell, path, "exec"), names)
    out = capsys.readouterr().out
    assert "Run(runs/albert_tiny-multi_label-1, multi_label, 14 labels)" in out and "micro F1 0." in out
    assert sorted(each.name for each in tmp_path.iterdir()) == ["albert_tiny", "data", "runs"]


def test_there_are_examples():
    assert EXAMPLES
