"""Pretraining: losses by hand, only masked positions in the vocabulary matrix, resuming bit for bit, falling loss."""

import math
from pathlib import Path

import numpy as np
import pytest
import toy

from zhlabel.backend import computing_in, tf
from zhlabel.checkpoints.mlm_heads import head_shapes
from zhlabel.errors import InputError
from zhlabel.models import encoder
from zhlabel.pretraining import loop
from zhlabel.pretraining import model as pretrainer
from zhlabel.pretraining.corpus import Rows
from zhlabel.pretraining.masking import MaskedBatches, find_token_kinds

KINDS = find_token_kinds({token: i for i, token in enumerate(toy.VOCABULARY)}, place="vocab.txt")


def make_model(family="albert", *, bag_of_words=True, seed=0, precision="float32", **changes):
    """Build a toy pretrainer whose weights all show in the output; gives it and its config and heads."""
    config = toy.make_config(family, **changes)
    random = np.random.default_rng(seed)
    heads = {
        name: (0.3 * random.standard_normal(shape) + name.endswith("gamma")).astype("float32")
        for name, shape in head_shapes(config, bag_of_words=bag_of_words).items()
    }
    with computing_in(precision):
        base = encoder.build_encoder(config, seed=seed)
        encoder.fill_encoder(base, config, toy.draw_weights(config, seed=seed))
        return pretrainer.Pretrainer(base, config, heads, KINDS.is_text), config, heads


def make_batches(*, rows=24, seed=0, **changes):
    """Rows of six patterns, in which each token is followed by one that depends on it alone."""
    lengths = np.random.default_rng(seed).integers(8, 16, rows)
    ids = np.concatenate([[2, *(5 + (7 * row + np.arange(n - 2)) % 30), 3] for row, n in enumerate(lengths)])
    starts = np.cumsum([0, *lengths])
    corpus = Rows(ids.astype(np.int32), np.ones(len(ids), bool), starts, np.arange(rows))
    options = {"masking": "token", "share": 0.2, "batch_size": 4, "dev_share": 0.2, "seed": 1}
    return MaskedBatches(corpus, KINDS, **{**options, **changes})


def make_training(model, batches, **changes):
    options = {"bag_of_words": 0.5, "learning_rate": 3e-3, "warmup_share": 0.1, "total_steps": 15, "seed": 3}
    return loop.Training(model, batches, **{**options, **changes})


def compute_logits(vectors, head, heads, config, table, projection=None):
    """The family's head in numpy: dense, activation, LayerNorm, the table turned, bias."""
    x = vectors @ heads[f"{head}/dense/kernel"] + heads[f"{head}/dense/bias"]
    if config["hidden_act"] == "gelu_tanh":
        x = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    else:
        x = 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + config["layer_norm_eps"])
    x = x * heads[f"{head}/norm/gamma"] + heads[f"{head}/norm/beta"]
    if projection is not None:
        x = x @ projection.T
    return x @ table.T + heads[f"{head}/bias"]


def log_softmax(logits):
    return (
        logits
        - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - logits.max(-1, keepdims=True)
    )


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_both_losses_are_those_computed_by_hand(family):
    model, config, heads = make_model(family)
    weights = toy.draw_weights(config)
    ids, places, shown = next(make_batches().draw([0]))
    ids[:, 3] = ids[:, 4]  # counts once
    ids = np.pad(ids, ((0, 1), (0, 0)))  # a row more, of no ordinary token
    ids[-1, :3] = 2, 1, 3
    inputs = ids.copy()
    inputs.ravel()[places] = shown
    hidden = model.encoder([inputs, np.zeros_like(inputs)]).numpy().astype("float64")
    projection = weights["embeddings/projection/kernel"] if family == "albert_brightmart" else None
    table = weights["embeddings/word"]
    logits = compute_logits(hidden.reshape(-1, 16)[places], "lm_head", heads, config, table, projection)
    expected = -log_softmax(logits)[np.arange(len(places)), ids.ravel()[places]].mean()
    bags = log_softmax(compute_logits(hidden[:, 0], "bag_head", heads, config, table))
    row_losses = [-bags[i, sorted({t for t in row if KINDS.is_text[t]})].mean() for i, row in enumerate(ids[:-1])]
    loss, bag_loss = model.measure(ids, places, shown)
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    assert float(bag_loss) == pytest.approx(sum(row_losses) / len(ids), rel=1e-4)


def test_only_masked_positions_go_through_the_vocabulary_matrix(monkeypatch):
    model, *_ = make_model()
    ids, places, shown = next(make_batches().draw([0]))
    shapes, call = [], type(model.lm_head).call

    def watch(self, vectors, *arguments):
        shapes.append((self.name, tuple(vectors.shape)))
        return call(self, vectors, *arguments)

    monkeypatch.setattr(type(model.lm_head), "call", watch)
    model.measure(ids, places, shown)
    assert shapes == [("lm_head", (len(places), 16)), ("bag_head", (len(ids), 16))] and len(places) < ids.size / 4


