"""keywords/scoring.py and scoreboard.py: figures by hand, against scikit-learn and brute force, and what is printed."""

import csv
import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from zhlabel.io.delimited import write_csv
from zhlabel.keywords.evaluation.scoreboard import (
    DEFINITIONS,
    SCORE_COLUMNS,
    describe_gold,
    describe_scores,
    format_scoreboard,
    list_scores,
)
from zhlabel.keywords.evaluation.scoring import FIGURES, Scorer, find_hits, normalize, prepare_gold
from zhlabel.keywords.text.words import WordReader

ENGLISH, CHINESE = WordReader(language="en"), WordReader(language="zh")
RIVER = "Microplastics in rivers: rivers carry small plastics to the sea."
LAKE = "湖泊富营养化与蓝藻水华的遥感监测。"


def score(text, gold, keywords, *, reader=CHINESE):
    scorer = Scorer()
    scorer.add(prepare_gold(reader.read(text), gold), keywords)
    return scorer.summarize()


def test_the_figures_of_one_text_by_hand():
    gold = ["a", "b", "c", "d"]
    figures = score("x", gold, ["a", "x1", "b", "x2", "x3", "x4", "c"], reader=ENGLISH)["exact"]
    expected = {
        "precision@5": 2 / 5,
        "recall@5": 2 / 4,
        "f1-score@5": 4 / 9,
        "precision@10": 3 / 7,  # of the seven that are given, not of ten
        "recall@10": 3 / 4,
        "f1-score@10": 6 / 11,
        "precision@M": 3 / 7,
        "recall@M": 3 / 4,
        "f1-score@M": 6 / 11,
        "precision@O": 2 / 4,
        "recall@O": 2 / 4,
        "f1-score@O": 2 / 4,
        "MAP": (1 / 1 + 2 / 3 + 3 / 7) / 4,
        "acc": 3 / 4,
    }
    assert set(expected) == set(FIGURES)
    assert figures == pytest.approx(expected)


def test_f1_is_the_mean_of_the_texts_f1_and_texts_without_gold_are_left_out():
    scorer = Scorer()
    for gold, keywords in ((["甲"], ["甲"]), (["甲", "乙"], ["丙"]), (None, ["甲"]), ([], []), (["丁"], [])):
        scorer.add(prepare_gold(CHINESE.read("甲乙丙"), gold), keywords)
    figures = scorer.summarize()
    assert (figures["texts"], figures["texts_without_gold"], figures["gold"], figures["keywords"]) == (3, 2, 4, 2)
    assert figures["exact"]["f1-score@5"] == figures["exact"]["precision@O"] == pytest.approx(1 / 3)


def test_no_text_at_all_gives_zeros():
    figures = Scorer().summarize()
    assert figures["texts"] == 0 and set(figures["exact"].values()) == set(figures["loose"].values()) == {0}
    assert "0 texts with 0 gold keywords." in format_scoreboard({"tfidf": figures})


def test_figures_agree_with_scikit_learn():
    dice, scorer, totals = random.Random(7), Scorer(), dict.fromkeys(FIGURES, 0)
    names = [f"k{number}" for number in range(25)]
    for _ in range(60):
        gold, keywords = dice.sample(names, dice.randint(1, 8)), dice.sample(names, dice.randint(0, 14))
        scorer.add(prepare_gold(ENGLISH.read("x"), gold), keywords)
        for cut, length in {"5": 5, "10": 10, "M": len(keywords), "O": len(gold)}.items():
            predicted = keywords[:length]
            vectors = [[int(name in group) for name in names] for group in (gold, predicted)]
            values = precision_recall_fscore_support(*vectors, average="binary", zero_division=0)[:3]
            for figure, value in zip(("precision", "recall", "f1-score"), values, strict=True):
                totals[f"{figure}@{cut}"] += value / 60
    figures = scorer.summarize()
    for match in ("exact", "loose"):
        assert {name: figures[match][name] for name in FIGURES if "@" in name} == pytest.approx(
            {name: value for name, value in totals.items() if "@" in name}
        )
        assert figures[match]["acc"] == figures[match]["recall@M"]


def test_exact_forms_ignore_case_width_and_blanks():
    figures = score("x", ["ＢＥＲＴ模型", "Deep  Learning"], ["bert 模型", "deep learning"])
    assert figures["exact"]["f1-score@M"] == 1
    assert normalize("deep learning") != normalize("deeplearning")


def test_equal_keywords_count_once_at_their_first_rank_and_so_do_gold_ones():
    figures = score(RIVER, ["river", "rivers"], ["river", "rivers", "River", "sea"], reader=ENGLISH)
    assert figures["exact"]["precision@M"] == pytest.approx(2 / 3)  # river, rivers, sea
    assert figures["loose"]["precision@M"] == 1 / 2  # river, sea
    assert figures["loose"]["recall@M"] == 1
    assert (figures["gold"], figures["keywords"]) == (2, 3)


def test_english_is_compared_by_stems_and_never_by_parts():
    figures = score(RIVER, ["Small plastic", "river"], ["small plastics", "plastic"], reader=ENGLISH)
    assert (figures["exact"]["recall@M"], figures["loose"]["recall@M"]) == (0, 1 / 2)


def test_chinese_is_compared_by_containment_and_each_gold_keyword_counts_once():
    figures = score(LAKE, ["蓝藻水华"], ["蓝藻", "水华", "蓝藻水华"])
    assert figures["loose"]["precision@M"] == pytest.approx(1 / 3)
    assert figures["loose"]["recall@M"] == 1
    assert figures["exact"]["MAP"] == pytest.approx(1 / 3) and figures["loose"]["MAP"] == 1


