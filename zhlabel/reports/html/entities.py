"""Shows a wrong entity inside its text, which says more than its places do."""

import itertools

from markupsafe import Markup, escape

_SIDES = ("gold", "predicted")
_PLACES = {f"{side}_{end}" for side in _SIDES for end in ("start", "end")}


def mark_entities(rows):
    """Mark the gold and the predicted entity in each row's text, and leave their places out of the row.

    Rows that have no such places stay as they are.

    Args:
        rows: dicts, of entities with "text", and "gold_start", "gold_end", "predicted_start" and "predicted_end", which
            are blank where there is no such entity.

    Returns:
        A list of dicts.

    >>> rows = mark_entities(
    ...     [{"text": "去北京", "gold_start": 1, "gold_end": 3, "predicted_start": 1, "predicted_end": 2}]
    ... )
    >>> str(rows[0]["text"])
    '去<mark class="gold predicted">北</mark><mark class="gold">京</mark>'
    """
    if not rows or not rows[0].keys() >= _PLACES:
        return rows
    return [
        {key: _mark(row) if key == "text" else value for key, value in row.items() if key not in _PLACES}
        for row in rows
    ]


def _mark(row):
    spans = {
        side: (int(row[f"{side}_start"]), int(row[f"{side}_end"])) for side in _SIDES if row[f"{side}_start"] != ""
    }
    text = row["text"]
    borders = sorted({0, len(text), *(place for span in spans.values() for place in span)})
    pieces = []
    for start, end in itertools.pairwise(borders):
        sides = [side for side, (first, last) in spans.items() if first <= start and end <= last]
        piece = escape(text[start:end])
        pieces.append(Markup('<mark class="{}">{}</mark>').format(" ".join(sides), piece) if sides else piece)
    return Markup("").join(pieces)
