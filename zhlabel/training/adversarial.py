"""A training step that also learns each batch with its words moved to where the loss is higher."""

from zhlabel.backend import tf


def train_adversarially(model, size):
    """Let a compiled model's ``fit`` learn each batch twice: as it is, and with the word table moved against it.

    The table is moved as a whole, by ``size`` in the direction of its gradient; the gradients of both passes are added.
    The loss that is reported is the mean of both. A step takes twice the time.

    Args:
        model: with a nested model "encoder" of ours, and an optimizer.
        size: length of the move, in units of the word vectors; above 0.

    Reference: Miyato, Dai & Goodfellow 2017, "Adversarial Training Methods for Semi-Supervised Text Classification",
    arXiv:1605.07725, in the form with one move for the whole batch, which the Chinese literature calls FGM.
    """
    words = model.get_layer("encoder").get_layer("word_embedding")

    def differentiate(data, variables):
        inputs, targets, weights = data
        with tf.GradientTape() as tape:
            tape.watch(words.embeddings)  # which may be frozen
            outputs = model(inputs, training=True)
            loss = model.compute_loss(inputs, targets, outputs, weights)
        return outputs, tape.gradient(loss, variables)

    def train_step(data):
        variables = model.trainable_variables
        outputs, (slope, *plain) = differentiate(data, [words.embeddings, *variables])
        slope = tf.convert_to_tensor(slope)
        words.shift = size * slope / (tf.norm(slope) + 1e-12)  # which is 0 where nothing is left to learn
        try:
            _, moved = differentiate(data, variables)
        finally:
            words.shift = None
        sums = [tf.convert_to_tensor(one) + other for one, other in zip(plain, moved, strict=True)]
        model.optimizer.apply_gradients(zip(sums, variables, strict=True))
        inputs, targets, weights = data
        return model.compute_metrics(inputs, targets, outputs, weights)

    model.train_step = train_step
