"""keywords/words.py, kinds.py, candidates.py, frequencies.py: what a word, a phrase and a document frequency are."""

import gzip

import pytest

from zhlabel.errors import InputError
from zhlabel.keywords.corpus import frequencies as frequencies_module
from zhlabel.keywords.corpus.frequencies import (
    Frequencies,
    add_frequencies,
    count_frequencies,
    read_frequencies,
    write_frequencies,
)
from zhlabel.keywords.text.candidates import find_ngrams, find_noun_phrases, gather
from zhlabel.keywords.text.kinds import tell_english_kind, tell_jieba_kind
from zhlabel.keywords.text.words import WordReader, read_stop_words, tell_language

ENGLISH = "Solar panels store energy. The energy of the sun heats a water tank."
CHINESE = "太阳能电池板储存能量。水箱的温度上升！"


def read(text, **options):
    return WordReader(**options).read(text)


def list_shapes(document):
    return [document.text[word.start : word.end] for word in document.words]


def list_phrases(document, candidates):
    words = document.words
    return [
        document.text[words[each.places[0]].start : words[each.places[0] + len(each.norms) - 1].end]
        for each in candidates
    ]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "用BERT模型\n做 分类，F1=0.9", "co-op's e-mail & 3.5 kg", " "])
def test_words_in_order_hold_every_character_that_is_no_blank(text):
    document = read(text)
    assert "".join(list_shapes(document)) == "".join(text.split())
    assert all(word.end <= after.start for word, after in zip(document.words, document.words[1:], strict=False))


def test_english_words_are_stemmed_and_lower_and_marks_are_kept():
    document = read("Networks, networking: WELL-known U.S.")
    assert [word.norm for word in document.words] == ["network", ",", "network", ":", "well-known", "u.", "."]
    assert [word.kind == "mark" for word in document.words] == [False, True, False, True, False, False, True]


def test_chinese_is_divided_by_the_dictionary_and_keeps_its_form():
    document = read("神经网络模型用GPU训练")
    assert list_shapes(document)[:2] == ["神经网络", "模型"]
    assert "gpu" in [word.norm for word in document.words]
    assert document.words[0].kind == "noun"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Snow fell. Ice grew! Why? Cold; wind", [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4]),
        ("about 3 cm. of ice", [0, 0, 0, 0, 0, 0]),
        ("雪。冰！水；\n风", [0, 0, 1, 1, 2, 2, 3]),
        ("one line\nTwo", [0, 0, 1]),
        ("a wrapped\n line", [0, 0, 0]),
        ("a line\n\nanother", [0, 0, 1]),
    ],
)
def test_sentences_end_at_their_marks_and_lines(text, sentences):
    assert [word.sentence for word in read(text).words] == sentences


def test_stop_words_are_told_and_can_be_replaced():
    assert [word.is_stop for word in read("the ice of lakes").words] == [True, False, True, False]
    own = read("the ice of lakes", stop_words={"ice"})
    assert [word.is_stop for word in own.words] == [False, True, False, False]
    assert [word.is_stop for word in read("湖泊的冰").words] == [False, True, False]


def test_the_language_is_told_by_the_share_of_chinese_letters():
    assert tell_language("冰 sea ice") == "zh"  # 1 of 7
    assert tell_language("冰 sea ice on the lake") == "en"  # 1 of 16
    assert tell_language("") == tell_language("123 …") == "en"
    assert read("冰 sea ice", language="en").language == "en"


