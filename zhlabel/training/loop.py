"""Compiles and fits a model, keeps the weights of the best dev epoch, and resumes after a kill to the same result."""

import math
import time
from pathlib import Path

import numpy as np

from zhlabel.backend import keras, set_seed, tf
from zhlabel.cli.interrupts import defer_interrupt
from zhlabel.data.batching import order_for_training
from zhlabel.errors import InputError
from zhlabel.inference.tensorflow import predict_rows
from zhlabel.runs.plan import BEST_FILE, STATE_FILE
from zhlabel.training.optimizer import FusedAdam, WarmupThenDecay
from zhlabel.training.state import find_best, read_tensors, write_tensors


def compile_model(model, *, loss, learning_rate, warmup_share, weight_decay, total_steps, head_learning_rate=0.0):
    """Return a model its loss and its optimizer: Adam with decoupled weight decay, warm-up and linear decay.

    Biases and layer norms are not decayed, as in BERT's original optimizer. Frozen variables are left as they are.

    Args:
        model: the model to train.
        loss: a Keras loss or its name.
        learning_rate: peak rate; LoRA's corrections, which lie in the encoder, take it too.
        warmup_share: 0..1, share of all steps in which the rate rises.
        weight_decay: decoupled weight decay a step, times the learning rate.
        total_steps: steps of the whole training.
        head_learning_rate: peak rate of all that is not in the nested model "encoder"; 0: the same rate.
    """
    warmup_steps = int(warmup_share * total_steps)
    schedule = WarmupThenDecay(learning_rate, total_steps, warmup_steps)
    head_schedule, head_variables = None, ()
    if head_learning_rate:
        inside = {id(variable) for variable in model.get_layer("encoder").weights}
        head_schedule = WarmupThenDecay(head_learning_rate, total_steps, warmup_steps)
        head_variables = [variable for variable in model.trainable_variables if id(variable) not in inside]
    optimizer = FusedAdam(
        schedule,
        head_schedule=head_schedule,
        head_variables=head_variables,
        weight_decay=weight_decay,
        epsilon=1e-6,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", "[Nn]orm"])
    model.compile(optimizer=optimizer, loss=loss)
    optimizer.build(model.trainable_variables)


def fit_model(
    model, train, dev_table, *, folder, score, epochs, batch_size, patience, seed, on_batch=None, on_epoch=None
):
    """Train a compiled model, or go on with a training that was stopped, until the end or until dev stops rising.

    After each epoch the dev texts are scored; the weights of the best epoch are kept in ``BEST_FILE``, and everything
    that the next epoch depends on in ``STATE_FILE``. Both appear whole or not at all, so that a process may be killed
    at any moment: the same call goes on after the last epoch finished, with the same result as without the kill.

    Args:
        model: compiled by ``compile_model``.
        train: TaskData of the training texts.
        dev_table: Encodings of the dev texts.
        folder: where the two files lie.
        score: function of the model's outputs for ``dev_table``, as ``predict_rows`` gives them, to a dict with
            "dev_score", which is maximised.
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
    history = read_tensors(folder / STATE_FILE, [*model.weights, *model.optimizer.variables]) or []
    steps = math.ceil(len(train.table) / batch_size)
    with defer_interrupt() as check_interrupt:
        while len(history) < epochs and not _has_stalled(history, patience):
            check_interrupt()
            epoch, started = len(history), time.perf_counter()
            set_seed(seed + epoch)
            _reseed_dropout(model, seed + epoch)
            callback = _WatchSteps(epoch, on_batch, check_interrupt)
            loss = _fit_epoch(model, train, batch_size, seed, epoch, steps, callback)
            scores = score(predict_rows(model, dev_table, batch_size=4 * batch_size))
            row = {"epoch": epoch + 1, "loss": loss, **scores, "seconds": time.perf_counter() - started}
            history = [*history, row]
            if find_best(history) is row:
                write_tensors(folder / BEST_FILE, model.weights, row)
            write_tensors(folder / STATE_FILE, [*model.weights, *model.optimizer.variables], history)
            if on_epoch:
                on_epoch(row)
    return history


def _fit_epoch(model, train, batch_size, seed, epoch, steps, callback):
    """One pass over the training texts; gives the mean loss."""
    batches = order_for_training(train.table.lengths, batch_size, seed=seed, epoch=epoch)
    devices = model.distribute_strategy.num_replicas_in_sync

    def generate():
        for indices in batches:
            indices, weights = _fill_devices(indices, devices)
            token_ids, targets = train.take(indices)
            if train.weights is not None:
                weights = weights * train.weights[indices].astype(np.float32)
            yield (token_ids, np.zeros_like(token_ids)), targets, weights

    ids, weights = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.float32)
    targets = tf.TensorSpec([None, *([None] if train.is_by_token else train.targets.shape[1:])], train.target_type)
    dataset = tf.data.Dataset.from_generator(generate, output_signature=((ids, ids), targets, weights)).prefetch(2)
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread sleeps 10 ms, 20, 40 ... 60 s, and an epoch's end waits for it
    dataset = dataset.with_options(options)
    return model.fit(dataset, steps_per_epoch=steps, verbose=0, callbacks=[callback]).history["loss"][0]


def _fill_devices(indices, devices):
    """Repeat a text, with weight 0, until every device has as many rows: Keras gives each device's mean equal weight.

    The others' weight is raised by as much, so that the loss is the mean over the texts on any number of devices.
    """
    missing = -len(indices) % devices
    weights = np.full(len(indices) + missing, 1 + missing / len(indices), np.float32)
    weights[len(indices) :] = 0
    return np.append(indices, np.repeat(indices[:1], missing)), weights


class _WatchSteps(keras.callbacks.Callback):
    """Reports each step; ends at Ctrl-C, and at a loss that is no number instead of going on with ruined weights."""

    def __init__(self, epoch, on_batch, check_interrupt):
        super().__init__()
        self.epoch, self.on_batch, self.check_interrupt = epoch, on_batch, check_interrupt

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise InputError(
                f"The loss is no longer a number in epoch {self.epoch + 1}, step {batch + 1}. "
                "Lower LEARNING_RATE (a third is a good next try) or raise WARMUP_SHARE, and train anew."
            )
        if self.on_batch:
            self.on_batch(self.epoch, batch + 1, logs["loss"])
        self.check_interrupt()


def _has_stalled(history, patience):
    return bool(patience and history and history[-1]["epoch"] - find_best(history)["epoch"] >= patience)


def _reseed_dropout(model, seed):
    """Set the state of every dropout layer, which would otherwise depend on how the process came to this epoch."""
    for place, layer in enumerate(model._flatten_layers()):
        generator = getattr(getattr(layer, "_random_generator", None), "_generator", None)
        if generator is not None:
            generator.reset_from_seed(seed * 1000 + place)
