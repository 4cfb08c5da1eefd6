"""Reads what a training learns from and what it is judged by, and settles the labels."""

from zhlabel.cli.commands import write_command
from zhlabel.data.labels import collect_labels, encode_labels, read_labels, settle_labels
from zhlabel.data.splits import split_dev
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file


def read_datasets(kind, *, train_file, dev_file, dev_share, label_file, seed, note, layout, earlier_labels=()):
    """Read training and dev texts, and settle the label set.

    Args:
        kind: a class of ``tasks.TASKS``.
        train_file: TRAIN_FILE.
        dev_file: DEV_FILE; "": a share of the training texts is set aside.
        dev_share: that share.
        label_file: LABEL_FILE, or "".
        seed: of the share.
        note: called with each line for the user.
        layout: a Layout, by which both files are read.
        earlier_labels: names whose order is kept where the training texts have exactly these.

    Returns:
        ({"train", "dev"} of Examples, {"train", "dev"} of the task's gold, the Task with its L labels, the Layout by
        which the training texts were read).

    Raises:
        InputError: a file is wrong, both are the same, nothing can be set aside, or labels are too few.
    """

    def read(path, layout, known):
        files = {f"{part}_file": kind.sample.format(part) for part in ("train", "dev")}
        command = write_command("model_train.py", task=kind.name, **files)
        return kind.read_examples(path, layout=layout, known=known, print_note=note, command=command)

    train, layout = read(train_file, layout, read_labels(label_file) if label_file else ())
    names = settle_labels(collect_labels(train), named_file=label_file, earlier=earlier_labels)
    source = label_file or train_file
    if dev_file:
        if hash_file(dev_file) == hash_file(train_file):
            raise InputError(f'DEV_FILE {dev_file} is TRAIN_FILE itself. Give other texts, or "" for a share.')
        examples = {"train": train, "dev": read(dev_file, layout, names)[0]}
    else:
        if len(train) < 2:
            raise InputError(f"{train_file} has one text, so no share can be set aside. Name a DEV_FILE.")
        chosen = split_dev(encode_labels(train, names, source=source), dev_share, seed=seed)
        examples = {part: [train[i] for i in rows] for part, rows in zip(("train", "dev"), chosen, strict=True)}
    if len(names) < kind.fewest_labels:
        raise InputError(f"{source} has one label, {names[0]}: for {kind.name} there must be {kind.fewest_labels}.")
    task = kind(names)
    return examples, {part: task.encode_gold(each, source=source) for part, each in examples.items()}, task, layout
