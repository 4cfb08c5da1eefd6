"""What further parts would be worth in multi-label training: python -m benchmarks.parts TRAIN OUT [--parts ...]

Each part is the recipe of --head cls_max --ngrams true, here called the default, with one thing changed that zhlabel
does not have, or does not do for labels. TRAIN's texts are divided by a seed: 5,000 to learn from, a tenth of the rest
to choose threshold and the weight of the n-grams on, the others to be judged by. OUT keeps a line a training; the
command goes on where it was stopped. No test file is read.
"""

import argparse
import functools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.published import PROJECT
from benchmarks.tried_parts import PARTS, AttentionPooling, Average, balance, take_mean
from zhlabel.backend import computing_in, keras, set_seed, tf
from zhlabel.checkpoints import find_checkpoint
from zhlabel.data.batching import TaskData
from zhlabel.data.examples import read_examples
from zhlabel.data.labels import collect_labels, encode_labels
from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.errors import InputError
from zhlabel.inference.tensorflow import predict_rows
from zhlabel.models.classifier import build_classifier
from zhlabel.models.encoder import load_encoder
from zhlabel.models.ngram_layers import build_margin_model
from zhlabel.ngrams.text import fit_ngrams, fit_vote_weights
from zhlabel.tasks import TASKS
from zhlabel.training.loop import compile_model, fit_model

TASK = TASKS["multi_label"](())
TRAINED, CHOSEN_ON = 5_000, 0.1
BATCH_SIZE = 16


def build(part, checkpoint, label_count, seed):
    """Build the model: token ids and segment ids to logits float32 [B, L]."""
    set_seed(seed)
    outputs = part.pooling if part.pooling.startswith("cls") else "tokens"
    encoder = load_encoder(checkpoint, seed=seed, outputs=outputs, dropout_rate=part.dropout)
    if outputs != "tokens":
        classifier = build_classifier(encoder, label_count, activation="sigmoid", seed=seed, head=outputs)
        return keras.Model(classifier.inputs, classifier.get_layer("head").output)
    inputs = [keras.Input((None,), dtype="int32") for _ in range(2)]
    hidden = keras.layers.Lambda(tf.identity, dtype="float32")(encoder(inputs))
    mean = keras.layers.Lambda(lambda both: take_mean(*both), dtype="float32")
    pool = AttentionPooling(dtype="float32") if part.pooling == "attention" else mean
    vector = keras.layers.Concatenate(dtype="float32")([hidden[:, 0], pool([hidden, inputs[0]])])
    return keras.Model(inputs, keras.layers.Dense(label_count, dtype="float32", name="head")(vector))


def train(part, checkpoint, learned, asked, arguments, seed):
    """Train one model with one part on TaskData ``learned``; gives its logits for each Encodings of ``asked``."""
    with computing_in(arguments.precision):
        model = build(part, checkpoint, learned.targets.shape[1], seed)
    steps = -(-len(learned.table) // BATCH_SIZE)
    loss = part.loss(learned.targets.sum(axis=0)) if part.loss is balance else part.loss
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
            learned,
            asked[0],
            folder=folder,
            score=lambda _: {"dev_score": 0.0},
            epochs=arguments.epochs,
            batch_size=BATCH_SIZE,
            patience=0,
            seed=seed,
            on_batch=(lambda *_: average.move()) if average else None,
        )
    if average:
        average.finish()
    logits = [predict_rows(model, table, batch_size=64) for table in asked]
    keras.backend.clear_session()
    return logits


def ask_linear(learned, asked):
    """Return the margins of a linear model of n-grams, learned from TaskData, for each Encodings of ``asked``."""
    voters = build_margin_model(fit_ngrams(learned.table, learned.targets, learned.targets.shape[1]))
    return [predict_rows(voters, table, batch_size=64) for table in asked]


