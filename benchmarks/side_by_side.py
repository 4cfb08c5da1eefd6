"""Compares this project with `transformers` and plain bert4keras: python -m benchmarks.side_by_side RUN TRAIN TEST OUT

Same weights, same texts, one machine. First all contenders must give the same probabilities. Then each works in a
process of its own, one at a time and in turn, so that all meet the same machine; the others wait and use no processor.
OUT gets side_by_side.csv and side_by_side.md. Needs requirements/bench.txt beside requirements.txt.
"""

import argparse
import csv
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks.contenders.worker import BATCH, CHECKED, SINGLE, measure
from zhlabel.data.examples import read_examples
from zhlabel.data.labels import encode_labels, read_labels
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.errors import InputError
from zhlabel.io.files import write_whole
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.record import GRAPH_FILES

PROJECT = Path(__file__).resolve().parents[1]
TRAIN_LENGTH, BASE_SHARE, TOLERANCE = 256, 6, 1e-4
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
TEXT = "云岭机械宣布裁员四百人，工会已提起诉讼"
VERSIONS = ("tensorflow", "bert4keras", "torch", "transformers", "openvino", "onnxruntime")
# Name to module and options. The first is what the others' ratios are to.
TRAINERS = {
    "zhlabel, float32": {"module": "ours", "precision": "float32"},
    "zhlabel, bfloat16": {"module": "ours", "precision": "bfloat16"},
    "transformers, defaults": {"module": "transformers_torch", "best": False},
    "transformers, best settings": {"module": "transformers_torch", "best": True},
    "plain bert4keras": {"module": "plain_bert4keras"},
}
_TORCH = {"module": "transformers_torch", "precision": "float32", "grouped": True}
PREDICTORS = {
    "zhlabel, float32": {"module": "ours", "precision": "float32"},
    "zhlabel, bfloat16": {"module": "ours", "precision": "bfloat16"},
    "zhlabel, int8": {"module": "ours", "precision": "int8"},
    "transformers, defaults": _TORCH | {"grouped": False},
    "transformers, defaults, batches of 32": _TORCH | {"grouped": False, "batch_size": 32},
    "transformers, by length": _TORCH,
    "transformers, by length, autocast to bfloat16": _TORCH | {"precision": "autocast"},
    "transformers, by length, weights in bfloat16": _TORCH | {"precision": "bfloat16"},
    "transformers, by length, ONNX": {"module": "transformers_onnx"},
    "plain bert4keras": {"module": "plain_bert4keras"},
}
# Jobs of a worker, and what they measure with its unit.
TRAIN_JOBS = {"pass": [("texts a second", "texts/s")]}
PREDICT_JOBS = {"all": [("texts a second", "texts/s")], "single": [("one text, p50", "ms"), ("one text, p99", "ms")]}


class Worker:
    """A contender in a process of its own, which waits for jobs.

    Args:
        order: its module, its part, and what that part takes.
    """

    def __init__(self, order):
        command = [sys.executable, "-m", "benchmarks.contenders.worker", json.dumps(order)]
        environment = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdin=pipe, stdout=pipe, text=True)
        self.left_out = self._read().get("left_out", "")

    def do(self, job):
        """Return what a job measured, one number for each of its quantities."""
        self._process.stdin.write(f"{job}\n")
        self._process.stdin.flush()
        return self._read()

    def close(self):
        self._process.stdin.close()
        self._process.wait()

    def _read(self):
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a worker ended with status {self._process.wait()}; its own message is above")
        return json.loads(answer)


def start_workers(orders, notes):
    """Start a worker for each contender, one after the other; note those that this machine can't run."""
    workers = {}
    for name, order in orders.items():
        print(f"  {name}", flush=True)
        worker = Worker(order)
        if worker.left_out:
            note = f"{name} was left out: {worker.left_out}"
            notes += [note] if note not in notes else []
            worker.close()
        else:
            workers[name] = worker
    return workers


