"""Writes a run's model as the graph for OpenVINO, in float32, checked before it is kept."""

import os
import tempfile
from pathlib import Path

import numpy as np

from zhlabel.data.tokenizer import Encodings
from zhlabel.environment import import_openvino
from zhlabel.errors import InputError
from zhlabel.inference.openvino import OpenvinoModel
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.plan import TRAINING
from zhlabel.runs.record import GRAPH_FILES

TOLERANCE = 1e-4
_ROWS = 24
_NAME = "outputs"


def complete_export(path, *, note):
    """Write the graph of a complete run that has none, or has one that is not whole; say whether there was need.

    Args:
        path: the run's folder.
        note: called with each line that the user should see.
    """
    folder = RunFolder(path)
    try:
        for name in GRAPH_FILES:
            folder.check(name)
        return False
    except InputError:
        pass
    with TRAINING.lock(folder.path):
        note("writing the graph by which texts are labelled without TensorFlow")
        if not export_run(folder) <= TOLERANCE:  # nor is it kept where a difference is no number
            note("note: the graph that needs no TensorFlow does not say the same and was not kept")
    return True


def export_run(folder):
    """Write model.xml and model.bin of a run, and keep them only where they say what TensorFlow says.

    The outputs are compared on 24 rows of random tokens, of 2 tokens to the run's limit.

    Args:
        folder: the RunFolder.

    Returns:
        The largest difference, as a share of the largest output, or of 1 where that is more. The graph is kept where
        it is at most TOLERANCE.
    """
    openvino = import_openvino()

    from zhlabel.backend import tf
    from zhlabel.inference.tensorflow import load_model, predict_rows

    model = load_model(folder)
    ids = tf.TensorSpec([None, None], tf.int32)
    traced = tf.function(lambda *inputs: tf.identity(model(inputs, training=False), _NAME), input_signature=[ids, ids])
    # Shared weights would point into frozen copies that TensorFlow has given back before they are written.
    converted = openvino.convert_model(traced.get_concrete_function(), share_weights=False)
    # The converted graph gives inner tensors too, of custom gradients for example.
    graph = openvino.Model([converted.output(f"{_NAME}:0")], converted.get_parameters())
    table = _draw_table(folder.encoder_config["vocab_size"], folder.record["settings"]["max_length"])
    expected = predict_rows(model, table, batch_size=_ROWS)
    with tempfile.TemporaryDirectory(dir=folder.path, prefix=".export-") as temporary:
        openvino.save_model(graph, Path(temporary) / GRAPH_FILES[0], compress_to_fp16=False)
        found = OpenvinoModel(temporary).predict_rows(table, batch_size=_ROWS)
        difference = float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
        if difference <= TOLERANCE:
            keep_files(temporary, folder, GRAPH_FILES)
    return difference


def keep_files(temporary, folder, names):
    """Move what was written into the run, and tell run.json of it last.

    Args:
        temporary: where the files lie now.
        folder: the RunFolder.
        names: their names.
    """
    for name in names:
        os.replace(Path(temporary) / name, folder.path / name)
    folder.update(files=names)


def _draw_table(vocabulary_size, max_length):
    random = np.random.default_rng(1)
    lengths = np.linspace(2, max_length, _ROWS).astype(int)
    starts = np.concatenate([[0], lengths.cumsum()])
    ids = random.integers(1, vocabulary_size, starts[-1], dtype=np.int32)  # 0 is padding
    places = np.arange(_ROWS)
    return Encodings(ids, starts, lengths, np.zeros((len(ids), 2), np.int32), places, np.zeros_like(places))
