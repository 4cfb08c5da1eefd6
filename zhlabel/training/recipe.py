"""A training from its settings to a finished run: read, build, fit, decide, write, export."""

import functools
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from zhlabel.checkpoints import find_checkpoint
from zhlabel.checkpoints.families import recommend_learning_rate
from zhlabel.cli.progress import Progress
from zhlabel.data.batching import TaskData, pad_rows
from zhlabel.data.datasets import read_datasets
from zhlabel.data.labels import count_labels
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.environment import read_versions
from zhlabel.errors import InputError
from zhlabel.runs.find import is_complete, locate_run, name_new_run
from zhlabel.runs.folder import RunFolder, write_run
from zhlabel.runs.plan import begin_run, check_run, find_unfinished, make_plan
from zhlabel.tasks import TASKS
from zhlabel.training import state, tuning
from zhlabel.training.history import write_history
from zhlabel.training.settings import TrainingSettings, check_settings, take_kept_settings


@dataclass(frozen=True)
class Prepared:
    """Everything of a training that is known before TensorFlow is needed.

    Attributes:
        settings: TrainingSettings, of which nothing is open any more.
        checkpoint: what ``find_checkpoint`` gave.
        task: a Task with its L labels.
        examples: {"train", "dev"} of Examples.
        gold: {"train", "dev"} of ``task.encode_gold``.
        encodings: {"train", "dev"} of Encodings.
        weights: of the training rows in the loss, float [W], or None.
        plan: of ``make_plan``.
        folder: the run's.
    """

    settings: TrainingSettings
    checkpoint: object
    task: object
    examples: dict
    gold: dict
    encodings: dict
    weights: object
    plan: dict
    folder: Path

    def take(self, part):
        """Return the TaskData of "train" or "dev"."""
        targets = self.task.align(self.gold[part], self.encodings[part])
        return TaskData(self.encodings[part], targets, self.weights if part == "train" else None)

    def predict_dev(self, model, outputs):
        """Return the predictions for the dev texts from a model and its outputs for them."""
        state = self.task.read_state(model)
        return self.task.predict(outputs, self.encodings["dev"], long_text=self.settings.long_text, state=state)

    def score_dev(self, model, outputs):
        """Return the dev score of a model's outputs for the dev texts, as ``loop.fit_model`` takes it."""
        return {"dev_score": self.task.score_dev(self.predict_dev(model, outputs), self.gold["dev"])}


def train(settings, *, given=None, earlier_labels=(), progress=None):
    """Train a model, or go on with a training that was stopped, until its run is finished.

    Args:
        settings: TrainingSettings.
        given: names of the settings that count where ``run`` names a training that has begun; all others are as that
            training has them. None: all count.
        earlier_labels: label names whose order is kept where the training texts have exactly these.
        progress: a ``cli.progress.Progress``; None is silent.

    Returns:
        The run's folder.

    Raises:
        InputError: what the user can put right, before the long work begins.
        KeyboardInterrupt: Ctrl-C; the best epoch is kept.
    """
    progress = progress or Progress()
    settings = take_kept_settings(settings, given)
    check_settings(settings)
    if settings.run and is_complete(folder := locate_run(settings.run)):
        return finish_again(folder, settings, progress)
    prepared = prepare(settings, earlier_labels, progress)
    with begin_run(prepared.folder, prepared.plan):
        complete = fit_and_write(prepared, progress)
        if not complete:
            progress.note(f"Stopped; the best so far can be used. To go on: {name_command(prepared.folder)}")
            raise KeyboardInterrupt
        state.remove_state(prepared.folder)
    export_run(prepared.folder, progress)
    return prepared.folder


def prepare(settings, earlier_labels, progress):
    """Read the data, choose what is open in the settings, and check all that can be checked without TensorFlow."""
    kind = TASKS[settings.task]
    checkpoint = find_checkpoint(settings.checkpoint, from_scratch=settings.from_scratch)
    if checkpoint.note:
        progress.note(checkpoint.note)
    if settings.max_length > (positions := checkpoint.config["max_position_embeddings"]):
        raise InputError(f"--max-length {settings.max_length}: {settings.checkpoint} knows only {positions} positions.")
    settings = choose_settings(settings, kind, checkpoint, progress)
    examples, gold, task = read_datasets(
        kind,
        train_file=settings.train_file,
        dev_file=settings.dev_file,
        dev_share=settings.dev_share,
        label_file=settings.label_file,
        earlier_labels=earlier_labels,
        seed=settings.seed,
        note=progress.note,
    )
    tokenizer, encodings = Tokenizer(read_vocabulary(checkpoint.vocab_file)), {}
    for part, each in examples.items():
        texts = [example.text for example in each]
        rows = encodings[part] = tokenizer.encode(
            texts, max_length=settings.max_length, long_text=settings.long_text
        )
        for note in filter(None, [rows.describe_long(), *task.describe_gold(gold[part], rows)]):
            progress.note(f"note: {part}: {note}")
    weights = task.weigh_rows(gold["train"], settings.class_weights, encodings["train"])
    plan = make_plan(asdict(settings), checkpoint, task.labels)
    folder = choose_folder(settings, plan, progress)
    return Prepared(settings, checkpoint, task, examples, gold, encodings, weights, plan, folder)


