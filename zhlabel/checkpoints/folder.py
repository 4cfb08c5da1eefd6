"""Finds the one checkpoint in a folder and reads its weights; whatever does not fit is an InputError."""

import dataclasses
import re
from pathlib import Path

from zhlabel.checkpoints.bundled import find_bundled
from zhlabel.checkpoints.configs import choose_config, normalise_config, read_candidates, recognise_family_of_config
from zhlabel.checkpoints.inventory import cut_list, explain_keras_weights, find_weights
from zhlabel.checkpoints.missing import explain_missing_folder
from zhlabel.checkpoints.names import (
    TASK_TABLE,
    derive_sizes,
    encoder_shapes,
    is_beside_encoder,
    is_outside_encoder,
    name_in_checkpoint,
    recognise_family,
)
from zhlabel.checkpoints.variables import open_variables
from zhlabel.checkpoints.vocabulary import check_vocabulary, find_vocabulary
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
        vocab_file: its vocab.txt, or the tokenizer.json in place of it.
        weights_files: the files of the weights, of a TensorFlow checkpoint its ``.index`` alone; none from scratch.
        file_format: "tensorflow", "safetensors" or "pytorch"; "" from scratch.
        bundled: name of the checkpoint of the project's own whose weights these are; "" for all others.
        adds_task: whether ERNIE's vector of task 0 is added to every token.
        note: what the user should know about the choice, for a script to print; may be "".
    """

    folder: Path
    family: str
    config: dict
    config_file: Path
    vocab_file: Path
    weights_files: tuple
    file_format: str
    bundled: str
    adds_task: bool = False
    note: str = ""


def find_checkpoint(folder, *, from_scratch=False):
    """Find the checkpoint in a folder and hold its parts against one another.

    The names of folder and files don't matter. The files that come with the project never count as a second
    checkpoint: one that is dropped in beside them wins, and ``note`` says so.

    Args:
        folder: its path; from scratch also that of a config file, with the vocabulary beside it.
        from_scratch: want only config and vocabulary; weights that are there are left alone, and the word table gets
            as many rows as the vocabulary has tokens.

    Returns:
        A Checkpoint. Its weights are not read yet.

    Raises:
        InputError: the folder has no checkpoint or two, lacks a file, or its parts disagree.
    """
    path = Path(folder)
    if not path.exists():
        raise InputError(explain_missing_folder(folder))
    if from_scratch:
        return _find_scratch(path)
    if path.is_file():
        raise InputError(
            f"{path} is a file. CHECKPOINT is the folder of a checkpoint, here {path.parent}; a config file alone is "
            "what FROM_SCRATCH = True trains from."
        )
    return _find_pretrained(path)


def _find_pretrained(folder):
    candidates = read_candidates(folder)
    file_format, files, note = find_weights(folder)
    variables = open_variables(files, file_format)
    shapes, tensorflow = variables.shapes, variables.tensorflow
    family = _recognise(files[0], shapes)
    own = (*find_bundled(files[0]), "")[0]
    sizes, vocab_file = derive_sizes(shapes, family, tensorflow=tensorflow), find_vocabulary(folder, own=own)
    tokens, surplus = check_vocabulary(vocab_file, sizes.get("vocab_size"), candidates, files[0], own=own)
    if family == "bert":
        candidates = {file: _read_as_bert(raw, variables) for file, raw in candidates.items()}
    config_file, config = choose_config(
        candidates,
        sizes,
        folder=folder,
        family=family,
        tensorflow=tensorflow,
        bundled=[file for file in candidates if find_bundled(file)],
    )
    note += surplus + _check_complete(files[0], shapes, config, tensorflow=tensorflow)
    if config["num_hidden_layers"] == 1:
        note += (
            f"{config_file} says num_hidden_layers 1; published models have 4 or more, and one folder of ALBERT tiny "
            "carries a wrong 1. Set it right if you know better.\n"
        )
    return Checkpoint(
        folder,
        family,
        config | {"vocab_size": tokens},
        config_file,
        vocab_file,
        files,
        file_format,
        own,
        adds_task=TASK_TABLE in shapes and candidates[config_file].get("use_task_id") is True,
        note=note.rstrip(),
    )


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
    if not checkpoint.weights_files:
        raise InputError(f"{checkpoint.folder}: there are no weights to read; it was opened to train from scratch.")
    variables = open_variables(checkpoint.weights_files, checkpoint.file_format)
    own = {
        name: name_in_checkpoint(name, checkpoint.family, tensorflow=variables.tensorflow)
        for name in encoder_shapes(checkpoint.config)
    }
    arrays = variables.read([*own.values(), *([TASK_TABLE] if checkpoint.adds_task else [])])
    weights = {
        name: arrays[own[name]].T if _is_turned(name, variables.tensorflow) else arrays[own[name]] for name in own
    }
    weights["embeddings/word"] = weights["embeddings/word"][: checkpoint.config["vocab_size"]]
    if checkpoint.adds_task:  # every text is of task 0, as in transformers and PaddleNLP
        weights["embeddings/segment"] = weights["embeddings/segment"] + arrays[TASK_TABLE][0]
    return weights


def _is_turned(canonical, tensorflow):
    """Torch's Linear keeps [outputs, inputs]."""
    return canonical.endswith("/kernel") and not tensorflow


