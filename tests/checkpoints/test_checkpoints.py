"""Checkpoint folders: found by content, read in every dialect, and each fault refused with place and remedy."""

import contextlib
import hashlib
import json
import pickle
import random
import shutil
import zipfile

import numpy as np
import pytest
import toy

from zhlabel.checkpoints import bundled as bundled_table
from zhlabel.checkpoints import encoder_shapes, find_checkpoint, read_weights, recommend_learning_rate
from zhlabel.checkpoints.bundled import Bundled
from zhlabel.checkpoints.configs import normalise_config, recognise_family_of_config
from zhlabel.checkpoints.names import derive_sizes, is_beside_encoder, name_in_checkpoint, recognise_family
from zhlabel.checkpoints.torch_file import RefusedPickleError, read_torch_arrays, read_torch_index
from zhlabel.checkpoints.weights import read_arrays, read_shapes
from zhlabel.errors import InputError

DATA = toy.GOLDEN
PROJECT = toy.ROOT


def refuse(folder, *words, **options):
    """Hold that a folder is refused, with every one of the words in the message; give the message."""
    message = toy.refuse(lambda: read_weights(find_checkpoint(folder, **options)))
    assert str(folder) in message.splitlines()[0]
    for word in words:
        assert word in message, message
    return message


def edit_config(folder, **changes):
    """Change values of the one json in a folder; None takes a key away."""
    (file,) = folder.glob("*.json")
    raw = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: value for key, value in raw.items() if value is not None}))
    return file


# What is read


@pytest.mark.parametrize("family,file_format", toy.DIALECTS)
def test_every_dialect_is_recognised_and_read_exactly(tmp_path, family, file_format):
    weights = toy.write_checkpoint(tmp_path / "any name", family, file_format=file_format)
    found = find_checkpoint(tmp_path / "any name")
    assert (found.family, found.file_format, found.bundled, found.note) == (family, file_format, "", "")
    assert found.config == toy.make_config(family)
    read = read_weights(found)
    assert list(read) == list(encoder_shapes(found.config))
    for name, array in weights.items():
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], array)


def test_the_head_of_a_fine_tuned_tensorflow_checkpoint_is_left_out_with_a_note(tmp_path):
    extra = {"output_weights": np.ones((3, 16), "float32"), "output_bias": np.ones(3, "float32")}
    weights = toy.write_checkpoint(tmp_path, "bert", extra=extra | {"loss_scale": np.ones((), "float32")})
    found = find_checkpoint(tmp_path)
    assert "fine-tuned; the head of its task is left out (output_bias, output_weights)" in found.note
    read = read_weights(found)
    assert all((read[name] == array).all() for name, array in weights.items())


@pytest.mark.parametrize("name", ["model.ckpt-best.index", "electra_small.index", "bert.index"])
def test_a_tensorflow_checkpoint_may_have_any_name(tmp_path, name):
    toy.write_checkpoint(tmp_path, "electra")
    for file in tmp_path.glob("electra_model.ckpt*"):
        file.rename(tmp_path / file.name.replace("electra_model.ckpt", name.removesuffix(".index")))
    assert find_checkpoint(tmp_path).family == "electra"


def test_hugging_face_names_without_prefix_and_with_old_norm_names_are_read(tmp_path):
    weights = toy.write_checkpoint(tmp_path, "bert", file_format="safetensors")
    arrays = toy.name_arrays(weights, "bert", "safetensors")
    old = {}
    for name, array in arrays.items():
        name = name.removeprefix("bert.")
        if "LayerNorm" in name:
            name = name.replace(".weight", ".gamma").replace(".bias", ".beta")
        old[name] = array
    toy.save_file(old | {"pooler.dense.bias": np.zeros(16, "float32")}, tmp_path / "model.safetensors")
    read = read_weights(find_checkpoint(tmp_path))
    np.testing.assert_array_equal(read["layer_1/feed_forward/norm/gamma"], weights["layer_1/feed_forward/norm/gamma"])
    np.testing.assert_array_equal(read["layer_0/attention/key/kernel"], weights["layer_0/attention/key/kernel"])


