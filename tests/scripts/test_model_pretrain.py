"""model_pretrain.py from end to end on the toy world: a checkpoint that loads, resuming, and every refusal."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import toy
from toy_commands import find_line, place_scripts, run_line

from zhlabel.checkpoints import find_checkpoint, read_weights
from zhlabel.checkpoints.mlm_heads import read_heads
from zhlabel.cli.settings import read_settings
from zhlabel.errors import InputError
from zhlabel.io.files import hash_file

REPOSITORY = toy.ROOT
LINES = ["公司宣布裁员，张三说", "今天地震，有人说了", "王小明昨日在北京大学", "上海公司收购了长江公司", "李四是学人。"]
SMALL = {"text_file": "raw.txt", "checkpoint": "toy", "max_length": 16, "batch_size": 4, "dev_share": 0.1}


def make_folder(folder, family="albert", *, file_format="safetensors", documents=40):
    toy.write_checkpoint(folder / "toy", family, file_format=file_format)
    texts = [LINES[i % 5] + "\n" + LINES[(i * i + 1) % 5] for i in range(documents)]
    (folder / "raw.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    return folder


def run_main(folder, monkeypatch, **changes):
    """Call the script's main in this process, where TensorFlow is loaded already."""
    monkeypatch.syspath_prepend(str(REPOSITORY))
    monkeypatch.chdir(folder)
    call_main("model_pretrain", make_flags(changes))


def call_main(script, flags):
    module = __import__(script)
    source = (REPOSITORY / f"{script}.py").read_text(encoding="utf-8")
    module.main(read_settings(source, vars(module), flags, limits=module.LIMITS))


def make_flags(changes):
    return [f"--{name.replace('_', '-')}={value}" for name, value in {**SMALL, **changes}.items()]


def read_record(folder):
    return json.loads((folder / "pretraining" / "record.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "family,file_format",
    [("albert", "safetensors"), ("albert_brightmart", "tensorflow"), ("electra", "pytorch"), ("bert", "tensorflow")],
)
def test_the_result_loads_as_a_checkpoint_with_the_trained_weights(tmp_path, monkeypatch, capsys, family, file_format):
    from zhlabel.models.encoder import load_encoder
    from zhlabel.pretraining import model as pretrainer

    written, collect = [], pretrainer.collect_weights
    monkeypatch.setattr(
        pretrainer, "collect_weights", lambda *a: written.append((a[0], *collect(*a))) or written[-1][1:]
    )
    make_folder(tmp_path, family, file_format=file_format)
    run_main(tmp_path, monkeypatch, epochs=2)
    out = capsys.readouterr().out
    folder = tmp_path / "runs/toy-pretrained-1"
    assert "40 documents" in out and f"next: python model_train.py --checkpoint {folder.relative_to(tmp_path)}" in out
    assert out.count("new, its bias the text's token frequencies") == 2 and "step 0: held-out masked loss" in out

    found = find_checkpoint(folder)
    model, weights, heads = written[0]
    old = read_weights(find_checkpoint(tmp_path / "toy"))
    assert found.config == find_checkpoint(tmp_path / "toy").config and found.note == ""
    for name, array in read_weights(found).items():
        assert np.array_equal(array, weights[name]), name
    assert not np.array_equal(weights["embeddings/word"], old["embeddings/word"])
    again = read_heads(found, bag_of_words=True)
    assert again.keys() == heads.keys() and all(np.array_equal(again[name], heads[name]) for name in heads)
    inputs = list(toy.make_inputs())
    assert np.abs(load_encoder(found, seed=0)(inputs) - model.encoder(inputs)).max() < 1e-6

    record = read_record(folder)
    assert record["complete"] and record["history"][-1]["step"] == record["steps"] == 2 * -(
        -record["rows"]["train"] // 4
    )
    assert {path.name for path in (folder / "pretraining").iterdir()} == {
        "record.json",
        "history.csv",
        "heads.safetensors",
    }
    assert len((folder / "pretraining/history.csv").read_text(encoding="utf-8-sig").splitlines()) == 12


def test_pretraining_goes_on_from_its_own_result_with_both_heads(tmp_path, monkeypatch, capsys):
    make_folder(tmp_path)
    run_main(tmp_path, monkeypatch, epochs=6, out="first", learning_rate=0.01)
    run_main(tmp_path, monkeypatch, out="second", checkpoint="first")
    assert capsys.readouterr().out.count("the checkpoint's") == 2
    first, second = (read_record(tmp_path / name)["history"] for name in ("first", "second"))
    assert second[0]["dev_loss"] == pytest.approx(first[-1]["dev_loss"], rel=1e-5)  # the same rows and masks
    assert second[0]["dev_bag_loss"] == pytest.approx(first[-1]["dev_bag_loss"], rel=1e-5)
    assert first[-1]["dev_loss"] < first[0]["dev_loss"]


def test_model_train_takes_the_result(tmp_path, monkeypatch):
    make_folder(tmp_path)
    run_main(tmp_path, monkeypatch, out="mine")
    rows = "label,content\n裁员,公司宣布裁员\n地震,今天地震\n"
    (tmp_path / "train.csv").write_text(rows * 3, encoding="utf-8")
    (tmp_path / "dev.csv").write_text(rows, encoding="utf-8")
    files = ["--checkpoint=mine", "--train-file=train.csv", "--dev-file=dev.csv", "--max-length=16", "--epochs=1"]
    call_main("model_train", files)
    record = json.loads((tmp_path / "runs/mine-multi_label-1/run.json").read_text(encoding="utf-8"))
    assert record["complete"] and record["checkpoint"]["family"] == "albert"


def call(folder, *arguments, start=False):
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "model_pretrain.py"), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    if start:
        return process
    out, errors = process.communicate(timeout=240)
    return SimpleNamespace(code=process.returncode, out=out, errors=errors)