def measure_in_turn(what, workers, jobs, repeats):
    """Let each worker do the jobs unmeasured, then in turn; end them, and give the measurements.

    Returns:
        dict of (what, unit) to a dict of contender to one number a round.
    """
    measured = {}
    for turn in range(1 + repeats):
        print(f"  {what}: {f'round {turn} of {repeats}' if turn else 'warming up'}", flush=True)
        for name, worker in workers.items():
            for job, quantities in jobs.items():
                for (quantity, unit), value in zip(quantities, worker.do(job), strict=True):
                    if turn:
                        measured.setdefault((f"{what}: {quantity}", unit), {}).setdefault(name, []).append(value)
    for name, worker in workers.items():
        measured.setdefault((f"{what}: peak memory", "MiB"), {})[name] = worker.do("memory")
        worker.close()
    return measured


def compare_probabilities(workers):
    """Compare the first texts' probabilities with zhlabel's in float32; give a line for each contender.

    Raises:
        InputError: a contender that computes in float32 does not say the same.
    """
    expected, lines = None, []
    for name, worker in workers.items():
        found = np.array(worker.do("check"))
        expected = found if expected is None else expected
        difference = np.abs(found - expected).max()
        lines.append(f"{name}: {difference:.1e}")
        if not name.endswith(("bfloat16", "int8")) and not difference <= TOLERANCE:
            raise InputError(f"{name}: probabilities differ by {difference:.1e} from zhlabel's, expected {TOLERANCE}.")
    return lines


def compare_starts(commands, repeats):
    """Time processes from nothing to a text's labels, in turn, after one that fills the system's file cache."""

    def start(command):
        subprocess.run([sys.executable, *command], cwd=PROJECT, check=True, capture_output=True)

    seconds = {name: [] for name in commands}
    for turn in range(1 + repeats):
        for name, command in commands.items():
            value = measure(lambda command=command: start(command))
            seconds[name] += [value] if turn else []
    return {("prediction: cold start to one text's labels", "s"): seconds}


