"""decoding.py: best legal paths and probabilities of entities, held against all paths one by one."""

import itertools

import numpy as np
import pytest

from zhlabel.data.tags import list_tags, mark_legal
from zhlabel.decisions import viterbi
from zhlabel.decisions.viterbi import decode_paths, score_entities
from zhlabel.errors import InputError

TYPES = ("PER", "LOC")
NAMES = list_tags(TYPES)
STARTS, PAIRS = mark_legal(TYPES)
TAGS = len(STARTS)


def make_text(length, *, seed, scale=2.0):
    random = np.random.default_rng(seed)
    return (scale * random.standard_normal((length, TAGS))).astype(np.float32)


def make_transitions(*, seed=0, scale=2.0):
    """Random transitions; the illegal ones are the best of all."""
    transitions = scale * np.random.default_rng(seed).standard_normal((TAGS, TAGS))
    return np.where(PAIRS, transitions, 50.0).astype(np.float32)


def list_legal_paths(length):
    for path in itertools.product(range(TAGS), repeat=length):
        if all(STARTS[tag] for tag in path[:1]) and all(PAIRS[pair] for pair in itertools.pairwise((*path, 0))):
            yield path


def score_path(path, emissions, transitions):
    score = sum(float(emissions[place, tag]) for place, tag in enumerate(path))
    return score + sum(float(transitions[pair]) for pair in itertools.pairwise(path))


def find_entities(path):
    """Return {(first, last, type)} of a legal path, token by token."""
    found, begun = set(), None
    for place, tag in enumerate(path):
        name = NAMES[tag]
        if name[0] in "BS":
            begun = place
        if name[0] in "ES":
            found.add((begun, place, TYPES.index(name[2:])))
    return found


def list_spans(length):
    return [
        (first, last, kind) for first in range(length) for last in range(first, length) for kind in range(len(TYPES))
    ]


def is_legal(path):
    return STARTS[path[:1]].all() and PAIRS[path[:-1], path[1:]].all() and PAIRS[path[-1:], 0].all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("length", range(1, 6))
def test_the_path_is_the_best_of_all_legal_paths(length, seed):
    emissions, transitions = make_text(length, seed=seed), make_transitions(seed=seed)
    paths = list(list_legal_paths(length))
    best = max(paths, key=lambda path: score_path(path, emissions, transitions))
    decoded = decode_paths([emissions], transitions, STARTS, PAIRS)[0]
    assert decoded.tolist() == list(best) and decoded.dtype == np.int32


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("length", range(1, 6))
def test_the_probability_of_every_entity_is_its_share_of_all_legal_paths(length, seed):
    emissions, transitions = make_text(length, seed=seed), make_transitions(seed=seed)
    paths = list(list_legal_paths(length))
    weights = np.exp([score_path(path, emissions, transitions) for path in paths])
    spans = list_spans(length)
    entities = [find_entities(path) for path in paths]
    expected = [weights[[span in found for found in entities]].sum() / weights.sum() for span in spans]
    scores = score_entities([emissions], transitions, STARTS, PAIRS, [spans])[0]
    assert scores == pytest.approx(expected, rel=1e-9) and scores.dtype == np.float64


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 1e6, 3.4e38])
def test_no_scores_whatever_give_an_illegal_path_or_a_probability_outside_0_to_1(scale):
    random = np.random.default_rng(1)
    insides = np.array([name[0] == "I" for name in NAMES])  # better than all else in every third text, if illegal too
    texts = [random.uniform(-1, 1, (length, TAGS)) for length in random.integers(1, 40, 1000)]
    texts[::3] = [(text + insides) / 2 for text in texts[::3]]
    texts = [(scale * text).astype(np.float32) for text in texts]
    transitions = make_transitions(scale=min(scale, 1e6))
    paths = decode_paths(texts, transitions, STARTS, PAIRS)
    assert all(is_legal(path) and len(path) == len(text) for path, text in zip(paths, texts, strict=True))
    spans = [list_spans(min(len(text), 3)) for text in texts]
    scores = np.concatenate(score_entities(texts, transitions, STARTS, PAIRS, spans))
    assert (scores >= 0).all() and (scores <= 1).all() and scores.max() > 0.1


