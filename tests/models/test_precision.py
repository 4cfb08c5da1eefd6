"""bfloat16 where the device has it and the encoder says the same in it; float32 elsewhere."""

import numpy as np
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.models import precision
from zhlabel.models.encoder import build_encoder
from zhlabel.tasks import TASKS

IDS = toy.make_inputs()[0]


def build():
    encoder = build_encoder(toy.make_config("albert"), seed=1, outputs="cls")
    return TASKS["multi_label"](["甲", "乙"]).build_model(encoder, head="cls", seed=1)


def compute(model):
    return model([IDS, np.zeros_like(IDS)]).numpy()


@pytest.mark.parametrize("wanted", ["auto", "float32", "bfloat16"])
@pytest.mark.parametrize("has", [True, False])
def test_the_precision_is_the_wanted_one_or_the_faster_that_the_device_has(monkeypatch, wanted, has):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: has)
    if wanted == "bfloat16" and not has:
        with pytest.raises(InputError, match="this device is not known to have it"):
            precision.build_in_precision(wanted, build, IDS)
        return
    model, chosen, reason = precision.build_in_precision(wanted, build, IDS)
    assert chosen == ("bfloat16" if wanted == "bfloat16" or (wanted == "auto" and has) else "float32")
    layer = model.get_layer("encoder").get_layer("shared_layer_feed_forward")
    assert layer.compute_dtype == chosen and layer.i0_dense.compute_dtype == chosen
    assert {weight.dtype.name for weight in model.weights} == {"float32"}
    assert reason and build().get_layer("encoder").compute_dtype == "float32", "what is built later is float32"


@pytest.mark.parametrize("wrong", [1.5, np.nan])
def test_where_bfloat16_says_something_else_float32_is_taken(monkeypatch, wrong):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)

    def build_wrong():
        model = build()
        if model.get_layer("encoder").get_layer("shared_layer_feed_forward").compute_dtype == "bfloat16":
            norm = model.get_layer("encoder").get_layer("shared_layer_feed_forward_norm")
            norm.gamma.assign(norm.gamma * wrong)
        return model

    model, chosen, reason = precision.build_in_precision("auto", build_wrong, IDS)
    assert chosen == "float32" and "too much" in reason
    assert np.array_equal(compute(model), compute(build()))


def test_a_copy_in_float32_has_the_weights_and_the_exact_numbers(monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    model, _, _ = precision.build_in_precision("bfloat16", build, IDS)
    model.set_weights([weight * 1.1 for weight in model.get_weights()])
    exact = build()
    exact.set_weights(model.get_weights())
    copy = precision.copy_in_float32(model, build)
    assert np.array_equal(compute(copy), compute(exact))
    assert 0 < np.abs(compute(model) - compute(copy)).max() < 0.02
