"""The folder of a run, opened once: its record, labels, vocabulary and config, each checked against its hash."""

import csv
import functools
import shutil
from pathlib import Path

from zhlabel.cli.commands import write_command
from zhlabel.data.labels import read_labels, write_labels
from zhlabel.data.tokenizer import format_vocabulary, read_vocabulary
from zhlabel.errors import InputError
from zhlabel.io.files import open_text, write_whole
from zhlabel.io.json import Number, read_form, write_json
from zhlabel.runs.record import (
    ENCODER_FILE,
    FORMAT_VERSION,
    GRAPH_FILES,
    INT8_FILES,
    LABELS_FILE,
    RUN_FILE,
    RUN_FILES,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
    check_file,
    keep_time,
    read_run,
    write_record,
)

_SIZE = Number(1, whole=True)
_ENCODER_FORM = {
    **{"family": str, "vocab_size": _SIZE, "embedding_size": _SIZE, "hidden_size": _SIZE, "num_hidden_layers": _SIZE},
    **{"num_attention_heads": _SIZE, "intermediate_size": _SIZE, "max_position_embeddings": _SIZE, "hidden_act": str},
}


class RunFolder:
    """A run's folder, opened once; what is read of it is checked against run.json's hashes first.

    Attributes:
        path: the folder.
        record: the dict of run.json.
        notes: what the user should know of it, sentences.

    Raises:
        InputError: as ``record.read_run``.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.record = read_run(self.path)
        self._checked = set()
        self.notes = []
        if self.record["format"] != FORMAT_VERSION:
            self.notes.append(
                f"{self.path} is of format {self.record['format']}, which has no hashes, so its files can't be checked"
            )

    @functools.cached_property
    def labels(self):
        """The L label names."""
        names = read_labels(self.check(LABELS_FILE))
        for key, known in (
            ("label_counts", self.record.get("label_counts")),
            ("thresholds.labels", self.record["thresholds"].get("labels")),
        ):
            if known is not None and set(known) != set(names):
                raise InputError(
                    f"{self.path / RUN_FILE}: {key} names {len(known)} labels, and not the {len(names)} of "
                    f"{LABELS_FILE}. Copy the run again, or train it anew."
                )
        return names

    @functools.cached_property
    def encoder_config(self):
        """The dict from which ``encoder.build_encoder`` builds the encoder."""
        return read_form(self.check(ENCODER_FILE), _ENCODER_FORM)

    @functools.cached_property
    def vocabulary(self):
        """The dict of tokens to ids."""
        return read_vocabulary(self.check(VOCABULARY_FILE))

    def has(self, *names):
        """Return whether run.json tells of all these files (where it has no hashes: whether they are there).

        Args:
            names: file names.
        """
        known = self.record.get("files")
        return all((self.path / name).is_file() if known is None else name in known for name in names)

    def is_there(self, *names):
        """Return whether these files, of which run.json tells, are there (which is not whether they are whole).

        Args:
            names: file names.
        """
        return self.has(*names) and all((self.path / name).is_file() for name in names)

    def check(self, name):
        """Return the path of a file of the run, which is there and the one that run.json tells of.

        Args:
            name: the file's name.

        Raises:
            InputError: it is missing, or its hash is another.
        """
        path = self.path / name
        if name not in self._checked:
            known = self.record.get("files")
            sha256 = None if known is None else known.get(name, "")
            check_file(path, sha256, record_name=RUN_FILE, remedy=self._describe_remedy(name))
            self._checked.add(name)
        return path

    def _describe_remedy(self, name):
        if name in GRAPH_FILES:
            return f"Copy the run again, or have it made anew: {write_command('model_train.py', run=self.path)}"
        if name in INT8_FILES:
            return "Remove it and the graph is made anew, or use float32."
        return "Copy the run again, or train it anew."

    def update(self, changes=None, *, files=()):
        """Change run.json, written whole: keys to their new values, and the hashes of files that were written since.

        Args:
            changes: a dict of keys to values; without, the run counts as no newer than before.
            files: names of files of the run; of those that are gone the hash is dropped.
        """
        path = self.path / RUN_FILE
        self._checked -= set(files)
        record = {**self.record, **(changes or {})}
        if changes:
            self.record = write_record(self.path, record, files=files)
        else:
            self.record = keep_time(path, lambda: write_record(self.path, record, files=files))


def write_run(folder, record, *, weights, encoder_config, vocabulary_file, names):
    """Write everything that using a run needs: weights without code, config, vocabulary, labels; run.json last.

    Args:
        folder: the run's folder.
        record: what run.json shall hold beside the format version and the hashes.
        weights: the trained model's arrays, as ``models.weights.collect_weights`` gives them.
        encoder_config: dict from which ``encoder.build_encoder`` builds the encoder.
        vocabulary_file: the checkpoint's vocab.txt, which is copied, or its tokenizer.json.
        names: the L label names.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    # What a training that was stopped, used, and has gone on since has left: none of it is of the new weights.
    for name in (RUN_FILE, *GRAPH_FILES, *INT8_FILES):
        (folder / name).unlink(missing_ok=True)
    if (folder / "evaluation").exists():
        shutil.rmtree(folder / "evaluation")
    with write_whole(folder / WEIGHTS_FILE, binary=True) as stream:
        stream.write(save(weights))
    write_json(encoder_config, folder / ENCODER_FILE)
    write_labels(names, folder / LABELS_FILE)
    with write_whole(folder / VOCABULARY_FILE, binary=True) as stream:
        stream.write(format_vocabulary(vocabulary_file))
    write_record(folder, record, files=RUN_FILES)


def read_weight(path, name):
    """Return the array ``name`` of a run's file of weights ``path``; None where it has none of that name."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return file.get_tensor(name) if name in file.keys() else None  # noqa: SIM118
    except (SafetensorError, OSError) as problem:
        raise InputError(f"{path} can't be read ({problem}). Copy the run again, or train it anew.") from None


def read_history(folder):
    """Read the epochs of a training from its history.csv, [] where there is none.

    Args:
        folder: the run's folder.

    Returns:
        A list of dicts of "epoch", "loss" and "dev_score".

    Raises:
        InputError: the file has been changed and is no such table any more.
    """
    path = folder / "history.csv"
    if not path.is_file():
        return []
    try:
        with open_text(path) as stream:
            rows = list(csv.DictReader(stream))
        return [
            {"epoch": int(row["epoch"]), "loss": float(row["loss"]), "dev_score": float(row["dev_score"])}
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{path} is not the table of epochs any more ({problem}). Restore or remove it.") from None
