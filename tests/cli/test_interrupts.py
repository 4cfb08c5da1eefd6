"""interrupts.py: Ctrl-C comes where it is asked for, and is never lost."""

import signal
import threading

import pytest

from zhlabel.cli.interrupts import defer_interrupt


def test_it_is_raised_where_the_block_asks_for_it(press_ctrl_c):
    reached = []
    with pytest.raises(KeyboardInterrupt), defer_interrupt() as check:
        check()
        press_ctrl_c()
        reached.append("behind")
        check()
        reached.append("never")
    assert reached == ["behind"]
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()  # Python's handler is back


def test_it_is_raised_at_the_end_where_nobody_asked_and_at_once_where_it_is_pressed_again(press_ctrl_c):
    reached = []
    with pytest.raises(KeyboardInterrupt), defer_interrupt():
        press_ctrl_c()
        reached.append("end")
    with pytest.raises(KeyboardInterrupt), defer_interrupt():
        press_ctrl_c()
        press_ctrl_c()
        reached.append("never")
    assert reached == ["end"]


def test_an_error_of_the_block_stays_what_it_is(press_ctrl_c):
    with pytest.raises(ZeroDivisionError), defer_interrupt():
        press_ctrl_c()
        raise ZeroDivisionError


def test_what_is_not_pythons_to_raise_is_left_alone(press_ctrl_c):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with defer_interrupt() as check:
        press_ctrl_c()
        check()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.default_int_handler)
    done = []

    def work():
        with defer_interrupt() as check:
            check()
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler
