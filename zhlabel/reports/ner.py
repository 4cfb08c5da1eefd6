"""Turns the numbers of an evaluation of entities into what people read: tables, rows of predictions and of errors."""

from zhlabel.io.text_table import format_rows, pad_left
from zhlabel.metrics.classification import AVERAGES
from zhlabel.metrics.entities import pair_entities

_LENGTH_COLUMNS = {"gold": 8, "decided": 9, "found": 7, "recall": 9, "precision": 11}  # name to width
_SIDES = [f"{side}_{name}" for side in ("gold", "predicted") for name in ("type", "start", "end", "text")]
PREDICTION_COLUMNS = ("line", "text", "gold", "predicted")
ERROR_COLUMNS = ("line", "kind", "text", *_SIDES, "probability")


def format_entity_table(scores):
    """Write the scores of entities: the strict table, entities by length, and the tags of single characters.

    Args:
        scores: what ``entities.score_entities`` gives, with what ``score_tags`` gives as "characters".

    Returns:
        A text of several lines, without a line end at its end.
    """
    characters = scores["characters"]
    averages = [{f"{name}, {part}": characters[part][name] for name in AVERAGES} for part in ("without O", "with O")]
    parts = [
        "entities, strict: type and both borders",
        *format_rows(scores["labels"], {name: scores[name] for name in AVERAGES}),
        "",
        "the same entities by length in characters",
        *_format_lengths(scores["by_length"]),
        "",
        "tags of single characters (not comparable with the table above)",
        *format_rows(characters["labels"], *averages),
    ]
    return "\n".join(parts)


def _format_lengths(rows):
    width = max(len(row["length"]) for row in rows)
    lines = [" " * width + "".join(f"{name:>{space}}" for name, space in _LENGTH_COLUMNS.items()), ""]
    for row in rows:
        cells = [
            f"{row[name]:>{space}.4f}" if isinstance(row[name], float) else f"{row[name]:>{space}}"
            for name, space in _LENGTH_COLUMNS.items()
        ]
        lines.append(pad_left(row["length"], width) + "".join(cells))
    return lines


def list_entity_predictions(examples, probabilities, decided, gold, names):
    """Lay gold and decided entities of each text side by side.

    Args:
        examples: N Examples.
        probabilities: N dicts of Entity to probability, which hold all that is decided.
        decided: N lists of Entities.
        gold: N lists of Entities.
        names: the L types; an entity names its own, so they are not needed.

    Returns:
        An iterator of a dict a text, with line, text, gold ("LOC:北京@3-5|...", half-open places in the text) and
        predicted (the same, with the probability behind it: "LOC:北京@3-5:0.9876").
    """
    return (
        {
            "line": example.line,
            "text": example.text,
            "gold": "|".join(format_entity(entity, example.text) for entity in wanted),
            "predicted": "|".join(f"{format_entity(entity, example.text)}:{likely[entity]:.4f}" for entity in found),
        }
        for example, likely, found, wanted in zip(examples, probabilities, decided, gold, strict=True)
    )


def format_entity(entity, text):
    """Write an entity with its words and its half-open places in the text: "LOC:北京@3-5".

    Args:
        entity: tags.Entity.
        text: the text it stands in.
    """
    return f"{entity.type}:{text[entity.start : entity.end]}@{entity.start}-{entity.end}"


def list_entity_errors(examples, probabilities, decided, gold, names):
    """Return a row for each entity that is wrong; ``entities.pair_entities`` says how the kinds are told apart.

    It takes what ``list_entity_predictions`` takes.

    Returns:
        An iterator of dicts with line, kind (missed, spurious, wrong border, wrong type, wrong border and type), text,
        gold_type, gold_start, gold_end, gold_text, the same four for predicted_, and probability (of the predicted
        entity); blank where there is no such entity.
    """
    return (
        {
            "line": example.line,
            "kind": kind,
            "text": example.text,
            **_lay_out("gold", wrong, example.text),
            **_lay_out("predicted", made, example.text),
            "probability": f"{likely[made]:.4f}" if made else "",
        }
        for example, likely, found, wanted in zip(examples, probabilities, decided, gold, strict=True)
        for kind, wrong, made in pair_entities(found, wanted)
    )


def _lay_out(side, entity, text):
    start, end, type_ = entity or ("", "", "")
    values = {"type": type_, "start": start, "end": end, "text": text[start:end] if entity else ""}
    return {f"{side}_{name}": value for name, value in values.items()}
