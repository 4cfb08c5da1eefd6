"""Keywords of texts: order, places, what several processes change (nothing), what is prepared from a corpus."""

import pytest

from zhlabel.keywords.corpus.frequencies import add_frequencies, count_frequencies, read_frequencies
from zhlabel.keywords.extract import Recipe, choose_best, count_phrases, extract_keywords
from zhlabel.keywords.prepare import LEAST_CORPUS, prepare_frequencies
from zhlabel.keywords.text.candidates import find_ngrams
from zhlabel.keywords.text.words import Document, Word, WordReader

TEXTS = [
    "河道清淤机器人在浅水区作业，清淤机器人的定位依靠声呐。",
    "Solar kilns dry timber slowly. Solar kilns need little power.",
    "",
    "茶园采摘机械臂识别嫩芽，机械臂的视觉模型在田间训练。",
]


def test_keywords_lie_where_they_say():
    recipe = Recipe(methods=("tfidf", "firstphrases"), top_k=5)
    for text, found in zip(TEXTS, extract_keywords(TEXTS, recipe, processes=1), strict=True):
        assert set(found) == {"tfidf", "firstphrases"}
        for keywords in found.values():
            assert [each.score for each in keywords] == sorted((each.score for each in keywords), reverse=True)
            for each in keywords:
                assert text[slice(*each.spans[0])] == each.text
                assert len({text[start:end].lower() for start, end in each.spans}) == 1
    assert [len(each) for each in found.values()] == [5, 4] or all(len(each) <= 5 for each in found.values())


def test_a_repeated_keyword_has_all_its_places():
    (found,) = extract_keywords(
        ["Solar kilns dry timber. Few solar kilns fail."], Recipe(methods=("tfidf",), top_k=20), processes=1
    )
    spans = {each.text: each.spans for each in found["tfidf"]}
    assert spans["Solar kilns"] == ((0, 11), (28, 39))


def test_what_stands_only_inside_better_phrases_is_left_out():
    document = WordReader().read("河道清淤，河道清淤，清淤船")
    dredging, river, boat = (tuple(each) for each in (["清淤"], ["河道", "清淤"], ["清淤", "船"]))
    candidates = {each.norms: each for each in find_ngrams(document)}
    scored = [(candidates[river], 3.0), (candidates[("河道",)], 2.0), (candidates[dredging], 1.0)]
    assert [each.norms for each in choose_best(document, scored, top_k=9)] == [river, dredging]
    scored.append((candidates[boat], 2.5))
    assert [each.norms for each in choose_best(document, scored, top_k=9)] == [river, boat]
    assert len(choose_best(document, scored, top_k=9, keep_nested=True)) == 4


def test_an_empty_text_has_no_keywords():
    (found,) = extract_keywords([""], Recipe(methods=("tfidf",), top_k=5), processes=1)
    assert found == {"tfidf": ()}


def test_several_processes_change_nothing():
    recipe = Recipe(methods=("tfidf",), top_k=3)
    alone = list(extract_keywords(TEXTS * 3, recipe, processes=1))
    assert list(extract_keywords(TEXTS * 3, recipe, processes=2, chunk_size=2)) == alone


def test_equal_scores_are_taken_by_place():
    document = WordReader().read(TEXTS[1])
    found = find_ngrams(document, longest=1)
    best = choose_best(document, [(each, 1.0) for each in reversed(found)], top_k=3)
    assert [each.text for each in best] == ["Solar", "kilns", "dry"]


def test_a_phrase_that_jieba_divides_in_two_ways_is_given_once():
    def word(norm, start, sentence):
        return Word(norm, "noun", False, start, start + len(norm), sentence)

    words = (word("机器人", 0, 0), word("机器", 3, 1), word("人", 5, 1), word("BERT", 6, 2), word("ＢＥＲＴ", 10, 3))
    document = Document("机器人机器人BERTＢＥＲＴ", "zh", words)
    scored = [(each, len(each.norms)) for each in find_ngrams(document) if each.norms != ("机器",)]
    assert [each.text for each in choose_best(document, scored, top_k=9, keep_nested=True)] == ["机器人", "BERT"]


@pytest.mark.parametrize("processes", [1, 2])
def test_phrases_are_counted_as_in_one_go(processes):
    reader, recipe = WordReader(), Recipe(methods=("tfidf",), top_k=3)
    together = count_frequencies(map(reader.read, TEXTS))
    assert add_frequencies(count_phrases(TEXTS, recipe, processes=processes)) == together
    assert together.documents == 4 and together.count(("清淤", "机器人")) == 1


def test_frequencies_of_a_small_corpus_are_not_used(tmp_path):
    recipe, table = Recipe(methods=("tfidf",), top_k=3), tmp_path / "table.tsv.gz"
    assert prepare_frequencies(table, TEXTS, recipe, processes=1) == (4, False)
    assert not table.exists()
    assert prepare_frequencies(table, TEXTS * 25, recipe, processes=1) == (LEAST_CORPUS, True)
    assert read_frequencies(table).count(("清淤", "机器人")) == 25
