"""Training: the schedule, the decay, what an epoch sees, which weights are kept, and that a kill changes nothing."""

import json

import numpy as np
import pytest
import toy
from toy import compile_toy, run_python

from zhlabel.backend import keras, set_seed
from zhlabel.data import batching
from zhlabel.data.batching import order_for_training, pad_rows
from zhlabel.data.tags import IGNORED, mark_legal
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.errors import InputError
from zhlabel.inference import tensorflow
from zhlabel.models import lora
from zhlabel.models.classifier import build_classifier
from zhlabel.models.encoder import build_encoder, fill_encoder
from zhlabel.models.losses import make_tag_loss
from zhlabel.models.tagger import build_tagger
from zhlabel.runs import plan
from zhlabel.training import loop, state

LABELS, BATCH = 3, 4
FIT = {"batch_size": BATCH, "patience": 0, "seed": 1}


def make_data(count=21, *, seed=0):
    """Encode texts of unlike length with random targets."""
    random = np.random.default_rng(seed)
    letters = [token for token in toy.VOCABULARY if len(token) == 1]
    texts = ["".join(random.choice(letters, random.integers(3, 30))) for _ in range(count)]
    encoder = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
    return batching.TaskData(encoder.encode(texts, max_length=24), random.random((count, LABELS)) < 0.4)


def build_toy(family="bert", *, dropout_rate=0.1, **options):
    """A classifier on a toy encoder."""
    set_seed(1)
    encoder = build_encoder(toy.make_config(family), seed=1, dropout_rate=dropout_rate)
    return compile_toy(build_classifier(encoder, LABELS, activation="sigmoid", seed=1), **options)


def build_small(*, dropout_rate=0.1, **options):
    """The quickest model of the same inputs: an embedding, dropout, the mean, a dense layer."""
    ids = keras.Input((None,), dtype="int32")
    segments = keras.Input((None,), dtype="int32")
    words = keras.layers.Embedding(60, 8, embeddings_initializer=keras.initializers.RandomNormal(seed=3))(ids)
    mean = keras.layers.GlobalAveragePooling1D()(keras.layers.Dropout(dropout_rate)(words))
    dense = keras.layers.Dense(LABELS, "sigmoid", kernel_initializer=keras.initializers.RandomNormal(seed=4))
    return compile_toy(keras.Model([ids, segments], dense(mean)), **options)


def score_mean(probabilities):
    return {"dev_score": float((probabilities * np.arange(1, 1 + probabilities.shape[-1])).mean())}


def get_weights(model):
    return [variable.numpy() for variable in model.weights]


def is_equal(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def drop_seconds(history):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


class Stop(Exception):
    """Stands for the end of a process."""


def stop_at(step):
    """Build an on_batch that ends the training at a step."""
    seen = []

    def count(*_):
        seen.append(1)
        if len(seen) == step:
            raise Stop

    return count


def test_the_rate_rises_to_its_peak_and_falls_to_nothing():
    rates = [float(loop.WarmupThenDecay(1.0, 10, 4)(step)) for step in range(11)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0.0])


def test_without_warm_up_the_rate_starts_at_its_peak():
    assert [float(loop.WarmupThenDecay(0.5, 4, 0)(step)) for step in range(5)] == [0.5, 0.375, 0.25, 0.125, 0.0]


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_weight_decay_leaves_biases_and_layer_norms_alone(family):
    model = build_toy(family)
    decayed = {v.name for v in model.trainable_variables if model.optimizer._use_weight_decay(v)}
    spared = {v.name for v in model.trainable_variables} - decayed
    ends = ("/bias:0", "/beta:0", "/gamma:0")
    assert decayed and spared
    assert all(name.endswith(("/kernel:0", "/embeddings:0")) for name in decayed), decayed
    assert all(name.endswith(ends) for name in spared), spared


def test_every_text_is_seen_once_an_epoch_and_each_epoch_has_its_own_order(tmp_path, monkeypatch):
    data, seen = make_data(), []

    def watch(values, starts, indices):
        seen.append(np.array(indices))
        return pad_rows(values, starts, indices)

    monkeypatch.setattr(batching, "pad_rows", watch)
    monkeypatch.setattr(loop, "predict_rows", lambda *_, **__: np.ones(data.targets.shape))
    loop.fit_model(build_small(), data, data.table, folder=tmp_path, score=score_mean, epochs=2, **FIT)
    orders = [np.concatenate(seen[:6]), np.concatenate(seen[6:])]
    assert [sorted(order) for order in orders] == [list(range(21))] * 2
    assert orders[0].tolist() != orders[1].tolist()


