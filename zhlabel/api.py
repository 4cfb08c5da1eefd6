"""What programs use: train, load, evaluate, compare, check, extract_keywords; the scripts stand on them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from zhlabel.cli.progress import Progress
from zhlabel.errors import InputError


def train(train_file="", *, given=None, earlier_labels=(), progress=None, **settings):
    """Train a model on labelled texts, and return it as a loaded run.

    Args:
        train_file: a file in any form that ``model_train.py`` reads, a list of (text, labels) pairs or of dicts with
            "text" and "label", or a pandas DataFrame with these columns; of the latter a copy is kept in runs/data.
        given: names of the settings that count where ``run`` names a training that has begun, which goes on as it was;
            by default those that are passed.
        earlier_labels: label names whose order is kept where the training texts have exactly these.
        progress: ``TerminalProgress()`` shows bars and notes, also in a notebook; None is silent.
        **settings: fields of ``training.settings.TrainingSettings``, the constants of model_train.py in lower case.

    Returns:
        The Run.

    Raises:
        InputError: what the user can put right: a file, a setting, a checkpoint.

    >>> train("data/train.csv", task="multi_label", checkpoint="albert_tiny", epochs=10)  # doctest: +SKIP
    Run(runs/albert_tiny-multi_label-1, multi_label, 14 labels)
    """
    from zhlabel.data.given import name_data
    from zhlabel.data.layout import Layout
    from zhlabel.runs.record import RUNS_FOLDER
    from zhlabel.training.recipe import train as run_recipe
    from zhlabel.training.settings import make_settings

    files = {"train_file": train_file, "dev_file": settings.pop("dev_file", "")}
    layout, folder = Layout.pick(settings), RUNS_FOLDER / "data"
    settings |= {name: name_data(data, folder, layout=layout) for name, data in files.items() if _is_given(data)}
    chosen, given = make_settings(settings), frozenset(settings) if given is None else given
    return load(run_recipe(chosen, given=given, earlier_labels=earlier_labels, progress=progress))


def _is_given(data):
    return data is not None and not (isinstance(data, str) and not data)


def load(folder="", *, precision="float32", progress=None):
    """Load a trained run to label texts with it; without TensorFlow where the run has its graph.

    Args:
        folder: the run's folder, or a name under runs/; "": the newest finished run.
        precision: "float32", "bfloat16" or "int8".
        progress: takes notes, such as that a graph is made first.

    Returns:
        A Run: ``predict(texts)``, ``predict_proba(texts)``, ``labels``, ``thresholds``.

    Raises:
        InputError: no such run, or a file of it is missing or damaged.

    >>> load("runs/albert_tiny-multi_label-1").predict(["云岭机械宣布裁员"])  # doctest: +SKIP
    [{'text': '云岭机械宣布裁员', 'labels': [{'label': '裁员', 'probability': 0.97}]}]
    """
    from zhlabel.inference.run import load_run

    return load_run(_find_run(folder), precision=precision, note=(progress or Progress()).note)


def evaluate(run, data="", *, threshold="", baseline=True, batch_size=16, precision="float32", progress=None, **layout):
    """Score a run on labelled texts that it has not seen, and write the reports into its folder.

    Args:
        run: a Run, or what ``load`` takes.
        data: labelled texts in any form that ``train`` takes; a list of file names: each of them; "": the sample's test
            file, where the run was trained on the sample.
        threshold: "" for the run's own, or one for all labels: 0..1, or "logit:-1.5".
        baseline: also learn the run's training file without the encoder, to show what that is worth.
        batch_size: texts at once; it changes speed and memory, not the result.
        precision: as ``load``, where ``run`` is a folder.
        progress: takes notes.
        **layout: fields of ``data.layout.Layout`` that say how the files are to be read; else as the run's training
            texts were.

    Returns:
        A Report: the dict of report.json, with ``text`` as printed and ``folder``; of several files a list of them.

    Raises:
        InputError: the data do not fit the run, or its thresholds were chosen on them.

    >>> evaluate("runs/albert_tiny-multi_label-1", "data/test.csv")["accuracy"]  # doctest: +SKIP
    0.7938
    """
    from zhlabel.cli.settings import check_values
    from zhlabel.data.layout import Layout
    from zhlabel.evaluation.job import choose_files, evaluate_files, hold_evaluations
    from zhlabel.inference.run import Run, load_run
    from zhlabel.runs.folder import RunFolder

    layout = Layout(**check_values(layout, vars(Layout()), limits={}))
    note, is_loaded = (progress or Progress()).note, isinstance(run, Run)
    opened = None if is_loaded else RunFolder(_find_run(run))
    folder, record = (run.folder, run.record) if is_loaded else (opened.path, opened.record)
    names = _name_files(data, layout) or _find_sample(folder, record)
    files = choose_files({folder: record}, names, threshold=threshold)
    with hold_evaluations(folder, files):
        run = run if is_loaded else load_run(opened, precision=precision, note=note)
        options = {"threshold": threshold, "baseline": baseline, "batch_size": batch_size, "layout": layout}
        reports = evaluate_files(run, files, **options, note=note)
    return reports if _are_names(data) else reports[0]


def compare(runs, data="", *, progress=None, **options):
    """Evaluate several runs of one task on the same files, and test which differ by more than chance.

    Each run is evaluated in a process of its own, so that its time and memory are its own too.

    Args:
        runs: what ``load`` takes, two or more; the first is the one from which you start.
        data: as ``evaluate``.
        progress: takes notes and the reports' texts.
        **options: ``threshold``, ``baseline``, ``batch_size``, ``precision`` and the layout as ``evaluate`` takes them.

    Returns:
        A Report: the dict of comparison.json, with ``text`` as printed and ``folder``.

    Raises:
        InputError: as ``evaluate``; the runs are of different tasks.

    >>> compare(["tiny", "base"], "data/test.csv")["matrix"][0]["values"]  # doctest: +SKIP
    [0.9067]
    """
    from zhlabel.data.layout import Layout
    from zhlabel.evaluation.compare import claim_comparison_folder
    from zhlabel.evaluation.job import choose_files, compare_files
    from zhlabel.runs.folder import RunFolder

    folders = [_find_run(run) for run in runs]
    records = {folder: RunFolder(folder).record for folder in folders}
    files = _name_files(data, Layout.pick(options)) or _find_sample(folders[0], records[folders[0]])
    files = choose_files(records, files, threshold=options.get("threshold", ""))
    with claim_comparison_folder() as target:
        for folder in folders:
            _evaluate_apart(folder, files, options, (progress or Progress()).note)
        return compare_files(folders, files, target)


def check(
    train_file,
    dev_file="",
    test_file="",
    *,
    task="multi_label",
    checkpoint="albert_tiny",
    max_length=256,
    progress=None,
    **layout,
):
    """Say what is in labelled texts and what looks wrong with them, before a training.

    Args:
        train_file: as ``train``.
        dev_file: likewise; "": the sample's for the sample, else none.
        test_file: likewise.
        task: "multi_label", "multi_class" or "ner".
        checkpoint: the folder of a checkpoint, whose vocabulary says what tokens there are.
        max_length: tokens a row.
        progress: takes the steps.
        **layout: fields of ``data.layout.Layout`` that say how the files are to be read.

    Returns:
        A Check: ``report``, the dict of report.json; ``text`` as printed; ``needs_attention``, how many findings do;
        ``write(folder)`` for report.txt, report.json and report.html.

    Raises:
        InputError: what the user can put right: a file, an unknown task, the checkpoint.

    >>> check([("云岭机械裁员", ["裁员"]), ("云岭机械裁员", ["起诉"])]).needs_attention  # doctest: +SKIP
    3
    """
    from zhlabel.checking.job import check_files
    from zhlabel.cli.settings import check_values
    from zhlabel.data.layout import Layout
    from zhlabel.tasks import TASKS

    check_values({"task": task}, {"task": ""}, limits={"TASK": tuple(TASKS)})
    layout = Layout(**check_values(layout, vars(Layout()), limits={}))
    files = {
        name: next(iter(_name_files(data, layout)), "")
        for name, data in (("train", train_file), ("dev", dev_file), ("test", test_file))
    }
    options = {"checkpoint": checkpoint, "max_length": max_length, "progress": progress or Progress()}
    return check_files(TASKS[task], files, layout=layout, **options)


_EVALUATION = """
import json, sys, zhlabel
try:
    for report in zhlabel.evaluate(**json.loads(sys.argv[1]), progress=zhlabel.TerminalProgress()):
        print(report.text)
