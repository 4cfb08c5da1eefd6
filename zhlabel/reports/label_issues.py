"""Suspected label errors of evaluated data: where a model that never saw the texts is sure that gold is wrong.

Confident learning asks for probabilities of texts that the model was not trained on, as those of a dev or test file
are; on its training texts a model has learnt the errors by heart. A suspect is a text to look at, not an error: where
the model is weak, its own mistakes stand among them.

Reference: Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70.
"""

from collections import defaultdict

import numpy as np

from zhlabel.reports.ner import format_entity


def find_label_suspects(examples, probabilities, gold, names):
    """List the labels that seem wrong or missing in multi-label gold, most doubtful first.

    Each label against the rest: one that gold has is suspected where 1 - probability reaches the mean of that over the
    texts without the label, one that gold lacks where the probability reaches its mean over the texts with it; and the
    probability must be on the other side of one half. A label that no text has, or every text, has no suspects.

    Args:
        examples: N Examples.
        probabilities: float array [N, L], of a model that was not trained on these texts.
        gold: bool array [N, L].
        names: L label names.

    Returns:
        A list of dicts with line, text, label, in_gold ("yes": the label seems wrong, "no": it seems to be missing),
        probability (of the label) and gold (all labels of the text, joined by "|"). Most doubtful is the surest
        contradiction: the highest probability of a label that is missing, or 1 - that of one that is wrong; of equal
        ones the earlier label, then the earlier text.
    """
    found = []
    for label in range(len(names)):
        positive = np.asarray(probabilities[:, label], dtype=np.float64)
        sides = np.column_stack([1 - positive, positive])
        given = gold[:, label].astype(int)
        found += [(sides[place, given[place]], label, place) for place in _find_suspects(sides, given)]
    return [
        _describe(
            examples[place],
            names[label],
            probabilities[place, label],
            in_gold="yes" if gold[place, label] else "no",
            gold=[names[i] for i in gold[place].nonzero()[0]],
        )
        for _, label, place in sorted(found)
    ]


def _describe(example, label, probability, *, gold, in_gold="no"):
    return {
        "line": example.line,
        "text": example.text,
        "label": label,
        "in_gold": in_gold,
        "probability": f"{probability:.4f}",
        "gold": "|".join(gold),
    }


def find_class_suspects(examples, probabilities, gold, names):
    """List the texts of a multi-class task whose gold label seems wrong, most doubtful first.

    Suspected is a text of which the most probable label is another, and so is the most probable among the labels that
    reach the mean of their probability over the texts that have them. Data of a single label have no suspects.

    Args:
        examples: N Examples.
        probabilities: float array [N, L], of a model that was not trained on these texts.
        gold: int array [N] of label ids.
        names: L label names.

    Returns:
        A list of dicts as ``find_label_suspects``, one a text: label is the one that seems to be right, in_gold is
        "no". Most doubtful is the lowest probability of the gold label, of equal ones the earlier text.
    """
    suspects = _find_suspects(np.asarray(probabilities, dtype=np.float64), np.asarray(gold))
    order = np.argsort(probabilities[suspects, gold[suspects]], kind="stable")
    likely = probabilities.argmax(axis=1)
    return [
        _describe(examples[place], names[likely[place]], probabilities[place, likely[place]], gold=[names[gold[place]]])
        for place in suspects[order]
    ]


def _find_suspects(probabilities, given):
    """Return the places of the texts, ascending, whose given class [N] the probabilities [N, K] contradict."""
    from cleanlab.filter import find_label_issues

    if len(np.unique(given)) < 2:
        return np.zeros(0, dtype=int)
    # Of errors planted in DuEE the default filter found up to a tenth more, among twice as many suspects.
    return np.flatnonzero(find_label_issues(given, probabilities, filter_by="confident_learning", n_jobs=1))


def find_entity_suspects(examples, probabilities, gold, names):
    """List the decided entities that gold lacks although they are sure, most probable first.

    Confident learning's rule, as far as the probabilities reach: suspected is an entity that gold lacks whose
    probability reaches the mean over the entities of its type that are decided and gold. A gold entity that it overlaps
    can't be right beside it, and stands in the row. Other missed gold entities are never suspected: only what was
    decided has a probability. A type of which nothing was found has no suspects.

    Args:
        examples: N Examples.
        probabilities: N dicts of Entity to probability, of a model that was not trained on these texts.
        gold: N lists of Entities.
        names: the L types; an entity names its own, so they are not needed.

    Returns:
        A list of dicts as ``find_label_suspects``, one an entity: label as "LOC:北京@3-5" (half-open places in the
        text), in_gold is "no", gold the entities that it overlaps, joined by "|". Of equal ones the earlier text.
    """
    found, sure = [], defaultdict(list)
    for place, (likely, wanted) in enumerate(zip(probabilities, gold, strict=True)):
        for entity, probability in likely.items():
            if entity in wanted:
                sure[entity.type].append(probability)
            else:
                found.append((-probability, place, entity))
    least = {name: np.mean(values) for name, values in sure.items()}
    suspects = [row for row in found if -row[0] >= least.get(row[2].type, np.inf)]
    return [
        _describe(
            examples[place],
            format_entity(entity, examples[place].text),
            -doubt,
            gold=[
                format_entity(other, examples[place].text)
                for other in gold[place]
                if other.start < entity.end and entity.start < other.end
            ],
        )
        for doubt, place, entity in sorted(suspects)
    ]
