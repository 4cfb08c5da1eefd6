"""Variables: our canonical names and shapes, and what each kind of checkpoint calls them.

Canonical names are paths: ``embeddings/word``, ``layer_3/attention/query/kernel``, and ``shared_layer/...`` where all
layers are one (ALBERT). A kernel is [inputs, outputs]. The names of published checkpoints lie in families.py.
"""

import re

from zhlabel.checkpoints.families import FAMILIES

_EMBEDDINGS = {
    "embeddings/word": "embeddings/word_embeddings",
    "embeddings/segment": "embeddings/token_type_embeddings",
    "embeddings/position": "embeddings/position_embeddings",
    "embeddings/norm": "embeddings/LayerNorm",
}
_TORCH_LEAVES = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
TASK_TABLE = "bert.embeddings.task_type_embeddings.weight"  # ERNIE's, added to every token where its config says so
# Heads, optimizer slots and buffers: what a checkpoint may hold beside its encoder.
_NOT_ENCODER = re.compile(
    re.escape(TASK_TABLE)
    + r"|(bert|electra)/pooler/.*|(cls|discriminator_predictions|generator_predictions|generator)/.*"
    r"|.*/(adam_m|adam_v|lamb_m|lamb_v|Adam|Adam_1)|global_step|beta1_power|beta2_power|(.*/)?(current_)?loss_scale|good_steps"
    r"|(bert|albert|electra)\.pooler\..*|.*\.(position_ids|token_type_ids)"
    r"|(cls|predictions|sop_classifier|discriminator_predictions|generator_predictions|generator_lm_head)\..*"
)


def encoder_shapes(config):
    """List every variable of an encoder with its shape, from the config alone.

    Args:
        config: a normalised config (what ``Checkpoint.config`` holds).

    Returns:
        dict from canonical name to shape, in the order of the data flow.

    >>> shapes = encoder_shapes({"family": "bert", "vocab_size": 60, "embedding_size": 16, "hidden_size": 16,
    ...     "num_hidden_layers": 2, "intermediate_size": 32, "max_position_embeddings": 40, "type_vocab_size": 2})
    >>> len(shapes), shapes["layer_1/feed_forward/inner/kernel"]
    (37, (16, 32))
    """
    family, hidden, inner = FAMILIES[config["family"]], config["hidden_size"], config["intermediate_size"]
    embedding = config["embedding_size"]
    width = hidden if family.projects_words_alone else embedding
    shapes = {
        "embeddings/word": (config["vocab_size"], embedding),
        "embeddings/segment": (config["type_vocab_size"], width),
        "embeddings/position": (config["max_position_embeddings"], width),
        "embeddings/norm/beta": (width,),
        "embeddings/norm/gamma": (width,),
    }
    if family.projects_words_alone:
        shapes["embeddings/projection/kernel"] = (embedding, hidden)
    elif embedding != hidden:
        shapes["embeddings/projection/kernel"] = (embedding, hidden)
        shapes["embeddings/projection/bias"] = (hidden,)
    for layer in layer_names(config):
        for part in ("query", "key", "value", "output"):
            shapes[f"{layer}/attention/{part}/kernel"] = (hidden, hidden)
            shapes[f"{layer}/attention/{part}/bias"] = (hidden,)
        for part, size in (("inner", (hidden, inner)), ("outer", (inner, hidden))):
            shapes[f"{layer}/feed_forward/{part}/kernel"] = size
            shapes[f"{layer}/feed_forward/{part}/bias"] = size[1:]
        for part in (
            "attention/norm/beta",
            "attention/norm/gamma",
            "feed_forward/norm/beta",
            "feed_forward/norm/gamma",
        ):
            shapes[f"{layer}/{part}"] = (hidden,)
    return shapes


