"""keywords: vectors of texts and phrases from checkpoints and runs; KeyBERT's cosine, MMR and max-sum."""

import functools
import itertools

import numpy as np
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.keywords.extract import choose_best
from zhlabel.keywords.methods.keybert import score_keybert, score_keybert_maxsum, score_keybert_mmr
from zhlabel.keywords.methods.vectors import TextVectors
from zhlabel.keywords.text.candidates import find_noun_phrases, find_spans
from zhlabel.keywords.text.words import WordReader
from zhlabel.models.weights import collect_weights
from zhlabel.runs import folder as runs

READER = WordReader(language="en")
# Thirty nouns in sentences of their own, so that each is a candidate; the first one stands there twice.
NOUNS = [f"{first}{second}" for first in ("cat", "dog", "hen", "owl", "bee") for second in "bdfgmp"]
DOCUMENT = READER.read(". ".join([*NOUNS, NOUNS[0]]))
LONG = "公司宣布裁员，北京发生地震。" * 8  # 112 tokens, where a toy encoder takes 40


class DrawnVectors:
    """In place of TextVectors: a random vector for each span, the same one for the same characters."""

    def __init__(self, seed, *, width=4):
        self.seed, self.width = seed, width

    def encode_spans(self, texts, spans):
        return [np.array([self.draw(span) for span in own]) for own in spans]

    def draw(self, span):
        return np.random.default_rng([self.seed, *span]).standard_normal(self.width) + 0.5


def list_true_vectors(document, vectors):
    """Return the text's vector and {norms: mean of the vectors of a candidate's places}, of length 1."""
    found = {}
    for each in find_noun_phrases(document):
        places = [vectors.draw(span) for span in find_spans(document, each)]
        found[each.norms] = sum(places) / len(places)
    found = {norms: vector / np.sqrt(np.dot(vector, vector)) for norms, vector in found.items()}
    whole = vectors.draw((0, len(document.text)))
    return whole / np.sqrt(np.dot(whole, whole)), found


