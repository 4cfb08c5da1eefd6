"""Runs: their names, whether they may be begun, resumed or used, and that a loaded one is the one that was written."""

import json
import subprocess
import sys

import numpy as np
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.inference.run import load_run
from zhlabel.runs import find
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.plan import TRAINING
from zhlabel.runs.record import RUNS_FOLDER, read_run

PLAN = {"checkpoint": "albert_tiny", "task": "multi_label", "epochs": 3, "labels": ["裁员", "收购", "地震"]}
NAMES = ("裁员", "收购", "地震")
COUNTS = {"裁员": 3, "收购": 5, "地震": 1}
TEXTS = ["公司宣布裁员", "北京今天地震，地震。", "", "王小明说上海大学收购了长江公司"]


@pytest.fixture(autouse=True)
def at_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_toy_run(folder, family="albert", **changes):
    """Write a run of a toy model whose weights are far from their initial values; gives the model."""
    model, config = toy.build_model(config=toy.make_config(family), seed=7)
    model.get_layer("head").bias.assign([0.5, -0.25, 0.125])
    toy.write_run(folder, model, config, **{"settings": {"max_length": 12}, "label_counts": COUNTS, **changes})
    return model


def write_record(name, *, age=0, **changes):
    toy.write_record(RUNS_FOLDER / name, age=1 + age, **changes)


def test_a_new_run_has_the_number_after_the_highest():
    assert find.name_new_run("tiny", "multi_label").as_posix() == "runs/tiny-multi_label-1"
    for name in ("tiny-multi_label-2", "tiny-multi_label-10", "tiny-multi_label-x", "tiny-ner-30", "other"):
        (RUNS_FOLDER / name).mkdir(parents=True)
    assert find.name_new_run("tiny", "multi_label").as_posix() == "runs/tiny-multi_label-11"
    assert find.name_new_run("a[b]", "ner").as_posix() == "runs/a[b]-ner-1"


def test_a_checkpoint_name_with_brackets_is_counted_too():
    (RUNS_FOLDER / "a[b]-ner-1").mkdir(parents=True)
    assert find.name_new_run("a[b]", "ner").as_posix() == "runs/a[b]-ner-2"


def begin(folder, *, plan=PLAN, epochs=0):
    """Begin a training that ends like a killed one, after so many epochs; gives the folder."""
    TRAINING.check(folder, plan)
    with TRAINING.hold(folder, plan):
        for _ in range(epochs):
            (folder / "training_state.safetensors").write_bytes(b"state")
    return folder


def test_the_newest_run_is_the_complete_one_written_last():
    with pytest.raises(InputError, match=r"no finished training yet\. Train one first: python model_train\.py"):
        find.find_newest_run()
    write_record("stopped", complete=False)
    with pytest.raises(InputError, match=r"stopped before their end, or broken: runs/stopped \(name one with --run\)"):
        find.find_newest_run()
    write_record("a", age=5)
    write_record("b", age=1)
    write_record("c", age=9)
    begin(RUNS_FOLDER / "d")
    assert find.find_newest_run().as_posix() == "runs/b"


def test_a_run_is_begun_once_and_resumed_with_the_same_plan():
    folder = find.locate_run("mine")
    assert TRAINING.check(folder, PLAN) is False and not folder.exists()
    begin(folder, epochs=1)
    assert TRAINING.check(folder, PLAN) is True
    assert TRAINING.find_unfinished(PLAN) == [folder]
    assert TRAINING.find_unfinished({**PLAN, "epochs": 4}) == []


def test_another_plan_is_refused_with_what_differs():
    folder = begin(find.locate_run("mine"), epochs=1)
    with pytest.raises(InputError, match="epochs: begun with 3, now 4") as refusal:
        TRAINING.check(folder, {**PLAN, "epochs": 4})
    assert "labels" not in str(refusal.value)


def test_a_plan_without_a_finished_epoch_binds_nobody():
    folder = begin(find.locate_run("mine"))
    assert TRAINING.check(folder, {**PLAN, "epochs": 4}) is False
    assert TRAINING.find_unfinished(PLAN) == []


def test_a_finished_run_is_refused_and_the_next_free_name_given():
    write_record("albert_tiny-multi_label-1")
    with pytest.raises(InputError, match=r"never overwritten.*runs/albert_tiny-multi_label-2"):
        TRAINING.check(find.locate_run("albert_tiny-multi_label-1"), PLAN)


def test_a_process_that_died_behind_its_last_write_hinders_no_training_like_it():
    folder = begin(find.locate_run("mine"), epochs=1)
    toy.write_record(folder)
    assert (folder / "plan.json").is_file() and TRAINING.find_unfinished(PLAN) == []


