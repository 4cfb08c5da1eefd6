"""Finds the one checkpoint in a folder and reads its weights; whatever does not fit is an InputError."""

import dataclasses
from pathlib import Path

from zhlabel.checkpoints.bundled import find_bundled
from zhlabel.checkpoints.configs import choose_config, normalise_config, read_candidates, recognise_family_of_config
from zhlabel.checkpoints.inventory import cut_list, find_vocabulary, find_weights, list_other_vocabularies
from zhlabel.checkpoints.names import (
    derive_sizes,
    encoder_shapes,
    is_beside_encoder,
    name_in_checkpoint,
    recognise_family,
    unify_names,
)
from zhlabel.checkpoints.weights import read_arrays, read_shapes
from zhlabel.data.tokenizer import read_vocabulary
from zhlabel.errors import InputError


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A pretrained encoder on disk, checked: its config, vocabulary and variables fit together.

    Attributes:
        folder: where it lies.
        family: a name of ``families.FAMILIES``; "albert" is Google's layout.
        config: the normalised config, with ``family`` in it: all that is needed to build the encoder.
        config_file: the json it was read from.
        vocab_file: its vocab.txt.
        weights_file: the file of the weights (a TensorFlow checkpoint's ``.index``); None from scratch.
        file_format: "tensorflow", "safetensors" or "pytorch"; "" from scratch.
        bundled: name of the checkpoint of the project's own whose weights these are; "" for all others.
        note: what the user should know about the choice, for a script to print; may be "".
    """

    folder: Path
    family: str
    config: dict
    config_file: Path
    vocab_file: Path
    weights_file: Path | None
    file_format: str
    bundled: str
    note: str = ""


def find_checkpoint(folder, *, from_scratch=False):
    """Find the checkpoint in a folder and hold its parts against one another.

    The names of folder and files don't matter. The files that come with the project never count as a second
    checkpoint: one that is dropped in beside them wins, and ``note`` says so.

    Args:
        folder: its path.
        from_scratch: want only config and vocab.txt; weights that are there are left alone, and the word table gets as
            many rows as vocab.txt has tokens.

    Returns:
        A Checkpoint. Its weights are not read yet.

    Raises:
        InputError: the folder has no checkpoint or two, lacks a file, or its parts disagree.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: there is no such folder. Check CHECKPOINT: albert_tiny comes with zhlabel's repository, "
            "and albert_base/README.md there lists where others are published."
        )
    candidates = read_candidates(folder)
    if from_scratch:
        return _find_scratch(folder, candidates)
    file_format, weights_file, note = find_weights(folder)
    shapes = read_shapes(weights_file, file_format)
    tensorflow = file_format == "tensorflow"
    unified = unify_names(shapes, tensorflow=tensorflow)
    shapes = {name: shapes[own] for name, own in unified.items()}
    family = _recognise(weights_file, shapes)
    bundled = [file for file in candidates if find_bundled(file)]
    sizes = derive_sizes(shapes, family, tensorflow=tensorflow)
    vocab_file = find_vocabulary(folder)
    own = (*find_bundled(weights_file), "")[0]
    _check_vocabulary(vocab_file, sizes, candidates, weights_file, own=own)
    config_file, config = choose_config(
        candidates, sizes, folder=folder, family=family, tensorflow=tensorflow, bundled=bundled
    )
    _check_complete(weights_file, shapes, config, tensorflow=tensorflow)
    if config["num_hidden_layers"] == 1:
        note += (
            f"{config_file} says num_hidden_layers 1; published models have 4 or more, and one folder of ALBERT tiny "
            "carries a wrong 1. Set it right if you know better.\n"
        )
    return Checkpoint(folder, family, config, config_file, vocab_file, weights_file, file_format, own, note.rstrip())


def check_positions(checkpoint, max_length):
    """Stop where rows are longer than an encoder knows positions.

    Args:
        checkpoint: a Checkpoint.
        max_length: tokens a row.

    Raises:
        InputError: they are.
    """
    if max_length > (positions := checkpoint.config["max_position_embeddings"]):
        raise InputError(f"--max-length {max_length}: {checkpoint.folder} knows only {positions} positions.")


def read_weights(checkpoint):
    """Read every variable of the encoder.

    Args:
        checkpoint: a Checkpoint with weights.

    Returns:
        dict from canonical name to float32 array, complete; kernels are [inputs, outputs].

    Raises:
        InputError: the file is damaged, or the checkpoint is one without weights.
    """
    if checkpoint.weights_file is None:
        raise InputError(f"{checkpoint.folder}: there are no weights to read; it was opened to train from scratch.")
    tensorflow = checkpoint.file_format == "tensorflow"
    shapes = read_shapes(checkpoint.weights_file, checkpoint.file_format)
    unified = unify_names(shapes, tensorflow=tensorflow)
    own = {
        name: unified[name_in_checkpoint(name, checkpoint.family, tensorflow=tensorflow)]
        for name in encoder_shapes(checkpoint.config)
    }
    arrays = read_arrays(checkpoint.weights_file, checkpoint.file_format, own.values())
    turned = {name: arrays[own[name]].T if _is_turned(name, tensorflow) else arrays[own[name]] for name in own}
    return turned


