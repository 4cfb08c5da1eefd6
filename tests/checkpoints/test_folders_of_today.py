"""Folders as transformers 5, the hub, trainers and users leave them: read as they are, or refused with a cure."""

import json
import subprocess
import sys

import numpy as np
import pytest
import toy

from zhlabel.checkpoints import bundled as bundled_table
from zhlabel.checkpoints import find_checkpoint, missing, read_weights
from zhlabel.checkpoints.bundled import Bundled
from zhlabel.checkpoints.mlm_heads import read_heads
from zhlabel.checkpoints.names import derive_sizes, is_beside_encoder, is_outside_encoder, recognise_family, unify_names
from zhlabel.checkpoints.write import write_checkpoint
from zhlabel.data.tokenizer import format_vocabulary, read_vocabulary
from zhlabel.io.files import hash_file
from zhlabel.runs.folder import write_run
from zhlabel.runs.plan import freeze_plan

ENDINGS = {"safetensors": ("model", "safetensors"), "pytorch": ("pytorch_model", "bin")}


def refuse(folder, *words, **options):
    """Hold that a folder is refused, with every one of the words in the message; give the message."""
    message = toy.refuse(lambda: read_weights(find_checkpoint(folder, **options)))
    for word in words:
        assert word in message, message
    return message


def write_arrays(path, arrays):
    """Write a file of Hugging Face's, the format by its ending."""
    (toy.save_file if path.suffix == ".safetensors" else lambda found, file: toy.write_torch(file, found))(arrays, path)


def write(folder, family="bert", *, rename=None, extra=None, config=None, rows=60, seed=0):
    """Write a Hugging Face folder whose names, config and rows of the word table differ; gives its weights."""
    weights = toy.write_checkpoint(folder, family, file_format="safetensors", seed=seed)
    if rows != 60:
        table = np.random.default_rng(1).standard_normal((rows, weights["embeddings/word"].shape[1])).astype("float32")
        weights["embeddings/word"] = table
    arrays = {**toy.name_arrays(weights, family, "safetensors"), **(extra or {})}
    toy.save_file(
        {rename(name) if rename else name: array for name, array in arrays.items()}, folder / "model.safetensors"
    )
    raw = toy.make_raw_config(family, "safetensors") | {"vocab_size": rows} | (config or {})
    (folder / "config.json").write_text(json.dumps(raw))
    return weights


def check_equal(folder, weights):
    """Hold that a folder is read as exactly these weights; gives the Checkpoint."""
    found = find_checkpoint(folder)
    read = read_weights(found)
    assert read.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(read[name], array)
    return found


def write_tokenizer_json(folder, **changes):
    """Write tokenizer.json in place of vocab.txt, its model with changes."""
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
    model["vocab"] = {token: number for number, token in enumerate(toy.VOCABULARY)}
    content = {"version": "1.0", "added_tokens": [{"id": 0, "content": "[PAD]"}], "model": model | changes}
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    (folder / "vocab.txt").unlink(missing_ok=True)


# tokenizer.json


def test_the_vocabulary_of_tokenizer_json_is_that_of_vocab_txt(tmp_path):
    weights = write(tmp_path)
    expected, content = read_vocabulary(tmp_path / "vocab.txt"), (tmp_path / "vocab.txt").read_bytes()
    shuffled = dict(sorted(expected.items(), key=lambda item: item[0]))
    write_tokenizer_json(tmp_path, vocab=shuffled)
    found = check_equal(tmp_path, weights)
    assert found.vocab_file.name == "tokenizer.json"
    assert list(read_vocabulary(found.vocab_file).items()) == list(expected.items())
    assert format_vocabulary(found.vocab_file) == content


def test_what_is_made_of_a_tokenizer_json_has_a_vocab_txt(tmp_path):
    weights = write(tmp_path)
    content = (tmp_path / "vocab.txt").read_bytes()
    write_tokenizer_json(tmp_path)
    file, config = tmp_path / "tokenizer.json", toy.make_config("bert")
    write_checkpoint(tmp_path / "out", config, weights, heads={}, vocabulary_file=file)
    options = {"encoder_config": config, "vocabulary_file": file, "names": ["裁员"]}
    write_run(tmp_path / "run", toy.make_record(), weights={"a": np.zeros(3, "float32")}, **options)
    for folder in ("out", "run"):
        assert (tmp_path / folder / "vocab.txt").read_bytes() == content


