"""Writes a run's model as a graph for the light runtime, checked against TensorFlow before it is kept."""

import os
import tempfile
from pathlib import Path

import numpy as np

from zhlabel.backend import tf
from zhlabel.light import GRAPH_FILE, GRAPH_WEIGHTS_FILE, LightModel
from zhlabel.loading import load_model
from zhlabel.runs import read_json, read_run
from zhlabel.tokens import TokenTable
from zhlabel.training import predict_rows

TOLERANCE = 1e-4
_ROWS = 24
_NAME = "outputs"


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
        found = LightModel(temporary).predict_rows(table, batch_size=_ROWS)
        difference = float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
        if difference <= TOLERANCE:
            for name in (GRAPH_WEIGHTS_FILE, GRAPH_FILE):  # the graph last: where it is, the export is whole
                os.replace(Path(temporary) / name, Path(folder) / name)
    return difference


def _draw_table(vocabulary_size, max_length):
    random = np.random.default_rng(1)
    lengths = np.linspace(2, max_length, _ROWS).astype(int)
    starts = np.concatenate([[0], lengths.cumsum()])
    ids = random.integers(1, vocabulary_size, starts[-1], dtype=np.int32)  # 0 is padding
    places = np.arange(_ROWS)
    return TokenTable(ids, starts, lengths, np.zeros((len(ids), 2), np.int32), places, np.zeros_like(places))