@pytest.mark.parametrize(
    "table,family", [("brightmart_albert_tiny", "albert_brightmart"), ("google_albert_tiny", "albert")]
)
def test_names_and_shapes_equal_the_real_index_files(table, family):
    real = {name: tuple(shape) for name, shape in json.loads((DATA / f"index_{table}.json").read_text()).items()}
    assert recognise_family(real) == family
    sizes = derive_sizes(real, family, tensorflow=True)
    config = normalise_config(
        {"num_hidden_layers": 4, "num_attention_heads": 12}, sizes, place="", family=family, tensorflow=True
    )
    ours = {name_in_checkpoint(name, family, tensorflow=True): shape for name, shape in encoder_shapes(config).items()}
    assert ours == {name: shape for name, shape in real.items() if not is_beside_encoder(name)}
    assert (config["vocab_size"], config["embedding_size"], config["hidden_size"]) == (21128, 128, 312)


@pytest.mark.parametrize("kind", ["zip", "old"])
def test_torch_files_are_read_without_torch(kind):
    path = DATA / f"tensors_{kind}.bin"
    arrays = read_torch_arrays(path, read_torch_index(path))
    base = np.arange(12, dtype="float32").reshape(3, 4)
    np.testing.assert_array_equal(arrays["turned"], base.T)
    np.testing.assert_array_equal(arrays["part"], base[1:, 2:])
    np.testing.assert_array_equal(arrays["parameter"], base + 0.5)
    for name in ("plain", "half", "bfloat16", "double"):
        np.testing.assert_array_equal(arrays[name], base)
    np.testing.assert_array_equal(arrays["ids"], np.arange(5))
    assert arrays["number"].shape == () and arrays["number"] == 3


def test_the_old_torch_format_of_a_whole_checkpoint_is_read(tmp_path):
    weights = toy.write_checkpoint(tmp_path, "bert", file_format="pytorch")
    toy.write_torch(tmp_path / "pytorch_model.bin", toy.name_arrays(weights, "bert", "pytorch"), old=True)
    read = read_weights(find_checkpoint(tmp_path))
    assert all((read[name] == array).all() for name, array in weights.items())


def test_half_precision_weights_become_float32(tmp_path):
    weights = toy.write_checkpoint(tmp_path, "bert", file_format="safetensors")
    half = {name: array.astype("float16") for name, array in toy.name_arrays(weights, "bert", "safetensors").items()}
    toy.save_file(half, tmp_path / "model.safetensors")
    read = read_weights(find_checkpoint(tmp_path))["embeddings/word"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, weights["embeddings/word"].astype("float16"))


# What the config says


@pytest.mark.parametrize(
    "family,tensorflow,word,activation",
    [
        ("albert_brightmart", True, "gelu", "gelu_tanh"),
        ("albert", True, "gelu", "gelu_tanh"),
        ("albert", False, "gelu", "gelu_erf"),
        ("albert", False, "gelu_new", "gelu_tanh"),
        ("bert", True, "gelu", "gelu_erf"),
        ("bert", False, "gelu", "gelu_erf"),
        ("electra", True, "gelu", "gelu_erf"),
        ("electra", False, "gelu_new", "gelu_tanh"),
        ("bert", False, "relu", "relu"),
    ],
)
def test_the_dialect_decides_what_gelu_means(family, tensorflow, word, activation):
    raw = toy.make_raw_config(family, "tensorflow") | {"hidden_act": word}
    assert normalise_config(raw, {}, place="", family=family, tensorflow=tensorflow)["hidden_act"] == activation