def choose_settings(settings, kind, checkpoint, progress):
    """Choose what is open in the settings, and tell it with its reason; a run must not depend on later defaults."""
    head = kind.choose("HEAD", settings.head)
    chosen = {
        "head": head,
        "long_text": kind.choose("LONG_TEXT", settings.long_text),
        "thresholds": kind.choose("THRESHOLDS", settings.thresholds),
        "dev_file": settings.dev_file or kind.find_sample(settings.train_file, "dev"),
    }
    if not settings.head:
        progress.note(f"head: {head}")
    rate = settings.learning_rate
    if rate == "":
        rate, reason = recommend_learning_rate(checkpoint, from_scratch=settings.from_scratch)
        progress.note(f"learning rate: {rate:g}, {reason}")
    head_rate = settings.head_learning_rate
    if head_rate == "":
        head_rate = kind.recommend_head_rate(head, rate)
        if head_rate != rate:
            progress.note(f"head's learning rate: {head_rate:g}, as {head} wants it")
    return replace(settings, **chosen, learning_rate=rate, head_learning_rate=head_rate)


def choose_folder(settings, plan, progress):
    """Choose the run's folder, and say whether a training begins or goes on there."""
    if settings.run:
        folder = locate_run(settings.run)
    else:
        folder = name_new_run(Path(settings.checkpoint).resolve().name, settings.task)
        for unfinished in find_unfinished(plan):
            progress.note(f"{unfinished} is an unfinished training like this one; go on with it: {name_command(unfinished)}")
    begins = "going on with" if check_run(folder, plan) else "training"
    progress.note(f"{begins} {folder}; Ctrl-C keeps the best epoch so far")
    return folder


def name_command(folder):
    """Return the command that goes on with a training."""
    return f"python model_train.py --run {folder}"


def fit_and_write(prepared, progress):
    """Fit the model and write its run; return whether the training came to its own end."""
    from zhlabel.inference.tensorflow import predict_rows
    from zhlabel.models import lora
    from zhlabel.models.weights import collect_weights

    settings, task, folder = prepared.settings, prepared.task, prepared.folder
    steps = math.ceil(len(prepared.encodings["train"]) / settings.batch_size)
    model, build, computed_in = build_model(prepared, settings.epochs * steps, progress)
    counts, train_data = lora.count_parameters(model), prepared.take("train")
    complete = fit_with_progress(prepared, model, train_data, steps, progress)
    best = state.restore_best(model, folder)
    if best is None:
        progress.note(f"Stopped before the first epoch ended; nothing to keep. Again: {name_command(folder)}")
        raise KeyboardInterrupt
    model, ngrams = finish_model(prepared, model, build, computed_in, train_data, best["dev_score"], progress)
    predictions = prepared.predict_dev(
        model, predict_rows(model, prepared.encodings["dev"], batch_size=4 * settings.batch_size)
    )
    if settings.lora_rank:
        lora.merge_lora(model.get_layer("encoder"), prepared.checkpoint.config)
    arrays = task.gather(predictions, prepared.gold["dev"])
    chosen = tuning.choose_and_write_decisions(task, arrays, asdict(settings), folder)
    history = state.read_history(folder)
    write_history(history, folder, score_name=task.score_name)
    record = {
        "complete": complete,
        "task": task.name,
        "settings": asdict(settings),
        "precision": computed_in,
        "checkpoint": {key: getattr(prepared.checkpoint, key) for key in ("family", "file_format", "bundled")},
        "parameters": counts,
        "ngrams": ngrams,
        **chosen,
        "best_epoch": best["epoch"],
        "epochs": len(history),
        "dev_score": task.score_dev(predictions, prepared.gold["dev"]),
        "data": {
            **prepared.plan["data"],
            **{f"{part}_texts": len(each) for part, each in prepared.examples.items()},
        },
        "label_counts": count_labels(prepared.examples["train"], task.labels),
        "versions": read_versions(),
        "seconds": round(sum(row["seconds"] for row in history), 1),
    }
    write_run(
        folder,
        record,
        weights=collect_weights(model, prepared.checkpoint.config),
        encoder_config=prepared.checkpoint.config,
        vocabulary_file=prepared.checkpoint.vocab_file,
        names=task.labels,
    )
    progress.note(
        f"{folder}: best after epoch {record['best_epoch']} of {record['epochs']}, dev {task.score_name} "
        f"{record['dev_score']:.4f}; {tuning.describe_decisions(record)}; {record['seconds']:.0f} s in the epochs"
    )
    return complete


