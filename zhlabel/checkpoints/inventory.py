"""What lies in a checkpoint's folder: its weights, in one file or in shards."""

import re

from zhlabel.checkpoints.bundled import find_bundled
from zhlabel.errors import InputError

_PATTERNS = {"tensorflow": "*.index", "safetensors": "*.safetensors", "pytorch": "*.bin"}
_NOT_WEIGHTS = ("training_args.bin", "optimizer.bin", "scheduler.bin")  # what a Hugging Face trainer leaves behind
_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.safetensors|\.bin)")  # as Hugging Face numbers them, from 1
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SHOWN = 5


def find_weights(folder):
    """Find the one checkpoint's weights in a folder: a file, or the shards of one model.

    The project's own weights give way to any other. Of Hugging Face's two formats of one model, safetensors is taken.

    Args:
        folder: a Path.

    Returns:
        Their format ("tensorflow", "safetensors" or "pytorch"), a tuple of their files (of a TensorFlow checkpoint, the
        ``.index`` alone), and a note on what was passed over, "" if nothing was.

    Raises:
        InputError: there are none, or of more than one checkpoint, or a shard is missing.
    """
    found = _group_shards(folder)
    own = [(kind, files) for kind, files in found if not find_bundled(files[0])]
    note = ""
    if own and len(own) < len(found):
        note = f"{folder}: the bundled checkpoint is passed over for the one you put there ({own[0][1][0].name}).\n"
    own = own or found[:1]
    if [kind for kind, _ in own] == ["safetensors", "pytorch"]:  # Hugging Face's way to keep one model in two formats
        note += f"{folder}: {own[0][1][0].name} is read, {own[1][1][0].name} beside it is not.\n"
        own = own[:1]
    if not own:
        raise InputError(_explain_no_weights(folder))
    if len(own) > 1:
        raise InputError(
            f"{folder}: it holds {len(own)} checkpoints, {cut_list([files[0].name for _, files in own])}. "
            "Keep one and move the others to a folder of their own."
        )
    _check_shards(folder, own[0][1])
    return (*own[0], note)


def _group_shards(folder):
    """List (format, files) of the checkpoints in a folder; files that are numbered as shards of one are together."""
    groups = {}
    for kind, pattern in _PATTERNS.items():
        for file in sorted(folder.glob(pattern)):
            if file.name not in _NOT_WEIGHTS:
                shard = _SHARD.fullmatch(file.name)
                groups.setdefault((kind, *shard.group(1, 3)) if shard else (kind, file.name), []).append(file)
    return [(kind, tuple(files)) for (kind, *_), files in groups.items()]


def _check_shards(folder, files):
    if not (shard := _SHARD.fullmatch(files[0].name)):
        return
    stem, _, count, ending = shard.groups()
    names = {f"{stem}-{number:05d}-of-{count}{ending}" for number in range(1, int(count) + 1)}
    if missing := sorted(names - {file.name for file in files}):
        raise InputError(
            f"{folder}: of the {int(count)} shards of one checkpoint {len(missing)} are missing: {cut_list(missing)}. "
            "Download them from where the others came."
        )


def _explain_no_weights(folder):
    inner = sorted({file.parent for pattern in _PATTERNS.values() for file in folder.glob(f"*/{pattern}")})
    names = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
    wanted = "a TensorFlow checkpoint (.index with .data-...), model.safetensors or pytorch_model.bin"
    if inner:
        return (
            f"{folder}: the checkpoint lies one folder deeper, in {inner[0]}. Name that folder, or move its files up."
        )
    keras = [name for name in names if _is_hdf5(folder / name)]
    if keras:
        return explain_keras_weights(folder / keras[0])
    if indexes := [name for name in names if name.endswith((".safetensors.index.json", ".bin.index.json"))]:
        return f"{folder}: {indexes[0]} is there, the shards that it lists are not. Download them from where it came."
    data = [name for name in names if ".data-" in name]
    if data:
        return f"{folder}: {data[0]} is there, its .index is not. Copy the .index from the same archive beside it."
    archives = [name for name in names if name.endswith((".zip", ".gz", ".tgz", ".tar"))]
    if archives:
        return f"{folder}: {archives[0]} is still packed. Unpack it in this folder."
    found = f"found {cut_list(names)}" if names else "the folder is empty"
    remedy = (
        "Put the files of a checkpoint there; README.md says where from. model_train.py needs none with FROM_SCRATCH."
    )
    return f"{folder}: no weights; expected {wanted}, {found}. {remedy}"


def _is_hdf5(file):
    if not file.is_file():
        return False
    with open(file, "rb") as stream:
        return stream.read(len(_HDF5)) == _HDF5


def explain_keras_weights(file):
    """Return the message for weights that Keras wrote: they are in the order of a program's layers, without names.

    Args:
        file: the Path.
    """
    weights = file.with_suffix("") if file.suffix == ".index" else file
    return (
        f"{file} was written by Keras (save_weights): by the layers of a program, which alone can read it. With "
        "bert4keras, go on in that program, whose encoder is bert = build_transformer_model(..., "
        "return_keras_model=False), under TensorFlow 2 with:\n"
        f"    model.load_weights({str(weights)!r})\n{_SAVE_BY_NAME}"
        "or under TensorFlow 1 with bert.save_weights_as_checkpoint('bert_model.ckpt') as the second step. Put the "
        "files bert_model.ckpt.* into a folder with the config and vocab.txt. For a tf_model.h5 of transformers, "
        "download model.safetensors or pytorch_model.bin from where it came."
    )


_SAVE_BY_NAME = """\
    mapping = {layer: names for layer, names in bert.variable_mapping().items() if layer in bert.layers}
    pairs = [pair for layer, names in mapping.items() for pair in zip(names, bert.layers[layer].get_weights())]
    names, values = map(list, zip(*pairs))
    tf.raw_ops.SaveV2(
        prefix='bert_model.ckpt', tensor_names=names, shape_and_slices=[''] * len(names), tensors=values
    )
"""


def cut_list(items, separator=", "):
    """Join the first five items and count the rest.

    Args:
        items: list of strings.
        separator: what goes between them.

    >>> cut_list(list("abcdefg"))
    'a, b, c, d, e, and 2 more'
    """
    rest = len(items) - _SHOWN
    return separator.join(items[:_SHOWN]) + (f"{separator}and {rest} more" if rest > 0 else "")
