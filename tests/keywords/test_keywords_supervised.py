"""Keyword methods that learn: Kea, the ranker, what they learn from, and the folders that keep them."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.keywords import train as learning
from zhlabel.keywords.corpus.frequencies import count_frequencies
from zhlabel.keywords.extract import choose_best
from zhlabel.keywords.prepare import find_run
from zhlabel.keywords.registry import METHODS
from zhlabel.keywords.supervised import ranker
from zhlabel.keywords.supervised.features import measure
from zhlabel.keywords.supervised.folder import (
    check_keyword_run,
    choose_new_folder,
    find_newest_keyword_run,
    load_keyword_model,
    read_keyword_run,
    take_words,
    write_keyword_run,
)
from zhlabel.keywords.supervised.kea import score_kea
from zhlabel.keywords.supervised.priors import Priors, mark_gold
from zhlabel.keywords.supervised.ranker import score_ranker
from zhlabel.keywords.supervised.views import find_ranked_candidates
from zhlabel.keywords.text.candidates import find_ngrams, find_noun_phrases
from zhlabel.keywords.text.words import WordReader
from zhlabel.keywords.train import cross_validate, read_examples, train
from zhlabel.runs.find import find_newest_run

ROOT = toy.ROOT
READER = WordReader()
CROPS = ("水稻", "小麦", "玉米", "大豆", "棉花", "油菜", "花生", "甘蔗")
ASPECTS = ("产量", "品质", "病害", "虫害", "灌溉", "施肥", "播种")
TOOLS = ("solar", "wind", "river", "tidal", "thermal", "nuclear")
PARTS = ("turbine", "panel", "battery", "cable", "sensor")


def make_records():
    """Return invented texts: the gold keyword stands behind 围绕 or after "about", other words stand around it."""
    records = []
    for number, crop in enumerate(CROPS):
        for place, aspect in enumerate(ASPECTS):
            other = CROPS[(number + 3) % len(CROPS)]
            text = f"山村老人种{other}。去年天气很好。我们围绕{crop}{aspect}展开讨论，村民参加会议。{other}价格上涨。"
            records.append({"content": text, "keywords": [f"{crop}{aspect}"]})
            tool, part = TOOLS[number % len(TOOLS)], PARTS[place % len(PARTS)]
            text = f"The old village saw rain. Farmers wrote about {tool} {part} yesterday. Village farmers liked rain."
            records.append({"content": text, "keywords": [f"{tool} {part}"]})
    return records


@pytest.fixture(scope="module")
def train_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keywords") / "train.jsonl"
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in make_records()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def examples(train_file):
    return read_examples(train_file)[0]


@pytest.fixture(scope="module")
def models(examples):
    return {method: train(method, examples) for method in ("ranker", "kea")}


@pytest.fixture
def runs_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def write(folder, method, models):
    write_keyword_run(folder, method, models[method], settings={"seed": 1}, data={"file": "a"}, scores={})


def list_phrases(text):
    document = READER.read(text)
    return {"|".join(each.norms) for each in find_ranked_candidates(document)}


def test_ranked_candidates_hold_joining_marks_and_one_stop_word_inside_alone():
    phrases = list_phrases("研究TCP/IP协议、 -温度和湿度和压力的变化")
    assert "tcp|/|ip|协议" in phrases and "温度|和|湿度" in phrases
    assert "温度|和|湿度|和|压力" not in phrases
    assert not {each for each in phrases if each.startswith(("-", "和", "、")) or each.endswith(("的", "和"))}
    assert not any("、" in each for each in phrases)
    assert list_phrases("土壤 -湿度") == list_phrases("土壤- 湿度") == {"土壤", "湿度"}
    assert list_phrases("土壤\n湿度") == {"土壤", "湿度"}


def test_ranked_candidates_include_all_ngrams():
    for text in (make_records()[0]["content"], make_records()[1]["content"]):
        document = READER.read(text)
        ngrams = {each.norms: each.places for each in find_ngrams(document, longest=6)}
        found = {each.norms: each.places for each in find_ranked_candidates(document)}
        assert ngrams and ngrams.items() <= found.items()


def test_measures_of_a_phrase_are_those_counted_by_hand():
    document = READER.read(
        "Solar panel. We saw a big solar panel, and a solar panel factory.\nSolar panel news, solar panel"
    )
    others = [READER.read(text) for text in ("A solar panel.", "Green trees.", "Solar winds.")]
    candidates = find_ranked_candidates(document)
    frequencies = count_frequencies([document, *others])
    values, names = measure(document, candidates, frequencies=frequencies, priors=Priors(), own=1)
    at = [each.norms for each in candidates].index(("solar", "panel"))
    row = dict(zip(names, values[at].tolist(), strict=True))
    assert (row["number"], row["words"], row["characters"], row["first"]) == (5, 2, 11, 0)
    assert (row["in_first_sentence"], row["in_last_sentence"]) == (1, 2)
    assert row["rarity"] == pytest.approx(np.log2(4 / 2)) and row["tfidf"] == pytest.approx(5)
    assert row["gap_left"] == pytest.approx(4 / 5) and row["gap_right"] == pytest.approx(
        3 / 5
    )  # big before; factory and news behind
    assert row["alone"] == 2 and row["longer"] == pytest.approx(1 / 5)
    assert row["most_word_number"] == 5 and row["golds"] == 0
    assert len(set(names)) == len(names) == values.shape[1]


@pytest.mark.parametrize(
    "text", ["水稻", "Rain", "水稻" * 300, "a\n\nSolar panel", "T-R/Q·Z 方法", "Panel panel panel"]
)
def test_measures_are_finite_for_odd_texts(text, models):
    document = READER.read(text)
    if candidates := find_ranked_candidates(document):
        values, _ = measure(document, candidates, frequencies=models["ranker"].frequencies, priors=Priors())
        assert values.dtype == np.float32 and np.isfinite(values).all()
    for method in models:
        assert all(np.isfinite(score) for _, score in METHODS[method].score(document, model=models[method]))


@pytest.mark.parametrize("text", ["", "。。！", "的 了", "42"])
def test_a_text_without_candidates_has_no_keywords(text, models):
    document = READER.read(text)
    assert score_ranker(document, model=models["ranker"]) == []
    assert score_kea(document, model=models["kea"]) == []


def test_priors_without_a_part_are_those_of_the_others(examples):
    def count(some):
        priors = Priors()
        for document, _, norms in some:
            candidates = find_ranked_candidates(document)
            priors.add(document, candidates, mark_gold(candidates, norms), norms)
        return priors

    whole = count(examples)
    left = whole.without(count(examples[:30]))
    assert left.to_json() == count(examples[30:]).to_json() != whole.to_json()
    again = Priors.from_json(json.loads(json.dumps(whole.to_json())))
    assert again.to_json() == whole.to_json()
    assert again.rate("left", "围绕") == whole.rate("left", "围绕") > 3 * whole.base
    assert whole.rate("left", "never seen") == pytest.approx(whole.base)


def test_no_document_is_trained_on_with_its_own_keywords_known(examples, monkeypatch):
    seen = []

    def spy(document, candidates, **options):
        values, names = measure(document, candidates, **options)
        seen.append((document, candidates, values, names))
        return values, names

    monkeypatch.setattr(ranker, "measure", spy)
    train("ranker", examples)
    wanted = {id(each.document): each for each in examples if each.document.language == "zh"}
    checked = 0
    for document, candidates, values, names in seen:
        if id(document) in wanted:
            at = mark_gold(candidates, wanted[id(document)].norms).index(True)
            assert values[at, names.index("golds")] == 0  # no other text has this keyword, so any count is its own
            assert values[at, names.index("share_of_documents")] == 0
            checked += 1
    assert checked == len(CROPS) * len(ASPECTS)


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("山村老人种土豆。我们围绕高粱收割展开讨论，村民参加会议。土豆价格上涨。", "高粱收割"),
        (
            "The old village saw rain. Farmers wrote about diesel engine yesterday. Village farmers liked rain.",
            "diesel engine",
        ),
    ],
)
def test_the_ranker_finds_a_keyword_it_has_never_seen(text, keyword, models):
    document = READER.read(text)
    assert choose_best(document, score_ranker(document, model=models["ranker"]), top_k=1)[0].text == keyword


def test_the_same_seed_gives_the_same_ranker_and_another_seed_another(examples, models):
    trees = {seed: train("ranker", examples, seed=seed).booster.model_to_string() for seed in (1, 2)}
    assert trees[1] == models["ranker"].booster.model_to_string() != trees[2]


def test_kea_weighs_its_features_as_scikit_learns_naive_bayes(examples, models):
    from sklearn.naive_bayes import CategoricalNB

    model, rows, marks = models["kea"], [], []
    for document, _, norms in examples:
        candidates = find_ngrams(document) if document.language == "zh" else find_noun_phrases(document)
        for each in candidates:
            others = model.frequencies.count(each.norms) - 1
            tfidf = len(each.places) * np.log2(len(examples) / (1 + others))
            rows.append((tfidf, each.places[0] / len(document.words)))
        marks += mark_gold(candidates, norms)
    bins = np.stack(
        [np.digitize(column, cuts) for column, cuts in zip(np.array(rows).T, model.borders, strict=True)], 1
    )
    judge = CategoricalNB(alpha=1, min_categories=[len(cuts) + 1 for cuts in model.borders]).fit(bins, marks)
    for weights, (of_others, of_gold) in zip(model.weights, judge.feature_log_prob_, strict=True):
        assert len(weights) > 3
        np.testing.assert_allclose(weights, of_gold - of_others)


def test_cross_validation_scores_each_text_by_a_model_that_has_not_seen_it(examples, monkeypatch):
    trained_on, scored = [], []

    def train_and_note(method, some, **options):
        trained_on.append({id(each.document) for each in some})
        return train(method, some, **options)

    def score_and_note(document, *, model):
        scored.append(id(document))
        assert id(document) not in trained_on[-1]
        return score_ranker(document, model=model)

    monkeypatch.setattr(learning, "train", train_and_note)
    monkeypatch.setitem(METHODS, "ranker", dataclasses.replace(METHODS["ranker"], score=score_and_note))
    figures = cross_validate("ranker", examples, folds=2)
    assert sorted(scored) == sorted(id(each.document) for each in examples)
    assert {each["texts"] for each in figures.values()} == {len(examples)}
    assert figures["ranker"]["exact"]["MAP"] > 1.3 * figures["tfidf"]["exact"]["MAP"] > 0
    assert cross_validate("ranker", examples, folds=2) == figures


def test_given_frequencies_are_used_and_kept(examples):
    given = count_frequencies([READER.read("水稻产量很高。")] * 3)
    for method in ("ranker", "kea"):
        assert train(method, examples, frequencies=given).frequencies is given


@pytest.mark.parametrize("method", ["ranker", "kea"])
def test_a_run_scores_as_the_model_it_was_written_from(method, models, runs_folder):
    folder = choose_new_folder(method)
    write(folder, method, models)
    assert folder.as_posix() == f"runs/keywords-{method}-1"
    assert read_keyword_run(folder)["versions"].keys() >= {"numpy", "jieba"}
    loaded = load_keyword_model(folder, method)
    for record in make_records()[:6]:
        document = READER.read(record["content"])
        score = METHODS[method].score
        assert score(document, model=loaded) == score(document, model=models[method]) != []


def test_the_newest_run_of_a_method_is_found_and_is_no_classification_run(models, runs_folder):
    with pytest.raises(InputError, match=r"runs/ holds no kea yet.*keyword_train\.py --method kea"):
        find_newest_keyword_run("kea")
    for age, name in enumerate(("keywords-kea-1", "keywords-kea-2", "keywords-ranker-1")):
        write(runs_folder / name, name.split("-")[1], models)
        os.utime(runs_folder / name / "keywords.json", (100 + age, 100 + age))
    assert find_newest_keyword_run("kea").name == "keywords-kea-2"
    assert find_newest_keyword_run("ranker").name == "keywords-ranker-1"
    for_json = json.loads(json.dumps([find_run("kea", ""), find_run("kea", "keywords-kea-1")]))
    assert list(map(Path, for_json)) == [Path("runs/keywords-kea-2"), Path("runs/keywords-kea-1")]
    with pytest.raises(InputError, match="no finished training yet"):
        find_newest_run()


def test_a_run_is_never_overwritten(models, runs_folder):
    write(runs_folder / "mine", "kea", models)
    with pytest.raises(InputError, match=r"--run mine.*not overwritten. Free is: runs/keywords-kea-1"):
        choose_new_folder("kea", "mine")
    write(choose_new_folder("kea"), "kea", models)
    assert choose_new_folder("kea").name == "keywords-kea-2"


def test_a_run_that_does_not_fit_is_refused(models, runs_folder):
    folder = runs_folder / "keywords-ranker-1"
    with pytest.raises(InputError, match=r"no keywords\.json"):
        load_keyword_model(folder, "ranker")
    write(folder, "ranker", models)
    with pytest.raises(InputError, match="is a run of ranker, expected kea"):
        load_keyword_model(folder, "kea")
    record = json.loads((folder / "keywords.json").read_text(encoding="utf-8"))
    (folder / "keywords.json").write_text(json.dumps({**record, "format": 99}))
    with pytest.raises(InputError, match="format 99, expected 2"):
        load_keyword_model(folder, "ranker")


@pytest.mark.parametrize("method", ["ranker", "kea"])
def test_every_file_of_a_run_is_bound_to_its_record(method, models, runs_folder, tmp_path):
    folder, words = runs_folder / "mine", tmp_path / "words.txt"
    words.write_text("云图\n", encoding="utf-8")
    settings = {"user_dictionary": str(words)}
    write_keyword_run(folder, method, models[method], settings=settings, data={}, scores={})
    bound = read_keyword_run(folder)["files"]
    assert {path.name for path in folder.iterdir()} == {"keywords.json", *bound} and len(bound) > 2
    for name in bound:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(InputError, match=rf"{name} is not the file that keywords\.json tells of\. Copy the run"):
            load_keyword_model(folder, method)
        (folder / name).unlink()
        with pytest.raises(InputError, match=rf"{name} is missing"):
            load_keyword_model(folder, method)
        (folder / name).write_bytes(whole)
    assert check_keyword_run(folder, method) == ""


def test_a_run_of_before_the_hashes_loads_with_a_note_and_what_can_not_be_read_is_named(models, runs_folder):
    folder = runs_folder / "keywords-ranker-1"
    write(folder, "ranker", models)
    record = json.loads((folder / "keywords.json").read_text(encoding="utf-8"))
    del record["files"]
    (folder / "keywords.json").write_text(json.dumps({**record, "format": 1}))
    assert "format 1, which has no hashes, so its files can't be checked" in check_keyword_run(folder, "ranker")
    load_keyword_model(folder, "ranker")
    (folder / "model.txt").write_text("no trees\n")
    with pytest.raises(InputError, match="model can't be read"):
        load_keyword_model(folder, "ranker")


def test_too_few_texts_are_refused_and_those_without_keywords_counted(tmp_path, train_file):
    lines = train_file.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "few.jsonl"
    path.write_text("\n".join([*lines[:19], json.dumps({"content": "雨天", "keywords": []})]), encoding="utf-8")
    with pytest.raises(InputError, match=r"few\.jsonl: 19 texts .* at least 20 .*1 have none"):
        read_examples(path)
    path.write_text("\n".join([*lines[:20], json.dumps({"content": "雨天", "keywords": []})]), encoding="utf-8")
    examples, without = read_examples(path)
    assert (len(examples), without) == (20, 1)


def test_the_script_cross_validates_trains_and_writes(train_file, tmp_path):
    def call(*flags):
        command = [sys.executable, ROOT / "keyword_train.py", "--train-file", train_file, *flags]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

    done = call("--folds", "2", "--method", "kea")
    assert (done.returncode, done.stderr) == (0, "")
    assert "tfidf    F1@5 0." in done.stdout and "kea      F1@5 0." in done.stdout
    record = read_keyword_run(tmp_path / "runs/keywords-kea-1")
    assert record["data"]["texts"] == len(make_records()) and set(record["scores"]) == {"tfidf", "kea"}
    refused = call("--folds", "1")
    assert refused.returncode == 2 and "--folds 1" in refused.stderr


def test_words_are_divided_as_the_runs_have_learned_them(models, tmp_path):
    words, other = tmp_path / "words.txt", tmp_path / "other.txt"
    words.write_text("云图\n", encoding="utf-8")
    other.write_text("星图\n", encoding="utf-8")
    for name, settings in (("with", {"user_dictionary": str(words)}), ("without", {})):
        write_keyword_run(tmp_path / name, "kea", models["kea"], settings=settings, data={}, scores={})
    with_words, without = tmp_path / "with", tmp_path / "without"
    assert take_words([with_words], stop_words="", user_dictionary="") == ("", str(with_words / "user_dictionary.txt"))
    assert take_words([with_words], stop_words="", user_dictionary=str(words)) == ("", str(words))
    assert take_words([without], stop_words="", user_dictionary="") == ("", "")
    for folders, given in (([with_words], other), ([without], words), ([without, with_words], "")):
        with pytest.raises(InputError, match="same file, and was not"):
            take_words(folders, stop_words="", user_dictionary=str(given))