def test_ctrl_c_keeps_what_is_there_and_the_command_goes_on_to_the_same_result(tmp_path, monkeypatch, capsys):
    make_folder(tmp_path)
    flags = make_flags({"epochs": 30, "out": "cut"})
    process, state = call(tmp_path, *flags, start=True), tmp_path / "cut/pretraining/training_state"
    end, first = time.monotonic() + 200, None
    while process.poll() is None and time.monotonic() < end:  # until the state of the first tenth replaces the first
        found = state.stat().st_mtime_ns if state.exists() else None
        first = first or found
        if found != first:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors, errors[-2000:]
    assert state.exists()
    record = read_record(tmp_path / "cut")
    assert not record["complete"] and 0 < record["steps"] < 30 * 18
    assert find_checkpoint(tmp_path / "cut").family == "albert"  # what is there can be used

    done = run_line(place_scripts(tmp_path), find_line(out, "To go on: "))
    assert "going on with cut" in done.out
    run_main(tmp_path, monkeypatch, epochs=30, out="whole")
    one, other = (read_weights(find_checkpoint(tmp_path / name)) for name in ("cut", "whole"))
    assert all(np.array_equal(one[name], other[name]) for name in other)
    assert not state.exists() and read_record(tmp_path / "cut")["complete"]


def test_a_finished_result_is_never_overwritten(tmp_path, monkeypatch):
    make_folder(tmp_path)
    run_main(tmp_path, monkeypatch, out="mine")
    before = (tmp_path / "mine/model.safetensors").read_bytes()
    with pytest.raises(InputError, match=r"never overwritten.*runs/toy-pretrained-1"):
        run_main(tmp_path, monkeypatch, out="mine")
    with pytest.raises(InputError, match="not a pretraining of ours"):
        run_main(tmp_path, monkeypatch, out="toy")
    with pytest.raises(InputError, match="is a file"):
        run_main(tmp_path, monkeypatch, out="raw.txt")
    assert (tmp_path / "mine/model.safetensors").read_bytes() == before


def leave_unfinished(folder, monkeypatch, **changes):
    """Leave a pretraining in runs/ that was stopped after its second step."""
    from zhlabel.pretraining import loop

    fit = loop.Training.fit

    def stop(done, _):
        if done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Training, "fit", lambda self, path, **_: fit(self, path, on_step=stop))
        run_main(folder, monkeypatch, **changes)


def test_other_settings_and_another_process_do_not_go_on_with_it(tmp_path, monkeypatch, capsys):
    from zhlabel.pretraining.folder import PRETRAINING

    make_folder(tmp_path)
    leave_unfinished(tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"learning_rate: begun with 0\.0005, now 0\.1"):
        run_main(tmp_path, monkeypatch, out="runs/toy-pretrained-1", learning_rate=0.1)
    plan = json.loads((tmp_path / "runs/toy-pretrained-1/pretraining/plan.json").read_text(encoding="utf-8"))
    with (
        PRETRAINING.hold("runs/toy-pretrained-1", plan),
        pytest.raises(InputError, match="process is pretraining"),
    ):
        run_main(tmp_path, monkeypatch, out="runs/toy-pretrained-1")
    capsys.readouterr()
    run_main(tmp_path, monkeypatch)
    assert "to go on: python model_pretrain.py --out runs/toy-pretrained-1" in capsys.readouterr().out
    assert read_record(tmp_path / "runs/toy-pretrained-2")["complete"]
    (tmp_path / "raw.txt").write_text("\n\n".join(LINES * 9), encoding="utf-8")
    with pytest.raises(InputError, match="text_sha256"):
        run_main(tmp_path, monkeypatch, out="runs/toy-pretrained-1")


