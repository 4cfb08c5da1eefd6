"""A trained run, loaded to label texts: by its exported graph, or by TensorFlow."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhlabel.cli.commands import write_command
from zhlabel.data.given import list_texts
from zhlabel.data.tags import list_tags
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.decisions.thresholds import Thresholds, parse_threshold
from zhlabel.errors import InputError
from zhlabel.inference.openvino import GRAPHS, OpenvinoModel
from zhlabel.runs.folder import RunFolder, read_weight
from zhlabel.runs.record import GRAPH_FILES, INT8_FILES, LABELS_FILE, RUN_FILE, WEIGHTS_FILE
from zhlabel.tasks import find_task
from zhlabel.tasks.base import Task


@dataclass(frozen=True, repr=False)
class Run:
    """A loaded run, which gives probabilities and decisions for texts.

    Attributes:
        folder: where it lies.
        record: the dict of run.json.
        task: its Task, which knows the label names.
        tokenizer: texts to token ids, by the run's own vocabulary.
        predict_rows: (Encodings, batch_size=) to the model's outputs, as ``batching.map_rows`` gives them.
        state: what the task needs of the weights beside the outputs.
        precision: what it computes in.
    """

    folder: Path
    record: dict
    task: Task
    tokenizer: object
    predict_rows: Callable
    state: object = None
    precision: str = "float32"

    @property
    def labels(self):
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

    def predict_encoded(self, table, *, batch_size=16):
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

    def predict(self, texts, *, threshold="", batch_size=16, top_k=0):
        """Label texts.

        Args:
            texts: N strings: a list, a pandas Series; one string counts as one text.
            threshold: "" for the run's own, or one for all labels: 0..1, or "logit:-1.5".
            batch_size: rows at once; it does not change the result (to 1e-5).
            top_k: how many of the most probable labels are given too, whatever the threshold; 0: none.

        Returns:
            A list of N dicts, as model_predict.py writes them: "text" and, by the task, "labels", "label" and
            "probability", or "entities"; and "top" with ``top_k``.

        Raises:
            InputError: a threshold or ``top_k`` for a task that knows none.
        """
        return list(self.label(list_texts(texts), threshold=threshold, batch_size=batch_size, top_k=top_k))

    def predict_proba(self, texts, *, batch_size=16):
        """Return the probabilities of texts: float32 [N, L]; for ner a list of N dicts from Entity to probability.

        Args:
            texts: as ``predict``.
            batch_size: as ``predict``.
        """
        return self.predict_encoded(self.encode(list_texts(texts)), batch_size=batch_size)

    def label(self, texts, *, threshold="", batch_size=16, top_k=0, chunk_size=1024):
        """Yield a result for each text, in order; chunk by chunk, so that memory does not grow with their number.

        Args:
            texts: an iterable of strings.
            threshold: as ``predict``.
            batch_size: as ``predict``.
            top_k: as ``predict``.
            chunk_size: texts read, sorted by length and labelled at a time.
        """
        self.task.check_top_k(top_k)
        thresholds, texts = self.settle_thresholds(parse_threshold(threshold)), iter(texts)
        while chunk := list(itertools.islice(texts, chunk_size)):
            predictions = self.predict_encoded(self.encode(chunk), batch_size=batch_size)
            decided = self.task.decide(predictions, thresholds)
            for text, prediction, chosen in zip(chunk, predictions, decided, strict=True):
                top = {"top": self.task.rank(prediction, top_k)} if top_k else {}
                yield {"text": text, **self.task.format_prediction(text, prediction, chosen), **top}

    def __repr__(self):
        return f"Run({self.folder.as_posix()}, {self.task.name}, {len(self.labels)} labels)"

    @property
    def thresholds(self):
        """The run's own Thresholds."""
        return self.settle_thresholds(None)

    @property
    def threshold(self):
        """The run's own threshold for all labels; None where it has none."""
        return self.thresholds.common

    @property
    def commonest_label(self):
        """Id of the label with most training texts."""
        counts = self.record["label_counts"]
        return max(range(len(self.labels)), key=lambda i: counts[self.labels[i]])

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


def load_run(folder, *, precision="float32", note=lambda line: None):
    """Load a run: through the graph that training exported, without TensorFlow; through TensorFlow where there is none.

    Args:
        folder: the run's folder, or its RunFolder.
        precision: "float32", or "bfloat16" or "int8" through the graph; int8's is made when first asked for.
        note: called with each line that the user should see.

    Returns:
        A Run.

    Raises:
        InputError: as ``read_run``, ``OpenvinoModel`` and ``int8.make_int8``; a file of the run is missing, changed or
            damaged.
    """
    folder = folder if isinstance(folder, RunFolder) else RunFolder(folder)
    for line in folder.notes:
        note(f"note: {line}")
    task = find_task(folder.record, folder.path)(folder.labels)
    _check_settings(folder, task)
    tokenizer = Tokenizer(folder.vocabulary)
    # Who removes model.xml asks for TensorFlow, on a GPU for example; any other loss is an error.
    if folder.has(*GRAPH_FILES) and (folder.path / GRAPH_FILES[0]).is_file():
        if precision == "int8" and not folder.is_there(*INT8_FILES):
            from zhlabel.inference.int8 import make_int8

            make_int8(load_run(folder.path), folder, note=note)
        predict_rows = _load_graph(folder, task, precision).predict_rows
        state = read_weight(folder.check(WEIGHTS_FILE), task.state) if task.state else None
    elif precision != "float32":
        raise InputError(
            f"{folder.path} has no {GRAPH_FILES[0]}, and TensorFlow computes in float32. Use that, or have the "
            f"graph made: {write_command('model_train.py', run=folder.path)}"
        )
    else:
        if folder.has(*GRAPH_FILES):
            note(f"note: {folder.path / GRAPH_FILES[0]} is not there, so TensorFlow computes")
        from zhlabel.inference.tensorflow import load_model
        from zhlabel.inference.tensorflow import predict_rows as predict_by_tensorflow

        model = load_model(folder)
        predict_rows, state = functools.partial(predict_by_tensorflow, model), task.read_state(model)
    return Run(folder.path, folder.record, task, tokenizer, predict_rows, state, precision)


def _check_settings(folder, task):
    """Stop where run.json names what its task does not know."""
    settings, path = folder.record["settings"], folder.path / RUN_FILE
    for setting, name in (("HEAD", "head"), ("LONG_TEXT", "long_text")):
        try:
            task.choose(setting, settings[name])
        except InputError as problem:
            raise InputError(f"{path}: {problem} Restore it, or train the run anew.") from None
    if "none" not in task.threshold_kinds and "global" not in folder.record["thresholds"]:
        raise InputError(f"{path}: thresholds.global is missing. Restore it, or train the run anew.")


def _load_graph(folder, task, precision):
    for name in GRAPHS[precision]:
        folder.check(name)
    model = OpenvinoModel(folder.path, precision=precision)
    wanted = len(list_tags(folder.labels)) if task.by_token else len(folder.labels)
    if model.width != wanted:
        raise InputError(
            f"{folder.path / GRAPHS[precision][0]} gives {model.width} numbers, and the {len(folder.labels)} labels of "
            f"{LABELS_FILE} need {wanted}. Copy the run again, or train it anew."
        )
    return model