except zhlabel.InputError as problem:
    sys.exit(f"{problem}")
"""


def _evaluate_apart(folder, files, options, note):
    arguments = json.dumps({"run": Path(folder).as_posix(), "data": files, **options})
    places = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places)), "PYTHONIOENCODING": "utf-8"}
    note(f"run: {Path(folder).as_posix()}")
    with subprocess.Popen(
        [sys.executable, "-c", _EVALUATION, arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        for line in process.stdout:
            note(line.rstrip("\n"))
        errors = process.stderr.read()
    if process.returncode:
        raise InputError(errors.strip() or f"{folder}: the evaluation ended with status {process.returncode}.")


def _find_run(name):
    from zhlabel.runs.find import find_newest_run, locate_run

    return locate_run(name) if name else find_newest_run()


def _find_sample(folder, record):
    """Return the sample's test file in a list, where a run was trained on the sample; else an empty one."""
    from zhlabel.tasks import find_task

    found = find_task(record, folder).find_sample(record["data"]["train"]["file"], "test")
    return [found] if found else []


def _are_names(data):
    return isinstance(data, (list, tuple)) and all(isinstance(each, (str, Path)) for each in data)


def _name_files(data, layout):
    from zhlabel.data.given import name_data
    from zhlabel.runs.record import RUNS_FOLDER

    names = data if _are_names(data) else [data]
    return [name_data(each, RUNS_FOLDER / "data", layout=layout) for each in names if _is_given(each)]


