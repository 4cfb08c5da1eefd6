"""What a training does before TensorFlow is needed: read the data, choose what is open, check what can be wrong."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from zhlabel.checking.counts import PartCounts, Terms
from zhlabel.checking.figures import build_report
from zhlabel.checking.text import format_summary
from zhlabel.checkpoints import check_positions, find_checkpoint, recommend_learning_rate
from zhlabel.cli.commands import write_command
from zhlabel.data.batching import TaskData
from zhlabel.data.datasets import read_datasets
from zhlabel.data.layout import Layout
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.models.heads import recommend_head_learning_rate
from zhlabel.runs.find import locate_run
from zhlabel.runs.plan import TRAINING, make_plan
from zhlabel.tasks import TASKS
from zhlabel.training.settings import TrainingSettings


@dataclass(frozen=True)
class Prepared:
    """Everything of a training that is known before TensorFlow is needed.

    Attributes:
        settings: TrainingSettings, of which nothing is open any more.
        checkpoint: what ``find_checkpoint`` gave.
        task: the Task.
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
        """Return the predictions for the dev texts of a model's outputs for them."""
        state = self.task.read_state(model)
        return self.task.predict(outputs, self.encodings["dev"], long_text=self.settings.long_text, state=state)

    def score_dev(self, model, outputs):
        """Return the dev score of a model's outputs for the dev texts, as ``loop.fit_model`` takes it."""
        return {"dev_score": self.task.score_dev(self.predict_dev(model, outputs), self.gold["dev"])}


def prepare(settings, *, earlier_labels, progress):
    """Read the data, choose what is open in the settings, and choose the run's folder.

    Args:
        settings: TrainingSettings, checked.
        earlier_labels: as ``recipe.train``.
        progress: a ``cli.progress.Progress``.

    Returns:
        Prepared.

    Raises:
        InputError: the data, the checkpoint, the folder, or what they have to do with each other.
    """
    kind = TASKS[settings.task]
    checkpoint = find_checkpoint(settings.checkpoint, from_scratch=settings.from_scratch)
    if checkpoint.note:
        progress.note(checkpoint.note)
    check_positions(checkpoint, settings.max_length)
    settings = choose_settings(settings, kind, checkpoint, progress)
    examples, gold, task, layout = read_datasets(
        kind,
        train_file=settings.train_file,
        dev_file=settings.dev_file,
        dev_share=settings.dev_share,
        label_file=settings.label_file,
        earlier_labels=earlier_labels,
        seed=settings.seed,
        note=progress.note,
        layout=Layout.pick(vars(settings)),
    )
    settings = replace(settings, **vars(layout))
    vocabulary = read_vocabulary(checkpoint.vocab_file)
    tokenizer, room = Tokenizer(vocabulary), {"max_length": settings.max_length, "long_text": settings.long_text}
    encodings = {part: tokenizer.encode([each.text for each in found], **room) for part, found in examples.items()}
    for line in summarise_data(task, settings, checkpoint, vocabulary, examples, encodings):
        progress.note(line)
    weights = task.weigh_rows(gold["train"], settings.class_weights, encodings["train"])
    plan = make_plan(asdict(settings), checkpoint, task.labels)
    folder = TRAINING.choose_folder(settings.run and locate_run(settings.run), plan, note=progress.note)
    return Prepared(settings, checkpoint, task, examples, gold, encodings, weights, plan, folder)


def summarise_data(task, settings, checkpoint, vocabulary, examples, encodings):
    """Return the lines on what is learnt from, and what looks wrong with it, as data_check.py has them at length."""
    files, parts = {"train": settings.train_file, "dev": settings.dev_file or settings.train_file}, []
    for name, file in files.items():
        labels = task.labels if name == "train" else ()
        part = PartCounts(name, file, by_token=task.by_token, unknown_id=vocabulary["[UNK]"], names=labels)
        part.add(examples[name], encodings[name])
        parts.append(part)
    positions = checkpoint.config["max_position_embeddings"]
    terms = Terms(type(task), settings.max_length, settings.long_text, positions, checkpoint.vocab_file)
    flags = {"task": task.name, "train_file": settings.train_file, "dev_file": settings.dev_file}
    flags |= {"checkpoint": settings.checkpoint, "max_length": settings.max_length}
    flags |= vars(Layout.pick(vars(settings)))
    command = write_command("data_check.py", **{name: value for name, value in flags.items() if value != ""})
    return format_summary(build_report(parts, terms), command=command)


def choose_settings(settings, kind, checkpoint, progress):
    """Choose what is open in the settings, and tell it with its reason: a run must not depend on later defaults."""
    chosen = {
        "head": kind.choose("HEAD", settings.head),
        "long_text": kind.choose("LONG_TEXT", settings.long_text),
        "thresholds": kind.choose("THRESHOLDS", settings.thresholds),
        "dev_file": settings.dev_file or kind.find_sample(settings.train_file, "dev"),
        "learning_rate": settings.learning_rate,
        "head_learning_rate": settings.head_learning_rate,
    }
    told = {"head": "the card's model", "dev_file": "as TRAIN_FILE is the sample's"}
    if chosen["learning_rate"] == "":
        chosen["learning_rate"], told["learning_rate"] = recommend_learning_rate(
            checkpoint.config, checkpoint.family, checkpoint.bundled, from_scratch=settings.from_scratch
        )
    if chosen["head_learning_rate"] == "":
        chosen["head_learning_rate"], reason = recommend_head_learning_rate(chosen["head"], chosen["learning_rate"])
        if chosen["head_learning_rate"] != chosen["learning_rate"]:
            told["head_learning_rate"] = reason
    for name, reason in told.items():
        if getattr(settings, name) == "" and chosen[name] != "":
            progress.note(f"{name.upper()} = {chosen[name]!r}: {reason}")
    return replace(settings, **chosen)
