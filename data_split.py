"""Divides labelled texts into files to train on and to validate on, every label in proportion: python data_split.py

One source (--sources texts.csv --parts 4:1:1) gives train, dev and test; two parts give train and dev.

Two sources of labels for the same texts, each with some texts of its own (--sources ours.csv,theirs.csv), give
train.ours, train.theirs, dev.ours and dev.theirs, to train on either and score on both. No text is in a training file
and in a dev file. A text to train on stands in the training file of each source that has it, with that source's labels.
A dev file is due its part of all different texts, but no more than leaves the source its part to train on: with 4:1:1
from 1/6 (both have every text) to 1/5 (they share none). It takes the source's own texts first, then, for labels that
they do not fill, texts that both have.

A text that occurs several times, blanks at its ends aside, is in one part. The files are csv (label,content); for ner
JSON lines. A file that exists is never overwritten.
"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import contextlib
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

from zhlabel.cli.settings import run_script
from zhlabel.data.examples import LABEL_SEPARATOR
from zhlabel.data.labels import collect_labels, count_labels, encode_labels
from zhlabel.data.splits import group_texts, merge_targets, split_parts, split_sources
from zhlabel.errors import InputError
from zhlabel.io.delimited import write_rows
from zhlabel.io.files import hold_output, remove_packing, write_whole
from zhlabel.io.text_table import measure_width, pad_left
from zhlabel.tasks import TASKS

SOURCES = ["data/sample.jsonl"]  # a file of labelled texts in any form that training reads, or two of the same texts
TASK = "multi_label"  # multi_label, multi_class or ner, as in model_train.py
PARTS = "4:1:1"  # sizes of train, dev, test; of two sources: training, dev of the first, dev of the second
SEED = 1  # of the choice
OUT_FOLDER = "data/split"  # gets the files


def main(settings):
    with hold_output(settings.out_folder):
        split(settings)


def split(settings):
    """Read the sources, divide them, write the files and print what is in them."""
    task = TASKS[settings.task]
    sizes = read_sizes(settings)
    plan = plan_files(settings, len(sizes), ".jsonl" if task.by_token else ".csv")
    sources = [read_source(path, task) for path in settings.sources]
    names = collect_labels([example for source in sources for example in source])
    numbers = group_texts([example.text for source in sources for example in source])
    groups = np.split(numbers, [len(sources[0])])[: len(sources)]  # of each source's examples
    for path, source, found in zip(settings.sources, sources, groups, strict=True):
        print(describe_source(path, source, found))
    if len(sources) == 2:
        print(describe_overlap(settings.sources, sources, groups))
    parts = choose_parts(sources, groups, names, sizes, settings.seed)
    files = {
        path: [sources[place][row] for row in np.flatnonzero(parts[groups[place]] == part)]
        for path, place, part in plan
    }
    write_files(files, settings.out_folder, in_json=task.by_token)
    owners = [place for _, place, _ in plan]
    print("\n".join(["", *format_table(settings.sources, sources, files, owners, names), ""]))
    for note in [*describe_gaps(files, names), *describe_differences(files, groups, parts)]:
        print(f"note: {note}")
    print(f"written: {', '.join(map(str, files))}")
    train, dev = list(files)[:2]
    dev = '""' if len(sources) == 2 else dev  # the other files are there to be scored, so nothing is chosen on them
    print(f"next: python model_train.py --task {task.name} --train-file {train} --dev-file {dev}")


def read_sizes(settings):
    """Return the numbers in PARTS, and stop where they, or the sources, are too many or too few."""
    if len(settings.sources) not in (1, 2):
        raise InputError(f"--sources: found {len(settings.sources)} files, expected one, or two separated by a comma.")
    try:
        sizes = [float(size) for size in settings.parts.split(":")]
    except ValueError:
        sizes = []
    if len(sizes) not in (2, 3) or not all(0 < size < math.inf for size in sizes):
        raise InputError(
            f"--parts {settings.parts}: expected two or three numbers above 0 joined by colons, such as 9:1 (train and "
            "dev) or 4:1:1 (train, dev and test)."
        )
    if len(settings.sources) == 2 and len(sizes) == 2:
        raise InputError(
            f"--parts {settings.parts}: two sources make three parts, training and a dev file for each, such as 4:1:1."
        )
    return sizes


def plan_files(settings, count, ending):
    """Return (path, place of its source, part) of each file to write, and stop where one exists already."""
    folder, sources = Path(settings.out_folder), settings.sources
    if len(sources) == 1:
        plan = [(name, 0, part) for part, name in enumerate(("train", "dev", "test")[:count])]
    else:
        stems = [Path(remove_packing(source)).stem for source in sources]
        if stems[0].casefold() == stems[1].casefold():
            raise InputError(
                f"--sources {','.join(sources)}: both are called {stems[1]}, after which the new files are named. "
                "Rename one."
            )
        plan = [(f"train.{stem}", place, 0) for place, stem in enumerate(stems)]
        plan += [(f"dev.{stem}", place, place + 1) for place, stem in enumerate(stems)]
    plan = [(folder / f"{name}{ending}", place, part) for name, place, part in plan]
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out-folder {folder} is a file. Name a folder.")
    if existing := [str(path) for path, _, _ in plan if path.exists()]:
        raise InputError(
            f"{', '.join(existing)}: there already, and never overwritten. Name another --out-folder, or remove them."
        )
    return plan


def read_source(path, task):
    """Read one file, and stop at what the task, or a file to be written, can't hold."""
    command = f"data_split.py --task {task.name} --sources {task.sample.format('train')}"
    examples = task.read_examples(path, print_note=print, command=command)
    task(collect_labels(examples)).encode_gold(examples, source=path)  # stops at a text that is not one of the task
    if not task.by_token:
        for example in examples:
            if wrong := next((name for name in example.labels if LABEL_SEPARATOR in name), None):
                raise InputError(
                    f'{path}, line {example.line}: the label "{wrong}" holds "{LABEL_SEPARATOR}", which joins '
                    "labels in csv. Rename it."
                )
    return examples


