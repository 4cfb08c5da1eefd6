"""Pretrains a checkpoint further on your own raw text, to a checkpoint for model_train.py: python model_pretrain.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import math
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from zhlabel.checkpoints import find_checkpoint
from zhlabel.checkpoints.mlm_heads import read_heads
from zhlabel.checkpoints.write import write_checkpoint
from zhlabel.cli.settings import run_script
from zhlabel.data.batching import pad_rows
from zhlabel.data.tokenizer import read_vocabulary
from zhlabel.errors import InputError
from zhlabel.io.delimited import write_csv
from zhlabel.io.files import hold_output
from zhlabel.io.json import write_json
from zhlabel.pretraining.corpus import read_rows
from zhlabel.pretraining.folder import (
    HISTORY_FILE,
    PRETRAINING,
    RECORD_FILE,
    STATE_FILE,
    make_plan,
    name_new_folder,
)
from zhlabel.pretraining.masking import MASKINGS, MaskedBatches, find_token_kinds

# What to learn from
TEXT_FILE = "data/train.csv"  # .txt: a text or paragraph a line, blank lines between documents; .csv, .jsonl; .gz, .xz
DEV_SHARE = 0.01  # share of the rows that is held out, to see what is learnt

# Where to start, where to go
CHECKPOINT = "albert_tiny"  # folder of an ALBERT, ELECTRA, BERT or RoBERTa-wwm checkpoint
OUT = ""  # folder of the new checkpoint; "": runs/<checkpoint>-pretrained-<n>; an unfinished one goes on

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
    checkpoint = find_checkpoint(settings.checkpoint)
    if checkpoint.note:
        print(checkpoint.note)
    positions = checkpoint.config["max_position_embeddings"]
    if settings.max_length > positions:
        raise InputError(f"--max-length {settings.max_length}: {settings.checkpoint} knows only {positions} positions.")
    kinds = find_token_kinds(read_vocabulary(checkpoint.vocab_file), place=checkpoint.vocab_file)
    plan = make_plan(asdict(settings), checkpoint)
    folder = choose_folder(settings, plan)
    with hold_output(folder):  # a second one ends before it reads the text
        pretrain(settings, checkpoint, kinds, plan, folder)
    print(f"next: python model_train.py --checkpoint {folder}")


def pretrain(settings, checkpoint, kinds, plan, folder):
    """Read the text, train, and write the checkpoint."""
    batches = read_batches(settings, checkpoint, kinds)

    # TensorFlow takes seconds to import, so it comes after everything that can be wrong with the input.
    from zhlabel.pretraining import loop

    model, computed_in = prepare_model(settings, checkpoint, batches)
    training = loop.Training(
        model,
        batches,
        bag_of_words=settings.bag_of_words,
        learning_rate=settings.learning_rate,
        warmup_share=settings.warmup_share,
        total_steps=settings.epochs * batches.steps_per_epoch,
        seed=settings.seed,
    )
    with PRETRAINING.hold(folder, plan):
        complete = fit_with_progress(training, folder)
        if training.history:
            write_result(settings, checkpoint, training, computed_in, folder, complete)
        if not complete:
            print(f"Stopped after step {training.steps_done}. To go on, the same command with --out {folder}")
            raise KeyboardInterrupt


def choose_folder(settings, plan):
    """Choose the folder of the result, and say whether a pretraining begins or goes on there."""
    if settings.out:
        folder = Path(settings.out)
    else:
        folder = name_new_folder(settings.checkpoint)
        for unfinished in PRETRAINING.find_unfinished(plan):
            print(f"{unfinished} is an unfinished pretraining like this one; continue it: --out {unfinished}")
    goes_on = PRETRAINING.check(folder, plan)
    print(f"{'going on with' if goes_on else 'pretraining'} {folder}; Ctrl-C keeps what is learnt")
    return folder


def read_batches(settings, checkpoint, kinds):
    """Read the text as rows, and print what it is."""
    with tqdm(desc="reading", unit=" characters", unit_scale=True, dynamic_ncols=True, leave=False) as bar:
        rows = read_rows(
            settings.text_file,
            checkpoint.vocab_file,
            max_length=settings.max_length,
            by_words=settings.masking != "token",
            on_characters=bar.update,
        )
    batches = MaskedBatches(
        rows,
        kinds,
        masking=settings.masking,
        share=settings.mask_share,
        batch_size=settings.batch_size,
        dev_share=settings.dev_share,
        seed=settings.seed,
    )
    inner = len(rows.token_ids) - 2 * len(rows)
    known = int(kinds.is_text[rows.token_ids].sum())
    print(
        f"{settings.text_file}: {rows.documents[-1] + 1:,} documents, {inner:,} tokens in {len(rows):,} rows, "
        f"{len(batches.parts[1]):,} of them held out; {1 - known / max(inner, 1):.2%} of the tokens are unknown"
    )
    if len(rows) < 2:
        raise InputError(f"{settings.text_file}: {inner} tokens are one row, and one is held out. Give more text.")
    if known < inner / 2:
        raise InputError(
            f"{settings.text_file}: of its {inner:,} tokens {inner - known:,} are not in {checkpoint.vocab_file}. "
            "The vocabulary is not of this text's language; choose another CHECKPOINT."
        )
    return batches


def prepare_model(settings, checkpoint, batches):
    """Build encoder and heads in the precision to train in; print devices, precision, and whose heads they are."""
    from zhlabel import backend
    from zhlabel.models import encoder, precision
    from zhlabel.pretraining import model as pretrainer

    print(f"device: {backend.describe_device()}")
    backend.configure_devices()
    config, rows, with_bag = checkpoint.config, batches.rows, settings.bag_of_words > 0
    found = read_heads(checkpoint, bag_of_words=with_bag)
    counts = np.bincount(rows.token_ids, minlength=config["vocab_size"]) * batches.kinds.is_text
    heads = pretrainer.draw_heads(config, found, counts, bag_of_words=with_bag, seed=settings.seed)
    for head, purpose in (("lm_head", "masked words"), ("bag_head", "bag of words")):
        if f"{head}/bias" in heads:
            kind = "the checkpoint's" if f"{head}/bias" in found else "new, its bias the text's token frequencies"
            print(f"head for {purpose}: {kind}")

    def build():
        base = encoder.load_encoder(checkpoint, seed=settings.seed)
        return pretrainer.Pretrainer(base, config, heads, batches.kinds.is_text)

    sample = pad_rows(rows.token_ids, rows.starts, batches.parts[1][: settings.batch_size])
    model, computed_in, reason = precision.build_in_precision(settings.precision, build, sample)
    print(f"precision: {computed_in}; {reason}")
    return model, computed_in


def fit_with_progress(training, folder):
    """Fit under a progress bar; gives False when Ctrl-C ended it."""
    with tqdm(total=training.total_steps, unit="step", dynamic_ncols=True, smoothing=0.05) as bar:

        def show_step(done, loss):
            if bar.n == 0:
                bar.initial = bar.n = done - 1  # a resumed training's speed counts from here
            bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
            bar.update(done - bar.n)

        def show_row(row):
            trained = f"loss {row['loss']:.4f}, " if row["step"] else ""
            speed = f", {row['tokens'] / row['seconds']:,.0f} tokens a second" if row["step"] else ""
            bar.write(f"step {row['step']}: {trained}held-out masked loss {row['dev_loss']:.4f}{speed}")

        try:
            training.fit(folder / STATE_FILE, on_step=show_step, on_row=show_row)
        except KeyboardInterrupt:
            return False
    return True


def write_result(settings, checkpoint, training, computed_in, folder, complete):
    """Write the checkpoint, then how it was made."""
    from zhlabel.pretraining import model as pretrainer

    weights, heads = pretrainer.collect_weights(training.model, checkpoint.config)
    write_checkpoint(folder, checkpoint.config, weights, heads=heads, vocabulary_file=checkpoint.vocab_file)
    history = training.history
    write_csv(history, list(history[0]), folder / HISTORY_FILE)
    record = {
        "complete": complete,
        "settings": asdict(settings),
        "precision": computed_in,
        "checkpoint": {key: getattr(checkpoint, key) for key in ("family", "file_format", "bundled")},
        "steps": training.steps_done,
        "rows": {"train": len(training.batches.parts[0]), "dev": len(training.batches.parts[1])},
        "history": history,
        "versions": {name: version(name) for name in VERSIONS_KEPT},
        "seconds": round(training.seconds, 1),
    }
    write_json(record, folder / RECORD_FILE)
    print(
        f"{folder}: held-out masked loss {history[0]['dev_loss']:.4f} before, {history[-1]['dev_loss']:.4f} after step "
        f"{history[-1]['step']} of {training.total_steps}; {training.seconds:.0f} s"
    )


VERSIONS_KEPT = ("tensorflow", "tf-keras", "bert4keras", "tokenizers", "jieba", "numpy")
LIMITS = {
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

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
