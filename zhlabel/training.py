"""Compiles and fits a model, keeps the weights of the best dev epoch, and resumes after a kill to the same result."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from zhlabel.backend import keras, set_seed, tf
from zhlabel.batches import order_for_prediction, order_for_training, pad_batch
from zhlabel.errors import InputError
from zhlabel.files import write_whole
from zhlabel.tokens import TokenTable

STATE_FILE = "training_state.safetensors"
BEST_FILE = "best_weights.safetensors"


@dataclass(frozen=True)
class TaskData:
    """N encoded texts and what the model should say of them.

    Attributes:
        table: TokenTable of N texts.
        targets: array [N, ...], cast to the loss's type a batch at a time.
    """

    table: TokenTable
    targets: np.ndarray


class WarmupThenDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate that rises linearly from 0 to its peak, then falls linearly to 0 at the last step.

    Args:
        peak: highest rate.
        total_steps: steps of the whole training.
        warmup_steps: how many of them the rise takes; 0 starts at the peak.

    Reference: Devlin et al. 2019, "BERT", arXiv:1810.04805, appendix A.2.
    """

    def __init__(self, peak, total_steps, warmup_steps):
        self.peak, self.total_steps, self.warmup_steps = peak, total_steps, warmup_steps

    def __call__(self, step):
        done = tf.cast(step, tf.float32)
        rise = (done + 1) / max(self.warmup_steps, 1)
        fall = (self.total_steps - done) / max(self.total_steps - self.warmup_steps, 1)
        return self.peak * tf.clip_by_value(tf.minimum(rise, fall), 0.0, 1.0)

    def get_config(self):
        return {"peak": self.peak, "total_steps": self.total_steps, "warmup_steps": self.warmup_steps}


def compile_model(model, *, loss, learning_rate, warmup_share, weight_decay, total_steps):
    """Give a model its loss and its optimizer: Adam with decoupled weight decay, warm-up and linear decay.

    Biases and layer norms are not decayed, as in BERT's original optimizer.

    Args:
        model: the model to train.
        loss: a Keras loss or its name.
        learning_rate: peak rate.
        warmup_share: 0..1, share of all steps in which the rate rises.
        weight_decay: decoupled weight decay a step, times the learning rate.
        total_steps: steps of the whole training.

    Reference: Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
    """
    schedule = WarmupThenDecay(learning_rate, total_steps, int(warmup_share * total_steps))
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=weight_decay, epsilon=1e-6)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", "[Nn]orm"])
    model.compile(optimizer=optimizer, loss=loss)
    optimizer.build(model.trainable_variables)


def fit_model(model, train, dev, *, folder, score, epochs, batch_size, patience, seed, on_batch=None, on_epoch=None):
    """Train a compiled model, or go on with a training that was stopped, until the end or until dev stops rising.

    After each epoch the dev texts are scored; the weights of the best epoch are kept in ``BEST_FILE``, and everything
    that the next epoch depends on in ``STATE_FILE``. Both appear whole or not at all, so that a process may be killed
    at any moment: the same call goes on after the last epoch finished, with the same result as without the kill.

    Args:
        model: compiled by ``compile_model``.
        train: TaskData of the training texts.
        dev: TaskData of the dev texts.
        folder: where the two files lie.
        score: function of (probabilities [N, ...], targets [N, ...]) to a dict with "dev_score", which is maximised.
        epochs: passes over the training texts.
        batch_size: B.
        patience: stop after so many epochs without a better dev score; 0 never stops early.
        seed: of the order of batches, and of dropout.
        on_batch: called with (epochs finished, steps finished in this epoch, mean loss) after each step.
        on_epoch: called with the epoch's row of the history.

    Returns:
        The history, one dict an epoch: epoch (from 1), loss, what ``score`` gives, seconds.

    Raises:
        InputError: the loss is no longer a number.
    """
    folder = Path(folder)
    history = _restore_state(model, folder)
    steps = math.ceil(len(train.table) / batch_size)
    while len(history) < epochs and not _has_stalled(history, patience):
        epoch, started = len(history), time.perf_counter()
        set_seed(seed + epoch)
        _reseed_dropout(model, seed + epoch)
        loss = _fit_epoch(model, train, batch_size, seed, epoch, steps, on_batch)
        scores = score(predict_probabilities(model, dev.table, batch_size=4 * batch_size), dev.targets)
        row = {"epoch": epoch + 1, "loss": loss, **scores, "seconds": time.perf_counter() - started}
        history = [*history, row]
        if find_best(history) is row:
            _write_tensors(folder / BEST_FILE, model.weights, row)
        _write_tensors(folder / STATE_FILE, [*model.weights, *model.optimizer.variables], history)
        if on_epoch:
            on_epoch(row)
    return history


def find_best(history):
    """Give the row with the highest dev score, the earliest of equal ones.

    Args:
        history: rows of ``fit_model``, at least one.

    Returns:
        One of the rows.
    """
    return max(history, key=lambda row: row["dev_score"])


def restore_best(model, folder):
    """Fill a model with the best weights that a training has saved so far.

    Args:
        model: built as for the training.
        folder: the training's folder.

    Returns:
        The history row of these weights, or None when no epoch was finished.
    """
    return _read_tensors(Path(folder) / BEST_FILE, model.weights)


