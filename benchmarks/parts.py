"""What further parts would be worth in multi-label training: python -m benchmarks.parts TRAIN OUT [--parts ...]

Each part is the default recipe with one thing changed that zhlabel does not have, or does not do for labels. TRAIN's
texts are divided by a seed: 5,000 to learn from, a tenth of the rest to choose threshold and the weight of the n-grams
on, the others to be judged by. OUT keeps a line a training; the command goes on where it was stopped. No test file is
read.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.published import PROJECT
from zhlabel import adversarial
from zhlabel.backend import computing_in, keras, set_seed, tf
from zhlabel.checkpoints import find_checkpoint
from zhlabel.encoder import load_encoder
from zhlabel.errors import InputError
from zhlabel.examples import read_examples
from zhlabel.heads import build_classifier, measure_margins
from zhlabel.labels import collect_labels, encode_labels
from zhlabel.ngrams import fit_ngrams, weigh_votes
from zhlabel.tasks import TASKS
from zhlabel.thresholds import parse_goal
from zhlabel.tokens import TextEncoder, read_vocabulary
from zhlabel.training import TaskData, compile_model, fit_model, predict_rows

TASK = TASKS["multi_label"]
TRAINED, CHOSEN_ON = 5_000, 0.1


def cross_entropy(targets, logits):
    """Sigmoid cross-entropy, the default."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1)


def zlpr(targets, logits):
    """Su et al. 2022, "ZLPR: A Novel Loss for Multi-label Classification", arXiv:2208.02955; a threshold at logit 0."""
    signed, zero = (1 - 2 * targets) * logits, tf.zeros_like(logits[:, :1])
    halves = [tf.concat([signed - 1e12 * other, zero], axis=1) for other in (targets, 1 - targets)]
    return sum(tf.reduce_logsumexp(half, axis=1) for half in halves)


def focal(targets, logits):
    """Lin et al. 2017, "Focal Loss for Dense Object Detection", arXiv:1708.02002; gamma 2, no alpha."""
    right = tf.sigmoid((2 * targets - 1) * logits)
    return tf.reduce_mean((1 - right) ** 2 * tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1)


def asymmetric(targets, logits):
    """Ridnik et al. 2021, "Asymmetric Loss", arXiv:2009.14119; gamma 0 and 4, margin 0.05."""
    likely = tf.sigmoid(logits)
    shifted = tf.nn.relu(likely - 0.05)
    gains = targets * tf.math.log_sigmoid(logits) + (1 - targets) * shifted**4 * tf.math.log1p(-shifted + 1e-7)
    return -tf.reduce_mean(gains, axis=-1)


def smoothed(targets, logits):
    """Szegedy et al. 2016, "Rethinking the Inception Architecture", arXiv:1512.00567, section 7; by 0.02."""
    return cross_entropy(targets * 0.98 + 0.01, logits)


def balance(counts):
    """Cui et al. 2019, "Class-Balanced Loss", arXiv:1901.05555; beta 0.999, the weights' mean 1."""
    weights = (1 - 0.999) / (1 - 0.999 ** np.maximum(counts, 1))
    weights = tf.constant(weights / weights.mean(), tf.float32)
    return lambda targets, logits: tf.reduce_mean(
        weights * tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1
    )


def take_mean(hidden, token_ids):
    """The mean of the tokens' vectors."""
    mask = tf.cast(token_ids != 0, tf.float32)[:, :, None]
    return tf.reduce_sum(mask * hidden, axis=1) / tf.reduce_sum(mask, axis=1)


class AttentionPooling(keras.layers.Layer):
    """Yang et al. 2016, "Hierarchical Attention Networks", NAACL, section 2.2: one learnt query, 128 units."""

    def build(self, shapes):
        self.dense = keras.layers.Dense(128, activation="tanh", dtype="float32")
        self.query = keras.layers.Dense(1, use_bias=False, dtype="float32")

    def call(self, inputs):
        hidden, token_ids = inputs
        scores = self.query(self.dense(hidden)) - 1e9 * tf.cast(token_ids == 0, tf.float32)[:, :, None]
        return tf.reduce_sum(tf.nn.softmax(scores, axis=1) * hidden, axis=1)


def replace_step(model, measure):
    """Let a model's ``fit`` lower ``measure``, a function of token ids, segment ids and targets."""

    def train_step(data):
        (token_ids, segment_ids), targets, _ = data
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(measure(token_ids, segment_ids, targets))
        model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"loss": loss}

    model.train_step = train_step


