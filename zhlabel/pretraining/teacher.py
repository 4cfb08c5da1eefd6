"""The teacher of a pretraining: the encoder of a checkpoint or of a run, checked before it is loaded."""

from pathlib import Path

import numpy as np

from zhlabel.data.tokenizer import read_vocabulary
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file
from zhlabel.models.stored import find_stored_encoder


def find_teacher(folder, checkpoint):
    """Find the encoder that a checkpoint is to learn from.

    Args:
        folder: of a checkpoint or of a run; "": there is no teacher.
        checkpoint: what ``find_checkpoint`` gave.

    Returns:
        models.stored.StoredEncoder; None without a teacher.

    Raises:
        InputError: there is no encoder in the folder, or it is the checkpoint's own.
    """
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise InputError(
            f"TEACHER {folder}: there is no such folder. Name that of a checkpoint, or of a run such as "
            'runs/<name>; "" pretrains without a teacher.'
        )
    teacher = find_stored_encoder(folder)
    if [*map(hash_file, teacher.weights_files)] == [*map(hash_file, checkpoint.weights_files)]:
        raise InputError(
            f"TEACHER {folder} has the very weights of CHECKPOINT {checkpoint.folder}, so there is nothing to learn "
            "from it. Name a larger or a trained one."
        )
    return teacher


def check_teacher_rows(teacher, rows):
    """Stop where a teacher can't read a text's rows.

    Args:
        teacher: a StoredEncoder.
        rows: alignment.TeacherRows.

    Raises:
        InputError: it knows too few positions, or its vocabulary is of another language.
    """
    longest, positions = int(rows.lengths.max()), teacher.config["max_position_embeddings"]
    if longest > positions:
        raise InputError(
            f"TEACHER {teacher.folder} knows only {positions} positions, and a row of the text has {longest} of its "
            "tokens. Lower MAX_LENGTH."
        )
    inner = len(rows.token_ids) - 2 * len(rows.lengths)
    unknown = int(np.sum(rows.token_ids == read_vocabulary(teacher.vocab_file)["[UNK]"]))
    if unknown > inner / 2:
        raise InputError(
            f"TEACHER {teacher.folder}: of the text's {inner:,} tokens {unknown:,} are not in {teacher.vocab_file}. "
            "The vocabulary is not of this text's language; choose another TEACHER."
        )
