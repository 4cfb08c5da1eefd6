"""Writes a run's model as graphs for the light runtime, in float32 and in int8, each checked before it is kept."""

import logging
import os
import tempfile
from pathlib import Path

import numpy as np

from zhlabel.backend import tf
from zhlabel.data.batching import pad_rows
from zhlabel.data.tokenizer import Encodings
from zhlabel.inference.openvino import OpenvinoModel, feed
from zhlabel.inference.tensorflow import load_model, predict_rows
from zhlabel.io.json import read_json
from zhlabel.runs.folder import GRAPH_FILE, GRAPH_WEIGHTS_FILE, INT8_FILE, INT8_WEIGHTS_FILE, read_run

TOLERANCE = 1e-4
INT8_LOSS = 0.002  # of dev score; more is not worth the speed
_ROWS = 24
_CALIBRATED = 300  # rows
_NAME = "outputs"


def export_graphs(folder, train_table, dev_table, *, score, note):
    """Write a run's graphs in float32 and in int8, and keep those that say the same.

    Args:
        folder: the run's folder.
        train_table: as in ``export_int8``.
        dev_table: as in ``export_int8``.
        score: as in ``loop.fit_model``.
        note: called with each line that the user should see.
    """
    if not export_run(folder) <= TOLERANCE:  # nor is it kept where a difference is no number
        note("note: the graph that needs no TensorFlow does not say the same and was not kept")
        return
    exact, rounded = export_int8(folder, train_table, dev_table, score=score)
    verdict = "kept" if exact - rounded < INT8_LOSS else "not kept"
    note(f"int8: dev score {rounded:.4f}, in float32 {exact:.4f}; {verdict} for prediction's PRECISION")


def export_run(folder):
    """Write model.xml and model.bin of a run, and keep them only where they say what TensorFlow says.

    The outputs are compared on 24 rows of random tokens, of 2 tokens to the run's limit.

    Args:
        folder: the run's folder.

    Returns:
        The largest difference, as a share of the largest output, or of 1 where that is more. The graph is kept where
        it is at most TOLERANCE.
    """
    import openvino

    model = load_model(folder)
    ids = tf.TensorSpec([None, None], tf.int32)
    traced = tf.function(lambda *inputs: tf.identity(model(inputs, training=False), _NAME), input_signature=[ids, ids])
    # Shared weights would point into frozen copies that TensorFlow has given back before they are written.
    converted = openvino.convert_model(traced.get_concrete_function(), share_weights=False)
    # The converted graph gives inner tensors too, of custom gradients for example.
    graph = openvino.Model([converted.output(f"{_NAME}:0")], converted.get_parameters())
    limit = read_run(folder)["settings"]["max_length"]
    table = _draw_table(read_json(Path(folder) / "encoder.json")["vocab_size"], limit)
    expected = predict_rows(model, table, batch_size=_ROWS)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
        openvino.save_model(graph, Path(temporary) / GRAPH_FILE, compress_to_fp16=False)
        found = OpenvinoModel(temporary).predict_rows(table, batch_size=_ROWS)
        difference = float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
        if difference <= TOLERANCE:
            _keep(temporary, folder, GRAPH_WEIGHTS_FILE, GRAPH_FILE)
    return difference


def export_int8(folder, train_table, dev_table, *, score):
    """Write model.int8.xml and model.int8.bin of an exported run, and keep them only where little is lost.

    Weights are rounded to 8 bits, and what passes between layers to 256 values each, whose range the outputs for some
    training texts tell.

    Args:
        folder: the run's folder, with its graph in float32.
        train_table: Encodings of the training texts, of which 300 rows are run.
        dev_table: Encodings of the dev texts.
        score: as in ``loop.fit_model``.

    Returns:
        (dev score in float32, in int8). The graph is kept where the second is less than INT8_LOSS below.

    Reference: Xiao et al. 2023, "SmoothQuant", arXiv:2211.10438; Nagel et al. 2019, arXiv:1906.04721 (bias correction).
    """
    import nncf
    import openvino

    nncf.set_log_level(logging.ERROR)
    chosen = np.random.default_rng(1).permutation(len(train_table))[:_CALIBRATED]
    samples = [feed(pad_rows(train_table.token_ids, train_table.starts, [row])) for row in chosen]
    graph = nncf.quantize(
        openvino.Core().read_model(Path(folder) / GRAPH_FILE),
        nncf.Dataset(samples),
        subset_size=len(samples),
        model_type=nncf.ModelType.TRANSFORMER,
    )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
        openvino.save_model(graph, Path(temporary) / INT8_FILE, compress_to_fp16=False)
        exact, rounded = (
            score(OpenvinoModel(place, precision=precision).predict_rows(dev_table, batch_size=_ROWS))["dev_score"]
            for place, precision in ((folder, "float32"), (temporary, "int8"))
        )
        if exact - rounded < INT8_LOSS:
            _keep(temporary, folder, INT8_WEIGHTS_FILE, INT8_FILE)
    return exact, rounded


def _keep(temporary, folder, *names):
    """Move what was written into the run; the graph last: where it is, the export is whole."""
    for name in names:
        os.replace(Path(temporary) / name, Path(folder) / name)


def _draw_table(vocabulary_size, max_length):
    random = np.random.default_rng(1)
    lengths = np.linspace(2, max_length, _ROWS).astype(int)
    starts = np.concatenate([[0], lengths.cumsum()])
    ids = random.integers(1, vocabulary_size, starts[-1], dtype=np.int32)  # 0 is padding
    places = np.arange(_ROWS)
    return Encodings(ids, starts, lengths, np.zeros((len(ids), 2), np.int32), places, np.zeros_like(places))
