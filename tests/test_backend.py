"""The door to TensorFlow: a right environment is quiet, a wrong one ends in one sentence."""

import os
import subprocess
import sys

import pytest

from zhlabel import backend
from zhlabel.backend import configure_devices, describe_device, keras, make_strategy, set_seed, tf


def run_python(code):
    """Run code in a fresh process without the settings that this one has made."""
    clean = {
        k: v for k, v in os.environ.items() if k not in ("TF_USE_LEGACY_KERAS", "TF_KERAS", "TF_CPP_MIN_LOG_LEVEL")
    }
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean, check=False)


def import_error(before):
    """Return the message with which the import of zhlabel.backend ends after some preparation."""
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
    configure_devices()
    assert "GPU: " in describe_device() or describe_device().startswith("CPU, ")


def test_bfloat16_is_what_linux_says_of_the_processor(monkeypatch, tmp_path):
    flags = tmp_path / "cpuinfo"
    monkeypatch.setattr(backend, "_PROCESSOR_FILE", flags)
    assert not backend.has_bfloat16()
    for content, has in (("avx512f", False), ("avx512f avx512_bf16", True), ("amx_bf16 amx_tile", True)):
        flags.write_text(f"flags : fpu {content}")
        assert backend.has_bfloat16() is has


@pytest.mark.parametrize("capability,has", [((7, 5), False), ((8, 0), True), ((9, 0), True), (None, False)])
def test_bfloat16_is_what_the_capability_of_every_gpu_says(monkeypatch, capability, has):
    details = {"compute_capability": capability} if capability else {}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    assert backend.has_bfloat16() is has


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
