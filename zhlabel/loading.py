"""Loads a run to label texts with it: by its exported graph, without TensorFlow, or by TensorFlow."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhlabel.errors import InputError
from zhlabel.labels import read_labels
from zhlabel.light import GRAPH_FILE, LightModel, is_exported
from zhlabel.runs import WEIGHTS_FILE, name_weights, read_json, read_run
from zhlabel.tasks import TASKS
from zhlabel.tokens import TextEncoder, read_vocabulary


@dataclass(frozen=True)
class Run:
    """A loaded run, which gives probabilities and decisions for texts.

    Attributes:
        folder: where it lies.
        record: the dict of run.json.
        names: the L label names.
        task: its row of the table of tasks.
        text_encoder: texts to token ids, by the run's own vocabulary.
        predict_rows: (TokenTable, batch_size=) to the model's outputs, as ``batches.map_rows`` gives them.
        state: what the task needs of the weights beside the outputs.
    """

    folder: Path
    record: dict
    names: tuple
    task: object
    text_encoder: object
    predict_rows: Callable
    state: object = None

    def encode(self, texts):
        """Encode texts as the run's training did.

        Args:
            texts: N strings.

        Returns:
            A TokenTable.
        """
        max_length = self.record["settings"]["max_length"]
        return self.text_encoder.encode(texts, max_length=max_length, long_text=self.long_text)

    @property
    def long_text(self):
        """What becomes of texts beyond the length limit, one of the task's ``long_texts``."""
        return self.record["settings"]["long_text"]

    def predict(self, table, *, batch_size=16):
        """Give the predictions for N texts, in the form of the run's task.

        Args:
            table: a TokenTable of N texts, as ``encode`` gives it.
            batch_size: rows at once; it does not change the result (to 1e-5).

        Returns:
            float32 array [N, L] of probabilities; for ner a list of N dicts from Entity to probability.
        """
        outputs = self.predict_rows(table, batch_size=batch_size)
        predictions = self.task.combine(outputs, table, self.names, long_text=self.long_text, state=self.state)
        temperature = self.record["temperature"]
        return predictions if temperature == 1.0 else self.task.rescale(predictions, temperature)

    @property
    def commonest_label(self):
        """Id of the label with most training texts."""
        counts = self.record["label_counts"]
        return max(range(len(self.names)), key=lambda i: counts[self.names[i]])

    def settle_thresholds(self, threshold):
        """Give the thresholds to decide by.

        Args:
            threshold: one for all labels, in place of the run's own, or 0 for those; limits on the number of labels
                stay the run's.

        Returns:
            A dict, as in run.json; {} where the task knows none.

        Raises:
            InputError: a threshold for a task that knows none.
        """
        if not threshold:
            return self.record["thresholds"]
        if not self.task.takes_threshold:
            raise InputError(f"--threshold {threshold}: {self.task.name} takes the most probable label. Leave it out.")
        own = self.record["thresholds"]
        return {"global": threshold} | {key: own[key] for key in ("labels_per_text",) if key in own}


def load_run(folder, *, precision="float32"):
    """Load a run: through the graph that training exported, without TensorFlow; through TensorFlow where there is none.

    Args:
        folder: the run's folder.
        precision: "float32", or "bfloat16" or "int8" through the graph.

    Returns:
        A Run.

    Raises:
        InputError: as ``read_run`` and ``LightModel``; a file of the run is missing or damaged.
    """
    folder = Path(folder)
    record = read_run(folder)
    names = read_labels(folder / "label.json")
    task = TASKS[record["task"]]
    text_encoder = TextEncoder(read_vocabulary(folder / "vocab.txt"))
    if is_exported(folder):
        predict_rows, state = (
            LightModel(folder, precision=precision).predict_rows,
            _read_weight(folder / WEIGHTS_FILE, task.state),
        )
    elif precision != "float32":
        raise InputError(f'{folder} has no {GRAPH_FILE}, and TensorFlow computes in float32: PRECISION = "float32".')
    else:
        from zhlabel.training import predict_rows as predict_by_tensorflow

        model = load_model(folder)
        predict_rows, state = functools.partial(predict_by_tensorflow, model), task.read_state(model)
    return Run(folder, record, names, task, text_encoder, predict_rows, state)


def load_model(folder):
    """Build a run's model in TensorFlow and fill every weight.

    Args:
        folder: the run's folder.

    Returns:
        A Keras model of token ids and segment ids.

    Raises:
        InputError: as ``load_run``.
    """
    from zhlabel.backend import set_up_devices
    from zhlabel.encoder import build_encoder
    from zhlabel.heads import add_votes, find_dense
    from zhlabel.ngrams import Ngrams
    from zhlabel.tag_ngrams import TagNgrams

    folder = Path(folder)
    record, names = read_run(folder), read_labels(folder / "label.json")
    set_up_devices()
    config = read_json(folder / "encoder.json")
    task = TASKS[record["task"]]
    head = record["settings"]["head"]
    encoder = build_encoder(config, seed=0, summary="" if task.by_token else head)
    model = task.build_model(encoder, names, head=head, seed=0)
    if record.get("ngrams"):
        kind = TagNgrams if task.by_token else Ngrams
        model = add_votes(model, kind.make_empty(record["ngrams"], find_dense(model).units))
    _fill_weights(model, config, folder / WEIGHTS_FILE)
    return model


def _read_weight(path, name):
    """Give one array of a run's weights; None where it has none of that name."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return file.get_tensor(name) if name in file.keys() else None  # noqa: SIM118
    except (SafetensorError, OSError) as problem:
        raise InputError(f"{path} can't be read ({problem}). Copy the run again, or train it anew.") from None


def _fill_weights(model, encoder_config, path):
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    wanted = name_weights(model, encoder_config)
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as problem:
        raise InputError(f"{path} can't be read ({problem}). Copy the run again, or train it anew.") from None
    differing = sorted(set(found) ^ set(wanted)) or [n for n in wanted if tuple(wanted[n].shape) != found[n].shape]
    if differing:
        raise InputError(
            f"{path} does not belong to this run's encoder.json and label.json: {', '.join(differing[:5])}."
        )
    for name, variable in wanted.items():
        variable.assign(found[name].astype(variable.dtype.as_numpy_dtype))
