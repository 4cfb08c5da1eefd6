"""Extracts the keywords of Chinese and English texts: python keyword_extract.py "first text" "second text" """

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import contextlib
import dataclasses
import itertools
import json
import math
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from zhlabel.checkpoints import find_checkpoint
from zhlabel.cli.settings import run_script
from zhlabel.data.keywords import count_gold, read_gold
from zhlabel.data.texts import read_standard_input, read_texts
from zhlabel.errors import InputError
from zhlabel.inference.writers import open_writer
from zhlabel.io.delimited import write_csv
from zhlabel.io.files import hash_file, hold_output
from zhlabel.io.json import write_json
from zhlabel.keywords.corpus.frequencies import read_frequencies
from zhlabel.keywords.evaluation.scoreboard import SCORE_COLUMNS, describe_scores, format_scoreboard, list_scores
from zhlabel.keywords.evaluation.scoring import JUDGED_KEYWORDS, Scorer, prepare_gold
from zhlabel.keywords.extract import CHUNK_TEXTS, Recipe, extract_keywords
from zhlabel.keywords.prepare import (
    LEAST_CORPUS,
    check_writable,
    find_run,
    hash_run,
    prepare_frequencies,
    prepare_topics,
)
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.supervised.folder import take_words
from zhlabel.keywords.text.words import LANGUAGES
from zhlabel.runs.record import RUN_FILE

# firstphrases tfidf kpminer yake sgrank textrank singlerank positionrank topicalpagerank topicrank multipartiterank
# keybert keybert_mmr keybert_maxsum; trained ones: kea ranker tagger
METHOD = ["tfidf"]  # one or several of these
INPUT_FILE = ""  # any form that model_predict.py reads; with a column keywords (a|b) the methods are compared
OUTPUT_FILE = ""  # .csv .jsonl .parquet; "": JSON lines on standard output, or the comparison alone
SCORE_FILE = ""  # .json or .csv: the comparison with all its figures; "": it is printed only
TOP_K = 10  # keywords a text, at most
LANGUAGE = ""  # zh or en; "": told text by text
STOP_WORDS = ""  # a file of words that never begin or end a keyword, one a line; "": the run's, else ours
USER_DICTIONARY = ""  # Chinese words that jieba shall know, one a line, as it reads them
FREQUENCIES = ""  # a table of document frequencies: read, or if absent counted from INPUT_FILE and kept; "": not kept
CHECKPOINT = "albert_tiny"  # keybert: the folder of a checkpoint or run
RUN = ""  # kea, ranker, tagger: the run's folder; "": the newest of the method
PROCESSES = 0  # 0: one for each processor; an encoder takes them all for itself
TEXTS = [  # used when nothing else is given; texts on the command line take their place
    "采用轻量级预训练语言模型对中文新闻进行多标签文本分类，在词向量上加入对抗训练，提高了少数类标签的召回率。",
    "A ranker that learns from simple features of candidate phrases outperforms graph-based keyword extraction.",
]


def main(settings):
    check_methods(settings.method)
    check_files(settings)
    with contextlib.ExitStack() as stack:  # a second writer ends before it reads anything
        for path in (settings.output_file, settings.score_file, settings.frequencies):
            stack.enter_context(hold_output("" if path == settings.frequencies and Path(path).exists() else path))
        extract_and_score(settings)


