"""heads.py: what each kind of tagger is made of, and that padding changes nothing."""

import functools

import numpy as np
import pytest
import toy

from zhlabel.backend import keras, tf
from zhlabel.checkpoints.configs import normalise_config
from zhlabel.data.tags import mark_legal
from zhlabel.models import heads
from zhlabel.models.classifier import build_classifier
from zhlabel.models.encoder import build_encoder, fill_encoder
from zhlabel.models.heads import TAGGERS
from zhlabel.models.tagger import SelfAttention, build_tagger
from zhlabel.models.weights import name_weights
from zhlabel.tasks import TASKS
from zhlabel.training.loop import _reseed_dropout

STARTS, PAIRS = mark_legal(("PER", "LOC"))
TAGS = len(STARTS)
BILSTM = {
    f"bilstm_{way}/{name}": shape
    for way in ("forward", "backward")
    for name, shape in {"kernel": (16, 512), "recurrent_kernel": (128, 512), "bias": (512,)}.items()
}
ATTENTION = {f"attention/{role}_kernel": (256, 128) for role in ("query", "key", "value")}
ATTENTION |= {f"attention/{role}_bias": (128,) for role in ("query", "key", "value")}
CRF_WEIGHTS = {"crf/transitions": (TAGS, TAGS)}
WEIGHTS = {
    "crf": {"emissions/kernel": (16, TAGS), **CRF_WEIGHTS},
    "bilstm_crf": {**BILSTM, "emissions/kernel": (256, TAGS), **CRF_WEIGHTS},
    "bilstm_attention_crf": {**BILSTM, **ATTENTION, "emissions/kernel": (128, TAGS), **CRF_WEIGHTS},
    "softmax": {"emissions/kernel": (16, TAGS)},
}


@functools.cache
def build_toy(kind, *, seed=1):
    """A tagger on a toy encoder, all of whose weights show in the output."""
    config = toy.make_config("albert")
    encoder = build_encoder(config, seed=1)
    fill_encoder(encoder, config, toy.draw_weights(config, seed=5))
    return build_tagger(encoder, kind, starts=STARTS, pairs=PAIRS, seed=seed)


def name_head_weights(model):
    named = name_weights(model, toy.make_config("albert"))
    assert {id(variable) for variable in named.values()} == {id(variable) for variable in model.weights}
    return {name: variable for name, variable in named.items() if not name.startswith("encoder/")}


def test_65_labels_on_brightmarts_albert_tiny_have_the_published_number_of_parameters():
    config = {"vocab_size": 21128, "hidden_size": 312, "num_hidden_layers": 4, "num_attention_heads": 12}
    config |= {"embedding_size": 128, "intermediate_size": 1248, "type_vocab_size": 2}
    config = normalise_config(config, {}, place="", family="albert_brightmart", tensorflow=True)
    task, lines = TASKS["multi_label"]([f"类别{place}" for place in range(65)]), []
    head = task.choose("HEAD", "")
    encoder = build_encoder(config, seed=1, outputs=heads.HEADS[head].outputs)
    task.build_model(encoder, head=head, seed=1).summary(print_fn=lines.append)
    (total,) = (line for line in "\n".join(lines).splitlines() if line.startswith("Total params"))
    assert int("".join(filter(str.isdigit, total.split("(")[0]))) == 4_097_841, total


def test_every_kind_is_tested():
    assert WEIGHTS.keys() == TAGGERS.keys()


@pytest.mark.parametrize("kind", TAGGERS)
def test_every_weight_has_a_name_of_its_own_and_the_shape_of_its_layer(kind):
    shapes = {name: tuple(variable.shape) for name, variable in name_head_weights(build_toy(kind)).items()}
    assert shapes == {**WEIGHTS[kind], "emissions/bias": (TAGS,)}


def test_an_unknown_kind_is_not_taken_for_another():
    with pytest.raises(KeyError):
        build_toy("bilstm")


@pytest.mark.parametrize("kind", TAGGERS)
def test_a_text_has_the_same_emissions_alone_padded_and_in_a_batch(kind):
    model, (ids, segments) = build_toy(kind), toy.make_inputs()
    together = model([ids, segments]).numpy()
    assert together.dtype == np.float32 and together.shape == (*ids.shape, TAGS)
    assert np.ptp(together, axis=(0, 1)).min() > 0.003
    for row, length in enumerate((ids > 0).sum(axis=1)):
        for padding in (0, 1, 9):
            alone = [np.pad(each[row : row + 1, :length], ((0, 0), (0, padding))) for each in (ids, segments)]
            assert np.abs(model(alone).numpy()[0, :length] - together[row, :length]).max() < 1e-5


def test_the_bilstm_is_keras_bidirectional_lstm():
    model, (ids, segments) = build_toy("bilstm_crf"), toy.make_inputs()
    layers = [model.get_layer(name) for name in ("hidden", "bilstm_forward", "bilstm_backward", "bilstm")]
    parts = keras.Model(model.inputs, [layers[0].output, layers[3].output])
    hidden, joined = parts([ids, segments])
    judge = keras.layers.Bidirectional(keras.layers.LSTM(128, return_sequences=True))
    judge.build(hidden.shape)
    judge.set_weights(layers[1].get_weights() + layers[2].get_weights())
    mask = ids > 0
    assert np.abs(judge(hidden, mask=tf.constant(mask)) - joined)[mask].max() < 1e-5


