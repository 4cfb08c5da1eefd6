"""The exported graph: equal to TensorFlow for every family and head, used without TensorFlow, refused when damaged."""

import shutil
import subprocess
import sys

import numpy as np
import openvino
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.inference import export, tensorflow
from zhlabel.inference import openvino as inference_openvino
from zhlabel.inference import run as inference_run
from zhlabel.inference.tensorflow import predict_rows
from zhlabel.models.encoder import build_encoder, fill_encoder
from zhlabel.models.heads import HEADS
from zhlabel.models.weights import collect_weights
from zhlabel.runs import folder as runs
from zhlabel.runs import folder as runs_folder
from zhlabel.tasks import TASKS

NAMES = ("裁员", "收购", "地震")
TEXTS = ["公司宣布裁员", "", "今天长江地震，有人说张三的公司收购大学", "昨日上海", "ab"]


def write_run(folder, *, task="multi_label", head="cls", family="albert"):
    """Write a run of a toy model whose outputs differ clearly from text to text."""
    config = toy.make_config(family)
    encoder = build_encoder(config, seed=1, outputs=HEADS[head].outputs)
    fill_encoder(encoder, config, toy.draw_weights(config, seed=5))
    model = TASKS[task].build_model(encoder, NAMES, head=head, seed=8)
    toy.write_vocabulary(folder.parent)
    record = {
        "complete": True,
        "task": task,
        "settings": {"max_length": 14, "head": head, "long_text": TASKS[task].long_texts[0]},
        "thresholds": {"global": 0.4} if task == "multi_label" else {},
        "temperature": 1.0,
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
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("light") / "run")
    assert export.export_run(folder) < 1e-5
    return folder


CASES = [("multi_label", head, family) for family in toy.FAMILIES for head in TASKS["multi_label"].heads]
CASES += [("multi_class", "cls_max", "albert"), *(("ner", head, "albert") for head in TASKS["ner"].heads)]


@pytest.mark.parametrize(("task", "head", "family"), CASES)
def test_a_run_says_the_same_through_its_graph_and_through_tensorflow(tmp_path, task, head, family):
    folder = write_run(tmp_path / "run", task=task, head=head, family=family)
    reference = inference_run.load_run(folder)
    assert export.export_run(folder) < 1e-5
    run = inference_run.load_run(folder)
    table = run.encode(TEXTS)
    expected = predict_rows(tensorflow.load_model(folder), table, batch_size=4)
    found = run.predict_rows(table, batch_size=4)
    assert found.dtype == np.float32 and found.shape == expected.shape and np.ptp(expected) > 1e-3
    assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max())
    assert np.abs(run.predict_rows(table, batch_size=1) - found).max() < 1e-5 * max(1, np.abs(expected).max())
    predictions, wanted = run.predict(table), reference.predict(table)
    if task == "ner":
        assert [list(each) for each in predictions] == [list(each) for each in wanted]
        assert any(predictions)
    else:
        assert np.abs(predictions - wanted).max() < 1e-4


def test_many_batches_at_a_time_give_each_row_its_own_output(exported):
    run = inference_run.load_run(exported)
    table = run.encode([text * (1 + i % 3) for i, text in enumerate(TEXTS * 40)])
    one_by_one = np.concatenate(
        [run.predict_rows(run.encode([t * (1 + i % 3)]), batch_size=1) for i, t in enumerate(TEXTS * 40)]
    )
    for _ in range(3):
        assert np.abs(run.predict_rows(table, batch_size=8) - one_by_one).max() < 1e-5


def test_bfloat16_is_near_and_asked_for_alone(exported):
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    light_model, table = (
        inference_openvino.OpenvinoModel(exported, precision="bfloat16"),
        inference_run.load_run(exported).encode(TEXTS),
    )
    exact = inference_openvino.OpenvinoModel(exported).predict_rows(table, batch_size=2)
    for batch_size in (2, 8):
        assert 0 < np.abs(light_model.predict_rows(table, batch_size=batch_size) - exact).max() < 0.05


def test_bfloat16_is_refused_where_it_can_not_be_had(exported, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"has no model\.xml, and TensorFlow computes in float32"):
        inference_run.load_run(write_run(tmp_path / "run"), precision="bfloat16")
    monkeypatch.setattr("openvino.Core.get_property", lambda *_: ["FP32"])
    with pytest.raises(InputError, match="this processor does not have it"):
        inference_run.load_run(exported, precision="bfloat16")