def drop_twice(model):
    """Wu et al. 2021, "R-Drop", arXiv:2106.14448: two passes must agree, weighted 1; needs dropout."""

    def measure(token_ids, segment_ids, targets):
        one, other = (model([token_ids, segment_ids], training=True) for _ in range(2))
        differing = tf.reduce_mean((tf.sigmoid(one) - tf.sigmoid(other)) * (one - other), axis=-1)
        return (cross_entropy(targets, one) + cross_entropy(targets, other)) / 2 + differing

    replace_step(model, measure)


def drop_many(model):
    """Inoue 2019, "Multi-Sample Dropout", arXiv:1905.09788: five masks of rate 0.3 before the head."""
    head = model.get_layer("head")
    body = keras.Model(model.inputs, head.input)

    def measure(token_ids, segment_ids, targets):
        vector = body([token_ids, segment_ids], training=True)
        return sum(cross_entropy(targets, head(tf.nn.dropout(vector, 0.3))) for _ in range(5)) / 5

    replace_step(model, measure)


def mask_words(model):
    """Hide a tenth of the tokens anew at each step, by [MASK]: the plainest augmentation."""

    def measure(token_ids, segment_ids, targets):
        hidden = (tf.random.uniform(tf.shape(token_ids)) < 0.1) & (token_ids > 4)  # 0 to 4 are the special ones
        return cross_entropy(targets, model([tf.where(hidden, 4, token_ids), segment_ids], training=True))

    replace_step(model, measure)


class Average:
    """An exponential moving average of the weights, which takes their place at the end.

    Reference: Izmailov et al. 2018, arXiv:1803.05407; in the form of Polyak & Juditsky 1992 with decay 0.998.
    """

    def __init__(self, model):
        self.variables = model.trainable_variables
        self.means = [tf.Variable(each) for each in self.variables]
        self.move = tf.function(self._move)

    def _move(self):
        for mean, variable in zip(self.means, self.variables, strict=True):
            mean.assign(0.998 * mean + 0.002 * variable)

    def finish(self):
        for mean, variable in zip(self.means, self.variables, strict=True):
            variable.assign(mean)


@dataclass(frozen=True)
class Part:
    """What is changed.

    Attributes:
        loss: of targets and logits, float32 [B, L] each, to [B]; or, by the labels' counts, a function that gives it.
        pooling: "cls_max" or "cls", the summaries of zhlabel's encoder; "mean" or "attention", beside [CLS].
        dropout: rate in the encoder.
        change: called with the compiled model.
        head_learning_rate: as in model_train.py.
        averaged: whether the weights' moving average is judged.
    """

    loss: object = cross_entropy
    pooling: str = "cls_max"
    dropout: float = 0.0
    change: object = None
    head_learning_rate: float = 0.0
    averaged: bool = False


PARTS = {
    "the default": Part(),
    "average of the weights": Part(averaged=True),
    "R-Drop, dropout 0.1": Part(change=drop_twice, dropout=0.1),
    "dropout 0.1": Part(dropout=0.1),
    "ZLPR": Part(loss=zlpr),
    "focal loss": Part(loss=focal),
    "asymmetric loss": Part(loss=asymmetric),
    "label smoothing": Part(loss=smoothed),
    "class-balanced weights": Part(loss=balance),
    "multi-sample dropout": Part(change=drop_many),
    "head's rate 2e-3": Part(head_learning_rate=2e-3),
    "a tenth of the tokens masked": Part(change=mask_words),
    "[CLS] alone": Part(pooling="cls"),
    "[CLS] and mean": Part(pooling="mean"),
    "[CLS] and attention": Part(pooling="attention"),
    "adversarial training, 1.0": Part(change=lambda model: adversarial.train_adversarially(model, 1.0)),
}


def build(part, checkpoint, label_count, seed):
    """Build the model: token ids and segment ids to logits float32 [B, L]."""
    set_seed(seed)
    summary = part.pooling if part.pooling.startswith("cls") else ""
    encoder = load_encoder(checkpoint, seed=seed, summary=summary, dropout_rate=part.dropout)
    if summary:
        classifier = build_classifier(encoder, label_count, activation="sigmoid", seed=seed)
        return keras.Model(classifier.inputs, classifier.get_layer("head").output)
    inputs = [keras.Input((None,), dtype="int32") for _ in range(2)]
    hidden = keras.layers.Lambda(tf.identity, dtype="float32")(encoder(inputs))
    mean = keras.layers.Lambda(lambda both: take_mean(*both), dtype="float32")
    pool = AttentionPooling(dtype="float32") if part.pooling == "attention" else mean
    vector = keras.layers.Concatenate(dtype="float32")([hidden[:, 0], pool([hidden, inputs[0]])])
    return keras.Model(inputs, keras.layers.Dense(label_count, dtype="float32", name="head")(vector))


