"""Several runs on several files: their figures side by side, and which differ by more than chance."""

import contextlib
import itertools
import re
from pathlib import Path

from zhlabel.cli.commands import write_command
from zhlabel.errors import InputError
from zhlabel.evaluation.compare_text import format_comparison
from zhlabel.io.delimited import write_csv
from zhlabel.io.files import explain_write_errors, write_whole
from zhlabel.io.json import read_json, write_json
from zhlabel.metrics.outcomes import read_outcomes
from zhlabel.metrics.significance import compare_outcomes
from zhlabel.runs.record import RUNS_FOLDER

_FIGURES = ("micro f1-score", "accuracy", "macro f1-score", "hamming_loss")  # the first that a task has is its headline
_BY_LABELS = ("macro f1-score", "hamming_loss")  # they depend on how many labels a run knows
_COSTS = ("parameters", "size_mib", "texts_per_second", "peak_memory_mib")
_MOST_IN_ALL_PAIRS = 5  # runs; they make 10 pairs


def check_tasks(records):
    """Stop where runs can't be compared, before anything is evaluated.

    Args:
        records: {the run's folder: the dict of its run.json}.

    Raises:
        InputError: the runs are of different tasks.
    """
    runs = {}
    for folder, record in records.items():
        runs.setdefault(record["task"], []).append(str(folder))
    if len(runs) > 1:
        found = ", ".join(f"{task} ({', '.join(names)})" for task, names in runs.items())
        raise InputError(f"The runs are of different tasks and can't be compared: {found}. Name runs of one task.")


def read_evaluations(targets):
    """Read evaluations that are to be compared.

    Args:
        targets: folders of evaluations, each of one run on one file.

    Returns:
        A list of (dict of report.json, Outcomes).

    Raises:
        InputError: a file is missing or damaged.
    """
    evaluations = []
    for target in map(Path, targets):
        outcomes = read_outcomes(target / "outcomes.npz")  # first: its message says what to do
        evaluations.append((read_json(target / "report.json"), outcomes))
    return evaluations


def compare_evaluations(evaluations):
    """Lay the figures of runs side by side for each file, and test each pair of runs on the same texts.

    Up to five runs are tested each against each other, more of them the first against each other one: name the run
    first from which you start. ``significance.compare_outcomes`` says how p comes about. Since every test is another
    chance to be wrong, "p_holm" is corrected after Holm (1979, A simple sequentially rejective multiple test procedure)
    for all pairs on all files, each figure by itself: so Demsar (2006, Statistical comparisons of classifiers over
    multiple data sets) does with several runs, and Dror et al. (2017, Replicability analysis for natural language
    processing) with several files. The figures are not counted: they measure the same decisions, so choose one before
    you look.

    If the runs know different labels, macro F1 and Hamming loss are left out, and a note says so. What was evaluated
    twice counts once, the later time.

    Args:
        evaluations: as ``read_evaluations`` gives them; files are told apart by their sha256.

    Returns:
        A dict that JSON holds: "task"; "figures": names, the headline first; "notes": sentences; "files": for each
        file "file", "sha256", "texts", "runs" (run to "figures": name to value, low, high; "parameters", "size_mib",
        "texts_per_second", "peak_memory_mib", "thresholds") and "pairs" ("first", "second", "figures": name to
        difference, p, p_holm and what else ``compare_outcomes`` gives); "matrix": for each run "run", "trained_on"
        (None: unknown), "values" of the headline figure in the order of "files" (None: not evaluated), and "accuracy"
        likewise where the task has it.

    Raises:
        InputError: runs were evaluated on different numbers of texts of one file.
    """
    files = {}
    for report, outcomes in evaluations:
        files.setdefault(report["data"]["sha256"], {})[report["run"]] = (report, outcomes)
    task, figures, notes = _choose_figures(evaluations)
    compared = [_compare_on_file(runs, figures) for runs in files.values()]
    _correct_for_number(compared, figures)
    return {
        "task": task,
        "figures": figures,
        "notes": notes,
        "files": compared,
        "matrix": _cross(evaluations, compared, figures),
    }


def _choose_figures(evaluations):
    report = evaluations[0][0]
    figures = [name for name in _FIGURES if name in report["intervals"]]
    known = {report["run"]: set(outcomes.names) for report, outcomes in evaluations}
    some = set.union(*known.values()) - set.intersection(*known.values())
    if not some:
        return report["task"], figures, []
    counts = ", ".join(f"{run} {len(names)}" for run, names in known.items())
    examples = ", ".join(sorted(some)[:5]) + (f" and {len(some) - 5} more" if len(some) > 5 else "")
    note = (
        f"The runs know different labels ({counts}; not known to all: {examples}). Figures that depend on the number "
        "of labels are left out."
    )
    return report["task"], [name for name in figures if name not in _BY_LABELS], [note]


