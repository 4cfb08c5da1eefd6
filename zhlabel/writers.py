"""Writes one result a text, in order, into csv, JSON lines or parquet; a stopped csv or JSON lines job can go on."""

import contextlib
import csv
import gzip
import io
import json
import os
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.files import hash_file, write_whole

_ENDINGS = (".csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz")
_COLUMNS = {
    "multi_label": ("text", "labels", "probabilities"),
    "multi_class": ("text", "label", "probability"),
    "ner": ("text", "entities"),
}
_BOM = "\ufeff"
_SYNC_ROWS = 4096  # rows between two waits for the disk: what a power cut may cost
_PARQUET_ROWS = 8192  # rows of one row group, kept in memory


@contextlib.contextmanager
def open_writer(path, *, task, job, input_file=""):
    """Open a file for results: written as ``PATH.part``, which takes PATH's name when the block ends well.

    The ending tells the form. ``.jsonl``: a result a line, as it was given. ``.csv``: a BOM, a header, then text,
    labels joined by "|" and their probabilities likewise, four digits (multi-label); text, label, probability
    (multi-class); text and its entities as JSON (ner). ``.parquet``: columns with the names and nesting of the JSON
    lines. A ``.gz`` behind the first two compresses.

    If the block raises or the process dies, ``PATH.part`` stays. The next writer of the same job then goes on behind
    its last whole record: the caller leaves out the first ``writer.done`` texts. What makes a job the same is kept in
    ``PATH.part.json``: ``task``, ``job``, and the input file's length and SHA-256. Parquet and ``.gz`` can't go on,
    nor can input that is no file; they start again, and ``writer.note`` says so. An earlier PATH stays until the
    rename.

    Args:
        path: the file; its folder is made when absent.
        task: "multi_label", "multi_class" or "ner".
        job: a dict, as JSON could hold it, of everything else that decides the results (the run, the thresholds).
        input_file: the file that the texts come from, or "" for other input.

    Returns:
        A context manager that gives a Writer.

    Raises:
        InputError: the ending is unknown, PATH is the input file or a folder, or it can't be written.
    """
    path = Path(path)
    _check_output(path, input_file)
    part, record = Path(f"{path}.part"), Path(f"{path}.part.json")
    job = {"task": task, **job, "input": _describe_input(input_file)}
    try:
        resumable, done, size, note = _inspect_part(path, part, record, job)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not done:
            part.unlink(missing_ok=True)  # before the new record, which would vouch for the old rows
            with write_whole(record) as stream:
                json.dump(job, stream, ensure_ascii=False)
        stream = open(part, "r+b" if done else "wb")  # noqa: SIM115  (closed below)
    except OSError as problem:
        raise InputError(f"{path} can't be written: {problem.strerror or problem}.") from None
    try:
        stream.truncate(size)
        stream.seek(size)
        writer = Writer(path, stream, task=task, done=done, note=note, resumable=resumable)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.finish()
    finally:
        with contextlib.suppress(OSError):  # a full disk has been reported by then
            stream.close()
    os.replace(part, path)
    record.unlink(missing_ok=True)


def _check_output(path, input_file):
    if not path.name.lower().endswith(_ENDINGS):
        raise InputError(f"{path}: results are written as {' '.join(_ENDINGS)}. Give the file one of these endings.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, where the results' file was expected.")
    if input_file and Path(input_file).exists():
        is_same = path.exists() and os.path.samefile(path, input_file)
        if is_same or path.resolve() == Path(input_file).resolve():
            raise InputError(f"{path} is the input file, which the results would replace. Give them another name.")


def _describe_input(input_file):
    if not input_file:
        return None
    try:
        return {"bytes": os.path.getsize(input_file), "sha256": hash_file(input_file)}
    except OSError as problem:
        raise InputError(f"{input_file} can't be read: {problem.strerror or problem}.") from None


def _inspect_part(path, part, record, job):
    """Tell whether the job could ever go on, and what there is to go on from: rows, bytes, and a note if not all."""
    resumable = path.suffix.lower() in (".csv", ".jsonl") and job["input"] is not None
    if not part.exists():
        return resumable, 0, 0, ""
    problem, old = "", None
    with contextlib.suppress(OSError, ValueError):
        old = json.loads(record.read_text(encoding="utf-8"))
    if not resumable:
        problem = f"{path.suffix} output" if job["input"] else "a job whose texts come from no file"
        problem += " can't be continued"
    elif not isinstance(old, dict):
        problem = f"{record.name}, which says what it belongs to, is missing or damaged"
    else:
        new = json.loads(json.dumps(job))
        differ = [key for key in {**new, **old} if (key in new, new.get(key)) != (key in old, old.get(key))]
        problem = f"it belongs to another job ({', '.join(differ)} differ)" if differ else ""
    if problem:
        return resumable, 0, 0, f"{part} of a stopped job is not used: {problem}; all texts are labelled again."
    done, size = _count_records(part, is_csv=path.suffix.lower() == ".csv")
    return resumable, done, size, f"{part}: going on after {done} texts." if done else ""