def extract_keywords(
    texts,
    *,
    method="tfidf",
    top_k=10,
    language="",
    stop_words="",
    user_dictionary="",
    checkpoint="albert_tiny",
    run="",
    progress=None,
):
    """Extract the keywords of texts, best first.

    How rare a word is, which some methods need, is counted in the texts where these are at least 100; below, jieba's
    own figures stand in, which know Chinese words alone.

    Args:
        texts: strings: a list, a pandas Series; one string counts as one text.
        method: a name out of ``keywords.registry.METHODS``.
        top_k: keywords a text, at most.
        language: "zh" or "en"; "": told text by text.
        stop_words: a file of words that never begin or end a keyword, one a line; "": ours.
        user_dictionary: a file of Chinese words that jieba shall know; "": none.
        checkpoint: of keybert: the folder of a checkpoint or run.
        run: of a trained method: its folder, or a name under runs/; "": the newest.
        progress: takes notes and the steps of counting.

    Returns:
        For each text a list of dicts with "keyword", "score" and "spans", half-open in characters.

    Raises:
        InputError: an unknown method, a file that is not there, a text that is no string.

    >>> extract_keywords(["Solar kilns dry timber."], method="firstphrases", top_k=1)
    [[{'keyword': 'Solar kilns', 'score': 1.0, 'spans': [[0, 11]]}]]
    """
    from zhlabel.keywords.job import extract_lists

    return extract_lists(
        texts,
        method=method,
        top_k=top_k,
        language=language,
        stop_words=stop_words,
        user_dictionary=user_dictionary,
        checkpoint=checkpoint,
        run=run,
        progress=progress,
    )
