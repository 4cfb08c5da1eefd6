"""Divides labelled texts into files to train on and to validate on, every label in proportion: python data_split.py

One source (--sources texts.csv --parts 4:1:1) gives train, dev and test; two parts give train and dev.

Two sources of labels for the same texts, each with some texts of its own (--sources ours.csv,theirs.csv), give
train.ours, train.theirs, dev.ours and dev.theirs, to train on either and score on both. No text is in a training file
and in a dev file. A text to train on stands in the training file of each source that has it, with that source's labels.
A dev file is due its part of all different texts, but no more than leaves the source its part to train on: with 4:1:1
from 1/6 (both have every text) to 1/5 (they share none). It takes the source's own texts first, then, for labels that
they do not fill, texts that both have.

A text that occurs several times, blanks at its ends aside, is in one part. The files are csv (label,content); for ner
JSON lines. A file that exists is never overwritten.
"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

from zhlabel.cli.commands import write_command
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.data.layout import Layout
from zhlabel.data.split_files import split_files
from zhlabel.tasks import TASKS

SOURCES = ["data/sample.jsonl"]  # a file of labelled texts in any form that training reads, or two of the same texts
TASK = "multi_label"  # multi_label, multi_class or ner, as in model_train.py
PARTS = "4:1:1"  # sizes of train, dev, test; of two sources: training, dev of the first, dev of the second
SEED = 1  # of the choice
OUT_FOLDER = "data/split"  # gets the files

# Seldom changed
TEXT_COLUMN = ""  # "": the one with a usual name (content text 文本 ...); "title,abstract" are joined by a line end
LABEL_COLUMN = ""  # "": the one with a usual name (label class 标签 ...), or one a label with 0 and 1; several: those
LABEL_SEPARATOR = ""  # "": found over the whole file, and printed; else what stands between labels; none: one label


def main(settings):
    files = split_files(
        TASKS[settings.task],
        settings.sources,
        parts=settings.parts,
        seed=settings.seed,
        out_folder=settings.out_folder,
        layout=Layout(settings.text_column, settings.label_column, settings.label_separator),
        progress=TerminalProgress(),
    )
    # Of two sources the other files are there to be scored, so nothing is chosen on them.
    dev = "" if len(settings.sources) == 2 else files[1]
    print("next:", write_command("model_train.py", task=settings.task, train_file=files[0], dev_file=dev))


LIMITS = {"TASK": tuple(TASKS), "SEED": (0, 2**31 - 1)}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