def read_history(folder):
    """Give the rows of all epochs that a training in this folder has finished, [] when there is none.

    An epoch whose weights were kept as the best counts, even if the training was stopped before its state was written.

    Args:
        folder: the training's folder.
    """
    rows, best = (_read_note(Path(folder) / name) for name in (STATE_FILE, BEST_FILE))
    rows = rows or []
    return [*rows, best] if best and best["epoch"] > len(rows) else rows


def remove_state(folder):
    """Remove what only resuming needs, once the run is written.

    Args:
        folder: the training's folder.
    """
    for name in (STATE_FILE, BEST_FILE):
        (Path(folder) / name).unlink(missing_ok=True)
        for half_written in Path(folder).glob(f".{name}.*.tmp"):  # of a process that was killed while it wrote
            half_written.unlink(missing_ok=True)


def predict_probabilities(model, table, *, batch_size):
    """Run a model over N texts, batched by length, and give the results in the texts' order.

    Args:
        model: of token ids and segment ids to float32 [B, L].
        table: TokenTable of N texts.
        batch_size: B, which does not change the result (to 1e-5).

    Returns:
        float32 array [N, L].
    """
    results = np.zeros((len(table), model.output_shape[-1]), dtype=np.float32)
    forward = _compile_forward(model)
    for indices in order_for_prediction(table.lengths, batch_size):
        token_ids = pad_batch(table, indices)
        results[indices] = forward(token_ids, np.zeros_like(token_ids)).numpy()
    return results


def _compile_forward(model):
    """Give the model as one traced function for batches of any shape: Keras's own predict traces anew for each."""
    if not hasattr(model, "forward"):
        ids = tf.TensorSpec([None, None], tf.int32)
        model.forward = tf.function(lambda *inputs: model(inputs, training=False), input_signature=[ids, ids])
    return model.forward


def _fit_epoch(model, train, batch_size, seed, epoch, steps, on_batch):
    """One pass over the training texts; gives the mean loss."""
    batches = order_for_training(train.table.lengths, batch_size, seed=seed, epoch=epoch)
    devices = model.distribute_strategy.num_replicas_in_sync

    def generate():
        for indices in batches:
            indices, weights = _fill_devices(indices, devices)
            token_ids = pad_batch(train.table, indices)
            yield (token_ids, np.zeros_like(token_ids)), train.targets[indices].astype(np.float32), weights

    ids, weights = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.float32)
    targets = tf.TensorSpec([None, *train.targets.shape[1:]], tf.float32)
    dataset = tf.data.Dataset.from_generator(generate, output_signature=((ids, ids), targets, weights)).prefetch(2)
    callbacks = [_WatchLoss(epoch, on_batch)]
    return model.fit(dataset, steps_per_epoch=steps, verbose=0, callbacks=callbacks).history["loss"][0]


def _fill_devices(indices, devices):
    """Repeat a text, with weight 0, until every device has as many rows: Keras gives each device's mean equal weight.

    The others' weight is raised by as much, so that the loss is the mean over the texts on any number of devices.
    """
    missing = -len(indices) % devices
    weights = np.full(len(indices) + missing, 1 + missing / len(indices), np.float32)
    weights[len(indices) :] = 0
    return np.append(indices, np.repeat(indices[:1], missing)), weights


class _WatchLoss(keras.callbacks.Callback):
    """Reports each step, and stops at a loss that is not a number instead of training on with ruined weights."""

    def __init__(self, epoch, on_batch):
        super().__init__()
        self.epoch, self.on_batch = epoch, on_batch

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise InputError(
                f"The loss is no longer a number in epoch {self.epoch + 1}, step {batch + 1}. "
                "Lower LEARNING_RATE (a third is a good next try) or raise WARMUP_SHARE, and train anew."
            )
        if self.on_batch:
            self.on_batch(self.epoch, batch + 1, logs["loss"])


def _has_stalled(history, patience):
    return bool(patience and history and history[-1]["epoch"] - find_best(history)["epoch"] >= patience)


def _reseed_dropout(model, seed):
    """Set the state of every dropout layer, which would otherwise depend on how the process came to this epoch."""
    for place, layer in enumerate(model._flatten_layers()):
        generator = getattr(getattr(layer, "_random_generator", None), "_generator", None)
        if generator is not None:
            generator.reset_from_seed(seed * 1000 + place)


def _restore_state(model, folder):
    return _read_tensors(folder / STATE_FILE, [*model.weights, *model.optimizer.variables]) or []


def _write_tensors(path, variables, note):
    """Write variables by their place, with a JSON note in the file's header."""
    tensors = {str(i): np.asarray(variable.numpy()) for i, variable in enumerate(variables)}
    with write_whole(path, binary=True) as stream:
        stream.write(save(tensors, metadata={"note": json.dumps(note)}))


def _read_tensors(path, variables):
    """Fill variables from a file of ``_write_tensors`` and give its note; None when there is no file."""
    note = _read_note(path)
    if note is not None:
        with safe_open(path, framework="numpy") as file:
            for i, variable in enumerate(variables):
                variable.assign(file.get_tensor(str(i)))
    return note


def _read_note(path):
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads(file.metadata()["note"])
    except (SafetensorError, ValueError) as problem:
        raise InputError(f"{path} is damaged ({problem}). Remove its folder and train anew.") from None
