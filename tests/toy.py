"""The toy world of the tests: 60 tokens, encoders of 2 layers and width 16, checkpoints of them in every dialect."""

import contextlib
import gzip
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
from safetensors.numpy import save_file

from zhlabel.checkpoints.names import encoder_shapes, name_in_checkpoint
from zhlabel.errors import InputError

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
FAMILIES = ("albert_brightmart", "albert", "electra", "bert")
# Every dialect that exists: brightmart's layout is in TensorFlow files only.
DIALECTS = [(family, "tensorflow") for family in FAMILIES] + [
    (family, file_format) for family in FAMILIES[1:] for file_format in ("safetensors", "pytorch")
]
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *"公司宣布裁员收购地震发生在北京上海今天昨日人长江大学王小明张三李四说他的了是和有不一二三年月，。！",
    *("a", "b", "##b", "1", "2", "##2"),
]
VOCABULARY = [token for i, token in enumerate(VOCABULARY) if token not in VOCABULARY[:i]]
VOCABULARY += [f"[unused{i}]" for i in range(1, 61 - len(VOCABULARY))]
SIZES = {
    "vocab_size": len(VOCABULARY),
    "embedding_size": 8,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
}
CONFIG_NAMES = {
    "albert_brightmart": "albert_config_tiny.json",
    "albert": "albert_config.json",
    "electra": "electra_config.json",
    "bert": "bert_config.json",
}