def test_epsilon_dropout_and_segment_defaults_are_those_of_the_original_code():
    raw = {key: toy.SIZES[key] for key in toy.SIZES if key not in ("type_vocab_size", "max_position_embeddings")}
    bert = normalise_config(raw, {}, place="", family="bert", tensorflow=True)
    assert (bert["layer_norm_eps"], bert["type_vocab_size"], bert["max_position_embeddings"]) == (1e-12, 2, 512)
    assert (bert["hidden_dropout_prob"], bert["attention_probs_dropout_prob"]) == (0.1, 0.1)
    assert normalise_config(raw, {}, place="", family="albert", tensorflow=True)["hidden_dropout_prob"] == 0
    raw["layer_norm_eps"] = 1e-5
    assert normalise_config(raw, {}, place="", family="bert", tensorflow=False)["layer_norm_eps"] == 1e-5


def test_electra_config_without_segment_table_size_takes_it_from_the_variables(tmp_path):
    toy.write_checkpoint(tmp_path, "electra")
    edit_config(tmp_path, type_vocab_size=None)
    assert find_checkpoint(tmp_path).config == toy.make_config("electra")


def test_a_missing_config_is_named_and_the_remedy_works(tmp_path):
    toy.write_checkpoint(tmp_path, "electra")
    (tmp_path / "electra_config.json").unlink()
    message = refuse(
        tmp_path, "no config", "hidden_size 16", "num_hidden_layers 2", "number of attention heads", "config.json"
    )
    assert "and of layers" not in message and '{"num_attention_heads": ...}' in message
    (tmp_path / "config.json").write_text('{"num_attention_heads": 2}')
    assert find_checkpoint(tmp_path).config == toy.make_config(
        "electra",
        **{
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
        },
    )


def test_a_missing_config_of_shared_layers_asks_for_the_layers_too(tmp_path):
    toy.write_checkpoint(tmp_path, "albert")
    (tmp_path / "albert_config.json").unlink()
    refuse(tmp_path, "heads and of layers", '"num_hidden_layers": ...')


def test_discriminator_json_goes_before_generator_json(tmp_path):
    toy.write_checkpoint(
        tmp_path, "electra", extra={"generator/encoder/layer_0/output/dense/bias": np.zeros(4, "float32")}
    )
    raw = json.loads((tmp_path / "electra_config.json").read_text())
    (tmp_path / "electra_config.json").rename(tmp_path / "discriminator.json")
    for changes in ({"hidden_size": 4}, {"num_attention_heads": 1}):
        (tmp_path / "generator.json").write_text(json.dumps(raw | changes))
        assert find_checkpoint(tmp_path).config_file.name == "discriminator.json"


def test_of_several_configs_the_one_that_fits_the_variables_is_taken(tmp_path):
    toy.write_checkpoint(tmp_path, "albert")
    raw = json.loads((tmp_path / "albert_config.json").read_text())
    (tmp_path / "aaa.json").write_text(json.dumps(raw | {"hidden_size": 32}))
    assert find_checkpoint(tmp_path).config_file.name == "albert_config.json"
    (tmp_path / "aaa.json").write_text(json.dumps(raw))  # the same twice is no contradiction
    assert find_checkpoint(tmp_path).config == toy.make_config("albert")
    (tmp_path / "aaa.json").write_text(json.dumps(raw | {"num_hidden_layers": 5}))
    refuse(tmp_path, "aaa.json", "albert_config.json", "num_hidden_layers", "move the other away")


def test_a_config_that_contradicts_the_variables_is_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    edit_config(tmp_path, intermediate_size=64, num_hidden_layers=3)
    refuse(tmp_path, "bert_config.json", "intermediate_size is 64, in the checkpoint 32", "num_hidden_layers is 3")


