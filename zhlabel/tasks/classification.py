"""What multi-label and multi-class classification have in common: a text has probabilities of all labels."""

import numpy as np

from zhlabel.data.examples import read_labelled
from zhlabel.data.windows import pool_windows
from zhlabel.decisions.temperature import apply_temperature
from zhlabel.reports import label_errors
from zhlabel.tasks.base import Task


class Classification(Task):
    """A task of labels of whole texts; predictions are float [N, L].

    Attributes:
        activation: of the head.
        loss: a name out of ``losses.LOSSES``.
        exclusive: whether a text has one label alone.
    """

    heads = ("cls", "cls_max")
    long_texts = ("cut", "head_tail", "windows_mean", "windows_max")  # the third and fourth pool the windows' outputs
    calibrates = True
    error_file = "label_errors.csv"
    activation: str
    loss: str
    exclusive: bool

    @classmethod
    def read(cls, path, *, layout=None, known=(), warn):
        return read_labelled(path, layout=layout, known=known, exclusive=cls.exclusive, warn=warn)

    def align(self, gold, encodings):
        return gold if len(encodings) == len(gold) else gold[encodings.owners]  # which would copy them

    def build_model(self, encoder, *, head, seed):
        from zhlabel.models.classifier import build_classifier

        return build_classifier(encoder, len(self.labels), activation=self.activation, seed=seed, head=head)

    def build_loss(self, model):
        from zhlabel.models.losses import make_loss

        return make_loss(self.loss, model)

    def predict(self, outputs, encodings, *, long_text, state=None):
        return pool_windows(outputs, encodings.owners, how=long_text.removeprefix("windows_"))

    def rescale(self, predictions, temperature):
        return apply_temperature(predictions, temperature, exclusive=self.exclusive)

    def gather(self, predictions, gold):
        return {"probabilities": predictions, "gold": gold}

    def check_top_k(self, top_k):
        pass

    def rank(self, prediction, top_k):
        best = np.argsort(-prediction, kind="stable")[:top_k]
        return [{"label": self.labels[i], "probability": float(prediction[i])} for i in best]

    @staticmethod
    def rate_error(row):
        return label_errors.rate_error(row)