def test_ctrl_c_waits_for_the_end_of_a_step(tmp_path, press_ctrl_c):
    data, reached = make_data(), []

    def press(epoch, step, _):
        if (epoch, step) == (1, 2):
            press_ctrl_c()
        reached.append((epoch, step))

    with pytest.raises(KeyboardInterrupt):
        loop.fit_model(
            build_small(), data, data.table, folder=tmp_path, score=score_mean, epochs=2, on_batch=press, **FIT
        )
    assert reached[-1] == (1, 2) and len(state.read_history(tmp_path)) == 1


def build_toy_tagger(family, *, dropout_rate):
    """BiLSTM, attention and CRF on a frozen toy encoder with LoRA, a rate of its own for the head."""
    set_seed(1)
    config, (starts, pairs) = toy.make_config(family), mark_legal(("PER",))
    encoder = build_encoder(config, seed=1, dropout_rate=dropout_rate)
    lora.attach_lora(encoder, config, rank=2, alpha=4.0, targets=("query", "key"), seed=1)
    model = build_tagger(encoder, "bilstm_attention_crf", starts=starts, pairs=pairs, seed=1)
    return compile_toy(model, loss=make_tag_loss(model), head_learning_rate=5e-3)


def make_tagged_data():
    """The texts of ``make_data``, a tag for each token, texts of unlike weight."""
    table, random = make_data().table, np.random.default_rng(1)
    tags = np.where(table.offsets[:, 1] > 0, 4 * random.integers(0, 2, len(table.token_ids)), IGNORED).astype(np.int32)
    return batching.TaskData(table, tags, random.random(len(table)))


@pytest.mark.parametrize(
    ("build", "make"), [(build_toy, make_data), (build_toy_tagger, make_tagged_data)], ids=["classifier", "tagger"]
)
def test_a_resumed_training_with_dropout_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path, build, make):
    data, options = make(), {"score": score_mean, "epochs": 3, **FIT}
    model = build("albert", dropout_rate=0.1)
    start = [v.numpy() for v in [*model.weights, *model.optimizer.variables]]
    whole = loop.fit_model(model, data, data.table, folder=tmp_path / "whole", **options)
    expected = get_weights(model)
    assert len({row["loss"] for row in whole}) == 3

    for variable, value in zip([*model.weights, *model.optimizer.variables], start, strict=True):
        variable.assign(value)
    with pytest.raises(Stop):
        loop.fit_model(model, data, data.table, folder=tmp_path / "cut", on_batch=stop_at(8), **options)
    assert drop_seconds(state.read_history(tmp_path / "cut")) == drop_seconds(whole[:1])

    other = build("albert", dropout_rate=0.1)
    resumed = loop.fit_model(other, data, data.table, folder=tmp_path / "cut", **options)
    assert drop_seconds(resumed) == drop_seconds(whole)
    assert is_equal(get_weights(other), expected)


def test_dropout_differs_between_epochs_and_seeds():
    model, ids = build_small(dropout_rate=0.5), np.full((2, 9), 7, np.int32)
    outputs = []
    for seed in (1, 2, 1):
        loop._reseed_dropout(model, seed)
        outputs.append(model([ids, ids], training=True).numpy())
    assert np.array_equal(outputs[0], outputs[2]) and not np.array_equal(outputs[0], outputs[1])


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_every_dropout_of_an_encoder_can_be_reset_attention_too(family):
    model, (ids, segments) = build_toy(family, dropout_rate=0.5), toy.make_inputs()
    before = model([ids, segments], training=True).numpy()
    loop._reseed_dropout(model, 5)
    first = model([ids, segments], training=True).numpy()
    loop._reseed_dropout(model, 5)
    assert np.array_equal(first, model([ids, segments], training=True).numpy())
    assert not np.array_equal(first, before)
    names = [layer.name for layer in model._flatten_layers() if layer.name == "attention_dropout"]
    assert len(names) == (1 if "albert" in family else 2)


