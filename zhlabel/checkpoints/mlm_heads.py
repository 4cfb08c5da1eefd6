"""The heads of pretraining: their shapes, what each kind of checkpoint calls them, and reading those that it has.

Canonical names: ``lm_head/...`` predicts masked tokens, in the form of its family: dense layer, activation, LayerNorm,
the word table turned, a bias for each token. ``bag_head/...`` predicts from [CLS] which tokens a text has; it is ours,
in the form of ALBERT's, and lies in ``HEADS_FILE`` under its canonical names, since no other tool has a name for it.
ELECTRA's ``lm_head`` lies there too: a discriminator comes without one, and with one in ``model.safetensors`` under its
published name it would be taken for the generator.
"""

from pathlib import Path

from zhlabel.checkpoints.families import FAMILIES
from zhlabel.checkpoints.variables import open_variables
from zhlabel.checkpoints.weights import read_arrays, read_shapes

HEADS_FILE = "pretraining/heads.safetensors"


def head_shapes(config, *, bag_of_words):
    """List the variables of the pretraining heads with their shapes.

    Args:
        config: a normalised config.
        bag_of_words: whether the head on [CLS] is among them.

    Returns:
        dict from canonical name to shape.

    >>> config = {"family": "bert", "vocab_size": 60, "embedding_size": 16, "hidden_size": 16}
    >>> head_shapes(config, bag_of_words=False)["lm_head/dense/kernel"]
    (16, 16)
    """
    hidden, embedding, tokens = config["hidden_size"], config["embedding_size"], config["vocab_size"]
    # brightmart's goes through the turned projection from H to E behind its LayerNorm, so it has width H.
    widths = {"lm_head": hidden if FAMILIES[config["family"]].projects_words_alone else embedding}
    if bag_of_words:
        widths["bag_head"] = embedding
    shapes = {}
    for head, width in widths.items():
        shapes[f"{head}/dense/kernel"] = (hidden, width)
        shapes |= {f"{head}/{part}": (width,) for part in ("dense/bias", "norm/gamma", "norm/beta")}
        shapes[f"{head}/bias"] = (tokens,)
    return shapes


def name_head_in_checkpoint(canonical, family, *, tensorflow):
    """Translate a head's canonical name into the one that a checkpoint of this family and kind has.

    Args:
        canonical: our name of the variable.
        family: a name of FAMILIES.
        tensorflow: True for a TensorFlow checkpoint, False for Hugging Face files.

    Returns:
        The name, or "" where the checkpoint has no place for it.

    >>> name_head_in_checkpoint("lm_head/norm/beta", "bert", tensorflow=False)
    'cls.predictions.transform.LayerNorm.bias'
    """
    head, _, part = canonical.partition("/")
    names = FAMILIES[family].names(tensorflow=tensorflow).lm_head
    return names[part] if head == "lm_head" and names else ""


def read_heads(checkpoint, *, bag_of_words):
    """Read the pretraining heads that a checkpoint has; one that is not there whole and in its shapes is left out.

    Args:
        checkpoint: what ``find_checkpoint`` gave.
        bag_of_words: whether the head on [CLS] is wanted.

    Returns:
        dict from canonical name to float32 array.

    Raises:
        InputError: a file is damaged.
    """
    shapes = head_shapes(checkpoint.config, bag_of_words=bag_of_words)
    arrays, heads = {**_read_beside(checkpoint, shapes), **_read_inside(checkpoint, shapes)}, {}
    for head in ("lm_head", "bag_head"):
        own = {name: shape for name, shape in shapes.items() if name.startswith(head)}
        if all(name in arrays and arrays[name].shape == shape for name, shape in own.items()):
            heads |= {name: arrays[name] for name in own}
    return heads


def _read_inside(checkpoint, shapes):
    """Read what lies among the encoder's weights, under its published names."""
    if not checkpoint.weights_files:
        return {}
    variables = open_variables(checkpoint.weights_files, checkpoint.file_format)
    tensorflow = variables.tensorflow
    names = {name: name_head_in_checkpoint(name, checkpoint.family, tensorflow=tensorflow) for name in shapes}
    own = {name: published for name, published in names.items() if published in variables.shapes}
    arrays = variables.read(own.values())
    heads = {
        name: arrays[own[name]].T if name.endswith("/kernel") and not tensorflow else arrays[own[name]] for name in own
    }
    if "lm_head/bias" in heads:
        heads["lm_head/bias"] = heads["lm_head/bias"][: checkpoint.config["vocab_size"]]
    return heads


def _read_beside(checkpoint, shapes):
    """Read what lies in a file of its own."""
    file = Path(checkpoint.folder) / HEADS_FILE
    if not file.is_file():
        return {}
    return read_arrays(file, "safetensors", shapes.keys() & read_shapes(file, "safetensors").keys())
