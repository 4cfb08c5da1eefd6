"""The door to TensorFlow: a right environment is quiet, a wrong one ends in one sentence."""

import os
import subprocess
import sys

import pytest

from zhlabel import backend
from zhlabel.backend import describe_device, keras, make_strategy, set_seed, set_up_devices, tf
from zhlabel.errors import InputError


def run_python(code):
    """Run code in a fresh process without the settings that this one has made."""
    clean = {
        k: v for k, v in os.environ.items() if k not in ("TF_USE_LEGACY_KERAS", "TF_KERAS", "TF_CPP_MIN_LOG_LEVEL")
    }
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean, check=False)


def import_error(before):
    """Give the message with which the import of zhlabel.backend ends after some preparation."""
    code = f"import sys\n{before}\nfrom zhlabel.errors import InputError\ntry:\n    import zhlabel.backend\n"
    done = run_python(code + "except InputError as problem:\n    print(problem)")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_quiet_and_bert4keras_works_on_legacy_keras():
    code = "from zhlabel.backend import bert4keras, keras, tf\ntf.constant(1) + 1\n"
    done = run_python(code + "print(keras.layers.Layer.__module__, end='')")
    assert (done.stdout, done.stderr) == ("tf_keras.src.engine.base_layer", "")


def test_keras_3_in_charge_is_named():
    message = import_error("import tensorflow\ntensorflow.keras.layers")
    assert "Keras 3 is in charge" in message and "TF_USE_LEGACY_KERAS=1" in message


def test_the_device_has_a_name():
    set_up_devices()
    assert "GPU: " in describe_device() or describe_device().startswith("CPU, ")


def test_bfloat16_is_refused_where_the_processor_is_not_known_to_have_it(monkeypatch, tmp_path):
    flags = tmp_path / "cpuinfo"
    monkeypatch.setattr(backend, "_PROCESSOR_FILE", flags)
    option = "auto_mixed_precision_onednn_bfloat16"
    for content in (None, "flags : fpu avx512f"):
        if content:
            flags.write_text(content)
        with pytest.raises(InputError, match='PRECISION = "bfloat16": this processor is not known to have it'):
            backend.set_precision("bfloat16")
    flags.write_text("flags : fpu avx512f avx512_bf16")
    backend.set_precision("bfloat16")
    assert tf.config.optimizer.get_experimental_options()[option]
    backend.set_precision("float32")
    assert not tf.config.optimizer.get_experimental_options()[option]


def test_one_device_keeps_the_default_strategy():
    assert make_strategy(devices=["CPU:0"]).num_replicas_in_sync == 1
    assert not isinstance(make_strategy(devices=["CPU:0"]), tf.distribute.MirroredStrategy)


def test_the_seed_repeats_random_numbers():
    set_seed(3)
    first = keras.initializers.GlorotUniform()((2, 3)).numpy()
    set_seed(3)
    assert (first == keras.initializers.GlorotUniform()((2, 3)).numpy()).all()
    set_seed(4)
    assert (first != keras.initializers.GlorotUniform()((2, 3)).numpy()).any()
