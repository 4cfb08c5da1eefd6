"""Pretrains a checkpoint further on your own raw text, to a checkpoint for model_train.py: python model_pretrain.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

from zhlabel.cli.commands import write_command
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.pretraining.recipe import pretrain
from zhlabel.pretraining.settings import LIMITS, PretrainingSettings

# What to learn from
TEXT_FILE = "data/train.csv"  # .txt: a text or paragraph a line, blank lines between documents; .csv, .jsonl; .gz, .xz
DEV_SHARE = 0.01  # share of the rows that is held out, to see what is learnt

# Where to start, where to go
CHECKPOINT = "albert_tiny"  # folder of an ALBERT, ELECTRA, BERT or RoBERTa-wwm checkpoint
TEACHER = ""  # folder of a larger checkpoint, or of a run, whose hidden states are learnt too (distillation); "": none
OUT = ""  # folder of the new checkpoint; "": runs/<checkpoint>-pretrained-<n>; that of a stopped one goes on with it

# What is to be predicted
MASKING = "whole_word"  # jieba's words are masked whole; or span: of some words; token: each token by itself
MASK_SHARE = 0.15  # share of the tokens; of those 0.8 are shown as [MASK], 0.1 as others, 0.1 as they are
BAG_OF_WORDS = 0.5  # weight of the loss in which [CLS] predicts its row's tokens, good for classification; 0: off

# How to train
MAX_LENGTH = 128  # tokens a row, [CLS] and [SEP] included; longer texts go on in the next row
EPOCHS = 1  # passes over the text
BATCH_SIZE = 64  # rows a step
LEARNING_RATE = 5e-4  # peak; tiny checkpoints 5e-4, base 1e-4, BERT and RoBERTa 5e-5
WARMUP_SHARE = 0.05  # share of all steps in which the rate rises; it falls to 0 in the rest
PRECISION = "float32"  # or auto: bfloat16 where the device has it and the encoder says the same, faster
SEED = 1  # of masks, order, dropout, new heads and the rows held out


def main(settings):
    chosen = PretrainingSettings(**vars(settings))
    folder = pretrain(chosen, given=settings.given, progress=TerminalProgress("step"))
    print("next:", write_command("model_train.py", checkpoint=folder))


if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
