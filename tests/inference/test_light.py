"""The exported graph: equal to TensorFlow for every family and head, used without TensorFlow, refused when damaged."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.inference import export, tensorflow
from zhlabel.inference import openvino as inference_openvino
from zhlabel.inference import run as inference_run
from zhlabel.inference.tensorflow import predict_rows
from zhlabel.io.json import write_json
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.record import GRAPH_FILES, INT8_FILES
from zhlabel.tasks import TASKS

TEXTS = ["公司宣布裁员", "", "今天长江地震，有人说张三的公司收购大学", "昨日上海", "ab"]


def write_run(folder, *, task="multi_label", head="cls", family="albert"):
    """Write a run of a toy model whose outputs differ clearly from text to text."""
    model, config = toy.build_model(task, head=head, config=toy.make_config(family))
    settings = {"head": head, "long_text": TASKS[task].long_texts[0]}
    thresholds = {"global": 0.4} if task == "multi_label" else {}
    return toy.write_run(folder, model, config, task=task, settings=settings, thresholds=thresholds)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("light") / "run")
    assert export.export_run(RunFolder(folder)) < 1e-5
    return folder


CASES = [("multi_label", head, family) for family in toy.FAMILIES for head in TASKS["multi_label"].heads]
CASES += [("multi_class", "cls_max", "albert"), *(("ner", head, "albert") for head in TASKS["ner"].heads)]


@pytest.mark.parametrize(("task", "head", "family"), CASES)
def test_a_run_says_the_same_through_its_graph_and_through_tensorflow(tmp_path, task, head, family):
    folder = write_run(tmp_path / "run", task=task, head=head, family=family)
    reference = inference_run.load_run(folder)
    assert export.export_run(RunFolder(folder)) < 1e-5
    run = inference_run.load_run(folder)
    table = run.encode(TEXTS)
    expected = predict_rows(tensorflow.load_model(RunFolder(folder)), table, batch_size=4)
    found = run.predict_rows(table, batch_size=4)
    assert found.dtype == np.float32 and found.shape == expected.shape and np.ptp(expected) > 1e-3
    assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max())
    assert np.abs(run.predict_rows(table, batch_size=1) - found).max() < 1e-5 * max(1, np.abs(expected).max())
    predictions, wanted = run.predict_encoded(table), reference.predict_encoded(table)
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


def test_threads_that_share_a_run_get_their_own_outputs(exported):
    run = inference_run.load_run(exported)
    tables = [run.encode([text * (1 + i % 3) for i in range(count)]) for text in TEXTS for count in (1, 30)]
    wanted = [run.predict_rows(table, batch_size=8) for table in tables]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda table: run.predict_rows(table, batch_size=8), tables * 8))
    assert all(np.abs(rows - wanted[i % len(tables)]).max() < 1e-5 for i, rows in enumerate(found))


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


def test_int8_meets_few_lengths():
    assert [inference_openvino.feed(np.ones((2, length), np.int32), 16)[0].shape[1] for length in (1, 16, 17)] == [
        16,
        16,
        32,
    ]
    assert inference_openvino.feed(np.ones((2, 5), np.int32))[1].shape == (2, 5)


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


def test_who_removes_the_graph_gets_tensorflow_and_is_told(tmp_path, exported):
    folder, notes = shutil.copytree(exported, tmp_path / "run"), []
    (folder / "model.xml").unlink()
    assert inference_run.load_run(folder, note=notes.append).predict_rows.func is predict_rows
    assert len(notes) == 1 and "model.xml is not there, so TensorFlow computes" in notes[0]


def shorten(path):
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("name", "damage"), [("model.xml", shorten), ("model.bin", shorten), ("model.bin", Path.unlink)]
)
def test_a_graph_that_is_not_whole_is_refused_and_made_anew(tmp_path, exported, name, damage):
    folder = shutil.copytree(exported, tmp_path / "run")
    damage(folder / name)
    with pytest.raises(InputError, match=rf"{name} is .*made anew: python model_train\.py --run"):
        inference_run.load_run(folder)
    notes = []
    assert export.complete_export(folder, note=notes.append) and len(notes) == 1
    inference_run.load_run(folder)
    assert not export.complete_export(folder, note=notes.append) and len(notes) == 1


def test_a_run_without_hashes_names_a_damaged_graph_too(tmp_path, exported):
    folder = shutil.copytree(exported, tmp_path / "run")
    toy.drop_hashes(folder)
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"model\.xml can't be read .* train it anew"):
        inference_run.load_run(folder)


def test_a_graph_of_another_label_set_is_refused(tmp_path, exported):
    folder = shutil.copytree(exported, tmp_path / "run")
    record = toy.drop_hashes(folder)
    (folder / "label.json").write_text('{"0": "a", "1": "b"}')
    write_json({**record, "label_counts": {"a": 1, "b": 2}}, folder / "run.json")
    with pytest.raises(InputError, match=r"model\.xml gives 3 numbers, and the 2 labels of label\.json need 2"):
        inference_run.load_run(folder)


def test_a_graph_that_says_something_else_is_not_kept(tmp_path, monkeypatch):
    folder, notes = write_run(tmp_path / "run"), []
    monkeypatch.setattr(tensorflow, "predict_rows", lambda *_, **__: np.zeros((24, 3), np.float32))
    assert export.complete_export(folder, note=notes.append)
    assert "was not kept" in notes[-1]
    assert not list(folder.glob("model.*")) and not list(folder.glob(".*")) and not RunFolder(folder).has(*GRAPH_FILES)


def test_what_a_killed_export_has_left_is_cleaned_and_hinders_no_use(tmp_path):
    folder = write_run(tmp_path / "run")
    (folder / ".export-x1").mkdir()
    (folder / ".run.json.x1.tmp").write_text("{")
    (folder / "model.bin").write_bytes(b"a graph that run.json does not know yet")
    assert inference_run.load_run(folder).predict_rows.func is predict_rows
    export.complete_export(folder, note=lambda line: None)
    assert not list(folder.glob(".*"))
    assert inference_run.load_run(folder).encode(TEXTS)


def test_new_weights_remove_the_graph_of_the_old_ones(tmp_path):
    folder = write_run(tmp_path / "run")
    for name in (*GRAPH_FILES, *INT8_FILES):
        (folder / name).write_text("old")
    write_run(folder)
    assert not list(folder.glob("model.*"))