KILLED = '''
import os, signal, sys
from pathlib import Path
import numpy as np
import test_training as toys
from zhlabel.runs import plan
from zhlabel.training import loop, state

folder, data = Path(sys.argv[1]), toys.make_data()


def live(place, life, kill):
    """One process's life: train until killed, or to the end."""
    signal.alarm(60)
    random, write_whole = np.random.default_rng(life), state.write_whole
    last_step = int(random.integers(1, 7)) if life % 2 else 10**6
    writes = []

    class Cut:
        def __init__(self, stream):
            self.stream = stream

        def write(self, content):
            writes.append(1)
            if kill and life % 2 == 0 and len(writes) == 1 + life // 2 % 2:
                self.stream.write(content[: int(random.integers(0, len(content)))])
                self.stream.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            self.stream.write(content)

    import contextlib

    @contextlib.contextmanager
    def cut_whole(path, *, binary):
        with write_whole(path, binary=binary) as stream:
            yield Cut(stream)

    state.write_whole = cut_whole
    steps = []

    def on_batch(*_):
        steps.append(1)
        if kill and len(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    model = toys.build_small(total_steps=36)
    options = dict(score=toys.score_mean, epochs=6, on_batch=on_batch, **toys.FIT)
    history = loop.fit_model(model, data, data.table, folder=place, **options)
    best = state.restore_best(model, place)
    assert len(history) == 6 and best["epoch"] == state.find_best(history)["epoch"]
    state.write_tensors(place / "result", model.weights, history)


def start(*life):
    # TensorFlow is imported but has not started its threads yet, so that a fork is a process of its own.
    child = os.fork()
    if not child:
        try:
            live(*life)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


assert start(folder / "whole", 0, False) == 0
kills = [start(folder / "killed", life, True) for life in range(10)]
assert kills == [signal.SIGKILL] * 10, kills
assert start(folder / "killed", 10, False) == 0
'''


def test_ten_kills_at_random_steps_and_in_the_middle_of_writes_change_nothing(tmp_path):
    done = run_python(KILLED, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    one, other = (build_small(), build_small())
    whole = state.read_tensors(tmp_path / "whole" / "result", one.weights)
    killed = state.read_tensors(tmp_path / "killed" / "result", other.weights)
    assert drop_seconds(killed) == drop_seconds(whole)
    assert is_equal(get_weights(one), get_weights(other))
    assert list((tmp_path / "killed").glob(".*.tmp")), "no kill fell into a write"
    with plan.TRAINING.lock(tmp_path / "killed"):  # as the next training there does
        left = {path.name for path in (tmp_path / "killed").iterdir()}
    assert left == {"result", plan.STATE_FILE, plan.BEST_FILE, plan.LOCK_FILE}


DEVICES = """
import numpy as np
from zhlabel.backend import make_strategy, tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import tempfile
import test_training as toys
from zhlabel.runs import plan
from zhlabel.training import loop, state

results, data = [], toys.make_data(17)  # five batches, the last of one text, four epochs: 20 steps
for devices in (("CPU:0",), ("CPU:0", "CPU:1")):
    strategy = make_strategy(devices=devices)
    assert strategy.num_replicas_in_sync == len(devices)
    with strategy.scope():
        model = toys.build_small(dropout_rate=0.0, total_steps=20)
    before = toys.get_weights(model)
    options = dict(folder=tempfile.mkdtemp(), score=toys.score_mean, **toys.FIT)
    first = loop.fit_model(model, data, data.table, epochs=2, **options)
    history = loop.fit_model(model, data, data.table, epochs=4, **options)  # resumed
    assert int(model.optimizer.iterations.numpy()) == 20
    results.append((before, toys.get_weights(model), [row["loss"] for row in history]))
with strategy.scope():
    model = toys.build_small(dropout_rate=0.5)
loop.fit_model(model, data, data.table, epochs=1, **{**options, "folder": tempfile.mkdtemp()})
(start, one, losses), (same, two, other_losses) = results
assert all((a == b).all() for a, b in zip(start, same))
assert max(np.abs(a - b).max() for a, b in zip(start, one)) > 1e-2
differences = [float(np.abs(a - b).max()) for a, b in zip(one, two)]
assert max(differences) < 1e-5, differences
assert np.allclose(losses, other_losses, atol=1e-2), (losses, other_losses)  # the odd batch counts as two texts
"""


def test_two_devices_train_as_one_an_odd_last_batch_included():
    done = run_python(DEVICES)
    assert done.returncode == 0, done.stderr[-3000:]


def fit_with_scores(folder, scores, *, epochs=10, patience=0):
    """Train with dev scores given from outside; gives the model, its weights after each epoch, and the history."""
    data, model, weights, left = make_data(8), build_small(), [], iter(scores)

    def score(*_):
        weights.append(get_weights(model))
        return {"dev_score": next(left)}

    options = {**FIT, "patience": patience}
    history = loop.fit_model(model, data, data.table, folder=folder, score=score, epochs=epochs, **options)
    return model, weights, history


def test_the_best_epochs_weights_come_back_the_earliest_of_equals(tmp_path):
    model, weights, history = fit_with_scores(tmp_path, [0.1, 0.5, 0.3, 0.5, 0.2], epochs=5)
    assert not is_equal(get_weights(model), weights[1])
    best = state.restore_best(model, tmp_path)
    assert (best["epoch"], best["dev_score"]) == (2, 0.5) and len(history) == 5
    assert is_equal(get_weights(model), weights[1]) and not is_equal(weights[1], weights[3])


def test_training_stops_after_as_many_epochs_without_a_better_score_as_patience_says(tmp_path):
    scores = [0.1, 0.4, 0.4, 0.3, 0.9, 0.9]
    _, _, history = fit_with_scores(tmp_path / "two", scores, epochs=6, patience=2)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    _, _, history = fit_with_scores(tmp_path / "off", scores, epochs=6, patience=0)
    assert len(history) == 6


def test_a_loss_that_is_no_number_stops_with_the_remedy(tmp_path):
    data, model = make_data(), build_small()
    model.layers[-1].bias.assign([float("nan")] * LABELS)
    with pytest.raises(InputError, match=r"epoch 1, step 1\. Lower LEARNING_RATE"):
        loop.fit_model(model, data, data.table, folder=tmp_path, score=score_mean, epochs=2, **FIT)
    assert state.restore_best(model, tmp_path) is None and state.read_history(tmp_path) == []


def test_a_finished_training_is_not_trained_again(tmp_path):
    data, model = make_data(8), build_small()
    first = loop.fit_model(model, data, data.table, folder=tmp_path, score=score_mean, epochs=1, **FIT)
    rows = []
    again = loop.fit_model(
        model, data, data.table, folder=tmp_path, score=score_mean, epochs=1, on_epoch=rows.append, **FIT
    )
    assert again == first and rows == []


def test_the_history_has_the_best_epoch_even_if_its_state_was_not_written(tmp_path):
    fit_with_scores(tmp_path, [0.1, 0.5], epochs=2)
    (tmp_path / plan.STATE_FILE).unlink()
    assert [row["epoch"] for row in state.read_history(tmp_path)] == [2]


def test_a_damaged_state_is_named(tmp_path):
    fit_with_scores(tmp_path, [0.1], epochs=1)
    path = tmp_path / plan.STATE_FILE
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"training_state\.safetensors is damaged"):
        fit_with_scores(tmp_path, [0.1], epochs=2)


