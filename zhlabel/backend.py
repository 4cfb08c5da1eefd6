"""The one door to TensorFlow, tf-keras and bert4keras: every other module takes `tf`, `keras`, `bert4keras` from here.

Importing this module changes the process, and it is the only one of the package that does:

* ``TF_USE_LEGACY_KERAS=1`` and ``TF_KERAS=1`` are set: bert4keras is written for Keras 2 (tf-keras).
* ``tf.keras`` is touched before bert4keras is imported; without the touch bert4keras ends in a RecursionError.
* Keras's random layers get random generators that can be reset, bert4keras's attention dropout among them: a resumed
  training sees the dropout of an uninterrupted one.
* TensorFlow's C++ log is silenced, unless ``TF_CPP_MIN_LOG_LEVEL`` is set already: ``TF_CPP_MIN_LOG_LEVEL=0 python
  model_train.py`` shows it (of use when a GPU is not found).

A wrong environment ends in an InputError of one sentence with the command that puts it right.
"""

import contextlib
import importlib
import os
import sys
import tempfile
from pathlib import Path

from zhlabel.environment import REMEDY, check_environment
from zhlabel.errors import InputError


@contextlib.contextmanager
def _silenced_stderr(silence):
    """Drop what is written to file descriptor 2: TensorFlow's libraries greet there before any log level applies."""
    try:
        saved = os.dup(2) if silence else None
    except OSError:  # a process without stderr
        saved = None
    if saved is None:
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _import_all():
    """Import the three packages in the one order that works."""
    check_environment()
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["TF_KERAS"] = "1"
    silence = "TF_CPP_MIN_LOG_LEVEL" not in os.environ
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _silenced_stderr(silence):
            tensorflow = importlib.import_module("tensorflow")
            layer = tensorflow.keras.layers.Layer  # the touch
    except (ImportError, AttributeError) as problem:
        raise InputError(f"TensorFlow does not import ({problem}). {REMEDY}") from problem
    if not layer.__module__.startswith("tf_keras."):
        raise InputError(
            "Keras 3 is in charge of tf.keras, because something used TensorFlow before zhlabel: import "
            "zhlabel.backend first, or start Python with TF_USE_LEGACY_KERAS=1 in its environment."
        )
    try:
        importlib.import_module("bert4keras.models")
    except (ImportError, AttributeError, RecursionError) as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(f"bert4keras does not import ({type(problem).__name__}: {reason}). {REMEDY}") from problem
    _make_dropout_resettable(tensorflow.keras, sys.modules["bert4keras.layers"])
    return tensorflow, tensorflow.keras, sys.modules["bert4keras"]


def _make_dropout_resettable(keras, layers):
    """Give every dropout a generator: by default its random state lies in TensorFlow's kernel, where none can set it.

    bert4keras's attention makes a new Dropout layer in each call, which no generator survives: it is now made once.
    """
    keras.backend.experimental.enable_tf_random_generator()
    build, dropout = layers.MultiHeadAttention.build, keras.layers.Dropout

    def build_with_dropout(self, input_shape):
        build(self, input_shape)
        if self.attention_dropout:
            self.attention_dropout = dropout(self.attention_dropout, name="attention_dropout")
            self.attention_dropout.build(input_shape)

    layers.MultiHeadAttention.build = build_with_dropout
    layers.Dropout = lambda rate: rate if isinstance(rate, dropout) else dropout(rate)


tf, keras, bert4keras = _import_all()


def describe_device():
    """Name the devices that TensorFlow found, for a script to print.

    Returns:
        "GPU: <name>" for each GPU, joined by commas, or "CPU, <n> cores"; the cores are those this process may use.

    >>> describe_device().startswith(("GPU", "CPU"))
    True
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return ", ".join(f"GPU: {detail.get('device_name', 'unnamed')}" for detail in details)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"CPU, {cores} core{'s' if cores != 1 else ''}"


def set_up_devices():
    """Let TensorFlow take GPU memory as it needs it, in place of all at once.

    To be called before the first tensor is made; later, and without a GPU, it changes nothing.

    >>> set_up_devices()
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # the GPU is in use already, and its memory settled
            tf.config.experimental.set_memory_growth(gpu, True)


def set_precision(name):
    """Let the processor multiply matrices in bfloat16, or in float32; weights, sums and losses stay float32.

    Args:
        name: "float32", or "bfloat16" on a processor that has it.

    Raises:
        InputError: bfloat16 is asked for, and this processor is not known to have it.

    >>> set_precision("float32")
    """
    if name == "bfloat16" and not has_bfloat16():
        raise InputError('PRECISION = "bfloat16": this processor is not known to have it. Use float32.')
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": name == "bfloat16"})


def has_bfloat16():
    """Say whether the processor multiplies in bfloat16; known of Linux alone, by what it says of its processor."""
    try:
        flags = _PROCESSOR_FILE.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


_PROCESSOR_FILE = Path("/proc/cpuinfo")


def make_strategy(*, devices=()):
    """Give the distribution strategy under whose scope a model is built.

    Args:
        devices: names of the devices to mirror on, such as ("CPU:0", "CPU:1"); by default all GPUs.

    Returns:
        A MirroredStrategy over two or more devices; TensorFlow's default strategy otherwise.

    >>> with make_strategy().scope():
    ...     weight = tf.Variable(1.0)
    """
    devices = list(devices) or [f"GPU:{i}" for i in range(len(tf.config.list_physical_devices("GPU")))]
    return tf.distribute.MirroredStrategy(devices) if len(devices) > 1 else tf.distribute.get_strategy()


def set_seed(seed):
    """Seed Python's, numpy's and TensorFlow's random numbers.

    Args:
        seed: a whole number, 0 or more.

    >>> set_seed(1); first = tf.random.uniform([]).numpy()
    >>> set_seed(1); bool(first == tf.random.uniform([]).numpy())
    True
    """
    keras.utils.set_random_seed(seed)
