"""keyword_extract.py and keyword_train.py as commands: outputs, comparison, going on after a kill, wrong input."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pyarrow.parquet
import pytest
import toy

REPOSITORY = toy.ROOT
TEXTS = [
    "河道清淤机器人在浅水区作业，清淤机器人的定位依靠声呐。",
    "茶园采摘机械臂识别嫩芽，机械臂的视觉模型在田间训练。",
    "Solar kilns dry timber slowly. Solar kilns need little power.",
]
GOLD = [["清淤机器人", "声呐"], ["机械臂"], ["solar kiln"]]
PLACES = ["浅水区", "峡谷", "苔原", "盆地", "沙洲", "台地", "冰川", "溶洞", "湿地", "火山", "海岸", "草甸", "戈壁"]
TOOLS = ["声呐", "雷达", "相机", "陀螺仪", "浮标", "风速仪", "光谱仪", "温度计"]


def start(folder, script, *arguments):
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / script), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def call(folder, *arguments, script="keyword_extract.py", given=b""):
    process = start(folder, script, *arguments)
    out, errors = (each.decode() for each in process.communicate(given, timeout=120))
    return SimpleNamespace(code=process.returncode, out=out, errors=errors)


def write_lines(path, items):
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in items), encoding="utf-8")


def make_texts(number):
    """Build so many different short texts; most of the words are in several of them."""
    for each in range(number):
        place, tool = PLACES[each % len(PLACES)], TOOLS[each // len(PLACES) % len(TOOLS)]
        yield f"{place}清淤机器人第{each}次作业，{tool}的定位误差在{place}上升，{TEXTS[each % 3]}"


@pytest.fixture
def folder(tmp_path):
    records = [{"content": text, "keywords": gold} for text, gold in zip(TEXTS, GOLD, strict=True)]
    write_lines(tmp_path / "gold.jsonl", records)
    (tmp_path / "plain.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return tmp_path


def refuse(folder, *arguments, script="keyword_extract.py"):
    """Return the only message of a command that is to be refused."""
    before = sorted(folder.rglob("*"))
    done = call(folder, *arguments, script=script)
    assert done.code == 2 and not done.out.startswith("{") and "Traceback" not in done.errors, done.errors[-2000:]
    assert sorted(folder.rglob("*")) == before
    return done.errors.splitlines()[-1]


def test_texts_come_as_arguments_or_lines_and_go_out_as_json_lines(folder):
    given = call(folder, "--method", "firstphrases,yake", *TEXTS[:2], "")
    piped = call(folder, "--method", "firstphrases,yake", given="\n".join([*TEXTS[:2], "", ""]).encode())
    assert given.code == piped.code == 0 and given.out == piped.out
    records = [json.loads(line) for line in given.out.splitlines()]
    assert [(each["text"], each["method"]) for each in records] == [
        (text, method) for text in [*TEXTS[:2], ""] for method in ("firstphrases", "yake")
    ]
    assert records[-1]["keywords"] == [] and 0 < len(records[0]["keywords"]) <= 10
    for record in records:
        for each in record["keywords"]:
            assert {record["text"][start:end] for start, end in each["spans"]} == {each["keyword"]}


def test_methods_are_compared_where_gold_keywords_are_there(folder):
    common = ["--method", "tfidf,yake", "--input-file", "gold.jsonl"]
    common += ["--processes", "1"]
    done = call(folder, *common, "--score-file", "scores.json")
    assert done.code == 0, done.errors
    assert "3 texts with 4 gold keywords." in done.out and "F1@10" in done.out
    assert [line.split()[0] for line in done.out.splitlines()[2:5]] == ["method", "tfidf", "yake"]
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["methods"]
    assert list(scores) == ["tfidf", "yake"]
    assert scores["yake"]["exact"]["precision@5"] < 1 and scores["yake"]["exact"]["recall@M"] < 1
    assert call(folder, *common, "--score-file", "scores.csv").code == 0
    rows = list(csv.DictReader((folder / "scores.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["method"], row["match"]) for row in rows] == [
        (method, match) for method in scores for match in ("exact", "loose")
    ]
    assert float(rows[0]["recall@10"]) == scores["tfidf"]["exact"]["recall@10"]


def test_a_column_of_keywords_without_any_is_nothing_to_compare(folder):
    write_lines(folder / "none.jsonl", [{"text": text, "keywords": []} for text in TEXTS])
    done = call(folder, "--method", "firstphrases", "--input-file", "none.jsonl")
    assert done.code == 0 and [json.loads(line)["text"] for line in done.out.splitlines()] == TEXTS


def test_every_output_form_holds_the_same_keywords(folder):
    common = ["--method", "firstphrases,yake", "--input-file", "gold.jsonl", "--processes", "1"]
    for ending in (".jsonl", ".csv", ".parquet"):
        done = call(folder, *common, "--output-file", "out" + ending)
        assert done.code == 0 and f"written: out{ending}" in done.errors and "P@5" in done.out, done.errors
    records = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(records) == 6 and pyarrow.parquet.read_table(folder / "out.parquet").to_pylist() == records
    rows = list(csv.DictReader((folder / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["text"], row["method"], row["keywords"].split("|")) for row in rows] == [
        (each["text"], each["method"], [keyword["keyword"] for keyword in each["keywords"]]) for each in records
    ]
    assert not list(folder.glob("out*.part*"))


STOPPABLE = ["--method", "yake,topicrank", "--input-file", "many.jsonl", "--output-file"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with a job that was not stopped: many.jsonl -> whole.csv."""
    folder = tmp_path_factory.mktemp("whole")
    write_lines(folder / "many.jsonl", make_texts(400))
    done = call(folder, *STOPPABLE, "whole.csv", "--processes", "1")
    assert done.code == 0, done.errors
    return folder


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_job_goes_on_to_the_same_bytes_and_leaves_no_process(whole, how):
    name = f"{how.name}.csv"
    part, command = whole / f"{name}.part", [*STOPPABLE, name, "--processes"]
    process, end = start(whole, "keyword_extract.py", *command, "2"), time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end and (not part.exists() or part.stat().st_size < 5_000):
        time.sleep(0.01)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.kill()
    errors = process.communicate(timeout=60)[1].decode()  # ends when the last process has closed its streams
    assert process.returncode == (130 if how == signal.SIGINT else -how), errors[-2000:]
    assert "Traceback" not in errors
    assert how != signal.SIGINT or ("the same command goes on from here" in errors and errors.endswith("stopped\n"))
    assert part.stat().st_size < (whole / "whole.csv").stat().st_size and not (whole / name).exists()
    done = call(whole, *command, "1")
    assert done.code == 0 and "going on after" in done.errors, done.errors
    assert (whole / name).read_bytes() == (whole / "whole.csv").read_bytes()
    assert not list(whole.glob("*.part*"))


