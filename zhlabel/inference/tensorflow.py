"""Runs a trained model through TensorFlow."""

from zhlabel.backend import tf
from zhlabel.data.batching import map_rows
from zhlabel.models.weights import fill_weights
from zhlabel.runs.record import WEIGHTS_FILE
from zhlabel.tasks import find_task


def predict_rows(model, table, *, batch_size):
    """Run a model over W rows, batched by length, and give its outputs in the rows' order.

    Args:
        model: of token ids and segment ids to float32 [B, L], or for each token [B, T, K].
        table: Encodings of W rows.
        batch_size: B, which does not change the result (to 1e-5).

    Returns:
        float32 array [W, L], or [sum of T, K] as long as ``table.token_ids``.
    """
    traced, shape = _compile_forward(model), model.output_shape

    def forward(token_ids):
        return traced(tf.constant(token_ids), tf.zeros_like(token_ids)).numpy()

    return map_rows(forward, table, batch_size=batch_size, width=shape[-1], by_token=len(shape) == 3)


def _compile_forward(model):
    """Return the model as one traced function for batches of any shape: Keras's own predict traces anew for each."""
    if not hasattr(model, "forward"):
        ids = tf.TensorSpec([None, None], tf.int32)
        traced = tf.function(lambda *inputs: model(inputs, training=False), input_signature=[ids, ids])
        model.forward = traced.get_concrete_function()
    return model.forward


def load_model(folder):
    """Build a run's model in TensorFlow and fill every weight.

    Args:
        folder: the RunFolder.

    Returns:
        A Keras model of token ids and segment ids.

    Raises:
        InputError: a file of the run is missing, changed or damaged.
    """
    from zhlabel.backend import configure_devices
    from zhlabel.models.encoder import build_encoder
    from zhlabel.models.heads import HEADS
    from zhlabel.models.ngram_layers import add_votes, find_dense
    from zhlabel.ngrams.tags import TagNgrams
    from zhlabel.ngrams.text import Ngrams

    record, config = folder.record, folder.encoder_config
    weights_file = folder.check(WEIGHTS_FILE)
    configure_devices()
    task = find_task(folder.record, folder.path)(folder.labels)
    head = record["settings"]["head"]
    encoder = build_encoder(config, seed=0, outputs=HEADS[head].outputs)
    model = task.build_model(encoder, head=head, seed=0)
    if record.get("ngrams"):
        kind = TagNgrams if task.by_token else Ngrams
        model = add_votes(model, kind.make_empty(record["ngrams"], find_dense(model).units))
    fill_weights(model, config, weights_file)
    return model
