"""firstphrases, tfidf, kpminer, yake, sgrank: their formulas against independent ones, and what a user sees of them."""

import math

import networkx
import numpy as np
import pytest

from zhlabel.keywords.corpus.frequencies import Frequencies, count_frequencies
from zhlabel.keywords.extract import choose_best
from zhlabel.keywords.methods.frequency import choose_least_frequency, score_first_phrases, score_kpminer, score_tfidf
from zhlabel.keywords.methods.sgrank import score_sgrank
from zhlabel.keywords.methods.yake import score_yake
from zhlabel.keywords.text.words import WordReader

ENGLISH = (
    "Wind turbines on floating platforms. A wind turbine harvests wind energy at sea. Engineers of the Nordic Wind "
    "Institute moor floating platforms with steel chains. Floating platforms sway, so a controller damps the motion. "
    "The controller reads motion sensors. GPS gives the position."
)
CHINESE = "海上风电机组安装在漂浮平台上。漂浮平台会晃动，控制器抑制漂浮平台的晃动。控制器读取运动传感器的数据。"
NONE = Frequencies(100, {})
READER = WordReader()
METHODS = {
    "firstphrases": score_first_phrases,
    "tfidf": lambda document: score_tfidf(document, frequencies=NONE),
    "kpminer": lambda document: score_kpminer(document, frequencies=NONE),
    "yake": score_yake,
    "sgrank": lambda document: score_sgrank(document, frequencies=NONE),
}


def read(text):
    return READER.read(text)


def score(method, text):
    """Return {text at the first place, lower-case: score}."""
    document = read(text)
    best = choose_best(document, METHODS[method](document), top_k=10**6, keep_nested=True)
    return {each.text.lower(): each.score for each in best}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ["", "。", "the of", "42, 7!", "的"])
def test_a_text_without_a_candidate_has_no_keyword(method, text):
    assert METHODS[method](read(text)) == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ["turbine", "风电"])
def test_a_text_of_one_word_has_this_keyword(method, text):
    assert list(score(method, text)) == [text]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "text", ["turbine turbine turbine", "GPS gps, GPS", ENGLISH * 20, CHINESE * 20, "风电，" * 300]
)
def test_scores_are_finite_and_not_negative(method, text):
    scored = METHODS[method](read(text))
    assert scored and all(math.isfinite(value) and value >= 0 for _, value in scored)


@pytest.mark.parametrize("method", METHODS)
def test_the_topic_is_among_the_best(method):
    assert "floating platforms" in list(score(method, ENGLISH))[:8]
    chinese = "控制器" if method == "firstphrases" else "漂浮平台"  # 漂浮 is a verb to jieba
    assert chinese in list(score(method, CHINESE))[:6]


@pytest.mark.parametrize("method", METHODS)
def test_candidates_are_in_the_text_once_each(method):
    for text in (ENGLISH, CHINESE):
        document = read(text)
        scored = METHODS[method](document)
        assert len({each.norms for each, _ in scored}) == len(scored)
        for each, _ in scored:
            for place in each.places:
                assert tuple(word.norm for word in document.words[place : place + len(each.norms)]) == each.norms


def test_a_corpus_that_tells_nothing_leaves_keywords():
    for method in (score_tfidf, score_kpminer, score_sgrank):
        assert len(method(read("turbine, chain"), frequencies=Frequencies(0, {}))) == 2


def test_yake_takes_a_word_of_a_stop_words_stem_for_a_word():
    assert list(score("yake", "it does doe")) == ["doe"]


def test_first_phrases_come_in_the_order_of_the_text():
    text = "Steel chains are shown. Wind turbines are found. Steel chains."
    assert list(score("firstphrases", text)) == ["steel chains", "wind turbines"]


def test_tfidf_is_places_times_rarity():
    frequencies = count_frequencies([read("wind sea"), read("wind"), read("steel chain")])
    scored = score_tfidf(read("wind, sea, wind, wind"), frequencies=frequencies)
    expected = {("wind",): 3 * math.log2(4 / 3), ("sea",): math.log2(4 / 2)}
    assert {each.norms: value for each, value in scored} == pytest.approx(expected)


