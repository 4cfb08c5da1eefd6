"""Scores trained runs on labelled texts they have not seen, and writes the reports: python model_evaluate.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import zhlabel
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script, split_list
from zhlabel.inference.openvino import PRECISIONS

RUN = ""  # "": the newest finished run; else a folder, or a name under runs/; several, with commas, are compared
DATA_FILE = ""  # labelled texts, in any form that training reads; several with commas; "": the sample's, for its runs
THRESHOLD = ""  # "": the run's own; else what a label or entity must reach: "0.35" or "logit:-0.6" (not multi_class)
BASELINE = True  # also learns the run's training file without the encoder, to show what that is worth
BATCH_SIZE = 16  # texts at once; changes speed and memory, not the result
PRECISION = "float32"  # or int8, or bfloat16 where the processor has it: faster; probabilities differ by hundredths
# Seldom changed
TEXT_COLUMN = ""  # "": as the run was trained; else the column of the texts; "title,abstract" are joined by a line end
LABEL_COLUMN = ""  # "": as the run was trained; else the column of the labels; several, with 0 and 1, are a label each
LABEL_SEPARATOR = ""  # "": as in the run's training texts; else what stands between labels; none: a cell is one label


def main(settings):
    runs, files, progress = split_list(settings.run), split_list(settings.data_file), TerminalProgress()
    options = {
        name: getattr(settings, name)
        for name in [
            "threshold",
            "baseline",
            "batch_size",
            "precision",
            "text_column",
            "label_column",
            "label_separator",
        ]
    }
    if len(runs) > 1:
        reports = [zhlabel.compare(runs, files, **options, progress=progress)]
    else:
        reports = zhlabel.evaluate("".join(runs), files, **options, progress=progress)
    for report in reports:
        print(report.text)
        page = report.folder / "report.html"
        print(f"written: {report.folder}" + (f"; to look at: {page}" if page.is_file() else ""))


LIMITS = {"RUN": str, "THRESHOLD": str, "BATCH_SIZE": (1, 65_536), "PRECISION": PRECISIONS}

if __name__ == "__main__":
    run_script(main, globals(), limits=LIMITS)
