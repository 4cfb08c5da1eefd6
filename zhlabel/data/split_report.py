"""What a split of labelled texts has put where: counts by label, repeated texts, labels that are lacking."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from zhlabel.data.labels import count_labels
from zhlabel.io.text_table import measure_width, pad_left


def describe_source(path, examples, groups):
    """Return a line that counts a file's texts, and how many of them are the same.

    Args:
        path: the file.
        examples: its N Examples.
        groups: int array [N], the number of each one's text.
    """
    found = defaultdict(set)
    for example, group in zip(examples, groups.tolist(), strict=True):
        found[group].add((frozenset(example.labels), example.entities))
    line = f"{path}: {len(examples):,} texts"
    if len(found) < len(examples):
        torn = sum(len(kinds) > 1 for kinds in found.values())
        line += f", {len(found):,} different ones, each in one part; of {torn:,} the labels differ between occurrences"
    return line


def describe_overlap(paths, sources, groups):
    """Return a line that counts the texts that both of two sources have, and how often their labels agree.

    Args:
        paths: the two files.
        sources: the Examples of each.
        groups: for each an int array, the numbers of its examples' texts, which both share.
    """
    labels = [defaultdict(set), defaultdict(set)]
    for found, examples, numbers in zip(labels, sources, groups, strict=True):
        for example, group in zip(examples, numbers.tolist(), strict=True):
            found[group].update(example.entities or example.labels)
    common = labels[0].keys() & labels[1].keys()
    same = sum(labels[0][group] == labels[1][group] for group in common)
    alone = [f"only {path} has {len(found) - len(common):,}" for path, found in zip(paths, labels, strict=True)]
    return f"both have {len(common):,} texts, {same:,} of them with the same labels; {', '.join(alone)}"


def format_table(paths, sources, files, owners, names):
    """Return a line for each label: its texts in each source, and in each file with their share of its source's.

    Args:
        paths: the sources' files.
        sources: the Examples of each.
        files: {path that was written: its Examples}.
        owners: the place of the source of each of these.
        names: all label names.
    """
    totals = [_count_texts(examples, names) for examples in sources]
    columns = [["", *names, "(no label)", "texts"]]
    for path, counts in zip(paths, totals, strict=True):
        columns.append([Path(path).name, *(f"{count:,}" for count in counts)])
    for (path, examples), owner in zip(files.items(), owners, strict=True):
        pairs = zip(_count_texts(examples, names), totals[owner], strict=True)
        columns.append([path.name, *(f"{count:,} {count / max(total, 1):.3f}" for count, total in pairs)])
    widths = [max(map(measure_width, column)) for column in columns]
    return ["  ".join(map(pad_left, row, widths)) for row in zip(*columns, strict=True)]


def _count_texts(examples, names):
    """Count the texts of each label, those without any, and all."""
    without = sum(not example.labels for example in examples)
    return [*count_labels(examples, names).values(), without, len(examples)]


def describe_gaps(files, names):
    """Yield a note for each file that lacks labels.

    Args:
        files: {path that was written: its Examples}.
        names: all label names.
    """
    for path, examples in files.items():
        if missing := [name for name, count in count_labels(examples, names).items() if not count]:
            shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5:,} more" if len(missing) > 5 else "")
            note = f"{path.name} has no text of {len(missing):,} of the {len(names):,} labels: {shown}"
            is_training = path.name.startswith("train.")
            yield note + ("; a run of it knows them only if a LABEL_FILE names them" if is_training else "")


def describe_differences(files, groups, parts):
    """Yield notes on the texts that one training file of two has alone, and those of both that one dev file has.

    Args:
        files: paths as ``split_files.plan_files`` gave them.
        groups: for each source an int array, the numbers of its examples' texts.
        parts: int array [G], the part of each text.
    """
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