def train(part, checkpoint, data, arguments, seed):
    """Train one model with one part; gives its logits for the texts to choose on and to be judged by, and the time."""
    started = time.perf_counter()
    with computing_in(arguments.precision):
        model = build(part, checkpoint, data["train"].targets.shape[1], seed)
    steps = -(-TRAINED // 16)
    loss = part.loss(data["train"].targets.sum(axis=0)) if part.loss is balance else part.loss
    compile_model(
        model,
        loss=loss,
        learning_rate=5e-4,
        head_learning_rate=part.head_learning_rate,
        warmup_share=0.1,
        weight_decay=0.01,
        total_steps=arguments.epochs * steps,
    )
    if part.change:
        part.change(model)
    average = Average(model) if part.averaged else None
    with tempfile.TemporaryDirectory() as folder:
        fit_model(
            model,
            data["train"],
            data["chosen_on"].table,
            folder=folder,
            score=lambda _: {"dev_score": 0.0},
            epochs=arguments.epochs,
            batch_size=16,
            patience=0,
            seed=seed,
            on_batch=(lambda *_: average.move()) if average else None,
        )
    if average:
        average.finish()
    seconds = time.perf_counter() - started
    return [predict_rows(model, data[name].table, batch_size=64) for name in ("chosen_on", "judged_by")], seconds


def judge(chosen_on, judged_by, data):
    """Give micro F1 on the texts to be judged by, with the threshold that is best on the others; from logits."""
    arrays = {"probabilities": expit(chosen_on), "gold": data["chosen_on"].targets}
    threshold = TASK.tune(arrays, (), per_label=False, goal=parse_goal("micro_f1"))["global"]
    found, gold = expit(judged_by) >= threshold, data["judged_by"].targets
    return 2 * float((found & gold).sum()) / float(found.sum() + gold.sum())


def main(arguments):
    examples, checkpoint = read_examples(arguments.train_file), find_checkpoint(str(PROJECT / "albert_tiny"))
    names = collect_labels(examples)
    if len(examples) < 2 * TRAINED:
        raise InputError(f"{arguments.train_file}: {len(examples):,} texts, expected {2 * TRAINED:,} or more.")
    text_encoder, gold = TextEncoder(read_vocabulary(checkpoint.vocab_file)), encode_labels(examples, names)
    log = Path(arguments.out) / "parts.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.is_file() else []
    for seed in range(1, 1 + arguments.seeds):
        order = np.random.default_rng(seed).permutation(len(examples))
        ends = [TRAINED, TRAINED + int(CHOSEN_ON * (len(order) - TRAINED))]
        data = {}
        for name, places in zip(("train", "chosen_on", "judged_by"), np.split(order, ends), strict=True):
            texts = [examples[i].text for i in places]
            data[name] = TaskData(text_encoder.encode(texts, max_length=128, long_text="cut"), gold[places])
        voters = measure_margins(fit_ngrams(data["train"].table, data["train"].targets, len(names)))
        margins = [predict_rows(voters, data[name].table, batch_size=64) for name in ("chosen_on", "judged_by")]
        for title in arguments.parts:
            key = {"part": title, "seed": seed, "epochs": arguments.epochs, "precision": arguments.precision}
            if any(row.items() >= key.items() for row in rows):
                continue
            logits, seconds = train(PARTS[title], checkpoint, data, arguments, seed)
            scale, share, shift = weigh_votes(logits[0], margins[0], data["chosen_on"].targets)
            mixed = [scale * one + share * other + shift for one, other in zip(logits, margins, strict=True)]
            row = {**key, "alone": judge(*logits, data), "voted": judge(*mixed, data), "seconds": seconds}
            print(row, flush=True)
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            rows.append(row)
            keras.backend.clear_session()
    print("| part | seeds | micro F1 | with n-grams | time to the default's |\n|---|---:|---:|---:|---:|")
    for title in arguments.parts:
        print(format_row(title, rows, arguments))


def format_row(title, rows, arguments):
    """One part over its seeds: means, and the time as a share of the default's."""
    rows = [row for row in rows if (row["epochs"], row["precision"]) == (arguments.epochs, arguments.precision)]
    own = [row for row in rows if row["part"] == title]
    usual = [row["seconds"] for row in rows if row["part"] == "the default"]
    alone, voted, seconds = (statistics.mean(row[key] for row in own) for key in ("alone", "voted", "seconds"))
    ratio = f"{seconds / statistics.mean(usual):.2f}" if usual else ""
    return f"| {title} | {len(own)} | {alone:.4f} | {voted:.4f} | {ratio} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train_file", help="labelled texts, multi_label, 10,000 or more")
    parser.add_argument("out", help="folder for the scores")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, metavar="TITLE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    try:
        main(parser.parse_args())
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
