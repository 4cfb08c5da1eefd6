"""Figures of several methods -> a text table with its definitions, rows for csv, a value for JSON."""

from zhlabel.keywords.evaluation.scoring import FIGURES

DEFINITIONS = (
    "All figures are computed text by text and averaged over the texts (macro); F1 too is a mean of the texts' F1.",
    "P@K: of the first K keywords, the share that hits a gold keyword; where a method gives fewer than K, of those.",
    "R@K: of the text's gold keywords, the share that the first K keywords hit. F1@K: the harmonic mean of the two.",
    "@M: all keywords of the answer, of a ranking its first TOP_K. @O: as many as the text has gold keywords.",
    "MAP: mean average precision, the sum of P at the rank of each hit, by the number of gold keywords.",
    "acc: hits among all keywords of the answer, by the number of gold keywords, which is R@M.",
    "Keywords that are equal under a match count once, at their first rank; so do gold keywords.",
)
_EXACT = "exact match: equal but for case, full or half width, and blanks"
_LOOSE = {
    "en": "stemmed match, {texts:,} English texts: equal after each word is stemmed (Porter)",
    "zh": "contained match, {texts:,} Chinese texts: one contains the other; each counts once, as many pairs as can be",
}
_PRINTED = ("precision@5", "recall@5", "f1-score@5", "precision@10", "recall@10", "f1-score@10")
_PRINTED += ("f1-score@M", "f1-score@O", "MAP", "acc")
_SHORT = {"precision": "P", "recall": "R", "f1-score": "F1"}
SCORE_COLUMNS = ("method", "match", *FIGURES)


def format_scoreboard(figures):
    """Write figures of methods, in their order, as a table for each match, then what was counted and what it means.

    The best of each column is marked with a star where there are several methods, all of them if several print alike.
    The table has P and R at 5 and 10; those at M and O are in ``list_scores``.

    Args:
        figures: {method: what ``Scorer.summarize`` gives}, all over the same texts.

    Returns:
        A text of several lines, without a line end at its end.
    """
    counts = next(iter(figures.values()))
    lines = []
    for match, heading in (("exact", [_EXACT]), ("loose", _describe_loose(counts))):
        scores = {method: {name: each[match][name] for name in _PRINTED} for method, each in figures.items()}
        lines += [*heading, "", *_format_table(scores), ""]
    return "\n".join([*lines, *describe_gold(counts), "", *DEFINITIONS])


def describe_gold(counts):
    """Describe what was scored: texts, gold keywords, and how many of these can't be found.

    Args:
        counts: what ``Scorer.summarize`` gives.

    Returns:
        A list of lines.
    """
    gold, lines = counts["gold"], [f"{counts['texts']:,} texts with {counts['gold']:,} gold keywords."]
    if counts["texts_without_gold"]:
        lines[0] += f" {counts['texts_without_gold']:,} texts without gold keywords are left out."
    if gold:
        absent, as_words = counts["absent"], counts["absent_as_words"]
        lines += [
            f"{absent:,} of the gold keywords ({absent / gold:.4f}) do not stand in their text: no extraction "
            "hits them exactly.",
            f"{as_words:,} ({as_words / gold:.4f}) are no sequence of its words (by stems in English), of which ranked "
            "keywords are made.",
        ]
    return lines


def list_scores(figures):
    """Return the figures as rows for csv: one for each method and match, all figures unrounded.

    Args:
        figures: as ``format_scoreboard``.

    Returns:
        A list of dicts with the columns of ``SCORE_COLUMNS``.
    """
    return [
        {"method": method, "match": match, **{name: each[match][name] for name in FIGURES}}
        for method, each in figures.items()
        for match in ("exact", "loose")
    ]


def describe_scores(figures):
    """Return the figures as a value for JSON, with the definitions that a reader needs.

    Args:
        figures: as ``format_scoreboard``.

    Returns:
        A dict: ``methods`` ({method: figures}), ``matches`` ({"exact": ..., "loose": ...} in words), ``definitions``.
    """
    loose = "; ".join(_describe_loose(next(iter(figures.values()))))
    return {"methods": figures, "matches": {"exact": _EXACT, "loose": loose}, "definitions": list(DEFINITIONS)}


def _describe_loose(counts):
    return [_LOOSE[language].format(texts=texts) for language, texts in sorted(counts["languages"].items())]


def _format_table(scores):
    """Lay out {method: {figure: value}}: a row a method, four digits, the best of each column with a star."""
    heads = [_shorten(name) for name in _PRINTED]
    width = max(len("method"), *map(len, scores))
    columns = [_mark_best([f"{each[name]:.4f}" for each in scores.values()]) for name in _PRINTED]
    lines = ["".join([f"{'method':<{width}}", *(f"  {head:>6} " for head in heads)])]
    for method, *cells in zip(scores, *columns, strict=True):
        lines.append("".join([f"{method:<{width}}", *(f"  {cell}" for cell in cells)]))
    return [line.rstrip() for line in lines]


def _shorten(name):
    figure, _, cut = name.partition("@")
    return f"{_SHORT[figure]}@{cut}" if cut else name


def _mark_best(cells):
    best = max(cells) if len(cells) > 1 else None
    return [f"{cell}{'*' if cell == best else ' '}" for cell in cells]