def test_a_batch_without_anything_to_predict_has_loss_0():
    model, *_ = make_model()
    none = np.zeros(0, np.int32)
    assert [float(loss) for loss in model.measure(np.array([[2, 1, 3]], np.int32), none, none)] == [0.0, 0.0]


def test_a_row_without_ordinary_tokens_has_no_gradient():
    model, *_ = make_model()
    none = np.zeros(0, np.int32)
    with tf.GradientTape() as tape:
        loss = model.measure(np.array([[2, 1, 3]], np.int32), none, none)[1]
    assert not tape.gradient(loss, model.bag_head.bias).numpy().any()


def test_every_variable_is_trained_and_the_clipped_step_is_adams(monkeypatch):
    model, *_ = make_model()
    before = [variable.numpy() for variable in model.weights]
    batches = make_batches()
    training = make_training(model, batches, learning_rate=1e-3, warmup_share=0.0)
    training._step(*next(batches.draw([0])))
    unmoved = {
        variable.name for variable, old in zip(model.weights, before, strict=True) if (variable.numpy() == old).all()
    }
    # of a key's bias the softmax sees nothing
    assert len(model.trainable_variables) == len(model.weights) and all(
        "key" in name or "_k" in name for name in unmoved
    )
    for variable, old in zip(
        model.weights, before, strict=True
    ):  # Adam's first step is the rate, whatever the gradient
        assert np.abs(variable.numpy() - old * (1 - 1e-5)).max() < 1.02e-3, variable.name


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_dropout_is_on_in_training_alone(rate):
    model, *_ = make_model("bert", hidden_dropout_prob=rate)
    batches = make_batches()
    training = make_training(model, batches)
    batch = next(batches.draw([0]))
    quiet, again = (float(training._measure(*batch)[0]) for _ in range(2))
    assert quiet == again
    assert (float(training._step(*batch)) == pytest.approx(quiet, rel=1e-5)) == (rate == 0)


def test_the_gradient_is_clipped_by_its_norm():
    sizes = []
    for limit in (1.0, 1e-9):
        model, *_ = make_model()
        batches = make_batches()
        training = make_training(model, batches, warmup_share=0.0)
        training.optimizer.global_clipnorm = limit
        before = model.lm_head.dense.kernel.numpy()
        training._step(*next(batches.draw([0])))
        sizes.append(np.abs(model.lm_head.dense.kernel.numpy() - before).max())
    assert loop.CLIP_NORM == make_training(make_model()[0], make_batches()).optimizer.global_clipnorm == 1.0
    assert sizes[1] < sizes[0] / 10  # so small a gradient is lost in Adam's epsilon


def drop_seconds(history):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


class KillError(BaseException):
    """Ends a process's life, as far as a test can."""


