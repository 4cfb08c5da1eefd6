"""Says what is in labelled files and what looks wrong with it, before a training: python data_check.py

Counts texts, labels, lengths and what the checkpoint's vocabulary does not know; finds texts that are empty, cut, equal
under different labels or on both sides, labels that are rare or written in two ways, and entities that can't be found.
What it prints stands in OUT_FOLDER too, as text, as JSON, and as a page.
"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import math
import sys

import zhlabel
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.tasks import TASKS

TASK = "multi_label"  # multi_label, multi_class or ner, as in model_train.py
TRAIN_FILE = "data/train.csv"  # labelled texts in any form that training reads
DEV_FILE = ""  # "": the sample's for the sample, else none
TEST_FILE = ""  # likewise
CHECKPOINT = "albert_tiny"  # folder of a checkpoint, whose vocab.txt says what tokens there are
MAX_LENGTH = 256  # tokens a row, as in model_train.py
OUT_FOLDER = "runs/data_check"  # gets report.txt, report.json and report.html; earlier ones are replaced
STRICT = False  # True: exit code 1 where something needs attention
# Seldom changed
TEXT_COLUMN = ""  # "": the one with a usual name (content text 文本 ...); "title,abstract" are joined by a line end
LABEL_COLUMN = ""  # "": the one with a usual name (label class 标签 ...), or one a label with 0 and 1; several: those
LABEL_SEPARATOR = ""  # "": found over the whole file, and printed; else what stands between labels; none: one label


def main(settings):
    check = zhlabel.check(
        settings.train_file,
        settings.dev_file,
        settings.test_file,
        task=settings.task,
        checkpoint=settings.checkpoint,
        max_length=settings.max_length,
        text_column=settings.text_column,
        label_column=settings.label_column,
        label_separator=settings.label_separator,
        progress=TerminalProgress("batch"),
    )
    print(check.text)
    print(f"\nThe same as a page: {check.write(settings.out_folder)}")
    if settings.strict and check.needs_attention:
        sys.exit(1)


LIMITS = {"TASK": tuple(TASKS), "MAX_LENGTH": (3, math.inf)}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
