"""Runs work on chunks in several processes, in order, without ever holding more chunks than are being worked on."""

import collections
import concurrent.futures
import itertools
import multiprocessing
import os
import signal
import threading
from concurrent.futures.process import BrokenProcessPool

from zhlabel.errors import InputError


def map_chunks(make_worker, arguments, chunks, *, processes):
    """Return the result of each chunk, in order.

    Each process makes its own worker once. At most two chunks a process wait or are worked on, so that memory does not
    grow with their number. One process means this one, and so does a single chunk. The scripts that use this must be
    importable: new processes import them, since a fork would copy the locks of whatever threads there are, TensorFlow's
    among them. They end when this one dies, however it dies.

    Args:
        make_worker: a class or function of a module; called with ``arguments``, it gives a function of one chunk.
        arguments: tuple of what it needs, which can be pickled.
        chunks: an iterable of chunks, read as they are needed.
        processes: how many processes, at least 1.

    Yields:
        The results.

    Raises:
        What the worker raises; InputError, a process was killed.
    """
    if processes > 1:
        first = list(itertools.islice(chunks := iter(chunks), 2))
        chunks, processes = itertools.chain(first, chunks), processes if len(first) > 1 else 1
    if processes == 1:
        yield from map(make_worker(*arguments), chunks)
        return
    context = multiprocessing.get_context("spawn")
    waiting = collections.deque()
    with concurrent.futures.ProcessPoolExecutor(processes, context, _start_process, (make_worker, arguments)) as pool:
        try:
            for chunk in chunks:
                waiting.append(pool.submit(_work, chunk))
                if len(waiting) >= 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise InputError(
                f"one of {processes} processes was killed, as systems do when memory runs out. Give fewer with "
                "--processes and start the same command again."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_process(make_worker, arguments):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _make, _worker
    # Made with the first chunk: what goes wrong then is raised where the result is awaited.
    _make, _worker = (lambda: make_worker(*arguments)), None


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)  # a killed parent leaves its processes waiting for chunks for ever


def _work(chunk):
    global _worker
    _worker = _worker or _make()
    return _worker(chunk)
