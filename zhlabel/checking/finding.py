"""What a check has found: how often, where first, and what to do."""

from dataclasses import dataclass, field

SHOWN = 5  # places of a finding that are kept of what goes by, and that text and page show of all


@dataclass
class Sightings:
    """How often something was seen, and the places where first.

    Attributes:
        count: how often.
        places: the first ``SHOWN``, as "data/train.csv, line 3", with what is there behind a colon.
    """

    count: int = 0
    places: list = field(default_factory=list)

    def add(self, place, seen=""):
        """Count one more: a place, and the text that is seen there."""
        self.count += 1
        if len(self.places) < SHOWN:
            self.places.append(f"{place}: {seen}" if seen else place)


@dataclass(frozen=True)
class Finding:
    """One thing that a check has found.

    Attributes:
        kind: its name, such as "shared_texts".
        is_serious: whether it needs attention; else it is worth knowing.
        count: how many texts, labels or entities it is about.
        summary: what was found, one sentence.
        places: where, strings; of texts that are to be removed or changed all, else the first ``SHOWN``.
        next_step: what to do.
    """

    kind: str
    is_serious: bool
    count: int
    summary: str
    places: tuple
    next_step: str


def list_places(places):
    """Return the first places, and how many more there are.

    >>> list_places(["a.csv, line 2"] * 7)[-1]
    '2 more in report.json'
    """
    more = len(places) - SHOWN
    return [*places[:SHOWN], *([f"{more:,} more in report.json"] if more > 0 else [])]


def name_place(file, line):
    """Return how a place is written.

    >>> name_place("train.csv", 3)
    'train.csv, line 3'
    """
    return f"{file}, line {line}"


def show_invisible(text):
    r"""Return a text in which a character that can't be seen is its code, so that two names that differ look different.

    >>> show_invisible("裁员\u200b"), show_invisible("a b\u3000c")
    ('裁员\\u200b', 'a b\\u3000c')
    """
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def join_counts(counts, shown=10):
    """Write names with their counts, the first ones of many.

    >>> join_counts({"裁员": 3, "收购": 1}, shown=1)
    '裁员 (3) and 1 more'
    """
    first = [f"{show_invisible(name)} ({count:,})" for name, count in list(counts.items())[:shown]]
    return ", ".join(first) + (f" and {len(counts) - shown:,} more" if len(counts) > shown else "")
