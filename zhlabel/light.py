"""Runs a trained model without TensorFlow: OpenVINO executes the graph that was exported when the training ended."""

from pathlib import Path

import numpy as np

from zhlabel.batches import map_rows
from zhlabel.errors import InputError

GRAPH_FILE, GRAPH_WEIGHTS_FILE = "model.xml", "model.bin"


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
    """A run's graph on the CPU, in float32: OpenVINO's own default would be bfloat16 where the processor has it.

    Args:
        folder: the run's folder, with model.xml and model.bin.

    Raises:
        InputError: the graph is damaged.
    """

    def __init__(self, folder):
        import openvino

        path = Path(folder) / GRAPH_FILE
        try:
            compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise InputError(
                f"{path} can't be read ({reason}). Remove it to use the run through TensorFlow, or train it anew."
            ) from None
        self._request = compiled.create_infer_request()
        self._shape = compiled.output(0).partial_shape

    def predict_rows(self, table, *, batch_size):
        """Run the model over W rows; equal to ``training.predict_rows`` to 1e-4.

        Args:
            table: TokenTable of W rows.
            batch_size: B, which does not change the result (to 1e-5).

        Returns:
            float32 array [W, L], or [sum of T, K] for a tagger.
        """
        width = self._shape[len(self._shape) - 1].get_length()
        return map_rows(self._forward, table, batch_size=batch_size, width=width, by_token=len(self._shape) == 3)

    def _forward(self, token_ids):
        return self._request.infer([token_ids, np.zeros_like(token_ids)])[0]
