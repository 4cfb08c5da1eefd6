"""Trains a model on labelled Chinese text and keeps it as a folder under runs/: python model_train.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import json
import math
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from zhlabel.checkpoints import find_checkpoint
from zhlabel.errors import InputError
from zhlabel.examples import read_examples
from zhlabel.files import hash_file
from zhlabel.labels import LAST_LABELS_FILE, collect_labels, read_labels, settle_labels, write_labels
from zhlabel.reports import draw_history, write_csv
from zhlabel.runs import begin_run, check_run, find_unfinished, locate_run, name_new_run, write_run
from zhlabel.settings import run_script
from zhlabel.splits import split_dev
from zhlabel.tasks import TASKS
from zhlabel.tokens import TextEncoder, read_vocabulary

# What to learn
TASK = "multi_label"  # multi_label: any number of labels for a text, also none
TRAIN_FILE = "data/train.csv"  # label,content with labels joined by |; or JSON, JSON lines, DuEE's form; .gz too
DEV_FILE = "data/dev.csv"  # chooses the best epoch and the threshold; "": a share of TRAIN_FILE is set aside
DEV_SHARE = 0.1  # that share, with every label in proportion
LABEL_FILE = ""  # "": labels are collected from TRAIN_FILE; a label.json of yours is obeyed

# Where to start
CHECKPOINT = "albert_tiny"  # folder of an ALBERT, ELECTRA, BERT or RoBERTa-wwm checkpoint
FROM_SCRATCH = False  # True: only its config and vocab.txt are used, weights start at random
MAX_LENGTH = 256  # tokens a text, [CLS] and [SEP] included; what is longer is cut, and counted

# How to train
EPOCHS = 10  # passes over the training texts
BATCH_SIZE = 16  # texts a step
LEARNING_RATE = 5e-4  # peak; the bundled tiny checkpoint 5e-4, other tiny ones 1e-4, base 5e-5, BERT and RoBERTa 2e-5
WARMUP_SHARE = 0.1  # share of all steps in which the rate rises; it falls to 0 in the rest
WEIGHT_DECAY = 0.01  # decoupled, not on biases and layer norms
PATIENCE = 3  # stop after so many epochs without a better dev score; 0: never early
SEED = 1  # of batch order, initial values, dropout and the dev share

# Where to keep it
RUN = ""  # "": runs/<checkpoint>-<task>-<n>, the next free n; a name resumes that run if it is unfinished


def main(settings):
    task = TASKS[settings.task]
    checkpoint = find_checkpoint(settings.checkpoint, from_scratch=settings.from_scratch)
    if checkpoint.note:
        print(checkpoint.note)
    positions = checkpoint.config["max_position_embeddings"]
    if settings.max_length > positions:
        raise InputError(f"--max-length {settings.max_length}: {settings.checkpoint} knows only {positions} positions.")
    texts, targets, names = read_data(settings, task)
    tables = encode_texts(texts, TextEncoder(read_vocabulary(checkpoint.vocab_file)), settings.max_length)
    plan = make_plan(settings, checkpoint, names)
    folder = choose_folder(settings, plan)

    # TensorFlow takes seconds to import, so it comes after everything that can be wrong with the input.
    from zhlabel import training

    steps = math.ceil(len(texts["train"]) / settings.batch_size)
    model = build_model(settings, task, checkpoint, len(names), settings.epochs * steps)
    model.summary(line_length=110, print_fn=print)
    data = {part: training.TaskData(tables[part], targets[part]) for part in texts}
    with begin_run(folder, plan):
        complete = fit_with_progress(settings, task, model, data, folder, steps)
        best = training.restore_best(model, folder)
        if best is None:
            print(f"Stopped before the first epoch ended; nothing to keep. Again: python model_train.py --run {folder}")
            raise KeyboardInterrupt
        history = training.read_history(folder)
        write_history(history, folder)
        record = {
            "complete": complete,
            "task": task.name,
            "settings": asdict(settings),
            "checkpoint": {key: getattr(checkpoint, key) for key in ("family", "file_format", "bundled")},
            "parameters": {"encoder": model.get_layer("encoder").count_params(), "all": model.count_params()},
            "thresholds": best["thresholds"],
            "best_epoch": best["epoch"],
            "epochs": len(history),
            "dev_score": best["dev_score"],
            "data": {**plan["data"], **{f"{part}_texts": len(texts[part]) for part in texts}},
            "label_counts": dict(zip(names, targets["train"].sum(axis=0).tolist(), strict=True)),
            "versions": {name: version(name) for name in VERSIONS_KEPT},
            "seconds": round(sum(row["seconds"] for row in history), 1),
        }
        write_run(
            folder,
            record,
            model=model,
            encoder_config=checkpoint.config,
            vocabulary_file=checkpoint.vocab_file,
            names=names,
        )
        write_labels(names, LAST_LABELS_FILE)
        print(
            f"{folder}: best after epoch {best['epoch']} of {len(history)}, dev micro F1 {best['dev_score']:.4f} "
            f"at threshold {best['thresholds']['global']}; {record['seconds']:.0f} s in the epochs"
        )
        if not complete:
            print(f"Stopped; the best so far can be used. To go on: python model_train.py --run {folder}")
            raise KeyboardInterrupt
        training.remove_state(folder)
    print(f"next: python model_evaluate.py --run {folder}")


def read_data(settings, task):
    """Read the examples and give {"train", "dev"} of texts and of targets, and the label names; print what they are."""
    train = read_examples(settings.train_file)
    earlier = read_labels(LAST_LABELS_FILE) if Path(LAST_LABELS_FILE).exists() else ()
    names = settle_labels(collect_labels(train), named_file=settings.label_file, earlier=earlier)
    source = settings.label_file or settings.train_file
    if settings.dev_file:
        if hash_file(settings.dev_file) == hash_file(settings.train_file):
            raise InputError(f'DEV_FILE {settings.dev_file} is TRAIN_FILE itself. Give other texts, or "" for a share.')
        parts = {"train": train, "dev": read_examples(settings.dev_file)}
    else:
        if len(train) < 2:
            raise InputError(f"{settings.train_file} has one text, so no share can be set aside. Name a DEV_FILE.")
        chosen = split_dev(task.encode_targets(train, names, source=source), settings.dev_share, seed=settings.seed)
        parts = {part: [train[i] for i in rows] for part, rows in zip(("train", "dev"), chosen, strict=True)}
    targets = {part: task.encode_targets(examples, names, source=source) for part, examples in parts.items()}
    texts = {part: [example.text for example in examples] for part, examples in parts.items()}
    print(f"{len(names)} labels; texts: {len(texts['train']):,} to train on, {len(texts['dev']):,} for dev")
    if shared := len(set(texts["train"]) & set(texts["dev"])):
        print(f"note: {shared:,} different dev texts are training texts too, so dev scores flatter")
    return texts, targets, names


def encode_texts(texts, text_encoder, max_length):
    """Encode the texts of each part, and print what the length limit cut."""
    tables = {part: text_encoder.encode(texts[part], max_length=max_length) for part in texts}
    for part, table in tables.items():
        if table.truncated:
            print(
                f"note: {table.truncated:,} of {len(table):,} {part} texts were cut at {max_length} tokens; "
                f"the longest has {table.full_lengths.max():,}"
            )
    return tables


def make_plan(settings, checkpoint, names):
    """Name everything that shapes the result: by it an unfinished run is known again."""
    files = {"train": settings.train_file, "dev": settings.dev_file}
    weights = checkpoint.weights_file
    return {
        **{key: value for key, value in asdict(settings).items() if key != "run"},
        "labels": list(names),
        "data": {part: {"file": file, "sha256": hash_file(file)} for part, file in files.items() if file},
        "encoder": checkpoint.config,
        "vocabulary_sha256": hash_file(checkpoint.vocab_file),
        "weights_sha256": hash_file(weights) if weights else None,
    }


def choose_folder(settings, plan):
    """Choose the run's folder, and say whether a training begins or goes on there."""
    if settings.run:
        folder = locate_run(settings.run)
    else:
        folder = name_new_run(Path(settings.checkpoint).resolve().name, settings.task)
        for unfinished in find_unfinished(plan):
            print(f"{unfinished} is an unfinished training like this one; continue it: --run {unfinished}")
    print(f"{'going on with' if check_run(folder, plan) else 'training'} {folder}; Ctrl-C keeps the best epoch so far")
    return folder


