"""Labelled texts of one source or two -> files to train on and to validate on, all of them or none."""

import contextlib
import json
import math
from pathlib import Path

import numpy as np

from zhlabel.cli.commands import write_command
from zhlabel.cli.progress import Progress
from zhlabel.data import split_report
from zhlabel.data.label_cells import write_label_cells
from zhlabel.data.labels import collect_labels, encode_labels
from zhlabel.data.layout import Layout
from zhlabel.data.splits import group_texts, merge_targets, split_parts, split_sources
from zhlabel.errors import InputError
from zhlabel.io.delimited import write_rows
from zhlabel.io.files import explain_write_errors, hold_output, remove_packing, write_whole


def split_files(kind, sources, *, parts, seed, out_folder, layout=None, progress=None):
    """Divide one file of labelled texts, or two of the same texts, into new files, every label in proportion.

    What each file holds is described at the top of data_split.py.

    Args:
        kind: a class of ``tasks.TASKS``, which reads the files.
        sources: one file, or two.
        parts: the sizes of the parts, "4:1:1".
        seed: of the choice.
        out_folder: gets the files; one that exists is never overwritten.
        layout: a Layout, by which the sources are read; None: all is found by itself.
        progress: takes what was read and written, as notes; None is silent.

    Returns:
        The paths of the files, training first.

    Raises:
        InputError: the sources can't be divided so, or the files can't be written; then none is.
    """
    progress = progress or Progress()
    with hold_output(out_folder):  # a second one ends before it reads anything
        sizes = read_sizes(parts, sources)
        plan = plan_files(sources, out_folder, len(sizes), ".jsonl" if kind.by_token else ".csv")
        return _split(kind, sources, plan, sizes, seed, out_folder, layout or Layout(), progress)


def _split(kind, paths, plan, sizes, seed, out_folder, layout, progress):
    sources = [read_source(path, kind, layout=layout, note=progress.note) for path in paths]
    names = collect_labels([example for source in sources for example in source])
    numbers = group_texts([example.text for source in sources for example in source])
    groups = np.split(numbers, [len(sources[0])])[: len(sources)]  # of each source's examples
    for path, source, found in zip(paths, sources, groups, strict=True):
        progress.note(split_report.describe_source(path, source, found))
    if len(sources) == 2:
        progress.note(split_report.describe_overlap(paths, sources, groups))
    parts = choose_parts(sources, groups, names, sizes, seed)
    files = {
        path: [sources[place][row] for row in np.flatnonzero(parts[groups[place]] == part)]
        for path, place, part in plan
    }
    write_files(files, out_folder, in_json=kind.by_token)
    owners = [place for _, place, _ in plan]
    progress.note("\n".join(["", *split_report.format_table(paths, sources, files, owners, names), ""]))
    notes = [*split_report.describe_gaps(files, names), *split_report.describe_differences(files, groups, parts)]
    for note in notes:
        progress.note(f"note: {note}")
    progress.note(f"written: {', '.join(map(str, files))}")
    return list(files)


def read_sizes(parts, sources):
    """Return the numbers in "4:1:1".

    Args:
        parts: the text.
        sources: the files to divide.

    Raises:
        InputError: these or those are too many or too few.

    >>> read_sizes("9:1", ["a.csv"])
    [9.0, 1.0]
    """
    if len(sources) not in (1, 2):
        raise InputError(f"--sources: found {len(sources)} files, expected one, or two separated by a comma.")
    try:
        sizes = [float(size) for size in parts.split(":")]
    except ValueError:
        sizes = []
    if len(sizes) not in (2, 3) or not all(0 < size < math.inf for size in sizes):
        raise InputError(
            f"--parts {parts}: expected two or three numbers above 0 joined by colons, such as 9:1 (train and "
            "dev) or 4:1:1 (train, dev and test)."
        )
    if len(sources) == 2 and len(sizes) == 2:
        raise InputError(
            f"--parts {parts}: two sources make three parts, training and a dev file for each, such as 4:1:1."
        )
    return sizes


def plan_files(sources, folder, count, ending):
    """Return (path, place of its source, part) of each file to write.

    Args:
        sources: the files to divide.
        folder: gets the new ones.
        count: how many parts.
        ending: of the new files' names.

    Raises:
        InputError: one exists already, or two would have one name.
    """
    folder = Path(folder)
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


def read_source(path, kind, *, layout, note):
    """Return the Examples of one file.

    Args:
        path: the file.
        kind: as ``split_files``.
        layout: a Layout.
        note: takes what the reader has to say.

    Raises:
        InputError: it holds what the task, or a file to be written, can't.
    """
    command = write_command("data_split.py", task=kind.name, sources=kind.sample.format("train"))
    examples, _ = kind.read_examples(path, layout=layout, print_note=note, command=command)
    kind(collect_labels(examples)).encode_gold(examples, source=path)  # stops at a text that is not one of the task
    return examples


def choose_parts(sources, groups, names, sizes, seed):
    """Return the part of each different text, int array [G].

    Args:
        sources: for each source its Examples.
        groups: for each an int array, the numbers 0..G-1 of its examples' texts.
        names: all label names.
        sizes: of the parts.
        seed: of the choice.
    """
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
    """Write each file's examples; no file appears before all are complete.

    Args:
        files: {path: Examples}.
        folder: where they lie, for messages.
        in_json: as ``write_examples``.

    Raises:
        InputError: one would be empty, or can't be written.
    """
    if empty := [str(path) for path, examples in files.items() if not examples]:
        raise InputError(f"{', '.join(empty)} would hold no text, so nothing was written. Give more texts.")
    with explain_write_errors(f"--out-folder {folder}"), contextlib.ExitStack() as stack:
        for path, examples in files.items():
            write_examples(stack.enter_context(write_whole(path)), examples, in_json=in_json)


def write_examples(stream, examples, *, in_json):
    """Write examples as csv with a BOM, by which Excel shows Chinese, or as JSON lines with entities.

    Args:
        stream: the open file.
        examples: Examples.
        in_json: as JSON lines.
    """
    if in_json:
        for example in examples:
            item = {"text": example.text, "entities": [entity._asdict() for entity in example.entities]}
            stream.write(json.dumps(item, ensure_ascii=False) + "\n")
        return
    cells = write_label_cells([example.labels for example in examples])
    rows = (
        # "[]": a row of empty cells at the file's end would be taken for one that Excel left there
        {"label": cell or ("" if example.text else "[]"), "content": example.text}
        for cell, example in zip(cells, examples, strict=True)
    )
    write_rows(stream, ("label", "content"), rows)