def _compare_on_file(runs, figures):
    data = next(iter(runs.values()))[0]["data"]
    _check_texts(runs, data["file"])
    return {
        **{key: data[key] for key in ("file", "sha256", "texts")},
        "runs": {run: _summarise(report, figures) for run, (report, _) in runs.items()},
        "pairs": [
            {
                "first": first,
                "second": second,
                "figures": compare_outcomes(runs[first][1], runs[second][1], figures=figures),
            }
            for first, second in _pair_runs(list(runs))
        ],
    }


def _check_texts(runs, file):
    counts = {run: outcomes.texts for run, (_, outcomes) in runs.items()}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{count:,} with {run}" for run, count in counts.items())
        raise InputError(
            f"{file}: runs were evaluated on different numbers of its texts: {found}. Evaluate anew: "
            + write_command("model_evaluate.py", run=",".join(runs), data_file=file)
        )


def _summarise(report, figures):
    values = {}
    for name in figures:
        low, high = report["intervals"][name]
        values[name] = {"value": _read_figure(report, name), "low": low, "high": high}
    return {"figures": values, **{key: report[key] for key in (*_COSTS, "thresholds")}}


def _read_figure(report, name):
    average, _, figure = name.partition(" ")
    return report[f"{average} avg"][figure] if figure else report[name]


def _pair_runs(runs):
    """Return pairs of runs in their order.

    >>> list(_pair_runs(["tiny", "base", "large"]))
    [('tiny', 'base'), ('tiny', 'large'), ('base', 'large')]
    """
    if len(runs) > _MOST_IN_ALL_PAIRS:
        return [(runs[0], other) for other in runs[1:]]
    return itertools.combinations(runs, 2)


def _correct_for_number(files, figures):
    """Set "p_holm" beside each "p"."""
    for name in figures:
        tests = sorted((pair["figures"][name] for file in files for pair in file["pairs"]), key=lambda test: test["p"])
        reached = 0.0
        for place, test in enumerate(tests):
            reached = test["p_holm"] = max(reached, min(1.0, (len(tests) - place) * test["p"]))


def _cross(evaluations, files, figures):
    def take(run, name):
        return [file["runs"][run]["figures"][name]["value"] if run in file["runs"] else None for file in files]

    trained_on = {report["run"]: report["data"].get("train_file") for report, _ in evaluations}
    return [
        {"run": run, "trained_on": train_file, "values": take(run, figures[0])}
        | ({"accuracy": take(run, "accuracy")} if "accuracy" in figures else {})
        for run, train_file in trained_on.items()
    ]


def write_comparison(comparison, folder):
    """Write a comparison as comparison.txt, comparison.csv (a row a figure of a run on a file) and comparison.json.

    Args:
        comparison: what ``compare_evaluations`` gives.
        folder: where to.
    """
    with write_whole(folder / "comparison.txt") as stream:
        stream.write(format_comparison(comparison) + "\n")
    columns = ("file", "run", "figure", "value", "low", "high")
    write_csv(_list_figures(comparison), columns, folder / "comparison.csv")
    write_json(comparison, folder / "comparison.json")


def _list_figures(comparison):
    for file in comparison["files"]:
        for run, row in file["runs"].items():
            place = {"file": file["file"], "run": run}
            for name, figure in row["figures"].items():
                yield {**place, "figure": name, **figure}
            for name, value in row["parameters"].items():
                yield {**place, "figure": f"parameters {name}", "value": value}
            for name in _COSTS[1:]:
                yield {**place, "figure": name, "value": row[name]}


@contextlib.contextmanager
def claim_comparison_folder():
    """Make the next free folder runs/compare-<n>, n from 1, so that no other process takes it; empty it goes again.

    Raises:
        InputError: it can't be made.
    """
    taken = [re.fullmatch(r"compare-(\d+)", path.name) for path in RUNS_FOLDER.glob("*")]
    first = 1 + max((int(match[1]) for match in taken if match), default=0)
    folder = next(filter(None, (_make_new(RUNS_FOLDER / f"compare-{number}") for number in itertools.count(first))))
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # it holds a comparison
            folder.rmdir()


def _make_new(folder):
    """Make a folder and return it; None where it is there already."""
    with explain_write_errors(folder):
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            return None
    return folder
