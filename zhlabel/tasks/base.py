"""The form of a task: what differs between multi-label, multi-class and NER; everything else is common."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np

from zhlabel.decisions.thresholds import Thresholds
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file


class Task(ABC):
    """A task with its label names; what is asked before these are known, the class answers.

    "Outputs" are what the model gives for the W rows of Encodings, "predictions" what follows from them for N texts,
    "gold" what the texts' authors say, "decisions" what we say.

    Attributes:
        labels: the L label names; for ner the types of entities.
        name: value of TASK.
        title: what the task is called on a page.
        unit: what is found, "texts" or "entities".
        results: what a text's result holds, one of ``writers.formats.RESULTS``.
        sample: the bundled files, with "{}" for train, dev or test.
        sample_sha256: the hash of the bundled training file, by which it is known wherever it lies.
        fewest_labels: how many different labels there must be.
        by_token: whether the targets are one a token.
        heads: values of HEAD; the first is meant by "".
        long_texts: values of LONG_TEXT; the first is meant by "".
        threshold_kinds: values of THRESHOLDS; the first is meant by "". With "none" alone THRESHOLD means nothing.
        goals: what thresholds can be chosen by, names of ``threshold_search.parse_goal``.
        limits_labels: whether LABELS_PER_TEXT means something.
        calibrates: whether CALIBRATE, a temperature, means something.
        state: the weight, in a run's file of weights, that ``read_state`` reads of a model; "" for none.
        score_name: what the dev score is.
        figures: the headline figures, which get intervals; names of ``bootstrap.score_totals``.
        definitions: of its figures that mean something else, or are not there, in another task: key of report.json to
            (name, sentence).
        error_file: the one of ``list_tables`` that has the rows of ``list_errors``, which the page shows.
    """

    name: str
    title: str
    unit = "texts"
    results: str
    sample = "data/{}.csv"
    sample_sha256: str
    fewest_labels = 1
    by_token = False
    heads: tuple
    long_texts: tuple
    threshold_kinds = ("none",)
    goals = ()
    limits_labels = False
    calibrates = False
    state = ""
    score_name: str
    figures: tuple
    definitions: ClassVar[dict]
    error_file: str

    def __init__(self, labels):
        self.labels = tuple(labels)

    # Settings and files, before the labels are known

    @classmethod
    def choose(cls, setting, value):
        """Return the value of a setting that the task restricts: "" means its first.

        Args:
            setting: "HEAD", "LONG_TEXT" or "THRESHOLDS".
            value: what the user says.

        Raises:
            InputError: the task has no such value.
        """
        possible = {"HEAD": cls.heads, "LONG_TEXT": cls.long_texts, "THRESHOLDS": cls.threshold_kinds}[setting]
        if value and value not in possible:
            raise InputError(f'{setting} = "{value}": for {cls.name} there is {", ".join(possible)}.')
        return value or possible[0]

    @classmethod
    def find_sample(cls, train_file, part):
        """Return the sample's "dev" or "test" file beside its training file; "" where that is another file.

        Args:
            train_file: the training file.
            part: "dev" or "test".
        """
        path = Path(train_file).with_name(Path(cls.sample.format(part)).name)
        is_sample = path.is_file() and Path(train_file).is_file() and hash_file(train_file) == cls.sample_sha256
        return path.as_posix() if is_sample else ""

    @classmethod
    @abstractmethod
    def read(cls, path, *, layout=None, known=(), warn):
        """Return the Examples of a file, and the Layout by which it was read.

        Args:
            path: the file.
            layout: what the user says of it, a Layout; None: nothing.
            known: names that are known for labels.
            warn: called with what the user should know of the file, a sentence a line.
        """

    @classmethod
    def read_examples(cls, path, *, layout=None, known=(), print_note, command):
        """Return what ``read`` does; what can't be read is told with a command that fits the task.

        Args:
            path: the file.
            layout: as ``read``.
            known: as ``read``.
            print_note: called with each line of what the user should know of the file.
            command: the command for the bundled sample.

        Raises:
            InputError: as the task's reader.
        """

        def warn(notes):
            for note in notes.split("\n"):
                print_note(f"note: {note}")

        try:
            return cls.read(path, layout=layout, known=known, warn=warn)
        except InputError as problem:
            raise InputError(f"{problem}\n{cls.name} on the bundled sample: {command}") from None

    # Gold and the model

    @abstractmethod
    def encode_gold(self, examples, *, source="label.json"):
        """Return the gold of N Examples; ``source`` is where the labels come from, for messages."""

    @abstractmethod
    def align(self, gold, encodings):
        """Return what ``batching.TaskData`` takes as targets of the rows of ``encodings``."""

    def describe_gold(self, gold, encodings):
        """Return notes on what no decision can reach."""
        return []

    def weigh_texts(self, gold, class_weights):
        """Return the weight of each text in the loss, float [N], by CLASS_WEIGHTS."""
        raise InputError(f"CLASS_WEIGHTS: a text of {self.name} has no one class. Leave it empty.")

    def weigh_rows(self, gold, class_weights, encodings):
        """Return each row of Encodings its weight in the loss: a text counts once, however many windows it has.

        Where each token has a target of its own, as in ner, rows are alike: a long text has more to learn from.

        Args:
            gold: of N texts.
            class_weights: CLASS_WEIGHTS; "" for none.
            encodings: of W rows.

        Returns:
            float array [W]; None where all are alike.

        Raises:
            InputError: class weights for a task without classes.
        """
        if not class_weights and (self.by_token or not encodings.windowed):
            return None
        weights = self.weigh_texts(gold, class_weights) if class_weights else np.ones(len(encodings.row_counts))
        return (weights / encodings.row_counts)[encodings.owners]

    @abstractmethod
    def build_model(self, encoder, *, head, seed):
        """Build the Keras model of an ``encoder`` and one of ``heads``; imports TensorFlow."""

    @abstractmethod
    def build_loss(self, model):
        """Return the Keras loss of such a model, or its name."""

    def read_state(self, model):
        """Return what ``predict`` needs of a Keras model's weights beside its outputs, as numpy; None for nothing."""
        return None

    # Predictions and decisions

    @abstractmethod
    def predict(self, outputs, encodings, *, long_text, state=None):
        """Return the predictions for N texts.

        Args:
            outputs: of the model, for the rows of ``encodings``.
            encodings: Encodings of the texts.
            long_text: one of ``long_texts``.
            state: what ``read_state`` gives.
        """

    def rescale(self, predictions, temperature):
        """Return predictions at another ``temperature``, where the task ``calibrates``."""
        raise InputError(f"{self.name} knows no temperature, found {temperature}. Train the run anew.")

    @abstractmethod
    def score_dev(self, predictions, gold):
        """Return the score by which the best epoch is chosen."""

    @abstractmethod
    def gather(self, predictions, gold):
        """Return arrays that a file can keep, from which thresholds and temperature are chosen."""

    def tune(self, arrays, *, per_label, goal):
        """Choose Thresholds from what ``gather`` gave, by THRESHOLD_GOAL, for each label too where ``per_label``."""
        return Thresholds()

    def sweep(self, arrays):
        """Return the rows and curves of ``sweep.sweep_thresholds`` for what ``gather`` gave."""
        return [], {}

    @property
    def takes_threshold(self):
        """Whether THRESHOLD means something."""
        return self.threshold_kinds != ("none",)

    @abstractmethod
    def decide(self, predictions, thresholds):
        """Return the decisions for N texts, by Thresholds."""

    @abstractmethod
    def format_prediction(self, text, prediction, decision):
        """Return the part of a text's result that stands beside the text, as JSON holds it."""

    def check_top_k(self, top_k):
        """Raise an InputError where ``top_k``, the count of most probable labels that are wanted, means nothing."""
        if top_k:
            raise InputError(f"TOP_K = {top_k}: {self.name} gives a text no probabilities of labels. Leave it 0.")

    def rank(self, prediction, top_k):
        """Return the ``top_k`` most probable labels of a text's ``prediction``, of equal ones the first."""
        raise NotImplementedError

    # Scores and reports

    @abstractmethod
    def score(self, decided, gold, *, texts):
        """Return the scores of decisions, keys of report.json."""

    @abstractmethod
    def score_baselines(self, texts, gold, *, commonest, train=None):
        """Return the "baseline" of report.json.

        Args:
            texts: N strings.
            gold: theirs.
            commonest: id of the label with most training texts.
            train: a pair of training texts and their gold, or None.
        """

    @abstractmethod
    def format_scores(self, scores):
        """Return the printed table."""

    @abstractmethod
    def count_outcomes(self, decided, gold):
        """Return Outcomes, from which intervals and comparisons are drawn."""

    @abstractmethod
    def measure(self, predictions, decided, gold):
        """Return further keys of report.json, and "events": what calibration counts, probabilities, which came true."""

    @abstractmethod
    def list_tables(self, examples, predictions, decided, gold):
        """Return {name of a csv file: (its columns, its rows)}."""

    @abstractmethod
    def list_errors(self, examples, predictions, decided, gold):
        """Return the rows of ``error_file``."""

    @staticmethod
    @abstractmethod
    def rate_error(row):
        """Return the confidence with which the error of such a row was made, 0..1."""

    def list_extras(self, predictions, gold):
        """Return {name of a further file beside the report: its JSON value}."""
        return {}
