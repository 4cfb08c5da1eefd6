"""Runs: their names, whether they may be begun, resumed or used, and that a loaded one is the one that was written."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.inference.run import load_run
from zhlabel.models.weights import collect_weights
from zhlabel.runs import folder as runs
from zhlabel.runs import plan as plans

PLAN = {"checkpoint": "albert_tiny", "task": "multi_label", "epochs": 3, "labels": ["裁员", "收购", "地震"]}
NAMES = ("裁员", "收购", "地震")
TEXTS = ["公司宣布裁员", "北京今天地震，地震。", "", "王小明说上海大学收购了长江公司"]


@pytest.fixture(autouse=True)
def at_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_toy_run(folder, family="albert", **record):
    """Write a run of a toy model whose weights are far from their initial values; gives the model."""
    from zhlabel.models.classifier import build_classifier
    from zhlabel.models.encoder import build_encoder, fill_encoder

    config = toy.make_config(family)
    encoder = build_encoder(config, seed=1)
    fill_encoder(encoder, config, toy.draw_weights(config, seed=5))
    model = build_classifier(encoder, len(NAMES), activation="sigmoid", seed=7)
    model.get_layer("head").bias.assign([0.5, -0.25, 0.125])
    folder.mkdir(parents=True, exist_ok=True)
    toy.write_vocabulary(folder.parent)
    record = {
        "complete": True,
        "task": "multi_label",
        "settings": {"max_length": 12, "head": "cls", "long_text": "cut"},
        "thresholds": {"global": 0.4},
        "temperature": 1.0,
        "label_counts": {"裁员": 3, "收购": 5, "地震": 1},
        **record,
    }
    vocabulary = folder.parent / "vocab.txt"
    runs.write_run(
        folder,
        record,
        weights=collect_weights(model, config),
        encoder_config=config,
        vocabulary_file=vocabulary,
        names=NAMES,
    )
    return model


def write_record(name, *, age=0, **record):
    path = runs.RUNS_FOLDER / name / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"format": runs.FORMAT_VERSION, "complete": True, **record}))
    os.utime(path, (1_000_000 - age, 1_000_000 - age))


def test_a_new_run_has_the_number_after_the_highest():
    assert runs.name_new_run("tiny", "multi_label").as_posix() == "runs/tiny-multi_label-1"
    for name in ("tiny-multi_label-2", "tiny-multi_label-10", "tiny-multi_label-x", "tiny-ner-30", "other"):
        (runs.RUNS_FOLDER / name).mkdir(parents=True)
    assert runs.name_new_run("tiny", "multi_label").as_posix() == "runs/tiny-multi_label-11"
    assert runs.name_new_run("a[b]", "ner").as_posix() == "runs/a[b]-ner-1"


def test_a_checkpoint_name_with_brackets_is_counted_too():
    (runs.RUNS_FOLDER / "a[b]-ner-1").mkdir(parents=True)
    assert runs.name_new_run("a[b]", "ner").as_posix() == "runs/a[b]-ner-2"


def begin(folder, *, plan=PLAN, epochs=0):
    """Begin a training that ends like a killed one, after so many epochs; gives the folder."""
    plans.check_run(folder, plan)
    with plans.begin_run(folder, plan):
        for _ in range(epochs):
            (folder / "training_state.safetensors").write_bytes(b"state")
    return folder


def test_the_newest_run_is_the_complete_one_written_last():
    with pytest.raises(InputError, match=r"no finished training yet\. Train one first: python model_train\.py"):
        runs.find_newest_run()
    write_record("stopped", complete=False)
    with pytest.raises(InputError, match=r"stopped before their end: runs/stopped \(name one with --run\)"):
        runs.find_newest_run()
    write_record("a", age=5)
    write_record("b", age=1)
    write_record("c", age=9)
    begin(runs.RUNS_FOLDER / "d")
    assert runs.find_newest_run().as_posix() == "runs/b"


def test_a_run_is_begun_once_and_resumed_with_the_same_plan():
    folder = runs.locate_run("mine")
    assert plans.check_run(folder, PLAN) is False and not folder.exists()
    begin(folder, epochs=1)
    assert plans.check_run(folder, PLAN) is True
    assert plans.find_unfinished(PLAN) == [folder]
    assert plans.find_unfinished({**PLAN, "epochs": 4}) == []


def test_another_plan_is_refused_with_what_differs():
    folder = begin(runs.locate_run("mine"), epochs=1)
    with pytest.raises(InputError, match="epochs: begun with 3, now 4") as refusal:
        plans.check_run(folder, {**PLAN, "epochs": 4})
    assert "labels" not in str(refusal.value)


def test_a_plan_without_a_finished_epoch_binds_nobody():
    folder = begin(runs.locate_run("mine"))
    assert plans.check_run(folder, {**PLAN, "epochs": 4}) is False
    assert plans.find_unfinished(PLAN) == []


def test_a_finished_run_is_refused_and_the_next_free_name_given():
    write_record("albert_tiny-multi_label-1")
    with pytest.raises(InputError, match=r"never overwritten.*runs/albert_tiny-multi_label-2"):
        plans.check_run(runs.locate_run("albert_tiny-multi_label-1"), PLAN)


def test_a_process_that_died_behind_its_last_write_hinders_no_training_like_it():
    folder = begin(runs.locate_run("mine"), epochs=1)
    (folder / "run.json").write_text(json.dumps({"format": runs.FORMAT_VERSION, "complete": True}))
    assert (folder / "plan.json").is_file() and plans.find_unfinished(PLAN) == []


def test_a_run_stopped_by_the_user_may_be_used_and_resumed():
    folder = begin(runs.locate_run("mine"), epochs=1)
    (folder / "run.json").write_text(json.dumps({"format": runs.FORMAT_VERSION, "complete": False}))
    assert plans.check_run(folder, PLAN) is True
    assert runs.read_run(folder)["complete"] is False


def test_a_training_that_comes_to_its_end_leaves_neither_plan_nor_lock():
    folder = runs.locate_run("mine")
    with plans.begin_run(folder, PLAN):
        (folder / "run.json").write_text(json.dumps({"format": runs.FORMAT_VERSION, "complete": True}))
    assert [path.name for path in folder.iterdir()] == ["run.json"]


def test_a_folder_in_which_another_process_trains_is_refused_and_not_offered():
    folder = begin(runs.locate_run("mine"), epochs=1)
    code = "import sys\nfrom filelock import FileLock\nwith FileLock('runs/mine/.lock'):\n    print(flush=True)\n"
    with subprocess.Popen(
        [sys.executable, "-c", code + "    sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(InputError, match="another process is training there"), plans.begin_run(folder, PLAN):
            pytest.fail("two trainings in one folder")
        assert plans.find_unfinished(PLAN) == []
        other.kill()
    assert plans.find_unfinished(PLAN) == [folder]
    begin(folder, epochs=1)


def test_a_folder_of_something_else_is_left_alone():
    (runs.RUNS_FOLDER / "mine").mkdir(parents=True)
    (runs.RUNS_FOLDER / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(InputError, match="not a run of ours"):
        plans.check_run(runs.locate_run("mine"), PLAN)


def test_a_kill_while_the_plan_was_written_does_not_block_the_name():
    (runs.RUNS_FOLDER / "mine").mkdir(parents=True)
    (runs.RUNS_FOLDER / "mine" / ".plan.json.x1y2.tmp").write_text('{"chec')
    assert plans.check_run(runs.locate_run("mine"), PLAN) is False


def test_a_run_written_again_drops_the_reports_of_its_earlier_weights(tmp_path):
    write_toy_run(tmp_path / "run")
    (tmp_path / "run/evaluation/test").mkdir(parents=True)
    write_toy_run(tmp_path / "run")
    assert not (tmp_path / "run/evaluation").exists()


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_a_loaded_run_gives_the_probabilities_of_the_written_model(family, tmp_path):
    model = write_toy_run(tmp_path / "run", family)
    run = load_run(tmp_path / "run")
    table = run.encode(TEXTS)
    assert run.names == NAMES and table.truncated == 1
    found = run.predict(table, batch_size=4)
    for row in range(len(TEXTS)):
        ids = table.token_ids[table.starts[row] : table.starts[row + 1]][None]
        assert np.abs(model([ids, np.zeros_like(ids)]).numpy()[0] - found[row]).max() < 1e-6
    assert np.ptp(found, axis=0).max() > 1e-3
    found = [run.settle_thresholds(each).to_record() for each in (None, 0.7, 0.0)]
    assert found == [{"global": 0.4}, {"global": 0.7}, {"global": 0.0}]
    assert run.names[run.commonest_label] == "收购"


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    write_toy_run(folder)
    return folder


@pytest.fixture
def copied_run(whole_run, tmp_path):
    import shutil

    return shutil.copytree(whole_run, tmp_path / "copied")


def test_a_run_holds_no_code(whole_run):
    names = sorted(path.name for path in whole_run.iterdir())
    assert names == ["encoder.json", "label.json", "run.json", "vocab.txt", "weights.safetensors"]
    for path in whole_run.iterdir():
        start = path.read_bytes()[:8]
        assert not start.startswith((b"\x80", b"\x89HDF", b"PK")), path


@pytest.mark.parametrize("name", ["encoder.json", "label.json", "vocab.txt", "weights.safetensors"])
def test_a_missing_file_of_a_run_is_named(copied_run, name):
    (copied_run / name).unlink()
    with pytest.raises(InputError, match=name):
        load_run(copied_run)


@pytest.mark.parametrize("kept", [0, 5, 200, -4])
def test_damaged_weights_are_named(copied_run, kept):
    path = copied_run / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"weights\.safetensors can't be read"):
        load_run(copied_run)


def test_weights_of_another_label_set_are_refused(copied_run):
    (copied_run / "label.json").write_text('{"0": "a", "1": "b"}')
    with pytest.raises(InputError, match="head/kernel"):
        load_run(copied_run)


def test_a_newer_format_is_refused(copied_run):
    record = json.loads((copied_run / "run.json").read_text())
    (copied_run / "run.json").write_text(json.dumps({**record, "format": 99}))
    with pytest.raises(InputError, match="format 99, expected "):
        load_run(copied_run)


def test_a_damaged_record_is_named(copied_run):
    (copied_run / "run.json").write_text('{"format": 2,')
    with pytest.raises(InputError, match=r"run\.json is not JSON"):
        load_run(copied_run)


def test_what_is_no_run_or_not_finished_says_what_to_do():
    write_record("good")
    with pytest.raises(InputError, match=r"is not a run.*runs/good"):
        runs.read_run(runs.locate_run("absent"))
    begin(runs.locate_run("begun"))
    with pytest.raises(InputError, match=r"not finished.*model_train\.py --run runs/begun"):
        runs.read_run(runs.locate_run("begun"))


def test_another_file_of_the_same_name_gets_a_folder_of_its_own(tmp_path):
    def evaluate(file, sha256):
        folder = runs.choose_evaluation_folder(tmp_path, file, sha256)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps({"data": {"sha256": sha256}}))
        return folder.relative_to(tmp_path / "evaluation").as_posix()

    found = [evaluate(*each) for each in (("a/test.csv", "1"), ("b/test.csv", "2"), ("test.csv.gz", "3"))]
    assert found == ["test", "test-2", "test-3"]
    named = [evaluate(name, "4") for name in ("news.2024.csv", "ner.dev.bio", "news.2023.jsonl.gz")]
    assert named == ["news.2024", "ner.dev", "news.2023"]
    assert evaluate("c/test.csv", "2") == "test-2" and evaluate("dev.csv", "2") == "dev"