def ask_teachers(teachers, checkpoint, encode, places, arguments, seed):
    """Return the probabilities that teachers have for the texts at ``places``, float64 [B, L].

    Three default models of other seeds have learned from these very texts; of five folds, each is left to a default
    model with its n-grams, or to the n-grams alone, that have learned from the other four.
    """
    whole = encode(places)
    learn = functools.partial(train, PARTS["the default"], checkpoint, arguments=arguments)
    if teachers == "runs":
        found = [learn(whole, [whole.table], seed=100 * seed + k)[0] for k in range(3)]
        return expit(np.mean(found, axis=0))
    logits, margins = np.zeros(whole.targets.shape), np.zeros(whole.targets.shape)
    for fold in np.array_split(np.arange(len(places)), 5):
        learned, left = encode(np.delete(places, fold)), [encode(places[fold]).table]
        (margins[fold],) = ask_linear(learned, left)
        if teachers == "folds":
            (logits[fold],) = learn(learned, left, seed=seed)
    scale, share, shift = fit_vote_weights(logits, margins, whole.targets)
    return expit(scale * logits + share * margins + shift)


def prepare(part, checkpoint, encode, places, arguments, seed):
    """Return what a part learns from as TaskData: the texts at ``places``, other texts or other targets."""
    if part.joined:
        return encode(places, np.random.default_rng(seed).permutation(places)[: len(places) // 2 * 2].reshape(-1, 2))
    learned = encode(places)
    if not part.teachers:
        return learned
    said = ask_teachers(part.teachers, checkpoint, encode, places, arguments, seed)
    return TaskData(learned.table, (learned.targets + said) / 2)


def judge(chosen_on, judged_by, chosen_gold, gold):
    """Return micro F1 on the texts to be judged by, with the threshold that is best on the others; from logits."""
    arrays = {"probabilities": expit(chosen_on), "gold": chosen_gold}
    threshold = TASK.tune(arrays, per_label=False, goal="micro_f1").common
    found = expit(judged_by) >= threshold
    return 2 * float((found & gold).sum()) / float(found.sum() + gold.sum())


def main(arguments):
    examples, checkpoint = read_examples(arguments.train_file), find_checkpoint(str(PROJECT / "albert_tiny"))
    names = collect_labels(examples)
    if len(examples) < 2 * TRAINED:
        raise InputError(f"{arguments.train_file}: {len(examples):,} texts, expected {2 * TRAINED:,} or more.")
    tokenizer, gold = Tokenizer(read_vocabulary(checkpoint.vocab_file)), encode_labels(examples, names)

    def encode(places, pairs=()):
        """The texts at places, and texts joined of two: TaskData."""
        texts = [examples[i].text for i in places] + [examples[i].text + examples[k].text for i, k in pairs]
        targets = np.concatenate([gold[places], *(gold[[i]] | gold[[k]] for i, k in pairs)])
        return TaskData(tokenizer.encode(texts, max_length=128, long_text="cut"), targets)

    log = Path(arguments.out) / "parts.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.is_file() else []
    for seed in range(1, 1 + arguments.seeds):
        order = np.random.default_rng(seed).permutation(len(examples))
        places, *others = np.split(order, [TRAINED, TRAINED + int(CHOSEN_ON * (len(order) - TRAINED))])
        chosen_on, judged_by = map(encode, others)
        tables, golds = [chosen_on.table, judged_by.table], [chosen_on.targets, judged_by.targets]
        margins = ask_linear(encode(places), tables)
        for title in arguments.parts:
            key = {"part": title, "seed": seed, "epochs": arguments.epochs, "precision": arguments.precision}
            if any(row.items() >= key.items() for row in rows):
                continue
            started = time.perf_counter()
            learned = prepare(PARTS[title], checkpoint, encode, places, arguments, seed)
            logits = train(PARTS[title], checkpoint, learned, tables, arguments, seed)
            seconds = time.perf_counter() - started
            scale, share, shift = fit_vote_weights(logits[0], margins[0], golds[0])
            mixed = [scale * one + share * other + shift for one, other in zip(logits, margins, strict=True)]
            row = {**key, "alone": judge(*logits, *golds), "voted": judge(*mixed, *golds), "seconds": seconds}
            print(row, flush=True)
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            rows.append(row)
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
