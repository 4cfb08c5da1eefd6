"""Ordered label names and their ids: collected from data, kept in label.json, turned into targets."""

import difflib
import json
import math
import unicodedata
from collections import Counter

import numpy as np

from zhlabel.errors import InputError
from zhlabel.io.files import open_text, write_whole

LAST_LABELS_FILE = "label.json"  # at the top: the labels of the last training


def collect_labels(examples):
    """Return the different labels of the examples, in order of first appearance.

    Args:
        examples: records with ``labels``, a tuple of names.

    Returns:
        A tuple of L names.

    Raises:
        InputError: no example has a label.
    """
    names = tuple(dict.fromkeys(name for example in examples for name in example.labels))
    if not names:
        where = examples[0].file if examples else "the training data"
        raise InputError(f"{where}: none of the {len(examples):,} texts has a label, so there is nothing to learn.")
    return names


def count_labels(examples, names):
    """Count the texts of each label.

    Args:
        examples: records with ``labels``.
        names: the L names in the order of their ids.

    Returns:
        dict from name to count, in that order.
    """
    counts = Counter(label for example in examples for label in example.labels)
    return {name: counts[name] for name in names}


def read_labels(path):
    """Read label.json: an object of ids to names, ``{"0": "裁员", "1": "起诉"}``.

    Args:
        path: the file.

    Returns:
        A tuple of L names, where the name of id i is at place i.

    Raises:
        InputError: not such an object, ids that are not 0..L-1 each once, a name that is empty or occurs twice.
    """
    with open_text(path) as stream:
        try:
            pairs = json.load(stream, object_pairs_hook=tuple)  # a dict would swallow an id that stands there twice
        except ValueError as problem:
            raise InputError(f"{path} is not JSON ({problem}). It should read {_FORM}.") from None
    if not isinstance(pairs, tuple) or not pairs or not all(isinstance(name, str) and name for _, name in pairs):
        raise InputError(f"{path}: expected an object of ids to label names, {_FORM}.")
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = _find_twice([number for number, _ in pairs])
        raise InputError(f"{path}: the id {twice} occurs twice. Each label has its own id; change one of them.")
    if set(table) != {str(i) for i in range(len(table))}:
        raise InputError(f"{path}: the ids of its {len(table)} labels must be 0 to {len(table) - 1}, each once.")
    names = tuple(table[str(i)] for i in range(len(table)))
    if len(set(names)) < len(names):
        twice = _find_twice(names)
        raise InputError(f'{path}: the label "{twice}" occurs twice. Each label has one id; remove one of them.')
    return names


def _find_twice(values):
    return next(value for value in values if values.count(value) > 1)


_FORM = '{"0": "first label", "1": "second label"}'


def write_labels(names, path):
    """Write label.json, ids as strings in ascending order.

    Args:
        names: the L names in the order of their ids.
        path: the file; an earlier one is replaced.
    """
    with write_whole(path) as stream:
        json.dump({str(i): name for i, name in enumerate(names)}, stream, ensure_ascii=False, indent=2)
        stream.write("\n")


def settle_labels(collected, *, named_file="", earlier=()):
    """Decide the label set of a training and its order.

    A named file is obeyed. Without one, the labels collected from the training data are used; if an earlier
    label.json holds exactly the same names, its order is kept, so that ids stay what they were.

    Args:
        collected: names found in the training data, in order of first appearance.
        named_file: LABEL_FILE, or "".
        earlier: names of the label.json at the top, or ().

    Returns:
        A tuple of L names.

    >>> settle_labels(("起诉", "裁员"), earlier=("裁员", "起诉"))
    ('裁员', '起诉')
    >>> settle_labels(("起诉", "裁员"), earlier=("裁员",))
    ('起诉', '裁员')
    """
    if named_file:
        return read_labels(named_file)
    return tuple(earlier) if set(earlier) == set(collected) else tuple(collected)


