"""Runs a trained model without TensorFlow: OpenVINO executes the graph that was exported when the training ended."""

import functools
from pathlib import Path

import numpy as np

from zhlabel.batches import make_room, map_rows, order_for_prediction, pad_rows, place_rows
from zhlabel.errors import InputError

GRAPH_FILE, GRAPH_WEIGHTS_FILE = "model.xml", "model.bin"
_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
PRECISIONS = tuple(_PRECISIONS)


def is_exported(folder):
    """Say whether a run has its graph for the light runtime.

    Args:
        folder: the run's folder.
    """
    return (Path(folder) / GRAPH_FILE).is_file()


def remove_export(folder):
    """Remove a run's graph, which belongs to weights that are about to change.

    Args:
        folder: the run's folder.
    """
    for name in (GRAPH_FILE, GRAPH_WEIGHTS_FILE):
        (Path(folder) / name).unlink(missing_ok=True)


class LightModel:
    """A run's graph on the CPU; OpenVINO's own default precision would be bfloat16 where the processor has it.

    Args:
        folder: the run's folder, with model.xml and model.bin.
        precision: "float32" or "bfloat16".

    Raises:
        InputError: the graph is damaged; the processor has no bfloat16.
    """

    def __init__(self, folder, *, precision="float32"):
        import openvino

        self._core, path = openvino.Core(), Path(folder) / GRAPH_FILE
        if precision == "bfloat16" and "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise InputError('PRECISION = "bfloat16": this processor does not have it. Use float32.')
        self._options = {"INFERENCE_PRECISION_HINT": _PRECISIONS[precision]}
        try:
            self._graph = self._core.read_model(path)
            self._request = self._compile("LATENCY").create_infer_request()
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise InputError(
                f"{path} can't be read ({reason}). Remove it to use the run through TensorFlow, or train it anew."
            ) from None
        shape = self._graph.output(0).partial_shape
        self._form = {"width": shape[len(shape) - 1].get_length(), "by_token": len(shape) == 3}

    def predict_rows(self, table, *, batch_size):
        """Run the model over W rows; in float32 equal to ``training.predict_rows`` to 1e-4.

        One batch has all cores for itself, so that a single text is labelled soon; of several, each core takes its own,
        which is faster together.

        Args:
            table: TokenTable of W rows.
            batch_size: B, which does not change the result (to 1e-5 in float32).

        Returns:
            float32 array [W, L], or [sum of T, K] for a tagger.
        """
        if len(table) <= batch_size:
            return map_rows(lambda ids: self._request.infer(_feed(ids))[0], table, batch_size=batch_size, **self._form)
        results = make_room(table, **self._form)

        def place(request, indices):
            place_rows(results, table, indices, request.get_output_tensor(0).data)

        self._queue.set_callback(place)
        for indices in order_for_prediction(table.lengths, batch_size):
            self._queue.start_async(_feed(pad_rows(table.token_ids, table.starts, indices)), indices)
        self._queue.wait_all()
        return results

    @functools.cached_property
    def _queue(self):
        import openvino

        return openvino.AsyncInferQueue(self._compile("THROUGHPUT"))

    def _compile(self, hint):
        return self._core.compile_model(self._graph, "CPU", {"PERFORMANCE_HINT": hint, **self._options})


def _feed(token_ids):
    return [token_ids, np.zeros_like(token_ids)]
