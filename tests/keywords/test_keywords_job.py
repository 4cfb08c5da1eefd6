"""zhlabel.extract_keywords: keywords of texts in memory, from any folder, without a word on the screen."""

import pytest

import zhlabel
from zhlabel.cli.progress import Progress
from zhlabel.errors import InputError
from zhlabel.keywords.prepare import LEAST_CORPUS

TEXT = "河道清淤机器人在浅水区作业，清淤机器人的定位依靠声呐。"


class Notes(Progress):
    """A Progress that keeps its notes."""

    def __init__(self):
        self.lines, self.steps = [], []

    def note(self, text):
        self.lines.append(text)

    def step(self, done, total, note="", unit=""):
        self.steps.append((done, total, note))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_text_has_a_list_best_first_with_its_places_and_nothing_is_printed_or_written(elsewhere, capfd):
    texts = [TEXT, "", "Solar kilns dry timber slowly. Solar kilns need little power."]
    found = zhlabel.extract_keywords(texts, method="yake", top_k=3)
    assert [len(each) for each in found] == [3, 0, 3]
    for text, keywords in zip(texts, found, strict=True):
        assert [each["score"] for each in keywords] == sorted((each["score"] for each in keywords), reverse=True)
        for each in keywords:
            assert {text[start:end] for start, end in each["spans"]} == {each["keyword"]}
    assert zhlabel.extract_keywords(TEXT, method="yake", top_k=3) == found[:1]
    assert zhlabel.extract_keywords([], method="yake") == []
    assert capfd.readouterr() == ("", "") and not list(elsewhere.iterdir())


def test_words_are_counted_in_the_texts_where_they_are_enough():
    texts = [f"{TEXT}第{number}次" for number in range(LEAST_CORPUS)]
    few, many = Notes(), Notes()
    known = zhlabel.extract_keywords(texts[1:], progress=few)
    counted = zhlabel.extract_keywords(texts, progress=many)
    assert few.lines[-1] == "document frequencies: those of Chinese words that jieba brings along"
    assert many.lines == [f"document frequencies: of {LEAST_CORPUS} texts"]
    assert many.steps[-1] == (LEAST_CORPUS, LEAST_CORPUS, "counting")
    best, other = counted[1][0], known[0][0]
    assert best["score"] < other["score"], "what every text has is worth little"


def test_files_of_words_count(elsewhere):
    (elsewhere / "stop.txt").write_text("清淤\n机器人\n", encoding="utf-8")
    (elsewhere / "words.txt").write_text("依靠声呐 100000 n\n", encoding="utf-8")
    names = [
        {each["keyword"] for each in zhlabel.extract_keywords([TEXT], method="firstphrases", **options)[0]}
        for options in ({}, {"stop_words": elsewhere / "stop.txt"}, {"user_dictionary": str(elsewhere / "words.txt")})
    ]
    assert names[0] != names[1] and names[0] != names[2]


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (["x"], {"method": "tfdif"}, "the nearest is tfidf"),
        (["x"], {"method": ["tfidf"]}, "method=.*expected a text"),
        (["x"], {"top_k": 0}, "top_k=0: must be from 1"),
        (["x"], {"language": "fr"}, "language='fr': is not one of"),
        (["x", None], {}, r"texts\[1\] is None, expected a string"),
        (["x"], {"stop_words": "none.txt"}, "none.txt: there is no such file"),
        (["x"], {"method": "keybert", "checkpoint": "none"}, "none: there is no such folder"),
        (["x"], {"method": "kea"}, "runs/ holds no kea yet"),
        (["x"], {"method": "topicalpagerank"}, "expected a corpus of hundreds of documents"),
    ],
)
def test_what_can_not_be_done_is_refused_in_a_sentence(texts, options, message):
    with pytest.raises(InputError, match=message):
        zhlabel.extract_keywords(texts, **options)