@pytest.mark.parametrize(("task", "head"), [("multi_label", "cls_max"), ("ner", "bilstm_crf")])
def test_int8_is_near_and_asked_for_alone(tmp_path, task, head):
    folder = write_run(tmp_path / "run", task=task, head=head)
    export.export_run(folder)
    table, scored = inference_run.load_run(folder).encode(TEXTS), []

    def score(outputs):
        scored.append(outputs)
        return {"dev_score": 0.5}

    assert export.export_int8(folder, table, table, score=score) == (0.5, 0.5)
    exact, rounded = (
        inference_openvino.OpenvinoModel(folder, precision=each).predict_rows(table, batch_size=2)
        for each in ("float32", "int8")
    )
    assert 1e-6 < np.abs(rounded - exact).max() < 0.1 * np.ptp(exact)
    assert np.abs(exact - scored[0]).max() < 1e-5 and np.abs(rounded - scored[1]).max() < 0.05 * np.ptp(exact)
    kinds = [
        {op.get_output_element_type(0).get_type_name() for op in openvino.Core().read_model(folder / name).get_ops()}
        for name in (runs_folder.GRAPH_FILE, runs_folder.INT8_FILE)
    ]
    assert "i8" in kinds[1] - kinds[0]


def test_int8_meets_few_lengths():
    assert [inference_openvino.feed(np.ones((2, length), np.int32), 16)[0].shape[1] for length in (1, 16, 17)] == [
        16,
        16,
        32,
    ]
    assert inference_openvino.feed(np.ones((2, 5), np.int32))[1].shape == (2, 5)


@pytest.mark.parametrize(("lost", "kept"), [(0.0019, True), (0.0021, False), (float("nan"), False)])
def test_int8_is_kept_where_it_loses_little(tmp_path, exported, lost, kept):
    folder = shutil.copytree(exported, tmp_path / "run")
    table, scores = inference_run.load_run(folder).encode(TEXTS), iter([0.9, 0.9 - lost])
    export.export_int8(folder, table, table, score=lambda _: {"dev_score": next(scores)})
    assert (folder / runs_folder.INT8_FILE).is_file() == (folder / runs_folder.INT8_WEIGHTS_FILE).is_file() == kept
    assert not list(folder.glob(".export*"))
    if not kept:
        with pytest.raises(InputError, match=r'PRECISION = "int8": .*model\.int8\.xml was not made, or lost too much'):
            inference_run.load_run(folder, precision="int8")


def test_prediction_through_the_graph_imports_no_tensorflow(exported):
    code = (
        "import sys; sys.argv = ['model_predict.py', '--run', sys.argv[1], '公司裁员']; import runpy\n"
        "runpy.run_path('model_predict.py', run_name='__main__')\n"
        "print(sorted({'tensorflow', 'tf_keras', 'bert4keras', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    root = toy.ROOT
    done = subprocess.run(
        [sys.executable, "-c", code, str(exported)], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0 and done.stdout.endswith("\n[]\n") and "公司裁员" in done.stdout, done.stderr[-2000:]


@pytest.mark.parametrize("name", [runs_folder.GRAPH_FILE, runs_folder.GRAPH_WEIGHTS_FILE])
def test_a_damaged_graph_is_refused_with_what_to_do(tmp_path, exported, name):
    for file in exported.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])
    with pytest.raises(runs.InputError, match=r"model\.xml can't be read .*Remove it to use the run through"):
        inference_run.load_run(tmp_path)


def test_a_graph_that_says_something_else_is_not_kept(tmp_path, monkeypatch):
    folder = write_run(tmp_path / "run")
    monkeypatch.setattr(export, "predict_rows", lambda *_, **__: np.zeros((24, 3), np.float32))
    assert export.export_run(folder) > export.TOLERANCE
    assert not runs_folder.is_exported(folder) and not list(folder.glob(".export*"))


def test_new_weights_remove_the_graph_of_the_old_ones(tmp_path):
    folder = write_run(tmp_path / "run")
    (folder / runs_folder.GRAPH_FILE).write_text("old")
    (folder / runs_folder.GRAPH_WEIGHTS_FILE).write_text("old")
    (folder / runs_folder.INT8_FILE).write_text("old")
    write_run(folder)
    assert not list(folder.glob("model.*"))
