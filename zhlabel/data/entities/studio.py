"""Reads the tasks of Label Studio: JSON with annotations, and JSON-MIN or CSV with the marks under a control's name."""

import re

from zhlabel.data.entities.marks import make_error, read_mark
from zhlabel.errors import InputError

_OTHER_LABELS = ("hypertextlabels", "paragraphlabels")  # spans that don't count characters of the text
# What a task of JSON-MIN or CSV has beside its data and its marks
FLAT_KEYS = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")
_BARE_KEYS = {"start", "end", "text", "startOffset", "endOffset", "globalOffsets"}
_WANTED = "marks of the type labels, which Label Studio's Text tag gives"
_ADDRESS = re.compile(r"(https?|s3|gs|azure-blob)://\S+|/data/\S+")


def read_task(where, item, text, counts):
    """Return the Marks of a task's first annotation that was not cancelled; None where there is none.

    Args:
        where: the task's place, for messages.
        item: the task, with "annotations", or "completions" as before 2020.
        text: its text.
        counts: a Counter of what is doubtful.

    Raises:
        InputError: another structure, marks that don't count characters, a text that is a file's address.
    """
    annotations = item.get("annotations", item.get("completions"))
    if not isinstance(annotations, list) or not all(isinstance(each, dict) for each in annotations):
        raise make_error(where, annotations, 'a list of annotations with "result"')
    if any("start_offset" in each for each in annotations):
        return _read_old_doccano(where, annotations)
    usable = [each for each in annotations if not each.get("was_cancelled")]
    counts["several"] += len(usable) > 1
    counts["none"] += not usable
    counts["predicted"] += not usable and bool(item.get("predictions"))
    if not usable:
        return None
    results = usable[0].get("result")
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise make_error(where, results, 'a list of marks in the annotation\'s "result"')
    if unusable := next((each for each in results if each.get("type") in _OTHER_LABELS), None):
        raise make_error(where, unusable, _WANTED)
    values = [(each.get("type"), each.get("value")) for each in results]
    marks = [value for kind, value in values if kind == "labels" or _is_bare(value)]
    return _read_values(where, text, marks, counts)


def _is_bare(value):
    """Return whether a value marks a place and says nothing of it."""
    is_span = isinstance(value, dict) and {"start", "end"} <= value.keys() <= _BARE_KEYS
    return is_span and isinstance(value.get("text", ""), str)


def _read_old_doccano(where, annotations):
    if any(isinstance(each.get("label"), int) for each in annotations):
        raise InputError(
            f"{where}: the entities have the numbers of doccano's labels, whose names are not in the file. Export it "
            'from doccano as "JSONL (Text label)".'
        )
    return [read_mark(where, each) for each in annotations]


def is_flat_task(item):
    """Return whether an object is a task of Label Studio's JSON-MIN or CSV."""
    return "annotation_id" in item or ("annotator" in item and "entities" not in item)


def find_spans(item):
    """Return the values of an object, one list, that are spans of characters, whatever their keys.

    Args:
        item: a dict whose cells are parsed.
    """
    lists = (value for value in item.values() if isinstance(value, list))
    return [each for value in lists for each in value if isinstance(each, dict) and {"start", "end"} <= each.keys()]


def read_flat_task(where, item, text, counts):
    """Return the Marks of a task whose marks lie under the names of its controls.

    Args:
        where: as ``read_task``.
        item: the task, with "annotation_id" or "annotator".
        text: as ``read_task``.
        counts: as ``read_task``.

    Raises:
        InputError: as ``read_task``.
    """
    spans = [each for each in find_spans(item) if "labels" in each or each.keys() & _OTHER_LABELS or _is_bare(each)]
    counts["unmarked"] += not spans
    return _read_values(where, text, spans, counts)


def _read_values(where, text, values, counts):
    """Return the Marks of values with start, end and labels; those without labels are left out and counted."""
    other = next((each for each in values if isinstance(each, dict) and each.keys() & _OTHER_LABELS), None)
    if other is not None:
        raise make_error(where, other, _WANTED)
    labelled = [each for each in values if not isinstance(each, dict) or each.get("labels")]
    counts["unlabelled"] += len(values) - len(labelled)
    if labelled and _ADDRESS.fullmatch(text):
        raise InputError(
            f"{where}: the text is {text[:80]}, the address of a file that Label Studio showed. Put the file's content "
            "in its place."
        )
    return [read_mark(where, each) for each in labelled]