def choose_parts(sources, groups, names, sizes, seed):
    """Return the part of each different text, int array [G]."""
    count = 1 + max(numbers.max() for numbers in groups)
    targets = [
        merge_targets(encode_labels(source, names), numbers, count)
        for source, numbers in zip(sources, groups, strict=True)
    ]
    if len(sources) == 1:
        return split_parts(targets[0], sizes, seed=seed)
    present = np.array([np.isin(np.arange(count), numbers) for numbers in groups])
    return split_sources(np.array(targets), present, sizes, seed=seed)


def write_files(files, folder, *, in_json):
    """Write each file's examples; no file appears before all are complete."""
    if empty := [str(path) for path, examples in files.items() if not examples]:
        raise InputError(f"{', '.join(empty)} would hold no text, so nothing was written. Give more texts.")
    try:
        with contextlib.ExitStack() as stack:
            for path, examples in files.items():
                write_examples(stack.enter_context(write_whole(path)), examples, in_json=in_json)
    except OSError as problem:
        raise InputError(f"--out-folder {folder} can't be written: {problem.strerror or problem}.") from None


def write_examples(stream, examples, *, in_json):
    """Write examples as JSON lines with entities, or as csv with a BOM, by which Excel shows Chinese."""
    if in_json:
        for example in examples:
            item = {"text": example.text, "entities": [entity._asdict() for entity in example.entities]}
            stream.write(json.dumps(item, ensure_ascii=False) + "\n")
        return
    rows = ({"label": LABEL_SEPARATOR.join(example.labels), "content": example.text} for example in examples)
    write_rows(stream, ("label", "content"), rows)


def describe_source(path, examples, groups):
    """Count how many texts a file has, and how many of them are the same."""
    found = defaultdict(set)
    for example, group in zip(examples, groups.tolist(), strict=True):
        found[group].add((frozenset(example.labels), example.entities))
    line = f"{path}: {len(examples):,} texts"
    if len(found) < len(examples):
        torn = sum(len(kinds) > 1 for kinds in found.values())
        line += f", {len(found):,} different ones, each in one part; of {torn:,} the labels differ between occurrences"
    return line


def describe_overlap(paths, sources, groups):
    """Count how many different texts both sources have, and how often their labels agree."""
    labels = [defaultdict(set), defaultdict(set)]
    for found, examples, numbers in zip(labels, sources, groups, strict=True):
        for example, group in zip(examples, numbers.tolist(), strict=True):
            found[group].update(example.entities or example.labels)
    common = labels[0].keys() & labels[1].keys()
    same = sum(labels[0][group] == labels[1][group] for group in common)
    alone = [f"only {path} has {len(found) - len(common):,}" for path, found in zip(paths, labels, strict=True)]
    return f"both have {len(common):,} texts, {same:,} of them with the same labels; {', '.join(alone)}"


def format_table(paths, sources, files, owners, names):
    """Return a line for each label: its texts in each source, and in each file with their share of its source's."""
    totals = [count_texts(examples, names) for examples in sources]
    columns = [["", *names, "(no label)", "texts"]]
    for path, counts in zip(paths, totals, strict=True):
        columns.append([Path(path).name, *(f"{count:,}" for count in counts)])
    for (path, examples), owner in zip(files.items(), owners, strict=True):
        pairs = zip(count_texts(examples, names), totals[owner], strict=True)
        columns.append([path.name, *(f"{count:,} {count / max(total, 1):.3f}" for count, total in pairs)])
    widths = [max(map(measure_width, column)) for column in columns]
    return ["  ".join(map(pad_left, row, widths)) for row in zip(*columns, strict=True)]


def count_texts(examples, names):
    """Count the texts of each label, those without any, and all."""
    without = sum(not example.labels for example in examples)
    return [*count_labels(examples, names).values(), without, len(examples)]


def describe_gaps(files, names):
    """Name the labels of which a file has no text."""
    for path, examples in files.items():
        if missing := [name for name, count in count_labels(examples, names).items() if not count]:
            shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5:,} more" if len(missing) > 5 else "")
            note = f"{path.name} has no text of {len(missing):,} of the {len(names):,} labels: {shown}"
            is_training = path.name.startswith("train.")
            yield note + ("; a run of it knows them only if a LABEL_FILE names them" if is_training else "")


def describe_differences(files, groups, parts):
    """Describe which texts one training file of two has alone, and which texts of both only one dev file has."""
    if len(groups) == 1:
        return
    names = [path.name for path in files]
    first, second = (set(found[parts[found] == 0].tolist()) for found in groups)
    yield (
        f"{len(first & second):,} texts are in both training files, {len(first - second):,} in {names[0]} alone and "
        f"{len(second - first):,} in {names[1]} alone: by these, two trainings differ in more than labels"
    )
    for place, found in enumerate(groups):
        if lost := len(np.unique(found[parts[found] == 2 - place])):
            yield f"{lost:,} texts that both sources have are in {names[3 - place]}, so {names[place]} lacks them"


LIMITS = {"TASK": tuple(TASKS), "SEED": (0, 2**31 - 1)}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
