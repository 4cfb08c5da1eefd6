"""Prints time and peak memory of labelling ever more lines: python benchmarks/predict_memory.py RUN 1000 1000000"""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def write_lines(path, count):
    """Write ``count`` different lines: the sample's test texts over and over, each with its number."""
    texts = (PROJECT / "data" / "test.csv").read_text(encoding="utf-8").splitlines()[1:]
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(
            f"{number} {text}\n" for number, text in zip(range(count), itertools.cycle(texts), strict=False)
        )


def main(run, *counts):
    print("| lines | seconds | lines per second | peak memory, MiB |")
    print("|---:|---:|---:|---:|")
    for count in map(int, counts):
        with tempfile.TemporaryDirectory() as folder:
            texts, labelled = Path(folder) / "texts.txt", Path(folder) / "labelled.jsonl"
            write_lines(texts, count)
            command = [
                sys.executable,
                "model_predict.py",
                "--run",
                run,
                "--input-file",
                texts,
                "--output-file",
                labelled,
            ]
            started = time.perf_counter()
            child = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - started
            written = labelled.read_bytes().count(b"\n") if status == 0 else 0
        if written != count:
            sys.exit(f"{count} lines: {written} results, exit status {status}")
        print(f"| {count:,} | {seconds:.0f} | {count / seconds:.0f} | {usage.ru_maxrss / 1024:.0f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
