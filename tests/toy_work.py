"""What other processes are made from; they find it here by name, and not among the test modules."""

import os
import time

from zhlabel.errors import InputError


class Worker:
    """Made once in each process; the chunk 0 takes longest, so that later ones are ready before it."""

    def __init__(self, factor):
        self.factor, self.calls = factor, 0

    def __call__(self, chunk):
        self.calls += 1
        if chunk == 0:
            time.sleep(0.3)
        return chunk * self.factor, os.getpid(), self.calls


def refuse(chunk):
    raise InputError(f"chunk {chunk} is bad")


def make_refusing():
    return refuse
