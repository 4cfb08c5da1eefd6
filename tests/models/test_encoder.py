"""The encoder: exact sizes, exact weights, and the same numbers as the reference implementations."""

import json
import shutil

import numpy as np
import pytest
import toy

from zhlabel.backend import bert4keras, keras, tf
from zhlabel.checkpoints import encoder_shapes, find_checkpoint, read_weights
from zhlabel.checkpoints.configs import normalise_config, recognise_family_of_config
from zhlabel.checkpoints.names import name_in_checkpoint
from zhlabel.errors import InputError
from zhlabel.models.classifier import build_classifier
from zhlabel.models.encoder import _build as build_graph  # no need to draw 100 million random numbers
from zhlabel.models.encoder import build_encoder, fill_encoder, list_encoder_variables, load_encoder

GOLDEN = toy.GOLDEN
# bert4keras's own models warn of their initialiser, which is why ours have another
pytestmark = pytest.mark.filterwarnings("ignore:The initializer")
FAMILIES = pytest.mark.parametrize("family", toy.FAMILIES)


def make_encoder(family, *, weights_seed=0, **changes):
    """Build a toy encoder with weights that show."""
    config = toy.make_config(family, **changes)
    encoder = build_encoder(config, seed=1)
    fill_encoder(encoder, config, toy.draw_weights(config, seed=weights_seed))
    return encoder


def build_with_bert4keras(family, **changes):
    """Build bert4keras's own model of a family."""
    raw = toy.make_raw_config(family, "tensorflow") | changes
    return bert4keras.models.build_transformer_model(
        model=family, return_keras_model=False, max_position=raw.pop("max_position_embeddings"), **raw
    )


# Sizes


