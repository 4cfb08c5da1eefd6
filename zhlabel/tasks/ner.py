"""Named entities: a tag for each token, the best legal path of tags, and the spans of text that it marks."""

import numpy as np

from zhlabel.data import tags
from zhlabel.data.entities import read_entity_examples
from zhlabel.data.labels import encode_labels
from zhlabel.data.windows import assign_tokens, stitch_tokens
from zhlabel.decisions import thresholds
from zhlabel.decisions.sweep import sweep_thresholds
from zhlabel.decisions.viterbi import decode_paths, score_entities
from zhlabel.metrics import baselines, entities
from zhlabel.metrics.outcomes import count_entity_outcomes
from zhlabel.reports import label_errors, label_issues, ner
from zhlabel.tasks.base import Task


def _encode_gold(examples, names, *, source="label.json"):
    encode_labels(examples, names, source=source)  # stops at a type that is not known
    return [example.entities for example in examples]


def _align(gold, table, names):
    """Return each of ``table.token_ids`` its tag.

    Of two windows over a token the one that is asked about it learns it. The rest of an entity that begins in the
    window before is left out too, since no path begins inside one.
    """
    (offsets,) = stitch_tokens(table, table.offsets)
    by_text = [tags.encode_entities(*each, names) for each in zip(gold, offsets, strict=True)]
    targets = np.full(len(table.token_ids), tags.IGNORED, dtype=np.int32)
    for place, end, start, owner, first in zip(
        *assign_tokens(table), table.starts, table.owners, table.firsts, strict=False
    ):
        begin = place - start - 1 + first  # in the text
        row = by_text[owner][begin : begin + end - place].copy()
        if begin:
            row[np.logical_and.accumulate(tags.goes_on(row))] = tags.IGNORED
        targets[place:end] = row
    return targets


def _count_inexpressible(gold, table, names):
    """Count how many gold entities no decision can equal: cut off, begun inside a token, or overlapping another."""
    (offsets,) = stitch_tokens(table, table.offsets)
    total = sum(map(len, gold))
    found = sum(
        len(set(each) & set(tags.decode_entities(tags.encode_entities(each, spans, names), spans, names)))
        for each, spans in zip(gold, offsets, strict=True)
    )
    if found == total:
        return []
    return [
        f"{total - found:,} of {total:,} gold entities can't be found: beyond the length limit, begun or ended inside "
        "a token, or overlapping a longer one. They count as missed."
    ]


def _build_model(encoder, names, *, head, seed):
    from zhlabel.models.tagger import build_tagger

    starts, pairs = tags.mark_legal(names)
    return build_tagger(encoder, head, starts=starts, pairs=pairs, seed=seed)


def _make_loss(model):
    from zhlabel.models.losses import make_loss

    return make_loss("tags", model)


def _read_transitions(model):
    crf = next((layer for layer in model.layers if layer.name == "crf"), None)
    return None if crf is None else crf.transitions.numpy()


def _combine(emissions, table, names, *, long_text, state=None):
    """Decode each text as a whole: a dict of Entity to probability, by start, for each of N texts."""
    by_text, offsets = stitch_tokens(table, emissions, table.offsets)
    starts, pairs = tags.mark_legal(names)
    transitions = np.zeros(pairs.shape, np.float32) if state is None else state
    paths = decode_paths(by_text, transitions, starts, pairs)
    spans = [_find_spans(path, names) for path in paths]
    probabilities = score_entities(by_text, transitions, starts, pairs, spans)
    return [
        _make_entities(inside, likely, places, names)
        for inside, likely, places in zip(spans, probabilities, offsets, strict=True)
    ]


def _make_entities(spans, probabilities, offsets, names):
    """Return {Entity: probability}, by start. Of two that overlap (tokens that share a character) the longer stays."""
    found = {
        tags.Entity(int(offsets[first, 0]), int(offsets[last, 1]), names[kind]): float(probability)
        for (first, last, kind), probability in zip(spans, probabilities, strict=True)
    }
    return {entity: found[entity] for entity in tags.drop_overlapping(found)}


def _find_spans(path, names):
    """Return (first token, last token, type id) of the entities that a path marks."""
    places = np.arange(len(path))
    found = tags.decode_entities(path, np.column_stack([places, places + 1]), names)
    return [(entity.start, entity.end - 1, names.index(entity.type)) for entity in found]


