"""adversarial.py: the step is the one that the literature describes, done by hand on the variables themselves."""

import numpy as np
import pytest
import toy

from zhlabel.backend import keras, set_seed, tf
from zhlabel.models.classifier import build_classifier
from zhlabel.models.encoder import build_encoder, fill_encoder
from zhlabel.models.lora import freeze_encoder
from zhlabel.training.adversarial import train_adversarially

SIZE = 0.5
RATE = 0.1


def build_toy(family="albert"):
    """A classifier without dropout whose step is plain descent, so that weights tell the gradients."""
    set_seed(1)
    config = toy.make_config(family)
    encoder = build_encoder(config, seed=1, outputs="cls_max")
    fill_encoder(encoder, config, toy.draw_weights(config))
    model = build_classifier(encoder, 3, activation="sigmoid", seed=1, head="cls_max")
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss="binary_crossentropy")
    return model


def make_batch():
    token_ids, segment_ids = toy.make_inputs()
    random = np.random.default_rng(1)
    rows = len(token_ids)
    return (token_ids, segment_ids), random.integers(0, 2, (rows, 3)).astype("float32"), np.ones(rows, "float32")


def fit(model, batch):
    return model.fit(tf.data.Dataset.from_tensors(batch), verbose=0).history["loss"][0]


def differentiate(model, batch):
    inputs, targets, weights = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.binary_crossentropy(targets, model(inputs)) * weights)
    gradients = tape.gradient(loss, model.trainable_variables)
    return float(loss), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]


@pytest.mark.parametrize("family", toy.FAMILIES)
def test_the_step_adds_the_gradients_at_the_moved_word_table(family):
    batch, by_hand, model = make_batch(), build_toy(family), build_toy(family)
    table = by_hand.get_layer("encoder").get_layer("word_embedding").embeddings
    loss, plain = differentiate(by_hand, batch)
    place = next(i for i, variable in enumerate(by_hand.trainable_variables) if variable is table)
    before = table.numpy()
    table.assign_add(SIZE * plain[place] / np.linalg.norm(plain[place]))
    higher, moved = differentiate(by_hand, batch)
    table.assign(before)
    expected = [v - RATE * (a + b) for v, a, b in zip(by_hand.get_weights(), plain, moved, strict=True)]
    train_adversarially(model, SIZE)
    assert fit(model, batch) == pytest.approx((loss + higher) / 2, abs=1e-5) and higher > loss
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_nothing_stays_moved():
    model, batch = build_toy(), make_batch()
    train_adversarially(model, SIZE)
    fit(model, batch)
    copy = build_toy()
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(model(batch[0]), copy(batch[0]), atol=1e-6)


def test_a_frozen_word_table_moves_too_and_stays():
    model, plain, batch, config = build_toy(), build_toy(), make_batch(), toy.make_config("albert")
    for each in (model, plain):
        freeze_encoder(each.get_layer("encoder"), config, config["num_hidden_layers"])
        each.compile(optimizer=keras.optimizers.SGD(RATE), loss="binary_crossentropy")
    train_adversarially(model, SIZE)
    before = model.get_layer("encoder").get_weights()
    fit(model, batch)
    fit(plain, batch)
    assert all(map(np.array_equal, model.get_layer("encoder").get_weights(), before))
    assert not np.allclose(model.get_layer("head").kernel, plain.get_layer("head").kernel, atol=1e-4)
