"""Multi-label classification: any number of labels for a text, by a threshold on each label's own probability."""

from typing import ClassVar

import numpy as np

from zhlabel.data.labels import encode_labels
from zhlabel.decisions.sweep import sweep_thresholds
from zhlabel.decisions.temperature import compute_logits
from zhlabel.decisions.threshold_counts import count_at_thresholds, score_micro_f1
from zhlabel.decisions.threshold_search import choose_by_texts, choose_thresholds
from zhlabel.metrics import baselines, classification
from zhlabel.metrics.outcomes import count_label_outcomes
from zhlabel.metrics.ranking import score_ranking
from zhlabel.reports import label_errors, label_issues, multi_label
from zhlabel.tasks.classification import Classification


class MultiLabel(Classification):
    """Gold and decisions are bool [N, L]."""

    name = "multi_label"
    title = "multi-label classification"
    results = "labels"
    sample_sha256 = "60b59f729ae7f8598eeeee735d0bbba6d98fd2cd16a65316869be0320ce335cc"
    activation = "sigmoid"
    loss = "binary_crossentropy"
    exclusive = False
    threshold_kinds = ("global", "per_label")
    goals = ("micro_f1", "macro_f1", "accuracy", "precision", "recall")
    limits_labels = True
    score_name = "micro F1"
    figures = ("micro f1-score", "macro f1-score", "accuracy", "hamming_loss")
    definitions: ClassVar = {
        "micro avg": ("micro average", "All decisions of all labels counted together."),
        "accuracy": ("exact match", "Share of texts whose set of labels is entirely right."),
        "hamming_loss": ("Hamming loss", "Share of wrong cells among texts × labels; less is better."),
    }

    def encode_gold(self, examples, *, source="label.json"):
        return encode_labels(examples, self.labels, source=source)

    def score_dev(self, predictions, gold):
        return float(score_micro_f1(_count(predictions, gold)).max())

    def tune(self, arrays, *, per_label, goal):
        probabilities, gold = arrays["probabilities"], arrays["gold"]
        if goal == "accuracy":
            return choose_by_texts(probabilities, gold, self.labels, per_label=per_label)
        return choose_thresholds(_count(probabilities, gold), self.labels, per_label=per_label, goal=goal)

    def sweep(self, arrays):
        probabilities, gold = arrays["probabilities"], arrays["gold"]
        columns = zip(probabilities.T, gold.T, strict=True)
        return sweep_thresholds(columns, gold.sum(axis=0), self.labels, texts=(probabilities, gold))

    def decide(self, predictions, thresholds):
        return thresholds.decide(predictions, self.labels)

    def format_prediction(self, text, prediction, decision):
        chosen = sorted(np.flatnonzero(decision), key=lambda i: -prediction[i])
        return {"labels": [{"label": self.labels[i], "probability": float(prediction[i])} for i in chosen]}

    def score(self, decided, gold, *, texts):
        return classification.score_multi_label(decided, gold, self.labels)

    def score_baselines(self, texts, gold, *, commonest, train=None):
        return baselines.score_multi_label_baselines(texts, gold, self.labels, commonest=commonest, train=train)

    def format_scores(self, scores):
        return multi_label.format_table(scores)

    def count_outcomes(self, decided, gold):
        return count_label_outcomes(decided, gold, self.labels)

    def measure(self, predictions, decided, gold):
        return {
            "relaxed": classification.score_relaxed(decided, gold),
            "ranking": score_ranking(predictions, gold, self.labels),
            "events": ("a label of a text", predictions.ravel(), gold.ravel()),
        }

    def list_tables(self, examples, predictions, decided, gold):
        everything = (examples, predictions, decided, gold)
        return {
            "predictions.csv": (
                multi_label.PREDICTION_COLUMNS,
                multi_label.list_predictions(*everything, self.labels),
            ),
            "errors.csv": (multi_label.PREDICTION_COLUMNS, multi_label.list_errors(*everything, self.labels)),
            self.error_file: (label_errors.LABEL_ERROR_COLUMNS, self.list_errors(*everything)),
            "confusions.csv": (
                label_errors.CONFUSION_COLUMNS,
                label_errors.count_confusions(decided, gold, self.labels),
            ),
            "suspects.csv": (
                label_errors.SUSPECT_COLUMNS,
                label_issues.find_label_suspects(examples, predictions, gold, self.labels),
            ),
        }

    def list_errors(self, examples, predictions, decided, gold):
        return label_errors.list_label_errors(examples, predictions, decided, gold, self.labels)

    def list_extras(self, predictions, gold):
        rows = zip(compute_logits(predictions).tolist(), gold.astype(float).tolist(), strict=True)
        return {"logits.json": [{"logits": logits, "labels": labels} for logits, labels in rows]}


def _count(probabilities, gold):
    return count_at_thresholds(zip(probabilities.T, gold.T, strict=True), gold.sum(axis=0))