def test_a_certain_entity_has_probability_1_even_where_scores_are_extreme():
    emissions = np.full((4, TAGS), -1e5, dtype=np.float32)
    emissions[range(4), [0, NAMES.index("B-LOC"), NAMES.index("E-LOC"), 0]] = 1e5
    scores = score_entities([emissions], np.zeros((TAGS, TAGS)), STARTS, PAIRS, [[(1, 2, 1), (1, 1, 1), (1, 2, 0)]])
    assert scores[0] == pytest.approx([1.0, 0.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("shift", [-1e4, 300.0])
def test_a_number_added_to_all_tags_of_a_token_changes_nothing(shift):
    emissions, transitions = make_text(9, seed=1), make_transitions()
    moved = emissions.astype(np.float64)
    moved[4] += shift
    spans = [list_spans(9)]
    one, other = (score_entities([each], transitions, STARTS, PAIRS, spans)[0] for each in (emissions, moved))
    assert other == pytest.approx(one, rel=1e-9)
    paths = [decode_paths([each], transitions, STARTS, PAIRS)[0].tolist() for each in (emissions, moved)]
    assert paths[0] == paths[1]


@pytest.mark.parametrize("cells", [1, 300, 2**20])
def test_texts_have_the_same_results_alone_and_in_any_batch(cells, monkeypatch):
    monkeypatch.setattr(viterbi, "_BATCH_CELLS", cells)
    random = np.random.default_rng(2)
    texts = [make_text(length, seed=place) for place, length in enumerate([*random.integers(0, 30, 60), 1, 0, 70])]
    transitions = make_transitions()
    spans = [list_spans(len(text)) for text in texts]
    paths = decode_paths(texts, transitions, STARTS, PAIRS)
    scores = score_entities(texts, transitions, STARTS, PAIRS, spans)
    for text, own, path, score in zip(texts, spans, paths, scores, strict=True):
        assert decode_paths([text], transitions, STARTS, PAIRS)[0].tolist() == path.tolist()
        assert len(score) == len(own)
        assert score_entities([text], transitions, STARTS, PAIRS, [own])[0] == pytest.approx(score, rel=1e-9)


def test_a_batch_has_no_more_numbers_than_its_limit_except_for_one_long_text():
    lengths = [5000, *[128] * 700, *[3] * 5000, 60_000]
    texts = [np.zeros((length, 21), dtype=np.float32) for length in lengths]
    batches = list(viterbi._make_batches(texts))
    assert sorted(np.concatenate([indices for indices, _, _ in batches])) == list(range(len(texts)))
    for indices, _, padded in batches:
        assert len(indices) == 1 or max(padded.size, 21 * 21 * len(indices)) <= viterbi._BATCH_CELLS
    assert len(batches) < 15


def test_of_equal_paths_the_lowest_tag_ids_win_from_the_last_token_backwards():
    emissions = np.zeros((3, TAGS), dtype=np.float32)
    assert decode_paths([emissions], np.zeros((TAGS, TAGS)), STARTS, PAIRS)[0].tolist() == [0, 0, 0]
    lasts = [NAMES.index("E-PER"), NAMES.index("E-LOC")]
    emissions[2, lasts] = 1.0  # E of either type ends the path: the lower one, after the lower of B and I
    decoded = decode_paths([emissions], np.zeros((TAGS, TAGS)), STARTS, PAIRS)[0].tolist()
    ties = [path for path in list_legal_paths(3) if path[2] in lasts]
    assert decoded == list(min(ties, key=lambda path: path[::-1])) == [0, 1, 3]


def test_no_texts_empty_texts_and_texts_without_spans_have_empty_results():
    zeros, empty = np.zeros((TAGS, TAGS)), np.zeros((0, TAGS), dtype=np.float32)
    assert decode_paths([], zeros, STARTS, PAIRS) == [] == score_entities([], zeros, STARTS, PAIRS, [])
    assert [len(path) for path in decode_paths([empty, make_text(2, seed=0), empty], zeros, STARTS, PAIRS)] == [0, 2, 0]
    scores = score_entities([empty, make_text(2, seed=0)], zeros, STARTS, PAIRS, [[], []])
    assert [score.shape for score in scores] == [(0,), (0,)]


def test_without_entity_types_everything_is_o():
    starts, pairs = mark_legal(())
    assert decode_paths([np.ones((3, 1))], np.zeros((1, 1)), starts, pairs)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_refused(value):
    texts, zeros = [make_text(3, seed=0), np.full((2, TAGS), value, dtype=np.float32)], np.zeros((TAGS, TAGS))
    with pytest.raises(InputError, match=r"not a number.*Train again"):
        decode_paths(texts, zeros, STARTS, PAIRS)
    with pytest.raises(InputError, match=r"not a number.*Train again"):
        score_entities(texts, zeros, STARTS, PAIRS, [[], [(0, 0, 0)]])


def test_the_callers_arrays_stay_as_they_are():
    emissions, transitions = make_text(6, seed=3), make_transitions()
    before = emissions.copy(), transitions.copy()
    decode_paths([emissions], transitions, STARTS, PAIRS)
    score_entities([emissions], transitions, STARTS, PAIRS, [[(0, 1, 0)]])
    assert np.array_equal(emissions, before[0]) and np.array_equal(transitions, before[1])
