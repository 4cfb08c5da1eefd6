"""The form of a task: what differs between multi-label, multi-class and NER; everything else is common."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from zhlabel.errors import InputError


@dataclass(frozen=True)
class Task:
    """A row of the table of tasks.

    "Outputs" are what the model gives for the rows of Encodings, "predictions" what follows from them for N texts,
    "gold" what the texts' authors say, "decisions" what we say.

    Attributes:
        name: value of TASK.
        read: (path, warn=) to Examples; warn is called with what the user should know of the file.
        encode_gold: (examples, label names, source=) to gold.
        align: (gold, Encodings, label names) to what ``batching.TaskData`` takes as targets.
        heads: values of HEAD; the first is meant by "".
        build_model: (encoder, label names, head=, seed=) to the model; imports TensorFlow when it is called.
        make_loss: (model) to a Keras loss or its name.
        read_state: (Keras model) to what ``combine`` needs of its weights beside the outputs, as numpy.
        state: the same weight's name in a run's file of weights.
        long_texts: values of LONG_TEXT; the first is meant by "".
        combine: (outputs, Encodings, label names, long_text=, state=) to predictions.
        score_dev: (predictions, gold, label names) to the score by which the best epoch is chosen.
        score_name: what the dev score is.
        gather: (predictions, gold, label names) to arrays from which thresholds and temperature are chosen.
        decide: (predictions, Thresholds, label names) to decisions.
        score: (decisions, gold, label names, texts=) to the keys of report.json.
        score_baselines: (texts, gold, label names, commonest=, train=) to the "baseline" of report.json; train is a
            pair of texts and gold, or None.
        format_scores: (scores) to the printed table.
        figures: the headline figures, which get intervals; names of ``bootstrap.score_totals``.
        count_outcomes: (decisions, gold, label names) to Outcomes.
        measure: (predictions, decisions, gold, label names) to further keys of report.json, and "events": what
            calibration counts, their probabilities, and whether each came true.
        tables: name of a csv file to (its columns, (examples, predictions, decisions, gold, label names) to its rows).
        error_table: the one of which the page lists the errors.
        rate_error: (row of it) to the confidence with which the error was made, 0..1.
        format_prediction: (text, one prediction, its decision, label names) to the part of a result beside the text.
        describe_gold: (gold, Encodings, label names) to notes on what no decision can reach.
        extras: name of a further file beside the report to (predictions, gold) to its JSON value.
        threshold_kinds: values of THRESHOLDS; the first is meant by "". With "none" alone THRESHOLD means nothing.
        goals: what thresholds can be chosen by, names of ``threshold_search.parse_goal``.
        tune: (arrays, label names, per_label=, goal=) to Thresholds.
        sweep: (arrays, label names) to the rows and curves of ``sweep.sweep_thresholds``.
        rescale: (predictions, temperature) to predictions; None where a temperature has no meaning.
        limits_labels: whether LABELS_PER_TEXT means something.
        weigh: (gold, label names, CLASS_WEIGHTS) to float [N].
        by_token: whether the targets are one a token.
        adversarial: what ADVERSARIAL below 0 means.
        fewest_labels: how many different labels there must be.
        sample: the bundled files, with "{}" for train, dev or test.
    """

    name: str
    read: Callable
    encode_gold: Callable
    align: Callable
    heads: tuple
    build_model: Callable
    make_loss: Callable
    long_texts: tuple
    combine: Callable
    score_dev: Callable
    score_name: str
    gather: Callable
    decide: Callable
    score: Callable
    score_baselines: Callable
    format_scores: Callable
    figures: tuple
    count_outcomes: Callable
    measure: Callable
    tables: dict
    error_table: str
    rate_error: Callable
    format_prediction: Callable
    read_state: Callable = lambda model: None
    state: str = ""
    describe_gold: Callable = lambda gold, table, names: []
    extras: dict = field(default_factory=dict)
    threshold_kinds: tuple = ("none",)
    goals: tuple = ()
    tune: Callable | None = None
    sweep: Callable = lambda arrays, names: ([], {})
    rescale: Callable | None = None
    limits_labels: bool = False
    weigh: Callable | None = None
    by_token: bool = False
    adversarial: float = 0.0
    fewest_labels: int = 1
    sample: str = "data/{}.csv"

    def choose(self, setting, value):
        """Return the value of a setting that the task restricts: "" means its first.

        Args:
            setting: "HEAD", "LONG_TEXT" or "THRESHOLDS".
            value: what the user says.

        Raises:
            InputError: the task has no such value.
        """
        possible = {"HEAD": self.heads, "LONG_TEXT": self.long_texts, "THRESHOLDS": self.threshold_kinds}[setting]
        if value and value not in possible:
            raise InputError(f'{setting} = "{value}": for {self.name} there is {", ".join(possible)}.')
        return value or possible[0]

    def settle_adversarial(self, size):
        """Return the value of ADVERSARIAL: below 0 the ``size`` that suits the task."""
        return self.adversarial if size < 0 else size

    @property
    def takes_threshold(self):
        """Whether THRESHOLD means something."""
        return self.tune is not None

    def read_examples(self, path, *, print_note, command):
        """Read a file of the task; what can't be read is told with a command that fits the task.

        Args:
            path: the file.
            print_note: called with each line of what the user should know of the file.
            command: the script and its flags for the bundled sample.

        Returns:
            A list of Examples.

        Raises:
            InputError: as the task's reader.
        """
        try:
            return self.read(path, warn=lambda notes: [print_note(f"note: {note}") for note in notes.split("\n")])
        except InputError as problem:
            raise InputError(f"{problem}\n{self.name} on the bundled sample: python {command}") from None

    def weigh_rows(self, gold, names, class_weights, table):
        """Return each row of Encodings its weight in the loss: a text counts once, however many windows it has.

        Where each token has a target of its own, as in ner, rows are alike: a long text has more to learn from.

        Args:
            gold: of N texts.
            names: L label names.
            class_weights: CLASS_WEIGHTS; "" for none.
            table: the Encodings of W rows.

        Returns:
            float array [W]; None where all are alike.

        Raises:
            InputError: class weights for a task without classes.
        """
        if class_weights and not self.weigh:
            raise InputError(f"CLASS_WEIGHTS: a text of {self.name} has no one class. Leave it empty.")
        if not class_weights and (self.by_token or not table.windowed):
            return None
        weights = self.weigh(gold, names, class_weights) if class_weights else np.ones(len(table.row_counts))
        return (weights / table.row_counts)[table.owners]
