"""Labels texts into a file: chunk by chunk, so that memory stays, and on from where a stopped job was."""

from itertools import islice

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


def label_into_file(run, texts, output_file, *, input_file="", total=None, threshold="", batch_size=16, progress):
    """Label texts and write the results; the same call goes on behind what an earlier one has written.

    Args:
        run: a loaded Run.
        texts: an iterable of strings.
        output_file: as ``writers.open_writer``.
        input_file: the file that the texts come from, "" for other input.
        total: how many texts there are; None: unknown.
        threshold: as ``Run.predict``.
        batch_size: texts at once.
        progress: a ``cli.progress.Progress``.

    Raises:
        InputError: as ``writers.open_writer``; a text is bad.
    """
    thresholds = run.settle_thresholds(parse_threshold(threshold)).to_record()
    job = {"run": run.folder.as_posix(), "weights": hash_file(run.folder / WEIGHTS_FILE), "thresholds": thresholds}
    job["precision"] = run.precision
    with open_writer(output_file, form=run.task.results, job=job, input_file=input_file) as writer:
        if writer.note:
            progress.note(writer.note)
        rest = islice(texts, writer.done, None)
        results = run.label(rest, threshold=threshold, batch_size=batch_size, chunk_size=CHUNK_TEXTS)
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