def prepare(run, train_file, test_file, folder, steps):
    """Tokenise once for all: write the texts of both trainings and of the prediction as .npz; give their paths.

    Raises:
        InputError: RUN is not what can be compared.
    """
    folder = RunFolder(run)
    record, config = folder.record, folder.encoder_config
    if (record["task"], config["family"], record["settings"]["long_text"]) != ("multi_label", "albert", "cut"):
        raise InputError(
            f'{run}: a {record["task"]} run of family "{config["family"]}", long texts '
            f'"{record["settings"]["long_text"]}". Compared is multi_label, "albert" (the bundled albert_tiny), "cut".'
        )
    if not folder.has(*GRAPH_FILES):
        raise InputError(f"{run}: the graph that runs without TensorFlow is missing. Train the run anew.")
    tokenizer = Tokenizer(read_vocabulary(run / "vocab.txt"))
    names, examples = read_labels(run / "label.json"), read_examples(train_file)
    paths = {part: folder / f"{part}.npz" for part in ("tiny", "base", "test")}
    for part, count in (("tiny", steps), ("base", max(steps // BASE_SHARE, 1))):
        write_training(paths[part], examples, names, tokenizer, steps=count)
    texts = [example.text for example in read_examples(test_file)]
    np.savez(paths["test"], **asdict(tokenizer.encode(texts, max_length=record["settings"]["max_length"])))
    return {part: str(path) for part, path in paths.items()}


def write_training(path, examples, names, tokenizer, *, steps):
    """Write the texts of so many steps, drawn at random and tokenised, and their labels as .npz."""
    chosen = np.random.default_rng(1).permutation(len(examples))[: steps * BATCH]
    some = [examples[i] for i in chosen]
    table = tokenizer.encode([example.text for example in some], max_length=TRAIN_LENGTH)
    np.savez(path, targets=encode_labels(some, names), **asdict(table))


def summarise(measured):
    """Return the table's rows: what, contender, median, unit, median of the rounds' ratios to the first contender."""
    for (what, unit), contenders in measured.items():
        first = next(iter(contenders.values()))
        for name, values in contenders.items():
            ratio = statistics.median(value / base for value, base in zip(values, first, strict=True))
            yield what, name, f"{statistics.median(values):.4g}", unit, f"{ratio:.2f}"


def describe_machine(packages=VERSIONS):
    """Name processor, cores and the versions of Python and these packages."""
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), processor)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        versions = ", ".join(f"{name} {version(name)}" for name in packages)
    except PackageNotFoundError as problem:
        raise InputError(f"{problem.name} is not installed. `make bench` installs what is compared.") from None
    return f"{processor}, {cores} cores; Python {platform.python_version()}, {versions}"


def write_tables(rows, notes, out):
    """Write the table as csv and as Markdown, and print the latter."""
    titles = ("what", "contender", "median", "unit", "ratio")
    with write_whole(out / "side_by_side.csv") as stream:
        csv.writer(stream, lineterminator="\n").writerows([titles, *rows])
    lines = [f"| {' | '.join(row)} |" for row in (titles, ("---", "---", "---:", "---", "---:"), *rows)]
    text = "\n".join([*lines, "", *(f"- {note}" for note in notes)]) + "\n"
    with write_whole(out / "side_by_side.md") as stream:
        stream.write(text)
    print(f"\n{text}")


def compare_predictions(run, material, written, notes, repeats):
    """Write the run for the others, compare what all say, and measure many texts, one alone, and cold starts."""
    print("writing the run for transformers and ONNX", flush=True)
    command = [sys.executable, "-m", "benchmarks.contenders.transformers_folder", str(run), str(written)]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    orders = {
        name: {"part": "predict", "material": material}
        | options
        | ({"folder": str(written)} if options["module"].startswith("transformers") else {"run": str(run)})
        for name, options in PREDICTORS.items()
    }
    workers = start_workers(orders, notes)
    agreement = compare_probabilities(workers)
    notes.append(f"largest difference of {CHECKED} texts' probabilities from zhlabel's: {'; '.join(agreement[1:])}")
    print(f"  {notes[-1]}", flush=True)
    commands = {
        "zhlabel": ["model_predict.py", "--run", str(run), TEXT],
        "transformers": ["-m", "benchmarks.contenders.transformers_cold", str(written), TEXT],
    }
    return measure_in_turn("prediction", workers, PREDICT_JOBS, repeats) | compare_starts(commands, repeats)


def compare_trainings(run, paths, notes, repeats):
    """Measure trainings from random weights, of the run's shape and of albert_base's."""
    measured, config = {}, RunFolder(run).encoder_config
    for part, shape in (("tiny", config), ("base", config | BASE)):
        order = {"part": "train", "material": paths[part], "config": shape}
        workers = start_workers({name: order | options for name, options in TRAINERS.items()}, notes)
        what = f"training, {shape['num_hidden_layers']} layers of {shape['hidden_size']}"
        measured |= measure_in_turn(what, workers, TRAIN_JOBS, repeats)
    return measured


def main(arguments):
    run, out, repeats = Path(arguments.run).resolve(), Path(arguments.out), arguments.repeats
    notes = [
        describe_machine(),
        f"{datetime.date.today()}; medians of {repeats} rounds; ratio: median over the rounds of the number divided by "
        "that of the group's first line",
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = prepare(run, arguments.train_file, arguments.test_file, folder, arguments.steps)
        counts = {part: len(np.load(path)["owners"]) for part, path in paths.items()}
        notes.append(
            f"a pass of training: {counts['tiny']:,} texts for the smaller encoder, {counts['base']:,} for the larger, "
            f"in batches of {BATCH}; prediction: {counts['test']:,} texts, one at a time {min(SINGLE, counts['test'])}"
        )
        measured = {}
        if "prediction" in arguments.parts:
            measured |= compare_predictions(run, paths["test"], folder / "transformers", notes, repeats)
        if "training" in arguments.parts:
            measured |= compare_trainings(run, paths, notes, repeats)
    write_tables(list(summarise(measured)), notes, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a finished multi_label run of the bundled albert_tiny")
    parser.add_argument("train_file")
    parser.add_argument("test_file")
    parser.add_argument("out", help="folder for side_by_side.csv and side_by_side.md")
    parser.add_argument("--parts", nargs="+", default=["prediction", "training"], choices=["prediction", "training"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60, help="of a training pass; a sixth for the larger encoder")
    try:
        main(parser.parse_args())
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
