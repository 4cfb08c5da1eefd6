"""A script's constants and its command line -> immutable values; runs a script's ``main`` with them.

``MAX_LENGTH = 128`` at the top of a script, ``--max-length 256`` on its command line and ``settings.max_length`` in its
``main`` are one name in three spellings. The constants are read from the script's own source, so there is no second
list of them to keep: their order and comments make ``--help``, their values the defaults and their types the contract.
"""

import ast
import dataclasses
import difflib
import math
import os
import sys
from pathlib import Path

from zhlabel.errors import InputError

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WANTED = {
    bool: "true or false",
    int: "a whole number such as 10",
    float: "a number such as 0.5 or 1e-4",
    str: "a text",
    tuple: "texts separated by commas",
}
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"  # what editors and input methods make of a hyphen


def _flag(name):
    return "--" + name.lower().replace("_", "-")


def _find_constants(source):
    """Return {name: line} of the upper-case assignments above the first definition, and the last line of that part."""
    found, tree = {}, ast.parse(source)
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return found, min([statement.lineno, *(each.lineno for each in statement.decorator_list)]) - 1
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
            found.update({name: statement.lineno for name in names if name.isupper() and not name.startswith("_")})
    return found, len(source.split("\n"))


def format_help(source, name, *, bare=""):
    """Return the text of ``--help``: the script's docstring, its constants with their comments, and how to give them.

    Args:
        source: the script's source text.
        name: the script's file name.
        bare: the constant that bare arguments fill, or "".

    >>> print(format_help('"Trains."\\nEPOCHS = 3  # times over the data\\ndef main(): ...', "t.py"))
    usage: python t.py [--flag value ...]
    <BLANKLINE>
    Trains.
    <BLANKLINE>
    EPOCHS = 3  # times over the data
    <BLANKLINE>
    Edit the constants in t.py, or give any of them for one run as a flag:
    EPOCHS is --epochs VALUE or --epochs=VALUE. A list takes commas, or its flag several times.
    """
    constants, last_line = _find_constants(source)
    lines = source.split("\n")[:last_line]
    for statement in ast.parse(source).body:
        is_constant = isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.lineno in constants.values()
        if statement.lineno <= last_line and not is_constant:
            span = slice(statement.lineno - 1, statement.end_lineno)
            lines[span] = [None] * len(lines[span])
    block = "\n".join(line.rstrip() for line in lines if line is not None).strip("\n")
    shown = next((each for each in constants if "_" in each), next(iter(constants), "NAME"))
    parts = [
        f"usage: python {name} [--flag value ...]" + (f" [--] [{bare.lower()} ...]" if bare else ""),
        ast.get_docstring(ast.parse(source)) or "",
        block,
        f"Edit the constants in {name}, or give any of them for one run as a flag:\n{shown} is {_flag(shown)} VALUE or "
        f"{_flag(shown)}=VALUE. A list takes commas, or its flag several times."
        + (f"\nBare arguments fill {bare}; those that begin with a dash come after a lone --." if bare else ""),
    ]
    return "\n\n".join(part for part in parts if part)


def _suggest(word, flags):
    """Return '; the nearest is --x' where a flag is near enough to the word, else the flags there are."""
    plain = word.split("=")[0].strip(_DASHES).lower().replace("_", "-")
    near = difflib.get_close_matches("--" + plain, flags, n=1, cutoff=0.6)
    return f"the nearest is {near[0]}" if near else "--help lists the flags there are"


def declare_types(settings, limits):
    """Return limits in which a setting without one has its type, so that a constant edited to 1 stays a text.

    Args:
        settings: a dataclass of settings, whose defaults have the types.
        limits: as ``read_settings`` takes them.
    """
    return {field.name.upper(): type(field.default) for field in dataclasses.fields(settings)} | limits


def _is_range(limit):
    return isinstance(limit, tuple) and not isinstance(limit[-1], str)


def _is_open(value, limit):
    """Return whether a number is left to be chosen by itself, as a range that begins with "" allows."""
    return value == "" and _is_range(limit) and limit[0] == ""


def _find_kind(value, limit):
    if isinstance(limit, type):
        return limit
    return type(limit[-2]) if _is_range(limit) else type(value)


def _parse(text, kind, limit):
    """Turn one command-line value into its kind, or raise ValueError."""
    if _is_open(text, limit):
        return text
    if kind is bool:
        if text.lower() not in _TRUTH:
            raise ValueError
        return _TRUTH[text.lower()]
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    value = kind(text)
    if kind is float and not math.isfinite(value):
        raise ValueError
    return value


