"""Labels new Chinese text with a trained run: python model_predict.py "first text" "second text" """

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import functools
import json
import sys

import zhlabel
from zhlabel.cli.inputs import choose_texts
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.data.kept import list_kept, read_kept
from zhlabel.data.layout import Layout
from zhlabel.data.texts import count_texts, read_standard_input, read_texts
from zhlabel.inference.job import find_text_column, label_into_file, label_rows
from zhlabel.inference.openvino import PRECISIONS
from zhlabel.inference.writers.formats import RESULT_NAMES
from zhlabel.io.files import hold_output

RUN = ""  # "": the newest finished run; else a folder, or a name under runs/
INPUT_FILE = ""  # .txt .csv .tsv .json .jsonl (also .gz, .xz) .parquet .xlsx .ods; "": TEXTS, or standard input
OUTPUT_FILE = ""  # .csv .jsonl .parquet .xlsx, for ner .bio too; "": JSON lines on standard output
THRESHOLD = ""  # "": the run's own; else what a label or entity must reach: "0.35" or "logit:-0.6" (not multi_class)
BATCH_SIZE = 16  # texts at once; changes speed and memory, not the result
PRECISION = "float32"  # or int8, or bfloat16 where the processor has it: faster; probabilities differ by hundredths
TEXT_COLUMN = ""  # of INPUT_FILE; "": as the run was trained, else a usual name; "title,abstract": joined by a line end
KEEP_COLUMNS = False  # True: INPUT_FILE's other columns stand in the results too
TOP_K = 0  # so many of the most probable labels of a text, whatever the threshold; 99: all (not ner)
TEXTS = [  # labelled when nothing else is given; texts on the command line take their place
    "云岭机械宣布裁员四百人，工会已提起诉讼",
    "凌晨三点多，甘孜震感明显，县城部分老屋出现裂缝",
    "省图书馆周末延长开放时间至晚上九点",
]


def main(settings):
    progress = TerminalProgress("text", file=sys.stderr)
    with hold_output(settings.output_file):  # first, so that a second writer ends before it loads anything
        from_file = settings.input_file and "texts" not in settings.given
        layout = Layout(settings.text_column or (find_text_column(settings.run) if from_file else ""))
        keep = settings.keep_columns and settings.input_file != ""
        read = functools.partial(read_kept, avoid=RESULT_NAMES) if keep else read_texts
        texts, total = choose_texts(
            settings.texts,
            settings.input_file,
            is_given="texts" in settings.given,
            read=functools.partial(read, layout=layout, warn=progress.note),
            read_stream=read_standard_input,
            count=functools.partial(count_texts, layout=layout) if settings.output_file else None,
            script_name="model_predict.py",
            progress=progress,
        )
        run = zhlabel.load(settings.run, precision=settings.precision, progress=progress)
        progress.note(f"run: {run.folder}")
        options = {"threshold": settings.threshold, "batch_size": settings.batch_size, "top_k": settings.top_k}
        if settings.output_file:
            if keep:
                options["kept"] = list_kept(settings.input_file, layout=layout, avoid=RESULT_NAMES)
            options |= {"input_file": settings.input_file, "total": total, "progress": progress}
            label_into_file(run, texts, settings.output_file, **options)
            progress.note(f"written: {settings.output_file}")
            return
        chunk_size = settings.batch_size if settings.input_file else 1
        label = functools.partial(label_rows, run) if keep else run.label
        for result in label(texts, **options, chunk_size=chunk_size):
            print(json.dumps(result, ensure_ascii=False), flush=chunk_size == 1)


LIMITS = {"RUN": str, "THRESHOLD": str, "BATCH_SIZE": (1, 65_536), "TOP_K": (0, 65_536), "PRECISION": PRECISIONS}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS, bare="TEXTS", notes=sys.stderr)