def _find_scratch(path):
    """Build a Checkpoint of config and vocabulary alone."""
    folder, candidates = path.parent if path.is_file() else path, read_candidates(path)
    own = {file: raw for file, raw in candidates.items() if not find_bundled(file)} or candidates
    if len(own) != 1:
        names = ", ".join(file.name for file in own) or "none"
        raise InputError(
            f"{path}: training from scratch needs one config; found {names}. CHECKPOINT can name the file of one."
        )
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
    return Checkpoint(folder, family, config, config_file, vocab_file, (), "", "", note=note)


def _read_as_bert(raw, variables):
    """Let a config say roberta where the file itself calls the variables bert, as several Chinese RoBERTas do."""
    named_bert = any(re.search(r"(^|[./])bert[./]embeddings[./]", name) for _, name in variables.places.values())
    return raw | {"model_type": "bert"} if raw.get("model_type") == "roberta" and named_bert else raw


def _recognise(weights_file, shapes):
    family = recognise_family(shapes)
    if family == "generator":
        raise InputError(
            f"{weights_file}: this is ELECTRA's generator, the small half that only serves pretraining. "
            "Use the discriminator that was published with it."
        )
    if any(name.endswith("/.ATTRIBUTES/VARIABLE_VALUE") for name in shapes):
        raise InputError(explain_keras_weights(weights_file))
    if not family:
        raise InputError(
            f"{weights_file}: its {len(shapes)} variables are not those of an ALBERT, ELECTRA or BERT encoder "
            f"({cut_list(sorted(shapes))}). Use a checkpoint of one of these families."
        )
    return family


def _check_complete(weights_file, shapes, config, *, tensorflow):
    """Hold the checkpoint's variables to the encoder's, both lists whole; return a note on the head of a task."""
    expected = {}
    for canonical, shape in encoder_shapes(config).items():
        shape = shape[::-1] if _is_turned(canonical, tensorflow) else shape
        expected[name_in_checkpoint(canonical, config["family"], tensorflow=tensorflow)] = shape
    problems = [f"{name}: missing, expected {list(shape)}" for name, shape in expected.items() if name not in shapes]
    head = []
    for name, shape in shapes.items():
        if name in expected and expected[name] != shape:
            problems.append(f"{name}: {list(shape)}, expected {list(expected[name])}")
        elif name in expected or is_beside_encoder(name):
            continue
        elif is_outside_encoder(name, config["family"], tensorflow=tensorflow):
            head.append(name)
        else:
            problems.append(f"{name}: left over, the encoder has no place for it")
    if problems:
        raise InputError(
            f"{weights_file}: {len(problems)} variables do not fit the encoder's {len(expected)}, so nothing was "
            f"loaded.\n  {cut_list(problems, chr(10) + '  ')}\nUse a checkpoint as it was published, with its config: "
            "adapters, LoRA and norms of a layer's own can't be built here."
        )
    if not head:
        return ""
    return f"{weights_file}: fine-tuned; the head of its task is left out ({cut_list(sorted(head))}).\n"
