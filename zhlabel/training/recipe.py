"""A training from its settings to a finished run: read, build, fit, decide, write, export."""

import functools
import math
from dataclasses import asdict

from zhlabel.cli.progress import Progress
from zhlabel.data.batching import pad_rows
from zhlabel.data.labels import count_labels
from zhlabel.environment import read_versions
from zhlabel.runs.find import locate_run
from zhlabel.runs.folder import write_run
from zhlabel.runs.plan import TRAINING
from zhlabel.tasks import TASKS
from zhlabel.training import state, tuning
from zhlabel.training.history import write_history
from zhlabel.training.prepare import prepare
from zhlabel.training.settings import check_settings, list_changes


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
    settings = TRAINING.keep_settings(settings, settings.run and locate_run(settings.run), given)
    check_settings(settings)
    tuning.check_tuning(TASKS[settings.task], **{name: getattr(settings, name) for name in tuning.TUNING})
    if settings.run and TRAINING.is_complete(folder := locate_run(settings.run)):
        return finish_again(folder, settings, progress)
    prepared = prepare(settings, earlier_labels=earlier_labels, progress=progress)

    # TensorFlow takes seconds to import, so it comes after everything that can be wrong with the input.
    from zhlabel.inference.export import complete_export

    with TRAINING.hold(prepared.folder, prepared.plan):
        if not fit_and_write(prepared, progress):
            progress.note(f"Stopped; the best so far can be used. To go on: {TRAINING.name_command(prepared.folder)}")
            raise KeyboardInterrupt
    # Behind the training's end: a Ctrl-C from here on leaves a finished run, which TensorFlow runs.
    complete_export(prepared.folder, note=progress.note)
    return prepared.folder


def fit_and_write(prepared, progress):
    """Fit the model and write its run; return whether the training came to its own end."""
    from zhlabel.models import lora

    settings, folder = prepared.settings, prepared.folder
    steps = math.ceil(len(prepared.encodings["train"]) / settings.batch_size)
    model, build, computed_in = build_model(prepared, settings.epochs * steps, progress)
    counts, train_data = lora.count_parameters(model), prepared.take("train")
    complete = fit_with_progress(prepared, model, train_data, steps, progress)
    best = state.restore_best(model, folder)
    if best is None:
        command = TRAINING.name_command(folder)
        progress.note(f"Stopped before the first epoch ended; nothing to keep. Again: {command}")
        raise KeyboardInterrupt
    model, ngrams = finish_model(prepared, model, build, computed_in, train_data, best["dev_score"], progress)
    made = {"complete": complete, "precision": computed_in, "parameters": counts, "ngrams": ngrams}
    write_result(prepared, model, {**made, "best_epoch": best["epoch"]}, progress)
    return complete


def write_result(prepared, model, made, progress):
    """Choose by what the model decides, and write its run; tell what it is worth.

    Args:
        prepared: Prepared.
        model: the finished model; of LoRA its corrections are merged into the encoder.
        made: what the record says of how it was made, keys of run.json.
        progress: a ``cli.progress.Progress``.
    """
    from zhlabel.inference.tensorflow import predict_rows
    from zhlabel.models import lora
    from zhlabel.models.weights import collect_weights

    settings, task, folder = prepared.settings, prepared.task, prepared.folder
    outputs = predict_rows(model, prepared.encodings["dev"], batch_size=4 * settings.batch_size)
    predictions = prepared.predict_dev(model, outputs)
    config = prepared.checkpoint.config
    if settings.lora_rank:
        lora.merge_lora(model.get_layer("encoder"), config)
    arrays = task.gather(predictions, prepared.gold["dev"])
    chosen = tuning.choose_and_write_decisions(task, arrays, asdict(settings), folder)
    history = state.read_history(folder)
    write_history(history, folder, score_name=task.score_name)
    dev_score = task.score_dev(predictions, prepared.gold["dev"])
    record = make_record(prepared, {**made, **chosen, "dev_score": dev_score}, history)
    write_run(
        folder,
        record,
        weights=collect_weights(model, config),
        encoder_config=config,
        vocabulary_file=prepared.checkpoint.vocab_file,
        names=task.labels,
    )
    progress.note(
        f"{folder}: best after epoch {record['best_epoch']} of {record['epochs']}, dev {task.score_name} "
        f"{dev_score:.4f}; {tuning.describe_decisions(record)}; {record['seconds']:.0f} s in the epochs"
    )


def make_record(prepared, made, history):
    """Return what run.json holds beside the format version and the hashes.

    Args:
        prepared: Prepared.
        made: what training and choosing gave, keys of run.json.
        history: of ``state.read_history``.
    """
    settings, examples = prepared.settings, prepared.examples
    return {
        "task": prepared.task.name,
        "settings": asdict(settings),
        "changed": list_changes(settings),
        "checkpoint": {key: getattr(prepared.checkpoint, key) for key in ("family", "file_format", "bundled")},
        **made,
        "epochs": len(history),
        "data": {**prepared.plan["data"], **{f"{part}_texts": len(each) for part, each in examples.items()}},
        "label_counts": count_labels(examples["train"], prepared.task.labels),
        "versions": read_versions(),
        "seconds": round(sum(row["seconds"] for row in history), 1),
    }


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
            head_learning_rate=settings.head_learning_rate
            if settings.head_learning_rate != settings.learning_rate
            else 0.0,
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


def finish_again(folder, settings, progress):
    """Do what a finished run lacks: its graph, or thresholds and temperature by other settings.

    Raises:
        InputError: neither is wanted, and a finished run is never overwritten.
    """
    from zhlabel.inference.export import complete_export

    is_exported = complete_export(folder, note=progress.note)
    chosen, others = tuning.find_changes(folder, asdict(settings))
    if chosen and not others:
        record = tuning.tune_run(folder, asdict(settings))
        progress.note(f"{folder} is trained; chosen anew on its dev texts: {tuning.describe_decisions(record)}")
    elif others or not is_exported:
        TRAINING.check(folder, asdict(settings))
    return folder
