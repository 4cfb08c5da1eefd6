"""The contender that plain bert4keras is, as in its examples: its own ALBERT, Adam, batches in random order."""

import json
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.contenders.worker import order_at_random
from zhlabel.backend import bert4keras, keras  # it does not import without that care
from zhlabel.checkpoints.names import name_in_checkpoint
from zhlabel.io.json import read_json
from zhlabel.runs.record import WEIGHTS_FILE


def build_model(config, label_count):
    """Build what bert4keras's example of classification with ALBERT builds: the transformer, and the Keras model."""
    from bert4keras.backend import set_gelu

    set_gelu({"gelu_tanh": "tanh", "gelu_erf": "erf"}[config["hidden_act"]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config | {"hidden_act": "gelu"}), encoding="utf-8")
        transformer = bert4keras.models.build_transformer_model(str(path), model="albert", return_keras_model=False)
    first = keras.layers.Lambda(lambda hidden: hidden[:, 0], name="CLS-token")(transformer.model.output)
    head = keras.layers.Dense(label_count, activation="sigmoid", kernel_initializer=transformer.initializer)
    return transformer, keras.Model(transformer.model.input, head(first))


def load_trainer(table, targets, *, config):
    """Return a function of the epoch's number that trains one epoch and gives its seconds.

    Args:
        table: Encodings of N texts.
        targets: bool [N, L].
        config: the encoder's, as in encoder.json; weights are random.
    """
    _, model = build_model(config, targets.shape[1])
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(5e-4))
    rows, targets = split_rows(table), targets.astype(np.float32)

    def fit_epoch(epoch):
        started = time.perf_counter()
        for indices in order_at_random(len(table), epoch=epoch):
            model.train_on_batch(pad(rows, indices), targets[indices])
        return time.perf_counter() - started

    return fit_epoch


def load_predictor(*, run):
    """Return a function of Encodings and a batch size to probabilities, float32 [W, L].

    Args:
        run: the run's folder, whose weights are loaded under the names of Google's ALBERT.
    """
    from safetensors.numpy import load_file

    weights = load_file(Path(run) / WEIGHTS_FILE)
    kernel, bias = weights.pop("head/kernel"), weights.pop("head/bias")
    transformer, model = build_model(read_json(Path(run) / "encoder.json"), len(bias))
    names = {name: name_in_checkpoint(name.removeprefix("encoder/"), "albert", tensorflow=True) for name in weights}
    transformer.load_weights_from_checkpoint({names[name]: array for name, array in weights.items()})
    model.layers[-1].set_weights([kernel, bias])

    def predict(table, batch_size):
        rows = split_rows(table)
        places = np.array_split(np.arange(len(rows)), range(batch_size, len(rows), batch_size))
        return np.concatenate([model.predict_on_batch(pad(rows, indices)) for indices in places])

    return predict


def split_rows(table):
    return np.split(table.token_ids, table.starts[1:-1])


def pad(rows, indices):
    token_ids = bert4keras.snippets.sequence_padding([rows[i] for i in indices])
    return [token_ids, np.zeros_like(token_ids)]