def save(path, content, encoding="utf-8"):
    """Write text or bytes, packed as the name says; gives the path."""
    data = content if isinstance(content, bytes) else content.encode(encoding)
    path.write_bytes({".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)(data))
    return path


def refuse(function, *arguments, **options):
    """Call what must end in an InputError, and read on where it yields; gives the message."""
    with pytest.raises(InputError) as caught:
        found = function(*arguments, **options)
        if isinstance(found, Iterator):
            list(found)
    return str(caught.value)


def make_config(family, **changes):
    """Build the normalised config of a toy encoder: what find_checkpoint gives for a toy checkpoint of the family."""
    config = {"family": family, **SIZES}
    if family == "bert":
        config["embedding_size"] = config["hidden_size"]
    tanh = family in ("albert_brightmart", "albert")
    config |= {"hidden_act": "gelu_tanh" if tanh else "gelu_erf", "layer_norm_eps": 1e-12}
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02}
    return config | changes


def draw_weights(config, *, seed=0):
    """Draw weights large enough that every one of them shows in the output, under canonical names."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in encoder_shapes(config).items():
        weights[name] = (0.3 * random.standard_normal(shape) + name.endswith("/gamma")).astype("float32")
    return weights


def make_inputs(*, texts=3, length=12, seed=0):
    """Build a padded batch: int32 token_ids and segment_ids [texts, length]; the last text fills the length."""
    random = np.random.default_rng(seed)
    ids = random.integers(5, len(VOCABULARY), (texts, length)).astype("int32")
    segments = np.zeros_like(ids)
    for row in range(texts):
        end = length - 2 * (texts - 1 - row)
        ids[row, 0], ids[row, end - 1], ids[row, end:] = 2, 3, 0
        segments[row, end // 2 : end] = 1
    return ids, segments


def make_raw_config(family, file_format):
    """Build the config file's content as this dialect writes it."""
    raw = dict(SIZES) | {"hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    if family == "bert":
        del raw["embedding_size"]
    if file_format != "tensorflow":
        raw |= {"model_type": family, "hidden_act": "gelu_new" if family == "albert" else "gelu"}
    elif family == "albert_brightmart":
        raw |= {"ln_type": "postln", "directionality": "bidi"}
    elif family == "albert":
        raw |= {"num_hidden_groups": 1, "inner_group_num": 1, "net_structure_type": 0}
    return raw


def name_arrays(weights, family, file_format):
    """Rename and turn canonical weights into what a file of this dialect holds."""
    tensorflow = file_format == "tensorflow"
    return {
        name_in_checkpoint(name, family, tensorflow=tensorflow): (
            np.ascontiguousarray(array.T) if name.endswith("/kernel") and not tensorflow else array
        )
        for name, array in weights.items()
    }


def write_vocabulary(folder, tokens=VOCABULARY):
    """Write vocab.txt."""
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")


def write_checkpoint(folder, family, *, file_format="tensorflow", seed=0, weights=None, raw=None, extra=None):
    """Write a whole checkpoint folder: config, vocab.txt and weights, heads and optimizer slots among them.

    ``extra`` adds arrays under the file's own names. Returns the canonical weights that it holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config_name = CONFIG_NAMES[family] if file_format == "tensorflow" else "config.json"
    (folder / config_name).write_text(json.dumps(make_raw_config(family, file_format) if raw is None else raw))
    write_vocabulary(folder)
    weights = draw_weights(make_config(family), seed=seed) if weights is None else weights
    arrays = name_arrays(weights, family, file_format) | (extra or {})
    if file_format == "tensorflow":
        arrays |= {"cls/predictions/output_bias": np.zeros(60, "float32"), "global_step": np.zeros((), "int64")}
        arrays |= {f"{name}/adam_m": array for name, array in arrays.items() if name.endswith("LayerNorm/beta")}
        write_tensorflow(folder / f"{family}_model.ckpt", arrays)
    elif file_format == "safetensors":
        save_file(arrays | {"cls.predictions.bias": np.zeros(60, "float32")}, folder / "model.safetensors")
    else:
        write_torch(folder / "pytorch_model.bin", arrays | {"cls.predictions.bias": np.zeros(60, "float32")})
    return weights


def write_tensorflow(prefix, arrays):
    """Write a TensorFlow checkpoint with exactly these variables."""
    from zhlabel.backend import tf

    tensors = [tf.constant(array) for array in arrays.values()]
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=list(arrays), shape_and_slices=[""] * len(arrays), tensors=tensors
    )


def write_torch(path, arrays, *, old=False):
    """Write a pytorch_model.bin as torch.save does, without torch; ``old`` is the format before torch 1.6."""
    body = b"\x80\x02ccollections\nOrderedDict\n)R("
    for key, (name, array) in enumerate(arrays.items()):
        strides = [int(step // array.itemsize) for step in array.strides]
        kind = {"float32": "Float", "int64": "Long"}[array.dtype.name]
        storage = b"(" + _text("storage") + f"ctorch\n{kind}Storage\n".encode() + _text(str(key)) + _text("cpu")
        storage += _int(array.size) + (b"N" if old else b"") + b"tQ"
        body += _text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + _int(0)
        body += b"(" + b"".join(map(_int, array.shape)) + b"t(" + b"".join(map(_int, strides)) + b"t"
        body += b"\x89ccollections\nOrderedDict\n)RtR"
    body += b"u."
    if not old:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", body)
            for key, array in enumerate(arrays.values()):
                archive.writestr(f"archive/data/{key}", array.tobytes())
        return
    with open(path, "wb") as stream:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
            pickle.dump(part, stream, protocol=2)
        stream.write(body)
        pickle.dump([str(key) for key in range(len(arrays))], stream, protocol=2)
        for array in arrays.values():
            stream.write(struct.pack("<q", array.size) + array.tobytes())


def write_bfloat16(path, arrays):
    """Write a model.safetensors of the upper halves of float32 numbers, for which numpy has no type."""
    header, data = {}, b""
    for name, array in arrays.items():
        raw = (np.ascontiguousarray(array, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
        begin, data = len(data), data + raw
        header[name] = {"dtype": "BF16", "shape": list(array.shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def _text(text):
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _int(number):
    return b"J" + struct.pack("<i", number)


def make_record(**changes):
    """Build what run.json must hold, with changes."""
    return {
        "complete": True,
        "task": "multi_label",
        "settings": {"max_length": 14, "head": "cls", "long_text": "cut"},
        "thresholds": {"global": 0.4},
        "temperature": 1.0,
        "label_counts": {"裁员": 3, "收购": 5, "地震": 1},
        "data": {"train": {"file": "train.csv", "sha256": "0"}},
    } | changes


def write_record(folder, *, age=0, **changes):
    """Write a run.json alone, so many seconds old; gives its record."""
    from zhlabel.runs.record import RUN_FILE, write_record

    folder.mkdir(parents=True, exist_ok=True)
    record = write_record(folder, make_record(**changes), files=())
    if age:
        os.utime(folder / RUN_FILE, (1_000_000 - age, 1_000_000 - age))
    return record


def drop_hashes(folder):
    """Make a run one of the format before the hashes; gives its record."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    record = {key: value for key, value in record.items() if key != "files"} | {"format": 3}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return record


def build_model(task="multi_label", *, head="cls", names=("裁员", "收购", "地震"), config=None, weights=None, seed=8):
    """Build a task's model on a toy encoder whose outputs differ clearly from text to text; gives it and the config."""
    from zhlabel.models.encoder import build_encoder, fill_encoder
    from zhlabel.models.heads import HEADS
    from zhlabel.tasks import TASKS

    config = config or make_config("albert")
    encoder = build_encoder(config, seed=1, outputs=HEADS[head].outputs)
    fill_encoder(encoder, config, draw_weights(config, seed=5) if weights is None else weights)
    return TASKS[task](names).build_model(encoder, head=head, seed=seed), config


def write_run(folder, model, config, *, names=("裁员", "收购", "地震"), **changes):
    """Write a run of a toy model, its record with changes; gives the folder. What settings leave out is usual."""
    from zhlabel.models.weights import collect_weights
    from zhlabel.runs import folder as runs

    record = make_record(label_counts=dict.fromkeys(names, 1))
    settings = record["settings"] | changes.pop("settings", {})
    folder.parent.mkdir(parents=True, exist_ok=True)
    write_vocabulary(folder.parent)
    runs.write_run(
        folder,
        record | changes | {"settings": settings},
        weights=collect_weights(model, config),
        encoder_config=config,
        vocabulary_file=folder.parent / "vocab.txt",
        names=names,
    )
    return folder


def run_python(code, *arguments):
    """Run code in a process that finds the package and every folder of tests."""
    folders = [ROOT, ROOT / "tests", *sorted(path for path in (ROOT / "tests").iterdir() if path.is_dir())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)


def compile_toy(model, *, learning_rate=1e-2, total_steps=18, loss="binary_crossentropy", head_learning_rate=0.0):
    """Compile a toy model as a training does."""
    from zhlabel.training import loop

    loop.compile_model(
        model,
        loss=loss,
        learning_rate=learning_rate,
        head_learning_rate=head_learning_rate,
        warmup_share=0.2,
        weight_decay=0.01,
        total_steps=total_steps,
    )
    return model


@contextlib.contextmanager
def hold_elsewhere(path):
    """Hold an output by another process for the time of the block."""
    code = "import sys; from zhlabel.io.files import hold_output\n"
    code += f"with hold_output({str(path)!r}):\n    print(flush=True); sys.stdin.read()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


def write_xlsx(path, *sheets):
    """Write a book of sheets, each a list of rows of strings, numbers, or None for an empty cell.

    A cell ("date", n) is day n of Excel's calendar.
    """
    head, space = '<?xml version="1.0" encoding="UTF-8"?>', "http://schemas.openxmlformats.org/"
    main, relations = f"{space}spreadsheetml/2006/main", f"{space}officeDocument/2006/relationships"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{space}package/2006/content-types"/>',
        "_rels/.rels": _relate(space, [(f"{relations}/officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _relate(
            space,
            [(f"{relations}/worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
            + [(f"{relations}/styles", "styles.xml")],
        ),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        + "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, len(sheets) + 1))
        + "</sheets></workbook>",
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
    }
    for number, rows in enumerate(sheets, 1):
        lines = (f'<row r="{r}">{"".join(_format_cells(r, row))}</row>' for r, row in enumerate(rows, 1))
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        )
    with zipfile.ZipFile(path, "w") as book:
        for name, content in files.items():
            book.writestr(name, head + content)
    return path


def _relate(space, targets):
    lines = (f'<Relationship Id="r{n}" Type="{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(targets, 1))
    return f'<Relationships xmlns="{space}package/2006/relationships">{"".join(lines)}</Relationships>'


def _format_cells(row, cells):
    for column, cell in enumerate(cells):
        place = f'r="{chr(65 + column)}{row}"'
        if isinstance(cell, str):
            yield f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
        elif isinstance(cell, bool):
            yield f'<c {place} t="b"><v>{int(cell)}</v></c>'
        elif isinstance(cell, tuple):
            yield f'<c {place} s="1"><v>{cell[1]}</v></c>'
        elif cell is not None:
            yield f"<c {place}><v>{cell}</v></c>"
