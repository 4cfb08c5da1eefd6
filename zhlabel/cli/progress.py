"""How long work is followed: by nobody, or in a terminal or notebook with bars and an estimate of the end."""

import sys

from tqdm.auto import tqdm


class Progress:
    """What a long function tells while it works; this one keeps it to itself. Override what you want to see."""

    def note(self, text):
        """Take a line of text for the user."""

    def step(self, done, total, note="", unit=""):
        """Take it that ``done`` of ``total`` steps are done (None: unknown); ``note`` is short and changes with each.

        ``unit`` names steps that are smaller than others, such as characters; they are shown by the thousand.
        """

    def follow(self, items, total, note=""):
        """Yield ``items``, telling each as one of ``total`` steps with ``note``; who leaves early calls ``close``."""
        self.step(0, total, note)
        for done, item in enumerate(items, 1):
            yield item
            self.step(done, total, note)
        self.close()

    def close(self):
        """Take it that the steps have ended, by themselves or not."""


class TerminalProgress(Progress):
    """Notes as lines, steps as a bar of tqdm with an estimate of the end; in a notebook as its widget.

    Args:
        unit: what a step is.
        file: where to; standard output if None.
    """

    def __init__(self, unit="step", *, file=None):
        self._unit, self._file, self._bar = unit, file, None

    def note(self, text):
        if self._bar is None:
            print(text, file=self._file or sys.stdout, flush=True)
        else:
            self._bar.write(text, file=self._file or sys.stdout)

    def step(self, done, total, note="", unit=""):
        if self._bar is None:  # the speed of work that goes on counts from here
            options = {"initial": done, "unit": unit or self._unit, "smoothing": 0.05, "dynamic_ncols": True}
            self._bar = tqdm(total=total, file=self._file, unit_scale=bool(unit), **options)
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self):
        if self._bar is not None:
            self._bar.close()
            self._bar = None
