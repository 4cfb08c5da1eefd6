"""How far a variable goes in a step: the rate over the training, and a rate of its own for the head."""

from zhlabel.backend import keras, tf


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


class AdamWithHeadRate(keras.optimizers.AdamW):
    """AdamW that gives some variables another learning rate, in the update and in the weight decay.

    It has the same variables as AdamW: the head's rate is a function of the step that is counted anyway.

    Args:
        schedule: learning rate of all other variables.
        head_schedule: learning rate of the head's.
        head_variables: the head's variables.
        options: what ``keras.optimizers.AdamW`` takes beside the rate.
    """

    _at_head = False

    def __init__(self, schedule, *, head_schedule, head_variables, **options):
        super().__init__(schedule, **options)
        self.head_schedule = head_schedule
        self.head_keys = frozenset(map(self._var_key, head_variables))

    @property
    def learning_rate(self):
        return self.head_schedule(self.iterations) if self._at_head else super().learning_rate

    def update_step(self, gradient, variable):
        self._at_head = self._var_key(variable) in self.head_keys
        if self._use_weight_decay(variable):
            variable.assign_sub(variable * self.weight_decay * self.learning_rate)
        super().update_step(gradient, variable)
        self._at_head = False

    def _apply_weight_decay(self, variables):
        """Nothing is left to do: Keras decays all variables at one rate, and ``update_step`` each one at its own."""