def test_containment_leaves_a_gold_keyword_to_the_one_that_needs_it():
    assert find_hits(["监测", "遥感监测"], ["遥感监测", "水质监测"], may_contain=True) == [True, True]
    assert find_hits(["监测", "遥感监测"], ["遥感监测", "水质监测"]) == [False, True]


@given(
    keywords=st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=5),
    gold=st.lists(st.text("abc", min_size=1, max_size=3), unique=True, min_size=1, max_size=4),
)
def test_hits_are_as_many_pairs_as_can_be_made(keywords, gold):
    for may_contain in (False, True):
        hits = find_hits(keywords, gold, may_contain=may_contain)
        for length in range(len(keywords) + 1):
            filled = [*gold, *([None] * length)]
            best = max(
                sum(_fits(one, other, may_contain) for one, other in zip(keywords[:length], order, strict=True))
                for order in itertools.permutations(filled, length)
            )
            assert sum(hits[:length]) == best


def _fits(keyword, gold, may_contain):
    return gold is not None and (keyword == gold or (may_contain and (keyword in gold or gold in keyword)))


@given(
    keywords=st.lists(st.text("湖水华藻 a", max_size=3), max_size=8),
    gold=st.lists(st.text("湖水华藻 a", max_size=3), max_size=5),
    reader=st.sampled_from([ENGLISH, CHINESE]),
)
def test_no_figure_exceeds_one_and_the_loose_match_finds_no_less(keywords, gold, reader):
    figures = score("湖水藻华", gold, keywords, reader=reader)
    for name in FIGURES:
        assert 0 <= figures["exact"][name] <= 1 and 0 <= figures["loose"][name] <= 1
        if reader is CHINESE:
            assert figures["exact"][name] <= figures["loose"][name]


def test_gold_keywords_that_are_absent_are_counted_by_characters_and_by_words():
    gold = prepare_gold(CHINESE.read(LAKE), ["遥感 监测", "遥感", "感监", "无人机"])
    assert (gold.absent, gold.absent_as_words) == (1, 2)  # 感监 stands there, but across two words
    gold = prepare_gold(ENGLISH.read(RIVER), ["small plastic", "microplastic", "last", "river carries", "lake"])
    assert (gold.absent, gold.absent_as_words) == (2, 2)  # "river carries" only by stems, "last" only inside a word
    lines = describe_gold(score(LAKE, ["遥感", "感监", "无人机"], []))
    assert lines[0] == "1 texts with 3 gold keywords."
    assert lines[1].startswith("1 of the gold keywords (0.3333)") and lines[2].startswith("2 (0.6667)")


def make_board():
    scorers = {"firstphrases": Scorer(), "tfidf": Scorer()}
    for reader, text, gold, first, second in (
        (CHINESE, LAKE, ["蓝藻水华", "遥感"], ["湖泊", "遥感"], ["遥感", "蓝藻"]),
        (ENGLISH, RIVER, ["microplastics"], ["microplastic"], ["sea"]),
        (ENGLISH, RIVER, None, ["sea"], ["sea"]),
    ):
        for scorer, keywords in zip(scorers.values(), (first, second), strict=True):
            scorer.add(prepare_gold(reader.read(text), gold), keywords)
    return {name: scorer.summarize() for name, scorer in scorers.items()}


def test_the_scoreboard_is_aligned_marks_the_best_and_says_what_was_counted():
    lines = format_scoreboard(make_board()).split("\n")
    table = lines[2:5]
    assert " ".join(table[0].split()) == "method P@5 R@5 F1@5 P@10 R@10 F1@10 F1@M F1@O MAP acc"
    assert table[1].split()[1:5] == ["0.2500*", "0.2500*", "0.2500*", "0.2500*"]
    assert table[2].split()[-2:] == ["0.2500*", "0.2500*"]  # MAP: at rank 1, where the other has rank 2
    assert table[1].split()[-2:] == ["0.1250", "0.2500*"]
    ends = [[place for place, sign in enumerate(line + " ") if sign in " *" and line[place - 1] not in " *"]
            for line in table]  # fmt: skip
    assert ends[1][1:] == ends[2][1:] == ends[0][1:]
    assert max(map(len, lines)) <= 120
    text = "\n".join(lines)
    for part in ("exact match", "stemmed match, 1 English texts", "contained match, 1 Chinese texts", *DEFINITIONS):
        assert part in text
    assert "2 texts with 3 gold keywords. 1 texts without gold keywords are left out." in text


def test_a_single_method_has_no_star():
    assert "*" not in format_scoreboard({"tfidf": make_board()["tfidf"]})


def test_rows_and_json_hold_every_figure_unrounded(tmp_path):
    board = make_board()
    write_csv(list_scores(board), SCORE_COLUMNS, tmp_path / "a.csv")
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["method"], row["match"]) for row in rows] == list(itertools.product(board, ("exact", "loose")))
    for row in rows:
        assert {name: float(row[name]) for name in FIGURES} == board[row["method"]][row["match"]]
    value = json.loads(json.dumps(describe_scores(board)))
    assert value["methods"] == board and value["definitions"] == list(DEFINITIONS)
    assert "stemmed" in value["matches"]["loose"] and "contained" in value["matches"]["loose"]
