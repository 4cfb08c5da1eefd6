"""Trains a model on labelled Chinese text and keeps it as a folder under runs/: python model_train.py"""

from zhlabel.environment import read_versions, require_environment

require_environment()  # first, so that a missing package ends in one sentence

import functools
import math
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from zhlabel.checkpoints import find_checkpoint
from zhlabel.cli.settings import run_script
from zhlabel.data.batching import pad_rows
from zhlabel.data.datasets import read_datasets
from zhlabel.data.labels import LAST_LABELS_FILE, count_labels, read_labels, write_labels
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.errors import InputError
from zhlabel.models import build as models
from zhlabel.runs.folder import is_complete, locate_run, name_new_run, write_run
from zhlabel.runs.plan import begin_run, check_frozen, check_run, find_unfinished, make_plan
from zhlabel.tasks import TASKS
from zhlabel.training import state as snapshots
from zhlabel.training import tuning
from zhlabel.training.history import write_history

# What to learn
TASK = "multi_label"  # multi_label: any number of labels a text; multi_class: one; ner: entities, as data/ner.train.bio
TRAIN_FILE = "data/train.csv"  # label,content with labels joined by |, JSON, DuEE's form; ner: BIO, JSON; .gz too
DEV_FILE = "data/dev.csv"  # chooses the best epoch and the threshold; "": a share of TRAIN_FILE is set aside
DEV_SHARE = 0.1  # that share, with every label in proportion
LABEL_FILE = ""  # "": labels are collected from TRAIN_FILE; a label.json of yours is obeyed

# Where to start
CHECKPOINT = "albert_tiny"  # folder of an ALBERT, ELECTRA, BERT or RoBERTa-wwm checkpoint
FROM_SCRATCH = False  # True: only its config and vocab.txt are used, weights start at random
HEAD = ""  # "": [CLS] and the tokens' highest values, or cls; for ner crf, or bilstm_crf, bilstm_attention_crf, softmax
NGRAMS = True  # a linear model of the tokens' n-grams votes too, as far as it helps on the dev texts
MAX_LENGTH = 256  # tokens a row, [CLS] and [SEP] included
LONG_TEXT = ""  # "": longer texts are cut, for ner laid into windows; or cut, head_tail, windows_mean, windows_max

# How to train
EPOCHS = 10  # passes over the training texts
BATCH_SIZE = 16  # texts a step
LEARNING_RATE = 5e-4  # peak; the bundled tiny checkpoint 5e-4, other tiny ones 1e-4, base 5e-5, BERT and RoBERTa 2e-5
WARMUP_SHARE = 0.1  # share of all steps in which the rate rises; it falls to 0 in the rest
WEIGHT_DECAY = 0.01  # decoupled, not on biases and layer norms
ADVERSARIAL = -1.0  # each batch is learned twice, once with word vectors moved by so much (FGM); -1: 1 for ner, else 0
PATIENCE = 3  # stop after so many epochs without a better dev score; 0: never early
CLASS_WEIGHTS = ""  # multi_class: balanced, or 裁员:2.0|收购:0.5
HEAD_LEARNING_RATE = 0.0  # peak of all that is not encoder; 0: LEARNING_RATE
FREEZE_LAYERS = 0  # embeddings and so many layers stay as they are; as many as there are: the whole encoder
LORA_RANK = 0  # above 0: the encoder is frozen, corrections of this rank and the head are trained
LORA_ALPHA = 16.0  # the corrections count LORA_ALPHA / LORA_RANK times
LORA_TARGETS = ["query", "key"]  # of query key value output inner outer
PRECISION = "float32"  # or auto: bfloat16 where the device has it and the encoder says the same, 1.4 times as fast
SEED = 1  # of batch order, initial values, dropout and the dev share

# How to decide; chosen on the dev texts, and again from them when RUN names a finished run
THRESHOLDS = ""  # "": one for all labels, for ner none; or global, per_label (of rare labels near the one for all)
THRESHOLD_GOAL = "micro_f1"  # or macro_f1, accuracy, precision:0.9, recall:0.9
LABELS_PER_TEXT = ""  # multi_label, "": any number; "1-" at least one, "2-2" the two most probable, "0-3" at most three
CALIBRATE = False  # True: probabilities are rescaled by a temperature, so that 0.9 is right nine times in ten

# Where to keep it
RUN = ""  # "": runs/<checkpoint>-<task>-<n>, the next free n; a name resumes that run if it is unfinished