def layer_names(config):
    """List the names of an encoder's layers: one for all of ALBERT's, one for each of the others'.

    Args:
        config: a normalised config.

    >>> layer_names({"family": "albert", "num_hidden_layers": 4})
    ['shared_layer']
    >>> layer_names({"family": "bert", "num_hidden_layers": 2})
    ['layer_0', 'layer_1']
    """
    if FAMILIES[config["family"]].shares_layers:
        return ["shared_layer"]
    return [f"layer_{i}" for i in range(config["num_hidden_layers"])]


def name_in_checkpoint(canonical, family, *, tensorflow):
    """Translate a canonical name into the one that a checkpoint of this family and kind has.

    Args:
        canonical: our name of the variable.
        family: a name of FAMILIES.
        tensorflow: True for a TensorFlow checkpoint, False for Hugging Face files.

    >>> name_in_checkpoint("layer_3/attention/query/kernel", "bert", tensorflow=True)
    'bert/encoder/layer_3/attention/self/query/kernel'
    >>> name_in_checkpoint("shared_layer/feed_forward/norm/gamma", "albert", tensorflow=False)
    'albert.encoder.albert_layer_groups.0.albert_layers.0.full_layer_layer_norm.weight'
    """
    record = FAMILIES[family]
    names = record.names(tensorflow=tensorflow)
    module, _, leaf = canonical.rpartition("/")
    if leaf not in _TORCH_LEAVES:
        module, leaf = canonical, ""
    if module == "embeddings/projection":
        path = names.projection
        leaf = "" if record.projects_words_alone else leaf
    elif module in _EMBEDDINGS:
        path = _EMBEDDINGS[module]
    else:
        owner, _, part = module.partition("/")
        path = f"{names.layer.format(i=owner.removeprefix('layer_'))}/{names.parts[part]}"
    if tensorflow:
        return "/".join(filter(None, (names.root, path, leaf)))
    return f"{names.root}/{path}/{_TORCH_LEAVES.get(leaf, 'weight')}".replace("/", ".")


def is_beside_encoder(name):
    """Return whether a checkpoint's variable is a head, an optimizer slot or a buffer: allowed, and not used.

    Args:
        name: the variable's name in the checkpoint.

    >>> is_beside_encoder("cls/predictions/output_bias"), is_beside_encoder("bert/encoder/layer_9/output/dense/bias")
    (True, False)
    """
    return _NOT_ENCODER.fullmatch(name) is not None


def is_outside_encoder(name, family, *, tensorflow):
    """Return whether a variable lies beside the encoder, as the head of a task does, and not within it.

    Args:
        name: the variable's unified name.
        family: a name of FAMILIES.
        tensorflow: whether it is a TensorFlow checkpoint.

    >>> is_outside_encoder("output_weights", "bert", tensorflow=True)
    True
    """
    return not name.startswith(FAMILIES[family].names(tensorflow=tensorflow).root + ("/" if tensorflow else "."))


def unify_names(names, *, tensorflow):
    """Bring a file's names into the one spelling used here.

    Left out is what a wrapper put before them: ``module.`` and ``model.`` of torch, ``module/`` of TensorFlow's hub.
    Hugging Face files come with the model's prefix (``bert.embeddings...``, saved from a model with a head; ERNIE's is
    ``ernie.``) or without it, and old ones say ``LayerNorm.gamma`` and ``LayerNorm.beta``. Google's ALBERT that was
    trained by TensorFlow 2 calls its LayerNorms as Keras does.

    Args:
        names: the names in the file.
        tensorflow: whether it is a TensorFlow checkpoint.

    Returns:
        dict from the one spelling to the list of the file's names for it, which has one unless the file has doubles.

    >>> unify_names(["module.embeddings.LayerNorm.gamma"], tensorflow=False)
    {'bert.embeddings.LayerNorm.weight': ['module.embeddings.LayerNorm.gamma']}
    """
    bare = {name: re.sub(r"^((module|model)[./])+", "", name) for name in names}
    spell = _spell_tensorflow if tensorflow else _spell_hugging_face
    unified = {}
    for own, name in zip(bare, spell(list(bare.values())), strict=True):
        unified.setdefault(name, []).append(own)
    return unified