def test_a_user_dictionary_adds_words_with_their_kinds(tmp_path):
    assert "蓝莓苔原站" not in list_shapes(read("他在蓝莓苔原站附近"))
    path = tmp_path / "words.txt"
    path.write_text("\n蓝莓苔原站 9 nt\n跑得飞快 v\n冰 ²\n", encoding="utf-8")
    document = read("他在蓝莓苔原站跑得飞快", user_dictionary=str(path))
    kinds = dict(zip(list_shapes(document), [word.kind for word in document.words], strict=True))
    assert (kinds["蓝莓苔原站"], kinds["跑得飞快"]) == ("noun", "verb")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("冰\n蓝莓 苔原 站 三\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"wrong\.txt, line 2: found '蓝莓 苔原 站 三', expected a word"):
        WordReader(user_dictionary=str(wrong))


def test_a_list_of_stop_words_skips_remarks_and_lower_cases(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_text("# remark\n\nThe\n的\n", encoding="utf-8")
    assert read_stop_words(path) == {"the", "的"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("noun", "network traffic anomaly retrieval results variable butterfly speed"),
        ("adjective", "linear robust noisy-free famous selective symbolic spatial early"),
        ("verb", "outperformed shows found applies"),
        ("other", "quickly 2024 3.5"),
    ],
)
def test_english_kinds_by_ending_and_list(kind, words):
    told = {word: tell_english_kind(word) for word in words.split()}
    assert set(told.values()) == {kind}, told


def test_jieba_flags_that_begin_with_n_are_nouns_and_unknown_ones_other():
    assert [tell_jieba_kind(flag) for flag in ("nz", "vn", "vd", "ad", "uj", "")] == [
        "noun", "noun", "verb", "adjective", "other", "other",
    ]  # fmt: skip


def test_ngrams_cross_no_mark_no_sentence_and_no_stop_word():
    document = read("red ice, blue\nLakes of salt")
    phrases = list_phrases(document, find_ngrams(document, longest=3))
    assert phrases == ["red", "red ice", "ice", "blue", "Lakes", "salt"]
    inside = list_phrases(document, find_ngrams(document, longest=3, stop_words_inside=True))
    assert inside == ["red", "red ice", "ice", "blue", "Lakes", "Lakes of salt", "salt"]


def test_phrases_of_one_normal_form_are_one_candidate_with_all_places():
    document = read("Frozen lake. Frozen lakes freeze.")
    found = {each.norms: each.places for each in find_ngrams(document, longest=2)}
    assert found["frozen", "lake"] == (0, 3)


def test_short_phrases_and_those_without_a_letter_are_none():
    english = read("AI 42 lake")
    assert list_phrases(english, find_ngrams(english, longest=1)) == ["lake"]
    chinese = read("冰 2024 湖泊", language="zh")
    assert list_phrases(chinese, find_ngrams(chinese, longest=1)) == ["湖泊"]


def test_noun_phrases_are_the_longest_runs_of_adjectives_then_nouns():
    document = read("The robust linear model quickly beats famous rivals and linear. Ice sheets robust lakes")
    assert list_phrases(document, find_noun_phrases(document)) == [
        "robust linear model", "beats", "famous rivals", "Ice sheets", "robust lakes",
    ]  # fmt: skip
    assert "robust linear model" not in list_phrases(document, find_noun_phrases(document, longest=2))


def test_gather_sorts_spans_by_place():
    document = read("alpine lake ice")
    assert [each.places for each in gather(document, [(2, 3), (0, 2), (0, 1)])] == [(0,), (0,), (2,)]


def test_a_phrase_counts_once_a_document():
    documents = [read("lake salt, lake salt"), read("salty lakes"), read("wind")]
    frequencies = count_frequencies(documents)
    assert frequencies.documents == 3
    assert [frequencies.count(norms) for norms in (("lake",), ("lake", "salt"), ("snow",))] == [2, 1, 0]
    assert [frequencies.weigh(norms) for norms in (("lake", "salt"), ("snow",))] == [1, 2]  # log2 4/2, log2 4/1


def test_of_too_many_phrases_the_rarer_are_forgotten(monkeypatch):
    monkeypatch.setattr(frequencies_module, "_MOST_PHRASES", 100)
    parts = [Frequencies(2, {"kiln": 2, **{f"{part} {number}": 2 for number in range(20)}}) for part in range(50)]
    counted = add_frequencies(parts)
    assert counted.documents == 100 and counted.count(("kiln",)) == 100
    assert len(counted.counts) <= 100


@pytest.mark.parametrize("name", ["df.tsv", "df.tsv.gz"])
def test_frequencies_come_back_as_written(tmp_path, name):
    frequencies = count_frequencies([read(CHINESE), read(ENGLISH)])
    write_frequencies(tmp_path / name, frequencies)
    assert read_frequencies(tmp_path / name) == frequencies
    packed = (tmp_path / name).read_bytes()
    assert (gzip.decompress(packed) if name.endswith("gz") else packed).startswith(b"#documents\t2\n")


@pytest.mark.parametrize(
    ("content", "line"),
    [("ice\t3\n", 1), ("#documents\tmany\n", 1), ("#documents\t2\nice 3\n", 2), ("#documents\t2\nice\t²\n", 2)],
)
def test_a_line_of_another_form_is_refused_with_its_number(tmp_path, content, line):
    path = tmp_path / "df.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=f"df.tsv, line {line}: found .* Count the table anew"):
        read_frequencies(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"df\.tsv is empty\. Count the table anew"):
        read_frequencies(path)


def test_a_table_that_can_not_be_written_is_told(tmp_path):
    with pytest.raises(InputError, match="can't be written"):
        write_frequencies(tmp_path, Frequencies(0, {}))
