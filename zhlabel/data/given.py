"""Texts that a program hands over in memory: lists, pandas Series and DataFrames."""

import hashlib
import json
import math
from pathlib import Path

from zhlabel.data.columns import LABEL_NAMES, TEXT_NAMES
from zhlabel.errors import InputError
from zhlabel.io.files import write_whole

_COLUMNS = (*TEXT_NAMES, *LABEL_NAMES, "entities", "keywords")
_FORM = 'pairs (text, labels), dicts with "text" and "label", or a DataFrame with such columns'


def list_texts(texts):
    """Return the texts of a list, an iterable, a pandas Series, or of one string.

    Args:
        texts: N strings, or one.

    Raises:
        InputError: something is no string.

    >>> list_texts("公司裁员")
    ['公司裁员']
    """
    found = [texts] if isinstance(texts, str) else list(texts)
    for number, text in enumerate(found):
        if not isinstance(text, str):
            raise InputError(
                f"texts[{number}] is {text!r:.60}, expected a string. Leave it out, or put a string there."
            )
    return found


def name_data(data, folder, *, layout=None):
    """Return the file that holds labelled texts: the one that is named, or one that is written of those in memory.

    Everything behind it (hashes, a training that goes on, the baseline, int8) needs a file. Its name is the hash of
    its content, so that the same texts are the same file.

    Args:
        data: a path, or a list or DataFrame of labelled texts.
        folder: where files are written.
        layout: a Layout, whose columns are kept too; None: those with usual names.

    Raises:
        InputError: neither.

    >>> name_data("data/train.csv", "runs/data")
    'data/train.csv'
    """
    if isinstance(data, (str, Path)):
        return str(data)
    named = f"{layout.text_column},{layout.label_column}".split(",") if layout else []
    columns = dict.fromkeys([*_COLUMNS, *(name.strip() for name in named if name.strip())])
    records = (_make_record(number, item, columns) for number, item in enumerate(_list_rows(data)))
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    content = "".join(f"{line}\n" for line in lines)
    path = Path(folder) / f"{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.jsonl"
    if not path.is_file():
        with write_whole(path) as stream:
            stream.write(content)
    return path.as_posix()


def _list_rows(data):
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        return data.to_dict("records")
    if isinstance(data, (list, tuple)):
        return data
    raise InputError(f"labelled texts are {type(data).__name__}, expected a file's name, or {_FORM}.")


def _make_record(number, item, columns):
    if isinstance(item, (list, tuple)) and len(item) == 2:
        entities = isinstance(item[1], (list, tuple)) and any(isinstance(each, (list, tuple)) for each in item[1])
        item = {"text": item[0], "entities" if entities else "label": item[1]}
    if not isinstance(item, dict):
        raise InputError(f"row {number} is {item!r:.60}, expected {_FORM}.")
    return {key: _make_plain(key, item[key]) for key in columns if key in item}


def _make_plain(key, value):
    """Return a cell as JSON has it: no label for what pandas counts as missing, names for numbers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None if key == "entities" else [] if key.startswith("label") else ""
    if key == "entities":
        return [
            dict(zip(("start", "end", "type"), each, strict=True)) if isinstance(each, (list, tuple)) else each
            for each in value
        ]
    if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "tolist"):
        value = value.tolist() if hasattr(value, "tolist") else value
        return [str(each) for each in value] if isinstance(value, (list, tuple, set, frozenset)) else str(value)
    return value if isinstance(value, str) else str(value)
