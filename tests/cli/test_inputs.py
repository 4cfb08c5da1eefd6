"""Which texts a script takes, and how its progress is told."""

import io
import sys

import pytest

from zhlabel.cli.inputs import choose_texts
from zhlabel.cli.progress import Progress, TerminalProgress
from zhlabel.errors import InputError


class Terminal(io.StringIO):
    """Standard input at a terminal."""

    def isatty(self):
        """Return True."""
        return True


def choose(texts, input_file="", *, is_given=False, **options):
    read = {"read": lambda path: iter([f"of {path}"]), "read_stream": lambda stream: iter(stream.read().split())}
    return choose_texts(texts, input_file, is_given=is_given, script_name="x.py", **read, **options)


@pytest.mark.parametrize(
    ("texts", "input_file", "stream", "expected", "number"),
    [
        (("own",), "a.txt", io.StringIO("line"), ["of a.txt"], None),
        (("own",), "", io.StringIO("one two"), ["one", "two"], None),
        (("own",), "", Terminal("one"), ["own"], 1),
        (("own",), "", None, ["own"], 1),
        (("given", "too"), "", io.StringIO("line"), ["given", "too"], 2),
    ],
)
def test_given_texts_come_before_standard_input_and_that_before_the_scripts_own(
    monkeypatch, texts, input_file, stream, expected, number
):
    monkeypatch.setattr(sys, "stdin", stream)
    found, total = choose(texts, input_file, is_given=texts != ("own",))
    assert (list(found), total) == (expected, number)


def test_given_texts_count_also_where_they_are_the_scripts_own(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("line"))
    assert list(choose(("own",), is_given=True)[0]) == ["own"]


def test_a_file_is_counted_if_wanted_and_given_texts_beside_it_are_refused():
    assert choose(("own",), "a.txt", count=len)[1] == 5
    with pytest.raises(InputError, match=r"x\.py: texts are given and --input-file a\.txt too"):
        choose(("given",), "a.txt", is_given=True)


def test_standard_input_is_announced(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    choose(("own",), progress=TerminalProgress(file=sys.stderr))
    assert capsys.readouterr() == ("", "reading texts from standard input, a line each\n")
    choose(("own",), progress=Progress())
    assert capsys.readouterr() == ("", "")


def test_items_are_followed_as_steps_to_the_end():
    stream = io.StringIO()
    progress = TerminalProgress("text", file=stream)
    assert list(progress.follow("abc", 3, "counting")) == ["a", "b", "c"]
    assert "3/3" in stream.getvalue() and "counting" in stream.getvalue() and stream.getvalue().endswith("\n")
    progress.step(2_000_000, None, "read", unit=" characters")
    progress.step(3_000_000, None, "read", unit=" characters")
    progress.close()
    assert "3.00M characters" in stream.getvalue()