@pytest.mark.parametrize(
    "family,hidden,layers,heads,inner,count",
    [
        ("albert_brightmart", 312, 4, 12, 1248, 4_077_496),
        ("albert_brightmart", 768, 12, 12, 3072, 10_286_848),
        ("albert_brightmart", 2048, 24, 32, 8192, 54_381_568),
        ("albert", 312, 4, 12, 1248, 3_982_864),
        ("bert", 768, 12, 12, 3072, 101_677_056),
    ],
)
def test_published_sizes_are_exact_from_the_config_alone(family, hidden, layers, heads, inner, count):
    raw = {"vocab_size": 21128, "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads}
    raw |= {"embedding_size": 128, "intermediate_size": inner, "type_vocab_size": 2}
    config = normalise_config(raw, {}, place="", family=family, tensorflow=True)
    assert sum(int(np.prod(shape)) for shape in encoder_shapes(config).values()) == count
    assert build_graph(config, "encoder", None).count_params() == count


@pytest.mark.parametrize(
    "hidden,layers,labels,count", [(312, 4, 65, 4_097_841), (312, 4, 5, 4_079_061), (768, 12, 5, 10_290_693)]
)
def test_brightmarts_albert_with_a_head_has_the_published_size(hidden, layers, labels, count):
    raw = {**toy.make_raw_config("albert_brightmart", "tensorflow"), "vocab_size": 21128, "hidden_size": hidden}
    raw |= {"embedding_size": 128, "intermediate_size": 4 * hidden, "num_hidden_layers": layers}
    raw |= {"num_attention_heads": 12, "max_position_embeddings": 512}
    family = recognise_family_of_config(raw, place="")
    encoder = build_encoder(normalise_config(raw, {}, place="", family=family, tensorflow=True), seed=1)
    assert build_classifier(encoder, labels, activation="softmax", seed=1).count_params() == count


@FAMILIES
@pytest.mark.parametrize("embedding", [8, 16])
def test_the_table_of_shapes_is_what_is_built(family, embedding):
    config = toy.make_config(family)
    config["embedding_size"] = 16 if family == "bert" else embedding
    encoder = build_encoder(config, seed=1)
    variables = list_encoder_variables(encoder, config)
    assert {name: tuple(variable.shape) for name, variable in variables.items()} == encoder_shapes(config)
    assert {id(variable) for variable in variables.values()} == {id(variable) for variable in encoder.weights}


# The same numbers as others


@pytest.mark.parametrize("family", ["albert", "electra", "bert"])
def test_outputs_equal_those_of_transformers(tmp_path, family):
    shutil.copytree(GOLDEN / family, tmp_path, dirs_exist_ok=True)
    toy.write_vocabulary(tmp_path)
    answers = np.load(GOLDEN / "answers.npz")
    found = find_checkpoint(tmp_path)
    assert (found.family, found.config["layer_norm_eps"]) == (family, 1e-5 if family == "bert" else 1e-12)
    ids, segments = answers["ids"].astype("int32"), answers["segments"].astype("int32")
    hidden = load_encoder(found, seed=1)([ids, segments]).numpy()
    assert (ids == 0).any()
    np.testing.assert_allclose(hidden[ids > 0], answers[family][ids > 0], atol=1e-5, rtol=0)


def test_brightmarts_layout_equals_a_bert_with_the_same_numbers(tmp_path):
    golden = dict(np.load(GOLDEN / "brightmart.npz"))
    answers, expected = np.load(GOLDEN / "answers.npz"), golden.pop("hidden")
    toy.write_vocabulary(tmp_path)
    raw = toy.make_raw_config("albert_brightmart", "tensorflow") | {"max_position_embeddings": 24}
    (tmp_path / "albert_config_tiny.json").write_text(json.dumps(raw))
    toy.write_tensorflow(tmp_path / "albert_model.ckpt", golden)
    found = find_checkpoint(tmp_path)
    assert found.family == "albert_brightmart"
    ids, segments = answers["ids"].astype("int32"), answers["segments"].astype("int32")
    hidden = load_encoder(found, seed=1)([ids, segments]).numpy()
    np.testing.assert_allclose(hidden[ids > 0], expected[ids > 0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["albert", "electra", "bert"])
def test_names_and_outputs_equal_those_of_bert4keras_own_loader(tmp_path, family):
    toy.write_checkpoint(tmp_path, family)
    bert4keras.backend.set_gelu("tanh" if family == "albert" else "erf")
    theirs = build_with_bert4keras(family)
    theirs.load_weights_from_checkpoint(str(tmp_path / f"{family}_model.ckpt"))
    found = find_checkpoint(tmp_path)
    ours = load_encoder(found, seed=1)
    names = {}  # of our variables, by bert4keras's table: the same layers hold the same variables in the same order
    for layer, expected in theirs.variable_mapping().items():
        if layer in theirs.layers:
            twin = ours.layers[[other.name for other in theirs.model.layers].index(layer)]
            assert len(twin.trainable_weights) == len(expected), layer
            names |= {id(variable): name for variable, name in zip(twin.trainable_weights, expected, strict=True)}
    variables = list_encoder_variables(ours, found.config)
    assert len(names) == len(variables)
    for canonical, variable in variables.items():
        assert names[id(variable)] == name_in_checkpoint(canonical, family, tensorflow=True)
    ids, segments = toy.make_inputs()
    expected = theirs.model([ids.astype("float32"), segments.astype("float32")]).numpy()
    np.testing.assert_allclose(ours([ids, segments]).numpy(), expected, atol=1e-5, rtol=0)


@FAMILIES
def test_padding_changes_nothing(family):
    encoder = make_encoder(family)
    ids, segments = toy.make_inputs()
    together = encoder([ids, segments]).numpy()
    for row in range(len(ids)):
        length = int((ids[row] > 0).sum())
        alone = encoder([ids[row : row + 1, :length], segments[row : row + 1, :length]]).numpy()
        np.testing.assert_allclose(together[row, :length], alone[0], atol=1e-5, rtol=0)


@FAMILIES
def test_any_length_up_to_the_position_table_works(family):
    encoder = make_encoder(family)
    for length in (1, 2, 40):
        ids = np.full((2, length), 7, "int32")
        assert encoder([ids, np.zeros_like(ids)]).shape == (2, length, 16)


# The traps of bert4keras


def test_ids_are_integers_up_to_the_embedding():
    encoder = make_encoder("bert")
    assert [tensor.dtype for tensor in encoder.inputs] == [tf.int32, tf.int32]
    assert [tensor.name for tensor in encoder.inputs] == ["token_ids", "segment_ids"]


@pytest.mark.parametrize("order", [("gelu_tanh", "gelu_erf"), ("gelu_erf", "gelu_tanh")])
def test_two_encoders_with_different_gelus_are_both_right(order):
    inputs = list(toy.make_inputs())
    alone = {}
    for word in order:
        bert4keras.backend.set_gelu("erf" if word == "gelu_tanh" else "tanh")  # what another model may have left
        alone[word] = make_encoder("bert", hidden_act=word)
    outputs = {word: encoder(inputs).numpy() for word, encoder in alone.items()}
    gelus = {"gelu_tanh": bert4keras.backend.gelu_tanh, "gelu_erf": bert4keras.backend.gelu_erf}
    for word, gelu in gelus.items():
        theirs = build_with_bert4keras("bert", hidden_act=gelu)
        mine = list_encoder_variables(alone[word], toy.make_config("bert"))
        keras.backend.batch_set_value(list(zip(theirs.model.weights, alone[word].get_weights(), strict=True)))
        assert len(mine) == len(theirs.model.weights)
        np.testing.assert_allclose(outputs[word], theirs.model(inputs).numpy(), atol=1e-6, rtol=0)
    assert np.abs(outputs["gelu_tanh"] - outputs["gelu_erf"]).max() > 1e-5


@pytest.mark.parametrize("family", ["albert_brightmart", "albert"])
def test_epsilon_reaches_the_layers_and_the_embeddings(family):
    inputs = list(toy.make_inputs())
    encoder = make_encoder(family, layer_norm_eps=0.5)
    norms = [layer for layer in encoder.layers if layer.name.endswith("norm")]
    assert [norm.epsilon for norm in norms] == [0.5] * 3
    assert np.abs(encoder(inputs).numpy() - make_encoder(family)(inputs).numpy()).max() > 0.01


@FAMILIES
def test_from_scratch_every_variable_has_values_of_its_own(family):
    config = toy.make_config(family)
    values = {name: v.numpy() for name, v in list_encoder_variables(build_encoder(config, seed=1), config).items()}
    drawn = {name: array for name, array in values.items() if array.ndim == 2}
    flat = [tuple(array.ravel()[:8]) for array in drawn.values()]
    assert len(set(flat)) == len(flat)
    for name, array in drawn.items():
        assert np.abs(array).max() <= 0.04 and 0.01 < array.std() < 0.03, name
    assert all((array == float(name.endswith("gamma"))).all() for name, array in values.items() if array.ndim == 1)


def test_the_seed_determines_the_initial_values():
    config = toy.make_config("bert")
    first, again, other = (build_encoder(config, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not (first[0] == other[0]).any()


@FAMILIES
def test_a_checkpoint_from_scratch_is_built(tmp_path, family):
    raw = toy.make_raw_config(family, "tensorflow") | ({"model_type": "electra"} if family == "electra" else {})
    (tmp_path / "config.json").write_text(json.dumps(raw))
    toy.write_vocabulary(tmp_path)
    found = find_checkpoint(tmp_path, from_scratch=True)
    assert (load_encoder(found, seed=5).get_weights()[0] == build_encoder(found.config, seed=5).get_weights()[0]).all()


# Dropout, precision


def test_dropout_comes_from_the_config_unless_given():
    inputs = list(toy.make_inputs())
    config = toy.make_config("bert", initializer_range=0.3)
    hidden = build_encoder(config | {"hidden_dropout_prob": 0.5}, seed=1)
    attention = build_encoder(config | {"attention_probs_dropout_prob": 0.5}, seed=1)
    given = build_encoder(config, seed=1, dropout_rate=0.5)
    rates = {"hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5}
    without = build_encoder(config | rates, seed=1, dropout_rate=0)
    plain = build_encoder(config, seed=1)(inputs).numpy()
    for encoder, varies in ((hidden, True), (attention, True), (given, True), (without, False)):
        assert (np.abs(encoder(inputs, training=True).numpy() - plain).max() > 1e-3) == varies
        np.testing.assert_allclose(encoder(inputs, training=False).numpy(), plain, atol=1e-6)


@pytest.mark.parametrize("family", ["albert_brightmart", "bert"])
def test_mixed_precision_gives_nearly_the_same(family):
    inputs = list(toy.make_inputs())
    expected = make_encoder(family)(inputs).numpy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        encoder = make_encoder(family)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert encoder.output.dtype == tf.float32 and encoder.get_layer("word_embedding").compute_dtype == "bfloat16"
    assert all(weight.dtype == tf.float32 for weight in encoder.weights)
    np.testing.assert_allclose(encoder(inputs).numpy(), expected, atol=0.15)


@FAMILIES
def test_the_first_tokens_hidden_states_alone_are_those_of_all(family):
    config, inputs = toy.make_config(family), list(toy.make_inputs())
    whole, first = build_encoder(config, seed=1), build_encoder(config, seed=1, outputs="cls")
    fill_encoder(whole, config, toy.draw_weights(config))
    fill_encoder(first, config, toy.draw_weights(config))
    assert first.output_shape == (None, 1, 16)
    np.testing.assert_allclose(first(inputs), whole(inputs)[:, :1], atol=1e-5)


@FAMILIES
def test_cls_max_has_the_first_tokens_last_states_and_the_highest_before_without_padding(family):
    config, inputs = toy.make_config(family), list(toy.make_inputs())
    shorter = toy.make_config(family, num_hidden_layers=1)
    built = {}
    for name, each, outputs in (
        ("whole", config, "tokens"),
        ("before", shorter, "tokens"),
        ("both", config, "cls_max"),
    ):
        built[name] = build_encoder(each, seed=1, outputs=outputs)
        weights = toy.draw_weights(config)
        fill_encoder(built[name], each, {key: weights[key] for key in list_encoder_variables(built[name], each)})
    assert built["both"].output_shape == (None, 2, 16)
    before, mask = built["before"](inputs).numpy(), inputs[0] > 0
    assert not mask.all()
    highest = np.where(mask[:, :, None], before, -np.inf).max(axis=1)
    np.testing.assert_allclose(built["both"](inputs)[:, 0], built["whole"](inputs)[:, 0], atol=1e-5)
    np.testing.assert_allclose(built["both"](inputs)[:, 1], highest, atol=1e-5)


@FAMILIES
def test_every_variable_learns(family):
    encoder = make_encoder(family, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(encoder(list(toy.make_inputs()), training=True)[:, :, 0] ** 2)
    names = list_encoder_variables(encoder, toy.make_config(family))
    gradients = tape.gradient(loss, names)
    still = [name for name in names if not np.abs(tf.convert_to_tensor(gradients[name]).numpy()).max() > 1e-6]
    # A key's bias adds the same to every score of a row, and softmax takes it out again.
    assert all(name.endswith("attention/key/bias") for name in still)


# Filling: all or nothing


@pytest.mark.parametrize("fault", ["missing", "left over", "expected"])
def test_weights_that_do_not_fit_change_nothing(fault):
    config = toy.make_config("albert")
    encoder = build_encoder(config, seed=1)
    before = encoder.get_weights()
    weights = toy.draw_weights(config)
    name = "shared_layer/attention/query/kernel"
    if fault == "missing":
        del weights[name]
    elif fault == "left over":
        weights["shared_layer/attention/fifth/kernel"] = weights[name]
    else:
        weights[name] = weights[name][:, :8]
    with pytest.raises(InputError, match=f"(?s)1 weights do not fit.*nothing was loaded.*shared_layer.*{fault}"):
        fill_encoder(encoder, config, weights)
    assert all((a == b).all() for a, b in zip(before, encoder.get_weights(), strict=True))


@FAMILIES
def test_filling_and_listing_are_inverse(tmp_path, family):
    weights = toy.write_checkpoint(tmp_path, family)
    found = find_checkpoint(tmp_path)
    encoder = load_encoder(found, seed=1)
    listed = {name: variable.numpy() for name, variable in list_encoder_variables(encoder, found.config).items()}
    assert listed.keys() == weights.keys() == read_weights(found).keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(listed[name], array)