def test_progress_is_told_step_by_step(tmp_path):
    data, steps, rows = make_data(9), [], []
    loop.fit_model(
        build_small(),
        data,
        data.table,
        folder=tmp_path,
        score=score_mean,
        epochs=2,
        on_batch=lambda *told: steps.append(told[:2]),
        on_epoch=rows.append,
        **FIT,
    )
    assert steps == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]
    assert [row["epoch"] for row in rows] == [1, 2] and json.dumps(rows)


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_a_text_has_the_same_probabilities_alone_padded_and_in_any_batch(family):
    data, model, config = make_data(9), build_toy(family), toy.make_config(family)
    fill_encoder(model.get_layer("encoder"), config, toy.draw_weights(config, seed=5))
    model.get_layer("head").kernel.assign(20 * model.get_layer("head").kernel)  # so that texts differ clearly
    together = tensorflow.predict_rows(model, data.table, batch_size=9)
    assert together.dtype == np.float32 and np.ptp(together, axis=0).max() > 1e-2
    assert np.abs(tensorflow.predict_rows(model, data.table, batch_size=2) - together).max() < 1e-5
    for row in range(0, 9, 4):
        ids = pad_rows(data.table.token_ids, data.table.starts, [row])
        for padding in (0, 5):
            padded = np.pad(ids, ((0, 0), (0, padding)))
            alone = model([padded, np.zeros_like(padded)]).numpy()[0]
            assert np.abs(alone - together[row]).max() < 1e-5


def test_the_order_of_batches_is_a_function_of_seed_and_epoch():
    lengths = make_data().table.lengths
    orders = [order_for_training(lengths, BATCH, seed=s, epoch=e) for s, e in ((1, 0), (1, 0), (2, 0), (1, 1))]
    flat = [np.concatenate(order).tolist() for order in orders]
    assert flat[0] == flat[1] and flat[0] != flat[2] and flat[0] != flat[3]
