"""Numbers of an evaluation of entities: strict scores, scores by length, tags of single characters, kinds of errors."""

from collections import Counter

import numpy as np

from zhlabel.data import tags
from zhlabel.metrics.classification import AVERAGES, score_counts

# The classes widen with the length, because long entities are few.
_LENGTHS = {"1": 1, "2": 2, "3": 3, "4": 4, "5-6": 6, "7-10": 10, "11 and more": None}


def score_entities(decided, gold, names):
    """Score entities strictly: one is found when its type and both its borders are right.

    Every figure equals that of seqeval's ``classification_report(mode="strict", scheme=IOB2)``, with one difference:
    the macro average is over all L types, and a type that is neither decided nor gold counts as 0 in it, where seqeval
    knows only the types that occur. A fraction without a denominator is 0. An entity that stands twice in a list counts
    once. There is no accuracy: nobody can count the spans that are rightly no entity.

    Args:
        decided: N lists of Entities, their types among ``names``.
        gold: N lists of Entities, their types among ``names``.
        names: the L types.

    Returns:
        A dict with "micro avg", "macro avg" (over types), "weighted avg" (over types by support), "labels": type to
        precision, recall, f1-score, support, and "by_length": a list of dicts, one a class of lengths in characters,
        with length, gold, decided, found (counts), recall and precision. A decided entity is counted at its own length.

    >>> city, person = tags.Entity(0, 2, "LOC"), tags.Entity(3, 5, "PER")
    >>> score_entities([[city, person]], [[city]], ["LOC", "PER"])["micro avg"]["precision"]
    0.5
    """
    pairs = [(set(found), set(wanted)) for found, wanted in zip(decided, gold, strict=True)]
    groups = (
        [entity for found, wanted in pairs for entity in found & wanted],
        [entity for found, _ in pairs for entity in found],
        [entity for _, wanted in pairs for entity in wanted],
    )
    by_type = [_count([entity.type for entity in group], names) for group in groups]
    by_length = [_count([_name_length(entity) for entity in group], _LENGTHS) for group in groups]
    rows = score_counts(*by_length, _LENGTHS)["labels"]
    return {
        **score_counts(*by_type, names),
        "by_length": [
            {"length": length, "gold": wanted, "decided": found, "found": hits}
            | {figure: row[figure] for figure in ("recall", "precision")}
            for hits, found, wanted, (length, row) in zip(*by_length, rows.items(), strict=True)
        ],
    }


def _count(values, names):
    counts = Counter(values)
    return [counts[name] for name in names]


def _name_length(entity):
    length = entity.end - entity.start
    return next(name for name, longest in _LENGTHS.items() if longest is None or length <= longest)


def score_tags(texts, decided, gold, names):
    """Score the tag of each single character (B-LOC, I-LOC, ..., O), as older tutorials do.

    These figures are not comparable with those of entities: an entity of which one border is wrong still has most of
    its tags right, and long entities weigh more. With O, by far the commonest tag, they flatter once more. Each
    average is over all 2 L tags, or all 2 L + 1 with O. Of entities that overlap, the longer is tagged.

    Args:
        texts: N texts.
        decided: N lists of Entities, their types among ``names``.
        gold: N lists of Entities, their types among ``names``.
        names: the L types.

    Returns:
        A dict with "with O" and "without O", each a dict of "micro avg", "macro avg" and "weighted avg", and "labels":
        tag to precision, recall, f1-score, support; O is the last.

    >>> scores = score_tags(["去北京"], [[tags.Entity(1, 3, "LOC")]], [[tags.Entity(1, 2, "LOC")]], ["LOC"])
    >>> {tag: row["precision"] for tag, row in scores["labels"].items()}
    {'B-LOC': 1.0, 'I-LOC': 0.0, 'O': 1.0}
    """
    tag_names = tags.list_tags(names, "BI")
    confusion = np.zeros((len(tag_names), len(tag_names)), dtype=int)
    for text, found, wanted in zip(texts, decided, gold, strict=True):
        places = np.arange(len(text))
        characters = np.column_stack([places, places + 1])
        rows = [tags.merge_tags(tags.encode_entities(each, characters, names)) for each in (wanted, found)]
        np.add.at(confusion, tuple(rows), 1)
    order = [*range(1, len(tag_names)), 0]  # O is tag 0
    counts = [each[order] for each in (confusion.diagonal(), confusion.sum(0), confusion.sum(1))]
    ordered = [tag_names[i] for i in order]
    with_o, without_o = score_counts(*counts, ordered), score_counts(*(each[:-1] for each in counts), ordered[:-1])
    return {
        "with O": {average: with_o[average] for average in AVERAGES},
        "without O": {average: without_o[average] for average in AVERAGES},
        "labels": with_o["labels"],
    }


def pair_entities(decided, gold):
    """Describe of one text's wrong entities what is wrong with each.

    Exact matches are taken out first. Of the rest, pairs are formed in three rounds: same span and another type
    ("wrong type"), overlapping and the same type ("wrong border"), overlapping and another type ("wrong border and
    type"). Each entity is used at most once; in a round the longest overlap goes first, of equal ones the earlier gold
    entity, then the earlier decided one. A gold entity that is left is "missed", a decided one "spurious".

    Args:
        decided: a list of Entities.
        gold: a list of Entities.

    Returns:
        A list of (kind, gold Entity or None, decided Entity or None) in the order of the text.

    >>> city, short = tags.Entity(0, 3, "LOC"), tags.Entity(0, 2, "LOC")
    >>> [kind for kind, _, _ in pair_entities([short, tags.Entity(5, 6, "PER")], [city])]
    ['wrong border', 'spurious']
    """
    wanted, found = sorted(set(gold) - set(decided)), sorted(set(decided) - set(gold))
    errors = []
    for kind, belongs in _ROUNDS:
        pairs = [(one, other) for one in wanted for other in found if _overlap(one, other) and belongs(one, other)]
        for one, other in sorted(pairs, key=lambda pair: -_overlap(*pair)):
            if one in wanted and other in found:
                wanted.remove(one)
                found.remove(other)
                errors.append((kind, one, other))
    errors += [("missed", one, None) for one in wanted] + [("spurious", None, other) for other in found]
    return sorted(errors, key=lambda error: error[1] or error[2])


_ROUNDS = (
    ("wrong type", lambda one, other: (one.start, one.end) == (other.start, other.end)),
    ("wrong border", lambda one, other: one.type == other.type),
    ("wrong border and type", lambda one, other: True),
)


def _overlap(one, other):
    return max(0, min(one.end, other.end) - max(one.start, other.start))
