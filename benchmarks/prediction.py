"""Times prediction through the exported graph and through TensorFlow: python -m benchmarks.prediction RUN DATA_FILE"""

import functools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from zhlabel.data.examples import read_examples
from zhlabel.inference.run import load_run
from zhlabel.inference.tensorflow import load_model
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.record import GRAPH_FILES

PROJECT = Path(__file__).parents[1]
REPEATS, SINGLE_TEXTS, BATCH = 5, 200, 16


def main(folder, data_file):
    """Compare the outputs, then time each in turn, so that both meet the same machine."""
    from zhlabel.inference.tensorflow import predict_rows

    run, texts = load_run(folder), [example.text for example in read_examples(data_file)]
    engines = {"graph": run.predict_rows, "TensorFlow": functools.partial(predict_rows, load_model(RunFolder(folder)))}
    table = run.encode(texts)
    outputs = {name: engine(table, batch_size=BATCH) for name, engine in engines.items()}  # compiles both, too
    print(f"largest difference of outputs: {np.abs(outputs['graph'] - outputs['TensorFlow']).max():.1e}\n")
    many = time_in_turn({name: functools.partial(engine, table, batch_size=BATCH) for name, engine in engines.items()})
    single = {name: [] for name in engines}
    for text in texts[:SINGLE_TEXTS]:
        alone = run.encode([text])
        for name, engine in engines.items():
            single[name].append(measure(lambda engine=engine, alone=alone: engine(alone, batch_size=1)))
    with tempfile.TemporaryDirectory() as temporary:
        without = RunFolder(shutil.copytree(folder, Path(temporary) / "run"))
        for name in GRAPH_FILES:
            (without.path / name).unlink()
        without.update(files=GRAPH_FILES)
        folders = dict(zip(engines, (folder, without.path), strict=True))
        cold = time_in_turn({name: functools.partial(start, path) for name, path in folders.items()})
    print(f"| {len(texts):,} texts | texts per second | one text, p50 ms | p99 ms | cold start, s |")
    print("|---|---:|---:|---:|---:|")
    for name in engines:
        p50, p99 = np.percentile(single[name], (50, 99)) * 1000
        print(f"| {name} | {len(texts) / many[name]:,.0f} | {p50:.1f} | {p99:.1f} | {cold[name]:.2f} |")


def start(folder):
    command = [sys.executable, "model_predict.py", "--run", str(folder), "云岭机械宣布裁员四百人，工会已提起诉讼"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)


def time_in_turn(steps):
    """Return the median seconds of each step, taken in turn."""
    seconds = {name: [] for name in steps}
    for _ in range(REPEATS):
        for name, step in steps.items():
            seconds[name].append(measure(step))
    return {name: statistics.median(values) for name, values in seconds.items()}


def measure(step):
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()), sys.argv[2])