@pytest.mark.parametrize(
    "changes,word",
    [
        ({"num_hidden_groups": 2}, "num_hidden_groups is 2"),
        ({"inner_group_num": 2}, "inner_group_num is 2"),
        ({"ln_type": "preln"}, 'ln_type is "preln"'),
        ({"position_embedding_type": "relative_key"}, "relative_key"),
        ({"model_type": "roberta"}, 'model_type is "roberta"'),
        ({"hidden_act": "mish"}, "hidden_act is 'mish'"),
        ({"num_attention_heads": 3}, "can't be divided"),
        ({"num_attention_heads": None}, "num_attention_heads is missing"),
        ({"num_hidden_layers": "two"}, "num_hidden_layers is 'two'"),
        ({"hidden_dropout_prob": 1.5}, "hidden_dropout_prob is 1.5"),
    ],
)
def test_variants_and_impossible_values_are_refused_by_name(tmp_path, changes, word):
    toy.write_checkpoint(tmp_path, "albert")
    edit_config(tmp_path, **changes)
    refuse(tmp_path, "albert_config.json", word)


def test_a_broken_config_is_named(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    (tmp_path / "bert_config.json").write_text('{"hidden_size": 16,')
    refuse(tmp_path, "bert_config.json", "not valid json")


def test_one_layer_is_doubted(tmp_path):
    toy.write_checkpoint(tmp_path, "albert")
    edit_config(tmp_path, num_hidden_layers=1)
    assert "num_hidden_layers 1" in find_checkpoint(tmp_path).note


# What is refused


def test_missing_and_empty_folders_are_refused(tmp_path):
    refuse(tmp_path / "nowhere", "no such folder", "Check CHECKPOINT")
    refuse(tmp_path, "the folder is empty", "Put the files")
    (tmp_path / "model.onnx").write_text("x")
    refuse(tmp_path, "found model.onnx")
    (tmp_path / "albert.zip").write_text("x")
    refuse(tmp_path, "albert.zip is still packed")
    (tmp_path / "m.ckpt.data-00000-of-00001").write_text("x")
    refuse(tmp_path, ".index is not")
    toy.write_checkpoint(tmp_path / "inner", "bert")
    refuse(tmp_path, "one folder deeper", "inner")


def test_a_missing_vocabulary_is_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    (tmp_path / "vocab.txt").rename(tmp_path / "vocab_chinese.txt")
    refuse(tmp_path, "vocab.txt is missing", "rename it")
    (tmp_path / "vocab_chinese.txt").unlink()
    refuse(tmp_path, "vocab.txt is missing", "Copy the one")


def test_a_vocabulary_of_another_size_is_refused_and_the_odd_one_out_named(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    for tokens in (toy.VOCABULARY[:50], [*toy.VOCABULARY, "外"]):
        toy.write_vocabulary(tmp_path, tokens)
        refuse(tmp_path, f"has {len(tokens)} tokens", "has 60 rows", "vocab.txt is the odd one out")


@pytest.mark.parametrize(
    "tokens",
    [
        toy.VOCABULARY[1:2] + toy.VOCABULARY[:1] + toy.VOCABULARY[2:],
        [t for t in toy.VOCABULARY if t != "[SEP]"] + ["x"],
    ],
)
def test_a_vocabulary_with_wrong_special_tokens_is_refused(tmp_path, tokens):
    toy.write_checkpoint(tmp_path, "bert")
    toy.write_vocabulary(tmp_path, tokens)
    refuse(tmp_path, "vocab.txt")


def test_two_checkpoints_are_refused_by_name(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    toy.write_checkpoint(tmp_path, "bert", file_format="safetensors")
    refuse(tmp_path, "2 checkpoints", "bert_model.ckpt.index", "model.safetensors", "Keep one")


def test_two_hugging_face_formats_are_one_checkpoint(tmp_path):
    toy.write_checkpoint(tmp_path, "bert", file_format="pytorch", seed=1)
    weights = toy.write_checkpoint(tmp_path, "bert", file_format="safetensors")
    found = find_checkpoint(tmp_path)
    assert "pytorch_model.bin beside it is not" in found.note
    assert (read_weights(found)["embeddings/word"] == weights["embeddings/word"]).all()


@pytest.mark.parametrize("file_format", ["tensorflow", "safetensors", "pytorch"])
def test_missing_left_over_and_misshapen_variables_are_refused(tmp_path, file_format):
    weights = toy.draw_weights(toy.make_config("bert"))
    short = {name: array for name, array in weights.items() if name != "layer_1/attention/value/bias"}
    toy.write_checkpoint(tmp_path / "short", "bert", file_format=file_format, weights=short)
    refuse(tmp_path / "short", "1 variables", "value", "missing, expected [16]", "nothing was loaded")
    surprise = "bert/encoder/surprise" if file_format == "tensorflow" else "bert.encoder.surprise"
    extra = {surprise: np.zeros(3, "float32")}
    toy.write_checkpoint(tmp_path / "long", "bert", file_format=file_format, extra=extra)
    refuse(tmp_path / "long", f"{surprise}: left over")
    wrong = weights | {"layer_1/attention/value/kernel": np.zeros((16, 8), "float32")}
    toy.write_checkpoint(tmp_path / "wrong", "bert", file_format=file_format, weights=wrong)
    refuse(tmp_path / "wrong", "value", "expected [16, 16]")


def test_variables_of_no_known_family_are_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    toy.write_tensorflow(tmp_path / "bert_model.ckpt", {"resnet/conv": np.zeros(3, "float32")})
    refuse(tmp_path, "not those of an ALBERT, ELECTRA or BERT", "resnet/conv")


def test_electras_generator_is_refused_by_name(tmp_path):
    weights = toy.write_checkpoint(tmp_path / "hf", "electra", file_format="safetensors")
    arrays = toy.name_arrays(weights, "electra", "safetensors")
    toy.save_file(
        arrays | {"generator_predictions.dense.weight": np.zeros((8, 16), "float32")}, tmp_path / "hf/model.safetensors"
    )
    refuse(tmp_path / "hf", "ELECTRA's generator", "discriminator")
    toy.write_checkpoint(tmp_path / "tf", "electra")
    toy.write_tensorflow(
        tmp_path / "tf/electra_model.ckpt", {"generator/encoder/layer_0/output/dense/bias": np.zeros(3, "float32")}
    )
    refuse(tmp_path / "tf", "ELECTRA's generator")


@pytest.mark.parametrize("family,file_format", [("bert", "tensorflow"), ("bert", "safetensors"), ("bert", "pytorch")])
@pytest.mark.parametrize("left", [0, 0.5, 0.98])
def test_truncated_files_are_refused(tmp_path, family, file_format, left):
    toy.write_checkpoint(tmp_path, family, file_format=file_format)
    pattern = {"tensorflow": "*.data-*", "safetensors": "*.safetensors", "pytorch": "*.bin"}[file_format]
    (file,) = tmp_path.glob(pattern)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * left)])
    refuse(tmp_path, "can't be read to its end", "copy or download it again")