def test_vocab_txt_goes_before_tokenizer_json(tmp_path):
    write(tmp_path)
    content = (tmp_path / "vocab.txt").read_bytes()
    write_tokenizer_json(tmp_path, type="BPE")
    (tmp_path / "vocab.txt").write_bytes(content)
    assert find_checkpoint(tmp_path).vocab_file.name == "vocab.txt"


def test_the_bundled_vocab_txt_gives_way_to_a_dropped_in_tokenizer_json(tmp_path, monkeypatch):
    weights = write(tmp_path)
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in toy.VOCABULARY[:50]))
    content = (tmp_path / "vocab.txt").read_bytes()
    table = {"toy": Bundled({hash_file(tmp_path / "vocab.txt"): "vocab.txt"}, 1e-4)}
    monkeypatch.setattr(bundled_table, "BUNDLED", table)
    write_tokenizer_json(tmp_path)
    (tmp_path / "vocab.txt").write_bytes(content)
    assert check_equal(tmp_path, weights).vocab_file.name == "tokenizer.json"


def test_a_token_that_stands_among_the_added_ones_alone_has_its_id(tmp_path):
    write(tmp_path)
    vocabulary = {token: number for number, token in enumerate(toy.VOCABULARY)}
    del vocabulary["[MASK]"]
    write_tokenizer_json(tmp_path, vocab=vocabulary)
    refuse(tmp_path, "the token of id 4 is missing")
    content = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    content["added_tokens"] += [{"id": 4, "content": "[MASK]"}, {"id": 99, "content": "外"}]
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    assert list(read_vocabulary(find_checkpoint(tmp_path).vocab_file)) == toy.VOCABULARY


@pytest.mark.parametrize(
    "changes,word",
    [
        ({"type": "BPE", "merges": []}, "its model is BPE"),
        ({"type": "Unigram"}, "its model is Unigram"),
        ({"continuing_subword_prefix": "@@"}, '"@@"'),
        ({"vocab": ["[PAD]"]}, "no table of tokens and ids"),
        ({"vocab": {"[PAD]": 0, "[UNK]": 0}}, "gives 1 ids to two tokens"),
        ({"vocab": {"[PAD]": 0, "a\nb": 1}}, "can't stand on a line"),
        ({"vocab": {"[PAD]": 0, "[UNK]": 1}}, "lack [CLS], [SEP]"),
    ],
)
def test_another_tokenizer_json_is_refused_by_name(tmp_path, changes, word):
    write(tmp_path)
    write_tokenizer_json(tmp_path, **changes)
    assert "tokenizer.json" in refuse(tmp_path, word).splitlines()[0]


