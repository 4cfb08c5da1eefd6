"""One result as the bytes of a file's form: csv, JSON lines, BIO; and rows of results as parquet."""

import json
import re
from dataclasses import dataclass, field

from zhlabel.data.entities.layouts import EMPTY_TEXT
from zhlabel.data.kept import format_kept
from zhlabel.environment import check_environment
from zhlabel.errors import InputError
from zhlabel.io.delimited import BOM, format_row

_PARQUET_ROWS = 8192  # rows of one row group, kept in memory


def _to_plain(value):
    """Turn a numpy number into Python's."""
    return value.item()


@dataclass(frozen=True)
class Table:
    """What the results of one file hold.

    Attributes:
        form: one of RESULTS.
        kept: {name: one of ``kept.KINDS``} of the input's other columns.
        ranked: whether results have the most probable labels too, "top".
    """

    form: str
    kept: dict = field(default_factory=dict)
    ranked: bool = False

    @property
    def columns(self):
        """Their names in csv and xlsx."""
        return ["text", *self.kept, *_CELLS[self.form][0], *(_TOP_COLUMNS if self.ranked else ())]

    def list_cells(self, path, result):
        """Return a ``result``'s cells; ``path`` is the file, for messages."""
        kept = [format_kept(result.get(name)) for name in self.kept]
        top = _join(path, result["top"], "label", "probability") if self.ranked else ()
        return [result["text"], *kept, *_CELLS[self.form][1](path, result), *top]


def _encode_json(path, table, result):
    return (json.dumps(result, ensure_ascii=False, allow_nan=False, default=_to_plain) + "\n").encode("utf-8")


def _encode_csv(path, table, result):
    return format_row(table.list_cells(path, result)).encode("utf-8")


def _format_labels(path, result):
    return _join(path, result["labels"], "label", "probability")


def _format_entities(path, result):
    return (json.dumps(result["entities"], ensure_ascii=False, default=_to_plain),)


def _format_keywords(path, result):
    return result["method"], *_join(path, result["keywords"], "keyword", "score")


def _join(path, items, name, number):
    """Return the names of items joined by "|", and their numbers likewise."""
    names = [each[name] for each in items]
    if wrong := next((each for each in names if "|" in each), None):
        raise InputError(f'{path}: the {name} "{wrong}" holds "|", which joins {name}s in csv. Write .jsonl instead.')
    return "|".join(names), "|".join(f"{each[number]:.4f}" for each in items)


# By what a result holds: the columns of its csv behind the text, and (the file, for messages; a result) to their cells
_CELLS = {
    "labels": (("labels", "probabilities"), _format_labels),
    "label": (("label", "probability"), lambda _, result: (result["label"], f"{result['probability']:.4f}")),
    "entities": (("entities",), _format_entities),
    "keywords": (("method", "keywords", "scores"), _format_keywords),
}
_TOP_COLUMNS = ("top_labels", "top_probabilities")
RESULTS = tuple(_CELLS)
# What columns kept beside a prediction can't be called
RESULT_NAMES = frozenset({"text", "top", *_TOP_COLUMNS}.union(*(_CELLS[form][0] for form in RESULTS)))


def encode_csv_header(table):
    """Return the first line of a csv, behind the mark by which Excel sees UTF-8.

    Args:
        table: a Table.
    """
    return (BOM + format_row(table.columns)).encode("utf-8")


def _encode_bio(path, table, result):
    if not result["text"]:
        return f"{EMPTY_TEXT}\n\n".encode()
    tags = ["O"] * len(result["text"])
    for entity in result["entities"]:
        if wrong := re.search(r"[\t\r\n]", entity["type"]):
            raise InputError(
                f"{path}: the type {entity['type']!r} holds {wrong[0]!r}, which ends a cell of .bio. "
                "Write .jsonl instead."
            )
        tags[entity["start"]] = f"B-{entity['type']}"
        for place in range(entity["start"] + 1, entity["end"]):
            tags[place] = f"I-{entity['type']}"
    characters = re.sub(r"[\r\n]", " ", result["text"])
    lines = [f"{character}\t{tag}\n" for character, tag in zip(characters, tags, strict=True)]
    return ("".join(lines) + "\n").encode("utf-8")


# (the file, for messages; a Table; a result) to bytes, by the file's ending
ENCODERS = {".csv": _encode_csv, ".jsonl": _encode_json, ".bio": _encode_bio}


class ParquetRows:
    """Collects results and writes them as row groups, with a schema that does not depend on what they hold.

    Args:
        path: the file, for messages.
        stream: the same, open and binary.
        table: a Table.
    """

    def __init__(self, path, stream, table):
        check_environment("parquet")
        import pyarrow
        import pyarrow.parquet

        text, number, place = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
        label = {"label": text, "probability": number}
        spans = pyarrow.list_(pyarrow.list_(place))
        keyword = {"keyword": text, "score": number, "spans": spans}
        entity = {"start": place, "end": place, "type": text, "text": text, "probability": number}
        found = {
            "labels": {"labels": pyarrow.list_(pyarrow.struct(label))},
            "label": label,
            "entities": {"entities": pyarrow.list_(pyarrow.struct(entity))},
            "keywords": {"method": text, "keywords": pyarrow.list_(pyarrow.struct(keyword))},
        }
        kinds = {"whole": place, "number": number, "truth": pyarrow.bool_(), "text": text}
        kept = {name: kinds[kind] for name, kind in table.kept.items()}
        top = {"top": pyarrow.list_(pyarrow.struct(label))} if table.ranked else {}
        self._texts = [name for name, kind in table.kept.items() if kind == "text"]
        self._schema = pyarrow.schema({"text": text, **kept, **found[table.form], **top})
        self._make_table = pyarrow.Table.from_pylist
        self._writer, self._waiting = pyarrow.parquet.ParquetWriter(stream, self._schema), []

    def add(self, results):
        """Add results, dicts as ``Writer.write`` takes them."""
        self._waiting += [
            {**result, **{name: format_kept(result.get(name)) for name in self._texts}} for result in results
        ]
        if len(self._waiting) >= _PARQUET_ROWS:
            self._write()

    def _write(self):
        self._writer.write_table(self._make_table(self._waiting, schema=self._schema))
        self._waiting = []

    def close(self):
        """Write what waits, and the file's end."""
        if self._waiting:
            self._write()
        self._writer.close()