def _judge(value, limit):
    """Describe what is wrong with a value of the right type, or give ""."""
    if not isinstance(limit, tuple) or _is_open(value, limit):
        return ""
    if _is_range(limit):
        low, high = limit[-2:]
        wanted = f"at least {low}" if math.isinf(high) else f"from {low} to {high}"
        return "" if low <= value <= high else f"must be {wanted}"
    wrong = [each for each in (value if isinstance(value, tuple) else (value,)) if each not in limit]
    if not wrong:
        return ""
    near = difflib.get_close_matches(wrong[0], limit, n=1)
    return f"is not one of {', '.join(limit)}" + (f"; the nearest is {near[0]}" if near else "")


def _describe_kind(kind, limit):
    wanted = _WANTED.get(kind, "a text, a number, True, False or a list of texts")
    return wanted + (', or "" to have it chosen' if _is_open("", limit) else "")


def _read_defaults(constants, lines, limits):
    """Return the file's own values by name, checked, and the problems they have."""
    values, problems = {}, []
    for name, line in lines.items():
        value, limit = constants[name], limits.get(name)
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            value = tuple(value)
        kind = _find_kind(value, limit)
        if (kind is float and type(value) is int) or (kind is str and type(value) in (int, float)):
            value = kind(value)
        if kind not in _WANTED or not (type(value) is kind or _is_open(value, limit)):
            wanted = _describe_kind(kind, limit)
            problems.append(f"line {line}: {name} = {value!r}, expected {wanted}")
        elif problem := _judge(value, limit):
            problems.append(f"line {line}: {name} = {value!r} {problem}")
        values[name] = value
    problems += [f"the constant {name} is missing: put it back" for name in limits if name not in lines]
    return values, problems


def _split_arguments(arguments, flags, bare):
    """Sort the arguments into (flag, value) pairs and bare ones, and name what is neither."""
    pairs, texts, problems, waiting = [], [], [], list(arguments)
    while waiting:
        argument = waiting.pop(0)
        word, equals, value = argument.partition("=")
        if word.startswith("--"):  # --max_length and --MAX-LENGTH are --max-length
            word = word.lower().replace("_", "-")
        plain = "--" + word.lstrip(_DASHES)
        if argument == "--":
            texts += waiting
            break
        if word in flags:
            if not equals and (not waiting or waiting[0].startswith("--")):
                problems.append(f"{word} needs a value: {word} VALUE, or {word}=VALUE where it begins with two dashes")
            else:
                pairs.append((word, value if equals else waiting.pop(0)))
        elif plain in flags and word[0] in _DASHES:
            problems.append(f"{argument}: flags begin with two hyphens: {plain}")
        elif argument.startswith("-") and argument != "-":
            hint = f" (what begins with a dash and is one of the {bare.lower()} comes after a lone --)" if bare else ""
            problems.append(f"there is no flag {word}; {_suggest(word, flags)}{hint}")
        else:
            texts.append(argument)
    return pairs, texts, problems