def main(settings):
    task = TASKS[settings.task]
    check_frozen(settings.lora_rank, settings.freeze_layers, from_scratch=settings.from_scratch)
    kind = tuning.check_tuning(
        task,
        thresholds=settings.thresholds,
        threshold_goal=settings.threshold_goal,
        labels_per_text=settings.labels_per_text,
        calibrate=settings.calibrate,
    )
    if settings.run and is_complete(locate_run(settings.run)) and tune_again(settings):
        return
    head = task.choose("HEAD", settings.head)
    long_text = task.choose("LONG_TEXT", settings.long_text)
    checkpoint = find_checkpoint(settings.checkpoint, from_scratch=settings.from_scratch)
    if checkpoint.note:
        print(checkpoint.note)
    if settings.max_length > (positions := checkpoint.config["max_position_embeddings"]):
        raise InputError(f"--max-length {settings.max_length}: {settings.checkpoint} knows only {positions} positions.")
    examples, gold, names = read_datasets(
        task,
        train_file=settings.train_file,
        dev_file=settings.dev_file,
        dev_share=settings.dev_share,
        label_file=settings.label_file,
        seed=settings.seed,
        note=print,
    )
    tokenizer, tables = Tokenizer(read_vocabulary(checkpoint.vocab_file)), {}
    for part, each in examples.items():
        texts = [example.text for example in each]
        table = tables[part] = tokenizer.encode(texts, max_length=settings.max_length, long_text=long_text)
        for note in filter(None, [table.describe_long(), *task.describe_gold(gold[part], table, names)]):
            print(f"note: {part}: {note}")
    weights = task.weigh_rows(gold["train"], names, settings.class_weights, tables["train"])
    # A run must not depend on later defaults.
    resolved = {**asdict(settings), "head": head, "long_text": long_text, "thresholds": kind}
    resolved["adversarial"] = task.settle_adversarial(settings.adversarial)
    plan = make_plan(resolved, checkpoint, names)
    folder = choose_folder(settings, plan)

    # TensorFlow takes seconds to import, so it comes after everything that can be wrong with the input.
    from zhlabel.data import batching
    from zhlabel.inference import export, tensorflow
    from zhlabel.models import lora, precision
    from zhlabel.models.weights import collect_weights
    from zhlabel.training import ensemble

    steps = math.ceil(len(tables["train"]) / settings.batch_size)
    build = functools.partial(
        models.build_to_train,
        checkpoint,
        task,
        names,
        head=head,
        seed=settings.seed,
        freeze_layers=settings.freeze_layers,
        lora_rank=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_targets=settings.lora_targets,
    )
    model, computed_in = prepare_model(settings, task, build, tables["dev"], settings.epochs * steps)
    train = batching.TaskData(tables["train"], task.align(gold["train"], tables["train"], names), weights)
    counts = lora.count_parameters(model)

    def predict_dev(outputs):
        state = task.read_state(model)
        return task.combine(outputs, tables["dev"], names, long_text=long_text, state=state)

    def score_dev(outputs):
        return {"dev_score": task.score_dev(predict_dev(outputs), gold["dev"], names)}

    with begin_run(folder, plan):
        complete = fit_with_progress(settings, task, model, train, tables["dev"], score_dev, folder, steps)
        best = snapshots.restore_best(model, folder)
        if best is None:
            print(f"Stopped before the first epoch ended; nothing to keep. Again: python model_train.py --run {folder}")
            raise KeyboardInterrupt
        if computed_in != "float32":  # thresholds are chosen on the numbers that prediction will give
            model = precision.copy_in_float32(model, build)
        dev = batching.TaskData(tables["dev"], task.align(gold["dev"], tables["dev"], names))
        votes = functools.partial(ensemble.add_ngram_votes, score=score_dev)
        model, ngrams = votes(model, train, dev) if settings.ngrams else (model, 0)
        predictions = predict_dev(tensorflow.predict_rows(model, tables["dev"], batch_size=4 * settings.batch_size))
        dev_score = task.score_dev(predictions, gold["dev"], names)
        if ngrams:
            print(f"{ngrams:,} n-grams vote too: dev {task.score_name} {best['dev_score']:.4f} -> {dev_score:.4f}")
        arrays = task.gather(predictions, gold["dev"], names)
        if settings.lora_rank:
            lora.merge_lora(model.get_layer("encoder"), checkpoint.config)
        chosen = tuning.choose_and_write_decisions(task, arrays, names, resolved, folder)
        history = snapshots.read_history(folder)
        write_history(history, folder, score_name=task.score_name)
        record = {
            "complete": complete,
            "task": task.name,
            "settings": resolved,
            "precision": computed_in,
            "checkpoint": {key: getattr(checkpoint, key) for key in ("family", "file_format", "bundled")},
            "parameters": counts,
            "ngrams": ngrams,
            **chosen,
            "best_epoch": best["epoch"],
            "epochs": len(history),
            "dev_score": dev_score,
            "data": {**plan["data"], **{f"{part}_texts": len(examples[part]) for part in examples}},
            "label_counts": count_labels(examples["train"], names),
            "versions": read_versions(),
            "seconds": round(sum(row["seconds"] for row in history), 1),
        }
        write_run(
            folder,
            record,
            weights=collect_weights(model, checkpoint.config),
            encoder_config=checkpoint.config,
            vocabulary_file=checkpoint.vocab_file,
            names=names,
        )
        write_labels(names, LAST_LABELS_FILE)
        print(
            f"{folder}: best after epoch {record['best_epoch']} of {record['epochs']}, dev {task.score_name} "
            f"{record['dev_score']:.4f}; {tuning.describe_decisions(record)}; {record['seconds']:.0f} s in the epochs"
        )
        if not complete:
            print(f"Stopped; the best so far can be used. To go on: python model_train.py --run {folder}")
            raise KeyboardInterrupt
        snapshots.remove_state(folder)
    # Behind the training's end: a Ctrl-C from here on leaves a finished run, which TensorFlow runs.
    export.export_graphs(folder, tables["train"], tables["dev"], score=score_dev, note=print)
    print(f"next: python model_evaluate.py --run {folder}")


