"""Kinds of English words, alone and among their neighbours."""

import pytest

from zhlabel.keywords.text.english import tell_english_kinds
from zhlabel.keywords.text.kinds import tell_english_kind


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("noun", "kiln timetable perspective reversal physician computing prize reports Segments librarian"),
        ("adjective", "larger smallest relevant Bayesian high-speed real-world tree-based linear periodic useful"),
        ("verb", "minimizes clarify predicting replaced undertaken distinguish"),
        ("other", "the Of 2010 rapidly whereas would according"),
    ],
)
def test_words_alone(kind, words):
    assert {word: tell_english_kind(word) for word in words.split()} == dict.fromkeys(words.split(), kind)


@pytest.mark.parametrize(
    ("line", "place", "kind"),
    [
        ("a way to dampen timber", 3, "verb"),
        ("the dampen to close", 1, "noun"),
        ("close to users", 2, "noun"),
        ("we dampen timber", 1, "verb"),
        ("The kiln dries the timber", 2, "verb"),
        ("In addition the timber", 1, "noun"),
        ("In this kiln the timber", 2, "noun"),
        ("by drying the timber", 1, "verb"),
        ("of distributed kilns", 1, "adjective"),
        ("Distributed kilns", 0, "adjective"),
        ("( distributed kilns )", 1, "adjective"),
        ("kilns distributed timber", 1, "verb"),
        ("use distributed kilns", 1, "verb"),
        ("build distributed kilns", 1, "adjective"),
        ("highly distributed kilns", 1, "adjective"),
        ("the solar drying shed", 2, "noun"),
        ("the building shed", 1, "noun"),
        ("the kiln was closed", 3, "verb"),
        ("the computed area", 1, "adjective"),
        ("a following fan", 1, "noun"),
        ("of fan-heater solar kilns", 1, "adjective"),
        ("of fan-heater kilns", 1, "noun"),
        ("timber , dry", 1, "mark"),
    ],
)
def test_words_among_neighbours(line, place, kind):
    assert tell_english_kinds(line.split())[place] == kind


def test_no_words_have_no_kinds():
    assert tell_english_kinds([]) == []
