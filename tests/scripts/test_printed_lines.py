"""Each command that a script prints, to go on or to come next, works when it is pasted; more in test_scripts.py."""

import json

import pytest
import toy
from toy_commands import ROWS, Notes, find_line, make_folder, name_settings, place_scripts, run_line, write_rows

import zhlabel

TEXT = "王小明今天在北京大学"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The toy folder with the scripts, a wide toy where the bundled checkpoint lies, and toy data as the sample's."""
    folder = place_scripts(make_folder(tmp_path_factory.mktemp("printed")))
    wide = {"max_position_embeddings": 512}
    raw = toy.make_raw_config("albert", "safetensors") | wide
    weights = toy.draw_weights(toy.make_config("albert", **wide))
    toy.write_checkpoint(folder / "albert_tiny", "albert", file_format="safetensors", raw=raw, weights=weights)
    (folder / "data").mkdir()
    write_rows(folder / "data/train.csv", ROWS * 3)
    lines = (toy.ROOT / "data/keywords.train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "data/keywords.train.jsonl").write_text("".join(lines[:30]), encoding="utf-8")
    return folder


def stop_training(settings, mark):
    """Train until a note that begins so; gives the notes."""
    notes = Notes(lambda told: isinstance(told, str) and told.startswith(mark))
    with pytest.raises(KeyboardInterrupt):
        zhlabel.train(**settings, progress=notes)
    return "\n".join(notes.lines)


@pytest.mark.parametrize("task", ["multi_class", "ner"])
def test_a_stopped_training_goes_on_by_what_it_printed_and_what_comes_next_runs(folder, monkeypatch, task):
    monkeypatch.chdir(folder)
    settings = name_settings(task, epochs=2)
    told = stop_training(settings, "epoch 1:")
    assert "Needs attention: " in run_line(folder, find_line(told, "more on the data: ")).out
    line = find_line(told, "To go on: ")
    assert line == find_line(stop_training(settings, "training "), "like this one; to go on: ")
    done = run_line(folder, line)
    record = json.loads((folder / f"runs/toy-{task}-1/run.json").read_text(encoding="utf-8"))
    assert record["complete"] and record["epochs"] == 2 and record["task"] == task
    labelled = run_line(folder, find_line(done.out, "next: "), given=f"{TEXT}\n")
    assert json.loads(labelled.out)["text"] == TEXT


@pytest.mark.parametrize(
    "line",
    [
        "python data_split.py --sources train.csv --parts 2:1 --out-folder parts",
        "python model_pretrain.py --text-file train.csv --epochs 2 --batch-size 2 --dev-share 0.3",
        "python keyword_train.py --method kea --folds 0",
    ],
)
def test_what_a_script_says_comes_next_runs(folder, line):
    done = run_line(folder, line)
    run_line(folder, find_line(done.out, "next: "), given=f"{TEXT}\n")