def extract_and_score(settings):
    """Extract the keywords, write or print them, and judge them where the texts have gold keywords."""
    pairs, total, judged = choose_texts(settings)
    if total == 0:
        raise InputError(f"{settings.input_file} holds no text. Expected a text a line, or a column content.")
    if settings.score_file and not judged:
        raise InputError(
            f"--score-file {settings.score_file}: there are no gold keywords to compare with. Give a file that has a "
            "column keywords."
        )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        recipe = prepare_recipe(settings, folder, total)
        scorers = {name: Scorer() for name in settings.method} if judged else {}
        writer = stack.enter_context(open_results(settings, recipe)) if settings.output_file else None
        if writer and writer.note:
            print(writer.note, file=sys.stderr)
        extract(settings, recipe, pairs, total, scorers, writer)
    if settings.output_file:
        print(f"written: {settings.output_file}", file=sys.stderr)
    if not scorers:
        return
    figures = {name: scorer.summarize() for name, scorer in scorers.items()}
    print(format_scoreboard(figures))
    if settings.score_file.lower().endswith(".json"):
        write_json(describe_scores(figures), settings.score_file)
    elif settings.score_file:
        write_csv(list_scores(figures), SCORE_COLUMNS, settings.score_file)


def check_methods(methods):
    """Refuse a list of methods that is empty or names one twice."""
    if not methods or len(set(methods)) < len(methods):
        found = ",".join(methods) or "nothing"
        raise InputError(f"--method: found {found}, expected one method or several different ones, such as tfidf,yake.")


def check_files(settings):
    """Refuse files that can't be written, or that would take another's place, before the work begins."""
    flags = ("input_file", "stop_words", "user_dictionary", "frequencies", "output_file", "score_file")
    owners = {}
    for name in flags:
        path, flag = getattr(settings, name), "--" + name.replace("_", "-")
        if not path:
            continue
        if not path.lower().endswith(ENDINGS.get(name, "")):
            raise InputError(f"{flag} {path}: expected a name that ends in {', '.join(ENDINGS[name])}. Give another.")
        if Path(path).is_dir():
            raise InputError(f"{flag} {path} is a folder, where a file was expected. Give another.")
        owner = owners.setdefault(Path(path).resolve(), flag)
        if owner != flag:
            raise InputError(f"{flag} {path}: {owner} names the same file. Give another.")
        if name in ENDINGS or (name == "frequencies" and not Path(path).exists()):
            check_writable(path)


def choose_texts(settings):
    """Return pairs of a text and its gold keywords or None, how many (None: unknown), and those with gold."""
    is_given = settings.texts != tuple(TEXTS)
    if settings.input_file and is_given:
        raise InputError(
            f"keyword_extract.py: texts are given and --input-file {settings.input_file} too. Leave one out."
        )
    if settings.input_file:
        return read_gold(settings.input_file), *count_gold(settings.input_file)
    if is_given or sys.stdin is None or sys.stdin.isatty():
        return ((text, None) for text in settings.texts), len(settings.texts), 0
    print("reading texts from standard input, a line each", file=sys.stderr)
    return ((text, None) for text in read_standard_input(sys.stdin)), None, 0


def prepare_recipe(settings, folder, total):
    """Build or find what the methods need; tables that are not kept lie in a folder that goes when the script ends."""
    needs = {need for name in settings.method for need in METHODS[name].needs}
    runs = {name: find_run(name, settings.run) for name in settings.method if METHODS[name].is_trained}
    folders = [run for name, run in runs.items() if "model" in METHODS[name].needs]
    words = {"stop_words": settings.stop_words, "user_dictionary": settings.user_dictionary}
    stop_words, user_dictionary = take_words(folders, **words)
    recipe = Recipe(
        methods=settings.method,
        top_k=settings.top_k,
        language=settings.language,
        stop_words=stop_words,
        user_dictionary=user_dictionary,
        checkpoint=settings.checkpoint,
        runs=runs,
    )
    recipe.make_reader()  # tells wrong files of words now
    for name, run in recipe.runs.items():
        print(f"{name}: {run}", file=sys.stderr)
    if "vectors" in needs and not (Path(settings.checkpoint) / RUN_FILE).is_file():
        find_checkpoint(settings.checkpoint)  # tells a wrong folder now
    if "frequencies" in needs:
        recipe = dataclasses.replace(recipe, frequencies=choose_frequencies(settings, recipe, folder, total))
    if "topics" in needs:
        if not settings.input_file:
            raise InputError("topicalpagerank learns the topics of a whole file. Give one with --input-file.")
        print(f"topics: of {settings.input_file}", file=sys.stderr)
        topics = folder / "topics.npz"
        prepare_topics(topics, show_progress(read_texts(settings.input_file), "topics", total=total), recipe)
        recipe = dataclasses.replace(recipe, topics=str(topics))
    return recipe