def test_a_truncated_index_and_corrupt_data_are_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    (data,) = tmp_path.glob("*.data-*")
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    refuse(tmp_path, "Checksum does not match")
    index = tmp_path / "bert_model.ckpt.index"
    index.write_bytes(index.read_bytes()[:-9])
    refuse(tmp_path, "can't be read to its end")


def test_an_old_torch_file_that_ends_early_is_refused(tmp_path):
    weights = toy.write_checkpoint(tmp_path, "bert", file_format="pytorch")
    file = tmp_path / "pytorch_model.bin"
    toy.write_torch(file, toy.name_arrays(weights, "bert", "pytorch"), old=True)
    file.write_bytes(file.read_bytes()[:-40])
    refuse(tmp_path, "can't be read to its end")


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("name", ["tensors_old.bin", "tensors_zip.bin", "nested.bin"])
def test_a_changed_byte_in_a_torch_file_ends_in_one_clear_error_or_none(tmp_path, name):
    whole, file, draw = (DATA / name).read_bytes(), tmp_path / "pytorch_model.bin", random.Random(0)
    ends = {"read": 0, "refused": 0}
    for _ in range(300):
        content = bytearray(whole)
        content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
        file.write_bytes(content)
        try:
            read_arrays(file, "pytorch", read_shapes(file, "pytorch"))
            ends["read"] += 1
        except InputError as problem:
            assert str(file) in str(problem)
            ends["refused"] += 1
    assert ends["refused"] > 50 and ends["read"] + ends["refused"] == 300


