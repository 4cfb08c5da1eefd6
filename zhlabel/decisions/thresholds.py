"""The thresholds that a run decides by: what they mean, in run.json, in a report, and as a user gives one."""

import math
from dataclasses import dataclass

import numpy as np

from zhlabel.decisions.labels import decide_labels, parse_limits
from zhlabel.errors import InputError


@dataclass(frozen=True)
class Thresholds:
    """Which probability a label or an entity must reach; ``Thresholds()`` has none.

    Attributes:
        common: for every label without one of its own, 0..1; None where there is none.
        labels: the labels' own by name, or None.
        labels_per_text: limits on the number of a text's labels, as LABELS_PER_TEXT gives them; "" for none.
        goal: THRESHOLD_GOAL by which they were chosen; "" where nothing was chosen.
    """

    common: float | None = None
    labels: dict | None = None
    labels_per_text: str = ""
    goal: str = ""

    @classmethod
    def from_record(cls, record, *, source="run.json"):
        """Return what the "thresholds" of a run.json or report.json say.

        Args:
            record: a dict of "global", "labels", "labels_per_text" and "goal", each of which may be absent.
            source: where it stands, for messages.

        Raises:
            InputError: another key, or a value that is no threshold, limit or text.

        >>> Thresholds.from_record({"global": 0.4, "goal": "micro_f1"}).for_label("裁员")
        0.4
        """
        if not isinstance(record, dict):
            raise _refuse(source, "", record, "an object")
        for key, value in record.items():
            if key not in _KEYS:
                raise _refuse(source, f' "{key}"', value, f"no other keys than {', '.join(_KEYS)}")
            is_right, wanted = _KEYS[key]
            if not is_right(value):
                raise _refuse(source, f' "{key}"', value, wanted)
        parse_limits(record.get("labels_per_text", ""))
        return cls(**{_NAMES.get(key, key): value for key, value in record.items()})

    def to_record(self):
        """Return the dict that run.json and report.json hold; what is absent has no key.

        >>> Thresholds(0.4, goal="micro_f1").to_record()
        {'global': 0.4, 'goal': 'micro_f1'}
        """
        record = {"global": self.common, "labels": self.labels, "goal": self.goal or None}
        record["labels_per_text"] = self.labels_per_text or None
        return {key: value for key, value in record.items() if value is not None}

    def with_common(self, value):
        """Return a user's threshold in place of these; the limits on a text's labels stay.

        Args:
            value: for all labels, 0..1.

        >>> Thresholds(0.4, {"裁员": 0.3}, labels_per_text="1-").with_common(0.5).to_record()
        {'global': 0.5, 'labels_per_text': '1-'}
        """
        return Thresholds(value, labels_per_text=self.labels_per_text)

    def for_label(self, name):
        """Return the threshold of the label ``name``; None where there is none."""
        return (self.labels or {}).get(name, self.common)

    def decide(self, probabilities, names):
        """Decide which labels texts get.

        Args:
            probabilities: float array [N, L].
            names: L label names.

        Returns:
            bool array [N, L].

        Raises:
            InputError: a label has no threshold, or a probability is not a number.

        >>> Thresholds(0.5, {"裁员": 0.9}).decide(np.array([[0.8, 0.8]]), ("裁员", "收购")).tolist()
        [[False, True]]
        """
        wanted = [self.for_label(name) for name in names]
        if None in wanted:
            raise InputError(
                f'There is no threshold for the label "{names[wanted.index(None)]}". Give one, such as '
                "--threshold 0.5, or train the run anew."
            )
        fewest, most = parse_limits(self.labels_per_text)
        return decide_labels(probabilities, threshold=wanted, fewest=fewest, most=most)

    def describe(self):
        """Describe in words by which thresholds is decided.

        >>> Thresholds(0.41).describe(), Thresholds().describe()
        ('threshold 0.41', 'no threshold')
        """
        text = "no threshold" if self.common is None else f"threshold {self.common:.6g}"
        if self.labels:
            low, high = min(self.labels.values()), max(self.labels.values())
            text = f"{len(self.labels)} thresholds from {low:.6g} to {high:.6g}, a label each"
        return text + (f", labels a text: {self.labels_per_text}" if self.labels_per_text else "")


def _is_share(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _are_labels(value):
    return isinstance(value, dict) and all(isinstance(name, str) and _is_share(each) for name, each in value.items())


def _is_text(value):
    return isinstance(value, str)


_NAMES = {"global": "common"}  # a word of the language can't be an attribute
_KEYS = {
    "global": (_is_share, "a number from 0 to 1"),
    "labels": (_are_labels, "numbers from 0 to 1 by label"),
    "labels_per_text": (_is_text, "a text"),
    "goal": (_is_text, "a text"),
}


def _refuse(source, place, value, wanted):
    return InputError(
        f"{source}: thresholds{place}: found {str(value)[:80]}, expected {wanted}. Restore it, or choose them anew "
        "with model_train.py --run."
    )


def parse_threshold(value):
    """Return the threshold that a user gives with THRESHOLD; None for the run's own.

    Args:
        value: "" for the run's own, a number or its text from 0 (keeps every label) to 1, or a logit: "logit:-1.5".

    Raises:
        InputError: anything else.

    >>> parse_threshold(""), parse_threshold("0"), parse_threshold("logit:0")
    (None, 0.0, 0.5)
    """
    if isinstance(value, str) and not value.strip():
        return None
    kind, separator, number = str(value).rpartition(":")
    try:
        found = math.nan if isinstance(value, bool) else float(number)
    except ValueError:
        found = math.nan
    if kind.strip() == "logit" and math.isfinite(found):
        return float(1 / (1 + np.exp(-np.clip(found, -700, 700))))
    if separator or not 0 <= found <= 1:
        raise InputError(
            f'THRESHOLD = "{value}": expected a probability from 0 to 1, a logit such as "logit:-1.5", or "" for the '
            "run's own."
        )
    return found
