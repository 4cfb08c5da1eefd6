"""What a pretraining can be told: one field a constant of model_pretrain.py, with the same default."""

import math
from dataclasses import dataclass

from zhlabel.cli.settings import declare_types
from zhlabel.pretraining.masking import MASKINGS


@dataclass(frozen=True)
class PretrainingSettings:
    """The settings of a pretraining.

    Attributes:
        text_file: the raw text, as ``corpus.read_documents`` takes it.
        dev_share: share of the rows that is held out.
        checkpoint: folder of the checkpoint to start from.
        teacher: folder of a checkpoint or of a run whose encoder it learns from as well; "": none.
        out: folder of the new checkpoint; "": runs/<checkpoint>-pretrained-<n>; that of a stopped one goes on.
        masking: whole_word, span or token.
        mask_share: share of the tokens that is to be predicted.
        bag_of_words: weight of the loss in which [CLS] predicts its row's tokens; 0: off.
        max_length: tokens a row, [CLS] and [SEP] included.
        epochs: passes over the text.
        batch_size: rows a step.
        learning_rate: peak.
        warmup_share: share of all steps in which the rate rises; it falls to 0 in the rest.
        precision: float32, bfloat16, or auto: bfloat16 where the device has it and the encoder says the same.
        seed: of masks, order, dropout, new heads and the rows held out.
    """

    text_file: str = "data/train.csv"
    dev_share: float = 0.01
    checkpoint: str = "albert_tiny"
    teacher: str = ""
    out: str = ""
    masking: str = "whole_word"
    mask_share: float = 0.15
    bag_of_words: float = 0.5
    max_length: int = 128
    epochs: int = 1
    batch_size: int = 64
    learning_rate: float = 5e-4
    warmup_share: float = 0.05
    precision: str = "float32"
    seed: int = 1


_LIMITS = {
    "DEV_SHARE": (0.0001, 0.5),
    "MASKING": MASKINGS,
    "MASK_SHARE": (0.001, 0.9),
    "BAG_OF_WORDS": (0.0, 100.0),
    "MAX_LENGTH": (4, math.inf),
    "EPOCHS": (1, 10_000),
    "BATCH_SIZE": (1, 65_536),
    "LEARNING_RATE": (0.0, 1.0),
    "WARMUP_SHARE": (0.0, 1.0),
    "PRECISION": ("auto", "float32", "bfloat16"),
    "SEED": (0, 2**31 - 1),
}
LIMITS = declare_types(PretrainingSettings, _LIMITS)
