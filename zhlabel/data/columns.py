"""Finds the columns, or keys, of texts and of their labels: those a user names, else by the names that are usual."""

import difflib
import json
from typing import NamedTuple

from zhlabel.data.tags import split_tag
from zhlabel.errors import InputError
from zhlabel.io.files import check_characters

TEXT_NAMES = ("content", "text", "sentence", "文本", "内容", "正文", "title", "标题", "abstract", "摘要")
LABEL_NAMES = ("label", "labels", "class", "category", "标签", "类别", "分类")


class Columns(NamedTuple):
    """Where a row has its text and its labels.

    Attributes:
        text: names of columns; of several the texts are joined.
        label: one name, or several of 0 and 1; none where no column has a usual name.
        rest: all other names.
        rivals: what might have been meant as well, a sentence; "" for nothing.
    """

    text: tuple
    label: tuple
    rest: tuple
    rivals: str


class Headless(NamedTuple):
    """What ``choose`` of records.read_records returns for a table that may have no header.

    Attributes:
        names: for its columns.
        problem: the InputError of a table whose header names nothing that is known.
    """

    names: tuple
    problem: InputError


def find_columns(where, names, layout):
    """Return the Columns of a table or a JSON object.

    Args:
        where: the place of the names, for messages.
        names: all names.
        layout: a Layout, whose TEXT_COLUMN and LABEL_COLUMN count before the usual names.

    Raises:
        InputError: a column that is named is not there, there is no text, or two might be meant.
    """
    if not layout.text_column and not _match(where, names, TEXT_NAMES):
        raise _refuse_untexted(where, names)
    text, other_texts = find_text_columns(where, names, layout.text_column)
    if layout.label_column:
        label, other_labels = _take_named(where, names, layout.label_column, "LABEL_COLUMN"), ()
    else:
        found = [name for name in _match(where, names, LABEL_NAMES) if name not in text]
        label, other_labels = tuple(found[:1]), tuple(found[1:])
        label_like = [name for name in names if found and name.lower().startswith(found[0].lower() + "_")]
        other_labels += tuple(name for name in label_like if not name.lower().endswith("_id"))
    if both := [name for name in text if name in label]:
        raise InputError(f"{where}: {both[0]} is named as a text and as a label. Change TEXT_COLUMN or LABEL_COLUMN.")
    if not label and {"entities", "annotations"} & {name.lower() for name in names}:
        raise refuse_entities(where)
    rest = tuple(name for name in names if name and name not in (*text, *label))
    if not label and len(rest) < 2 and "annotation_id" not in names:
        raise refuse_unlabelled(where, rest)
    notes = [
        describe_text_rivals(text, other_texts),
        _describe_rivals("labels are", "LABEL_COLUMN", label, other_labels, next(iter(other_labels), "")),
    ]
    return Columns(text, label, rest, " ".join(filter(None, notes)))


def find_text_columns(where, names, wanted="", *, avoid=()):
    """Return the names of the columns of the text, and others that have usual names too.

    Args:
        where: as ``find_columns``.
        names: all names.
        wanted: TEXT_COLUMN; "": the first of TEXT_NAMES, or the only one.
        avoid: names that hold no text.

    Raises:
        InputError: as ``find_columns``.
    """
    if wanted:
        return _take_named(where, names, wanted, "TEXT_COLUMN"), ()
    found = _match(where, names, TEXT_NAMES) or [name for name in names if len(names) == 1 and name not in avoid]
    if not found:
        raise InputError(
            f"{where}: {_list_names(names)}, and none of them is {', '.join(TEXT_NAMES[:3])} or another usual name of "
            'texts. Name the column that holds them: TEXT_COLUMN = "...".'
        )
    return tuple(found[:1]), tuple(found[1:])


def is_nameless(names, layout):
    """Return whether names may be a row of a table without a header: two, none usual, and none named by the user."""
    usual = {name.lower() for name in names} & {*TEXT_NAMES, *LABEL_NAMES}
    return len(names) == 2 and all(names) and not usual and not layout.text_column and not layout.label_column


def take_text(where, item, columns):
    """Return the text of a row, of several columns those that are not empty, joined by a line end.

    Args:
        where: the row's Place.
        item: {column: value}.
        columns: names of columns.

    Raises:
        InputError: it is no string.
    """
    parts = [item[name] for name in columns]
    if len(parts) > 1:
        parts = [part for part in parts if part is not None]
    if not parts or not all(isinstance(part, str) for part in parts):
        wrong = next((part for part in parts if not isinstance(part, str)), None)
        shown = json.dumps(wrong, ensure_ascii=False, default=str)[:40]
        raise InputError(f"{where}: found {shown} where a text is expected. Put a string there, or leave it out.")
    text = parts[0] if len(parts) == 1 else "\n".join(part for part in parts if part)
    return check_characters(where, text)


def _match(where, names, usual):
    """Return the names that are usual, in the order of the usual ones, in any case of letters."""
    lowered = [name.strip().lower() for name in names]
    if double := next((name for name in usual if lowered.count(name) > 1), None):
        shown = " and ".join(name for name in names if name.strip().lower() == double)
        raise InputError(f"{where}: the columns {shown} differ only in the case of letters. Rename all but one.")
    return [names[lowered.index(name)] for name in usual if name in lowered]


def _take_named(where, names, wanted, constant):
    """Return the columns that a constant names: one, or several with commas between."""
    if wanted in names:
        return (wanted,)
    found = []
    for part in filter(None, map(str.strip, wanted.split(","))):
        same = [name for name in names if name == part] or [name for name in names if name.lower() == part.lower()]
        if len(same) != 1:
            near = difflib.get_close_matches(part, [name for name in names if name], n=1)
            hint = f" The nearest is {near[0]}." if near else ""
            raise InputError(f'{where}: {_list_names(names)}, and none of them is {constant} = "{part}".{hint}')
        found += same
    return tuple(found)


def describe_text_rivals(chosen, others):
    """Return a sentence on columns that might hold the texts too, "" without ``others``."""
    return _describe_rivals("texts are", "TEXT_COLUMN", chosen, others, ",".join((*chosen, *others)))


def _describe_rivals(what, constant, chosen, others, value):
    if not chosen or not others:
        return ""
    return f'{what} read from {", ".join(chosen)}; there is {", ".join(others)} too: {constant} = "{value}".'


def _list_names(names):
    return f"the columns are {', '.join(map(str, names))[:200] or 'none'}"


def refuse_unlabelled(where, names):
    """Return the InputError of a file in which none of the ``names`` beside the text is that of labels."""
    return InputError(
        f"{where}: no column is named {', '.join(LABEL_NAMES[:2])} or another usual name of labels; beside the text "
        f"there is {', '.join(names)[:200] or 'nothing'}. The first line must be a header such as label,content; or "
        'name the column: LABEL_COLUMN = "...".'
    )


def refuse_entities(where):
    """Return the InputError of a file with entities, where labels of texts are expected."""
    return InputError(
        f'{where}: this is a file with entities. They are the task ner: TASK = "ner". For labels give a file such as '
        "data/train.csv (a header label,content)."
    )


def _refuse_untexted(where, names):
    last = names[-1].split(" ")[-1].replace("b-", "B-").replace("i-", "I-") if names else ""
    if split_tag(last) or {"entities", "annotations"} & {name.lower() for name in names}:
        return refuse_entities(where)
    return InputError(
        f"{where}: {_list_names(names)}; none is named {', '.join(TEXT_NAMES[:2])} or another usual name of texts. The "
        'first line must be a header such as label,content; or name the column: TEXT_COLUMN = "...".'
    )
