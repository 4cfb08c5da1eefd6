"""The contender `transformers`, exported to ONNX and run by onnxruntime in float32; it does not train."""

from pathlib import Path

import numpy as np
import onnxruntime

from zhlabel.data.batching import map_rows


def load_predictor(*, folder):
    """Return a function of Encodings and a batch size to probabilities, float32 [W, L].

    Args:
        folder: what ``transformers_folder`` wrote.
    """
    session = onnxruntime.InferenceSession(Path(folder) / "model.onnx", providers=["CPUExecutionProvider"])
    width = session.get_outputs()[0].shape[1]

    def forward(token_ids):
        token_ids = token_ids.astype(np.int64)
        (logits,) = session.run(None, {"input_ids": token_ids, "attention_mask": (token_ids > 0).astype(np.int64)})
        return 1 / (1 + np.exp(-logits))

    return lambda table, batch_size: map_rows(forward, table, batch_size=batch_size, width=width, by_token=False)