def _spell_hugging_face(names):
    kinds = [each for each in FAMILIES.values() if each.hugging_face]
    root = ""
    if any(name.startswith("embeddings.") for name in names):
        text = " ".join(names)
        root = next(kind.hugging_face.root for kind in kinds if kind.hugging_face.bare_mark in text) + "."
    for name in names:
        inside = root and name.startswith(("embeddings.", "encoder.", "pooler.", "embeddings_project."))
        name = (root if inside else "") + name
        for kind in kinds:
            for alias in kind.aliases:
                name = re.sub(rf"^{alias}\.", f"{kind.hugging_face.root}.", name)
        yield re.sub(r"\.beta$", ".bias", re.sub(r"\.gamma$", ".weight", name))


_KERAS_NORM = re.compile(r"(.+)/layer_normalization(?:_(\d+))?(/.+)")


def _spell_tensorflow(names):
    """Keras numbers the LayerNorms of a program in their order: in a layer attention's comes first."""
    numbers = {}
    for match in filter(None, map(_KERAS_NORM.fullmatch, names)):
        numbers.setdefault(re.sub(r"/layer_\d+/", "/", match[1]), set()).add(int(match[2] or 0))
    for name in names:
        if match := _KERAS_NORM.fullmatch(name):
            scope = re.sub(r"/layer_\d+/", "/", match[1])
            place = sorted(numbers[scope]).index(int(match[2] or 0))
            name = f"{scope}/LayerNorm{f'_{place}' if place else ''}{match[3]}"
        yield name


def recognise_family(names):
    """Return the family from the variables, or "generator" for ELECTRA's other half, or "" for something else.

    Args:
        names: the variables' names, unified.

    >>> recognise_family(["bert/encoder/layer_shared/attention/output/dense/bias"])
    'albert_brightmart'
    """
    names = set(names)
    if "generator_predictions.dense.weight" in names and "discriminator_predictions.dense.weight" not in names:
        return "generator"
    for family in FAMILIES.values():
        # The bias of the attention's output lies at another place in each layout, and under another root in ELECTRA.
        bias = f"{family.first_layer}/attention/output/bias"
        kinds = [tensorflow for tensorflow in (True, False) if family.names(tensorflow=tensorflow)]
        if any(name_in_checkpoint(bias, family.name, tensorflow=tensorflow) in names for tensorflow in kinds):
            return family.name
    return "generator" if any(name.startswith("generator/") for name in names) else ""


def derive_sizes(shapes, family, *, tensorflow):
    """Read from the variables' shapes all that they tell of the config.

    They do not tell the number of attention heads, and for shared layers not the number of layers.

    Args:
        shapes: dict from unified name to shape.
        family: the family.
        tensorflow: whether it is a TensorFlow checkpoint.

    Returns:
        dict of those config values that could be read; a variable that is absent leaves its value out.
    """
    layer = FAMILIES[family].first_layer
    places = {
        "vocab_size": ("embeddings/word", 0),
        "embedding_size": ("embeddings/word", 1),
        "hidden_size": (f"{layer}/attention/output/bias", 0),
        "intermediate_size": (f"{layer}/feed_forward/inner/bias", 0),
        "max_position_embeddings": ("embeddings/position", 0),
        "type_vocab_size": ("embeddings/segment", 0),
    }
    sizes = {}
    for key, (canonical, axis) in places.items():
        shape = shapes.get(name_in_checkpoint(canonical, family, tensorflow=tensorflow), ())
        if axis < len(shape):
            sizes[key] = shape[axis]
    if not FAMILIES[family].shares_layers:
        count = 0
        while name_in_checkpoint(f"layer_{count}/attention/output/bias", family, tensorflow=tensorflow) in shapes:
            count += 1
        sizes["num_hidden_layers"] = count
    return sizes
