"""Which precision a training computes in: bfloat16 where the device has it and the encoder says the same in it."""

import numpy as np

from zhlabel.backend import computing_in, has_bfloat16
from zhlabel.errors import InputError

# bfloat16 has 8 bits of mantissa. Hidden states differ by about a hundredth of their size from float32's; what is wrong
# in earnest, such as ids in bfloat16, differs by half and more.
TOLERANCE = 0.1


def build_in_precision(wanted, build, token_ids):
    """Build a model in the precision that is wanted, or in the faster one that can be trusted.

    Args:
        wanted: "float32", "bfloat16", or "auto": bfloat16 where the device has it, and where the encoder's hidden
            states are float32's to TOLERANCE, as a share of their size.
        build: function that gives a new model with a nested model "encoder", the same each time.
        token_ids: int32 [B, T], texts to compare on.

    Returns:
        (model, "float32" or "bfloat16", why).

    Raises:
        InputError: bfloat16 is wanted, and the device is not known to have it.
    """
    if wanted == "bfloat16" and not has_bfloat16():
        raise InputError('PRECISION = "bfloat16": this device is not known to have it. Use auto or float32.')
    if wanted != "auto":
        return _build(wanted, build), wanted, "as PRECISION says"
    if not has_bfloat16():
        return _build("float32", build), "float32", "this device is not known to have bfloat16"
    exact, fast = _build("float32", build), _build("bfloat16", build)
    difference = _compare(exact, fast, token_ids)
    said = f"bfloat16's hidden states differ from float32's by {difference:.3f} of their size"
    # a difference that is no number is not small
    return (fast, "bfloat16", said) if difference <= TOLERANCE else (exact, "float32", f"{said}, too much")


def copy_in_float32(model, build):
    """Return a model with another's weights that computes in float32, as prediction does.

    Args:
        model: what ``build_in_precision`` gave.
        build: as there.
    """
    copy = _build("float32", build)
    copy.set_weights(model.get_weights())
    return copy


def _build(precision, build):
    with computing_in(precision):
        return build()


def _compare(exact, fast, token_ids):
    inputs, mask = [token_ids, np.zeros_like(token_ids)], token_ids > 0
    expected, found = (np.float32(model.get_layer("encoder")(inputs)) for model in (exact, fast))
    if expected.shape[1] > 1:  # of padding nothing is said
        expected, found = expected[mask], found[mask]
    return float(np.sqrt(np.square(found - expected).mean() / np.square(expected).mean()))