def tune_again(settings):
    """Choose thresholds and temperature of a finished run anew, where nothing else differs; say whether it was done."""
    folder = locate_run(settings.run)
    chosen, other = tuning.find_changes(folder, asdict(settings))
    if other or not chosen:
        return False
    record = tuning.tune_run(folder, asdict(settings), read_labels(folder / "label.json"))
    print(f"{folder} is trained; chosen anew on its dev texts: {tuning.describe_decisions(record)}")
    return True


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


def prepare_model(settings, task, build, dev_table, total_steps):
    """Build the model in the precision to train in, and compile it; print devices, precision and model."""
    from zhlabel import backend
    from zhlabel.models import precision
    from zhlabel.training import adversarial, loop

    print(f"device: {backend.describe_device()}")
    backend.configure_devices()
    backend.set_seed(settings.seed)
    sample = pad_rows(dev_table.token_ids, dev_table.starts, range(min(settings.batch_size, len(dev_table))))
    model, computed_in, reason = precision.build_in_precision(settings.precision, build, sample)
    print(f"precision: {computed_in}; {reason}")
    with model.distribute_strategy.scope():
        loop.compile_model(
            model,
            loss=task.make_loss(model),
            learning_rate=settings.learning_rate,
            head_learning_rate=settings.head_learning_rate,
            warmup_share=settings.warmup_share,
            weight_decay=settings.weight_decay,
            total_steps=total_steps,
        )
    if size := task.settle_adversarial(settings.adversarial):
        adversarial.train_adversarially(model, size)
    model.summary(line_length=110, print_fn=print)
    return model, computed_in


def fit_with_progress(settings, task, model, train, dev_table, score_dev, folder, steps):
    """Fit under a progress bar; gives False when Ctrl-C ended it."""
    from zhlabel.training import loop

    with tqdm(total=settings.epochs * steps, unit="step", dynamic_ncols=True, smoothing=0.05) as bar:

        def show_batch(epochs_finished, steps_finished, loss):
            bar.n = bar.last_print_n = bar.n or epochs_finished * steps  # a resumed training's speed counts from here
            bar.set_postfix_str(f"epoch {epochs_finished + 1}, loss {loss:.4f}", refresh=False)
            bar.update(epochs_finished * steps + steps_finished - bar.n)

        def show_epoch(row):
            bar.write(f"epoch {row['epoch']}: loss {row['loss']:.4f}, dev {task.score_name} {row['dev_score']:.4f}")

        try:
            loop.fit_model(
                model,
                train,
                dev_table,
                folder=folder,
                score=score_dev,
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


LIMITS = {
    "TASK": tuple(TASKS),
    "DEV_SHARE": (0.001, 0.999),
    "MAX_LENGTH": (3, math.inf),
    "EPOCHS": (1, 10_000),
    "BATCH_SIZE": (1, 65_536),
    "LEARNING_RATE": (0.0, 1.0),
    "WARMUP_SHARE": (0.0, 1.0),
    "WEIGHT_DECAY": (0.0, 1.0),
    "ADVERSARIAL": (-1.0, 100.0),
    "PATIENCE": (0, 10_000),
    "PRECISION": ("auto", "float32", "bfloat16"),
    "SEED": (0, 2**31 - 1),
    "HEAD_LEARNING_RATE": (0.0, 1.0),
    "FREEZE_LAYERS": (0, 1_000),
    "LORA_RANK": (0, 1_024),
    "LORA_ALPHA": (0.001, 1_024.0),
    "LORA_TARGETS": ("query", "key", "value", "output", "inner", "outer"),
}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
