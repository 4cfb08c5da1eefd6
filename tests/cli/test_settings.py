"""settings.py: constants become flags, and whatever does not fit is named before anything starts."""

import dataclasses
import importlib
import math
import subprocess
import sys

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.cli.settings import declare_types, format_changes, format_help, read_settings
from zhlabel.errors import InputError
from zhlabel.training.settings import TrainingSettings

SOURCE = '''#!/usr/bin/env python3
"""Trains a model.

Second paragraph.
"""

import sys
from zhlabel.cli.settings import run_script

# what to learn
TASK = "multi_label"  # multi_label or multi_class
TRAIN_FILE = "data/train.csv"
MAX_LENGTH = 128  # tokens, [CLS] and [SEP] included
LEARNING_RATE = 2e-4
SHUFFLE = True
METHODS = ["tfidf", "yake"]
RUN = ""  # "" means a new one
_PRIVATE = 1
mixed = 2


@staticmethod
def main(settings):
    LATER = 3
    # a comment of the function
    print(settings.max_length, settings.methods, file=sys.stdout)


AFTER = 4
if __name__ == "__main__":
    run_script(main, globals())
'''
LIMITS = {"TASK": ("multi_label", "multi_class"), "MAX_LENGTH": (3, 512), "LEARNING_RATE": (0.0, math.inf)}
CONSTANTS = {
    "TASK": "multi_label",
    "TRAIN_FILE": "data/train.csv",
    "MAX_LENGTH": 128,
    "LEARNING_RATE": 2e-4,
    "SHUFFLE": True,
    "METHODS": ["tfidf", "yake"],
    "RUN": "",
    "AFTER": 4,
}


def read(*arguments, **options):
    options = {"limits": LIMITS, "name": "model_train.py", **options}
    return read_settings(SOURCE, CONSTANTS, list(arguments), **options)


def read_one(value, *arguments, limit=None):
    return read_settings("X = 0", {"X": value}, list(arguments), limits={"X": limit} if limit else None).x


def refuse(*arguments, **options):
    return toy.refuse(read, *arguments, **options)


def test_the_constants_above_the_first_function_are_the_fields_in_order():
    settings = read()
    names = [field.name for field in dataclasses.fields(settings)]
    assert names == ["task", "train_file", "max_length", "learning_rate", "shuffle", "methods", "run"]
    assert settings.methods == ("tfidf", "yake")
    assert dataclasses.asdict(settings)["max_length"] == 128


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().max_length = 5


def test_annotated_and_double_assignments_count_and_the_decorator_ends_the_constants():
    source = "A: int = 1\nB = C = 2\n@final\nclass D:\n    E = 3\nF = 4"
    assert dataclasses.asdict(read_settings(source, {"A": 1, "B": 2, "C": 2, "F": 4}, [])) == {"a": 1, "b": 2, "c": 2}


def test_a_flag_is_given_in_either_spelling():
    for arguments in (["--max-length", "64", "--run", "a=b"], ["--max-length=64", "--run=a=b"]):
        assert (read(*arguments).max_length, read(*arguments).run) == (64, "a=b")
    assert read("--run=").run == ""
    assert read("--run", "").run == ""
    assert read("--run=--x").run == "--x"


@pytest.mark.parametrize(
    ("default", "text", "value"),
    [
        (1, "-7", -7),
        (1.0, "1", 1.0),
        (1.0, "1e-4", 1e-4),
        ("", "001", "001"),
        (["a"], "b, c,", ("b", "c")),
        (["a"], "", ()),
        (("a",), "b", ("b",)),
    ],
)
def test_a_value_is_read_as_its_constant_is(default, text, value):
    result = read_one(default, "--x", text)
    assert result == value and type(result) is type(value)


@pytest.mark.parametrize("text", ["true", "YES", "1", "false", "No", "0"])
def test_true_and_false_have_three_spellings(text):
    assert read_one(False, "--x", text) is (text.lower() in ("true", "yes", "1"))


