"""Multi-class classification: exactly one label for a text, the most probable one."""

from typing import ClassVar

import numpy as np

from zhlabel.data.labels import encode_classes, weigh_classes
from zhlabel.decisions.labels import decide_classes
from zhlabel.metrics import baselines, classification
from zhlabel.metrics.outcomes import count_class_outcomes
from zhlabel.metrics.ranking import score_class_ranking
from zhlabel.reports import label_errors, label_issues, multi_class
from zhlabel.tasks.classification import Classification


class MultiClass(Classification):
    """Gold and decisions are label ids, int [N]."""

    name = "multi_class"
    title = "multi-class classification"
    results = "label"
    sample = "data/class.{}.csv"
    sample_sha256 = "54e30bf893173d246d024dc8302ccc4086333f8126c34c858280e2644e36886a"
    fewest_labels = 2
    activation = "softmax"
    loss = "sparse_categorical_crossentropy"
    exclusive = True
    score_name = "accuracy"
    figures = ("accuracy", "macro f1-score")
    definitions: ClassVar = {
        "accuracy": ("accuracy", "Share of texts whose label is right."),
        "hamming_loss": ("Hamming loss", "Share of texts whose label is wrong; less is better."),
    }

    def encode_gold(self, examples, *, source="label.json"):
        return encode_classes(examples, self.labels, source=source)

    def weigh_texts(self, gold, class_weights):
        return weigh_classes(gold, self.labels, class_weights)

    def predict(self, outputs, encodings, *, long_text, state=None):
        pooled = super().predict(outputs, encodings, long_text=long_text)
        return pooled / pooled.sum(axis=1, keepdims=True)  # the highest of several windows do not sum to 1

    def score_dev(self, predictions, gold):
        return float((predictions.argmax(axis=1) == gold).mean())

    def decide(self, predictions, thresholds):
        return decide_classes(predictions)

    def format_prediction(self, text, prediction, decision):
        return {"label": self.labels[decision], "probability": float(prediction[decision])}

    def score(self, decided, gold, *, texts):
        return classification.score_multi_class(decided, gold, self.labels)

    def score_baselines(self, texts, gold, *, commonest, train=None):
        return baselines.score_multi_class_baselines(texts, gold, self.labels, commonest=commonest, train=train)

    def format_scores(self, scores):
        return multi_class.format_class_table(scores)

    def count_outcomes(self, decided, gold):
        return count_class_outcomes(decided, gold, self.labels)

    def measure(self, predictions, decided, gold):
        chosen = predictions[np.arange(len(decided)), decided]
        return {
            "ranking": score_class_ranking(predictions, gold, self.labels),
            "events": ("the decided label of a text", chosen, decided == gold),
        }

    def list_tables(self, examples, predictions, decided, gold):
        everything = (examples, predictions, decided, gold)
        return {
            "predictions.csv": (
                multi_class.CLASS_COLUMNS,
                multi_class.list_class_predictions(*everything, self.labels),
            ),
            "errors.csv": (multi_class.CLASS_COLUMNS, multi_class.list_class_errors(*everything, self.labels)),
            self.error_file: (label_errors.LABEL_ERROR_COLUMNS, self.list_errors(*everything)),
            "confusions.csv": (
                label_errors.CONFUSION_COLUMNS,
                label_errors.count_class_confusions(decided, gold, self.labels),
            ),
            "suspects.csv": (
                label_errors.SUSPECT_COLUMNS,
                label_issues.find_class_suspects(examples, predictions, gold, self.labels),
            ),
        }

    def list_errors(self, examples, predictions, decided, gold):
        ids = np.arange(len(self.labels))
        return label_errors.list_label_errors(
            examples, predictions, decided[:, None] == ids, gold[:, None] == ids, self.labels
        )