def encode_labels(examples, names, *, source="label.json"):
    """Turn the labels of N examples into 0/1 rows.

    Args:
        examples: N records with ``labels``, ``file`` and ``line``.
        names: the L names in the order of their ids.
        source: where ``names`` come from, for the message.

    Returns:
        bool array [N, L]; one byte a cell, so 100,000 texts with 1,000 labels take 100 MB.

    Raises:
        InputError: a label that is not among ``names``; the nearest one is given.
    """
    ids = {name: i for i, name in enumerate(names)}
    targets = np.zeros((len(examples), len(names)), dtype=bool)
    for row, example in enumerate(examples):
        for name in example.labels:
            if name not in ids:
                raise InputError(_describe_unknown(example, name, names, source))
            targets[row, ids[name]] = True
    return targets


def encode_classes(examples, names, *, source="label.json"):
    """Turn the one label of each of N examples into its id.

    Args:
        examples: as ``encode_labels``.
        names: as ``encode_labels``.
        source: as ``encode_labels``.

    Returns:
        int32 array [N].

    Raises:
        InputError: a text with no label or several; a label that is not among ``names``.
    """
    for example in examples:
        if len(example.labels) != 1:
            found = f"{len(example.labels)} labels ({', '.join(example.labels)})" if example.labels else "no label"
            raise InputError(
                f"{example.file}, line {example.line}: the text has {found}, expected one. Several labels a text, "
                'or none, are the task multi_label: TASK = "multi_label".'
            )
    return encode_labels(examples, names, source=source).argmax(axis=1).astype(np.int32)


def weigh_classes(classes, names, weights):
    """Return each text the weight of its class in the loss.

    Args:
        classes: int array [N].
        names: L label names.
        weights: CLASS_WEIGHTS: "balanced" for N / (L x texts of the class), as scikit-learn; or label:weight pairs
            joined by "|", of which a label that is left out has weight 1.

    Returns:
        float64 array [N].

    Raises:
        InputError: a pair that is none, an unknown label.

    >>> weigh_classes(np.array([0, 0, 0, 1]), ("a", "b"), "balanced").round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    >>> weigh_classes(np.array([0, 1]), ("a", "b"), "b:2.5").tolist()
    [1.0, 2.5]
    """
    by_class = np.ones(len(names))
    if weights == "balanced":
        counts = np.bincount(classes, minlength=len(names))
        by_class = len(classes) / (len(names) * np.maximum(counts, 1))
    else:
        given = [_read_weight(pair, names) for pair in weights.split("|")]
        by_class[[place for place, _ in given]] = [weight for _, weight in given]
        if len(dict(given)) < len(given) or not by_class.any():
            raise InputError(f'CLASS_WEIGHTS: "{weights}" names a label twice, or leaves none that counts.')
    return by_class[classes]


def _read_weight(pair, names):
    name, _, number = pair.rpartition(":")
    try:
        place, weight = names.index(name.strip()), float(number)
        if not 0 <= weight < math.inf:
            raise ValueError
    except ValueError:
        raise InputError(
            f'CLASS_WEIGHTS: "{pair}" is not a label with its weight. Expected "balanced", or pairs such as '
            f"{names[0]}:2.0|{names[-1]}:0.5, weights from 0, of labels among {', '.join(names[:10])}."
        ) from None
    return place, weight


def _describe_unknown(example, name, names, source):
    message = (
        f'{example.file}, line {example.line}: the label "{name}" is not one of the {len(names)} in {source}.\n'
        + _describe_nearest(name, names)
    )
    return message + f"Correct the line, or choose another file, if {example.file} does not belong to {source}."


def _describe_nearest(name, names):
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if not nearest:
        return ""
    message = f'The closest is "{nearest[0]}"'
    pairs = [(a, b) for a, b in zip(name, nearest[0], strict=False) if a != b]
    if len(name) == len(nearest[0]) and len(pairs) == 1:
        (found, expected) = pairs[0]
        message += f": the file has {_name_character(found)} where the known label has {_name_character(expected)}"
    return message + ".\n"


def _name_character(character):
    return f"{unicodedata.name(character, 'a character').lower()} (U+{ord(character):04X})"
