"""Prints what decoding of NER costs beside the encoder, one table: python -m benchmarks.decoding [CHECKPOINT]"""

import sys
import time

import numpy as np

from zhlabel.data.tokenizer import Encodings
from zhlabel.tasks import TASKS

NAMES, TEXTS, TOKENS, REPEATS = [f"type{i}" for i in range(10)], 64, 128, 15


def make_table(vocabulary_size):
    """Build Encodings of random tokens, as long as a row may be."""
    ids = np.random.default_rng(1).integers(5, vocabulary_size, TEXTS * TOKENS).astype(np.int32)
    places = np.tile(np.arange(TOKENS, dtype=np.int32), TEXTS)
    texts, lengths = np.arange(TEXTS), np.full(TEXTS, TOKENS)
    return Encodings(
        ids, np.arange(TEXTS + 1) * TOKENS, lengths, np.column_stack([places, places + 1]), texts, 0 * texts
    )


def measure(call):
    """Return (result, seconds)."""
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def main(checkpoint_folder="albert_tiny"):
    from zhlabel.checkpoints import find_checkpoint
    from zhlabel.inference.tensorflow import predict_rows
    from zhlabel.models.encoder import load_encoder

    task, checkpoint = TASKS["ner"](NAMES), find_checkpoint(checkpoint_folder)
    model = task.build_model(load_encoder(checkpoint, seed=1), head="crf", seed=1)
    table, rows = make_table(checkpoint.config["vocab_size"]), []
    for _ in range(1 + REPEATS):  # the first one warms up
        outputs, encoding = measure(lambda: predict_rows(model, table, batch_size=TEXTS))
        outputs[:, 0] += np.quantile(outputs.max(axis=1) - outputs[:, 0], 0.9)  # O for nine tokens in ten, as in texts
        state = task.read_state(model)
        found, decoding = measure(lambda: task.predict(outputs, table, long_text="windows", state=state))  # noqa: B023
        rows.append((encoding, decoding))
    medians = np.median(rows[1:], axis=0)
    share = np.median([decoding / encoding for encoding, decoding in rows[1:]])
    print(f"{checkpoint_folder}, crf, {len(NAMES)} types, {TEXTS} texts of {TOKENS} tokens,")
    print(f"{sum(map(len, found))} entities; medians of {REPEATS} interleaved repeats in one process\n")
    print("| step | milliseconds |\n|:---|---:|")
    for name, seconds in zip(("encoder and head", "emissions to entities with probabilities"), medians, strict=True):
        print(f"| {name} | {1000 * seconds:.1f} |")
    print(f"\ndecoding takes {share:.3f} of the encoder's time")


if __name__ == "__main__":
    main(*sys.argv[1:])
