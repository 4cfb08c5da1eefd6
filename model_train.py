"""Trains a model on labelled Chinese text and keeps it as a folder under runs/: python model_train.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

from pathlib import Path

import zhlabel
from zhlabel.cli.commands import write_command
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.data.labels import LAST_LABELS_FILE, read_labels, write_labels
from zhlabel.training.settings import LIMITS

# What to learn
TASK = "multi_label"  # multi_label: any number of labels a text; multi_class: one; ner: entities, as data/ner.train.bio
TRAIN_FILE = "data/train.csv"  # label,content with labels joined by |, JSON, xlsx, parquet; ner: BIO, JSON; .gz, .xz
DEV_FILE = ""  # chooses the best epoch and the threshold; "": the sample's for the sample, else a share of TRAIN_FILE
LABEL_FILE = ""  # "": labels are collected from TRAIN_FILE; a label.json of yours is obeyed

# Where to start
CHECKPOINT = "albert_tiny"  # folder of an ALBERT, ELECTRA, BERT or RoBERTa-wwm checkpoint
HEAD = ""  # "": cls, for ner crf; or cls_max; for ner bilstm_crf, bilstm_attention_crf, softmax
MAX_LENGTH = 256  # tokens a row, [CLS] and [SEP] included
LONG_TEXT = ""  # "": longer texts are cut, for ner laid into windows; or cut, head_tail, windows_mean, windows_max

# How to train
EPOCHS = 10  # passes over the training texts
BATCH_SIZE = 16  # texts a step
LEARNING_RATE = ""  # peak; "": by the checkpoint's family and size, printed
WARMUP_SHARE = 0.1  # share of all steps in which the rate rises; it falls to 0 in the rest
PATIENCE = 3  # stop after so many epochs without a better dev score; 0: never early
LORA_RANK = 0  # above 0: the encoder is frozen, corrections of this rank and the head are trained
PRECISION = "float32"  # or auto: bfloat16 where the device has it and the encoder says the same, 1.4 times as fast
SEED = 1  # of batch order, initial values, dropout and the dev share

# How to decide; chosen on the dev texts, and again from them when RUN names a finished run
THRESHOLDS = ""  # "": one for all labels, for ner none; or global, per_label (of rare labels near the one for all)
LABELS_PER_TEXT = ""  # multi_label, "": any number; "1-" at least one, "2-2" the two most probable, "0-3" at most three

# Where to keep it
RUN = ""  # "": runs/<checkpoint>-<task>-<n>, the next free n; the name of a stopped training goes on with it as it was

# Seldom changed
TEXT_COLUMN = ""  # "": the one with a usual name (content text 文本 ...); "title,abstract" are joined by a line end
LABEL_COLUMN = ""  # "": the one with a usual name (label class 标签 ...), or one a label with 0 and 1; several: those
LABEL_SEPARATOR = ""  # "": found over the whole file, and printed; else what stands between labels; none: one label
NGRAMS = False  # True: a linear model of the tokens' n-grams votes too, where the dev score rises
ADVERSARIAL = 0.0  # above 0: each batch is learned twice, once with word vectors moved by so much (FGM); 1.0 for ner
DEV_SHARE = 0.1  # share of TRAIN_FILE that is set aside, every label in proportion
FROM_SCRATCH = False  # True: only CHECKPOINT's config and vocab.txt are used (or it is a config file); random weights
WEIGHT_DECAY = 0.01  # decoupled, not on biases and layer norms
CLASS_WEIGHTS = ""  # multi_class: balanced, or 裁员:2.0|收购:0.5
HEAD_LEARNING_RATE = ""  # peak of all that is not encoder; "": by the head, printed
FREEZE_LAYERS = 0  # embeddings and so many layers stay as they are; as many as there are: the whole encoder
LORA_ALPHA = 16.0  # the corrections count LORA_ALPHA / LORA_RANK times
LORA_TARGETS = ["query", "key"]  # of query key value output inner outer
THRESHOLD_GOAL = "micro_f1"  # or macro_f1, accuracy, precision:0.9, recall:0.9
CALIBRATE = False  # True: probabilities are rescaled by a temperature, so that 0.9 is right nine times in ten


def main(settings):
    earlier = read_labels(LAST_LABELS_FILE) if Path(LAST_LABELS_FILE).exists() else ()
    run = zhlabel.train(
        **vars(settings), given=settings.given, earlier_labels=earlier, progress=TerminalProgress("step")
    )
    write_labels(run.labels, LAST_LABELS_FILE)
    if run.task.find_sample(run.record["data"]["train"]["file"], "test"):
        print("next:", write_command("model_evaluate.py", run=run.folder))
    else:
        print("next:", write_command("model_predict.py", run=run.folder))
        print("or score it on labelled texts that it has not seen: model_evaluate.py with --data-file")


if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