def _gather(predictions, gold, names):
    """Lay the entities of all texts in a row: type id, probability, whether it is gold; and the gold ones by type."""
    ids = {name: place for place, name in enumerate(names)}
    found = [
        (ids[entity.type], likely, entity in wanted)
        for each, wanted in zip(predictions, map(set, gold), strict=True)
        for entity, likely in each.items()
    ]
    types = [ids[entity.type] for wanted in gold for entity in set(wanted)]
    kinds, likely, right = zip(*found, strict=True) if found else ((), (), ())
    return {
        "labels": np.array(kinds, dtype=np.int64),
        "probabilities": np.array(likely, dtype=np.float64),
        "right": np.array(right, dtype=bool),
        "gold_counts": np.bincount(np.array(types, dtype=np.int64), minlength=len(names)),
    }


def _split_by_type(arrays, names):
    rows = [arrays["labels"] == place for place in range(len(names))]
    return [(arrays["probabilities"][row], arrays["right"][row]) for row in rows], arrays["gold_counts"]


def _score_dev(predictions, gold, names):
    arrays = _gather(predictions, gold, names)
    total = len(arrays["right"]) + int(arrays["gold_counts"].sum())
    return 2 * int(arrays["right"].sum()) / total if total else 0.0


def _tune(arrays, names, *, per_label, goal):
    counts = thresholds.count_at_thresholds(*_split_by_type(arrays, names))
    common = thresholds.choose_threshold(counts, goal)
    if not per_label:
        return {"global": common}
    own = thresholds.choose_label_thresholds(counts, goal, common=common)
    return {"global": common, "labels": dict(zip(names, own.tolist(), strict=True))}


def _sweep(arrays, names):
    return sweep_thresholds(*_split_by_type(arrays, names), names)


def _decide(predictions, chosen, names):
    """Keep what reaches its threshold; without one, every entity of the best path counts."""
    own, common = chosen.get("labels", {}), chosen.get("global", 0.0)
    return [
        [entity for entity, likely in each.items() if likely >= own.get(entity.type, common)] for each in predictions
    ]


def _score(decided, gold, names, *, texts):
    return {
        **entities.score_entities(decided, gold, names),
        "characters": entities.score_tags(texts, decided, gold, names),
    }


def _measure(predictions, decided, gold, names):
    events = [
        (each[entity], entity in wanted)
        for each, chosen, wanted in zip(predictions, decided, gold, strict=True)
        for entity in chosen
    ]
    likely, right = np.array(events, dtype=np.float64).reshape(-1, 2).T
    return {"events": ("a decided entity", likely, right.astype(bool))}


def _list_confusions(examples, predictions, decided, gold, names):
    return label_errors.count_entity_confusions(decided, gold, names)


def _list_suspects(examples, predictions, decided, gold, names):
    return label_issues.find_entity_suspects(examples, predictions, gold, names)


def _score_baselines(texts, gold, names, *, commonest, train=None):
    return baselines.score_entity_baselines(texts, gold, names, train=train)


def _format_prediction(text, prediction, decided, names):
    return {
        "entities": [
            {**entity._asdict(), "text": text[entity.start : entity.end], "probability": prediction[entity]}
            for entity in decided
        ]
    }


NER = Task(
    name="ner",
    read=read_entity_examples,
    encode_gold=_encode_gold,
    align=_align,
    heads=("crf", "bilstm_crf", "bilstm_attention_crf", "softmax"),
    build_model=_build_model,
    make_loss=_make_loss,
    read_state=_read_transitions,
    state="crf/transitions",
    long_texts=("windows", "cut"),
    combine=_combine,
    score_dev=_score_dev,
    score_name="entity F1",
    gather=_gather,
    threshold_kinds=("none", "global", "per_label"),
    goals=("micro_f1", "macro_f1", "precision", "recall"),
    tune=_tune,
    sweep=_sweep,
    decide=_decide,
    score=_score,
    score_baselines=_score_baselines,
    format_scores=ner.format_entity_table,
    figures=("micro f1-score", "macro f1-score"),
    count_outcomes=count_entity_outcomes,
    measure=_measure,
    tables={
        "predictions.csv": (ner.PREDICTION_COLUMNS, ner.list_entity_predictions),
        "errors.csv": (ner.ERROR_COLUMNS, ner.list_entity_errors),
        "confusions.csv": (label_errors.ENTITY_CONFUSION_COLUMNS, _list_confusions),
        "suspects.csv": (label_errors.SUSPECT_COLUMNS, _list_suspects),
    },
    error_table="errors.csv",
    rate_error=lambda row: float(row["probability"] or 0),
    format_prediction=_format_prediction,
    describe_gold=_count_inexpressible,
    by_token=True,
    adversarial=1.0,  # on cluener's dev share 0.6969 became 0.7202
    sample="data/ner.{}.bio",
)
