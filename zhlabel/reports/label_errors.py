"""Error analysis of an evaluation: the wrong decisions label by label, and which label is given instead of which."""

from collections import Counter

import numpy as np

from zhlabel.metrics.entities import pair_entities
from zhlabel.reports.multi_label import join_labels

LABEL_ERROR_COLUMNS = ("label", "kind", "probability", "line", "text", "gold", "predicted")
CONFUSION_COLUMNS = ("gold", "instead", "texts")
SUSPECT_COLUMNS = ("line", "text", "label", "in_gold", "probability", "gold")
ENTITY_CONFUSION_COLUMNS = ("gold", "instead", "entities")


def list_label_errors(examples, probabilities, decided, gold, names):
    """Return a row for each wrong label of each text: false positives and false negatives, most confident first.

    Ordered by label, then kind. False positives begin with the highest probability, false negatives with the lowest, of
    equal ones the earlier text. A label that was decided below its threshold for another reason (a policy of at least
    one label) stands where its probability puts it.

    Args:
        examples: N Examples.
        probabilities: float array [N, L].
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    Yields:
        Dicts with label, kind ("false positive", "false negative"), probability (of this label), line, text, gold and
        predicted (all labels of the text, joined by "|").
    """
    for label, name in enumerate(names):
        cells = (examples, probabilities[:, label], decided[:, label], gold[:, label], name)
        for place, row in _list_cells(*cells):
            yield {**row, "gold": join_labels(names, gold[place]), "predicted": join_labels(names, decided[place])}


def _list_cells(examples, probabilities, decided, gold, name):
    """Yield (place of the text, the row's first cells) for the errors of one label."""
    for kind, wrong, sign in (("false positive", decided & ~gold, -1), ("false negative", gold & ~decided, 1)):
        places = np.flatnonzero(wrong)
        for place in places[np.argsort(sign * probabilities[places], kind="stable")]:
            yield (
                place,
                {
                    "label": name,
                    "kind": kind,
                    "probability": f"{probabilities[place]:.4f}",
                    "line": examples[place].line,
                    "text": examples[place].text,
                },
            )


def count_confusions(decided, gold, names):
    """Count, for each missed label, which labels were given instead.

    In each text every pair of a missed and a spurious label counts once, so a text with two spurious labels counts in
    two rows. A label that is missed where nothing spurious was given has "" instead.

    Args:
        decided: bool array [N, L].
        gold: bool array [N, L].
        names: L label names.

    Returns:
        A list of dicts with gold, instead and texts (their number); most texts first, of equal ones in the order of
        ``names``, "" behind them.

    >>> count_confusions(np.array([[False, True]]), np.array([[True, False]]), ("起诉", "裁员"))
    [{'gold': '起诉', 'instead': '裁员', 'texts': 1}]
    """
    from scipy.sparse import csr_array

    missed, spurious = gold & ~decided, decided & ~gold
    pairs = (csr_array(missed, dtype=np.int64).T @ csr_array(spurious, dtype=np.int64)).tocoo()
    counts = dict(zip(zip(*(ids.tolist() for ids in pairs.coords), strict=True), pairs.data.tolist(), strict=True))
    without = missed[~spurious.any(axis=1)].sum(axis=0)
    counts |= {(label, len(names)): int(without[label]) for label in np.flatnonzero(without)}
    return _order(counts, names, unit="texts")


def count_class_confusions(decided, gold, names):
    """Count which label was given instead of which.

    Args:
        decided: int array [N] of label ids.
        gold: int array [N] of label ids.
        names: L label names.

    Returns:
        A list of dicts as ``count_confusions``; "" does not occur.

    >>> count_class_confusions(np.array([1, 1, 0]), np.array([0, 1, 0]), ("体育", "财经"))
    [{'gold': '体育', 'instead': '财经', 'texts': 1}]
    """
    wrong = decided != gold
    return _order(Counter(zip(gold[wrong].tolist(), decided[wrong].tolist(), strict=True)), names, unit="texts")


def count_entity_confusions(decided, gold, names):
    """Count which type was given instead of which, over the wrong entities as ``entities.pair_entities`` pairs.

    The two types of a pair differ where the type is wrong, whatever the borders; they are the same where only a border
    is wrong. A missed entity has "" instead; "" as gold means that an entity is spurious. The counts add up to the rows
    of ``ner.list_entity_errors``.

    Args:
        decided: N lists of Entities, their types among ``names``.
        gold: N lists of Entities, their types among ``names``.
        names: the L types.

    Returns:
        A list of dicts with gold, instead and entities (their number); most entities first, of equal ones in the order
        of ``names``, "" behind them.
    """
    ids = {name: label for label, name in enumerate(names)}
    counts = Counter(
        tuple(ids[entity.type] if entity else len(names) for entity in pair)
        for found, wanted in zip(decided, gold, strict=True)
        for _, *pair in pair_entities(found, wanted)
    )
    return _order(counts, names, unit="entities")


def _order(counts, names, *, unit):
    """Turn counts of (gold id, instead id) into rows; the id L means neither."""
    names = (*names, "")
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"gold": names[gold], "instead": names[instead], unit: count} for (gold, instead), count in ordered]


def rate_error(row):
    """Describe how confidently an error was made: by the probability of what was decided, or the improbability of gold.

    Args:
        row: of ``list_label_errors``.

    >>> rate_error({"kind": "false negative", "probability": "0.25"})
    0.75
    """
    probability = float(row["probability"])
    return probability if row["kind"] == "false positive" else 1 - probability
