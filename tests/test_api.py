"""The front door: what programs get of train, load, evaluate and compare, from any folder, without a word."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import toy
from toy_commands import CLASSES, ROWS, Notes, make_folder, name_settings

import zhlabel
from zhlabel.errors import InputError

PAIRS = [(text, label.split("|") if label else []) for label, text in ROWS * 3]
FRAME = pd.DataFrame(PAIRS, columns=["text", "label"])


def train_briefly(data, **changes):
    settings = name_settings("multi_label", epochs=1, dev_file="", dev_share=0.3, **changes)
    return zhlabel.train(**{**settings, "train_file": data})


def test_a_list_of_pairs_and_a_frame_of_the_same_texts_train_the_same_model_and_nothing_is_printed(
    toy_folder, monkeypatch, capfd
):
    monkeypatch.chdir(toy_folder)
    capfd.readouterr()
    pairs, frame = train_briefly(PAIRS), train_briefly(FRAME)
    found = capfd.readouterr()
    assert found.out == "" and "%|" not in found.err
    assert pairs.record["data"]["train"] == frame.record["data"]["train"]
    assert pairs.record["data"]["train"]["file"].startswith("runs/data/")
    assert pairs.folder != frame.folder
    weights = [(run.folder / "weights.safetensors").read_bytes() for run in (pairs, frame)]
    assert weights[0] == weights[1]
    assert not (toy_folder / "label.json").exists(), "the script alone writes it"


def test_dev_texts_can_be_in_memory_too(toy_folder, monkeypatch):
    monkeypatch.chdir(toy_folder)
    settings = {**name_settings("multi_class", epochs=1), "dev_file": [(text, label) for label, text in CLASSES]}
    notes = Notes()
    run = zhlabel.train(**settings, progress=notes)
    assert run.labels == ("裁员", "地震") and run.record["data"]["dev_texts"] == 4
    assert any(line.startswith("epoch 1: loss ") for line in notes.lines)


def test_a_run_labels_a_list_a_series_and_one_string(multi_label, monkeypatch):
    monkeypatch.chdir(multi_label.folder)
    run = zhlabel.load("multi_label")
    texts = ["公司宣布裁员", "", "今天长江地震"]
    found = run.predict(texts)
    assert [each["text"] for each in found] == texts and found == run.predict(pd.Series(texts))
    assert run.predict(texts[0]) == found[:1]
    probabilities = run.predict_proba(texts)
    assert probabilities.shape == (3, len(run.labels)) and probabilities.dtype == np.float32
    assert np.allclose(run.predict_proba(texts[0]), probabilities[:1], atol=1e-5)
    expected = dict(zip(run.labels, probabilities[0].tolist(), strict=True))
    kept = {each["label"]: each["probability"] for each in run.predict(texts[0], threshold=0)[0]["labels"]}
    assert kept == pytest.approx(expected, abs=1e-5)
    decided = {each["label"] for each in found[0]["labels"]}
    assert decided == {name for name, value in expected.items() if value >= run.threshold}
    assert "texts[1] is None, expected a string" in toy.refuse(run.predict, ["公司", None])
    assert repr(run) == "Run(runs/multi_label, multi_label, 3 labels)"


def test_classes_and_entities_have_their_forms(multi_class, ner, monkeypatch):
    monkeypatch.chdir(ner.folder)
    (found,) = multi_class.run.predict("公司宣布裁员")
    assert found.keys() == {"text", "label", "probability"}
    assert multi_class.run.predict_proba("公司宣布裁员").sum() == pytest.approx(1, abs=1e-5)
    (found,) = ner.run.predict("王小明在北京大学")
    assert found["entities"][0].keys() == {"start", "end", "type", "text", "probability"}
    (entities,) = ner.run.predict_proba("王小明在北京大学")
    assert {(each.start, each.end, each.type) for each in entities} >= {(0, 3, "PER"), (4, 8, "ORG")}


def test_an_evaluation_is_the_report_with_its_text_and_folder(multi_label, monkeypatch, capsys):
    monkeypatch.chdir(multi_label.folder)
    report = zhlabel.evaluate(multi_label.run, "test.csv")
    assert capsys.readouterr().out == ""
    assert report.folder.as_posix() == "runs/multi_label/evaluation/test"
    written = json.loads((report.folder / "report.json").read_text(encoding="utf-8"))
    assert set(written) == set(report) and written["accuracy"] == report["accuracy"]
    assert report.text.strip() == (report.folder / "report.txt").read_text(encoding="utf-8").strip()
    by_name, by_folder = (zhlabel.evaluate(run, "test.csv") for run in ("multi_label", "runs/multi_label"))
    assert by_name["accuracy"] == by_folder["accuracy"] == report["accuracy"]
    several = zhlabel.evaluate(multi_label.run, ["test.csv", "train.csv"], baseline=False)
    assert [each["data"]["file"] for each in several] == ["test.csv", "train.csv"]
    given = zhlabel.evaluate(multi_label.run, [(text[1:] + "！", label.split("|")) for label, text in ROWS[:4]])
    assert given["data"]["file"].startswith("runs/data/") and given["data"]["texts"] == 4


def test_an_evaluation_of_own_data_must_name_a_file_that_chose_nothing(multi_label, monkeypatch):
    monkeypatch.chdir(multi_label.folder)
    assert "was trained on train.csv, so the sample's test file does not fit" in toy.refuse(
        zhlabel.evaluate, multi_label.run
    )
    assert "the run's thresholds were chosen on it" in toy.refuse(zhlabel.evaluate, multi_label.run, "dev.csv")


def test_two_runs_are_compared_each_in_a_process_of_its_own(multi_label, monkeypatch, capsys):
    monkeypatch.chdir(multi_label.folder)
    (multi_label.folder / "runs/twin").symlink_to("multi_label")
    notes = Notes()
    compared = zhlabel.compare(["multi_label", "twin"], "test.csv", baseline=False, progress=notes)
    assert capsys.readouterr().out == "" and any(line == "run: runs/twin" for line in notes.lines)
    written = json.loads((compared.folder / "comparison.json").read_text(encoding="utf-8"))
    assert set(compared) == set(written) and "twin" in compared.text and "matrix" in compared
    assert "runs/nowhere is not a run" in toy.refuse(zhlabel.compare, ["multi_label", "nowhere"], "test.csv")
    (multi_label.folder / "runs/twin").unlink()


def test_everything_works_from_any_folder(multi_label, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = zhlabel.load(multi_label.folder / "runs/multi_label")
    assert run.predict("公司宣布裁员") == multi_label.run.predict("公司宣布裁员")
    assert not list(tmp_path.iterdir())
    checkpoint, files = multi_label.folder / "toy", ("train.csv", "dev.csv")
    files = dict(zip(("train_file", "dev_file"), (str(multi_label.folder / name) for name in files), strict=True))
    new = zhlabel.train(**name_settings("multi_label", checkpoint=str(checkpoint), epochs=1, **files))
    assert new.folder.as_posix() == "runs/toy-multi_label-1" and (tmp_path / new.folder).is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert zhlabel.load().folder == new.folder, "the newest"


def test_a_checkpoint_that_is_not_there_ends_in_a_sentence_that_says_where_to_get_one(tmp_path, monkeypatch):
    make_folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    message = toy.refuse(zhlabel.train, "train.csv", checkpoint="albert_tiny")
    assert message.startswith("albert_tiny: there is no such folder") and "albert_base/README.md" in message
    assert not (tmp_path / "runs").exists()


def test_wrong_settings_and_names_are_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = toy.refuse(zhlabel.train, "none.csv", epoch=3, batch_size="8")
    assert "there is no setting epoch; the nearest is epochs" in message and "batch_size='8'" in message
    assert "is not a run" in toy.refuse(zhlabel.load, "nowhere")
    assert "python model_train.py" in toy.refuse(zhlabel.load)
    with pytest.raises(InputError, match=r"labelled texts are int"):
        zhlabel.train(7)


def test_importing_is_lazy_and_names_what_there_is():
    code = "import sys, time; start = time.process_time(); import zhlabel; took = time.process_time() - start\n"
    code += "assert not {'tensorflow', 'pandas', 'numpy'} & set(sys.modules)\n"
    code += "zhlabel.load; assert not {'tensorflow', 'pandas'} & set(sys.modules)\n"
    code += "assert set(zhlabel.__all__) <= set(dir(zhlabel)); print(took)"
    done = subprocess.run([sys.executable, "-c", code], cwd=toy.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.3
    with pytest.raises(AttributeError, match="'zhlabel' has no attribute 'fit'; there are __version__, InputError"):
        _ = zhlabel.fit


def test_labelling_with_a_loaded_run_needs_no_tensorflow(multi_label):
    code = "import sys, zhlabel; zhlabel.load('multi_label').predict(['公司裁员'])\n"
    code += "print({'tensorflow', 'pandas', 'sklearn'} & set(sys.modules))"
    environment = {"PYTHONPATH": str(toy.ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=multi_label.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr


def test_a_training_that_is_stopped_goes_on_with_its_own_settings(toy_folder, monkeypatch):
    monkeypatch.chdir(toy_folder)
    asked = name_settings("multi_label", run="halted", epochs=3)
    with pytest.raises(KeyboardInterrupt):
        zhlabel.train(**asked, progress=Notes(lambda told: isinstance(told, str) and told.startswith("epoch 1:")))
    run = zhlabel.train(run="halted")
    assert run.record["complete"] and run.record["epochs"] == 3
    assert run.record["settings"]["batch_size"] == asked["batch_size"]
    message = toy.refuse(zhlabel.train, run="halted", epochs=4)
    assert "a finished training, which is never overwritten" in message