def test_an_early_reader_of_the_output_is_no_error(folder):
    write_lines(folder / "many.jsonl", make_texts(1_500))
    process = start(
        folder, "keyword_extract.py", "--method", "firstphrases", "--input-file", "many.jsonl", "--processes", "1"
    )
    assert process.stdout.readline().startswith(b'{"text"')
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait(60) == 141 and "Traceback" not in errors and "Broken" not in errors
    process.stdin.close()
    process.stderr.close()


def test_a_table_of_frequencies_is_counted_once_and_used_for_other_texts(folder):
    write_lines(folder / "many.jsonl", make_texts(120))
    first = call(folder, "--input-file", "many.jsonl", "--frequencies", "df.tsv", "--processes", "1")
    assert first.code == 0 and "of 120 texts, kept in df.tsv" in first.errors
    assert (folder / "df.tsv").read_text(encoding="utf-8").startswith("#documents\t120\n")
    again = call(folder, "--input-file", "many.jsonl", "--frequencies", "df.tsv", "--processes", "1")
    assert again.out == first.out and "counting" not in again.errors


def test_wrong_settings_are_refused_before_anything_is_written(folder):
    (folder / "broken.tsv").write_text("#documents\t9\nkiln\n", encoding="utf-8")
    (folder / "empty.csv").write_text("", encoding="utf-8")
    (folder / "notes.csv").write_text("id,remark\n1,x\n", encoding="utf-8")
    (folder / "commas.csv").write_text('text,keywords\nx,a\ny,"b, c"\n', encoding="utf-8")
    read = ["--input-file", "gold.jsonl"]
    for arguments, message in [
        (["--method", "tfdif", "x"], "the nearest is tfidf"),
        (["--method", "", "x"], "--method: found nothing"),
        (["--method", "yake,yake", "x"], "--method: found yake,yake"),
        ([*read, "x"], "Leave one out"),
        (["--input-file", "no.csv"], "no.csv: there is no such file"),
        (["--input-file", "empty.csv", "--output-file", "o.csv"], "empty.csv holds no text"),
        (["--input-file", "notes.csv"], "the columns are id, remark"),
        (["--input-file", "commas.csv", "--output-file", "o.csv"], "commas.csv, line 3: the keywords 'b, c' have"),
        ([*read, "--output-file", "o.xlsx"], "--output-file o.xlsx: expected a name that ends in .csv, .jsonl"),
        ([*read, "--output-file", "gold.jsonl"], "--output-file gold.jsonl: --input-file names the same file"),
        ([*read, "--output-file", "o.csv", "--score-file", "./o.csv"], "--output-file names the same file"),
        ([*read, "--score-file", "o.txt"], "--score-file o.txt: expected a name that ends in .json, .csv"),
        ([*read, "--score-file", "gold.jsonl/o.csv"], "gold.jsonl/o.csv can't be written"),
        (["--input-file", "plain.txt", "--score-file", "o.csv"], "there are no gold keywords"),
        ([*read, "--frequencies", "broken.tsv", "--output-file", "o.csv"], "broken.tsv, line 2: found 'kiln'"),
        (["--frequencies", "no.tsv", "x"], "no.tsv: there is no such file, and no --input-file"),
        ([*read, "--method", "keybert", "--checkpoint", "no", "--output-file", "o.csv"], "no: there is no such folder"),
        (["--method", "ranker", "x"], "python keyword_train.py --method ranker"),
        (["--method", "topicalpagerank", "x"], "Give one with --input-file"),
    ]:
        assert message in refuse(folder, *arguments), arguments