def test_kpminer_boosts_long_phrases_by_the_share_of_short_ones():
    # 2 places of one word, 1 of two: 3 / (1 x 2.3), below the highest factor 3.
    scored = score_kpminer(read("wind, sea, wind turbine"), frequencies=Frequencies(7, {"wind": 1}))
    expected = {("wind",): 2, ("sea",): 3, ("wind", "turbin"): 3 * 3 / 2.3}
    assert {each.norms: value for each, value in scored} == pytest.approx(expected)
    many = score_kpminer(read("wind, sea, salt, fish, crab, gull, wind turbine"), frequencies=Frequencies(7, {}))
    assert dict(many)[many[[each.norms for each, _ in many].index(("wind", "turbin"))][0]] == pytest.approx(3 * 3)


def test_kpminer_leaves_out_what_comes_late_or_too_seldom():
    assert [choose_least_frequency(words) for words in (1, 399, 400, 1499, 1500, 10**6)] == [1, 1, 2, 2, 3, 3]
    filling = "of the " * 300
    text = "salt, salt " + filling + "wind, wind, wind"
    assert {each.norms[0] for each, _ in score_kpminer(read(text), frequencies=NONE, cutoff=700)} == {"salt", "wind"}
    assert {each.norms[0] for each, _ in score_kpminer(read(text), frequencies=NONE, cutoff=100)} == {"salt"}
    seldom = score_kpminer(read("salt, wind, wind " + filling), frequencies=NONE)
    assert [each.norms for each, _ in seldom] == [("wind",)]


def test_kpminer_gives_keywords_of_a_long_text_in_which_nothing_recurs():
    scored = score_kpminer(read("salt " + "of the " * 1000), frequencies=NONE)
    assert [each.norms for each, _ in scored] == [("salt",)]


def test_yake_follows_the_paper_on_a_text_counted_by_hand():
    """Three sentences; Kiwi 3 times, twice with a capital; a stop word has the highest count."""
    text = "The Kiwi sleeps. A fern hides the Kiwi nest. The kiwi eats the fern."
    scored = {each.norms: value for each, value in score_yake(read(text), most_alike=1)}
    highest = 4  # "the"
    counts = np.array([3, 1, 2, 1, 1, 1])  # kiwi sleep fern hide nest eat
    usual = counts.mean() + counts.std()
    # Kiwi: before it "the" 3 times; after it sleeps, nest, eats.
    relatedness = 1 + (1 / 3 + 3 / 3) * 3 / highest
    casing = 2 / (1 + math.log(3))
    kiwi = math.log(math.log(3 + 1)) * relatedness / (casing + (3 / usual + 3 / 3) / relatedness)
    assert scored[("kiwi",)] == pytest.approx(3 * (1 + kiwi) / kiwi)
    # nest: before it Kiwi, after it nothing; second sentence; never a capital.
    relatedness = 1 + 1 / highest
    nest = math.log(math.log(3 + 1)) * relatedness / ((1 / usual + 1 / 3) / relatedness)
    assert scored[("kiwi", "nest")] == pytest.approx((1 + kiwi + nest) / (kiwi * nest))
    # "hides the Kiwi": "the" follows hides always, "Kiwi" after "the" in all of its 3 places: sure, so 1 and 0.
    relatedness = 1 + 2 / highest
    hides = math.log(math.log(3 + 1)) * relatedness / ((1 / usual + 1 / 3) / relatedness)
    assert scored[("hide", "the", "kiwi")] == pytest.approx((1 + hides + kiwi) / (hides * kiwi))


def test_yake_doubts_a_stop_word_that_seldom_stands_there():
    sure = score("yake", "salt of earth, salt of earth, salt of earth")
    unsure = score("yake", "salt of earth, salt on earth, salt at earth")
    assert unsure["salt of earth"] < sure["salt of earth"] / 3


