"""Keywords of a file, of standard input or of texts in memory: extracted, written, and judged where there is gold."""

import contextlib
import dataclasses
import functools
import itertools
import json
import tempfile
from pathlib import Path

from zhlabel.cli.inputs import choose_texts
from zhlabel.cli.progress import Progress
from zhlabel.cli.settings import check_values
from zhlabel.data.given import list_texts
from zhlabel.data.keywords import count_gold, read_gold
from zhlabel.data.layout import Layout
from zhlabel.data.texts import read_standard_input, read_texts
from zhlabel.environment import check_environment
from zhlabel.errors import InputError
from zhlabel.inference.writers import open_writer
from zhlabel.io.delimited import write_csv
from zhlabel.io.files import hash_file, hold_output
from zhlabel.io.json import write_json
from zhlabel.keywords.evaluation.scoreboard import SCORE_COLUMNS, describe_scores, format_scoreboard, list_scores
from zhlabel.keywords.evaluation.scoring import JUDGED_KEYWORDS, Scorer, prepare_gold
from zhlabel.keywords.extract import CHUNK_TEXTS, extract_keywords
from zhlabel.keywords.prepare import check_writable, hash_run, prepare_recipe
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.settings import EXTRACTION_LIMITS, ExtractionSettings

_ENDINGS = {"output_file": (".csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz"), "score_file": (".json", ".csv")}


def extract_lists(texts, *, progress=None, **settings):
    """Extract the keywords of texts in memory, in this process, as ``zhlabel.extract_keywords`` does.

    Args:
        texts: N strings, or one.
        progress: a ``cli.progress.Progress``; None is silent.
        **settings: fields of ExtractionSettings that concern no file of texts; ``method`` is one name.

    Returns:
        A list of N lists of dicts with "keyword", "score" and "spans", best first.

    Raises:
        InputError: an unknown method, a file that is not there, a text that is no string.

    >>> extract_lists(["Solar kilns dry timber."], method="firstphrases", top_k=1)
    [[{'keyword': 'Solar kilns', 'score': 1.0, 'spans': [[0, 11]]}]]
    """
    check_environment("keywords")
    texts = list_texts(texts)
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in settings.items()}
    defaults = {field.name: field.default for field in dataclasses.fields(ExtractionSettings)}
    values = check_values(settings, {**defaults, "method": "tfidf"}, limits=EXTRACTION_LIMITS)
    method = values["method"]
    # One process: others would run a program's own file once more, which may not be made for that.
    chosen = ExtractionSettings(**{**values, "method": (method,), "processes": 1})
    with tempfile.TemporaryDirectory() as folder:
        recipe = prepare_recipe(chosen, Path(folder), lambda: iter(texts), len(texts), progress or Progress())
        return [_list_keywords(found[method]) for found in extract_keywords(texts, recipe, processes=1)]


def run_job(settings, *, are_given=True, show, progress=None):
    """Extract keywords by one method or several; write or show them, and compare the methods where there is gold.

    A stopped job whose results go into a file goes on behind them.

    Args:
        settings: ExtractionSettings.
        are_given: whether ``settings.texts`` come before standard input.
        show: takes what is for standard output: a JSON line for each result that goes into no file, the comparison.
        progress: a ``cli.progress.Progress``; None is silent.

    Raises:
        InputError: what the user can put right.
        KeyboardInterrupt: Ctrl-C; the results that are written stay.
    """
    progress = progress or Progress()
    _check_methods(settings.method)
    _check_files(settings)
    with contextlib.ExitStack() as stack:  # a second writer ends before it reads anything
        for path in (settings.output_file, settings.score_file, settings.frequencies):
            stack.enter_context(hold_output("" if path == settings.frequencies and Path(path).exists() else path))
        stack.callback(progress.close)
        _extract_and_score(settings, are_given, show, progress)


def _extract_and_score(settings, are_given, show, progress):
    pairs, total, judged = _choose_texts(settings, are_given, progress)
    if total == 0:
        raise InputError(f"{settings.input_file} holds no text. Expected a text a line, or a column content.")
    if settings.score_file and not judged:
        raise InputError(
            f"--score-file {settings.score_file}: there are no gold keywords to compare with. Give a file that has a "
            "column keywords."
        )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        layout = Layout.pick(vars(settings))
        corpus = functools.partial(read_texts, settings.input_file, layout=layout) if settings.input_file else None
        recipe = prepare_recipe(settings, folder, corpus, total, progress)
        scorers = {name: Scorer() for name in settings.method} if judged else {}
        writer = stack.enter_context(_open_results(settings, recipe)) if settings.output_file else None
        if writer and writer.note:
            progress.note(writer.note)
        _extract(settings, recipe, pairs, total, scorers, writer, show, progress)
    if settings.output_file:
        progress.note(f"written: {settings.output_file}")
    if not scorers:
        return
    figures = {name: scorer.summarize() for name, scorer in scorers.items()}
    show(format_scoreboard(figures))
    if settings.score_file.lower().endswith(".json"):
        write_json(describe_scores(figures), settings.score_file)
    elif settings.score_file:
        write_csv(list_scores(figures), SCORE_COLUMNS, settings.score_file)


