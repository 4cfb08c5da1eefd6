"""The int8 graph: made when it is asked for, from the files that the run names, kept where it loses little."""

import json
import shutil

import numpy as np
import openvino
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.inference import export, int8
from zhlabel.inference.openvino import OpenvinoModel
from zhlabel.inference.run import load_run
from zhlabel.io.files import hash_file
from zhlabel.runs.folder import RunFolder
from zhlabel.runs.record import GRAPH_FILES, INT8_FILES
from zhlabel.tasks import TASKS

TEXTS = ["公司宣布裁员", "", "今天长江地震，有人说张三的公司收购大学", "昨日上海", "ab"]


@pytest.fixture(scope="module", params=["multi_label", "ner"])
def exported(request, tmp_path_factory):
    """A run of each kind of task with its graph, and the files that it was trained on."""
    place, task = tmp_path_factory.mktemp("int8"), request.param
    for part in ("train", "dev"):
        if task == "ner":
            lines = [f"{'公司宣布裁员北京' * (1 + i)}" for i in range(3)]
            rows = ["\n".join(f"{c} {'B-裁员' if k == 0 else 'O'}" for k, c in enumerate(line)) for line in lines]
            (place / f"{part}.bio").write_text(
                "\n\n".join(rows) + f"\n\n{part[0]} B-收购\n\n震 B-地震\n", encoding="utf-8"
            )
        else:
            rows = ["裁员,公司宣布裁员", "收购,收购上海公司", f"地震,今天地震{part}"]
            (place / f"{part}.csv").write_text("label,content\n" + "\n".join(rows) + "\n", encoding="utf-8")
    files = {part: place / f"{part}.{'bio' if task == 'ner' else 'csv'}" for part in ("train", "dev")}
    data = {part: {"file": str(path), "sha256": hash_file(path)} for part, path in files.items()}
    head = {"ner": "bilstm_crf", "multi_label": "cls_max"}[task]
    model, config = toy.build_model(task, head=head)
    settings = {"head": head, "long_text": TASKS[task].long_texts[0], "dev_share": 0.1, "seed": 1}
    thresholds = {"global": 0.4} if task == "multi_label" else {}
    folder = toy.write_run(place / "run", model, config, task=task, settings=settings, thresholds=thresholds, data=data)
    export.export_run(RunFolder(folder))
    return folder


@pytest.fixture
def copied(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "run")


def test_int8_is_made_once_kept_in_the_run_and_near(exported, tmp_path, capfd):
    folder, notes = shutil.copytree(exported, tmp_path / "run"), []
    before = (folder / "run.json").stat().st_mtime
    run = load_run(folder, precision="int8", note=notes.append)
    assert len(notes) == 2 and "is made from" in notes[0] and "training texts" in notes[0]
    assert notes[1].startswith("int8: dev score ") and f"kept in {folder}" in notes[1]
    out, _ = capfd.readouterr()
    assert out == "", "in prediction the standard output is the result's"
    table = run.encode(TEXTS)
    exact, rounded = (
        OpenvinoModel(folder, precision=each).predict_rows(table, batch_size=2) for each in ("float32", "int8")
    )
    assert 1e-6 < np.abs(rounded - exact).max() < 0.3 * np.ptp(exact)  # of three texts little is known
    assert np.abs(run.predict_rows(table, batch_size=2) - rounded).max() < 1e-5
    kinds = [
        {
            op.get_output_element_type(0).get_type_name()
            for op in openvino.Core().read_model(folder / files[0]).get_ops()
        }
        for files in (GRAPH_FILES, INT8_FILES)
    ]
    assert "i8" in kinds[1] - kinds[0]
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert set(INT8_FILES) < set(record["files"]) and (folder / "run.json").stat().st_mtime == before
    load_run(folder, precision="int8", note=notes.append)
    assert len(notes) == 2 and not list(folder.glob(".*"))
    (folder / INT8_FILES[1]).write_bytes(b"")
    with pytest.raises(InputError, match=r"model\.int8\.bin is not the file .*Remove it and the graph is made anew"):
        load_run(folder, precision="int8")
    (folder / INT8_FILES[1]).unlink()
    load_run(folder, precision="int8", note=notes.append)
    assert len(notes) == 4


@pytest.mark.parametrize(("lost", "kept"), [(0.0019, True), (0.0021, False), (float("nan"), False)])
def test_int8_is_kept_where_it_loses_little(copied, monkeypatch, lost, kept):
    monkeypatch.setattr(int8, "_compare", lambda *_: (0.9, 0.9 - lost))
    if kept:
        load_run(copied, precision="int8")
    else:
        with pytest.raises(InputError, match=r'PRECISION = "int8": .* loses too much .*0\.9000.*Use float32'):
            load_run(copied, precision="int8")
    assert [(copied / name).is_file() for name in INT8_FILES] == [kept, kept]
    assert not list(copied.glob(".*")) and RunFolder(copied).has(*INT8_FILES) == kept


@pytest.mark.parametrize("part", ["train", "dev"])
@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_text("label,content\n裁员,x\n")]
)
def test_a_file_to_calibrate_by_that_is_gone_or_changed_is_named(copied, tmp_path, part, damage):
    record = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    for each in record["data"].values():
        each["file"] = shutil.copy(each["file"], tmp_path)
    (copied / "run.json").write_text(json.dumps(record), encoding="utf-8")
    path = next(tmp_path.glob(f"{part}.*"))
    damage(path)
    with pytest.raises(
        InputError, match=rf"needs the {part} file .*{path.name} to calibrate, which is missing here or"
    ):
        load_run(copied, precision="int8")
    assert load_run(copied).encode(TEXTS)


def test_a_run_without_a_graph_says_how_to_have_it_made(tmp_path):
    model, config = toy.build_model()
    folder = toy.write_run(tmp_path / "run", model, config)
    with pytest.raises(InputError, match=r"has no model\.xml.*the graph made: python model_train\.py --run"):
        load_run(folder, precision="int8")
