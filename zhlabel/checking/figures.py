"""What report.json says of labelled files: each part in figures, the labels' counts, the findings."""

from dataclasses import asdict

import numpy as np

from zhlabel.checking.equal import list_equal_findings
from zhlabel.checking.labels import list_label_findings
from zhlabel.checking.texts import list_text_findings

_BORDERS = (16, 32, 64, 128, 256, 512)  # tokens; of the table of lengths
_PIECES = 100


def build_report(parts, terms, notes=()):
    """Build what report.json holds.

    Args:
        parts: PartCounts, train first.
        terms: ``counts.Terms``.
        notes: what the readers told.

    Returns:
        A dict. "findings" are those that need attention first, each with "kind", "is_serious", "count", "summary",
        "places" and "next_step".
    """
    found = list_text_findings(parts, terms) + list_label_findings(parts, terms) + list_equal_findings(parts)
    names = dict.fromkeys(name for part in parts for name, _ in part.labels.most_common())
    return {
        "task": terms.kind.name,
        "task_title": terms.kind.title,
        "unit": terms.kind.unit,
        "vocabulary": terms.vocabulary_file.as_posix(),
        "max_length": terms.max_length,
        "long_text": terms.long_text,
        "parts": {part.name: _describe_part(part, terms) for part in parts},
        "notes": list(notes),
        "labels": {name: {part.name: part.labels[name] for part in parts} for name in names},
        "findings": [asdict(each) for each in sorted(found, key=lambda each: not each.is_serious)],
    }


def _describe_part(part, terms):
    tokens = part.rows["tokens"]
    return {
        "file": part.file,
        "texts": len(part),
        "labels": sum(part.labels.values()),
        "different_labels": len(+part.labels),
        "texts_without_label": part.unlabelled.count,
        "characters": _describe_lengths(part.rows["characters"]),
        "tokens": _describe_lengths(tokens) | {"beyond_max_length": int((tokens > terms.max_length).sum())},
        "lengths": _count_lengths(tokens),
        "unknown_share": part.unknown_tokens / max(part.kept_tokens, 1),
        "unknown": dict(part.unknown.most_common(_PIECES)),
    }


def _describe_lengths(lengths):
    median, high = np.quantile(lengths, (0.5, 0.95), method="higher").tolist()
    return {"median": median, "95th percentile": high, "longest": int(lengths.max())}


def _count_lengths(tokens):
    """Count the texts of each class of lengths, "17-32" tokens and so on; the last is open."""
    counts = np.histogram(tokens, [0, *(border + 1 for border in _BORDERS), np.inf])[0].tolist()
    names = [f"{low + 1}-{high}" for low, high in zip((0, *_BORDERS), _BORDERS, strict=False)]
    return dict(zip([*names, f"{_BORDERS[-1] + 1}-"], counts, strict=True))