def test_a_run_stopped_by_the_user_may_be_used_and_resumed():
    folder = begin(find.locate_run("mine"), epochs=1)
    toy.write_record(folder, complete=False)
    assert TRAINING.check(folder, PLAN) is True
    assert read_run(folder)["complete"] is False


def test_a_training_that_comes_to_its_end_leaves_neither_plan_nor_lock():
    folder = find.locate_run("mine")
    with TRAINING.hold(folder, PLAN):
        toy.write_record(folder)
    assert [path.name for path in folder.iterdir()] == ["run.json"]


def test_a_folder_in_which_another_process_trains_is_refused_and_not_offered():
    folder = begin(find.locate_run("mine"), epochs=1)
    code = "import sys\nfrom filelock import FileLock\nwith FileLock('runs/mine/.lock'):\n    print(flush=True)\n"
    with subprocess.Popen(
        [sys.executable, "-c", code + "    sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(InputError, match="another process is training there"), TRAINING.hold(folder, PLAN):
            pytest.fail("two trainings in one folder")
        assert TRAINING.find_unfinished(PLAN) == []
        other.kill()
    assert TRAINING.find_unfinished(PLAN) == [folder]
    begin(folder, epochs=1)


def test_a_folder_of_something_else_is_left_alone():
    (RUNS_FOLDER / "mine").mkdir(parents=True)
    (RUNS_FOLDER / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(InputError, match="not a training of ours"):
        TRAINING.check(find.locate_run("mine"), PLAN)


def test_a_kill_while_the_plan_was_written_does_not_block_the_name():
    (RUNS_FOLDER / "mine").mkdir(parents=True)
    (RUNS_FOLDER / "mine" / ".plan.json.x1y2.tmp").write_text('{"chec')
    assert TRAINING.check(find.locate_run("mine"), PLAN) is False


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
    assert run.labels == NAMES and table.truncated == 1
    found = run.predict_encoded(table, batch_size=4)
    for row in range(len(TEXTS)):
        ids = table.token_ids[table.starts[row] : table.starts[row + 1]][None]
        assert np.abs(model([ids, np.zeros_like(ids)]).numpy()[0] - found[row]).max() < 1e-6
    assert np.ptp(found, axis=0).max() > 1e-3
    found = [run.settle_thresholds(each).to_record() for each in (None, 0.7, 0.0)]
    assert found == [{"global": 0.4}, {"global": 0.7}, {"global": 0.0}]
    assert run.labels[run.commonest_label] == "收购"


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
def test_a_file_of_a_run_that_is_missing_or_changed_is_named(copied_run, name):
    content = (copied_run / name).read_bytes()
    for changed in (content[:-4], content[:5], b"", content + b" "):
        (copied_run / name).write_bytes(changed)
        with pytest.raises(InputError, match=rf"{name} is not the file that run\.json tells of\. Copy the run again"):
            load_run(copied_run)
    (copied_run / name).unlink()
    with pytest.raises(InputError, match=rf"{name} is missing\. Copy the run again"):
        load_run(copied_run)


def test_a_run_without_hashes_loads_with_one_note(copied_run):
    toy.drop_hashes(copied_run)
    notes = []
    load_run(copied_run, note=notes.append)
    assert len(notes) == 1 and "format 3, which has no hashes, so its files can't be checked" in notes[0]
    folder = RunFolder(copied_run)
    folder.update({"temperature": 2.0}, files=("vocab.txt",))
    assert read_run(copied_run)["format"] == 3 and "files" not in read_run(copied_run)


@pytest.mark.parametrize("kept", [0, 5, 200, -4])
def test_damaged_weights_of_a_run_without_hashes_are_named(copied_run, kept):
    toy.drop_hashes(copied_run)
    path = copied_run / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"weights\.safetensors can't be read"):
        load_run(copied_run)


def test_weights_of_another_label_set_are_refused(copied_run):
    record = toy.drop_hashes(copied_run)
    (copied_run / "label.json").write_text('{"0": "a", "1": "b"}')
    with pytest.raises(InputError, match=r"label_counts names 3 labels, and not the 2 of label\.json"):
        load_run(copied_run)
    (copied_run / "run.json").write_text(json.dumps({**record, "label_counts": {"a": 1, "b": 1}}))
    with pytest.raises(InputError, match="head/kernel"):
        load_run(copied_run)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"temperature": 0}, "temperature is 0, expected a number from"),
        ({"settings": {"max_length": 2, "head": "cls", "long_text": "cut"}}, "settings.max_length is 2"),
        ({"settings": {"max_length": 12, "head": "crf", "long_text": "cut"}}, 'HEAD = "crf": for multi_label there is'),
        ({"settings": {"max_length": 12, "head": "cls", "long_text": "x"}}, 'LONG_TEXT = "x": for multi_label there'),
        ({"thresholds": {"global": 1.5}}, "thresholds.global is 1.5, expected a number from 0 to 1"),
        ({"thresholds": {}}, "thresholds.global is missing"),
        ({"thresholds": {"global": 0.5, "labels": {"裁员": 0.5}}}, "thresholds.labels names 1 labels"),
        ({"task": 3}, "task is 3, expected a text"),
        ({"task": "other"}, "task is other, expected one of multi_label"),
        ({"complete": "yes"}, 'complete is "yes", expected true or false'),
        ({"files": None}, "files is null, expected an object"),
        ({"data": {}}, "data.train is missing"),
    ],
)
def test_a_record_of_another_form_is_refused_with_the_place(copied_run, change, problem):
    record = json.loads((copied_run / "run.json").read_text())
    (copied_run / "run.json").write_text(json.dumps({**record, **change}))
    with pytest.raises(InputError) as refusal:
        load_run(copied_run)
    assert f"{copied_run / 'run.json'}: {problem}" in str(refusal.value)