def build_model(prepared, total_steps, progress):
    """Build the model in the precision to train in, and compile it; tell devices, precision and the model's layers.

    Returns:
        (the model, the function that builds another like it, the precision it computes in).
    """
    from zhlabel import backend
    from zhlabel.models import build, precision
    from zhlabel.training import adversarial, loop

    settings, task = prepared.settings, prepared.task
    make = functools.partial(
        build.build_to_train,
        prepared.checkpoint,
        task,
        head=settings.head,
        seed=settings.seed,
        freeze_layers=settings.freeze_layers,
        lora_rank=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_targets=settings.lora_targets,
    )
    progress.note(f"device: {backend.describe_device()}")
    backend.configure_devices()
    backend.set_seed(settings.seed)
    rows = prepared.encodings["dev"]
    sample = pad_rows(rows.token_ids, rows.starts, range(min(settings.batch_size, len(rows))))
    model, computed_in, reason = precision.build_in_precision(settings.precision, make, sample)
    progress.note(f"precision: {computed_in}; {reason}")
    with model.distribute_strategy.scope():
        loop.compile_model(
            model,
            loss=task.build_loss(model),
            learning_rate=settings.learning_rate,
            head_learning_rate=settings.head_learning_rate,
            warmup_share=settings.warmup_share,
            weight_decay=settings.weight_decay,
            total_steps=total_steps,
        )
    if settings.adversarial:
        adversarial.train_adversarially(model, settings.adversarial)
    model.summary(line_length=110, print_fn=progress.note)
    return model, make, computed_in


def fit_with_progress(prepared, model, train_data, steps, progress):
    """Fit the model; return False when Ctrl-C ended it."""
    from zhlabel.training import loop

    settings, task = prepared.settings, prepared.task

    def show_batch(epochs_finished, steps_finished, loss):
        done = epochs_finished * steps + steps_finished
        progress.step(done, settings.epochs * steps, f"epoch {epochs_finished + 1}, loss {loss:.4f}")

    def show_epoch(row):
        progress.note(f"epoch {row['epoch']}: loss {row['loss']:.4f}, dev {task.score_name} {row['dev_score']:.4f}")

    try:
        loop.fit_model(
            model,
            train_data,
            prepared.encodings["dev"],
            folder=prepared.folder,
            score=functools.partial(prepared.score_dev, model),
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            patience=settings.patience,
            seed=settings.seed,
            on_batch=show_batch,
            on_epoch=show_epoch,
        )
    except KeyboardInterrupt:
        return False
    finally:
        progress.close()
    return True


def finish_model(prepared, model, build, computed_in, train_data, dev_score, progress):
    """Return the model as prediction computes it, n-grams with it where the dev score rises, and their number."""
    from zhlabel.inference.tensorflow import predict_rows
    from zhlabel.models import precision
    from zhlabel.training import ensemble

    if computed_in != "float32":  # thresholds are chosen on the numbers that prediction will give
        model = precision.copy_in_float32(model, build)
    if not prepared.settings.ngrams:
        return model, 0
    before = model.get_weights()
    score = functools.partial(prepared.score_dev, model)
    voted, ngrams = ensemble.add_ngram_votes(model, train_data, prepared.take("dev"), score=score)
    outputs = predict_rows(voted, prepared.encodings["dev"], batch_size=4 * prepared.settings.batch_size)
    after = prepared.score_dev(voted, outputs)["dev_score"]
    name = prepared.task.score_name
    if ngrams and after > dev_score:
        progress.note(f"{ngrams:,} n-grams vote too: dev {name} {dev_score:.4f} -> {after:.4f}")
        return voted, ngrams
    progress.note(f"n-grams do not vote: dev {name} {dev_score:.4f} would become {after:.4f}")
    model.set_weights(before)
    return model, 0


def export_run(folder, progress):
    """Write the graph by which the run labels texts without TensorFlow; Ctrl-C from here on leaves a finished run."""
    from zhlabel.inference import export

    progress.note("writing the graph for prediction without TensorFlow")
    export.export_graph(RunFolder(folder), note=progress.note)


def finish_again(folder, settings, progress):
    """Complete a finished run that lacks its graph, or choose its thresholds and temperature anew.

    Raises:
        InputError: neither is wanted: a finished run is never overwritten.
    """
