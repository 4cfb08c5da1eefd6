"""Makes a run's int8 graph from its float32 graph when it is first asked for, and keeps it where little is lost."""

import contextlib
import logging
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from zhlabel.data.batching import pad_rows
from zhlabel.data.datasets import read_datasets
from zhlabel.data.layout import Layout
from zhlabel.environment import import_openvino
from zhlabel.errors import InputError
from zhlabel.inference.export import keep_files
from zhlabel.inference.openvino import OpenvinoModel, feed
from zhlabel.io.files import hash_file
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.plan import TRAINING
from zhlabel.runs.record import GRAPH_FILES, INT8_FILES, LABELS_FILE

INT8_LOSS = 0.002  # of dev score; more is not worth the speed
_CALIBRATED = 300  # rows


def make_int8(run, folder, *, note):
    """Write model.int8.xml and model.int8.bin into a run's folder, and keep them only where little is lost.

    Weights are rounded to 8 bits, and what passes between layers to 256 values each, whose range the outputs for 300
    training texts tell.

    Args:
        run: the Run, loaded in float32.
        folder: its RunFolder, whose run.json gets the files' hashes.
        note: called with what is being done, and with what came of it.

    Raises:
        InputError: the training or dev file is gone or has changed, or too much is lost.

    Reference: Xiao et al. 2023, "SmoothQuant", arXiv:2211.10438; Nagel et al. 2019, arXiv:1906.04721 (bias correction).
    """
    texts, dev_texts, dev_gold = _read_texts(run)
    with TRAINING.lock(folder.path, wait=folder.record["complete"]):
        folder.record = RunFolder(folder.path).record
        if folder.is_there(*INT8_FILES):  # another process has made it meanwhile
            return
        with tempfile.TemporaryDirectory(dir=folder.path, prefix=".export-") as temporary:
            _quantize(folder, _draw_rows(run, texts), Path(temporary) / INT8_FILES[0], note=note)
            exact, rounded = _compare(run, temporary, dev_texts, dev_gold)
            scores = f"dev score {rounded:.4f}, in float32 {exact:.4f}"
            if not exact - rounded < INT8_LOSS:  # nor is it kept where a score is no number
                raise InputError(f'PRECISION = "int8": {folder.path} loses too much ({scores}). Use float32.')
            keep_files(temporary, folder, INT8_FILES)
        note(f"int8: {scores}; the graph is kept in {folder.path}")


def _read_texts(run):
    """Return the training texts, and the dev texts with their gold, from the files that the run names."""
    settings, data = run.record["settings"], run.record["data"]
    for part in ("train", "dev"):
        known = data.get(part)
        if known and (not Path(known["file"]).is_file() or hash_file(known["file"]) != known["sha256"]):
            raise InputError(
                f'PRECISION = "int8": {run.folder} has no int8 graph yet, and making it needs the {part} file '
                f"{known['file']} to calibrate, which is missing here or has changed. Restore it, or use float32."
            )
    examples, gold, *_ = read_datasets(
        type(run.task),
        train_file=data["train"]["file"],
        dev_file=data["dev"]["file"] if "dev" in data else "",
        dev_share=settings["dev_share"],
        label_file=run.folder / LABELS_FILE,
        seed=settings["seed"],
        note=lambda line: None,
        layout=Layout.pick(settings),
    )
    texts = {part: [example.text for example in each] for part, each in examples.items()}
    return texts["train"], texts["dev"], gold["dev"]


def _draw_rows(run, texts):
    """Return the graph's inputs for some rows of the training texts."""
    chosen = np.random.default_rng(1).permutation(len(texts))[:_CALIBRATED]
    table = run.encode([texts[i] for i in chosen])
    return [feed(pad_rows(table.token_ids, table.starts, [row])) for row in range(min(len(table), _CALIBRATED))]


def _quantize(folder, rows, path, *, note):
    openvino = import_openvino()  # before nncf, which imports it
    import nncf

    graph = openvino.Core().read_model(folder.check(GRAPH_FILES[0]))
    note(
        f"the int8 graph of {folder.path} is made from {len(rows)} training texts and kept there, once; this may take "
        "minutes"
    )
    nncf.set_log_level(logging.ERROR)
    with _silence_bars():
        graph = nncf.quantize(graph, nncf.Dataset(rows), subset_size=len(rows), model_type=nncf.ModelType.TRANSFORMER)
    openvino.save_model(graph, path, compress_to_fp16=False)


@contextlib.contextmanager
def _silence_bars():
    """Keep nncf's progress bars from the standard output, which in prediction is the result's."""
    import rich

    console = rich.get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before


def _compare(run, place, texts, gold):
    """Return the dev scores in float32, and through the int8 graph that lies in ``place``."""
    table = run.encode(texts)
    model = OpenvinoModel(place, precision="int8")
    runs = run, replace(run, predict_rows=model.predict_rows)
    return tuple(run.task.score_dev(each.predict_encoded(table), gold) for each in runs)
