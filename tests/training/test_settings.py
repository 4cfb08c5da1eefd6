"""settings.py: what a training can be told, what contradicts itself, and what one that goes on keeps."""

import json
from dataclasses import asdict

import pytest
import toy
from toy import refuse

from zhlabel.errors import InputError
from zhlabel.runs.plan import TRAINING, TUNING
from zhlabel.training.settings import TrainingSettings, check_settings, make_settings


def test_values_are_checked_as_the_command_line_is_all_at_once_with_the_nearest_names():
    message = refuse(make_settings, {"epoch": 3, "batch_size": "16", "seed": -1, "task": "multilabel", "head": "cls"})
    assert "there is no setting epoch; the nearest is epochs" in message
    assert "batch_size='16': expected a whole number" in message and "seed=-1: must be from 0" in message
    assert "task='multilabel': is not one of" in message or "task='multilabel' is not one of" in message
    assert "the nearest is multi_label" in message


def test_what_is_left_out_has_its_default_and_whole_numbers_are_fractions_too():
    settings = make_settings({"learning_rate": 1, "weight_decay": 0, "lora_targets": ["value"]})
    assert settings == TrainingSettings(learning_rate=1.0, weight_decay=0.0, lora_targets=("value",))
    assert type(settings.learning_rate) is float and make_settings({"learning_rate": ""}).learning_rate == ""
    assert "expected a whole number" in refuse(make_settings, {"epochs": True})


def test_settings_that_contradict_each_other_are_refused():
    for values in ({"lora_rank": 4, "freeze_layers": 1}, {"from_scratch": True, "freeze_layers": 1}):
        with pytest.raises(InputError, match="FREEZE_LAYERS"):
            check_settings(make_settings(values))
    check_settings(make_settings({"lora_rank": 4}))


OWN = {"epochs": 3, "learning_rate": 0.02, "train_file": "mine.csv", "lora_targets": ["value"], "thresholds": "none"}


def write_training(folder, *, finished):
    """Leave a training of OWN in a folder, as its plan or as its record."""
    kept = {**asdict(TrainingSettings(run="of before")), **OWN}
    if finished:
        toy.write_record(folder, settings={**kept, "head": "cls", "long_text": "cut"})
        return
    folder.mkdir(parents=True)
    plan = {key: value for key, value in kept.items() if key not in ("run", *TUNING)}
    plan |= {"kept": {key: kept[key] for key in TUNING}, "labels": ["a"], "encoder": {}}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")


@pytest.mark.parametrize("finished", [False, True])
def test_a_training_goes_on_as_it_was_and_what_is_given_wins(tmp_path, finished):
    folder = tmp_path / "mine"
    write_training(folder, finished=finished)
    asked = TrainingSettings(run=str(folder), epochs=9, batch_size=4)
    kept = TRAINING.keep_settings(asked, folder, {"run", "batch_size"})
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in OWN.items()}
    assert {name: getattr(kept, name) for name in own} == own
    assert kept.batch_size == 4 and kept.run == str(folder)
    assert TRAINING.keep_settings(asked, folder, {"run", "epochs"}).epochs == 9
    assert TRAINING.keep_settings(asked, folder, None) == asked


def test_without_a_training_of_that_name_the_settings_count(tmp_path):
    for run in ("", str(tmp_path / "new")):
        assert TRAINING.keep_settings(TrainingSettings(run=run, epochs=9), run, {"run"}).epochs == 9


def test_a_plan_that_is_damaged_is_named(tmp_path):
    (tmp_path / "plan.json").write_text("[1]")
    message = refuse(TRAINING.keep_settings, TrainingSettings(run=str(tmp_path)), tmp_path, {"run"})
    assert "plan.json" in message and "Remove the folder" in message
