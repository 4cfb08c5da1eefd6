"""Measures what each lever of training is worth: python -m benchmarks.levers TRAIN [--base] [--bfloat16]

Each line is this project's training with one thing put back or tried, in a process of its own; they take turns on the
same texts with random weights of albert_tiny's shape, or albert_base's. Needs nothing beside requirements.txt.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.side_by_side import (
    BASE,
    PROJECT,
    TRAIN_JOBS,
    describe_machine,
    measure_in_turn,
    start_workers,
    summarise,
    write_training,
)
from zhlabel.checkpoints import find_checkpoint
from zhlabel.data.examples import read_examples
from zhlabel.data.labels import collect_labels
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.errors import InputError

# Title to the function of benchmarks.contenders.ours_changed. The first is what the others' ratios are to.
CHANGES = {
    "as it is": "",
    "random order": "put_back_random_order",
    "bert4keras's GELU, layer norm and attention": "put_back_layers",
    "Keras's AdamW": "put_back_optimizer",
    "the last layer of all tokens": "put_back_whole_last_layer",
    "padded to multiples of 32": "try_padding_to_multiples",
    "padded to multiples of 32, XLA": "try_xla",
    "eight steps in one call": "try_steps_together",
    "like numbers of tokens a batch": "try_like_numbers_of_tokens",
    "half as large batches": "try_half_batches",
    "one operation at a time": "try_one_thread_between_operations",
}


def main(arguments):
    checkpoint, examples = find_checkpoint(str(PROJECT / "albert_tiny")), read_examples(arguments.train_file)
    config = checkpoint.config | (BASE if arguments.base else {})
    precision = "bfloat16" if arguments.bfloat16 else "float32"
    with tempfile.TemporaryDirectory() as folder:
        material, tokenizer = Path(folder) / "texts.npz", Tokenizer(read_vocabulary(checkpoint.vocab_file))
        write_training(material, examples, collect_labels(examples), tokenizer, steps=arguments.steps)
        shared = {"module": "ours_changed", "part": "train", "material": str(material), "config": config}
        chosen = {title: CHANGES[title] for title in arguments.changes}
        orders = {title: shared | {"change": change, "precision": precision} for title, change in chosen.items()}
        notes = []
        workers = start_workers(orders, notes)
        measured = measure_in_turn(precision, workers, TRAIN_JOBS, arguments.repeats)
    print("| what | change | median | unit | ratio |\n| --- | --- | ---: | --- | ---: |")
    print("\n".join(f"| {' | '.join(row)} |" for row in summarise(measured)))
    print("\n".join(f"- {note}" for note in [describe_machine(("tensorflow",)), *notes]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train_file", help="labelled texts, multi_label")
    parser.add_argument("--base", action="store_true", help="albert_base's shape in place of albert_tiny's")
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--changes", nargs="+", default=list(CHANGES), choices=CHANGES, metavar="TITLE")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="of a round")
    try:
        main(parser.parse_args())
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
