"""A pretraining from its settings to a new checkpoint: read, mask, build, fit, write."""

from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from zhlabel.checkpoints import check_positions, find_checkpoint
from zhlabel.checkpoints.mlm_heads import read_heads
from zhlabel.checkpoints.write import write_checkpoint
from zhlabel.cli.progress import Progress
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
)
from zhlabel.pretraining.masking import MaskedBatches, find_token_kinds
from zhlabel.pretraining.teacher import check_teacher_rows, find_teacher

# Of a teacher: key in the history to what it is called
_LESSONS = {"dev_hidden_loss": "hidden states", "dev_text_loss": "text vector"}
_VERSIONS_KEPT = ("tensorflow", "tf-keras", "bert4keras", "tokenizers", "jieba", "numpy")


def pretrain(settings, *, given=None, progress=None):
    """Pretrain a checkpoint further on raw text, or go on with a pretraining that was stopped.

    Args:
        settings: PretrainingSettings.
        given: names of the settings that count where ``out`` names a pretraining that has begun; all others are as that
            pretraining has them. None: all count.
        progress: a ``cli.progress.Progress``; None is silent.

    Returns:
        The folder of the new checkpoint.

    Raises:
        InputError: what the user can put right, before the long work begins.
        KeyboardInterrupt: Ctrl-C; what is learnt is kept.
    """
    progress = progress or Progress()
    settings = PRETRAINING.keep_settings(settings, settings.out, given)
    checkpoint = find_checkpoint(settings.checkpoint)
    teacher = find_teacher(settings.teacher, checkpoint)
    for note in filter(None, (checkpoint.note, teacher and teacher.note)):
        progress.note(note)
    check_positions(checkpoint, settings.max_length)
    kinds = find_token_kinds(read_vocabulary(checkpoint.vocab_file), place=checkpoint.vocab_file)
    plan = make_plan(asdict(settings), checkpoint, teacher)
    folder = PRETRAINING.choose_folder(settings.out, plan, note=progress.note)
    with hold_output(folder):  # a second one ends before it reads the text
        _read_and_train(settings, checkpoint, teacher, kinds, plan, folder, progress)
    return folder


def _read_and_train(settings, checkpoint, teacher, kinds, plan, folder, progress):
    batches = _read_batches(settings, checkpoint, teacher, kinds, progress)

    # TensorFlow takes seconds to import, so it comes after everything that can be wrong with the input.
    from zhlabel.pretraining import loop

    model, computed_in = _prepare_model(settings, checkpoint, teacher, batches, progress)
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
        complete = _fit_with_progress(training, folder, progress)
        if training.history:
            record = _write_result(settings, checkpoint, plan, training, computed_in, folder, complete)
            progress.note(_describe_result(folder, record, training.total_steps))
        if not complete:
            progress.note(f"Stopped after step {training.steps_done}. To go on: {PRETRAINING.name_command(folder)}")
            raise KeyboardInterrupt


def _read_batches(settings, checkpoint, teacher, kinds, progress):
    """Return the text as MaskedBatches, and tell what it is."""
    rows = _read_rows(settings, checkpoint, teacher, progress)
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
    progress.note(
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
    if teacher:
        check_teacher_rows(teacher, rows.teacher)
        progress.note(
            f"teacher: {teacher.folder}, {teacher.config['num_hidden_layers']} layers of "
            f"{teacher.config['hidden_size']}; {rows.teacher.aligned_share:.2%} of its tokens end with one of "
            f"{checkpoint.folder}'s and are compared"
        )
    return batches


def _read_rows(settings, checkpoint, teacher, progress):
    characters = 0

    def show_part(number):
        nonlocal characters
        characters += number
        progress.step(characters, None, "read", unit=" characters")

    try:
        return read_rows(
            settings.text_file,
            checkpoint.vocab_file,
            max_length=settings.max_length,
            by_words=settings.masking != "token",
            teacher_vocabulary_file=teacher and teacher.vocab_file,
            on_characters=show_part,
        )
    finally:
        progress.close()


def _prepare_model(settings, checkpoint, teacher, batches, progress):
    """Return encoder and heads as one model, and the precision it computes in; tell devices and origin of heads."""
    from zhlabel import backend
    from zhlabel.models import encoder, precision
    from zhlabel.pretraining import distil
    from zhlabel.pretraining import model as pretrainer

    progress.note(f"device: {backend.describe_device()}")
    backend.configure_devices()
    config, rows, with_bag = checkpoint.config, batches.rows, settings.bag_of_words > 0
    found = read_heads(checkpoint, bag_of_words=with_bag)
    counts = np.bincount(rows.token_ids, minlength=config["vocab_size"]) * batches.kinds.is_text
    heads = pretrainer.draw_heads(config, found, counts, bag_of_words=with_bag, seed=settings.seed)
    for head, purpose in (("lm_head", "masked words"), ("bag_head", "bag of words")):
        if f"{head}/bias" in heads:
            kind = "the checkpoint's" if f"{head}/bias" in found else "new, its bias the text's token frequencies"
            progress.note(f"head for {purpose}: {kind}")

    def build():
        base = encoder.load_encoder(checkpoint, seed=settings.seed)
        parts = base, config, heads, batches.kinds.is_text
        if teacher:
            return distil.Student(*parts, teacher=teacher.load(), seed=settings.seed)
        return pretrainer.Pretrainer(*parts)

    sample = pad_rows(rows.token_ids, rows.starts, batches.parts[1][: settings.batch_size])
    model, computed_in, reason = precision.build_in_precision(settings.precision, build, sample)
    progress.note(f"precision: {computed_in}; {reason}")
    return model, computed_in


def _fit_with_progress(training, folder, progress):
    """Fit the model; return False when Ctrl-C ended it."""

    def show_step(done, loss):
        progress.step(done, training.total_steps, f"loss {loss:.4f}")

    def show_row(row):
        trained = f"loss {row['loss']:.4f}, " if row["step"] else ""
        speed = f", {row['tokens'] / row['seconds']:,.0f} tokens a second" if row["step"] else ""
        lessons = "".join(f", {name} {row[key]:.4f}" for key, name in _LESSONS.items() if key in row)
        progress.note(f"step {row['step']}: {trained}held-out masked loss {row['dev_loss']:.4f}{lessons}{speed}")

    try:
        training.fit(folder / STATE_FILE, on_step=show_step, on_row=show_row)
    except KeyboardInterrupt:
        return False
    finally:
        progress.close()
    return True


def _write_result(settings, checkpoint, plan, training, computed_in, folder, complete):
    """Write the checkpoint, then how it was made; return this record."""
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
        "teacher": {"folder": settings.teacher, "sha256": plan["teacher_sha256"]} if settings.teacher else None,
        "steps": training.steps_done,
        "rows": {"train": len(training.batches.parts[0]), "dev": len(training.batches.parts[1])},
        "history": history,
        "versions": {name: version(name) for name in _VERSIONS_KEPT},
        "seconds": round(training.seconds, 1),
    }
    write_json(record, folder / RECORD_FILE)
    return record


def _describe_result(folder, record, total_steps):
    first, last = record["history"][0], record["history"][-1]
    lessons = (
        f"; {name} {first[key]:.4f} before, {last[key]:.4f} after" for key, name in _LESSONS.items() if key in last
    )
    return (
        f"{folder}: held-out masked loss {first['dev_loss']:.4f} before, {last['dev_loss']:.4f} after step "
        f"{last['step']} of {total_steps}{''.join(lessons)}; {record['seconds']:.0f} s"
    )
