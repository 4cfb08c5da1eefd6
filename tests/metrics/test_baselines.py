"""baselines.py: the linear model decides as scikit-learn's own, the dictionary as one written plainly; bounds hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from zhlabel.data.tags import Entity
from zhlabel.metrics import baselines
from zhlabel.metrics.baselines import (
    predict_dictionary,
    predict_linear,
    score_entity_baselines,
    score_multi_class_baselines,
    score_multi_label_baselines,
)
from zhlabel.metrics.classification import score_multi_class, score_multi_label
from zhlabel.metrics.entities import score_entities
from zhlabel.ngrams import linear

NAMES = ("起诉", "裁员", "收购", "涨价")
LINEAR = "TF-IDF and a linear SVM, trained on the same file"


def make_texts(seed, count):
    """Return texts of random characters with the words of their labels, and the labels."""
    generator = np.random.default_rng(seed)
    gold = generator.random((count, len(NAMES))) < 0.35
    filler = ["".join(generator.choice(list("公司今天在上海的会议宣布将于年底"), 12)) for _ in range(count)]
    texts = [text[:6] + "".join(np.array(NAMES)[row]) + text[6:] for text, row in zip(filler, gold, strict=True)]
    return texts, gold ^ (generator.random(gold.shape) < 0.05)


def judge_linear(train_texts, train_gold, texts):
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    model = OneVsRestClassifier(LinearSVC(random_state=1))
    return model.fit(features.fit_transform(train_texts), train_gold).predict(features.transform(texts))


def test_the_linear_model_decides_as_that_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(baselines, "_BATCH", 7)
    (train_texts, train_gold), (texts, gold) = make_texts(1, 150), make_texts(2, 40)
    decided = predict_linear(train_texts, train_gold, texts)
    assert decided.dtype == bool and (decided == judge_linear(train_texts, train_gold.astype(int), texts)).all()
    assert (decided == gold).mean() > 0.9
    classes = train_gold.argmax(axis=1)
    decided = predict_linear(train_texts, classes, texts)
    assert decided.shape == (40,) and (decided == judge_linear(train_texts, classes, texts)).all()


def test_a_label_without_texts_is_never_decided_and_one_of_every_text_always(monkeypatch, recwarn):
    texts, gold = make_texts(3, 60)
    gold[:, 1], gold[:, 2] = False, True
    decided = predict_linear(texts, gold, [*texts, "", "完全不同"])
    assert not decided[:, 1].any() and decided[:, 2].all() and 0 < decided[:, 0].mean() < 1
    classes = np.arange(60) % 4 + 1  # no text has the id 0
    decided = predict_linear([NAMES[label - 1] for label in classes], classes, [*NAMES, ""])
    assert decided[:4].tolist() == [1, 2, 3, 4] and decided[4] > 0
    monkeypatch.setattr(linear, "_PASSES", 1)
    assert predict_linear(texts, gold, texts).any() and not recwarn.list


@pytest.mark.parametrize("train_texts", [["裁员"], [""], ["", "甲"], ["乙", "甲"]])
def test_hardly_any_training_text_is_enough(train_texts):
    classes = np.arange(len(train_texts))
    assert predict_linear(train_texts, classes, ["甲", ""]).shape == (2,)
    assert predict_linear(train_texts, classes[:, None] == 0, ["甲"]).shape == (1, 1)


def test_only_the_commonest_n_grams_are_kept(monkeypatch):
    texts, _ = make_texts(4, 50)
    monkeypatch.setattr(baselines, "_FEATURES", 30)
    features, encode = baselines._fit_features(texts)
    assert features.shape == (50, 30) and encode(["裁员"]).shape == (1, 30)


def test_multi_label_baselines_are_scored_by_the_common_rules(monkeypatch):
    train, (texts, gold) = make_texts(5, 150), make_texts(6, 40)
    always = np.zeros_like(gold)
    always[:, 2] = True
    rows = score_multi_label_baselines(texts, gold, NAMES, commonest=2, train=train)
    answers = {"predicts nothing": gold & False, "always 收购": always, LINEAR: predict_linear(*train, texts)}
    assert list(rows) == list(answers)
    for name, decided in answers.items():
        scores = score_multi_label(decided, gold, NAMES)
        expected = {key: scores[key] for key in ("accuracy", "hamming_loss")}
        assert rows[name] == {**expected, "micro f1-score": scores["micro avg"]["f1-score"]}
    assert list(score_multi_label_baselines(texts, gold, NAMES, commonest=2)) == list(answers)[:2]


def test_a_sampled_training_says_so(monkeypatch):
    train_texts, train_gold = make_texts(7, 150)
    monkeypatch.setattr(linear, "_MOST_UNITS", 1000)
    chosen = linear.sample_rows([len(text) for text in train_texts], labels=4)
    train = (train_texts, train_gold)
    rows = score_multi_label_baselines(train_texts, train_gold, NAMES, commonest=0, train=train)
    name = f"TF-IDF and a linear SVM, trained on {len(chosen)} of the 150 texts of the same file"
    decided = predict_linear([train_texts[place] for place in chosen], train_gold[chosen], train_texts)
    assert rows[name]["accuracy"] == score_multi_label(decided, train_gold, NAMES)["accuracy"]


def test_multi_class_baselines_are_scored_by_the_common_rules():
    (train_texts, train_gold), (texts, gold) = make_texts(8, 150), make_texts(9, 40)
    train, gold = (train_texts, train_gold.argmax(axis=1)), gold.argmax(axis=1)
    rows = score_multi_class_baselines(texts, gold, NAMES, commonest=1, train=train)
    answers = {"always 裁员": np.full(40, 1), LINEAR: predict_linear(*train, texts)}
    assert list(rows) == list(answers)
    for name, decided in answers.items():
        scores = score_multi_class(decided, gold, NAMES)
        assert rows[name] == {"accuracy": scores["accuracy"], "macro f1-score": scores["macro avg"]["f1-score"]}
    assert list(score_multi_class_baselines(texts, gold, NAMES, commonest=1)) == ["always 裁员"]


def judge_dictionary(train_texts, train_entities, texts):
    """Do what ``predict_dictionary`` promises, word by word."""
    types = {}
    for text, entities in zip(train_texts, train_entities, strict=True):
        for entity in sorted(set(entities)):
            types.setdefault(text[entity.start : entity.end], []).append(entity.type)
    kept = {}
    for word, names in types.items():
        places = sum(text.startswith(word, start) for text in train_texts for start in range(len(text)))
        if len(names) >= places / 2:
            kept[word] = max(names, key=names.count)
    answers = []
    for text in texts:
        found, start = [], 0
        while start < len(text):
            words = [word for word in kept if text.startswith(word, start)]
            if words:
                word = max(words, key=len)
                found.append(Entity(start, start + len(word), kept[word]))
            start += len(max(words, key=len)) if words else 1
        answers.append(found)
    return answers


SENTENCES = st.text("甲乙丙", min_size=1, max_size=8).flatmap(
    lambda text: st.tuples(
        st.just(text),
        st.lists(
            st.tuples(st.integers(0, len(text) - 1), st.integers(1, 3), st.sampled_from(["人名", "地址"])).map(
                lambda each: Entity(each[0], min(each[0] + each[1], len(text)), each[2])
            ),
            max_size=4,
        ),
    )
)


@given(st.lists(SENTENCES, max_size=5), st.lists(st.text("甲乙丙丁", max_size=8), max_size=4))
def test_the_dictionary_finds_what_its_rule_says(sentences, texts):
    train = [text for text, _ in sentences], [entities for _, entities in sentences]
    assert predict_dictionary(*train, texts) == judge_dictionary(*train, texts)


def test_the_longest_wording_is_taken_from_left_to_right():
    train = ["上海", "上海大学", "大学城"], [[Entity(0, 2, "地址")], [Entity(0, 4, "机构")], [Entity(0, 3, "地址")]]
    assert predict_dictionary(*train, ["上海大学城"]) == [[Entity(0, 4, "机构")]]


def test_a_wording_that_is_mostly_no_entity_is_left_out():
    entities = [[Entity(0, 2, "地址")], [], []]
    assert predict_dictionary(["北京", "北京", "上海"], entities, ["去北京"]) == [[Entity(1, 3, "地址")]]
    assert predict_dictionary(["北京", "北京", "北京"], entities, ["去北京"]) == [[]]


def test_the_entity_baseline_is_scored_strictly():
    train = ["林晓东在上海"], [[Entity(0, 3, "人名"), Entity(4, 6, "地址")]]
    texts, gold = ["上海的林晓东", "北京"], [[Entity(0, 2, "地址"), Entity(3, 6, "人名")], [Entity(0, 2, "地址")]]
    scores = score_entities(predict_dictionary(*train, texts), gold, ("人名", "地址"))
    expected = {f"{average} f1-score": scores[f"{average} avg"]["f1-score"] for average in ("micro", "macro")}
    rows = score_entity_baselines(texts, gold, ("人名", "地址"), train=train)
    assert rows == {"a dictionary of the training entities": expected} and expected["micro f1-score"] == 0.8
    assert score_entity_baselines(texts, gold, ("人名", "地址")) == {}
