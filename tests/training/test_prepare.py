"""prepare.py: what a training chooses by itself before TensorFlow is needed, and tells."""

import shutil

import pytest
import toy
from toy_commands import Notes, make_folder, name_settings, write_rows

from zhlabel.errors import InputError
from zhlabel.tasks import TASKS
from zhlabel.training.prepare import prepare
from zhlabel.training.settings import make_settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_folder(tmp_path)


def prepare_toy(task="multi_label", **changes):
    notes = Notes()
    settings = make_settings({**name_settings(task), **changes})
    return prepare(settings, earlier_labels=(), progress=notes), "\n".join(notes.lines)


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_the_learning_rate_follows_the_checkpoint_and_is_told(folder, family):
    file_format = "tensorflow" if family == "albert_brightmart" else "safetensors"
    toy.write_checkpoint(folder / family, family, file_format=file_format)
    prepared, told = prepare_toy(checkpoint=family, learning_rate="")
    rate = prepared.settings.learning_rate
    assert 0 < rate < 5e-4 or family != "bert"
    assert f"LEARNING_RATE = {rate!r}: a small {family} (hidden_size 16)" in told
    assert prepared.plan["learning_rate"] == rate


@pytest.mark.parametrize(("width", "size"), [(384, "small"), (768, "base"), (1024, "large")])
def test_a_bert_that_is_dropped_in_is_never_trained_at_the_bundled_checkpoints_rate(folder, width, size):
    shape = {"hidden_size": width, "embedding_size": width, "num_attention_heads": 2, "intermediate_size": 8}
    raw = {key: value for key, value in {**toy.make_raw_config("bert", "safetensors"), **shape}.items()}
    raw.pop("embedding_size")
    weights = toy.draw_weights(toy.make_config("bert", **shape))
    toy.write_checkpoint(folder / "dropped", "bert", file_format="safetensors", raw=raw, weights=weights)
    prepared, told = prepare_toy(checkpoint="dropped", learning_rate="")
    assert prepared.settings.learning_rate < 2e-4 and f"a {size} bert (hidden_size {width})" in told
    given, told = prepare_toy(checkpoint="dropped", learning_rate=5e-4)
    assert given.settings.learning_rate == 5e-4 and "LEARNING_RATE" not in told


def test_the_bundled_checkpoint_has_the_rate_that_was_found_for_it(folder):
    prepared, told = prepare_toy(checkpoint=str(toy.ROOT / "albert_tiny"), learning_rate="")
    assert prepared.settings.learning_rate == 5e-4 and "the bundled albert_tiny" in told


def test_the_head_is_the_cards_and_told(folder):
    for task, head in (("multi_label", "cls"), ("multi_class", "cls"), ("ner", "crf")):
        prepared, told = prepare_toy(task)
        assert prepared.settings.head == head and f"HEAD = '{head}': the card's model" in told
        assert prepared.settings.ngrams is False and prepared.settings.adversarial == 0


@pytest.mark.parametrize("task", TASKS)
def test_the_samples_dev_file_is_chosen_for_the_sample_wherever_it_lies_under_whatever_name(folder, task):
    sample = {part: toy.ROOT / TASKS[task].sample.format(part) for part in ("train", "dev")}
    (folder / "there").mkdir()
    train = shutil.copy(sample["train"], folder / "there/mine")
    shutil.copy(sample["dev"], folder / "there" / sample["dev"].name)
    checkpoint = {"checkpoint": str(toy.ROOT / "albert_tiny")}
    prepared, told = prepare_toy(task, **checkpoint, train_file=str(train), dev_file="")
    assert (
        prepared.settings.dev_file.endswith(f"there/{sample['dev'].name}") and "as TRAIN_FILE is the sample's" in told
    )


def test_own_training_texts_never_get_the_samples_dev_file_but_a_share_of_their_own(folder):
    (folder / "data").mkdir()
    shutil.copy(toy.ROOT / "data/dev.csv", folder / "data")
    rows = [(label, f"{text}{number}") for number in range(10) for label, text in (("裁员", "公司"), ("地震", "今天"))]
    write_rows(folder / "data/train.csv", rows)
    prepared, told = prepare_toy(train_file="data/train.csv", dev_file="", dev_share=0.2)
    assert prepared.settings.dev_file == "" and "dev" not in prepared.plan["data"]
    parts = {part: {example.text for example in each} for part, each in prepared.examples.items()}
    assert len(parts["dev"]) == 4 and len(parts["train"]) == 16 and not parts["dev"] & parts["train"]
    assert "texts: 16 to train on, 4 for dev" in told and "DEV_FILE" not in told


@pytest.mark.parametrize("task", TASKS)
def test_what_is_learnt_from_and_what_looks_wrong_with_it_is_told_once(folder, task):
    prepared, told = prepare_toy(task, max_length=14)
    counts = [f"{len(prepared.examples[part]):,}" for part in ("train", "dev")]
    assert f"{len(prepared.task.labels)} labels; texts: {counts[0]} to train on, {counts[1]} for dev\n" in told
    assert "\nnote: dev has " in told and told.count("too few to choose") == 1
    assert ("dev texts are train texts too" in told) == (task != "multi_label")
    assert ("texts have more than 14 tokens and are cut" in told) == (task == "multi_label")
    assert told.count("\nmore on the data: python data_check.py --task ") == 1


def test_of_a_label_that_a_label_file_alone_names_is_said_that_no_text_has_it(folder):
    (folder / "names.json").write_text('{"0": "裁员", "1": "收购", "2": "地震", "3": "上市"}', encoding="utf-8")
    _, told = prepare_toy(label_file="names.json")
    assert "4 labels; texts: 18" in told and "labels have fewer than 5 train texts: 上市 (0)" in told


def test_a_dev_file_that_is_the_training_file_is_refused(folder):
    with pytest.raises(InputError, match="is TRAIN_FILE itself"):
        prepare_toy(dev_file="train.csv")
