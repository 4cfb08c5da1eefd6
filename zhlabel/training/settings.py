"""What a training can be told: one field a constant of model_train.py, with the same default."""

import math
from dataclasses import dataclass, fields

from zhlabel.cli.settings import check_values, declare_types
from zhlabel.errors import InputError
from zhlabel.tasks import TASKS


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of a training. "" means: chosen by itself, and told; a count of 0 means none.

    Attributes:
        task: multi_label, multi_class or ner.
        train_file: the file of labelled texts.
        dev_file: texts that choose the best epoch and the threshold; "": the sample's for the sample, else a share.
        dev_share: the share of the training texts that is set aside where there is no ``dev_file``.
        label_file: a label.json that is obeyed; "": labels are collected from the training texts.
        text_column: the column of the texts; "": found; several, with commas between, are joined by a line end.
        label_column: that of the labels; "": found; several hold 0 and 1 and are a label each.
        label_separator: what stands between the labels in a cell; "": found; "none": a cell is one label.
        checkpoint: folder of an ALBERT, ELECTRA, BERT or RoBERTa-wwm checkpoint.
        from_scratch: only the checkpoint's config and vocabulary are used; the checkpoint may be the config file.
        head: one of the task's heads; "": cls, for ner crf.
        ngrams: a linear model of the tokens' n-grams votes too, where the dev score rises.
        max_length: tokens a row, [CLS] and [SEP] included.
        long_text: what becomes of longer texts.
        epochs: passes over the training texts.
        batch_size: texts a step.
        learning_rate: peak; "": by the checkpoint.
        warmup_share: share of all steps in which the rate rises; it falls to 0 in the rest.
        weight_decay: decoupled, not on biases and layer norms.
        adversarial: each batch is learned twice, once with word vectors moved by so much (FGM).
        patience: stop after so many epochs without a better dev score.
        class_weights: multi_class: balanced, or 裁员:2.0|收购:0.5.
        head_learning_rate: peak of all that is not encoder; "": by the head.
        freeze_layers: embeddings and so many layers stay as they are; the number of layers or more: all of them.
        lora_rank: above 0 the encoder is frozen, corrections of this rank and the head are trained.
        lora_alpha: the corrections count lora_alpha / lora_rank times.
        lora_targets: which layers are corrected.
        precision: float32, bfloat16, or auto: bfloat16 where the device has it and the encoder says the same.
        seed: of batch order, initial values, dropout and the dev share.
        thresholds: "": one for all labels, for ner none; global; per_label.
        threshold_goal: micro_f1, macro_f1, accuracy, precision:0.9, recall:0.9.
        labels_per_text: multi_label: "1-" at least one, "2-2" the two most probable.
        calibrate: rescale probabilities by a temperature.
        run: the run's folder, or a name under runs/; "": the next free one.
    """

    task: str = "multi_label"
    train_file: str = "data/train.csv"
    dev_file: str = ""
    dev_share: float = 0.1
    label_file: str = ""
    text_column: str = ""
    label_column: str = ""
    label_separator: str = ""
    checkpoint: str = "albert_tiny"
    from_scratch: bool = False
    head: str = ""
    ngrams: bool = False
    max_length: int = 256
    long_text: str = ""
    epochs: int = 10
    batch_size: int = 16
    learning_rate: float | str = ""
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    adversarial: float = 0.0
    patience: int = 3
    class_weights: str = ""
    head_learning_rate: float | str = ""
    freeze_layers: int = 0
    lora_rank: int = 0
    lora_alpha: float = 16.0
    lora_targets: tuple = ("query", "key")
    precision: str = "float32"
    seed: int = 1
    thresholds: str = ""
    threshold_goal: str = "micro_f1"
    labels_per_text: str = ""
    calibrate: bool = False
    run: str = ""


_LIMITS = {
    "TASK": tuple(TASKS),
    "DEV_SHARE": (0.001, 0.999),
    "MAX_LENGTH": (3, math.inf),
    "EPOCHS": (1, 10_000),
    "BATCH_SIZE": (1, 65_536),
    "LEARNING_RATE": ("", 0.0, 1.0),
    "WARMUP_SHARE": (0.0, 1.0),
    "WEIGHT_DECAY": (0.0, 1.0),
    "ADVERSARIAL": (0.0, 100.0),
    "PATIENCE": (0, 10_000),
    "PRECISION": ("auto", "float32", "bfloat16"),
    "SEED": (0, 2**31 - 1),
    "HEAD_LEARNING_RATE": ("", 0.0, 1.0),
    "FREEZE_LAYERS": (0, 1_000),
    "LORA_RANK": (0, 1_024),
    "LORA_ALPHA": (0.001, 1_024.0),
    "LORA_TARGETS": ("query", "key", "value", "output", "inner", "outer"),
}
LIMITS = declare_types(TrainingSettings, _LIMITS)


def make_settings(values):
    """Return the TrainingSettings of a dict, checked as the command line is.

    Args:
        values: names of fields to values.

    Raises:
        InputError: a name that is no setting, a value of another type or beyond its limits; all at once.

    >>> make_settings({"epochs": 3}).epochs
    3
    """
    defaults = {field.name: field.default for field in fields(TrainingSettings)}
    return TrainingSettings(**check_values(values, defaults, limits=LIMITS))


def list_changes(settings):
    """Return the names of the settings that differ from the defaults, those that were chosen by themselves included.

    >>> list_changes(TrainingSettings(epochs=3, seed=2))
    ['epochs', 'seed']
    """
    named = (field for field in fields(settings) if field.name != "run")
    return [field.name for field in named if getattr(settings, field.name) != field.default]


def check_settings(settings):
    """Stop where settings contradict each other.

    Args:
        settings: TrainingSettings.

    Raises:
        InputError: they do.
    """
    if settings.lora_rank and settings.freeze_layers:
        raise InputError(f"--lora-rank {settings.lora_rank} freezes the encoder by itself: leave FREEZE_LAYERS 0.")
    if settings.from_scratch and (settings.lora_rank or settings.freeze_layers):
        raise InputError(
            "--from-scratch begins with random weights: LORA_RANK and FREEZE_LAYERS must be 0 to train them."
        )