def build_model(settings, task, checkpoint, label_count, total_steps):
    """Build encoder and head on the devices there are, load the checkpoint, and compile; print the devices."""
    from zhlabel import backend, encoder, training

    print(f"device: {backend.describe_device()}")
    backend.set_up_devices()
    backend.set_seed(settings.seed)
    with backend.make_strategy().scope():
        model = task.build_head(encoder.load_encoder(checkpoint, seed=settings.seed), label_count, seed=settings.seed)
        training.compile_model(
            model,
            loss=task.loss,
            learning_rate=settings.learning_rate,
            warmup_share=settings.warmup_share,
            weight_decay=settings.weight_decay,
            total_steps=total_steps,
        )
    return model


def fit_with_progress(settings, task, model, data, folder, steps):
    """Fit under a progress bar; gives False when Ctrl-C ended it."""
    from zhlabel import training

    def score(probabilities, targets):
        thresholds, dev_score = task.choose_thresholds(probabilities, targets)
        return {"dev_score": dev_score, "thresholds": thresholds}

    with tqdm(total=settings.epochs * steps, unit="step", dynamic_ncols=True, smoothing=0.05) as bar:

        def show_batch(epochs_finished, steps_finished, loss):
            bar.initial = bar.initial or epochs_finished * steps  # a resumed training's speed counts from here
            bar.set_postfix_str(f"epoch {epochs_finished + 1}, loss {loss:.4f}", refresh=False)
            bar.update(epochs_finished * steps + steps_finished - bar.n)

        def show_epoch(row):
            bar.write(f"epoch {row['epoch']}: loss {row['loss']:.4f}, dev micro F1 {row['dev_score']:.4f}")

        try:
            training.fit_model(
                model,
                data["train"],
                data["dev"],
                folder=folder,
                score=score,
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                patience=settings.patience,
                seed=settings.seed,
                on_batch=show_batch,
                on_epoch=show_epoch,
            )
        except KeyboardInterrupt:
            return False
    return True


def write_history(history, folder):
    """Write one row an epoch as csv, and the curve as a picture."""
    rows = [{**row, "thresholds": json.dumps(row["thresholds"])} for row in history]
    write_csv(rows, list(rows[0]), folder / "history.csv")
    draw_history(history, folder / "history.svg")


VERSIONS_KEPT = ("tensorflow", "tf-keras", "bert4keras", "tokenizers", "numpy")
LIMITS = {
    "TASK": tuple(TASKS),
    "DEV_SHARE": (0.001, 0.999),
    "MAX_LENGTH": (3, math.inf),
    "EPOCHS": (1, 10_000),
    "BATCH_SIZE": (1, 65_536),
    "LEARNING_RATE": (0.0, 1.0),
    "WARMUP_SHARE": (0.0, 1.0),
    "WEIGHT_DECAY": (0.0, 1.0),
    "PATIENCE": (0, 10_000),
    "SEED": (0, 2**31 - 1),
}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
