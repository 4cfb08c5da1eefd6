"""Learning from a teacher: both losses by hand, standardised; the teacher stays as it is and outside of the weights."""

import numpy as np
import pytest
import toy

from zhlabel.checkpoints.mlm_heads import head_shapes
from zhlabel.models import encoder
from zhlabel.pretraining import loop
from zhlabel.pretraining.alignment import TeacherRows
from zhlabel.pretraining.corpus import Rows
from zhlabel.pretraining.distil import Student
from zhlabel.pretraining.masking import MaskedBatches, find_token_kinds
from zhlabel.pretraining.model import collect_weights

KINDS = find_token_kinds({token: i for i, token in enumerate(toy.VOCABULARY)}, place="vocab.txt")
TEACHER = toy.make_config("bert", hidden_size=24, embedding_size=24, vocab_size=50, hidden_dropout_prob=0.5)


@pytest.fixture(scope="module")
def teacher():
    built = encoder.build_encoder(TEACHER, seed=1)
    encoder.fill_encoder(built, TEACHER, toy.draw_weights(TEACHER, seed=7))
    return built


def make_student(teacher):
    config, random = toy.make_config("albert"), np.random.default_rng(0)
    shapes = head_shapes(config, bag_of_words=True)
    heads = {name: (0.3 * random.standard_normal(shape)).astype("float32") for name, shape in shapes.items()}
    base = encoder.restore_encoder(config, toy.draw_weights(config))
    return Student(base, config, heads, KINDS.is_text, teacher=teacher, seed=1), config


def make_batches(*, rows=24):
    """Rows in which the teacher's token is another one for every other of the student's, and ends with it."""
    lengths = 4 + 2 * np.random.default_rng(0).integers(2, 6, rows)
    ids = [np.array([2, *(5 + (7 * row + np.arange(n - 2)) % 30), 3]) for row, n in enumerate(lengths)]
    taught = [(np.array([1, *(each[2:-1:2] + 9), 4]), np.array([-1, *range(2, len(each) - 1, 2), -1])) for each in ids]
    words = np.ones(lengths.sum(), bool)
    starts, ids = np.cumsum([0, *lengths]), np.concatenate(ids).astype(np.int32)
    corpus = Rows(ids, words, starts, np.arange(rows), TeacherRows.make(taught))
    return MaskedBatches(corpus, KINDS, masking="token", share=0.2, batch_size=4, dev_share=0.2, seed=1)


def test_both_losses_are_those_computed_by_hand(teacher):
    student, _ = make_student(teacher)
    batches = make_batches()
    student.prepare(batches.draw(range(3)))
    seen = {"hidden_loss": [], "text_loss": []}
    for batch in batches.draw(range(3)):
        ids, places, shown, theirs, pairs = batch
        states = teacher([theirs, np.zeros_like(theirs)]).numpy()
        seen["hidden_loss"].append(states.reshape(-1, 24)[pairs[:, 1]])
        seen["text_loss"].append([row[own > 0].mean(0) for row, own in zip(states, theirs, strict=True)])
    ids.ravel()[places] = shown
    hidden = student.encoder([ids, np.zeros_like(ids)]).numpy()
    ours = {"hidden_loss": hidden.reshape(-1, 16)[pairs[:, 0]], "text_loss": hidden[:, 0]}
    losses = dict(zip(student.lessons, student.measure(*batch)[2:], strict=True))
    for name, parts in seen.items():
        values = np.concatenate(parts)
        target = (parts[-1] - values.mean(0)) / (values.std(0) + 1e-3)
        guess = ours[name] @ student.projections[name].kernel.numpy()
        assert float(losses[name]) == pytest.approx(((guess - target) ** 2).mean(), rel=1e-4)
    assert float(losses["text_loss"]) != float(losses["hidden_loss"]) and len(pairs) > 8


def test_the_losses_fall_and_the_teacher_stays_as_it_is(teacher, tmp_path):
    before = [array.copy() for array in teacher.get_weights()]
    student, _ = make_student(teacher)
    options = {"bag_of_words": 0.5, "learning_rate": 0.01, "warmup_share": 0.1, "total_steps": 120, "seed": 3}
    history = loop.Training(student, make_batches(rows=60), **options).fit(tmp_path / "state")
    assert all(np.array_equal(one, other) for one, other in zip(before, teacher.get_weights(), strict=True))
    assert history[0]["hidden_loss"] == 0 and history[1]["hidden_loss"] == pytest.approx(1, abs=0.1)
    assert history[-1]["hidden_loss"] < 0.8 and history[-1]["text_loss"] < 0.85
    assert history[-1]["dev_hidden_loss"] < 0.95 * history[0]["dev_hidden_loss"]
    assert history[-1]["dev_loss"] < history[0]["dev_loss"] - 0.3


def test_the_state_has_projections_and_statistics_which_the_checkpoint_has_not(teacher):
    student, config = make_student(teacher)
    assert not {id(variable) for variable in teacher.weights} & {id(variable) for variable in student.weights}
    weights, heads = collect_weights(student, config)
    assert len(weights) + len(heads) == len(student.weights) - 2 * len(["kernel", "bias", "mean and deviation"])
    assert len(student.trainable_weights) == len(student.weights) - 2