def split_list(text):
    """Return the parts of a ``text`` with commas, without blanks around them; commas alone raise InputError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if text and not parts:
        raise InputError(f'"{text}" names nothing. Put names between the commas, or leave it "".')
    return parts


def read_settings(source, constants, arguments, *, limits=None, bare="", name="the script"):
    """Return a script's settings: its constants, with the values of the command line in place of the file's.

    The constants are the upper-case assignments above the script's first function: texts, whole numbers, fractions,
    True or False, lists of texts. A flag's value must be of its constant's type: a whole number refuses "1.5", a
    fraction accepts "1" and "1e-4", True or False is written true/false/yes/no/1/0, a list is separated by commas or
    its flag is repeated. ``limits`` may declare another type than a constant's value has: a range by its lower end, so
    that a LEARNING_RATE edited to ``1`` stays a fraction, or ``str``, so that a THRESHOLD edited to ``1`` stays a text.
    A range that begins with "" allows "" too: chosen by itself.

    Args:
        source: the script's source text, for the constants' names and order.
        constants: their values by name; the script's ``globals()``.
        arguments: the command line without the script's name.
        limits: {name: ("choice", "choice"), (lowest, highest), ("", lowest, highest) or a type}; a highest of
            ``math.inf`` leaves the end open.
        bare: the list that bare arguments are added to, each whole, commas and all; "" refuses them by name.
        name: the script's file name, for messages.

    Returns:
        A frozen dataclass with one field a constant, in lower case and the file's order. Lists become tuples. Its class
        has ``given``, the names of the fields that the command line gave.

    Raises:
        InputError: all problems of file and command line at once.

    >>> read_settings("MAX_LENGTH = 128", {"MAX_LENGTH": 128}, ["--max-length", "64"])
    Settings(max_length=64)
    """
    limits = limits or {}
    lines, _ = _find_constants(source)
    values, problems = _read_defaults(constants, lines, limits)
    names, given = {_flag(each): each for each in lines}, {}
    pairs, texts, wrong = _split_arguments(arguments, names, bare)
    problems += wrong
    if any("\udc80" <= letter <= "\udcff" for argument in arguments for letter in argument):
        problems.append("an argument is not written in this terminal's encoding; set the terminal to UTF-8")
    if texts and not bare:
        shown = ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
        problems.append(f"no flag stands before {shown}; {_suggest(texts[0], names)}")
    for flag, text in pairs:
        constant = names[flag]
        limit = limits.get(constant)
        kind = _find_kind(values[constant], limit)
        try:
            value = (text,) if constant == bare else _parse(text, kind, limit)
        except (ValueError, TypeError):
            problems.append(f"{flag} {text}: expected {_describe_kind(kind, limit)}")
            continue
        if problem := _judge(value, limit):
            problems.append(f"{flag} {text}: {problem}")
        if constant in given and kind is not tuple:
            problems.append(f"{flag} is given more than once; keep one of {given[constant]} and {value}")
        given[constant] = given.get(constant, ()) + value if kind is tuple else value
    if problems:
        count = f"{len(problems)} settings are wrong, so nothing was started" if len(problems) > 1 else problems[0]
        raise InputError("\n  ".join([f"{name}: {count}.", *(f"{each}." for each in problems if len(problems) > 1)]))
    if texts:
        given[bare] = given.get(bare, ()) + tuple(texts)
    values |= given
    kind = dataclasses.make_dataclass("Settings", [each.lower() for each in values], frozen=True)
    kind.given = frozenset(each.lower() for each in given)
    return kind(*values.values())


def check_values(values, defaults, *, limits):
    """Return a function's settings, checked as a script's are: known names, types, limits.

    Args:
        values: {name: value}, names in lower case.
        defaults: {name: value} of all settings there are; a default's type is the contract.
        limits: as ``read_settings``, names in upper case.

    Raises:
        InputError: all problems at once.

    >>> check_values({"epochs": 3}, {"epochs": 10}, limits={"EPOCHS": (1, 100)})
    {'epochs': 3}
    """
    problems, checked = [], {}
    for name, value in values.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, n=1)
            hint = f"the nearest is {near[0]}" if near else f"there are {', '.join(defaults)}"
            problems.append(f"there is no setting {name}; {hint}")
            continue
        limit = limits.get(name.upper())
        kind = _find_kind(defaults[name], limit)
        value = tuple(value) if kind is tuple and isinstance(value, list) else value
        value = float(value) if kind is float and type(value) is int else value
        if not (type(value) is kind or _is_open(value, limit)):
            problems.append(f"{name}={value!r}: expected {_describe_kind(kind, limit)}")
        elif problem := _judge(value, limit):
            problems.append(f"{name}={value!r}: {problem}")
        checked[name] = value
    if problems:
        raise InputError(". ".join(problems) + ".")
    return checked


def format_changes(settings, constants, *, bare=""):
    """Return a line for each setting that differs from the file's constant, as ``EPOCHS = 3 (in the file: 10)``.

    Args:
        settings: what ``read_settings`` gave.
        constants: the file's values by name.
        bare: the list that bare arguments fill, left out, since the user sees them on the command line.

    >>> format_changes(read_settings("N = 1", {"N": 1}, ["--n=2"]), {"N": 1})
    ['N = 2 (in the file: 1)']
    """
    lines = []
    for field in dataclasses.fields(settings):
        value, default = getattr(settings, field.name), constants[field.name.upper()]
        shown = list(value) if isinstance(value, tuple) else value
        own = list(default) if isinstance(default, tuple) else str(default) if isinstance(value, str) else default
        if field.name.upper() != bare and shown != own:
            lines.append(f"{field.name.upper()} = {shown!r} (in the file: {default!r})")
    return lines


def run_script(main, constants, *, limits=None, bare="", notes=None):
    """Read a script's settings, print those that differ from its file, and call its ``main`` with them.

    What the user can put right is shown without a traceback and ends with status 2; an interrupt prints "stopped" and
    ends with 130; a reader of our output that closes it early (``| head``) ends with 141. All else keeps its traceback.

    Args:
        main: the script's function of one argument, the settings.
        constants: the script's ``globals()``.
        limits: as ``read_settings``.
        bare: as ``read_settings``.
        notes: the stream for the settings that differ; standard output if None.
    """
    name, arguments = Path(constants["__file__"]).name, sys.argv[1:]
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        source = Path(constants["__file__"]).read_text(encoding="utf-8-sig")
        if "--help" in flags or "-h" in flags:
            print(format_help(source, name, bare=bare))
            return
        settings = read_settings(source, constants, arguments, limits=limits, bare=bare, name=name)
        for line in format_changes(settings, constants, bare=bare):
            print(line, file=notes or sys.stdout, flush=True)
        main(settings)
        sys.stdout.flush()
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # Python flushes standard output once more at its end, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