def _is_turned(canonical, tensorflow):
    """Torch's Linear keeps [outputs, inputs]."""
    return canonical.endswith("/kernel") and not tensorflow


def _find_scratch(folder, candidates):
    """Build a Checkpoint of config and vocab.txt alone."""
    own = {file: raw for file, raw in candidates.items() if not find_bundled(file)} or candidates
    if len(own) != 1:
        names = ", ".join(file.name for file in own) or "none"
        raise InputError(f"{folder}: training from scratch needs one config in the folder; found {names}.")
    (config_file, raw), vocab_file = next(iter(own.items())), find_vocabulary(folder)
    family = recognise_family_of_config(raw, place=config_file)
    rows = len(read_vocabulary(vocab_file))
    note = "From scratch: the weights begin as random numbers, nothing is pretrained."
    if raw.get("vocab_size", rows) != rows:
        note += (
            f" {vocab_file} has {rows} tokens, which goes before vocab_size {raw['vocab_size']} of {config_file.name}."
        )
    config = normalise_config(
        {**raw, "vocab_size": rows}, {}, place=config_file, family=family, tensorflow="model_type" not in raw
    )
    return Checkpoint(folder, family, config, config_file, vocab_file, None, "", "", note)


def _recognise(weights_file, shapes):
    family = recognise_family(shapes)
    if family == "generator":
        raise InputError(
            f"{weights_file}: this is ELECTRA's generator, the small half that only serves pretraining. "
            "Use the discriminator that was published with it."
        )
    if not family:
        raise InputError(
            f"{weights_file}: its {len(shapes)} variables are not those of an ALBERT, ELECTRA or BERT encoder "
            f"({cut_list(sorted(shapes))}). Use a checkpoint of one of these families."
        )
    return family


def _check_vocabulary(vocab_file, sizes, candidates, weights_file, *, own):
    """Hold the word table to vocab.txt, and name the odd one out."""
    rows, tokens = sizes.get("vocab_size"), len(read_vocabulary(vocab_file))
    if own and own not in find_bundled(vocab_file):
        raise InputError(
            f"{vocab_file} is not the one that belongs to the bundled {weights_file.name}. Put the weights there that "
            "this vocab.txt came with, or take the bundled one back: git checkout -- " + str(vocab_file)
        )
    if rows is None or rows == tokens:
        return
    where = f"{vocab_file} has {tokens} tokens, the word table of {weights_file.name} has {rows} rows"
    if find_bundled(vocab_file):
        other = (*list_other_vocabularies(vocab_file.parent), "the vocab.txt that came with your checkpoint")[0]
        raise InputError(f"{where}.\nvocab.txt is still the bundled one. Copy {other} over it.")
    same = [file.name for file, raw in candidates.items() if raw.get("vocab_size") == rows]
    hint = (
        f"{same[0]} says {rows} as well, so vocab.txt is the odd one out" if same else "they come from two checkpoints"
    )
    raise InputError(f"{where}.\n{hint[0].upper()}{hint[1:]}: copy the vocab.txt that came with the checkpoint.")


def _check_complete(weights_file, shapes, config, *, tensorflow):
    """Hold the checkpoint's variables to the encoder's, both lists whole."""
    expected = {}
    for canonical, shape in encoder_shapes(config).items():
        shape = shape[::-1] if _is_turned(canonical, tensorflow) else shape
        expected[name_in_checkpoint(canonical, config["family"], tensorflow=tensorflow)] = shape
    problems = [f"{name}: missing, expected {list(shape)}" for name, shape in expected.items() if name not in shapes]
    for name, shape in shapes.items():
        if name in expected and expected[name] != shape:
            problems.append(f"{name}: {list(shape)}, expected {list(expected[name])}")
        elif name not in expected and not is_beside_encoder(name):
            problems.append(f"{name}: left over, the encoder has no place for it")
    if problems:
        raise InputError(
            f"{weights_file}: {len(problems)} variables do not fit the encoder's {len(expected)}, so nothing was "
            f"loaded.\n  {cut_list(problems, chr(10) + '  ')}\nUse the config that came with this checkpoint, and a "
            "checkpoint as it was published: one that was fine-tuned holds the head of its task too."
        )
