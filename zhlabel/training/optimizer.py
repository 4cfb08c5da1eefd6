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


class FusedAdam(keras.optimizers.AdamW):
    """AdamW in one pass over each variable, which may give some variables another rate in update and decay.

    Keras updates a variable by a dozen operations, each a pass through memory, and a word table's moments even where
    only a few words had a gradient. TensorFlow's own kernel does the same in one. The variables are AdamW's: the head's
    rate is a function of the step that is counted anyway.

    Args:
        schedule: learning rate.
        head_schedule: learning rate of the head's variables; None: the same.
        head_variables: the head's variables.
        options: what ``keras.optimizers.AdamW`` takes beside the rate.

    Reference: Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
    """

    def __init__(self, schedule, *, head_schedule=None, head_variables=(), **options):
        super().__init__(schedule, **options)
        self.head_schedule = head_schedule
        self.head_keys = frozenset(map(self._var_key, head_variables))

    def update_step(self, gradient, variable):
        key = self._var_key(variable)
        rate = self.head_schedule(self.iterations) if key in self.head_keys else self.learning_rate
        if self._use_weight_decay(variable):
            variable.assign_sub(variable * (self.weight_decay * rate))
        step, place = tf.cast(self.iterations + 1, tf.float32), self._index_dict[key]
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].handle,
            v=self._velocities[place].handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )

    def _apply_weight_decay(self, variables):
        """Nothing is left to do: Keras decays all variables at one rate, and ``update_step`` each one at its own."""
