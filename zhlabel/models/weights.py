"""A model's weights by name, as a run's file keeps them."""

from zhlabel.errors import InputError


def name_weights(model, encoder_config):
    """Return {name: variable} of the whole model: the encoder's canonical names, then each head layer's own.

    Args:
        model: as heads.py builds it.
        encoder_config: dict from which its encoder was built.
    """
    from zhlabel.models.encoder import list_encoder_variables

    encoder = model.get_layer("encoder")
    named = {f"encoder/{name}": v for name, v in list_encoder_variables(encoder, encoder_config).items()}
    for layer in model.layers:
        if layer is not encoder:
            named |= {f"{layer.name}/{v.name.split('/')[-1].split(':')[0]}": v for v in layer.weights}
    return named


def collect_weights(model, encoder_config):
    """Return {name: array} of the whole model.

    Args:
        model: as heads.py builds it.
        encoder_config: dict from which its encoder was built.
    """
    return {name: variable.numpy() for name, variable in name_weights(model, encoder_config).items()}


def fill_weights(model, encoder_config, path):
    """Fill a ``model`` built from ``encoder_config`` with the arrays of the file ``path``, all or none.

    Raises:
        InputError: the file can't be read, or its arrays are not exactly the model's.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    wanted = name_weights(model, encoder_config)
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as problem:
        raise InputError(f"{path} can't be read ({problem}). Copy the run again, or train it anew.") from None
    differing = sorted(set(found) ^ set(wanted)) or [n for n in wanted if tuple(wanted[n].shape) != found[n].shape]
    if differing:
        raise InputError(
            f"{path} does not belong to this run's encoder.json and label.json: {', '.join(differing[:5])}."
        )
    for name, variable in wanted.items():
        variable.assign(found[name].astype(variable.dtype.as_numpy_dtype))
