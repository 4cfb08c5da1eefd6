"""Work on chunks in several processes: order, what a worker is made from, memory, errors."""

import os

import pytest
from toy_work import Worker, make_refusing

from zhlabel.errors import InputError
from zhlabel.io.parallel import map_chunks


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order(processes):
    results = list(map_chunks(Worker, (3,), range(7), processes=processes))
    assert [value for value, _, _ in results] == [0, 3, 6, 9, 12, 15, 18]
    owners = {pid for _, pid, _ in results}
    assert (os.getpid() in owners) == (processes == 1)
    # One worker a process: the last call of each has counted all before it.
    assert sum(max(calls for _, each, calls in results if each == pid) for pid in owners) == 7


def test_few_chunks_are_read_ahead():
    read = []

    def count():
        for number in range(100):
            read.append(number)
            yield number

    results = map_chunks(Worker, (1,), count(), processes=2)
    next(results)
    assert len(read) <= 5
    results.close()


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_worker_raises_is_raised(processes):
    with pytest.raises(InputError, match="chunk 5 is bad"):
        list(map_chunks(make_refusing, (), [5, 6], processes=processes))


def test_no_chunks_give_no_results():
    assert list(map_chunks(Worker, (1,), [], processes=2)) == []
