"""The contender that this project is, with one thing put back or tried that decides how fast it trains."""

import functools
from unittest.mock import patch

import numpy as np

from benchmarks.contenders import ours


def load_trainer(table, targets, *, config, change="", precision="float32"):
    """Return a function of the epoch's number that trains one epoch and gives its seconds.

    Args:
        table: Encodings of N texts.
        targets: bool [N, L].
        config: the encoder's, as in encoder.json; weights are random.
        change: name of a function of this module, which makes the change for the rest of the process; "": none.
        precision: "float32" or "bfloat16".
    """
    if change:
        globals()[change]()
    return ours.load_trainer(table, targets, config=config, precision=precision)


def put_back_random_order():
    """Texts of any length together."""
    from zhlabel.data import batching

    patch.object(batching, "_GROUP_BATCHES", 1).start()


def put_back_layers():
    """GELU, layer norm and attention as bert4keras has them."""
    from zhlabel.backend import bert4keras
    from zhlabel.models import encoder

    for kind in (bert4keras.layers.LayerNormalization, bert4keras.layers.MultiHeadAttention):
        patch.dict(encoder._OURS, {kind: kind}).start()
    plain = {"gelu_tanh": functools.partial(encoder.tf.nn.gelu, approximate=True), "gelu_erf": encoder.tf.nn.gelu}
    patch.dict(encoder._ACTIVATIONS, plain).start()


def put_back_optimizer():
    """Keras's own AdamW, a dozen operations a variable."""
    from zhlabel.backend import keras
    from zhlabel.training import optimizer

    for name in ("update_step", "_apply_weight_decay"):
        patch.object(optimizer.FusedAdam, name, getattr(keras.optimizers.AdamW, name)).start()


def put_back_whole_last_layer():
    """The last layer of all tokens, where [CLS] alone is used."""
    from zhlabel.models import encoder

    patch.object(encoder, "build_encoder", functools.partial(_call_for_all_tokens, encoder.build_encoder)).start()


def try_padding_to_multiples():
    """Rows padded to a multiple of 32 tokens, for fewer shapes."""
    from zhlabel.data import batching

    def take(self, indices, original=batching.TaskData.take):
        token_ids, targets = original(self, indices)
        return np.pad(token_ids, ((0, 0), (0, -token_ids.shape[1] % 32))), targets

    patch.object(batching.TaskData, "take", take).start()


def try_xla():
    """XLA, with the few shapes that it needs."""
    try_padding_to_multiples()
    _compile_with(jit_compile=True)


def try_steps_together():
    """Eight steps in one call of TensorFlow."""
    _compile_with(steps_per_execution=8)


def try_like_numbers_of_tokens():
    """Batches of like numbers of tokens, padding included: of short texts many, of long ones few."""
    from zhlabel.training import loop

    def order(lengths, batch_size, *, seed, epoch):
        rows, batches = np.argsort(lengths, kind="stable"), [[]]
        for row in rows:
            if batches[-1] and (len(batches[-1]) + 1) * lengths[row] > batch_size * lengths.mean():
                batches.append([])
            batches[-1].append(row)
        return [np.array(batches[i]) for i in np.random.default_rng((seed, epoch)).permutation(len(batches))]

    def fit_epoch(model, train, batch_size, seed, epoch, steps, on_batch, original=loop._fit_epoch):
        steps = len(order(train.table.lengths, batch_size, seed=seed, epoch=epoch))
        return original(model, train, batch_size, seed, epoch, steps, on_batch)

    patch.object(loop, "order_for_training", order).start()
    patch.object(loop, "_fit_epoch", fit_epoch).start()


def try_half_batches():
    """Eight texts a step: what a step costs by itself, which adding up the gradients of two would pay."""
    patch.object(ours, "BATCH", ours.BATCH // 2).start()


def try_one_thread_between_operations():
    """Operations one after the other, each on all cores."""
    from zhlabel.backend import tf

    tf.config.threading.set_inter_op_parallelism_threads(1)


def _compile_with(**options):
    from zhlabel.backend import keras

    patch.object(keras.Model, "compile", functools.partialmethod(keras.Model.compile, **options)).start()


def _call_for_all_tokens(build, *arguments, outputs="tokens", **options):
    return build(*arguments, **options)