@pytest.mark.parametrize("stop,lost", [(KeyboardInterrupt, 0), (KillError, 1)])
def test_a_stopped_pretraining_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path, stop, lost):
    rates = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.2}
    batches = make_batches()
    model, *_ = make_model("bert", **rates)
    whole = make_training(model, batches, total_steps=23).fit(tmp_path / "whole")
    assert [row["step"] for row in whole] == [0, 2, 5, 7, 9, 12, 14, 16, 18, 21, 23]

    def stop_at(last):
        def watch(done, _):
            if done == last:
                raise stop

        return watch

    for last in (1, 6, 15, 16):  # 16 is the end of a tenth, which is not yet measured then
        other, *_ = make_model("bert", **rates)
        cut = make_training(other, make_batches(), total_steps=23)
        with pytest.raises(stop):
            cut.fit(tmp_path / "cut", on_step=stop_at(last))
        assert cut.steps_done == last
    last, *_ = make_model("bert", **rates)
    steps = []
    resumed = make_training(last, make_batches(), total_steps=23)
    history = resumed.fit(tmp_path / "cut", on_step=lambda done, _: steps.append(done))
    assert drop_seconds(history) == drop_seconds(whole)
    assert steps == list(range(17 if not lost else 15, 24))
    for one, other in zip(model.get_weights(), last.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_ctrl_c_waits_for_the_end_of_a_step(tmp_path, press_ctrl_c):
    training, reached = make_training(make_model()[0], make_batches(), total_steps=9), []

    def press(done, _):
        if done == 3:
            press_ctrl_c()
        reached.append(done)

    with pytest.raises(KeyboardInterrupt):
        training.fit(tmp_path / "state", on_step=press)
    assert reached == [1, 2, 3] and training.steps_done == 3 and (tmp_path / "state").is_file()


def test_the_state_is_kept_between_tenths_too(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0)
    training = make_training(make_model()[0], make_batches(), total_steps=30)

    def stop(done, _):
        if done == 5:
            raise KillError

    with pytest.raises(KillError):
        training.fit(tmp_path / "state", on_step=stop)
    again = make_training(make_model()[0], make_batches(), total_steps=30)
    steps = []
    again.fit(tmp_path / "state", on_step=lambda done, _: steps.append(done))
    assert steps[0] == 5


def test_both_losses_fall_and_the_history_has_the_means(tmp_path):
    model, *_ = make_model()
    batches, losses = make_batches(rows=60), []
    training = make_training(model, batches, total_steps=300, learning_rate=0.01)
    history = training.fit(tmp_path / "state", on_step=lambda _, loss: losses.append(loss))
    assert history[-1]["dev_loss"] < history[0]["dev_loss"] - 1
    assert history[-1]["dev_bag_loss"] < history[0]["dev_bag_loss"] - 0.5
    assert [row["step"] for row in history] == list(range(0, 301, 30)) and history[0]["loss"] == 0
    for row in history[1:]:
        assert row["loss"] == pytest.approx(np.mean(losses[row["step"] - 30 : row["step"]]), rel=1e-4)
    train = batches.parts[0]
    assert history[-1]["tokens"] == pytest.approx(
        300 / batches.steps_per_epoch * batches.rows.lengths[train].sum(), rel=0.05
    )


def test_held_out_loss_is_the_mean_over_tokens_whatever_the_batch_size():
    model, *_ = make_model()
    found = []
    for size in (1, 3, 100):
        batches = make_batches(batch_size=size)
        training = make_training(model, batches)
        one = next(make_batches(batch_size=100).draw_held_out())
        # the masks depend on the batch, so they are given
        flat = [(one[0][i : i + size], one[1] // one[0].shape[1]) for i in range(0, len(one[0]), size)]
        parts = []
        for i, (ids, rows) in zip(range(0, len(one[0]), size), flat, strict=True):
            inside = (rows >= i) & (rows < i + size)
            parts.append((ids, (one[1][inside] - i * one[0].shape[1]).astype(np.int32), one[2][inside]))
        training.batches = type("Given", (), {"draw_held_out": lambda self, parts=parts: parts})()
        found.append(training.measure_held_out())
        assert np.array_equal(training.measure_held_out(), found[-1])
    assert np.allclose(found[0], found[1], rtol=1e-5) and np.allclose(found[0], found[2], rtol=1e-5)


def test_without_bag_of_words_there_is_no_such_head(tmp_path):
    model, _, heads = make_model(bag_of_words=False)
    assert model.bag_head is None and not any(name.startswith("bag") for name in heads)
    history = make_training(model, make_batches(), bag_of_words=0.0).fit(tmp_path / "state")
    assert history[-1]["bag_loss"] == history[-1]["dev_bag_loss"] == 0.0


def test_a_loss_that_is_no_number_is_refused(tmp_path):
    model, *_ = make_model()
    model.lm_head.bias.assign(np.full(60, np.nan, "float32"))
    with pytest.raises(InputError, match=r"step 1\. Lower LEARNING_RATE"):
        make_training(model, make_batches()).fit(tmp_path / "state")


def test_a_state_of_another_model_is_refused(tmp_path):
    make_training(make_model()[0], make_batches(), total_steps=1).fit(tmp_path / "state")
    with pytest.raises(InputError, match="is of another model"):
        make_training(make_model("bert")[0], make_batches()).fit(tmp_path / "state")


def test_missing_heads_are_drawn_and_found_ones_kept():
    config = toy.make_config("albert")
    counts = np.arange(60)
    found = {name: np.ones(shape, "float32") for name, shape in head_shapes(config, bag_of_words=False).items()}
    heads = pretrainer.draw_heads(config, found, counts, bag_of_words=True, seed=1)
    assert heads.keys() == head_shapes(config, bag_of_words=True).keys()
    assert all(heads[name] is array for name, array in found.items())
    assert np.allclose(np.exp(heads["bag_head/bias"]), (counts + 1) / (counts + 1).sum())
    assert np.std(heads["bag_head/dense/kernel"]) == pytest.approx(0.02, rel=0.2)
    assert (heads["bag_head/norm/gamma"] == 1).all() and (heads["bag_head/norm/beta"] == 0).all()
    again = pretrainer.draw_heads(config, {}, counts, bag_of_words=True, seed=1)
    assert not np.array_equal(again["lm_head/dense/kernel"], again["bag_head/dense/kernel"])


@pytest.mark.parametrize("family", ["albert", "albert_brightmart"])
def test_bfloat16_says_nearly_the_same_and_its_weights_are_float32(family, tmp_path):
    exact, *_ = make_model(family)
    fast, *_ = make_model(family, precision="bfloat16")
    assert {variable.dtype.name for variable in fast.weights} == {"float32"}
    batch = next(make_batches().draw([0]))
    for one, other in zip(exact.measure(*batch), fast.measure(*batch), strict=True):
        assert float(other) == pytest.approx(float(one), rel=0.03) and float(other) != float(one)
    make_training(fast, make_batches(), total_steps=3).fit(tmp_path / "state")


def test_collected_weights_are_all_of_the_models():
    model, config, heads = make_model("electra")
    weights, found = pretrainer.collect_weights(model, config)
    assert len(weights) + len(found) == len(model.weights) and found.keys() == heads.keys()
    assert all(np.array_equal(found[name], array) for name, array in heads.items())
    assert all(np.array_equal(weights[name], array) for name, array in toy.draw_weights(config).items())


def test_the_state_file_is_written_whole(tmp_path):
    make_training(make_model()[0], make_batches(), total_steps=2).fit(tmp_path / "state")
    assert [path.name for path in Path(tmp_path).iterdir()] == ["state"]
