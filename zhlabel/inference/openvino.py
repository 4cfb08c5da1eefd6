"""Runs a trained model without TensorFlow: OpenVINO executes the graph that was exported when the training ended."""

import functools
import threading
from pathlib import Path

import numpy as np

from zhlabel.data.batching import make_room, map_rows, order_for_prediction, pad_rows, place_rows
from zhlabel.environment import import_openvino
from zhlabel.errors import InputError
from zhlabel.runs.record import GRAPH_FILES, INT8_FILES

GRAPHS = {"float32": GRAPH_FILES, "bfloat16": GRAPH_FILES, "int8": INT8_FILES}  # by precision; the xml first
PRECISIONS = tuple(GRAPHS)
_INT8_LENGTHS = 16  # lengths are multiples of it: in int8 OpenVINO keeps a copy of the weights for each shape


class OpenvinoModel:
    """A run's graph on the CPU; OpenVINO's own default precision would be bfloat16 where the processor has it.

    Args:
        folder: the run's folder, with model.xml and model.bin.
        precision: "float32", "bfloat16", or "int8", for which there are model.int8.xml and model.int8.bin.

    Attributes:
        width: how many numbers it gives a row, or a token.

    Raises:
        InputError: the graph is damaged; the processor has no bfloat16.
    """

    def __init__(self, folder, *, precision="float32"):
        openvino = import_openvino()

        self._core, path = openvino.Core(), Path(folder) / GRAPHS[precision][0]
        if precision == "bfloat16" and "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise InputError('PRECISION = "bfloat16": this processor does not have it. Use float32.')
        # Where the graph itself does not say int8.
        self._options = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32"}
        self._multiple = _INT8_LENGTHS if precision == "int8" else 1
        try:
            self._graph = self._core.read_model(path)
            self._request = self._compile("LATENCY").create_infer_request()
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise InputError(f"{path} can't be read ({reason}). Copy the run again, or train it anew.") from None
        shape = self._graph.output(0).partial_shape
        self.width = shape[len(shape) - 1].get_length()
        self._form = {"width": self.width, "by_token": len(shape) == 3}
        self._lock = threading.Lock()  # requests and their queue serve one call at a time; threads wait for their turn

    def predict_rows(self, table, *, batch_size):
        """Run the model over W rows; in float32 equal to ``tensorflow.predict_rows`` to 1e-4. Threads may share it.

        One batch has all cores for itself, so that a single text is labelled soon; of several, each core takes its own,
        which is faster together.

        Args:
            table: Encodings of W rows.
            batch_size: B, which does not change the result (to 1e-5 in float32).

        Returns:
            float32 array [W, L], or [sum of T, K] for a tagger.
        """
        with self._lock:
            return self._predict_rows(table, batch_size)

    def _predict_rows(self, table, batch_size):
        if len(table) <= batch_size:
            return map_rows(
                lambda ids: self._request.infer(feed(ids, self._multiple))[0],
                table,
                batch_size=batch_size,
                **self._form,
            )
        results = make_room(table, **self._form)

        def place(request, indices):
            place_rows(results, table, indices, request.get_output_tensor(0).data)

        self._queue.set_callback(place)
        for indices in order_for_prediction(table.lengths, batch_size):
            token_ids = pad_rows(table.token_ids, table.starts, indices)
            self._queue.start_async(feed(token_ids, self._multiple), indices)
        self._queue.wait_all()
        return results

    @functools.cached_property
    def _queue(self):
        openvino = import_openvino()

        return openvino.AsyncInferQueue(self._compile("THROUGHPUT"))

    def _compile(self, hint):
        return self._core.compile_model(self._graph, "CPU", {"PERFORMANCE_HINT": hint, **self._options})


def feed(token_ids, multiple=1):
    """Return the graph's inputs for padded ``token_ids``, int32 [B, T], with T raised to a ``multiple``."""
    token_ids = np.pad(token_ids, ((0, 0), (0, -token_ids.shape[1] % multiple)))
    return [token_ids, np.zeros_like(token_ids)]
