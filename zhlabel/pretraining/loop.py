"""Pretrains an encoder on masked rows; goes on after a kill to the same result."""

import math
import time
from pathlib import Path

import numpy as np

from zhlabel import backend
from zhlabel.backend import tf
from zhlabel.cli.interrupts import defer_interrupt
from zhlabel.errors import InputError
from zhlabel.training.optimizer import FusedAdam, WarmupThenDecay
from zhlabel.training.state import read_tensors, write_tensors

# As in RoBERTa's pretraining (Liu et al. 2019, arXiv:1907.11692, table 9): Adam's usual 0.999 forgets too slowly.
WEIGHT_DECAY, BETA_2, CLIP_NORM = 0.01, 0.98, 1.0
_PARTS = 10  # of a run, after each of which the held-out rows are measured
_SAVE_SECONDS = 180
_FIRST_BATCHES = 8  # on which the model measures what its losses need


class Training:
    """A training of a Pretrainer: its optimizer, the step, and what is kept on disk of it.

    Args:
        model: a Pretrainer.
        batches: masking.MaskedBatches, of the form that the model takes.
        bag_of_words: weight of the bags' loss.
        learning_rate: peak rate.
        warmup_share: 0..1, share of the steps in which the rate rises; it falls to 0 in the rest.
        total_steps: of the whole training.
        seed: of dropout.
    """

    def __init__(self, model, batches, *, bag_of_words, learning_rate, warmup_share, total_steps, seed):
        self.model, self.batches, self.total_steps = model, batches, total_steps
        self.weights = {"bag_loss": bag_of_words, **model.lessons}  # of the losses beside that of masked tokens
        schedule = WarmupThenDecay(learning_rate, total_steps, int(warmup_share * total_steps))
        options = {"weight_decay": WEIGHT_DECAY, "beta_2": BETA_2, "epsilon": 1e-6, "global_clipnorm": CLIP_NORM}
        self.optimizer = FusedAdam(schedule, **options)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", "[Nn]orm"])
        self.optimizer.build(model.trainable_variables)
        # of each loss, and the steps, since the last row
        self.sums = tf.Variable(tf.zeros([len(self.weights) + 2]), name="sums")
        self.tokens = tf.Variable(0, dtype=tf.int64, name="tokens")
        self.history, self.seconds = [], 0.0
        self._dropouts = _seed_dropouts(model, seed)
        self._step = tf.function(self._take_step, input_signature=model.signature)
        self._measure = tf.function(model.measure, input_signature=model.signature)

    @property
    def steps_done(self):
        """Steps taken; counted in the graph with the weights, so that no interrupt comes between the two."""
        return int(self.optimizer.iterations)

    def fit(self, state_file, *, on_step=None, on_row=None):
        """Train to the end, from where ``state_file`` ends if there is one.

        The state is kept every few minutes, after each tenth, and on Ctrl-C, which is raised again. In float32 on a
        processor a training that was stopped or killed ends with the same weights as one that was not.

        Args:
            state_file: path; it appears whole or not at all.
            on_step: called with (steps done, loss of masked tokens) after each step.
            on_row: called with each new row of the history.

        Returns:
            The history: a dict after each tenth and before the first step, with step, tokens (of training so far),
            loss, bag_loss and the model's lessons (means since the row before; 0 in the first), the same of the
            held-out rows as dev_loss and so on, seconds.

        Raises:
            InputError: the loss is no longer a number; the state is of another training.
        """
        note = read_tensors(Path(state_file), self._list_state())
        if note:
            self.history, self.seconds = note["history"], note["seconds"]
        else:
            self.model.prepare(self.batches.draw(range(min(_FIRST_BATCHES, self.total_steps))))
        started = time.perf_counter() - self.seconds
        try:
            with defer_interrupt() as check_interrupt:
                self._fit(state_file, started, check_interrupt, on_step, on_row)
        except KeyboardInterrupt:
            self._save(state_file, started)
            raise
        return self.history

    def _fit(self, state_file, started, check_interrupt, on_step, on_row):
        marks = {round(self.total_steps * part / _PARTS) for part in range(_PARTS + 1)}
        steps, saved = iter(self._generate()), time.perf_counter()
        while True:
            check_interrupt()
            done = self.steps_done
            if done in marks and (not self.history or self.history[-1]["step"] < done):
                self._add_row(done, time.perf_counter() - started)
                self._save(state_file, started)
                if on_row:
                    on_row(self.history[-1])
            if done == self.total_steps:
                return
            loss = float(self._step(*next(steps)))
            if not math.isfinite(loss):
                raise InputError(
                    f"The loss is no longer a number in step {done + 1}. Lower LEARNING_RATE (a third is a good next "
                    "try) or raise WARMUP_SHARE, and begin anew."
                )
            if on_step:
                on_step(done + 1, loss)
            if time.perf_counter() - saved > _SAVE_SECONDS:
                self._save(state_file, started)
                saved = time.perf_counter()

    def measure_held_out(self):
        """Return the mean of each loss over its terms in the held-out rows, with the same masks at every call."""
        sums = np.zeros((2, len(self.weights) + 1))
        for batch in self.batches.draw_held_out():
            losses = np.array([float(loss) for loss in self._measure(*batch)])
            terms = np.array(self.model.count_terms(*batch))
            sums += [losses * terms, terms]
        return sums[0] / np.maximum(sums[1], 1)

    def _take_step(self, *batch):
        with tf.GradientTape() as tape:
            losses = self.model.measure(*batch, training=True)
            total = losses[0]
            for weight, loss in zip(self.weights.values(), losses[1:], strict=True):
                total += weight * loss
        variables = self.model.trainable_variables
        gradients = tape.gradient(total, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.sums.assign_add(tf.stack([*losses, 1.0]))
        self.tokens.assign_add(tf.math.count_nonzero(batch[0]))
        return losses[0]

    def _generate(self):
        """Return the batches that are still to come, drawn while the step before is computed."""
        steps = range(self.steps_done, self.total_steps)
        batches = tf.data.Dataset.from_generator(
            lambda: self.batches.draw(steps), output_signature=self.model.signature
        )
        options = tf.data.Options()
        options.autotune.enabled = False  # see training.loop
        return batches.prefetch(2).with_options(options)

    def _add_row(self, done, seconds):
        names = ("loss", *self.weights)
        *sums, steps = self.sums.numpy().tolist()
        means = {name: value / max(steps, 1) for name, value in zip(names, sums, strict=True)}
        held_out = self.measure_held_out().tolist()
        dev = {f"dev_{name}": value for name, value in zip(names, held_out, strict=True)}
        self.history = [*self.history, {"step": done, "tokens": int(self.tokens), **means, **dev, "seconds": seconds}]
        self.sums.assign(tf.zeros_like(self.sums))

    def _list_state(self):
        return [*self.model.weights, *self.optimizer.variables, *self._dropouts, self.sums, self.tokens]

    def _save(self, state_file, started):
        self.seconds = time.perf_counter() - started
        write_tensors(Path(state_file), self._list_state(), {"history": self.history, "seconds": self.seconds})


def _seed_dropouts(model, seed):
    """Seed every dropout layer by its place, and list the variables that hold the state of their random numbers."""
    backend.set_seed(seed)
    generators = []
    for place, layer in enumerate(model._flatten_layers()):
        generator = getattr(getattr(layer, "_random_generator", None), "_generator", None)
        if generator is not None:
            generator.reset_from_seed(seed * 1000 + place)
            generators.append(generator.state)
    return generators
