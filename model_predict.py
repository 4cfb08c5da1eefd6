"""Labels new Chinese text with a trained run: python model_predict.py "first text" "second text" """

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import functools
import json
import sys
from itertools import islice

from tqdm import tqdm

from zhlabel.cli.settings import run_script
from zhlabel.data.texts import count_texts, read_standard_input, read_texts
from zhlabel.decisions.thresholds import parse_threshold
from zhlabel.errors import InputError
from zhlabel.inference.openvino import PRECISIONS
from zhlabel.inference.run import load_run
from zhlabel.inference.writers import open_writer
from zhlabel.io.files import hash_file, hold_output
from zhlabel.runs.find import find_newest_run, locate_run

RUN = ""  # "": the newest finished run; else a folder, or a name under runs/
INPUT_FILE = ""  # .txt .csv .tsv .json .jsonl (also .gz, .xz) .parquet .xlsx .ods; "": TEXTS, or standard input
OUTPUT_FILE = ""  # .csv .jsonl .parquet, for ner .bio too; "": JSON lines on standard output
THRESHOLD = ""  # "": the run's own; else what a label or entity must reach: "0.35" or "logit:-0.6" (not multi_class)
BATCH_SIZE = 16  # texts at once; changes speed and memory, not the result
PRECISION = "float32"  # or int8, or bfloat16 where the processor has it: faster; probabilities differ by hundredths
TEXTS = [  # labelled when nothing else is given; texts on the command line take their place
    "云岭机械宣布裁员四百人，工会已提起诉讼",
    "凌晨三点多，甘孜震感明显，县城部分老屋出现裂缝",
    "省图书馆周末延长开放时间至晚上九点",
]


def main(settings):
    with hold_output(settings.output_file):  # first, so that a second writer ends before it loads anything
        label_and_write(settings, parse_threshold(settings.threshold))


def label_and_write(settings, threshold):
    """Label the texts and write each result, or print it."""
    folder = locate_run(settings.run) if settings.run else find_newest_run()
    texts, total = choose_texts(settings)
    print(f"run: {folder}", file=sys.stderr)
    run = load_run(folder, precision=settings.precision, note=functools.partial(print, file=sys.stderr))
    thresholds = run.settle_thresholds(threshold)
    if not settings.output_file:
        chunk_size = settings.batch_size if settings.input_file else 1
        for result in label_texts(run, texts, thresholds, settings.batch_size, chunk_size):
            print(json.dumps(result, ensure_ascii=False), flush=chunk_size == 1)
        return
    weights = hash_file(folder / "weights.safetensors")
    job = {"run": folder.as_posix(), "weights": weights, "thresholds": thresholds.to_record()}
    job["precision"] = settings.precision
    with open_writer(settings.output_file, task=run.task.name, job=job, input_file=settings.input_file) as writer:
        if writer.note:
            print(writer.note, file=sys.stderr)
        results = label_texts(run, islice(texts, writer.done, None), thresholds, settings.batch_size, CHUNK_TEXTS)
        with tqdm(total=total, initial=writer.done, unit="text", smoothing=0.05, file=sys.stderr) as bar:
            try:
                while chunk := list(islice(results, CHUNK_TEXTS)):
                    writer.write(chunk)
                    bar.update(len(chunk))
            except KeyboardInterrupt:
                next_time = "goes on from here" if writer.resumable else "begins again"
                bar.write(f"{writer.done:,} texts are labelled; the same command {next_time}.", file=sys.stderr)
                raise
    print(f"written: {settings.output_file}", file=sys.stderr)


def choose_texts(settings):
    """Return the texts to label and, where it is known, how many they are."""
    is_given = settings.texts != tuple(TEXTS)
    if settings.input_file and is_given:
        raise InputError(
            f"model_predict.py: texts are given and --input-file {settings.input_file} too. Leave one out."
        )
    if settings.input_file:
        return read_texts(settings.input_file), count_texts(settings.input_file) if settings.output_file else None
    if is_given or sys.stdin.isatty():
        return iter(settings.texts), len(settings.texts)
    print("reading texts from standard input, a line each", file=sys.stderr)
    return read_standard_input(sys.stdin), None


def label_texts(run, texts, thresholds, batch_size, chunk_size):
    """Return a result for each text, in order; chunk by chunk, so that memory does not grow with their number."""
    texts = iter(texts)
    while chunk := list(islice(texts, chunk_size)):
        predictions = run.predict_encoded(run.encode(chunk), batch_size=batch_size)
        decided = run.task.decide(predictions, thresholds)
        for text, prediction, chosen in zip(chunk, predictions, decided, strict=True):
            yield {"text": text, **run.task.format_prediction(text, prediction, chosen)}


# Texts read, sorted by length and labelled at a time; a kill loses at most so many results
CHUNK_TEXTS = 1024

if __name__ == "__main__":
    run_script(
        main,
        globals(),
        limits={"BATCH_SIZE": (1, 65_536), "PRECISION": PRECISIONS},
        bare="TEXTS",
        notes=sys.stderr,
    )
