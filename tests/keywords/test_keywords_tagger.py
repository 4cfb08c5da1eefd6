"""keywords: a tagger's keywords have the probabilities of all paths, with their places in the text."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import toy

from zhlabel.data.tags import mark_legal
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.inference import run as loading
from zhlabel.keywords.extract import choose_best
from zhlabel.keywords.methods.tagger import score_tagged
from zhlabel.keywords.text.words import WordReader
from zhlabel.tasks import TASKS

READER = WordReader(language="zh")
IDS = {token: number for number, token in enumerate(toy.VOCABULARY)}


def make_run(emit, *, names=("keyword",), state=None, max_length=40):
    """Build a run whose model gives ``emit(token ids)`` as emissions [T, K]."""
    tokenizer = Tokenizer(IDS)
    return SimpleNamespace(
        labels=names,
        state=state,
        task=TASKS["ner"](names),
        long_text="windows",
        encode=lambda texts: tokenizer.encode(texts, max_length=max_length, long_text="windows"),
        predict_rows=lambda table, batch_size: emit(table.token_ids).astype(np.float32),
    )


def draw_emissions(tags, seed=1):
    """Return each token id emissions of its own, the same wherever it stands."""
    table = np.random.default_rng(seed).normal(size=(len(toy.VOCABULARY), tags))
    return lambda ids: table[ids]


def mark(text, *spans):
    """Return emissions that leave hardly a doubt that the entities of this text are these."""
    tags = [0] * len(text)
    for start, end in spans:
        tags[start:end] = [1, *[2] * (end - start - 2), 3] if end - start > 1 else [4]
    return lambda ids: 9.0 * np.eye(5)[[0, *tags, 0]]


def sum_paths(emissions, transitions, names):
    """Return {(first token, last token): probability of an entity there} by walking through all paths of tags."""
    starts, pairs = mark_legal(names)
    weights, total = {}, 0.0
    for path in itertools.product(range(len(starts)), repeat=len(emissions)):
        if not starts[path[0]] or not all(pairs[pair] for pair in itertools.pairwise((*path, 0))):
            continue
        score = sum(row[tag] for row, tag in zip(emissions, path, strict=True))
        weight = np.exp(score + sum(transitions[pair] for pair in itertools.pairwise(path)))
        total += weight
        for first, tag in enumerate(path):
            if tag % 4 == 1 or (tag and tag % 4 == 0):  # B, S
                last = first
                while tag % 4 == 1 and path[last] != tag + 2:
                    last += 1
                weights[first, last] = weights.get((first, last), 0.0) + weight
    return {place: weight / total for place, weight in weights.items()}


def score(text, run, **options):
    (scored,) = score_tagged([READER.read(text)], run=run, **options)
    return {keyword.text: keyword for keyword in choose_best(READER.read(text), scored, top_k=100, keep_nested=True)}


@pytest.mark.parametrize("names", [("keyword",), ("LOC", "keyword")])
@pytest.mark.parametrize("has_crf", [True, False])
def test_a_phrase_has_the_probability_that_all_paths_give_its_places(names, has_crf):
    text, tags = "公司，裁员公司", 1 + 4 * len(names)
    transitions = np.random.default_rng(5).normal(size=(tags, tags)).astype(np.float32)
    emit = draw_emissions(tags)
    found = score(text, make_run(emit, names=names, state=transitions if has_crf else None), least=0.0)
    emissions = emit([IDS[character] for character in text])
    true = sum_paths(emissions, transitions if has_crf else np.zeros((tags, tags)), names)
    assert {"公司", "裁员", "裁员公司"} <= set(found)
    assert found["裁员公司"].score == pytest.approx(true[3, 6], abs=1e-6)
    assert found["裁员"].score == pytest.approx(true[3, 4], abs=1e-6)
    assert found["公司"].spans == ((0, 2), (5, 7))
    assert found["公司"].score == pytest.approx(1 - (1 - true[0, 1]) * (1 - true[5, 6]), abs=1e-6)


def test_what_is_less_likely_is_left_out():
    everything, run = score("公司宣布裁员", make_run(draw_emissions(5)), least=0.0), make_run(draw_emissions(5))
    middle = sorted(each.score for each in everything.values())[len(everything) // 2]
    kept = score("公司宣布裁员", run, least=middle)
    assert 0 < len(kept) < len(everything)
    assert kept == {text: each for text, each in everything.items() if each.score >= middle}


def test_an_entity_of_the_best_path_need_not_be_whole_words():
    text = "公司宣布裁员，司宣布"
    found = score(text, make_run(mark(text, (1, 4), (7, 10))))
    assert list(found) == ["司宣布"]
    assert found["司宣布"].spans == ((1, 4), (7, 10)) and found["司宣布"].score > 0.99
    assert found["司宣布"].norms == ("司", "宣布")


def test_an_entity_may_hold_blanks_and_marks_and_any_case_is_one_phrase():
    text = "A，b和a，B"
    found = score(text, make_run(mark(text, (0, 3), (4, 7))))
    assert [(each.text, each.spans, each.norms) for each in found.values()] == [
        ("A，b", ((0, 3), (4, 7)), ("a", "，", "b"))
    ]
    run = make_run(lambda ids: 9.0 * np.eye(5)[[0, 1, 3, 0, 0]])
    assert score("北京 上", run)["北京"].spans == ((0, 2),)


def test_a_part_of_a_latin_word_is_no_keyword():
    text = "和bb"  # its tokens are 和, b, ##b
    for tags in ([1, 3, 0], [0, 0, 4], [0, 4, 0]):
        found = score(text, make_run(lambda ids, tags=tags: 9.0 * np.eye(5)[[0, *tags, 0]]))
        assert found == {}
    assert list(score(text, make_run(lambda ids: 9.0 * np.eye(5)[[0, 0, 1, 3, 0]]))) == ["bb"]


def test_texts_keep_to_themselves_and_long_ones_are_read_to_their_end():
    texts = ["公司宣布裁员", "", "，", "北京发生地震。" * 12 + "公司收购大学", "大学"]
    documents, run = [READER.read(text) for text in texts], make_run(draw_emissions(5, seed=2), max_length=20)
    together = score_tagged(documents, run=run, least=0.0)
    for document, scored in zip(documents, together, strict=True):
        (alone,) = score_tagged([document], run=run, least=0.0)
        assert [each for each, _ in scored] == [each for each, _ in alone]
        assert [value for _, value in scored] == pytest.approx([value for _, value in alone], abs=1e-6)
    assert together[1] == together[2] == []
    assert ("收购", "大学") in {each.norms for each, _ in together[3]}
    assert max(len(each.spans) for each, _ in together[3]) == 12


def test_a_run_that_was_trained_to_tag_is_used_as_it_lies_on_disk(tmp_path):
    model, config = toy.build_model("ner", head="bilstm_crf", names=("keyword",), seed=7)
    settings = {"head": "bilstm_crf", "long_text": "windows"}
    toy.write_run(tmp_path / "run", model, config, names=("keyword",), task="ner", settings=settings, thresholds={})
    run, texts = loading.load_run(tmp_path / "run"), ["公司宣布裁员", "北京发生地震，公司收购大学，有人说张三"]
    documents = [READER.read(text) for text in texts]
    predictions = run.predict_encoded(run.encode(texts))
    assert any(predictions)
    for document, scored, entities in zip(
        documents, score_tagged(documents, run=run, least=0.0), predictions, strict=True
    ):
        by_place = {each.spans: value for each, value in scored}
        for entity, probability in entities.items():
            if document.text.count(document.text[entity.start : entity.end]) == 1:
                assert by_place[((entity.start, entity.end),)] == pytest.approx(probability, abs=1e-5)
