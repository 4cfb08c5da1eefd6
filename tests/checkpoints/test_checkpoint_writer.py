"""Checkpoints that we write: read back exactly, under the names that transformers gives; heads found again."""

import json

import numpy as np
import pytest
import toy
from safetensors import safe_open

from zhlabel.checkpoints import find_checkpoint, read_weights
from zhlabel.checkpoints.mlm_heads import head_shapes, name_head_in_checkpoint, read_heads
from zhlabel.checkpoints.write import make_raw_config, write_checkpoint

GOLDEN = toy.GOLDEN


def draw_heads(config, *, bag_of_words=True):
    random = np.random.default_rng(9)
    shapes = head_shapes(config, bag_of_words=bag_of_words)
    return {name: random.standard_normal(shape).astype("float32") for name, shape in shapes.items()}


def write(folder, family, **changes):
    """Write a toy checkpoint; gives its config, weights and heads."""
    config = toy.make_config(family, **changes)
    weights, heads = toy.draw_weights(config), draw_heads(config)
    toy.write_vocabulary(folder)
    write_checkpoint(folder / "out", config, weights, heads=heads, vocabulary_file=folder / "vocab.txt")
    return config, weights, heads


def check_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert np.array_equal(found[name], array), name


@pytest.mark.parametrize("family", toy.FAMILIES)
@pytest.mark.parametrize("activation", ["gelu_tanh", "gelu_erf", "relu", "swish", "tanh"])
def test_what_is_written_is_read_back_exactly(family, activation, tmp_path):
    rates = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.2, "layer_norm_eps": 1e-6}
    config, weights, heads = write(tmp_path, family, hidden_act=activation, **rates)
    found = find_checkpoint(tmp_path / "out")
    assert found.config == config and found.note == ""
    check_equal(read_weights(found), weights)
    check_equal(read_heads(found, bag_of_words=True), heads)
    assert found.vocab_file.read_bytes() == (tmp_path / "vocab.txt").read_bytes()


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_writing_again_replaces_and_leaves_nothing_behind(family, tmp_path):
    write(tmp_path, family)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    _, weights, _ = write(tmp_path, family)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    check_equal(read_weights(find_checkpoint(tmp_path / "out")), weights)


def list_tensors(path):
    with safe_open(path, framework="numpy") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}, file.metadata()  # noqa: SIM118


@pytest.mark.parametrize("family", ["albert", "bert", "electra"])
def test_names_shapes_and_config_are_those_of_transformers(family, tmp_path):
    write(tmp_path, family, max_position_embeddings=24)
    expected, _ = list_tensors(GOLDEN / family / "model.safetensors")
    # heads of other aims than masked words
    expected = {
        name: shape for name, shape in expected.items() if not name.startswith(("bert.pooler", "cls.seq", "disc"))
    }
    found, metadata = list_tensors(tmp_path / "out" / "model.safetensors")
    assert found == expected and metadata == {"format": "pt"}
    theirs = json.loads((GOLDEN / family / "config.json").read_text())
    ours = json.loads((tmp_path / "out" / "config.json").read_text())
    assert set(ours) <= set(theirs)
    for key in set(ours) - {"architectures", "layer_norm_eps", "hidden_dropout_prob", "attention_probs_dropout_prob"}:
        assert ours[key] == theirs[key], key
    wanted = {"albert": "AlbertForMaskedLM", "bert": "BertForMaskedLM", "electra": "ElectraModel"}
    assert ours["architectures"] == [wanted[family]]


def test_brightmarts_layout_is_written_as_it_was_published(tmp_path):
    config, _, _ = write(tmp_path, "albert_brightmart")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "albert_config.json",
        "albert_model.ckpt.index",
        "albert_model.ckpt.data-00000-of-00001",
        "vocab.txt",
        "pretraining",
    }
    raw = make_raw_config(config)
    assert raw["ln_type"] == "postln" and raw["hidden_act"] == "gelu" and "model_type" not in raw


@pytest.mark.parametrize("family,file_format", [each for each in toy.DIALECTS if each[0] != "electra"])
def test_the_head_for_masked_words_of_a_published_checkpoint_is_found(family, file_format, tmp_path):
    config, tensorflow = toy.make_config(family), file_format == "tensorflow"
    heads = draw_heads(config, bag_of_words=False)
    extra = {
        name_head_in_checkpoint(name, family, tensorflow=tensorflow): (
            np.ascontiguousarray(array.T) if name.endswith("/kernel") and not tensorflow else array
        )
        for name, array in heads.items()
    }
    published = {"tensorflow": "cls/predictions/transform/dense/kernel", "albert": "predictions.dense.weight"}
    wanted = published.get("tensorflow" if tensorflow else family, "cls.predictions.transform.dense.weight")
    assert wanted in extra
    if tensorflow or family == "bert":  # the toy writes a bias of its own under this name
        bias = "cls/predictions/output_bias" if tensorflow else "cls.predictions.bias"
        heads["lm_head/bias"] = np.zeros(60, "float32")
        assert bias in extra
    toy.write_checkpoint(tmp_path, family, file_format=file_format, extra=extra)
    check_equal(read_heads(find_checkpoint(tmp_path), bag_of_words=True), heads)


def test_a_head_that_is_not_whole_is_left_out(tmp_path):
    toy.write_checkpoint(tmp_path, "bert", file_format="safetensors")  # it has the bias alone
    assert read_heads(find_checkpoint(tmp_path), bag_of_words=True) == {}


def test_a_head_of_another_shape_is_left_out(tmp_path):
    config, weights, heads = write(tmp_path, "albert")
    heads |= {f"bag_head/{part}": np.zeros((16, 9), "float32") for part in ("dense/kernel",)}
    write_checkpoint(tmp_path / "out", config, weights, heads=heads, vocabulary_file=tmp_path / "vocab.txt")
    found = read_heads(find_checkpoint(tmp_path / "out"), bag_of_words=True)
    assert {name.partition("/")[0] for name in found} == {"lm_head"}


@pytest.mark.parametrize("family", ["albert", "bert", "electra"])
def test_a_checkpoint_of_transformers_keeps_its_hidden_states(family, tmp_path):
    from zhlabel.models.encoder import load_encoder

    source = tmp_path / "source"
    source.mkdir()
    for path in (GOLDEN / family).iterdir():
        (source / path.name).write_bytes(path.read_bytes())
    toy.write_vocabulary(source)
    checkpoint = find_checkpoint(source)
    write_checkpoint(
        tmp_path / "out",
        checkpoint.config,
        read_weights(checkpoint),
        heads=read_heads(checkpoint, bag_of_words=False),
        vocabulary_file=checkpoint.vocab_file,
    )
    answers = np.load(GOLDEN / "answers.npz")
    ids, segments = (answers[name].astype("int32") for name in ("ids", "segments"))
    hidden = load_encoder(find_checkpoint(tmp_path / "out"), seed=0)([ids, segments]).numpy()
    assert np.abs(hidden - answers[family])[ids > 0].max() < 2e-5
