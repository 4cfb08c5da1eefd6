"""The contender that this project is: trained as model_train.py does, labelling as model_predict.py does."""

import tempfile

from benchmarks.contenders.worker import BATCH, take_rows
from zhlabel.inference.run import load_run


def load_trainer(table, targets, *, config, precision):
    """Return a function of the epoch's number that trains one epoch and gives its seconds.

    Args:
        table: Encodings of N texts.
        targets: bool [N, L].
        config: the encoder's, as in encoder.json; weights are random.
        precision: "float32" or "bfloat16".
    """
    from zhlabel import backend
    from zhlabel.data import batching
    from zhlabel.models import encoder
    from zhlabel.models.precision import build_in_precision
    from zhlabel.tasks import TASKS
    from zhlabel.training import loop

    backend.configure_devices()
    backend.set_seed(1)
    task = TASKS["multi_label"](str(label) for label in range(targets.shape[1]))

    def build():
        return task.build_model(encoder.build_encoder(config, seed=1, outputs="cls"), head="cls", seed=1)

    model, _, _ = build_in_precision(precision, build, table.token_ids[None, :3])
    loop.compile_model(
        model,
        loss=task.build_loss(model),
        learning_rate=5e-4,
        warmup_share=0.1,
        weight_decay=0.01,
        total_steps=10_000,
    )
    train, dev_table = batching.TaskData(table, targets), take_rows(table, 0, 1)

    def fit_epoch(epoch):
        with tempfile.TemporaryDirectory() as folder:
            history = loop.fit_model(
                model,
                train,
                dev_table,
                folder=folder,
                score=lambda outputs: {"dev_score": 0.0},
                epochs=1,
                batch_size=BATCH,
                patience=0,
                seed=1 + epoch,
            )
        return history[0]["seconds"]  # of the steps and one dev text; without writing the weights

    return fit_epoch


def load_predictor(*, run, precision):
    """Return a function of Encodings and a batch size to probabilities, float32 [W, L].

    Args:
        run: the run's folder, with its exported graphs.
        precision: "float32", "bfloat16" or "int8".
    """
    predict_rows = load_run(run, precision=precision).predict_rows
    return lambda table, batch_size: predict_rows(table, batch_size=batch_size)
