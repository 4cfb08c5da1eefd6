"""A contender's own process: reads jobs, a line of JSON each, does them, and answers each with a line of JSON.

python -m benchmarks.contenders.worker '{"module": ..., "part": "train" or "predict", "material": FILE, ...}'
"""

import importlib
import json
import os
import resource
import sys
import time
from functools import partial

import numpy as np

from zhlabel.data.batching import pad_rows
from zhlabel.data.tokenizer import Encodings
from zhlabel.errors import InputError

BATCH, CHECKED, SINGLE = 16, 64, 200


def main(order):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        jobs = PARTS[order.pop("part")](importlib.import_module(f"benchmarks.contenders.{order.pop('module')}"), order)
    except InputError as problem:
        print(json.dumps({"left_out": str(problem)}), file=answers, flush=True)
        return
    print(json.dumps({}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(jobs[line.strip()]()), file=answers, flush=True)


def prepare_training(module, order):
    """Return the jobs of a training: "pass" over all texts gives the texts per second."""
    arrays = dict(np.load(order.pop("material")))
    targets, table = arrays.pop("targets"), Encodings(**arrays)
    fit_epoch = module.load_trainer(table, targets, **order)
    epochs = iter(range(sys.maxsize))
    return {"pass": lambda: [len(table) / fit_epoch(next(epochs))], "memory": lambda: [measure_memory()]}


def prepare_prediction(module, order):
    """Return the jobs of a prediction: all texts, one after the other, and the probabilities of the first."""
    table = Encodings(**np.load(order.pop("material")))
    predict = module.load_predictor(**order)
    first, singles = take_rows(table, 0, CHECKED), [take_rows(table, row, row + 1) for row in range(SINGLE)]
    singles = [single for single in singles if len(single)]

    def label_singly():
        return np.percentile([1000 * measure(partial(predict, single, 1)) for single in singles], (50, 99)).tolist()

    return {
        "check": lambda: predict(first, BATCH).tolist(),
        "all": lambda: [len(table) / measure(lambda: predict(table, BATCH))],
        "single": label_singly,
        "memory": lambda: [measure_memory()],
    }


PARTS = {"train": prepare_training, "predict": prepare_prediction}


def take_rows(table, begin, end):
    """Return the rows from ``begin`` to before ``end`` of a table of one row a text."""
    end = min(end, len(table))
    tokens = slice(table.starts[begin], table.starts[end]) if begin < end else slice(0)
    return Encodings(
        table.token_ids[tokens],
        table.starts[begin : end + 1] - table.starts[begin] if begin < end else np.zeros(1, np.int64),
        table.full_lengths[begin:end],
        table.offsets[tokens],
        np.arange(max(end - begin, 0)),
        table.firsts[begin:end],
    )


def map_in_order(forward, table, *, batch_size):
    """Run a function of padded batches over W rows as they come: int32 [B, T] to float32 [B, L], together [W, L]."""
    places = np.array_split(np.arange(len(table)), range(batch_size, len(table), batch_size))
    return np.concatenate([forward(pad_rows(table.token_ids, table.starts, indices)) for indices in places])


def order_at_random(count, *, epoch):
    """Put N texts into random batches, for contenders that do not look at lengths: N // B or one more index arrays."""
    order = np.random.default_rng(epoch).permutation(count)
    return np.array_split(order, range(BATCH, count, BATCH))


def measure(step):
    """Return the seconds that a step takes."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def measure_memory():
    """Return the peak of this process's resident memory in MiB; macOS counts it in bytes, Linux in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