def test_a_tokenizer_json_of_an_old_library_and_a_broken_one(tmp_path):
    weights = write(tmp_path)
    write_tokenizer_json(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    del content["model"]["type"]
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    check_equal(tmp_path, weights)
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0"}')
    refuse(tmp_path, 'it has no "model"')
    (tmp_path / "tokenizer.json").write_text('{"version": "1.')
    refuse(tmp_path, "tokenizer.json is not JSON", "Copy the file")


def test_blank_lines_at_the_end_of_vocab_txt_are_no_tokens(tmp_path):
    weights = write(tmp_path)
    for ending in ("\n", "\r\n \r\n", ""):
        (tmp_path / "vocab.txt").write_bytes("\n".join(toy.VOCABULARY).encode() + ending.encode() * 2)
        assert check_equal(tmp_path, weights).note == ""


# Shards


def shard(folder, file_format, *, count=2, weight_map=True):
    """Write a folder's weights again as shards with their index; gives the names of the shards."""
    stem, ending = ENDINGS[file_format]
    weights = write(folder)
    (folder / "model.safetensors").unlink()
    arrays = list(toy.name_arrays(weights, "bert", file_format).items())
    names = [f"{stem}-{number:05d}-of-{count:05d}.{ending}" for number in range(1, count + 1)]
    table = {}
    for number, name in enumerate(names):
        part = dict(arrays[number::count])
        write_arrays(folder / name, part)
        table |= dict.fromkeys(part, name)
    index = {"metadata": {}, "weight_map": table if weight_map else {}}
    (folder / f"{stem}.{ending}.index.json").write_text(json.dumps(index))
    return names, weights


@pytest.mark.parametrize("file_format", ENDINGS)
@pytest.mark.parametrize("weight_map", [True, False])
def test_shards_are_read_as_one_checkpoint(tmp_path, file_format, weight_map):
    names, weights = shard(tmp_path, file_format, count=3, weight_map=weight_map)
    found = check_equal(tmp_path, weights)
    assert [file.name for file in found.weights_files] == names and found.note == ""


def test_shards_of_both_formats_are_one_checkpoint(tmp_path):
    shard(tmp_path, "pytorch")
    _, weights = shard(tmp_path, "safetensors", count=3)
    assert "pytorch_model-00001-of-00002.bin beside it is not" in check_equal(tmp_path, weights).note


def test_a_shard_that_is_missing_is_named_and_no_good_one_is_to_be_moved(tmp_path):
    names, _ = shard(tmp_path, "safetensors", count=3)
    (tmp_path / names[1]).unlink()
    message = refuse(tmp_path, "of the 3 shards of one checkpoint 1 are missing", names[1])
    assert "move" not in message
    for name in (names[0], names[2]):
        (tmp_path / name).unlink()
    refuse(tmp_path, "model.safetensors.index.json is there", "Download them")


def test_a_variable_in_two_shards_and_shards_beside_a_whole_file_are_refused(tmp_path):
    names, weights = shard(tmp_path, "safetensors")
    arrays = toy.name_arrays(weights, "bert", "safetensors")
    toy.save_file(arrays, tmp_path / names[0])
    refuse(tmp_path, names[1], "lies in", names[0])
    shard(tmp_path, "safetensors")
    toy.save_file(arrays, tmp_path / "model.safetensors")
    refuse(tmp_path, "it holds 2 checkpoints")


def test_a_training_is_bound_to_every_shard(tmp_path):
    names, _ = shard(tmp_path, "safetensors")
    before = freeze_plan({}, find_checkpoint(tmp_path))
    (tmp_path / names[1]).write_bytes((tmp_path / names[1]).read_bytes()[:-4] + b"abcd")
    assert freeze_plan({}, find_checkpoint(tmp_path)) != before
    write(tmp_path / "whole")
    plan = freeze_plan({}, find_checkpoint(tmp_path / "whole"))
    assert plan["weights_sha256"] == hash_file(tmp_path / "whole/model.safetensors")


# Rows without a token


def test_rows_without_a_token_are_left_out_and_counted(tmp_path):
    bias = np.arange(64, dtype="float32")
    config = toy.make_config("bert")
    head = {f"cls.predictions.transform.{name}": np.ones(16, "float32") for name in ("dense.bias", "LayerNorm.weight")}
    head |= {"cls.predictions.transform.LayerNorm.bias": np.ones(16, "float32"), "cls.predictions.bias": bias}
    head |= {"cls.predictions.transform.dense.weight": np.ones((16, 16), "float32")}
    weights = write(tmp_path, rows=64, extra=head)
    weights["embeddings/word"] = weights["embeddings/word"][:60]
    found = check_equal(tmp_path, weights)
    assert found.config == config
    assert "has 60 tokens" in found.note and "the 4 rows without a token are left out" in found.note
    np.testing.assert_array_equal(read_heads(found, bag_of_words=False)["lm_head/bias"], bias[:60])


@pytest.mark.parametrize("rows", [59, 70])
def test_fewer_rows_and_far_more_are_refused(tmp_path, rows):
    write(tmp_path, rows=rows)
    refuse(tmp_path, f"has {rows} rows", "vocab.txt is the odd one out")


# Names and configs


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.model."])
@pytest.mark.parametrize("family", ["albert", "bert", "electra"])
def test_prefixes_of_wrappers_are_taken_off(tmp_path, family, prefix):
    root = f"{family}."
    extra = {f"{root}pooler.dense.bias": np.zeros(16, "float32")}
    weights = write(tmp_path / "named", family, rename=lambda name: prefix + name, extra=extra)
    assert check_equal(tmp_path / "named", weights).note == ""
    write(tmp_path / "bare", family, rename=lambda name: prefix + name.removeprefix(root), extra=extra)
    assert check_equal(tmp_path / "bare", weights).note == ""


def test_two_copies_of_a_variable_are_refused(tmp_path):
    extra = {"module.bert.embeddings.LayerNorm.bias": np.ones(16, "float32")}
    write(tmp_path, extra=extra)
    refuse(tmp_path, "two copies", "bert.embeddings.LayerNorm.bias", "which ones count is open")


@pytest.mark.parametrize("prefix", ["", "model."])
def test_the_head_of_a_fine_tuned_checkpoint_is_left_out_with_a_note(tmp_path, prefix):
    extra = {"classifier.weight": np.ones((3, 16), "float32"), "crf.transitions": np.ones((3, 3), "float32")}
    weights = write(tmp_path, extra=extra, rename=lambda name: prefix + name)
    note = check_equal(tmp_path, weights).note
    assert "fine-tuned; the head of its task is left out (classifier.weight, crf.transitions)" in note


def test_adapters_inside_the_encoder_are_refused(tmp_path):
    extra = {"bert.encoder.layer.0.attention.self.query.lora_A.weight": np.ones((2, 16), "float32")}
    write(tmp_path, extra=extra)
    refuse(tmp_path, "lora_A.weight: left over", "adapters")


def test_tensorflows_heads_and_states_of_training_lie_outside():
    for name in ("output_weights", "output_bias", "classifier/dense/kernel", "crf_loss/transition"):
        assert is_outside_encoder(name, "bert", tensorflow=True) and not is_beside_encoder(name)
    for name in ("loss_scale", "global_step", "good_steps", "bert/embeddings/LayerNorm/beta/adam_m"):
        assert is_beside_encoder(name)
    assert not is_outside_encoder("bert/encoder/surprise", "bert", tensorflow=True)


def test_google_alberts_other_names_are_those_of_its_first_layout():
    config = toy.make_config("albert")
    expected = {
        name: array.shape for name, array in toy.name_arrays(toy.draw_weights(config), "albert", "tensorflow").items()
    }
    inner = "bert/encoder/transformer/group_0/inner_group_0"
    keras = {
        "bert/embeddings/LayerNorm": "bert/embeddings/layer_normalization",
        f"{inner}/LayerNorm_1": "bert/encoder/transformer/group_0/layer_0/inner_group_0/layer_normalization_12",
        f"{inner}/LayerNorm": "bert/encoder/transformer/group_0/layer_0/inner_group_0/layer_normalization_9",
    }

    def rename(name):
        module, _, leaf = name.rpartition("/")
        return f"{keras.get(module, module)}/{leaf}"

    for spell in (rename, lambda name: f"module/{name}"):
        theirs = {spell(name): shape for name, shape in expected.items()}
        assert theirs.keys() != expected.keys()
        unified = {name: theirs[own] for name, (own,) in unify_names(theirs, tensorflow=True).items()}
        assert unified == expected and recognise_family(unified) == "albert"
        assert derive_sizes(unified, "albert", tensorflow=True)["hidden_size"] == 16


@pytest.mark.parametrize("root", ["ernie.", "bert.", ""])
def test_ernie_is_read_as_bert(tmp_path, root):
    task = np.arange(48, dtype="float32").reshape(3, 16)
    extra = {"bert.embeddings.task_type_embeddings.weight": task}
    config = {"model_type": "ernie", "hidden_act": "relu", "use_task_id": True, "task_type_vocab_size": 3}
    weights = write(tmp_path, rename=lambda name: name.replace("bert.", root), extra=extra, config=config)
    with_task = weights | {"embeddings/segment": weights["embeddings/segment"] + task[0]}
    found = check_equal(tmp_path, with_task)
    assert (found.family, found.config["hidden_act"], found.note) == ("bert", "relu", "")
    (tmp_path / "config.json").write_text(
        json.dumps(toy.make_raw_config("bert", "safetensors") | config | {"use_task_id": False})
    )
    check_equal(tmp_path, weights)
    assert find_checkpoint(tmp_path, from_scratch=True).family == "bert"


def test_a_roberta_is_bert_where_its_variables_say_so(tmp_path):
    weights = write(tmp_path / "wwm", config={"model_type": "roberta"})
    assert check_equal(tmp_path / "wwm", weights).family == "bert"
    write(tmp_path / "bare", config={"model_type": "roberta"}, rename=lambda name: name.removeprefix("bert."))
    refuse(tmp_path / "bare", 'model_type is "roberta"')  # positions may be RoBERTa's, which begin at 2
    write(tmp_path / "real", config={"model_type": "roberta"}, rename=lambda name: name.replace("bert.", "roberta."))
    refuse(tmp_path / "real", "not those of an ALBERT, ELECTRA or BERT", "roberta.")


def test_null_in_a_config_is_nothing_said(tmp_path):
    nulls = dict.fromkeys(("type_vocab_size", "position_embedding_type", "hidden_act", "layer_norm_eps", "vocab_size"))
    weights = write(tmp_path, config=nulls | {"classifier_dropout": None, "embedding_size": None})
    assert check_equal(tmp_path, weights).config == toy.make_config("bert")
    write(tmp_path, config={"num_attention_heads": None})
    refuse(tmp_path, "num_attention_heads is missing")


# bfloat16


def test_bfloat16_shards_are_read_without_torch_and_tensorflow(tmp_path):
    weights = write(tmp_path)
    arrays = toy.name_arrays(weights, "bert", "safetensors")
    (tmp_path / "model.safetensors").unlink()
    for number in (1, 2):
        part = dict(list(arrays.items())[number - 1 :: 2])
        toy.write_bfloat16(tmp_path / f"model-{number:05d}-of-00002.safetensors", part)
    code = """import sys
from zhlabel.checkpoints import find_checkpoint, read_weights
import numpy as np
np.savez(sys.argv[2], **read_weights(find_checkpoint(sys.argv[1])))
print(sorted({"tensorflow", "torch"} & set(sys.modules)))"""
    command = [sys.executable, "-c", code, tmp_path, tmp_path / "read.npz"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=toy.ROOT, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    read = np.load(tmp_path / "read.npz")
    for name, array in weights.items():
        cut = (np.ascontiguousarray(array, "<f4").view("<u4") >> 16 << 16).view("<f4")
        np.testing.assert_array_equal(read[name], cut)


# Keras


def test_weights_of_keras_are_named_with_their_cure(tmp_path):
    write(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "best.weights")
    (tmp_path / "best.weights").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    refuse(tmp_path, "best.weights was written by Keras (save_weights)", "save_weights_as_checkpoint")
    arrays = {"model/layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE": np.zeros(3, "float32")}
    toy.save_file(arrays, tmp_path / "model.safetensors")
    refuse(tmp_path, "was written by Keras")


# A folder that is not there


@pytest.mark.parametrize("name", ["hfl/rbt3", "bert-base-chinese", "nghuyong/ernie-3.0-base-zh", "hfl/rbt3/"])
def test_a_missing_folder_named_like_a_model_of_the_hub_ends_in_the_command_that_fetches_it(
    name, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(missing.shutil, "which", lambda *_, **__: "hf")
    command = refuse(name, "there is no such folder").splitlines()[-1].strip()
    bare = name.rstrip("/")
    start = f"HF_ENDPOINT=https://hf-mirror.com hf download {bare} --local-dir {bare} --exclude "
    assert command.startswith(start)


@pytest.mark.parametrize("name", ["albert_bse", "./hfl/rbt3", "/nowhere/rbt3", "a/b/c", "my folder/b"])
def test_another_missing_folder_has_no_command(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "hf download" not in refuse(name, "there is no such folder")


# From scratch by a config file


def test_from_scratch_a_config_file_is_named_among_others(tmp_path):
    weights = write(tmp_path)
    small = tmp_path / "small.json"
    small.write_text(json.dumps(toy.make_raw_config("albert_brightmart", "tensorflow") | {"num_hidden_layers": 1}))
    found = find_checkpoint(small, from_scratch=True)
    expected = toy.make_config("albert_brightmart", num_hidden_layers=1)
    assert (found.config, found.config_file, found.vocab_file) == (expected, small, tmp_path / "vocab.txt")
    assert found.weights_files == () and found.folder == tmp_path
    small.rename(tmp_path / "small.txt")
    check_equal(tmp_path, weights)
    refuse(tmp_path / "vocab.txt", "is a file", str(tmp_path), "FROM_SCRATCH")
    refuse(tmp_path / "vocab.txt", "vocab.txt", from_scratch=True)
    write_tokenizer_json(tmp_path)
    refuse(tmp_path / "tokenizer.json", "found none", from_scratch=True)