def test_a_stopped_pretraining_with_a_teacher_goes_on_to_the_same_result(tmp_path, monkeypatch, capsys):
    make_folder(tmp_path)
    config = toy.make_config("bert")
    toy.write_checkpoint(tmp_path / "large", "bert", weights=toy.draw_weights(config, seed=4))
    tokens = toy.VOCABULARY.copy()
    tokens[2], tokens[9] = tokens[9], tokens[2]
    toy.write_vocabulary(tmp_path / "large", tokens)
    leave_unfinished(tmp_path, monkeypatch, teacher="large", out="cut")
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    call_main("model_pretrain", ["--out=cut"])
    out = capsys.readouterr().out
    assert "teacher: large, 2 layers of 16; 100.00% of its tokens end with one of toy's" in out
    assert re.search(r"; hidden states \d\.\d+ before, \d\.\d+ after; text vector \d", out)
    run_main(tmp_path, monkeypatch, teacher="large", out="whole")
    run_main(tmp_path, monkeypatch, out="alone")
    one, other, alone = (read_weights(find_checkpoint(tmp_path / name)) for name in ("cut", "whole", "alone"))
    assert all(np.array_equal(one[name], other[name]) for name in other)
    assert any(not np.array_equal(one[name], alone[name]) for name in alone)
    record, first = read_record(tmp_path / "cut"), read_record(tmp_path / "alone")
    index = next((tmp_path / "large").glob("*.index"))
    assert record["teacher"] == {"folder": "large", "sha256": hash_file(index)} and first["teacher"] is None
    assert record["history"][-1]["dev_hidden_loss"] < record["history"][0]["dev_hidden_loss"]
    files = {path.name for path in (tmp_path / "cut").rglob("*")}
    assert files == {path.name for path in (tmp_path / "alone").rglob("*")}


def write_teacher(folder, *, positions=40, tokens=toy.VOCABULARY):
    raw = {**toy.make_raw_config("bert", "tensorflow"), "max_position_embeddings": positions}
    weights = toy.draw_weights(toy.make_config("bert", max_position_embeddings=positions))
    toy.write_checkpoint(folder, "bert", raw=raw, weights=weights)
    toy.write_vocabulary(folder, tokens)


def test_a_teacher_that_can_teach_nothing_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    make_folder(tmp_path)
    toy.write_checkpoint(tmp_path / "same", "albert", file_format="safetensors")
    (tmp_path / "empty").mkdir()
    write_teacher(tmp_path / "short", positions=8)
    write_teacher(tmp_path / "foreign", tokens=[*toy.VOCABULARY[:5], *(f"word{i}" for i in range(55))])
    for teacher, said in {
        "none": "TEACHER none: there is no such folder. Name that of a checkpoint, or of a run",
        "empty": "empty: no weights; expected",
        "same": "TEACHER same has the very weights of CHECKPOINT toy",
        "toy": "TEACHER toy has the very weights of CHECKPOINT toy",
        "short": "TEACHER short knows only 8 positions, and a row of the text has 13 of its tokens",
        "foreign": "The vocabulary is not of this text's language; choose another TEACHER",
    }.items():
        with pytest.raises(InputError, match=re.escape(said)):
            run_main(tmp_path, monkeypatch, teacher=teacher)
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.parametrize(
    "changes,text,said",
    [
        ({}, "\n\n", "raw.txt holds no text"),
        ({}, "公司宣布\n", "are one row, and one is held out. Give more text"),
        ({}, "\n\n".join(["Ελλάδα κόσμε и это"] * 9), "The vocabulary is not of this text's language"),
        ({"text_file": "none.txt"}, "", "none.txt: there is no such file"),
        ({"text_file": "raw.doc"}, "", "raw.doc: there is no such file"),
        ({"max_length": 41}, "", "--max-length 41: toy knows only 40 positions"),
        ({"checkpoint": "nowhere"}, "", "nowhere: there is no such folder"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_written(tmp_path, monkeypatch, changes, text, said):
    make_folder(tmp_path)
    (tmp_path / "raw.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_main(tmp_path, monkeypatch, **changes)
    assert said in str(caught.value)
    assert not list((tmp_path / "runs").glob("*"))


def test_refusals_end_with_2_and_no_traceback_and_tensorflow_is_not_waited_for(tmp_path):
    make_folder(tmp_path)
    (tmp_path / "raw.txt").write_text("")
    done = call(tmp_path, "--text-file", "raw.txt", "--checkpoint", "toy", "--max-length", "16")
    assert done.code == 2 and "raw.txt holds no text" in done.errors and "Traceback" not in done.errors
    assert "device" not in done.out
    wrong = call(tmp_path, "--masking", "words", "--bag-of-word", "1")
    assert wrong.code == 2 and "is not one of whole_word, span, token" in wrong.errors
    assert "the nearest is --bag-of-words" in wrong.errors


def test_help_shows_the_constants(tmp_path):
    done = call(tmp_path, "--help")
    assert done.code == 0 and 'OUT = ""  # ' in done.out and "LIMITS" not in done.out
