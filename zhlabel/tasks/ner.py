"""Named entities: a tag for each token, the best legal path of tags, and the spans of text that it marks."""

from collections import Counter
from typing import ClassVar

import numpy as np

from zhlabel.data import tags
from zhlabel.data.entities import read_entity_examples
from zhlabel.data.labels import encode_labels
from zhlabel.data.layout import Layout
from zhlabel.data.lost import REASONS, list_lost
from zhlabel.data.windows import assign_tokens, stitch_tokens
from zhlabel.decisions.sweep import sweep_thresholds
from zhlabel.decisions.threshold_counts import count_at_thresholds
from zhlabel.decisions.threshold_search import choose_thresholds
from zhlabel.decisions.viterbi import decode_paths, score_entities
from zhlabel.errors import InputError
from zhlabel.metrics import baselines, entities
from zhlabel.metrics.outcomes import count_entity_outcomes
from zhlabel.reports import label_errors, label_issues, ner
from zhlabel.tasks.base import Task


class Ner(Task):
    """Gold is the Entities of each text, predictions a dict of Entity to probability, decisions lists of Entities."""

    name = "ner"
    title = "named entity recognition"
    unit = "entities"
    results = "entities"
    sample = "data/ner.{}.bio"
    sample_sha256 = "dc97cf2cd32693b57f248c989a1adcc12a7e21e4b6f4cf1b7106ae593b1b8376"
    by_token = True
    heads = ("crf", "bilstm_crf", "bilstm_attention_crf", "softmax")
    long_texts = ("windows", "cut")
    threshold_kinds = ("none", "global", "per_label")
    goals = ("micro_f1", "macro_f1", "precision", "recall")
    state = "crf/transitions"
    score_name = "entity F1"
    figures = ("micro f1-score", "macro f1-score")
    definitions: ClassVar = {
        "micro avg": ("micro average", "All entities counted together; type and both borders must be right.")
    }
    error_file = "errors.csv"

    @classmethod
    def read(cls, path, *, layout=None, known=(), warn):
        layout = layout or Layout()
        if wrong := next((name for name, value in vars(layout).items() if value), None):
            raise InputError(
                f'{wrong.upper()} = "{getattr(layout, wrong)}": files with entities are read without it. Leave it "".'
            )
        return read_entity_examples(path, warn=warn), layout

    def encode_gold(self, examples, *, source="label.json"):
        encode_labels(examples, self.labels, source=source)  # stops at a type that is not known
        return [example.entities for example in examples]

    def align(self, gold, encodings):
        """Return each of ``encodings.token_ids`` its tag.

        Of two windows over a token the one that is asked about it learns it. The rest of an entity that begins in the
        window before is left out too, since no path begins inside one.
        """
        (offsets,) = stitch_tokens(encodings, encodings.offsets)
        by_text = [tags.encode_entities(*each, self.labels) for each in zip(gold, offsets, strict=True)]
        targets = np.full(len(encodings.token_ids), tags.IGNORED, dtype=np.int32)
        for place, end, start, owner, first in zip(
            *assign_tokens(encodings), encodings.starts, encodings.owners, encodings.firsts, strict=False
        ):
            begin = place - start - 1 + first  # in the text
            row = by_text[owner][begin : begin + end - place].copy()
            if begin:
                row[np.logical_and.accumulate(tags.goes_on(row))] = tags.IGNORED
            targets[place:end] = row
        return targets

    def describe_gold(self, gold, encodings):
        """Count how many gold entities no decision can equal, by reason."""
        reasons = Counter(reason for lost in list_lost(gold, encodings) for reason in lost.values())
        if not reasons:
            return []
        counts = ", ".join(f"{reasons[reason]:,} {reason}" for reason in REASONS if reasons[reason])
        total = sum(map(len, gold))
        return [f"{reasons.total():,} of {total:,} gold entities can't be found: {counts}. They count as missed."]

    def build_model(self, encoder, *, head, seed):
        from zhlabel.models.tagger import build_tagger

        starts, pairs = tags.mark_legal(self.labels)
        return build_tagger(encoder, head, starts=starts, pairs=pairs, seed=seed)

    def build_loss(self, model):
        from zhlabel.models.losses import make_loss

        return make_loss("tags", model)

    def read_state(self, model):
        crf = next((layer for layer in model.layers if layer.name == "crf"), None)
        return None if crf is None else crf.transitions.numpy()

    def predict(self, outputs, encodings, *, long_text, state=None):
        """Decode each text as a whole: a dict of Entity to probability, by start, for each of N texts."""
        emissions, offsets = stitch_tokens(encodings, outputs, encodings.offsets)
        starts, pairs = tags.mark_legal(self.labels)
        transitions = np.zeros(pairs.shape, np.float32) if state is None else state
        paths = decode_paths(emissions, transitions, starts, pairs)
        spans = [self._find_spans(path) for path in paths]
        probabilities = score_entities(emissions, transitions, starts, pairs, spans)
        return [self._make_entities(*each) for each in zip(spans, probabilities, offsets, strict=True)]

    def _find_spans(self, path):
        """Return (first token, last token, type id) of the entities that a path marks."""
        places = np.arange(len(path))
        found = tags.decode_entities(path, np.column_stack([places, places + 1]), self.labels)
        return [(entity.start, entity.end - 1, self.labels.index(entity.type)) for entity in found]

    def _make_entities(self, spans, probabilities, offsets):
        """Return {Entity: probability}, by start. Of two that overlap (in a shared character) the longer stays."""
        found = {
            tags.Entity(int(offsets[first, 0]), int(offsets[last, 1]), self.labels[kind]): float(probability)
            for (first, last, kind), probability in zip(spans, probabilities, strict=True)
        }
        return {entity: found[entity] for entity in tags.drop_overlapping(found)}

    def gather(self, predictions, gold):
        """Lay all texts' entities in a row: type id, probability, whether it is gold; and count the gold by type."""
        ids = {name: place for place, name in enumerate(self.labels)}
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
            "gold_counts": np.bincount(np.array(types, dtype=np.int64), minlength=len(self.labels)),
        }

    def _split_by_type(self, arrays):
        rows = [arrays["labels"] == place for place in range(len(self.labels))]
        return [(arrays["probabilities"][row], arrays["right"][row]) for row in rows], arrays["gold_counts"]

    def score_dev(self, predictions, gold):
        arrays = self.gather(predictions, gold)
        total = len(arrays["right"]) + int(arrays["gold_counts"].sum())
        return 2 * int(arrays["right"].sum()) / total if total else 0.0

    def tune(self, arrays, *, per_label, goal):
        counts = count_at_thresholds(*self._split_by_type(arrays))
        return choose_thresholds(counts, self.labels, per_label=per_label, goal=goal)

    def sweep(self, arrays):
        return sweep_thresholds(*self._split_by_type(arrays), self.labels)

    def decide(self, predictions, thresholds):
        """Keep what reaches its threshold; without one, every entity of the best path counts."""
        least = {name: thresholds.for_label(name) or 0.0 for name in self.labels}
        return [[entity for entity, likely in each.items() if likely >= least[entity.type]] for each in predictions]

    def format_prediction(self, text, prediction, decision):
        return {
            "entities": [
                {**entity._asdict(), "text": text[entity.start : entity.end], "probability": prediction[entity]}
                for entity in decision
            ]
        }

    def score(self, decided, gold, *, texts):
        return {
            **entities.score_entities(decided, gold, self.labels),
            "characters": entities.score_tags(texts, decided, gold, self.labels),
        }

    def score_baselines(self, texts, gold, *, commonest, train=None):
        return baselines.score_entity_baselines(texts, gold, self.labels, train=train)

    def format_scores(self, scores):
        return ner.format_entity_table(scores)

    def count_outcomes(self, decided, gold):
        return count_entity_outcomes(decided, gold, self.labels)

    def measure(self, predictions, decided, gold):
        events = [
            (each[entity], entity in wanted)
            for each, chosen, wanted in zip(predictions, decided, gold, strict=True)
            for entity in chosen
        ]
        likely, right = np.array(events, dtype=np.float64).reshape(-1, 2).T
        return {"events": ("a decided entity", likely, right.astype(bool))}

    def list_tables(self, examples, predictions, decided, gold):
        everything = (examples, predictions, decided, gold)
        return {
            "predictions.csv": (ner.PREDICTION_COLUMNS, ner.list_entity_predictions(*everything, self.labels)),
            self.error_file: (ner.ERROR_COLUMNS, self.list_errors(*everything)),
            "confusions.csv": (
                label_errors.ENTITY_CONFUSION_COLUMNS,
                label_errors.count_entity_confusions(decided, gold, self.labels),
            ),
            "suspects.csv": (
                label_errors.SUSPECT_COLUMNS,
                label_issues.find_entity_suspects(examples, predictions, gold, self.labels),
            ),
        }

    def list_errors(self, examples, predictions, decided, gold):
        return ner.list_entity_errors(examples, predictions, decided, gold, self.labels)

    @staticmethod
    def rate_error(row):
        return float(row["probability"] or 0)