def test_yake_likes_capitals_within_sentences_alone():
    plain = score("yake", "Many birds live here. Some kiwi birds dig.")["kiwi"]
    assert score("yake", "Many birds live here. Some Kiwi birds dig.")["kiwi"] > plain
    assert score("yake", "Many birds live here. Some KIWI birds dig.")["kiwi"] > plain
    begins = score("yake", "Many birds live here! Kiwi birds dig.")["kiwi"]
    assert begins == score("yake", "Many birds live here! kiwi birds dig.")["kiwi"]


def test_yake_leaves_out_words_with_digits_and_long_chinese_phrases():
    assert not [phrase for phrase in score("yake", "Base H2O stations near B52 sites") if any(map(str.isdigit, phrase))]
    document = read(CHINESE)
    assert max(len(each.norms) for each, _ in score_yake(document)) == 2
    assert max(len(each.norms) for each, _ in score_yake(read(ENGLISH))) == 3


def test_yake_drops_near_equals_of_better_candidates():
    text = (
        "Electrocardiogram monitor. Then an electrokardiogram monitor. A thermodynamikaron engine, thermodynamikaran."
    )
    every = score_yake(read(text), most_alike=1)
    for most_alike in (0.6, 0.8, 0.9):
        expected = []
        for each, _ in sorted(every, key=lambda pair: -pair[1]):
            phrase = " ".join(each.norms)
            if all(measure_likeness(phrase, other) <= most_alike for other in expected):
                expected.append(phrase)
        assert [" ".join(each.norms) for each, _ in score_yake(read(text), most_alike=most_alike)] == expected
        assert len(expected) < len(every)


def measure_likeness(text, other):
    """1 - edit distance / longer length, by its definition."""
    table = np.zeros((len(text) + 1, len(other) + 1), dtype=int)
    table[:, 0], table[0, :] = range(len(text) + 1), range(len(other) + 1)
    for row, column in np.ndindex(len(text), len(other)):
        changed = table[row, column] + (text[row] != other[column])
        table[row + 1, column + 1] = min(table[row, column + 1] + 1, table[row + 1, column] + 1, changed)
    return 1 - table[-1, -1] / max(len(text), len(other))


def test_sgrank_is_networkx_pagerank_of_the_weighed_graph():
    text = "wind turbine, wind turbine, sea, salt, sea"
    frequencies = Frequencies(15, {"sea": 3})
    scored = {each.norms: value for each, value in score_sgrank(read(text), frequencies=frequencies)}
    # Words and marks: 11, so that the window is 11. "wind" and "turbine" stand alone nowhere.
    places = {("wind", "turbin"): [0, 3], ("sea",): [6, 10], ("salt",): [8]}
    weights = {
        ("wind", "turbin"): 2 * 4 * math.log(12 / 1) * math.sqrt(2),
        ("sea",): 2 * 2 * math.log(12 / 7),
        ("salt",): 1 * 4 * math.log(12 / 9),
    }
    graph = networkx.Graph()
    for one in places:
        for other in places:
            if one < other:
                nearness = np.mean([math.log(11 / abs(a - b)) for a in places[one] for b in places[other]])
                graph.add_edge(one, other, weight=nearness * weights[one] * weights[other])
    assert scored == pytest.approx(networkx.pagerank(graph, tol=1e-12), abs=1e-6)


def test_sgrank_takes_nouns_adjectives_and_verbs_that_recur_in_long_texts():
    assert "quickly" not in " ".join(score("sgrank", "quickly turning wind turbines quickly"))
    filling = "the of " * 1200
    phrases = score("sgrank", "salt, wind, wind " + filling)
    assert list(phrases) == ["wind"]


def test_sgrank_keeps_a_hundred_nodes():
    words = [
        first + second + third for first in "bdfgk" for second in "aeiou" for third in ("mp", "nt", "rk", "lt", "sk")
    ]
    assert len(score_sgrank(read(", ".join(words)), frequencies=NONE)) == 100