def test_standard_input_that_is_not_utf_8_is_refused_with_its_line(folder):
    done = call(folder, "--method", "firstphrases", given="河道清淤\n".encode() + "声呐\n".encode("gb18030"))
    assert done.code == 2 and done.out.count("\n") == 1
    assert done.errors.splitlines()[-1].startswith("standard input, line 2: the bytes are not UTF-8")


def test_a_trained_method_extracts_and_its_folder_is_not_overwritten(folder):
    examples = [{"text": text, "keywords": ["清淤机器人", "定位误差"]} for text in make_texts(24)]
    write_lines(folder / "train.jsonl", examples)
    common = ["--method", "kea", "--train-file", "train.jsonl"]
    trained = call(folder, *common, "--folds", "2", "--run", "mine", script="keyword_train.py")
    assert trained.code == 0 and "24 texts with 48 gold keywords" in trained.out, trained.errors
    assert [line.split()[0] for line in trained.out.splitlines() if "F1@5" in line] == ["tfidf", "kea"]
    assert "next: python keyword_extract.py --method kea --run runs/mine" in trained.out
    given = ["--method", "kea", "--input-file", "gold.jsonl", "--output-file", "out.jsonl"]
    used = call(folder, *given, "--run", "mine")
    assert used.code == 0 and "kea: runs/mine" in used.errors, used.errors
    newest = call(folder, "--method", "kea", TEXTS[0])
    first = json.loads((folder / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert newest.code == 0 and json.loads(newest.out) == first and first["keywords"]

    assert "runs/mine is a run of kea, expected ranker" in refuse(folder, "--method", "ranker", "--run", "mine", "x")
    wrong = {
        (*common, "--run", "mine"): "runs/mine holds something already and is not overwritten",
        (*common, "--frequencies", "no.tsv"): "no.tsv: there is no such file",
        (*common, "--run", "train.jsonl/run"): "train.jsonl/run can't be written",
        ("--train-file", "gold.jsonl"): "at least 20 are needed",
    }
    for arguments, message in wrong.items():
        assert message in refuse(folder, *arguments, script="keyword_train.py"), arguments
    with toy.hold_elsewhere(folder / "runs/held"):
        message = refuse(folder, "--train-file", "absent.csv", "--run", "held", script="keyword_train.py")
    assert "runs/held: another process is writing it" in message


@pytest.mark.parametrize("flag", ["--output-file", "--score-file", "--frequencies"])
def test_an_output_that_another_process_writes_is_refused_before_the_input_is_read(folder, flag):
    path = folder / "held.csv"
    with toy.hold_elsewhere(path):
        assert f"{path}: another process is writing it" in refuse(folder, "--input-file", "absent.csv", flag, str(path))