def test_a_half_downloaded_part_of_a_tensorflow_checkpoint_is_named(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    (data,) = tmp_path.glob("*.data-*")
    half = tmp_path / f"{data.name}.crdownload"
    half.write_bytes(data.read_bytes()[:99])
    find_checkpoint(tmp_path)  # beside the whole file it does no harm
    data.unlink()
    refuse(tmp_path, half.name, "did not finish", f"Download {data.name} again")


def test_data_without_its_file_and_pointers_are_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert")
    (data,) = tmp_path.glob("*.data-*")
    data.rename(tmp_path / "bert_model.ckpt.data-00000-of-00002")
    refuse(tmp_path, "1 of 2 parts of the data are missing", "00001-of-00002")
    (tmp_path / "bert_model.ckpt.data-00000-of-00002").unlink()
    refuse(tmp_path, "its data is not")
    toy.write_checkpoint(tmp_path / "lfs", "bert", file_format="safetensors")
    (tmp_path / "lfs/model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    refuse(tmp_path / "lfs", "git lfs pull")


def test_weights_that_are_not_numbers_are_refused(tmp_path):
    weights = toy.draw_weights(toy.make_config("bert"))
    weights["embeddings/word"][3, 4] = np.nan
    toy.write_checkpoint(tmp_path, "bert", file_format="safetensors", weights=weights)
    refuse(tmp_path, "bert.embeddings.word_embeddings.weight", "not numbers")


class Bomb:
    """Unpickled the usual way, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("archive", [True, False])
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, archive):
    toy.write_checkpoint(tmp_path, "bert", file_format="pytorch")
    trace, file = tmp_path / "trace", tmp_path / "pytorch_model.bin"
    body = pickle.dumps({"bert.embeddings": Bomb(trace)}, protocol=2)
    if archive:
        with zipfile.ZipFile(file, "w") as stream:
            stream.writestr("archive/data.pkl", body)
    else:
        file.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C) + pickle.dumps(1001) + pickle.dumps({}) + body)
    refuse(tmp_path, "open", "can run code", "safetensors")
    assert not trace.exists()


def test_a_tensor_beyond_its_storage_is_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert", file_format="pytorch")
    file = tmp_path / "pytorch_model.bin"
    far = np.lib.stride_tricks.as_strided(np.zeros(4, "float32"), (2, 2), (400, 4))
    toy.write_torch(file, {"bert.embeddings.word_embeddings.weight": far})
    refuse(tmp_path, "beyond its storage")


def test_a_tensor_that_the_pickle_changes_once_it_is_made_is_refused(tmp_path):
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\4tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\0(K\2t(K\1ttR"
    far = b"}X\5\0\0\0startJ\x40\x42\x0f\0sb"  # its start becomes 1,000,000, of 4 numbers
    for change in (b"", far):
        with zipfile.ZipFile(tmp_path / "a.bin", "w") as stream:
            stream.writestr("a/data.pkl", b"\x80\2}X\1\0\0\0a" + tensor + change + b"s.")
            stream.writestr("a/data/0", bytes(16))
        outcome = pytest.raises(RefusedPickleError, match="beyond its storage") if change else contextlib.nullcontext()
        with outcome:
            read_torch_arrays(tmp_path / "a.bin", read_torch_index(tmp_path / "a.bin"))


def test_a_training_state_instead_of_weights_is_refused(tmp_path):
    toy.write_checkpoint(tmp_path, "bert", file_format="pytorch")
    shutil.copy(DATA / "nested.bin", tmp_path / "pytorch_model.bin")
    refuse(tmp_path, "something other than one dictionary of tensors")


# The bundled checkpoint


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """A folder with a toy checkpoint that passes for the bundled one."""
    toy.write_checkpoint(tmp_path, "albert", file_format="safetensors")
    hashes = {hashlib.sha256(file.read_bytes()).hexdigest(): file.name for file in tmp_path.iterdir()}
    monkeypatch.setattr(bundled_table, "BUNDLED", {"toy_tiny": Bundled(hashes, 5e-4)})
    return tmp_path


def test_the_table_of_hashes_is_that_of_the_bundled_files():
    for folder, bundled in bundled_table.BUNDLED.items():
        found = [file for file in (PROJECT / folder).iterdir() if file.name != "README.md"]
        assert bundled.files == {hashlib.sha256(file.read_bytes()).hexdigest(): file.name for file in found}


def test_the_bundled_checkpoint_is_known_by_its_content(bundled):
    found = find_checkpoint(bundled)
    assert (found.bundled, found.note, found.family) == ("toy_tiny", "", "albert")


@pytest.mark.parametrize(
    "family,file_format", [("albert_brightmart", "tensorflow"), ("albert", "tensorflow"), ("bert", "pytorch")]
)
def test_a_checkpoint_dropped_in_beside_the_bundled_one_wins(bundled, family, file_format):
    config = toy.make_config(family, vocab_size=50)
    raw = toy.make_raw_config(family, file_format) | {"vocab_size": 50}
    toy.write_checkpoint(bundled, family, file_format=file_format, weights=toy.draw_weights(config), raw=raw)
    toy.write_vocabulary(bundled, toy.VOCABULARY[:50])
    found = find_checkpoint(bundled)
    assert (found.family, found.bundled, found.config) == (family, "", config)
    assert "the bundled checkpoint is passed over" in found.note and found.weights_files[0].name in found.note


def test_a_dropped_in_checkpoint_with_the_bundled_vocabulary_is_told_so(bundled):
    vocabulary = (bundled / "vocab.txt").read_bytes()
    config = toy.make_config("albert_brightmart", vocab_size=50)
    raw = toy.make_raw_config("albert_brightmart", "tensorflow") | {"vocab_size": 50}
    toy.write_checkpoint(bundled, "albert_brightmart", weights=toy.draw_weights(config), raw=raw)
    (bundled / "vocab.txt").write_bytes(vocabulary)
    refuse(bundled, "60 tokens", "50 rows", "vocab.txt is still the bundled one")
    (bundled / "vocab.txt").write_bytes(vocabulary.replace(b"\n", b"\r\n"))  # as git may check it out on Windows
    refuse(bundled, "vocab.txt is still the bundled one")


def test_the_bundled_config_does_not_serve_a_checkpoint_that_it_does_not_fit(bundled):
    toy.write_checkpoint(bundled, "bert")
    (bundled / "bert_config.json").unlink()
    refuse(bundled, "the checkpoint has no config")


def test_a_stray_config_that_fits_nothing_leaves_the_bundled_checkpoint_usable(bundled):
    raw = toy.make_raw_config("albert_brightmart", "tensorflow") | {"vocab_size": 50}
    (bundled / "albert_config_tiny.json").write_text(json.dumps(raw))
    assert find_checkpoint(bundled).config_file.name == "config.json"


def test_the_bundled_weights_with_another_vocabulary_are_refused(bundled):
    toy.write_vocabulary(bundled, [*toy.VOCABULARY[:-1], "外"])
    refuse(bundled, "is not the one that belongs to the bundled")


def test_in_each_bundled_folder_a_dropped_in_checkpoint_with_its_own_vocabulary_wins(tmp_path, monkeypatch):
    table = {}
    for seed, (name, family) in enumerate((("toy_tiny", "albert"), ("toy_small", "bert"))):
        toy.write_checkpoint(tmp_path / name, family, file_format="safetensors", seed=seed)
        files = (tmp_path / name).iterdir()
        hashes = {hashlib.sha256(file.read_bytes()).hexdigest(): file.name for file in files}
        table[name] = Bundled(hashes, 5e-4)
    monkeypatch.setattr(bundled_table, "BUNDLED", table)
    for name in table:
        assert find_checkpoint(tmp_path / name).bundled == name
        config = toy.make_config("bert", vocab_size=50)
        raw = toy.make_raw_config("bert", "pytorch") | {"vocab_size": 50}
        toy.write_checkpoint(
            tmp_path / name, "bert", file_format="pytorch", weights=toy.draw_weights(config, seed=7), raw=raw
        )
        toy.write_vocabulary(tmp_path / name, toy.VOCABULARY[:50])
        found = find_checkpoint(tmp_path / name)
        assert (found.bundled, found.config, found.file_format) == ("", config, "pytorch")
        assert "the bundled checkpoint is passed over" in found.note


def test_the_vocabulary_of_another_bundled_checkpoint_is_refused(bundled, monkeypatch):
    toy.write_vocabulary(bundled, [*toy.VOCABULARY[:-1], "外"])
    digest = hashlib.sha256((bundled / "vocab.txt").read_bytes()).hexdigest()
    both = {**bundled_table.BUNDLED, "other": Bundled({digest: "vocab.txt"}, 1e-4)}
    monkeypatch.setattr(bundled_table, "BUNDLED", both)
    refuse(bundled, "is not the one that belongs to the bundled")


def test_the_learning_rate_follows_family_width_and_whether_it_is_bundled():
    def recommend(width, family, bundled="", **options):
        return recommend_learning_rate({"hidden_size": width}, family, bundled, **options)[0]

    assert recommend(312, "albert", "albert_tiny") == 5e-4
    assert recommend(384, "bert", "albert_base") == 2e-4
    assert recommend(312, "albert_brightmart") == recommend(256, "electra") == recommend(384, "bert") == 1e-4
    assert recommend(768, "albert") == recommend(768, "electra") == 5e-5
    assert recommend(768, "bert") == 2e-5  # a dropped-in BERT never gets the bundled checkpoint's rate
    assert recommend(1024, "bert") == recommend(2048, "albert") == 1e-5
    assert recommend(768, "bert", from_scratch=True) == 1e-4
    assert "bert" in recommend_learning_rate({"hidden_size": 768}, "bert", "")[1]


# From scratch


def test_from_scratch_needs_config_and_vocabulary_alone(tmp_path):
    (tmp_path / "albert_config_base.json").write_text(
        json.dumps(toy.make_raw_config("albert_brightmart", "tensorflow"))
    )
    refuse(tmp_path, "vocab.txt is missing", from_scratch=True)
    toy.write_vocabulary(tmp_path)
    found = find_checkpoint(tmp_path, from_scratch=True)
    assert (found.family, found.weights_files, found.config) == (
        "albert_brightmart",
        (),
        toy.make_config("albert_brightmart"),
    )
    assert "nothing is pretrained" in found.note
    refuse(tmp_path, "no weights")
    refuse(tmp_path, "no weights to read", from_scratch=True)


def test_from_scratch_the_vocabulary_sets_the_size_of_the_word_table(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(toy.make_raw_config("albert", "safetensors")))
    toy.write_vocabulary(tmp_path, toy.VOCABULARY[:40])
    found = find_checkpoint(tmp_path, from_scratch=True)
    assert found.config == toy.make_config("albert", vocab_size=40)
    assert "40 tokens" in found.note and "vocab_size 60" in found.note


def test_from_scratch_several_configs_are_refused(tmp_path):
    toy.write_vocabulary(tmp_path)
    refuse(tmp_path, "found none", from_scratch=True)
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(toy.make_raw_config("bert", "tensorflow")))
    refuse(tmp_path, "found a.json, b.json", from_scratch=True)


def test_a_config_alone_tells_its_family_or_says_what_is_missing():
    for family, file_format in toy.DIALECTS:
        raw = toy.make_raw_config(family, file_format)
        if (family, file_format) == ("electra", "tensorflow"):
            with pytest.raises(InputError, match="model_type"):
                recognise_family_of_config(raw, place="x.json")
        else:
            assert recognise_family_of_config(raw, place="x.json") == family
