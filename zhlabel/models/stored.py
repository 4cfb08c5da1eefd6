"""An encoder as it lies on disk, a checkpoint's or what a training made of one, without a head."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhlabel.checkpoints import find_checkpoint, read_weights
from zhlabel.errors import InputError
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.record import RUN_FILE, VOCABULARY_FILE, WEIGHTS_FILE

_OWN = "encoder/"  # before the names of the encoder's weights in a run's file


@dataclass(frozen=True)
class StoredEncoder:
    """An encoder on disk, its parts checked, its weights not read yet.

    Attributes:
        folder: where it lies.
        config: the normalised config.
        vocab_file: its vocab.txt.
        weights_files: the files of the weights (a TensorFlow checkpoint's ``.index``).
        read: function without arguments that reads the weights: dict from canonical name to array.
        note: what the user should know of it; may be "".
    """

    folder: Path
    config: dict
    vocab_file: Path
    weights_files: tuple
    read: Callable
    note: str

    def load(self):
        """Return the Keras model, every token's hidden states its output; TensorFlow is imported here.

        Raises:
            InputError: the weights can't be read, or are not the encoder's.
        """
        from zhlabel.models.encoder import restore_encoder

        return restore_encoder(self.config, self.read())


def find_stored_encoder(folder):
    """Find the encoder in the folder of a checkpoint or of a run.

    Args:
        folder: its path.

    Returns:
        StoredEncoder.

    Raises:
        InputError: it is neither, or its files don't fit together.
    """
    folder = Path(folder)
    if not (folder / RUN_FILE).is_file():
        found = find_checkpoint(folder)
        parts = found.config, found.vocab_file, found.weights_files
        return StoredEncoder(folder, *parts, lambda: read_weights(found), found.note)
    run = RunFolder(folder)
    path = run.check(WEIGHTS_FILE)
    parts = run.encoder_config, run.check(VOCABULARY_FILE), (path,)
    return StoredEncoder(folder, *parts, lambda: _read_run_weights(path), " ".join(run.notes))


def _read_run_weights(path):
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as problem:
        raise InputError(f"{path} can't be read ({problem}). Copy the run again, or train it anew.") from None
    return {name.removeprefix(_OWN): array for name, array in weights.items() if name.startswith(_OWN)}
