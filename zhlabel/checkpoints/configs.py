"""Config files: which json of a folder it is, does it agree with the variables, and what its words mean.

A config is normalised: one set of keys for all families, the activation by its formula. "gelu" means two things. In
the configs of TensorFlow ALBERT, Google's and brightmart's, it is the form with tanh, for that is what their code
computes; in BERT's, ELECTRA's and all Hugging Face configs it is the form with erf, and "gelu_new" the one with tanh.
"""

import json

from zhlabel.checkpoints.families import FAMILIES
from zhlabel.errors import InputError

_SIZES = (
    "vocab_size",
    "embedding_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_SIZE_DEFAULTS = {"max_position_embeddings": 512, "type_vocab_size": 2}
_TANH_GELU = ("gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_tanh")
_LARGEST_CONFIG = 1_000_000  # bytes; tokenizer.json is larger and never a config
_HEADS = "published models have 4 heads at hidden_size 256, 12 at 312 and 768, 16 at 1024"


def read_candidates(folder):
    """Read the json files of a folder that describe an encoder, whatever their names.

    Args:
        folder: a Path; a file is read alone.

    Returns:
        dict from file to its dict, without values that are null; files that describe something else (a tokenizer,
        labels) are left out.

    Raises:
        InputError: no file qualifies and one of them is not valid json.
    """
    candidates, broken = {}, []
    for file in [folder] if folder.is_file() else sorted(folder.glob("*.json")):
        if file.stat().st_size > _LARGEST_CONFIG:
            continue
        try:
            content = json.loads(file.read_text(encoding="utf-8-sig"))
        except ValueError as problem:
            broken.append(f"{file}: not valid json ({problem}). Copy or download it again.")
            continue
        if isinstance(content, dict) and set(_SIZES[1:6]) & set(content):
            candidates[file] = {key: value for key, value in content.items() if value is not None}
    if broken and not candidates:
        raise InputError(broken[0])
    return candidates


def list_disagreements(raw, sizes):
    """List where a config contradicts the checkpoint's variables.

    A value that the config leaves out contradicts nothing.

    Args:
        raw: the config as read.
        sizes: what ``derive_sizes`` read from the shapes.

    >>> list_disagreements({"hidden_size": 768, "vocab_size": 60}, {"hidden_size": 16, "vocab_size": 60})
    ['hidden_size is 768, in the checkpoint 16']
    """
    return [
        f"{key} is {raw[key]}, in the checkpoint {sizes[key]}"
        for key in sizes
        if raw.get(key, sizes[key]) != sizes[key]
    ]


def choose_config(candidates, sizes, *, folder, family, tensorflow, bundled=()):
    """Choose the one config that agrees with the variables.

    Among several that agree: ours of the bundled checkpoint gives way; equal ones are one; ELECTRA's
    ``discriminator.json`` goes before its ``generator.json``. Anything else is refused, because the number of heads,
    and of shared layers, can't be seen in the variables.

    Args:
        candidates: dict from file to content, of ``read_candidates``.
        sizes: what the shapes tell.
        folder: the folder, for messages.
        family: the family.
        tensorflow: the dialect of the weights.
        bundled: those files of ``candidates`` that belong to the bundled checkpoint.

    Returns:
        The file and the normalised config.

    Raises:
        InputError: there is none, none agrees, or several that differ do.
    """
    own = {file: raw for file, raw in candidates.items() if file not in bundled}
    agreeing = {file: raw for file, raw in candidates.items() if not list_disagreements(raw, sizes)}
    agreeing = {file: raw for file, raw in agreeing.items() if file in own} or agreeing
    if not agreeing:
        raise InputError(_explain_no_config(own, sizes, folder=folder, family=family))
    options = {
        file: normalise_config(raw, sizes, place=file, family=family, tensorflow=tensorflow)
        for file, raw in agreeing.items()
    }
    for file in options:
        if file.name == "discriminator.json":
            return file, options[file]
    first, *others = options
    for other in others:
        differing = [key for key, value in options[first].items() if options[other][key] != value]
        if differing:
            raise InputError(
                f"{folder}: {first.name} and {other.name} both fit the checkpoint, and differ in "
                f"{', '.join(differing)}. Keep the one that came with it and move the other away."
            )
    return first, options[first]


def _explain_no_config(candidates, sizes, *, folder, family):
    if candidates:
        lines = [f"  {file.name}: {'; '.join(list_disagreements(raw, sizes))}" for file, raw in candidates.items()]
        return (
            f"{folder}: no config agrees with the checkpoint's variables, so nothing was loaded.\n"
            + "\n".join(lines)
            + "\nPut the config there that came with this checkpoint."
        )
    unknown = "the number of attention heads" + (" and of layers" if FAMILIES[family].shares_layers else "")
    text = json.dumps(dict.fromkeys(_required_in_file(family), 0)).replace("0", "...")
    read = ", ".join(f"{key} {value}" for key, value in sizes.items())
    return (
        f"{folder}: the checkpoint has no config (albert_config.json, bert_config.json, electra_config.json, "
        f"discriminator.json, config.json or the like).\nIts variables tell {read}; they do not tell {unknown}. "
        f"Copy the config that came with it, or write config.json with just that: {text} ({_HEADS})."
    )


def _required_in_file(family):
    """The values that no variable shows."""
    return ("num_attention_heads", "num_hidden_layers") if FAMILIES[family].shares_layers else ("num_attention_heads",)


def normalise_config(raw, sizes, *, place, family, tensorflow):
    """Bring a config into the one form that the package works with.

    Args:
        raw: the config as read.
        sizes: values known from elsewhere (the variables, vocab.txt); they fill what the config leaves out.
        place: the config file, for messages.
        family: the family.
        tensorflow: whether the config speaks TensorFlow's dialect or Hugging Face's.

    Returns:
        dict with ``family``, the eight sizes, ``hidden_act`` ("gelu_tanh", "gelu_erf", "relu", "swish" or "tanh"),
        ``layer_norm_eps``, both dropout rates and ``initializer_range``.

    Raises:
        InputError: a value is missing or impossible, or asks for a variant that is not built here.
    """
    _refuse_variants(raw, place)
    record, config = FAMILIES[family], {"family": family}
    for key in _SIZES:
        value = raw.get(key, sizes.get(key, _SIZE_DEFAULTS.get(key)))
        if key == "embedding_size" and (value is None or not record.embeds_at_own_width):
            value = raw.get("hidden_size", sizes.get("hidden_size"))
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            found = "is missing" if value is None else f"is {value!r}, expected a whole number above 0"
            hint = f"; {_HEADS}" if key == "num_attention_heads" else ""
            raise InputError(f"{place}: {key} {found}. Copy it from the config that came with the checkpoint{hint}.")
        config[key] = value
    if config["hidden_size"] % config["num_attention_heads"]:
        raise InputError(
            f"{place}: hidden_size {config['hidden_size']} can't be divided among num_attention_heads "
            f"{config['num_attention_heads']}. One of them is not this checkpoint's ({_HEADS})."
        )
    config["hidden_act"] = _normalise_activation(raw, place, record, tensorflow)
    dropout = record.dropout_rate
    numbers = {"layer_norm_eps": 1e-12, "hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    for key, default in {**numbers, "initializer_range": 0.02}.items():
        value = raw.get(key, default)
        if not isinstance(value, int | float) or not 0 <= value < 1:
            raise InputError(f"{place}: {key} is {value!r}, expected a number from 0 to below 1.")
        config[key] = float(value)
    return config


def _normalise_activation(raw, place, family, tensorflow):
    word = raw.get("hidden_act", family.default_activation)
    if word in _TANH_GELU:
        return "gelu_tanh"
    known = {
        "gelu": family.tensorflow_gelu if tensorflow else "gelu_erf",
        "gelu_erf": "gelu_erf",
        "relu": "relu",
        "swish": "swish",
        "silu": "swish",
        "tanh": "tanh",
    }
    if word not in known:
        raise InputError(f"{place}: hidden_act is {word!r}, expected one of {', '.join(known)} or {_TANH_GELU[0]}.")
    return known[word]


def _refuse_variants(raw, place):
    for key in ("num_hidden_groups", "inner_group_num"):
        if raw.get(key, 1) != 1:
            raise InputError(f"{place}: {key} is {raw[key]}. Only ALBERT with one group ({key} 1) can be built here.")
    if raw.get("ln_type", "postln") != "postln":
        raise InputError(
            f'{place}: ln_type is "{raw["ln_type"]}". Only "postln" can be built here; '
            "use a checkpoint that was trained with it (albert_tiny, albert_base and albert_xlarge were)."
        )
    if raw.get("position_embedding_type", "absolute") != "absolute":
        raise InputError(
            f'{place}: position_embedding_type is "{raw["position_embedding_type"]}", expected "absolute".'
        )
    possible = [name for family in FAMILIES.values() if family.hugging_face for name in (family.name, *family.aliases)]
    if "model_type" in raw and raw["model_type"] not in possible:
        raise InputError(
            f'{place}: model_type is "{raw["model_type"]}". Only {", ".join(possible)} can be built here '
            "(RoBERTa-wwm is a bert: its variables begin with bert)."
        )


def recognise_family_of_config(raw, *, place):
    """Return the family from a config alone, as training from scratch needs it.

    Args:
        raw: the config as read.
        place: its file, for messages.

    Raises:
        InputError: the config fits two families.

    >>> recognise_family_of_config({"embedding_size": 128, "ln_type": "postln"}, place="albert_config.json")
    'albert_brightmart'
    """
    if "model_type" in raw:
        _refuse_variants(raw, place)
        return next(each.name for each in FAMILIES.values() if raw["model_type"] in (each.name, *each.aliases))
    for family in FAMILIES.values():
        if raw.keys() & set(family.config_marks):
            return family.name
    if "embedding_size" not in raw:
        return next(family.name for family in FAMILIES.values() if not family.embeds_at_own_width)
    raise InputError(
        f"{place}: it fits both ELECTRA and ALBERT. Without weights nothing else tells them apart: "
        'add "model_type": "electra" or "albert", or "ln_type": "postln" for brightmart\'s ALBERT.'
    )