def _check_methods(methods):
    """Refuse a list of methods that is empty or names one twice."""
    if not methods or len(set(methods)) < len(methods):
        found = ",".join(methods) or "nothing"
        raise InputError(f"--method: found {found}, expected one method or several different ones, such as tfidf,yake.")


def _check_files(settings):
    """Refuse files that can't be written, or that would take another's place, before the work begins."""
    flags = ("input_file", "stop_words", "user_dictionary", "frequencies", "output_file", "score_file")
    owners = {}
    for name in flags:
        path, flag = getattr(settings, name), "--" + name.replace("_", "-")
        if not path:
            continue
        if not path.lower().endswith(_ENDINGS.get(name, "")):
            raise InputError(f"{flag} {path}: expected a name that ends in {', '.join(_ENDINGS[name])}. Give another.")
        if Path(path).is_dir():
            raise InputError(f"{flag} {path} is a folder, where a file was expected. Give another.")
        owner = owners.setdefault(Path(path).resolve(), flag)
        if owner != flag:
            raise InputError(f"{flag} {path}: {owner} names the same file. Give another.")
        if name in _ENDINGS or (name == "frequencies" and not Path(path).exists()):
            check_writable(path)


def _choose_texts(settings, are_given, progress):
    """Return pairs of a text and its gold keywords or None, how many (None: unknown), and those with gold."""
    layout = Layout.pick(vars(settings))
    texts, total = choose_texts(
        settings.texts,
        settings.input_file,
        is_given=are_given,
        read=functools.partial(read_gold, layout=layout, warn=progress.note),
        read_stream=read_standard_input,
        script_name="keyword_extract.py",
        progress=progress,
    )
    if settings.input_file:
        return texts, *count_gold(settings.input_file, layout=layout)
    return ((text, None) for text in texts), total, 0


def _open_results(settings, recipe):
    """Open the output file; a job goes on only where everything that its results depend on is the same."""
    job = {key: value for key, value in dataclasses.asdict(recipe).items() if key not in ("frequencies", "topics")}
    files = [recipe.stop_words, recipe.user_dictionary, settings.frequencies]
    job["files"] = [hash_file(each) if each and Path(each).exists() else "" for each in files]
    job["weights"] = {name: hash_run(name, run) for name, run in recipe.runs.items()}
    return open_writer(settings.output_file, form="keywords", job=job, input_file=settings.input_file)


def _score_text(scorers, reader, text, gold, found, top_k):
    """Add one text to the figures of every method."""
    prepared = prepare_gold(reader.read(text), gold)
    for name, keywords in found.items():
        answer = None if METHODS[name].decides else top_k
        scorers[name].add(prepared, [each.text for each in keywords], answer=answer)


def _extract(settings, recipe, pairs, total, scorers, writer, show, progress):
    """Extract the keywords of all texts; they are scored, written, or else printed as they come."""
    reader = recipe.make_reader()
    if scorers:  # F1 at 10 and at the number of gold keywords wants more than a small TOP_K
        recipe = dataclasses.replace(recipe, given=max(JUDGED_KEYWORDS, recipe.top_k))
    done = writer.done if writer else 0
    # Whole chunks are skipped, so that an encoder meets the same texts together as without the interruption.
    skipped = 0 if scorers else done // len(recipe.methods) // CHUNK_TEXTS * CHUNK_TEXTS
    pairs, copies = itertools.tee(itertools.islice(pairs, skipped, None))
    is_file = bool(settings.input_file)
    results = extract_keywords(
        (text for text, _ in copies),
        recipe,
        processes=settings.processes if is_file else 1,
        chunk_size=CHUNK_TEXTS if is_file else 1,
    )
    place = skipped * len(recipe.methods)
    is_shown = not scorers and not writer
    try:
        if not is_shown:
            progress.step(skipped, total, "extracting")
        for done_texts, ((text, gold), keywords) in enumerate(zip(pairs, results, strict=True), skipped + 1):
            if scorers:
                _score_text(scorers, reader, text, gold, keywords, settings.top_k)
            records = [
                {"text": text, "method": name, "keywords": _list_keywords(each[: settings.top_k])}
                for name, each in keywords.items()
            ]
            if writer:
                writer.write(records[max(0, done - place) :])
                place += len(records)
            elif is_shown:
                for record in records:
                    show(json.dumps(record, ensure_ascii=False))
            if not is_shown:
                progress.step(done_texts, total, "extracting")
    except KeyboardInterrupt:
        if writer:
            progress.note(writer.describe_stop("results are written"))
        raise
    finally:
        progress.close()


def _list_keywords(keywords):
    """Return Keywords as JSON has them."""
    return [{"keyword": each.text, "score": each.score, "spans": list(map(list, each.spans))} for each in keywords]
