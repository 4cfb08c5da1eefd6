"""benchmarks/pretraining: the teacher's file, rows of two tokenizers, distillation that goes on, checkpoints."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("jieba")

SCRIPTS = Path(__file__).parents[2] / "benchmarks" / "pretraining"
sys.path.insert(0, str(SCRIPTS))

import checkpoint  # noqa: E402
import encoder  # noqa: E402
import prepare_distillation  # noqa: E402
import probe_entities  # noqa: E402
import rows as rows_module  # noqa: E402
import teacher  # noqa: E402
import vocabulary  # noqa: E402

HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 32, 4, 4, 64, 160
TEXT = "今天天气很好，公司宣布裁员三百人。他们去公园了！the new phone？明天下雨。"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
PIECES = [*SPECIAL, "▁", "▁que", "ry", ":", "天气", "公司", "▁the", "▁new", "▁phone", "ing", "鑫"]
PIECES += sorted({*TEXT, *normalize("NFKC", TEXT)})
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({*TEXT, *"abcdefgijklm"} - {" "})]


def name_tensors() -> dict[str, tuple[int, ...]]:
    """Return the tensors of a teacher's file with their shapes."""
    square, vector = (HIDDEN, HIDDEN), (HIDDEN,)
    forms = {"emb.word": (len(PIECES) + 2, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN)}
    forms |= {"emb.ln.w": vector, "emb.ln.b": vector}
    dense = {"q": square, "k": square, "v": square, "ao": square, "fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}
    for layer in range(LAYERS):
        for name, form in dense.items():
            forms |= {f"l{layer}.{name}.w": form, f"l{layer}.{name}.b": form[:1]}
        for name in ("aln", "oln"):
            forms |= {f"l{layer}.{name}.w": vector, f"l{layer}.{name}.b": vector}
    return forms


def write_package(path: Path) -> dict[str, np.ndarray]:
    """Write a teacher of random weights, its first layer's q.w in 4 bits; returns what the file holds."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(0, 0.3, form).astype("f4") for name, form in name_tensors().items()}
    quantised = rng.integers(0, 16, (HIDDEN * HIDDEN // 32, 32)).astype("u1")
    scales = rng.random(len(quantised)).astype("f2")
    arrays["l0.q.w"] = ((quantised.astype("f4") - 8) * scales[:, None].astype("f4")).reshape(HIDDEN, HIDDEN)
    packed = np.concatenate([scales[:, None].view("u1"), quantised[:, :16] | quantised[:, 16:] << 4], axis=1)
    raw = {name: packed.tobytes() if name == "l0.q.w" else array.tobytes() for name, array in arrays.items()}
    texts = [piece.encode() for piece in PIECES]
    sizes = (HIDDEN, LAYERS, HEADS, INNER, len(PIECES) + 2, POSITIONS, 2)
    head = b"E5S1" + struct.pack("<i", 1) + struct.pack("<7i", *sizes) + struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5i", len(PIECES), 0, 2, 1, 3) + struct.pack("<Q", sum(map(len, texts)))
    head += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    head += np.array([-float(number) / 8 for number in range(len(PIECES))], "<f4").tobytes() + b"".join(texts)
    head += struct.pack("<iI", 0, 3) + b"map" + struct.pack("<i", len(raw))
    start = len(head) + sum(2 + len(name) + 1 + 4 + 16 for name in raw)
    for name, content in raw.items():
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", 1, arrays[name].size, start, len(content))
        start += len(content)
    path.write_bytes(head + b"".join(raw.values()))
    return arrays


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder with a teacher, a vocabulary, a corpus and the rows made from them."""
    folder = tmp_path_factory.mktemp("distillation")
    write_package(folder / "teacher.bin")
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    (folder / "texts").mkdir()
    document = f"{TEXT}{TEXT}\n{TEXT[::-1]}\n{TEXT}\n\n"
    (folder / "texts" / "a.txt").write_text(document * 250, encoding="utf-8")
    flags = ["--texts", "texts", "--vocab", "vocab.txt", "--teacher", "teacher.bin", "--out", "rows"]
    run("prepare_distillation.py", *flags, "--processes", "1", cwd=folder)
    return folder


def run(script: str, *flags: str, cwd: Path) -> str:
    """Run a script to its end; returns what it printed."""
    command = [sys.executable, str(SCRIPTS / script), *flags]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def read_rows(world: Path, **options) -> rows_module.Rows:
    return rows_module.Rows(world / "rows", **{"seed": 0, "tokens": 256, **options})


class TestTeacher:
    def test_tensors_are_read_from_both_forms(self, tmp_path):
        arrays = write_package(tmp_path / "teacher.bin")
        package = teacher.read_package(tmp_path / "teacher.bin")
        assert package.pieces == PIECES
        for name, array in arrays.items():
            np.testing.assert_array_equal(package.tensor(name, *array.shape), array)

    @pytest.mark.parametrize("left", [20, 100, 700, -5])
    def test_a_file_cut_short_is_refused(self, tmp_path, left):
        write_package(tmp_path / "teacher.bin")
        whole = (tmp_path / "teacher.bin").read_bytes()
        (tmp_path / "teacher.bin").write_bytes(whole[:left])
        with pytest.raises(ValueError, match="damaged"):
            teacher.read_package(tmp_path / "teacher.bin")

    def test_another_file_is_refused(self, tmp_path):
        (tmp_path / "teacher.bin").write_bytes(b"\xff" * 500)
        with pytest.raises(ValueError, match="not the weights file"):
            teacher.read_package(tmp_path / "teacher.bin")

    def test_a_student_of_some_layers_computes_what_they_compute(self, world):
        package = teacher.read_package(world / "teacher.bin")
        whole, half = teacher.load_teacher(package), teacher.load_teacher(package, [0, 1])
        ids = torch.randint(4, len(PIECES), (2, 9))
        states = [model(ids, ids > 0)[1].detach() for model in (whole, half)]
        np.testing.assert_allclose(*map(np.asarray, states), rtol=1e-6)


class TestVocabulary:
    def test_what_there_is_stays_and_what_the_teacher_has_follows(self, world):
        package = teacher.read_package(world / "teacher.bin")
        sizes = vocabulary.argparse.Namespace(size=100, characters=10, continuations=10)
        longer = vocabulary.extend(WORDS, package, {"the", "phone", "zebra"}, sizes)
        assert longer[: len(WORDS)] == WORDS
        assert longer[len(WORDS) :] == ["鑫", "##ry", "##ing", "the", "phone"]

    def test_rows_are_the_teachers_or_a_mean(self, world):
        package = teacher.read_package(world / "teacher.bin")
        found = vocabulary.find_rows(["[CLS]", "天", "the", "##ing", "the天气"], package)
        assert found[:4] == [[0], [PIECES.index("天")], [PIECES.index("▁the")], [PIECES.index("ing")]]
        assert found[4] == [PIECES.index("▁the"), PIECES.index("天气")]


class TestRows:
    def test_the_students_token_ends_where_the_teachers_piece_ends(self, world):
        batch = read_rows(world).batch(0, mask=0.0)
        for theirs, ours in zip(batch.teacher_places.tolist(), batch.student_places.tolist(), strict=True):
            piece = PIECES[batch.teacher_ids.flatten()[theirs]].removeprefix("▁")
            word = WORDS[batch.ids.flatten()[ours]]
            assert word == "[UNK]" or piece.endswith(normalize("NFKC", word))

    def test_a_batch_follows_from_seed_and_step(self, world):
        first, second = read_rows(world), read_rows(world)
        second.batch(first.batches_per_epoch * 2, mask=0.15)
        assert torch.equal(first.batch(3, mask=0.15).inputs, second.batch(3, mask=0.15).inputs)
        assert not torch.equal(first.batch(3, mask=0.15).inputs, read_rows(world, seed=1).batch(3, mask=0.15).inputs)

    def test_no_row_is_seen_twice_in_a_pass(self, world):
        seen = np.concatenate(read_rows(world)._order(0))
        assert len(seen) == len(set(seen.tolist()))

    def test_pieces_are_masked_whole(self):
        ids = np.arange(5, 15)[None].repeat(400, 0)
        row, ends = np.nonzero(np.ones((400, 10)))[0], np.tile(np.arange(10), 400)
        pairs = ends % 2 == 1
        chosen = rows_module.choose_pieces(ids, row[pairs], ends[pairs], 0.3, np.random.default_rng(0))
        assert (chosen[:, ::2] == chosen[:, 1::2]).all()
        assert 0.25 < chosen.mean() < 0.35

    def test_a_row_ends_with_a_sentence(self):
        rows = prepare_distillation.join_rows([TEXT] * 3, [40, 80], prepare_distillation.random.Random(0), 0.0)
        assert "".join(rows) == TEXT * 3
        assert all(row[-1] in "。！？" and len(row) <= 40 for row in rows)


FLAGS = ["--rows", "rows", "--teacher", "teacher.bin", "--layers", "1,3", "--pairs", "1:2,2:4", "--tokens", "256"]
FLAGS += ["--precision", "float32", "--threads", "1", "--steps", "40", "--warmup", "5", "--heldout-every", "1000"]
FLAGS += ["--vocab", "vocab.txt", "--heldout-batches", "1", "--report-every", "0"]


def weights_of(folder: Path) -> dict:
    return torch.load(folder / "state.pt")["student"]


class TestDistillation:
    @pytest.fixture(scope="class")
    def straight(self, world) -> Path:
        """The folder of a run that nothing stopped."""
        printed = run("distil.py", *FLAGS, "--out", "straight", cwd=world)
        assert "step 40 of 40" in printed
        return world / "straight"

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_killed_and_resumed_to_the_same_bits(self, world, straight, number):
        out = f"killed{int(number)}"
        flags = [*FLAGS, "--out", out, "--save-every", "0"]
        command = [sys.executable, "-u", str(SCRIPTS / "distil.py"), *flags]
        with subprocess.Popen(command, cwd=world, stdout=subprocess.PIPE, text=True) as process:
            next(line for line in process.stdout if line.startswith("step 12 "))
            os.kill(process.pid, number)
            process.stdout.read()
        assert process.returncode == (0 if number == signal.SIGTERM else -number)
        assert 11 <= torch.load(world / out / "state.pt")["steps_done"] < 40
        run("distil.py", *flags, cwd=world)
        resumed, expected = weights_of(world / out), weights_of(straight)
        assert all(torch.equal(resumed[name], value) for name, value in expected.items())

    def test_losses_fall(self, world, straight):
        printed = run("distil.py", *FLAGS[:-4], "--heldout-batches", "4", "--out", "again", cwd=world).splitlines()
        held_out = [line for line in printed if line.startswith("held out")]
        before, after = (float(line.split("hidden ")[1].split()[0]) for line in (held_out[0], held_out[-1]))
        assert after < before

    def test_an_exported_checkpoint_is_the_student(self, world, straight):
        flags = ["--state", "straight/state.pt", "--vocab", "vocab.txt", "--out", "exported", "--type", "float32"]
        run("export.py", *flags, cwd=world)
        model, head = checkpoint.read_checkpoint(world / "exported")
        for name, value in model.state_dict().items():
            assert torch.equal(value, weights_of(straight)[f"encoder.{name}"])
        assert torch.equal(head.bias, weights_of(straight)["head.bias"])
        assert json.loads((world / "exported" / "config.json").read_text())["num_hidden_layers"] == 2


@pytest.mark.parametrize("shared", [False, True])
def test_the_projects_loader_reads_what_is_written(world, tmp_path, shared):
    loader = pytest.importorskip("zhlabel.checkpoints")
    width = 16 if shared else HIDDEN
    shape = encoder.Shape(len(WORDS), width, HIDDEN, INNER, HEADS, 2, shared=shared, gelu="tanh" if shared else "none")
    model, head = encoder.Encoder(shape), encoder.MaskedWordHead(shape)
    checkpoint.write_checkpoint(tmp_path, model, head, world / "vocab.txt", torch.float16)
    found = loader.find_checkpoint(tmp_path)
    assert found.config["family"] == ("albert" if shared else "bert")
    assert found.config["hidden_act"] == ("gelu_tanh" if shared else "gelu_erf")
    arrays = loader.read_weights(found)
    assert sum(array.size for array in arrays.values()) == sum(value.numel() for value in model.parameters())
    again, _ = checkpoint.read_checkpoint(tmp_path)
    ids = torch.randint(5, len(WORDS), (2, 7))
    np.testing.assert_allclose(*(m(ids, ids > 0)[-1].detach().numpy() for m in (model, again)), atol=0.02)


class TestProbes:
    def test_an_entity_begins_with_b_and_goes_on_with_its_own_type(self):
        tags = ["B-A", "I-A", "B-A", "I-B", "O", "I-A", "B-B"]
        assert probe_entities.find_entities(tags) == {(0, 2, "A"), (2, 3, "A"), (6, 7, "B")}

    @pytest.mark.parametrize("script", ["probe_entities.py", "probe_labels.py"])
    def test_a_probe_prints_one_line(self, world, tmp_path, script):
        shape = encoder.Shape(len(WORDS), HIDDEN, HIDDEN, INNER, HEADS, 2)
        model, head = encoder.Encoder(shape), encoder.MaskedWordHead(shape)
        checkpoint.write_checkpoint(tmp_path / "start", model, head, world / "vocab.txt", torch.float16)
        if script == "probe_entities.py":
            sentences = ["公 B-O\n司 I-O\n了 O\n", "天 B-W\n气 I-W\n"] * 12
            (tmp_path / "train").write_text("\n".join(sentences), encoding="utf-8")
        else:
            lines = ["label,content", *["天气|公司,今天天气", "公司,公司宣布"] * 12]
            (tmp_path / "train").write_text("\n".join(lines), encoding="utf-8")
        flags = ["--checkpoint", "start", "--data", "train", "--lr", "1e-3", "--learn", "16", "--judge", "8"]
        printed = run(script, *flags, "--epochs", "1", "--threads", "1", cwd=tmp_path)
        assert "F1 " in printed and printed.count("\n") == 1