def test_the_attention_is_scaled_dot_product_attention_of_one_head():
    layer, random = SelfAttention(8, (1, 2, 3)), np.random.default_rng(0)
    inputs, mask = random.standard_normal((2, 6, 5)).astype(np.float32), np.arange(6) < np.array([[4], [6]])
    layer.build(inputs.shape)
    layer.set_weights([random.standard_normal(weight.shape) for weight in layer.get_weights()])
    judge = keras.layers.MultiHeadAttention(num_heads=1, key_dim=8, output_shape=8)
    judge(inputs, inputs)
    values = [values[:, None] if values.ndim == 2 else values[None] for values in layer.get_weights()]
    judge.set_weights([*values, np.eye(8)[None], np.zeros(8)])
    expected = judge(inputs, inputs, attention_mask=tf.constant(np.repeat(mask[:, None], 6, axis=1)))
    assert np.abs(layer(inputs, mask=tf.constant(mask)) - expected).max() < 1e-5


def test_the_seed_alone_decides_the_initial_values_and_no_two_kernels_are_equal():
    kind, build = "bilstm_attention_crf", build_toy.__wrapped__
    weights = [list(name_head_weights(build(kind, seed=seed)).values()) for seed in (3, 3, 4)]
    one, same, other = ([variable.numpy() for variable in own] for own in weights)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    drawn = [place for place, values in enumerate(one) if len(np.unique(values)) > 2]
    assert len(drawn) == sum("kernel" in name for name in WEIGHTS[kind])
    for place in drawn:
        assert not np.array_equal(one[place], other[place])
        assert not any(np.array_equal(one[place], one[peer]) for peer in drawn if peer != place)


def test_recurrent_kernels_start_orthogonal():
    for way in ("forward", "backward"):
        kernel = name_head_weights(build_toy("bilstm_crf"))[f"bilstm_{way}/recurrent_kernel"].numpy()
        assert np.abs(kernel @ kernel.T - np.eye(128)).max() < 1e-4


def test_the_heads_dropout_can_be_reset():
    model, (ids, segments) = build_toy("softmax"), toy.make_inputs()
    outputs = []
    for seed in (1, 2, 1):
        _reseed_dropout(model, seed)
        outputs.append(model([ids, segments], training=True).numpy())
    assert np.array_equal(outputs[0], outputs[2]) and not np.array_equal(outputs[0], outputs[1])


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_the_mask_that_an_encoder_gives_to_keras_does_not_reach_the_loss(family):
    encoder = build_encoder(toy.make_config(family), seed=1)
    model = build_tagger(encoder, "softmax", starts=STARTS, pairs=PAIRS, seed=1)
    ids, segments = toy.make_inputs()
    assert encoder([ids, segments])._keras_mask is not None
    assert getattr(model([ids, segments]), "_keras_mask", None) is None


def test_a_pooling_is_one_function_and_one_entry(monkeypatch):
    """Attention pooling reads all tokens, and padding changes nothing."""

    def pool_by_attention(hidden, token_ids, *, seed):
        scores = keras.layers.Dense(1, name="attention")(hidden)

        def pool(each):
            weights = tf.nn.softmax(tf.where(each[2][:, :, None] > 0, each[1], -1e9), axis=1)
            return tf.reduce_sum(weights * each[0], axis=1)

        return keras.layers.Lambda(pool, name="pooled")([hidden, scores, token_ids])

    monkeypatch.setitem(heads.CLASSIFIERS, "attention", heads.Head(pool=pool_by_attention))
    encoder = build_encoder(toy.make_config("bert"), seed=1, outputs=heads.CLASSIFIERS["attention"].outputs)
    model = build_classifier(encoder, 3, activation="sigmoid", seed=1, head="attention")
    ids = np.array([[2, 7, 8, 3]], "int32")
    padded = np.array([[2, 7, 8, 3, 0, 0]], "int32")
    expected, found = (model([each, np.zeros_like(each)]) for each in (ids, padded))
    assert expected.shape == (1, 3)
    np.testing.assert_allclose(expected, found, atol=1e-6)


def test_every_head_asks_for_its_own_encoder_outputs():
    assert {name: head.outputs for name, head in heads.CLASSIFIERS.items()} == {"cls": "cls", "cls_max": "cls_max"}
    assert {head.outputs for head in TAGGERS.values()} == {"tokens"}


def test_a_head_that_begins_at_random_has_a_rate_of_its_own_but_none_below_the_encoders():
    assert heads.recommend_head_learning_rate("bilstm_crf", 5e-4)[0] == 2e-3
    assert heads.recommend_head_learning_rate("bilstm_crf", 5e-3)[0] == 5e-3
    assert {heads.recommend_head_learning_rate(head, 5e-4)[0] for head in ("cls", "cls_max", "crf", "softmax")} == {
        5e-4
    }