def _count_records(part, *, is_csv):
    """Count the whole records that we wrote, and the bytes they take; a csv's header is none of them.

    Only quoted cells hold quotation marks or line ends, so a csv record ends where a line does and the marks are even.
    """
    records = size = place = marks = 0
    with open(part, "rb") as stream:
        for line in stream:
            place += len(line)
            marks += line.count(b'"') if is_csv else 0
            if line.endswith(b"\n") and marks % 2 == 0:
                records, size = records + 1, place
    records -= is_csv
    return (records, size) if records > 0 else (0, 0)


class Writer:
    """What ``open_writer`` gives.

    Attributes:
        done: how many results lie in the file.
        note: a sentence on a stopped job's ``PATH.part`` that was found: going on, or why not; else "".
        resumable: whether the same command would go on if this job were stopped.
    """

    def __init__(self, path, stream, *, task, done, note, resumable):
        self.done, self.note, self.resumable = done, note, resumable
        self._path, self._stream, self._task, self._synced = path, stream, task, done
        name = path.name.lower()
        self._zip = gzip.GzipFile("", "wb", fileobj=stream, mtime=0) if name.endswith(".gz") else None
        self._rows = _ParquetRows(stream, task) if name.endswith(".parquet") else None
        self._encode = _encode_csv if ".csv" in name[-7:] else _encode_json
        if self._encode is _encode_csv and not done:
            self._put((_BOM + _format_row(_COLUMNS[task])).encode("utf-8"))

    def write(self, results):
        """Add results behind those that are there; they are out of this process when the call returns.

        Parquet and ``.gz`` keep some back, as they can't be continued anyway.

        Args:
            results: dicts with the text and what was found: ``{"text", "labels": [{"label", "probability"}]}``,
                ``{"text", "label", "probability"}`` or ``{"text", "entities": [...]}``, by task.

        Raises:
            InputError: the disk is full, or a label holds the "|" that joins labels in csv.
        """
        results = list(results)
        try:
            if self._rows:
                self._rows.add(results)
            else:
                self._put(b"".join(self._encode(self._path, self._task, each) for each in results))
                self._stream.flush()
            self.done += len(results)
            if self.done - self._synced >= _SYNC_ROWS:
                self.save()
        except OSError as problem:
            raise InputError(f"{self._path} can't be written: {problem.strerror or problem}.") from None

    def save(self):
        """Wait until what was written is on the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._synced = self.done

    def abandon(self):
        """Put on the disk what can be, after an error; ``open_writer`` calls it."""
        for step in (self._close_packing, self.save):
            with contextlib.suppress(Exception):
                step()

    def finish(self):
        """Write what was kept back and wait for the disk; ``open_writer`` calls it.

        Raises:
            InputError: the disk is full.
        """
        try:
            self._close_packing()
            self.save()
        except OSError as problem:
            raise InputError(f"{self._path} can't be written: {problem.strerror or problem}.") from None

    def _close_packing(self):
        for part in (self._rows, self._zip):
            if part is not None:
                part.close()

    def _put(self, data):
        (self._zip or self._stream).write(data)


def _to_plain(value):
    """Turn a numpy number into Python's."""
    return value.item()


def _encode_json(path, task, result):
    return (json.dumps(result, ensure_ascii=False, allow_nan=False, default=_to_plain) + "\n").encode("utf-8")


def _encode_csv(path, task, result):
    if task == "multi_class":
        cells = [result["text"], result["label"], f"{result['probability']:.4f}"]
    elif task == "ner":
        cells = [result["text"], json.dumps(result["entities"], ensure_ascii=False, default=_to_plain)]
    else:
        names = [each["label"] for each in result["labels"]]
        if wrong := next((name for name in names if "|" in name), None):
            raise InputError(f'{path}: the label "{wrong}" holds "|", which joins labels in csv. Write .jsonl instead.')
        cells = [result["text"], "|".join(names), "|".join(f"{each['probability']:.4f}" for each in result["labels"])]
    return _format_row(cells).encode("utf-8")


def _format_row(cells):
    # "\r\n" at the end, because csv before Python 3.13 quotes a cell with "\r" only if the line end has one.
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


class _ParquetRows:
    """Collects results and writes them as row groups, with a schema that does not depend on what they hold."""

    def __init__(self, stream, task):
        import pyarrow
        import pyarrow.parquet

        text, number, place = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
        label = {"label": text, "probability": number}
        entity = {"start": place, "end": place, "type": text, "text": text, "probability": number}
        found = {
            "multi_label": {"labels": pyarrow.list_(pyarrow.struct(label))},
            "multi_class": label,
            "ner": {"entities": pyarrow.list_(pyarrow.struct(entity))},
        }
        self._schema = pyarrow.schema({"text": text, **found[task]})
        self._make_table = pyarrow.Table.from_pylist
        self._writer, self._waiting = pyarrow.parquet.ParquetWriter(stream, self._schema), []

    def add(self, results):
        self._waiting += results
        if len(self._waiting) >= _PARQUET_ROWS:
            self._write()

    def _write(self):
        self._writer.write_table(self._make_table(self._waiting, schema=self._schema))
        self._waiting = []

    def close(self):
        if self._waiting:
            self._write()
        self._writer.close()
