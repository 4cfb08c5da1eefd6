"""Prints what decoding of NER costs beside the encoder, one table: python benchmarks/decoding.py [CHECKPOINT]"""

import sys
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

TYPES, TEXTS, TOKENS, REPEATS = 10, 64, 128, 15


def build_forward(checkpoint_folder):
    """Build the tagger with a CRF on a checkpoint; give its compiled forward pass, token ids, tag tables."""
    from zhlabel.backend import tf
    from zhlabel.checkpoints import find_checkpoint
    from zhlabel.encoder import load_encoder
    from zhlabel.heads import build_tagger
    from zhlabel.tags import mark_legal

    checkpoint = find_checkpoint(checkpoint_folder)
    starts, pairs = mark_legal([str(i) for i in range(TYPES)])
    model = build_tagger(load_encoder(checkpoint, seed=1), "crf", starts=starts, pairs=pairs, seed=1)
    random = np.random.default_rng(1)
    token_ids = random.integers(1, checkpoint.config["vocab_size"], (TEXTS, TOKENS)).astype(np.int32)
    ids = tf.TensorSpec([None, None], tf.int32)
    forward = tf.function(lambda *inputs: model(inputs, training=False), input_signature=[ids, ids])
    return forward, token_ids, starts, pairs


def find_spans(paths):
    """Give (first, last, type) of the entities that each path marks."""
    from zhlabel.tags import decode_entities

    names, found = [str(i) for i in range(TYPES)], []
    for path in paths:
        places = np.arange(len(path))
        entities = decode_entities(path, np.column_stack([places, places + 1]), names)
        found.append([(entity.start, entity.end - 1, int(entity.type)) for entity in entities])
    return found


def measure(call, *arguments):
    """Give (result, seconds)."""
    started = time.perf_counter()
    result = call(*arguments)
    return result, time.perf_counter() - started


def main(checkpoint_folder="albert_tiny"):
    from zhlabel.decoding import decode_paths, score_entities

    forward, token_ids, starts, pairs = build_forward(checkpoint_folder)
    tables = np.random.default_rng(2).standard_normal(pairs.shape), starts, pairs
    rows = []
    for _ in range(1 + REPEATS):  # the first one warms up
        emissions, encoding = measure(lambda: forward(token_ids, np.zeros_like(token_ids)).numpy())
        paths, decoding = measure(decode_paths, list(emissions), *tables)
        spans = find_spans(paths)
        _, scoring = measure(score_entities, list(emissions), *tables, spans)
        rows.append((encoding, decoding, scoring, decoding + scoring))
    medians = np.median(rows[1:], axis=0)
    ratios = np.median([np.array(row) / row[0] for row in rows[1:]], axis=0)
    print(
        f"{checkpoint_folder}, crf, {TYPES} types, {TEXTS} texts of {TOKENS} tokens, {sum(map(len, spans))} entities;"
    )
    print(f"medians of {REPEATS} interleaved repeats in one process\n")
    print("| step | milliseconds | share of the encoder's time |\n|:---|---:|---:|")
    names = ("encoder and head", "decode_paths", "score_entities", "decoding in all")
    for name, seconds, ratio in zip(names, medians, ratios, strict=True):
        print(f"| {name} | {1000 * seconds:.1f} | {ratio:.3f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
