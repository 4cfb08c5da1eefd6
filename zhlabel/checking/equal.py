"""Finds equal texts, blanks at their ends aside: repeated, under different labels, on both sides."""

from dataclasses import dataclass

import numpy as np

from zhlabel.checking.finding import Finding, name_place


@dataclass(frozen=True)
class _Equal:
    """All M texts that are not blank, those of train first.

    Attributes:
        parts: PartCounts.
        owners: int [M], the part of each text.
        rows: [M] of ``counts.ROW``.
        groups: int [M]; equal texts have one number, 0..G-1.
        firsts: int [G], the first text of each group.
    """

    parts: list
    owners: np.ndarray
    rows: np.ndarray
    groups: np.ndarray
    firsts: np.ndarray

    def name(self, place):
        return name_place(self.parts[self.owners[place]].file, self.rows["line"][place])


def list_equal_findings(parts):
    """Return the Findings on equal texts in a list of PartCounts."""
    equal = _group(parts)
    found = [_find_conflicts(equal)]
    for later in range(1, len(parts)):
        found += [_find_shared(equal, earlier, later) for earlier in range(later)]
    return [*filter(None, [*found, _find_repeated(equal)])]


def _group(parts):
    rows = np.concatenate([part.rows for part in parts])
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    is_text = rows["text"].any(axis=1)
    rows, owners = rows[is_text], owners[is_text]
    order = np.lexsort(rows["text"].T)  # stable, so the first of equal ones comes first
    begins = _mark_firsts(rows["text"][order])
    groups = np.empty(len(rows), np.int64)
    groups[order] = np.cumsum(begins) - 1
    return _Equal(parts, owners, rows, groups, order[begins])


def _mark_firsts(ordered):
    """Return where a row differs from the one before it."""
    begins = np.ones(len(ordered), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return begins


def _find_conflicts(equal):
    """Find texts that the files label in more than one way."""
    differs = equal.rows["said"] != equal.rows["said"][equal.firsts][equal.groups]
    groups = np.unique(equal.groups[differs])
    if not len(groups):
        return None
    rows = np.flatnonzero(np.isin(equal.groups, groups))
    order = np.argsort(equal.firsts[equal.groups[rows]], kind="stable")  # the rows of a text beside one another
    together = np.split(rows[order], np.flatnonzero(_mark_firsts(equal.groups[rows[order], None]))[1:])
    return Finding(
        "conflicting_texts",
        True,
        len(groups),
        f"{len(groups):,} of {len(equal.firsts):,} texts are labelled in more than one way, in {len(rows):,} rows",
        tuple("; ".join(map(equal.name, each)) for each in together),
        "Decide what is right, and give every occurrence the same labels, or remove all but one.",
    )


def _find_shared(equal, earlier, later):
    """Find the texts of one part that an earlier part has too."""
    places = np.flatnonzero(equal.owners == earlier)[::-1]
    there = np.full(len(equal.firsts), -1)
    there[equal.groups[places]] = places  # of several the first, which is written last
    found = np.flatnonzero((equal.owners == later) & (there[equal.groups] >= 0))
    if not len(found):
        return None
    one, other = equal.parts[earlier], equal.parts[later]
    return Finding(
        "shared_texts",
        True,
        len(found),
        f"{len(found):,} of {len(other):,} {other.name} texts are {one.name} texts too, so {other.name} scores flatter",
        tuple(f"{equal.name(place)} is {equal.name(there[equal.groups[place]])}" for place in found),
        f"Remove these lines from {other.file}; or join the files and divide them anew by data_split.py, which puts "
        "equal texts into one part.",
    )


def _find_repeated(equal):
    """Find what occurs again in its own part with the same labels; to learn it twice is no error."""
    keys = np.column_stack([equal.groups, equal.owners, equal.rows["said"]])
    order = np.lexsort(keys.T)
    again = np.zeros(len(keys), bool)
    again[order] = ~_mark_firsts(keys[order])
    if not again.any():
        return None
    counts = np.bincount(equal.owners[again], minlength=len(equal.parts)).tolist()
    told = ", ".join(f"{part.name} {count:,}" for part, count in zip(equal.parts, counts, strict=True) if count)
    return Finding(
        "repeated_texts",
        False,
        int(again.sum()),
        f"{again.sum():,} of {len(keys):,} texts stood before in their file with the same labels ({told})",
        tuple(equal.name(place) for place in np.flatnonzero(again)),
        "Nothing has to be done; what stands twice counts twice.",
    )
