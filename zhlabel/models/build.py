"""Builds the model that a training trains: a checkpoint's encoder, frozen or corrected as is wanted, and a head."""

from zhlabel.models.heads import HEADS


def build_to_train(checkpoint, task, *, head, seed, freeze_layers, lora_rank, lora_alpha, lora_targets):
    """Build encoder and head on the devices there are, and load the checkpoint.

    Args:
        checkpoint: what ``find_checkpoint`` gave.
        task: the Task.
        head: one of the task's heads.
        seed: of the initial values of all that the checkpoint does not have.
        freeze_layers: as in ``lora.freeze_encoder``.
        lora_rank: rank of the corrections beside a frozen encoder; 0: none.
        lora_alpha: as in ``lora.attach_lora``.
        lora_targets: as in ``lora.attach_lora``.

    Returns:
        A Keras model with a nested model "encoder", not compiled.

    Raises:
        InputError: as ``encoder.load_encoder`` and ``lora.freeze_encoder``.
    """
    from zhlabel import backend
    from zhlabel.models import encoder, lora

    with backend.make_strategy().scope():
        base = encoder.load_encoder(checkpoint, seed=seed, outputs=HEADS[head].outputs)
        lora.freeze_encoder(base, checkpoint.config, freeze_layers)
        if lora_rank:
            corrections = {"rank": lora_rank, "alpha": lora_alpha, "targets": lora_targets}
            lora.attach_lora(base, checkpoint.config, seed=seed, **corrections)
        return task.build_model(base, head=head, seed=seed)
