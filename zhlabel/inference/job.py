"""Labels texts into a file: chunk by chunk, so that memory stays, and on from where a stopped job was."""

import functools
from itertools import islice, tee

from zhlabel.data.layout import Layout
from zhlabel.decisions.thresholds import parse_threshold
from zhlabel.inference.writers import open_writer
from zhlabel.io.files import hash_file
from zhlabel.runs.find import find_newest_run, locate_run
from zhlabel.runs.record import WEIGHTS_FILE, read_run

CHUNK_TEXTS = 1024  # read, sorted by length and labelled at a time; a kill loses at most so many results


def find_text_column(run):
    """Return the TEXT_COLUMN that a run was trained with; "" where it was found by itself.

    Args:
        run: RUN.

    Raises:
        InputError: there is no such run.
    """
    folder = locate_run(run) if run else find_newest_run()
    return Layout.pick(read_run(folder)["settings"]).text_column


def label_rows(run, rows, **options):
    """Yield a result for each row, with the row's other columns between its text and what was found.

    Args:
        run: a loaded Run.
        rows: an iterable of (text, {column: value}), as ``kept.read_kept`` gives it.
        options: as ``Run.label``.
    """
    rows, beside = tee(rows)
    results = run.label((text for text, _ in rows), **options)
    for result, (text, kept) in zip(results, beside, strict=True):
        yield {"text": text, **kept, **result}


def label_into_file(run, texts, output_file, *, input_file="", total=None, kept=None, progress, **options):
    """Label texts and write the results; the same call goes on behind what an earlier one has written.

    Args:
        run: a loaded Run.
        texts: an iterable of strings; with ``kept``, of rows as ``label_rows`` takes them.
        output_file: as ``writers.open_writer``.
        input_file: the file that the texts come from, "" for other input.
        total: how many texts there are; None: unknown.
        kept: {name: kind} of the other columns, as ``kept.list_kept`` gives it; None: they are not kept.
        progress: a ``cli.progress.Progress``.
        options: threshold, batch_size and top_k, as ``Run.label``.

    Raises:
        InputError: as ``writers.open_writer`` and ``Run.predict``; a text is bad.
    """
    top_k = options.get("top_k", 0)
    run.task.check_top_k(top_k)
    thresholds = run.settle_thresholds(parse_threshold(options.get("threshold", ""))).to_record()
    job = {"run": run.folder.as_posix(), "weights": hash_file(run.folder / WEIGHTS_FILE), "thresholds": thresholds}
    job |= {"precision": run.precision, "top_k": top_k, "columns": kept}
    form = {"form": run.task.results, "kept": kept, "ranked": top_k > 0}
    with open_writer(output_file, job=job, input_file=input_file, **form) as writer:
        if writer.note:
            progress.note(writer.note)
        rest = islice(texts, writer.done, None)
        label = run.label if kept is None else functools.partial(label_rows, run)
        results = label(rest, chunk_size=CHUNK_TEXTS, **options)
        try:
            progress.step(writer.done, total)
            while chunk := list(islice(results, CHUNK_TEXTS)):
                writer.write(chunk)
                progress.step(writer.done, total)
        except KeyboardInterrupt:
            progress.note(writer.describe_stop("texts are labelled"))
            raise
        finally:
            progress.close()
