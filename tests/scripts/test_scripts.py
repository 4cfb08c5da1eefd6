"""The three scripts from end to end, as commands in a folder of their own: a toy checkpoint, a few texts."""

import csv
import json
import shutil
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest
import toy
from toy_commands import (
    ROWS,
    Notes,
    find_line,
    finish,
    make_folder,
    name_settings,
    place_scripts,
    refuse_script,
    run_line,
    run_script,
    start_script,
    write_flags,
    write_rows,
)

import zhlabel

TRAIN = write_flags(name_settings("multi_label", run="mine"))
AVERAGES = ("micro avg", "macro avg", "weighted avg", "samples avg")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A training that Ctrl-C ended after its first epochs."""
    folder = place_scripts(make_folder(tmp_path_factory.mktemp("scripts")))
    process, state = start_script(folder, "model_train.py", *TRAIN), folder / "runs/mine/training_state.safetensors"
    end = time.monotonic() + 200
    while not state.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    done = finish(process, timeout=60)
    record = json.loads((folder / "runs/mine/run.json").read_text(encoding="utf-8"))
    return SimpleNamespace(folder=folder, **vars(done), record=record)


def test_ctrl_c_keeps_the_best_epoch_and_the_run_can_be_used(stopped, monkeypatch):
    assert stopped.code == 130, stopped.errors[-2000:]
    assert "Traceback" not in stopped.errors and stopped.errors.rstrip().endswith("stopped")
    assert "To go on: python model_train.py --run runs/mine" in stopped.out
    assert stopped.record["complete"] is False and stopped.record["best_epoch"] >= 1
    monkeypatch.chdir(stopped.folder)
    assert len(zhlabel.load("mine").predict(["公司裁员", ""])) == 2


@pytest.fixture(scope="module")
def trained(stopped):
    """What the stopped training prints to go on with, which finishes it."""
    done = run_line(stopped.folder, find_line(stopped.out, "To go on: "))
    return SimpleNamespace(folder=stopped.folder, out=done.out, run=stopped.folder / "runs/mine")


def test_the_printed_command_finishes_a_stopped_training_with_its_own_settings(trained, stopped):
    assert "going on with runs/mine" in trained.out and "EPOCHS = 12 (in the file: 10)" in stopped.out
    record = json.loads((trained.run / "run.json").read_text(encoding="utf-8"))
    assert record["complete"] is True and record["best_epoch"] >= stopped.record["best_epoch"]
    rows = list(csv.DictReader(open(trained.run / "history.csv", encoding="utf-8-sig")))  # noqa: SIM115
    assert [int(row["epoch"]) for row in rows] == list(range(1, 13))
    best = max(float(row["dev_score"]) for row in rows)
    assert record["dev_score"] == best and f"dev micro F1 {best:.4f}" in trained.out and record["ngrams"] == 0
    assert record["settings"]["epochs"] == 12 and record["settings"]["head"] == "cls"
    names = {path.name for path in trained.run.iterdir()}
    assert {"history.svg", "weights.safetensors", "encoder.json", "vocab.txt", "label.json", "model.xml"} <= names
    assert {"logits.json", "dev.npz"} <= names and not any("int8" in name for name in names)
    assert "%|" not in trained.out, "a library's bar"
    hashed = {name for name in names if name not in ("run.json", ".lock")} - {"evaluation"}
    assert set(record["files"]) == hashed
    pairs = json.loads((trained.run / "logits.json").read_text(encoding="utf-8"))
    assert [len(pair["logits"]) for pair in pairs] == [3] * len(ROWS)
    assert [pair["labels"] for pair in pairs][:2] == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert not any(name.endswith((".tmp", ".h5", ".pkl")) or "state" in name for name in names)
    labels = json.loads((trained.folder / "label.json").read_text(encoding="utf-8"))
    assert labels == {"0": "裁员", "1": "收购", "2": "地震"}
    assert labels == json.loads((trained.run / "label.json").read_text(encoding="utf-8"))


def test_the_next_command_that_a_training_prints_runs_as_printed(trained):
    done = run_line(trained.folder, find_line(trained.out, "next: "), given="公司宣布裁员\n")
    assert json.loads(done.out)["text"] == "公司宣布裁员" and "run: runs/mine" in done.errors


def test_a_finished_run_is_not_overwritten(trained):
    before = (trained.run / "weights.safetensors").read_bytes()
    done = run_script(trained.folder, "model_train.py", *TRAIN)
    assert done.code == 2 and "never overwritten" in done.errors and "runs/toy-multi_label-1" in done.errors
    assert (trained.run / "weights.safetensors").read_bytes() == before


def test_a_finished_run_without_its_graph_is_given_one_and_no_more(trained):
    folder = shutil.copytree(trained.run, trained.run.parent / "bare")
    before = (folder / "weights.safetensors").read_bytes()
    (folder / "model.xml").unlink()
    done = run_script(trained.folder, "model_train.py", "--run", "bare")
    assert done.code == 0 and "without TensorFlow" in done.out, done.errors[-2000:]
    assert (folder / "model.xml").is_file() and (folder / "weights.safetensors").read_bytes() == before
    assert not list(folder.glob(".*"))


def test_prediction_in_int8_makes_its_graph_once_and_prints_results_alone(trained):
    shutil.copytree(trained.run, trained.run.parent / "rounded")
    for time_of_it in ("first", "second"):
        done = run_script(trained.folder, "model_predict.py", "--run", "rounded", "--precision", "int8", "公司裁员")
        assert ("is made from 18 training texts" in done.errors) == (time_of_it == "first"), done.errors[-2000:]
        if done.code == 2:  # so few texts may lose too much
            assert "loses too much" in done.errors and done.out == ""
            return
        assert [json.loads(line)["text"] for line in done.out.splitlines()] == ["公司裁员"]


@pytest.fixture(scope="module")
def evaluated(trained):
    done = run_script(trained.folder, "model_evaluate.py", "--run", "mine", "--data-file", "test.csv")
    assert done.code == 0, done.errors[-3000:]
    target = trained.run / "evaluation/test"
    report = json.loads((target / "report.json").read_text(encoding="utf-8"))
    return SimpleNamespace(folder=trained.folder, target=target, report=report, out=done.out)


def test_the_report_has_scikit_learns_numbers(evaluated):
    from sklearn.metrics import accuracy_score, classification_report, hamming_loss

    report = evaluated.report
    wanted = {"run", "task", "data", "accuracy", "hamming_loss", "labels", "thresholds", "baseline", "seconds"}
    assert wanted | set(AVERAGES) | {"texts_per_second"} <= set(report)
    assert {"intervals", "relaxed", "ranking", "calibration", "parameters", "notes"} <= set(report)
    assert report["run"] == "runs/mine" and {"file", "sha256", "texts", "truncated"} <= set(report["data"])
    names = list(report["labels"])
    with open(evaluated.target / "predictions.csv", encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    split = [[[name in row[key].split("|") for name in names] for row in rows] for key in ("gold", "predicted")]
    gold, decided = np.array(split).astype(int)
    pairs = json.loads((evaluated.target / "logits.json").read_text())
    probabilities = 1 / (1 + np.exp(-np.array([pair["logits"] for pair in pairs])))
    assert np.array_equal(gold, [pair["labels"] for pair in pairs])
    assert np.array_equal(decided, probabilities >= report["thresholds"]["global"])
    assert decided.any(), "a model that decides nothing shows nothing"

    judge = classification_report(gold, decided, target_names=names, output_dict=True, zero_division=0)
    for name in (*names, *AVERAGES):
        found = report["labels"].get(name) or report[name]
        assert {key: found[key] for key in judge[name]} == pytest.approx(judge[name]), name
    assert report["accuracy"] == pytest.approx(accuracy_score(gold, decided))
    assert report["hamming_loss"] == pytest.approx(hamming_loss(gold, decided))
    printed = (evaluated.target / "report.txt").read_text(encoding="utf-8")
    assert printed.strip() in evaluated.out and "accuracy:" in printed and "the run's own" in printed


def test_a_text_has_one_probability_in_evaluation_prediction_and_alone(evaluated, monkeypatch):
    monkeypatch.chdir(evaluated.folder)
    pairs = json.loads((evaluated.target / "logits.json").read_text())
    texts, run = [text[1:] + "！" for _, text in ROWS * 2], zhlabel.load("runs/mine")
    for text, pair in zip(texts, pairs, strict=True):
        alone = run.predict_proba(text)[0]
        assert np.abs(1 / (1 + np.exp(-np.array(pair["logits"]))) - alone).max() < 1e-5
    done = run_script(evaluated.folder, "model_predict.py", "--run", "mine", "--threshold", 0, *texts)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["text"] for line in lines] == texts
    for line, pair in zip(lines, pairs, strict=True):
        found = {each["label"]: each["probability"] for each in line["labels"]}
        expected = 1 / (1 + np.exp(-np.array(pair["logits"])))
        assert [found[name] for name in run.labels] == pytest.approx(expected.tolist(), abs=1e-5)


def test_a_given_threshold_is_said_to_be_given(evaluated, monkeypatch):
    monkeypatch.chdir(evaluated.folder)
    notes = Notes()
    report = zhlabel.evaluate("mine", "dev.csv", threshold="0.9", progress=notes)
    assert "threshold 0.9 (given, not the run's own)" in report.text
    assert any("is this run's dev file" in line for line in notes.lines)
    written = json.loads((evaluated.target.parent / "dev/report.json").read_text(encoding="utf-8"))
    assert written["thresholds"] == {"global": 0.9} and "threshold given, 0.9" in written["notes"][0]


def test_a_threshold_can_be_a_logit_and_0_keeps_every_label(evaluated, monkeypatch):
    monkeypatch.chdir(evaluated.folder)
    run = zhlabel.load("mine")
    for threshold, kept in (("0", 3), ("logit:-50", 3), ("logit:50", 0)):
        assert len(run.predict("公司裁员", threshold=threshold)[0]["labels"]) == kept
    arguments = ["--run", "mine", "--data-file", "dev.csv", "--threshold", "logit:-1.5"]
    done = run_script(evaluated.folder, "model_evaluate.py", *arguments)
    assert "the threshold given, logit:-1.5" in done.out
    assert "threshold 0.182426 (given, not the run's own)" in done.out
    text = zhlabel.evaluate(run, "dev.csv", threshold="0").text
    assert "threshold 0 (given, not the run's own)" in text
    assert 'THRESHOLD = "high"' in toy.refuse(run.predict, ["公司裁员"], threshold="high")


def test_a_file_on_which_the_thresholds_were_chosen_is_refused(trained):
    errors = refuse_script(trained.folder, "model_evaluate.py", "--run", "mine", "--data-file", "dev.csv")
    assert "dev.csv: the run's thresholds were chosen on it" in errors and "--threshold 0.5" in errors


def test_everything_of_an_evaluation_lies_in_its_folder(evaluated):
    names = {path.name for path in evaluated.target.iterdir()}
    tables = {"predictions.csv", "errors.csv", "label_errors.csv", "confusions.csv", "suspects.csv", "sweep.csv"}
    assert names == tables | {"report.txt", "report.json", "report.html", "outcomes.npz", "logits.json"}
    with open(evaluated.target / "label_errors.csv", encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrong = round(evaluated.report["hamming_loss"] * 12 * 3)
    assert len(rows) == wrong > 0
    page = (evaluated.target / "report.html").read_text(encoding="utf-8")
    assert "裁员" in page and "runs/mine" in page
    baselines = list(evaluated.report["baseline"])
    assert baselines[:2] == ["predicts nothing", "always 裁员"] and "linear SVM" in baselines[2]
    for name, (low, high) in evaluated.report["intervals"].items():
        value = {"micro f1-score": evaluated.report["micro avg"]["f1-score"]}.get(name, evaluated.report.get(name))
        assert 0 <= low <= high <= 1 and (value is None or low <= value <= high)


def test_thresholds_are_chosen_anew_without_training_and_prediction_follows(evaluated, monkeypatch):
    run = shutil.copytree(evaluated.folder / "runs/mine", evaluated.folder / "runs/anew")
    before = (run / "weights.safetensors").read_bytes()
    arguments = ["--run", "anew", "--thresholds", "per_label", "--labels-per-text", "2-2"]
    done = run_script(evaluated.folder, "model_train.py", *arguments)
    assert done.code == 0 and "chosen anew on its dev texts: 3 thresholds" in done.out, done.errors
    assert (run / "weights.safetensors").read_bytes() == before
    monkeypatch.chdir(evaluated.folder)
    assert "labels a text: 2-2 (the run's own" in zhlabel.evaluate("anew", "test.csv").text
    assert [len(found["labels"]) for found in zhlabel.load("anew").predict(["公司裁员", ""])] == [2, 2]


def test_several_runs_and_files_are_laid_side_by_side(evaluated):
    shutil.copytree(evaluated.folder / "runs/mine", evaluated.folder / "runs/twin")
    done = run_script(evaluated.folder, "model_evaluate.py", "--run", "mine,twin", "--data-file", "test.csv,train.csv")
    assert done.code == 0, done.errors[-3000:]
    target = evaluated.folder / "runs/compare-1"
    compared = json.loads((target / "comparison.json").read_text(encoding="utf-8"))
    text = (target / "comparison.txt").read_text(encoding="utf-8")
    assert text.strip() in done.out and "twin" in text and compared
    alone = json.loads((evaluated.folder / "runs/twin/evaluation/test/report.json").read_text(encoding="utf-8"))
    assert alone["accuracy"] == evaluated.report["accuracy"]


def test_a_run_that_is_not_there_stops_a_comparison_before_it_begins(evaluated):
    errors = refuse_script(evaluated.folder, "model_evaluate.py", "--run", "mine,nowhere", "--data-file", "test.csv")
    assert "runs/nowhere is not a run" in errors


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_prediction_writes_each_form_in_order_the_empty_text_too(trained, ending):
    texts = ["公司宣布裁员", "", "今天地震，说", "收购公司"]
    (trained.folder / "new.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    output = f"labelled.{ending}"
    arguments = ["--run", "mine", "--input-file", "new.txt", "--output-file", output]
    assert run_script(trained.folder, "model_predict.py", *arguments).code == 0
    path = trained.folder / output
    if ending == "jsonl":
        found = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    elif ending == "csv":
        with open(path, encoding="utf-8-sig", newline="") as stream:
            found = [row["text"] for row in csv.DictReader(stream)]
    else:
        import pyarrow.parquet

        found = pyarrow.parquet.read_table(path).column("text").to_pylist()
    assert found == texts
    assert not list(trained.folder.glob(f"{output}.part*"))


@pytest.mark.parametrize(
    "script,flag,given,held",
    [
        ("model_predict.py", "--output-file", "held.csv", "held.csv"),
        ("model_evaluate.py", "--data-file", "held.csv", "runs/mine/evaluation/held"),
    ],
)
def test_a_second_writer_of_one_place_ends_before_the_run_is_loaded(trained, script, flag, given, held):
    write_rows(trained.folder / "held.csv", ROWS)
    with toy.hold_elsewhere(trained.folder / held):
        done = run_script(trained.folder, script, "--run", "mine", flag, given)
    assert done.code == 2 and f"{held}: another process is writing it. Wait" in done.errors
    assert "run:" not in done.out + done.errors


def test_standard_input_is_labelled_line_by_line(trained):
    done = run_script(trained.folder, "model_predict.py", "--run", "mine", given="公司宣布裁员\n\n今天地震\n")
    assert done.code == 0, done.errors[-2000:]
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["text"] for line in lines] == ["公司宣布裁员", "", "今天地震"]
    assert "run: runs/mine" in done.errors


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path)


def test_a_list_of_files_that_names_none_is_refused(folder):
    assert '"," names nothing' in refuse_script(folder, "model_evaluate.py", "--data-file", ",")


def test_wrong_flags_are_told_at_once_with_the_nearest_names(folder):
    message = refuse_script(folder, "model_train.py", "--epoch", "3", "--lerning-rate", "1")
    assert message.count("the nearest is") == 2 and "--epochs" in message and "--learning-rate" in message
    assert not (folder / "runs").exists()


def test_an_empty_training_file_is_named(folder):
    (folder / "train.csv").write_text("")
    assert "train.csv holds no example" in refuse_script(folder, "model_train.py", *TRAIN)


def test_a_dev_label_that_training_lacks_is_named_with_its_line(folder):
    write_rows(folder / "dev.csv", [("裁员", "一"), ("裁元", "二")])
    message = refuse_script(folder, "model_train.py", *TRAIN)
    assert "dev.csv, line 3" in message and "裁元" in message and 'closest is "裁员"' in message
    assert not (folder / "runs").exists()


def test_a_length_beyond_the_checkpoints_positions_is_refused(folder):
    arguments = [{"24": "41"}.get(each, each) for each in TRAIN]
    errors = refuse_script(folder, "model_train.py", *arguments)
    assert "--max-length 41" in errors and "only 40 positions" in errors


def test_texts_and_an_input_file_together_are_refused(folder):
    (folder / "runs/given").mkdir(parents=True)
    errors = refuse_script(folder, "model_predict.py", "--run", "given", "--input-file", "test.csv", "公司裁员")
    assert "texts are given and --input-file test.csv too" in errors


def test_other_settings_do_not_resume_a_run(folder):
    (folder / "runs/mine").mkdir(parents=True)
    (folder / "runs/mine/plan.json").write_text('{"task": "other"}')
    (folder / "runs/mine/best_weights.safetensors").write_bytes(b"an epoch has ended")
    message = refuse_script(folder, "model_train.py", *TRAIN)
    assert "task: begun with 'other', now 'multi_label'" in message and "can't be resumed" in message


def test_without_a_run_evaluation_and_prediction_say_how_to_train(folder):
    for script in ("model_evaluate.py", "model_predict.py"):
        assert "python model_train.py" in refuse_script(folder, script)


@pytest.mark.parametrize("script", ["model_train.py", "model_evaluate.py", "model_predict.py"])
def test_help_shows_the_constants_with_their_comments(script, tmp_path):
    done = run_script(tmp_path, script, "--help")
    assert done.code == 0 and f"usage: python {script}" in done.out
    assert 'RUN = ""  # "":' in done.out and "BATCH_SIZE = " in done.out
    assert "def main" not in done.out and "LIMITS" not in done.out
