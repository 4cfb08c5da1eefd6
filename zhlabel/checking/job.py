"""A check from labelled files to its reports: read, count, judge, write."""

import json
from dataclasses import dataclass
from pathlib import Path

from zhlabel.checking.counts import PartCounts, Terms
from zhlabel.checking.figures import build_report
from zhlabel.checking.text import format_report
from zhlabel.checkpoints import check_positions, find_checkpoint
from zhlabel.cli.commands import write_command
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.io.files import hold_output, write_whole

_BATCH_TEXTS = 1_000  # an encoded one takes some 150 bytes a token


@dataclass(frozen=True)
class Check:
    """What a check has found.

    Attributes:
        report: the dict of report.json; ``figures.build_report`` says what it holds.
    """

    report: dict

    @property
    def text(self):
        """The report as printed."""
        return format_report(self.report)

    @property
    def needs_attention(self):
        """How many findings do."""
        return sum(each["is_serious"] for each in self.report["findings"])

    def write(self, folder):
        """Write report.txt, report.json and report.html into a folder; earlier ones are replaced.

        Returns:
            The path of the page.
        """
        from zhlabel.checking.page import write_check_page

        folder = Path(folder)
        with hold_output(folder):
            with write_whole(folder / "report.txt") as stream:
                stream.write(f"{self.text}\n")
            with write_whole(folder / "report.json") as stream:
                json.dump(self.report, stream, ensure_ascii=False, indent=2)
                stream.write("\n")
            write_check_page(folder / "report.html", self.report)
        return folder / "report.html"


def check_files(kind, files, *, layout, checkpoint, max_length, progress):
    """Check labelled files before a training.

    Args:
        kind: a class of ``tasks.TASKS``.
        files: {"train": the training file, "dev": texts that choose the best epoch and the threshold, "test": ...}; ""
            is the sample's for the sample, else none.
        layout: a Layout, by which the files are read.
        checkpoint: the folder of a checkpoint, of which config and vocabulary are used.
        max_length: tokens a row.
        progress: takes the steps.

    Returns:
        A Check.

    Raises:
        InputError: a file or the checkpoint can't be read.
    """
    found = find_checkpoint(checkpoint, from_scratch=True)
    check_positions(found, max_length)
    vocabulary, long_text = read_vocabulary(found.vocab_file), kind.choose("LONG_TEXT", "")
    terms = Terms(kind, max_length, long_text, found.config["max_position_embeddings"], found.vocab_file)
    tokenizer, parts, notes = Tokenizer(vocabulary), [], []
    for name, file in files.items():
        if not (file := file or kind.find_sample(files["train"], name)):
            continue
        part = PartCounts(name, file, by_token=kind.by_token, unknown_id=vocabulary["[UNK]"])
        for batch in _read_batches(kind, file, layout, notes, progress):
            texts = [example.text for example in batch]
            part.add(batch, tokenizer.encode(texts, max_length=max_length, long_text=long_text))
        parts.append(part)
    return Check(build_report(parts, terms, notes))


def _read_batches(kind, file, layout, notes, progress):
    """Yield a file's Examples, some thousand at once, so that no more than these are encoded at a time."""
    command = write_command("data_check.py", task=kind.name, train_file=kind.sample.format("train"))
    options = {"layout": layout, "command": command}
    examples, _ = kind.read_examples(file, print_note=lambda note: notes.append(note.removeprefix("note: ")), **options)
    batches = (examples[first : first + _BATCH_TEXTS] for first in range(0, len(examples), _BATCH_TEXTS))
    count = -(-len(examples) // _BATCH_TEXTS)
    return progress.follow(batches, count, Path(file).name) if count > 1 else batches
