"""Writes one result a text, in order: csv, JSON lines, parquet, xlsx, BIO; a stopped csv or JSON job can go on."""

import contextlib
import gzip
import json
import os
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.inference.writers.formats import ENCODERS, ParquetRows, Table, encode_csv_header
from zhlabel.inference.writers.xlsx import XlsxRows
from zhlabel.io.files import explain_write_errors, hash_file, hold_output, write_whole

_ENDINGS = (".csv", ".jsonl", ".parquet", ".xlsx", ".csv.gz", ".jsonl.gz")
_ENTITY_ENDINGS = (*_ENDINGS, ".bio", ".bio.gz")
_SYNC_ROWS = 4096  # rows between two waits for the disk: what a power cut may cost


@contextlib.contextmanager
def open_writer(path, *, form, job, input_file="", kept=None, ranked=False):
    """Open a file for results: written as ``PATH.part``, which takes PATH's name when the block ends well.

    The ending tells the form. ``.jsonl``: a result a line, as it was given. ``.csv``: a BOM, a header, then text,
    labels joined by "|" and their probabilities likewise, four digits; or text, label, probability; or text and its
    entities as JSON; or text, method, keywords and their scores; the input's other columns stand behind the text.
    ``.xlsx``: the same cells. ``.parquet``: columns with the names and nesting of the JSON lines. ``.bio``, of
    entities: a line for each character with its tag, tab-separated, a blank line behind each text; a line end inside a
    text is written as a blank, an empty text as a line of a tab and O. A ``.gz`` behind .csv, .jsonl and .bio
    compresses.

    If the block raises or the process dies, ``PATH.part`` stays. The next writer of the same job then goes on behind
    its last whole record: the caller leaves out the first ``writer.done`` texts. What makes a job the same is kept in
    ``PATH.part.json``: ``form``, ``job``, and the input file's length and SHA-256. Parquet, ``.xlsx``, ``.bio`` and
    ``.gz`` can't go on, nor can input that is no file; they start again, and ``writer.note`` says so. An earlier PATH
    stays until the rename.

    Args:
        path: the file; its folder is made when absent.
        form: what a result holds beside its text, one of ``formats.RESULTS``.
        job: a dict, as JSON could hold it, of everything else that decides the results (the run, the thresholds).
        input_file: the file that the texts come from, or "" for other input.
        kept: {name: kind} of the input's other columns, which results have too, as ``kept.list_kept`` gives it.
        ranked: whether results have the most probable labels too, "top".

    Returns:
        A context manager that gives a Writer.

    Raises:
        InputError: the ending is unknown, PATH is the input file or a folder, another process writes it, or it can't be
            written.
    """
    path = Path(path)
    _check_output(path, input_file, _ENTITY_ENDINGS if form == "entities" else _ENDINGS)
    table = Table(form, kept or {}, ranked)
    if kept and path.name.lower().endswith((".bio", ".bio.gz")):
        raise InputError(f"{path}: .bio has no place for other columns. Write .jsonl, or leave KEEP_COLUMNS out.")
    part, record = Path(f"{path}.part"), Path(f"{path}.part.json")
    job = {"form": form, **job, "input": _describe_input(input_file)}
    with hold_output(path):
        with explain_write_errors(path):
            resumable, done, size, note = _inspect_part(path, part, record, job)
            if not done:
                part.unlink(missing_ok=True)  # before the new record, which would vouch for the old rows
                with write_whole(record) as stream:
                    json.dump(job, stream, ensure_ascii=False)
            stream = open(part, "r+b" if done else "wb")  # noqa: SIM115  (closed below)
        try:
            stream.truncate(size)
            stream.seek(size)
            writer = Writer(path, stream, table=table, done=done, note=note, resumable=resumable)
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


def _check_output(path, input_file, endings):
    if not path.name.lower().endswith(endings):
        raise InputError(f"{path}: results are written as {' '.join(endings)}. Give the file one of these endings.")
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
    """Return whether the job could ever go on, and what there is to go on from: rows, bytes, and a note if not all."""
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
        return resumable, 0, 0, f"{part} of a stopped job is not used: {problem}; all texts are done again."
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

    def __init__(self, path, stream, *, table, done, note, resumable):
        self.done, self.note, self.resumable = done, note, resumable
        self._path, self._stream, self._table, self._synced = path, stream, table, done
        name = path.name.lower()
        self._zip = gzip.GzipFile("", "wb", fileobj=stream, mtime=0) if name.endswith(".gz") else None
        ending = Path(name.removesuffix(".gz")).suffix
        rows = {".parquet": ParquetRows, ".xlsx": XlsxRows}.get(ending)
        self._rows = rows(path, stream, table) if rows else None
        self._encode = ENCODERS.get(ending)
        if ending == ".csv" and not done:
            self._put(encode_csv_header(table))

    def write(self, results):
        """Add results behind those that are there; they are out of this process when the call returns.

        Parquet, ``.xlsx`` and ``.gz`` keep some back, as they can't be continued anyway.

        Args:
            results: dicts with the text and what was found: ``{"text", "labels": [{"label", "probability"}]}``,
                ``{"text", "label", "probability"}``, ``{"text", "entities": [...]}`` or ``{"text", "method",
                "keywords": [{"keyword", "score", "spans"}]}``, by form; the input's other columns and "top", where
                the writer was opened for them.

        Raises:
            InputError: the disk is full, or a label holds what joins or ends labels in the file's form.
        """
        results = list(results)
        with explain_write_errors(self._path):
            if self._rows:
                self._rows.add(results)
            else:
                self._put(b"".join(self._encode(self._path, self._table, each) for each in results))
                self._stream.flush()
            self.done += len(results)
            if self.done - self._synced >= _SYNC_ROWS:
                self.save()

    def describe_stop(self, what):
        """Return what to say where the job is stopped; ``what`` was written, as "texts are labelled"."""
        next_time = "goes on from here" if self.resumable else "begins again"
        return f"{self.done:,} {what}; the same command {next_time}."

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
        with explain_write_errors(self._path):
            self._close_packing()
            self.save()

    def _close_packing(self):
        for part in (self._rows, self._zip):
            if part is not None:
                part.close()

    def _put(self, data):
        (self._zip or self._stream).write(data)