def test_an_update_binds_what_was_written_and_forgives_no_other_change(copied_run):
    (copied_run / "dev.npz").write_bytes(b"new")
    (copied_run / "vocab.txt").write_text("damaged")
    RunFolder(copied_run).update({"temperature": 2.0}, files=("dev.npz",))
    folder = RunFolder(copied_run)
    assert folder.record["temperature"] == 2.0 and folder.check("dev.npz").read_bytes() == b"new"
    with pytest.raises(InputError, match=r"vocab\.txt is not the file"):
        folder.check("vocab.txt")
    (copied_run / "dev.npz").unlink()
    folder.update(files=("dev.npz",))
    assert not RunFolder(copied_run).has("dev.npz")


def test_what_is_added_to_a_run_makes_it_no_newer(copied_run):
    before = (copied_run / "run.json").stat().st_mtime_ns
    RunFolder(copied_run).update(files=("vocab.txt",))
    assert (copied_run / "run.json").stat().st_mtime_ns == before


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    '{"complete": true}',
    '{"format": 99, "complete": true}',
    '{"format": 4, "complete": 1}',
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_folder_hinders_no_other(content):
    write_record("good", age=5)
    begin(RUNS_FOLDER / "stopped", epochs=1)
    for name in ("run.json", "plan.json"):
        (RUNS_FOLDER / f"broken-{name}").mkdir()
        (RUNS_FOLDER / f"broken-{name}" / name).write_text(content)
        (RUNS_FOLDER / f"broken-{name}" / "best_weights.safetensors").write_bytes(b"")
    assert find.find_newest_run().as_posix() == "runs/good"
    assert TRAINING.find_unfinished(PLAN) == [RUNS_FOLDER / "stopped"]
    with pytest.raises(InputError, match=r"runs/broken-run\.json/run\.json"):
        read_run(RUNS_FOLDER / "broken-run.json")
    if not content.startswith("{") or content == "{":
        with pytest.raises(InputError, match=r"runs/broken-plan\.json/plan\.json"):
            TRAINING.check(RUNS_FOLDER / "broken-plan.json", PLAN)


def test_a_broken_report_is_left_to_its_folder(tmp_path):
    (tmp_path / "evaluation/test").mkdir(parents=True)
    (tmp_path / "evaluation/test/report.json").write_text("[")
    assert find.choose_evaluation_folder(tmp_path, "test.csv", "1").name == "test-2"


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
        read_run(find.locate_run("absent"))
    begin(find.locate_run("begun"))
    with pytest.raises(InputError, match=r"not finished.*model_train\.py --run runs/begun"):
        read_run(find.locate_run("begun"))


def test_another_file_of_the_same_name_gets_a_folder_of_its_own(tmp_path):
    def evaluate(file, sha256):
        folder = find.choose_evaluation_folder(tmp_path, file, sha256)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps({"data": {"sha256": sha256}}))
        return folder.relative_to(tmp_path / "evaluation").as_posix()

    found = [evaluate(*each) for each in (("a/test.csv", "1"), ("b/test.csv", "2"), ("test.csv.gz", "3"))]
    assert found == ["test", "test-2", "test-3"]
    named = [evaluate(name, "4") for name in ("news.2024.csv", "ner.dev.bio", "news.2023.jsonl.gz")]
    assert named == ["news.2024", "ner.dev", "news.2023"]
    assert evaluate("c/test.csv", "2") == "test-2" and evaluate("dev.csv", "2") == "dev"