@pytest.mark.parametrize(
    ("default", "text", "wanted"),
    [
        (1, "1.5", "a whole number"),
        (1, "ten", "a whole number"),
        (1, "", "a whole number"),
        (1, "true", "a whole number"),
        (1.0, "1,5", "a number"),
        (1.0, "nan", "a number"),
        (1.0, "inf", "a number"),
        (True, "2", "true or false"),
        (True, "", "true or false"),
    ],
)
def test_a_value_of_another_type_is_refused(default, text, wanted):
    with pytest.raises(InputError, match=f"--x {text}: expected {wanted}"):
        read_one(default, "--x", text)


@given(st.integers())
def test_every_whole_number_comes_through(number):
    assert read_one(0, f"--x={number}") == number
    assert read_one(0, "--x", str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_through(number):
    assert read_one(0.5, f"--x={number!r}") == number


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_through(text):
    assert read_one("", f"--x={text}") == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_text_comes_through_bare_behind_two_dashes(texts):
    settings = read_settings("TEXTS = ['a']", {"TEXTS": ["a"]}, ["--", *texts], bare="TEXTS")
    assert settings.texts == (tuple(texts) or ("a",))


@given(st.lists(st.text("-=ae —x\udc80", max_size=6)))
def test_any_command_line_is_read_or_refused(arguments):
    for bare in ("", "METHODS"):
        try:
            read(*arguments, bare=bare)
        except InputError as problem:
            assert str(problem).startswith("model_train.py: ")


def test_a_list_takes_its_flag_several_times():
    assert read("--methods", "a,b", "--methods=c").methods == ("a", "b", "c")


def test_a_single_value_given_twice_is_refused():
    assert "--run is given more than once; keep one of a and b" in refuse("--run", "a", "--run", "b")


@pytest.mark.parametrize("word", ["--max-lenght", "-max-length", "--maxlength=5"])
def test_an_unknown_flag_stops_with_the_nearest_name(word):
    message = refuse(word, "64") if "=" not in word else refuse(word)
    assert "--max-length" in message and message.startswith("model_train.py: ")


@pytest.mark.parametrize("word", ["--max_length", "--MAX-LENGTH", "--MAX_LENGTH=64"])
def test_underscores_and_capitals_are_the_same_flag(word):
    assert read(word, *([] if "=" in word else ["64"])).max_length == 64
    assert "--max-length is given more than once" in refuse("--max-length", "64", "--max_length", "65")


def test_what_the_command_line_gave_is_known():
    assert type(read("--max_length", "128", "--run=a")).given == {"max_length", "run"}


def test_a_number_may_be_left_open():
    limit = ("", 0.0, 1.0)
    assert read_one("", limit=limit) == "" and read_one(0.5, "--x", "", limit=limit) == ""
    assert [type(read_one(value, limit=limit)) for value in (1, 0.5)] == [float, float]
    assert read_one("", "--x", "1", limit=limit) == 1.0
    with pytest.raises(InputError, match=r"--x much: expected a number .*to have it chosen"):
        read_one("", "--x", "much", limit=limit)
    with pytest.raises(InputError, match="--x 2: must be from"):
        read_one("", "--x", "2", limit=limit)
    with pytest.raises(InputError, match="X = '', expected a number"):
        read_one("", limit=(0.0, 1.0))


def test_a_flag_like_nothing_leads_to_help():
    assert "there is no flag --zzz; --help lists" in refuse("--zzz")


@pytest.mark.parametrize("dash", ["—", "–", "－", "−"])
def test_a_dash_that_is_no_hyphen_is_named_even_where_texts_are_taken(dash):
    assert "flags begin with two hyphens: --run" in refuse(f"{dash}run", "x", bare="METHODS")
    assert read(f"{dash}记者从现场报道", bare="METHODS").methods == (f"{dash}记者从现场报道",)


@pytest.mark.parametrize("arguments", [["--run"], ["--run", "--shuffle", "no"], ["--run", "--"]])
def test_a_flag_without_a_value_is_named(arguments):
    assert "--run needs a value" in refuse(*arguments)


def test_bare_arguments_are_refused_by_name_with_the_likely_flag():
    assert "no flag stands before data.csv" in refuse("data.csv")
    assert "the nearest is --max-length" in refuse("MAX_LENGTH=64")
    assert "a, b, c, d, e and 2 more" in refuse(*"abcdefg")


def test_bare_arguments_fill_their_constant_whole():
    assert read("一,二", "--run", "r", "三", "", bare="METHODS").methods == ("一,二", "三", "")
    assert read("--methods", "一,二", "三", bare="METHODS").methods == ("一,二", "三")
    assert read("--", "--run", "-x", bare="METHODS").methods == ("--run", "-x")
    assert read("-", bare="METHODS").methods == ("-",)
    assert "methods comes after a lone --" in refuse("-5度", bare="METHODS").replace("one of the methods ", "methods ")


def test_all_problems_are_told_at_once():
    message = refuse("--epoch", "3", "--max-length", "x", "--task=none", "--shuffle", "perhaps")
    lines = message.split("\n")
    assert lines[0] == "model_train.py: 5 settings are wrong, so nothing was started."
    assert len(lines) == 6
    for part in ("--epoch;", "before 3", "--max-length x", "--task none", "--shuffle perhaps"):
        assert part in message


def test_one_problem_stands_in_the_first_line():
    assert refuse("--max-length=x") == "model_train.py: --max-length x: expected a whole number such as 10."


def test_a_choice_and_a_range_are_kept():
    assert "is not one of multi_label, multi_class; the nearest is multi_class" in refuse("--task", "multi-class")
    assert "--max-length 513: must be from 3 to 512" in refuse("--max-length", "513")
    assert "--learning-rate -1: must be at least 0.0" in refuse("--learning-rate", "-1")
    assert read("--max-length", "512", "--task", "multi_class").max_length == 512
    with pytest.raises(InputError, match="--x a,c: is not one of a, b"):
        read_one(["a"], "--x", "a,c", limit=("a", "b"))


@pytest.mark.parametrize(
    ("value", "limit", "message"),
    [
        (None, None, "line 1: X = None, expected a text, a number"),
        ({}, None, "line 1: X = {}, expected a text, a number"),
        ([1], None, r"line 1: X = \[1\], expected a text, a number"),
        (0, (1, 5), "line 1: X = 0 must be from 1 to 5"),
        ("3", (1, 5), "line 1: X = '3', expected a whole number"),
        (2.5, (1, 5), "line 1: X = 2.5, expected a whole number"),
        (True, (1, 5), "line 1: X = True, expected a whole number"),
        ("no", ("yes", "maybe"), "line 1: X = 'no' is not one of yes, maybe"),
    ],
)
def test_a_bad_constant_in_the_file_is_named_with_its_line(value, limit, message):
    with pytest.raises(InputError, match=message):
        read_one(value, limit=limit)
    with pytest.raises(InputError, match=message):
        read_one(value, "--x", "1", limit=limit)


def test_a_range_of_fractions_keeps_an_edited_whole_number_a_fraction():
    assert read_one(1, "--x", "0.5", limit=(0.0, 1.0)) == 0.5
    assert type(read_one(1, limit=(0.0, 1.0))) is float


def test_a_constant_that_was_removed_is_named():
    with pytest.raises(InputError, match="constant SEED is missing"):
        read(limits={"SEED": (0, 9)})


def test_bytes_of_another_encoding_are_refused():
    assert "set the terminal to UTF-8" in refuse("--run", "\udcb0\udca1")


def test_only_what_differs_from_the_file_is_listed():
    assert format_changes(read(), CONSTANTS) == []
    settings = read("--methods=yake", "--max-length", "64", "--task", "multi_label")
    assert format_changes(settings, CONSTANTS) == [
        "MAX_LENGTH = 64 (in the file: 128)",
        "METHODS = ['yake'] (in the file: ['tfidf', 'yake'])",
    ]


def test_help_shows_the_docstring_and_the_constants_as_they_stand_in_the_file():
    text = format_help(SOURCE, "model_train.py")
    block = SOURCE[SOURCE.index("# what to learn") : SOURCE.index("_PRIVATE")]
    assert block in text + "\n" and "Second paragraph." in text
    assert "--train-file VALUE" in text and "Bare" not in text
    for absent in ("import", "AFTER", "LATER", "_PRIVATE", "mixed", '"""', "a comment", "@"):
        assert absent not in text
    assert "Bare arguments fill METHODS" in format_help(SOURCE, "model_train.py", bare="METHODS")


@pytest.fixture
def script(tmp_path):
    """Return a function that runs SOURCE as a script, with another body of ``main`` if wanted."""

    def run(*arguments, body=None, shell=""):
        source = SOURCE.replace("    LATER = 3\n", f"    {body}\n") if body else SOURCE
        path = tmp_path / "model_train.py"
        path.write_text(source, encoding="utf-8")
        command = [sys.executable, str(path), *arguments]
        options = {"cwd": toy.ROOT, "capture_output": True, "encoding": "utf-8"}
        environment = {"PYTHONPATH": ".", "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
        if shell:
            command = ["bash", "-c", f'"$0" "$@" {shell}', *command]
        return subprocess.run(command, env=environment, timeout=30, **options)

    return run


def test_a_script_prints_what_differs_and_runs(script):
    done = script("--max-length", "64")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "MAX_LENGTH = 64 (in the file: 128)\n64 ('tfidf', 'yake')\n"


def test_a_script_ends_with_2_and_no_traceback_where_the_user_can_help(script):
    done = script("--max-length", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "model_train.py: --max-length x: expected a whole number such as 10.\n"
    done = script(body='from zhlabel.errors import InputError; raise InputError("a.csv, line 2: 坏")')
    assert (done.returncode, done.stderr) == (2, "a.csv, line 2: 坏\n")


def test_a_script_keeps_the_traceback_of_our_own_mistakes(script):
    done = script(body="1 / 0")
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr and "Traceback" in done.stderr


def test_an_interrupt_prints_one_word(script):
    done = script(body="raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "stopped\n")


@pytest.mark.parametrize("arguments", [["--help"], ["-h", "--wrong"], ["--run", "--help"]])
def test_help_is_printed_and_nothing_is_run(script, arguments):
    done = script(*arguments, body="1 / 0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: python model_train.py" in done.stdout


def test_a_reader_that_closes_early_gets_no_traceback(script):
    done = script(body="[print('x' * 1000) for _ in range(2000)]", shell="| head -n 1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (141, "")


def test_a_reader_that_closed_before_a_short_output_gets_no_complaint_either(script):
    done = script(body="import time; time.sleep(0.5); print(1)", shell="| true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("edited", [1, 0, 0.5])
def test_a_text_edited_to_a_number_stays_a_text(edited):
    assert read_one(edited, limit=str) == str(edited)
    assert read_one(edited, "--x", "logit:-1.5", limit=str) == "logit:-1.5"
    settings = read_settings("X = 0", {"X": edited}, [], limits={"X": str})
    assert format_changes(settings, {"X": edited}) == []
    settings = read_settings("X = 0", {"X": edited}, ["--x", "0.35"], limits={"X": str})
    assert format_changes(settings, {"X": edited}) == [f"X = '0.35' (in the file: {edited!r})"]


def test_the_declared_types_are_those_of_the_settings_where_no_limit_says_more():
    limits = declare_types(TrainingSettings, {"EPOCHS": (1, 9)})
    assert limits["LABELS_PER_TEXT"] is str and limits["NGRAMS"] is bool and limits["EPOCHS"] == (1, 9)
    with pytest.raises(InputError, match="X = 1, expected true or false"):
        read_one(1, limit=bool)
    with pytest.raises(InputError, match="X = True, expected a text"):
        read_one(True, limit=str)


@pytest.mark.parametrize("script", ["model_predict", "model_evaluate"])
def test_a_threshold_edited_to_a_whole_number_takes_a_fraction_as_flag(script):
    source = (toy.ROOT / f"{script}.py").read_text(encoding="utf-8")
    module = importlib.import_module(script)
    settings = read_settings(source, vars(module) | {"THRESHOLD": 1}, ["--threshold", "0.35"], limits=module.LIMITS)
    assert settings.threshold == "0.35"