def name_best(document, scored, top_k):
    return [each.norms for each in choose_best(document, scored, top_k=top_k)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors") / "checkpoint"
    toy.write_checkpoint(folder, "albert", file_format="safetensors", seed=3)
    return folder


@pytest.fixture(scope="module")
def vectors(checkpoint):
    return TextVectors(checkpoint)


def compute_hidden(folder, text):
    """Return the hidden states [T, H] of a text's characters by Keras's own call, [CLS] and [SEP] in it."""
    from zhlabel.checkpoints import find_checkpoint
    from zhlabel.models.encoder import load_encoder

    ids = [2, *(toy.VOCABULARY.index(character) for character in text), 3]
    ids = np.array([ids], dtype="int32")
    return load_encoder(find_checkpoint(folder), seed=0)([ids, np.zeros_like(ids)]).numpy()[0]


def test_a_vector_is_the_mean_of_the_hidden_states_without_the_borders(checkpoint, vectors):
    texts = ["公司宣布裁员", "", "北京，地震"]
    found = vectors.encode(texts, batch_size=2)
    assert found.shape == (3, toy.SIZES["hidden_size"]) and found.dtype == np.float32
    for row in (0, 2):
        assert np.abs(found[row] - compute_hidden(checkpoint, texts[row])[1:-1].mean(axis=0)).max() < 1e-5
    assert not found[1].any() and vectors.encode([]).shape == (0, toy.SIZES["hidden_size"])


def test_a_part_has_the_states_of_its_tokens_in_the_whole_text(checkpoint, vectors):
    hidden = compute_hidden(checkpoint, "公司在北京裁员")
    (found,) = vectors.encode_spans(["公司在北京 裁员"], [[(3, 5), (0, 1), (5, 6), (4, 7), (0, 8)]])
    expected = [hidden[4:6].mean(0), hidden[1], np.zeros(16), hidden[5:7].mean(0), hidden[1:-1].mean(0)]
    assert np.abs(found - expected).max() < 1e-5  # the third is the blank alone


def test_batches_and_groups_of_texts_change_nothing(vectors, monkeypatch):
    texts = [LONG, "裁员", "北京地震" * 5, "", "一二三"]
    spans = [[(0, len(text)), (1, 2)] for text in texts]
    alone = [vectors.encode_spans([text], [own])[0] for text, own in zip(texts, spans, strict=True)]
    for batch_size in (1, 3):
        together = vectors.encode_spans(texts, spans, batch_size=batch_size)
        assert np.abs(np.array(together) - alone).max() < 1e-5
    monkeypatch.setattr("zhlabel.keywords.methods.vectors._GROUP_CHARACTERS", 20)
    assert np.abs(np.array(vectors.encode_spans(texts, spans)) - alone).max() < 1e-5


def test_the_end_of_a_long_text_counts(vectors):
    changed = LONG[:-4] + "上海"
    assert np.abs(vectors.encode([LONG]) - vectors.encode([changed])).max() > 1e-4
    (found,) = vectors.encode_spans([LONG], [[(place, place + 2) for place in range(0, 110, 10)]])
    assert (np.abs(found).sum(axis=1) > 0.1).all()


def write_run(folder, weights):
    from zhlabel.models.encoder import build_encoder, fill_encoder
    from zhlabel.tasks import TASKS

    config = toy.make_config("albert")
    encoder = build_encoder(config, seed=0, outputs="cls")
    fill_encoder(encoder, config, weights)
    model = TASKS["multi_label"].build_model(encoder, ("a", "b"), head="cls", seed=0)
    toy.write_vocabulary(folder.parent)
    vocabulary = folder.parent / "vocab.txt"
    record = {"complete": True, "task": "multi_label"}
    runs.write_run(
        folder,
        record,
        weights=collect_weights(model, config),
        encoder_config=config,
        vocabulary_file=vocabulary,
        names=("a", "b"),
    )


def test_of_a_run_its_own_trained_encoder_is_taken(tmp_path, checkpoint, vectors):
    texts = ["公司宣布裁员", "北京"]
    config = toy.make_config("albert")
    write_run(tmp_path / "same", toy.draw_weights(config, seed=3))
    assert np.abs(TextVectors(tmp_path / "same").encode(texts) - vectors.encode(texts)).max() < 1e-6
    write_run(tmp_path / "trained", toy.draw_weights(config, seed=4))
    assert np.abs(TextVectors(tmp_path / "trained").encode(texts) - vectors.encode(texts)).max() > 0.1
    (tmp_path / "trained" / "weights.safetensors").write_bytes(b"x")
    with pytest.raises(InputError, match=r"weights\.safetensors can't be read"):
        TextVectors(tmp_path / "trained")


def test_a_folder_that_is_neither_run_nor_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        TextVectors(tmp_path / "none")


def test_scores_are_the_cosines_of_the_phrases_to_the_text():
    drawn = DrawnVectors(1)
    whole, found = list_true_vectors(DOCUMENT, drawn)
    (scored,) = score_keybert([DOCUMENT], vectors=drawn)
    assert len(scored) == len(found) == len(NOUNS)
    for candidate, score in scored:
        assert score == pytest.approx(float(np.dot(whole, found[candidate.norms])), abs=1e-6)


def test_documents_keep_to_themselves_and_one_without_phrases_has_no_scores():
    documents = [READER.read("a dog. an owl"), READER.read("..."), READER.read(""), READER.read("the cat")]
    for score in (score_keybert, score_keybert_mmr, functools.partial(score_keybert_maxsum, top_k=3)):
        together = score(documents, vectors=DrawnVectors(1))
        assert together == [score([each], vectors=DrawnVectors(1))[0] for each in documents]
        assert [len(each) for each in together] == [2, 0, 0, 1]


def choose_by_mmr(whole, found, count, diversity):
    """Carbonell and Goldstein's choice, word by word."""
    chosen = []
    while len(chosen) < count:
        marginal = {}
        for norms, vector in found.items():
            if norms not in chosen:
                relevance = float(np.dot(whole, vector))
                redundancy = max((float(np.dot(vector, found[each])) for each in chosen), default=0.0)
                marginal[norms] = (1 - diversity) * relevance - diversity * redundancy
        chosen.append(max(marginal, key=marginal.get))
    return chosen


@pytest.mark.parametrize("diversity", [0.0, 0.3, 0.7, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_the_best_k_of_mmr_are_what_a_choice_of_k_gives(seed, diversity):
    drawn = DrawnVectors(seed)
    whole, found = list_true_vectors(DOCUMENT, drawn)
    (scored,) = score_keybert_mmr([DOCUMENT], vectors=drawn, diversity=diversity)
    for count in (1, 2, 5, 30):
        assert name_best(DOCUMENT, scored, count) == choose_by_mmr(whole, found, count, diversity)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("top_k", [1, 2, 5, 19, 20, 25])
def test_max_sum_finds_the_most_different_of_the_nearest_twenty(seed, top_k):
    drawn = DrawnVectors(seed)
    whole, found = list_true_vectors(DOCUMENT, drawn)
    (scored,) = score_keybert_maxsum([DOCUMENT], vectors=drawn, top_k=top_k)
    nearest = sorted(found, key=lambda norms: -np.dot(whole, found[norms]))[:20]
    cosines = {pair: float(np.dot(found[pair[0]], found[pair[1]])) for pair in itertools.permutations(nearest, 2)}
    subsets = itertools.combinations(nearest, min(top_k, 20))
    best = min(subsets, key=lambda subset: sum(map(cosines.get, itertools.combinations(subset, 2))))
    assert name_best(DOCUMENT, scored, top_k) == list(best)
    assert [score for _, score in scored] == pytest.approx([float(np.dot(whole, found[each])) for each in best])


def test_a_chinese_text_is_scored_through_an_encoder(checkpoint, vectors):
    document = WordReader(language="zh").read("公司宣布裁员，北京发生地震。公司一月裁员。")
    (scored,) = score_keybert([document], vectors=vectors)
    hidden = compute_hidden(checkpoint, document.text)
    whole, company = hidden[1:-1].mean(axis=0), (hidden[1:3].mean(axis=0) + hidden[15:17].mean(axis=0)) / 2
    expected = np.dot(whole, company) / np.sqrt(np.dot(whole, whole) * np.dot(company, company))
    (found,) = [(each.places, score) for each, score in scored if each.norms == ("公司",)]
    assert len(found[0]) == 2 and found[1] == pytest.approx(float(expected), abs=1e-5)