def choose_frequencies(settings, recipe, folder, total):
    """Return the table of document frequencies, counted if need be; "" stands for the words that jieba brings along."""
    given = settings.frequencies
    if given and Path(given).exists():
        read_frequencies(given)  # tells a damaged table now
        return given
    if settings.input_file:
        table = Path(given) if given else folder / "frequencies.tsv"
        texts = show_progress(read_texts(settings.input_file), "counting", total=total)
        number, is_enough = prepare_frequencies(table, texts, recipe, processes=settings.processes)
        if is_enough:
            print(f"document frequencies: of {number:,} texts{f', kept in {given}' if given else ''}", file=sys.stderr)
            return str(table)
        print(f"{number:,} texts are too few to count words in (at least {LEAST_CORPUS}).", file=sys.stderr)
    elif given:
        raise InputError(f"--frequencies {given}: there is no such file, and no --input-file to count in.")
    print("document frequencies: those of Chinese words that jieba brings along", file=sys.stderr)
    return ""


def show_progress(items, what, *, total=None, initial=0):
    return tqdm(items, what, total=total, initial=initial, unit="text", smoothing=0.05, file=sys.stderr)


def open_results(settings, recipe):
    """Open the output file; a job goes on only where everything that its results depend on is the same."""
    job = {key: value for key, value in dataclasses.asdict(recipe).items() if key not in ("frequencies", "topics")}
    files = [recipe.stop_words, recipe.user_dictionary, settings.frequencies]
    job["files"] = [hash_file(each) if each and Path(each).exists() else "" for each in files]
    job["weights"] = {name: hash_run(name, run) for name, run in recipe.runs.items()}
    return open_writer(settings.output_file, task="keywords", job=job, input_file=settings.input_file)


def score_text(scorers, reader, text, gold, found, top_k):
    """Add one text to the figures of every method."""
    prepared = prepare_gold(reader.read(text), gold)
    for name, keywords in found.items():
        answer = None if METHODS[name].decides else top_k
        scorers[name].add(prepared, [each.text for each in keywords], answer=answer)


def extract(settings, recipe, pairs, total, scorers, writer):
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
    found = zip(pairs, results, strict=True)
    if scorers or writer:
        found = show_progress(found, "extracting", total=total, initial=skipped)
    place = skipped * len(recipe.methods)
    try:
        for (text, gold), keywords in found:
            if scorers:
                score_text(scorers, reader, text, gold, keywords, settings.top_k)
            records = [
                {"text": text, "method": name, "keywords": list_keywords(each[: settings.top_k])}
                for name, each in keywords.items()
            ]
            if writer:
                writer.write(records[max(0, done - place) :])
                place += len(records)
            elif not scorers:
                for record in records:
                    print(json.dumps(record, ensure_ascii=False), flush=not is_file)
    except KeyboardInterrupt:
        if writer:
            next_time = "goes on from here" if writer.resumable else "begins again"
            print(f"\n{writer.done:,} results are written; the same command {next_time}.", file=sys.stderr)
        raise


def list_keywords(keywords):
    """Return Keywords as JSON has them."""
    return [{"keyword": each.text, "score": each.score, "spans": list(map(list, each.spans))} for each in keywords]


ENDINGS = {"output_file": (".csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz"), "score_file": (".json", ".csv")}

if __name__ == "__main__":
    run_script(
        main,
        globals(),
        limits={
            "METHOD": tuple(METHODS),
            "TOP_K": (1, 1000),
            "LANGUAGE": ("", *LANGUAGES),
            "PROCESSES": (0, math.inf),
        },
        bare="TEXTS",
        notes=sys.stderr,
    )
