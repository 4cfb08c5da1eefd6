"""A trained run, loaded to label texts: by its exported graph, or by TensorFlow."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhlabel.data.labels import read_labels
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.decisions.thresholds import Thresholds
from zhlabel.errors import InputError
from zhlabel.inference.openvino import OpenvinoModel
from zhlabel.runs.folder import GRAPH_FILE, WEIGHTS_FILE, is_exported, read_run, read_weight
from zhlabel.tasks import TASKS
from zhlabel.tasks.base import Task


@dataclass(frozen=True)
class Run:
    """A loaded run, which gives probabilities and decisions for texts.

    Attributes:
        folder: where it lies.
        record: the dict of run.json.
        task: its Task, which knows the label names.
        tokenizer: texts to token ids, by the run's own vocabulary.
        predict_rows: (Encodings, batch_size=) to the model's outputs, as ``batching.map_rows`` gives them.
        state: what the task needs of the weights beside the outputs.
    """

    folder: Path
    record: dict
    task: Task
    tokenizer: object
    predict_rows: Callable
    state: object = None

    @property
    def names(self):
        """The L label names."""
        return self.task.labels

    def encode(self, texts):
        """Encode texts as the run's training did.

        Args:
            texts: N strings.

        Returns:
            Encodings.
        """
        max_length = self.record["settings"]["max_length"]
        return self.tokenizer.encode(texts, max_length=max_length, long_text=self.long_text)

    @property
    def long_text(self):
        """What becomes of texts beyond the length limit, one of the task's ``long_texts``."""
        return self.record["settings"]["long_text"]

    def predict(self, table, *, batch_size=16):
        """Return the predictions for N texts, in the form of the run's task.

        Args:
            table: Encodings of N texts, as ``encode`` gives it.
            batch_size: rows at once; it does not change the result (to 1e-5).

        Returns:
            float32 array [N, L] of probabilities; for ner a list of N dicts from Entity to probability.
        """
        outputs = self.predict_rows(table, batch_size=batch_size)
        predictions = self.task.predict(outputs, table, long_text=self.long_text, state=self.state)
        temperature = self.record["temperature"]
        return predictions if temperature == 1.0 else self.task.rescale(predictions, temperature)

    @property
    def commonest_label(self):
        """Id of the label with most training texts."""
        counts = self.record["label_counts"]
        return max(range(len(self.names)), key=lambda i: counts[self.names[i]])

    def settle_thresholds(self, threshold):
        """Return the thresholds to decide by.

        Args:
            threshold: one for all labels, in place of the run's own, or None for those; limits on the number of
                labels stay the run's.

        Returns:
            Thresholds.

        Raises:
            InputError: a threshold for a task that knows none.
        """
        own = Thresholds.from_record(self.record["thresholds"], source=f"{self.folder}/run.json")
        if threshold is None:
            return own
        if not self.task.takes_threshold:
            raise InputError(f"--threshold {threshold}: {self.task.name} takes the most probable label. Leave it out.")
        return own.with_common(threshold)


def load_run(folder, *, precision="float32"):
    """Load a run: through the graph that training exported, without TensorFlow; through TensorFlow where there is none.

    Args:
        folder: the run's folder.
        precision: "float32", or "bfloat16" or "int8" through the graph.

    Returns:
        A Run.

    Raises:
        InputError: as ``read_run`` and ``OpenvinoModel``; a file of the run is missing or damaged.
    """
    folder = Path(folder)
    record = read_run(folder)
    task = TASKS[record["task"]](read_labels(folder / "label.json"))
    tokenizer = Tokenizer(read_vocabulary(folder / "vocab.txt"))
    if is_exported(folder):
        predict_rows, state = (
            OpenvinoModel(folder, precision=precision).predict_rows,
            read_weight(folder / WEIGHTS_FILE, task.state),
        )
    elif precision != "float32":
        raise InputError(f'{folder} has no {GRAPH_FILE}, and TensorFlow computes in float32: PRECISION = "float32".')
    else:
        from zhlabel.inference.tensorflow import load_model
        from zhlabel.inference.tensorflow import predict_rows as predict_by_tensorflow

        model = load_model(folder)
        predict_rows, state = functools.partial(predict_by_tensorflow, model), task.read_state(model)
    return Run(folder, record, task, tokenizer, predict_rows, state)
