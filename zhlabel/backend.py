"""The one door to TensorFlow, tf-keras and bert4keras: every other module takes `tf`, `keras`, `bert4keras` from here.

Importing this module changes the process, and it is the only one of the package that does:

* ``TF_USE_LEGACY_KERAS=1`` and ``TF_KERAS=1`` are set: bert4keras is written for Keras 2 (tf-keras).
* ``tf.keras`` is touched before bert4keras is imported; without the touch bert4keras ends in a RecursionError.
* Keras's random layers get random generators that can be reset: a resumed training sees the dropout of an uninterrupted
  one.
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
    # By default the state of a dropout lies in TensorFlow's kernel, where none can set it.
    tensorflow.keras.backend.experimental.enable_tf_random_generator()
    return tensorflow, tensorflow.keras, sys.modules["bert4keras"]


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


def configure_devices():
    """Let TensorFlow take GPU memory as it needs it, in place of all at once.

    To be called before the first tensor is made; later, and without a GPU, it changes nothing.

    >>> configure_devices()
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # the GPU is in use already, and its memory settled
            tf.config.experimental.set_memory_growth(gpu, True)


@contextlib.contextmanager
def computing_in(precision):
    """Let the layers that are made in this block compute in a precision; their variables are float32 in both.

    Args:
        precision: "float32" or "bfloat16".

    >>> with computing_in("bfloat16"):
    ...     keras.layers.Dense(2).compute_dtype
    'bfloat16'
    """
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy({"bfloat16": "mixed_bfloat16"}.get(precision, precision))
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


def has_bfloat16():
    """Return whether the device multiplies in bfloat16: a GPU of capability 8, a processor that Linux says has it.

    Of a processor under another system it is not known, and the answer no.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return all(detail.get("compute_capability", (0, 0)) >= (8, 0) for detail in details)
    try:
        flags = _PROCESSOR_FILE.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


_PROCESSOR_FILE = Path("/proc/cpuinfo")


def make_strategy(*, devices=()):
    """Return the distribution strategy under whose scope a model is built.

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
