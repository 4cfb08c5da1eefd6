"""The contender `transformers` on PyTorch: by its defaults, and by the best settings for a processor."""

import time
from functools import partial

import numpy as np
import torch
from transformers import AlbertConfig, AlbertForSequenceClassification, get_linear_schedule_with_warmup

from benchmarks.contenders.worker import BATCH, map_in_order, order_at_random
from zhlabel.data.batching import map_rows, order_for_training, pad_rows
from zhlabel.errors import InputError

ACTIVATIONS = {"gelu_tanh": "gelu_new", "gelu_erf": "gelu", "relu": "relu", "swish": "silu", "tanh": "tanh"}


class AlbertClassifier(AlbertForSequenceClassification):
    """ALBERT with our head: a dense layer on the vector of [CLS] as it is, without a pooler before it."""

    def __init__(self, config):
        super().__init__(config)
        self.albert.pooler = None

    def forward(self, input_ids, attention_mask):
        return self.classifier(self.albert(input_ids, attention_mask).last_hidden_state[:, 0])


def translate_config(config, names):
    """Return the AlbertConfig of a normalised config and L label names."""
    if config["family"] != "albert":
        raise InputError(f'RUN has an encoder of family "{config["family"]}"; compared is "albert" (Google\'s layout).')
    same = {key: value for key, value in config.items() if key not in ("family", "hidden_act")}
    return AlbertConfig(
        **same,
        hidden_act=ACTIVATIONS[config["hidden_act"]],
        id2label=dict(enumerate(names)),
        problem_type="multi_label_classification",
    )


def load_trainer(table, targets, *, config, best):
    """Return a function of the epoch's number that trains one epoch and gives its seconds.

    Args:
        table: Encodings of N texts.
        targets: bool [N, L].
        config: the encoder's, as in encoder.json; weights are random.
        best: bfloat16 by autocast, texts of like length together and the fused AdamW; else none of them.
    """
    torch.manual_seed(1)
    model = AlbertForSequenceClassification(translate_config(config, [str(label) for label in range(targets.shape[1])]))
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01, fused=best)
    schedule = get_linear_schedule_with_warmup(optimizer, 1_000, 10_000)
    targets = torch.from_numpy(targets.astype(np.float32))

    def fit_epoch(epoch):
        started = time.perf_counter()
        grouped = partial(order_for_training, table.lengths, BATCH, seed=1 + epoch)
        for indices in grouped(epoch=0) if best else order_at_random(len(table), epoch=epoch):
            token_ids = torch.from_numpy(pad_rows(table.token_ids, table.starts, indices)).long()
            with torch.autocast("cpu", torch.bfloat16, enabled=best):
                loss = model(token_ids, attention_mask=(token_ids > 0).long(), labels=targets[indices]).loss
            loss.backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            loss.item()
        return time.perf_counter() - started

    return fit_epoch


def load_predictor(*, folder, precision, grouped, batch_size=None):
    """Return a function of Encodings and a batch size to probabilities, float32 [W, L].

    Args:
        folder: what ``transformers_folder`` wrote.
        precision: "float32", "autocast" (bfloat16 where PyTorch thinks it safe), or "bfloat16" (weights too).
        grouped: whether texts of like length go together, or in the order of the file.
        batch_size: of many texts, where it is not the common one.
    """
    model = AlbertClassifier.from_pretrained(folder).eval()
    if precision == "bfloat16":
        model = model.to(torch.bfloat16)

    @torch.inference_mode()
    def forward(token_ids):
        token_ids = torch.from_numpy(token_ids).long()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "autocast"):
            logits = model(token_ids, attention_mask=(token_ids > 0).long())
        return torch.sigmoid(logits.float()).numpy()

    def predict(table, wanted):
        size = batch_size if batch_size and len(table) > 1 else wanted
        if grouped:
            return map_rows(forward, table, batch_size=size, width=model.num_labels, by_token=False)
        return map_in_order(forward, table, batch_size=size)

    return predict
