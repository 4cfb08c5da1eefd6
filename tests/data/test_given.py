"""given.py: labelled texts in memory become a file that every task reads, the same texts the same file."""

import json

import numpy as np
import pandas as pd
import pytest
from toy import refuse

from zhlabel.data.entities import read_entity_examples
from zhlabel.data.examples import read_examples
from zhlabel.data.given import list_texts, name_data

PAIRS = [("公司宣布裁员", ["裁员"]), ("上海公司收购了北京公司，裁员", ["收购", "裁员"]), ("今天\n在北京", [])]
ROWS = [(text, tuple(labels)) for text, labels in PAIRS]
FORMS = {
    "pairs": PAIRS,
    "lists": [list(pair) for pair in PAIRS],
    "tuples": [(text, tuple(labels)) for text, labels in PAIRS],
    "dicts": [{"text": text, "label": labels, "id": 7} for text, labels in PAIRS],
    "frame": pd.DataFrame({"id": [1, 2, 3], "text": [text for text, _ in PAIRS], "label": [each for _, each in PAIRS]}),
    "frame of joined": pd.DataFrame([(text, "|".join(labels)) for text, labels in PAIRS], columns=["text", "label"]),
    "frame of missing": pd.DataFrame(
        [(text, "|".join(labels) or np.nan) for text, labels in PAIRS], columns=["content", "labels"]
    ),
    "frame of arrays": pd.DataFrame({"text": [text for text, _ in PAIRS], "label": [np.array(x) for _, x in PAIRS]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_back_as_it_was_given(tmp_path, form):
    path = name_data(FORMS[form], tmp_path / "new/folder")
    assert [(example.text, example.labels) for example in read_examples(path)] == ROWS


def test_the_same_texts_are_the_same_file_and_others_another(tmp_path):
    first = name_data(PAIRS, tmp_path)
    written = (tmp_path / first).stat().st_mtime_ns
    assert name_data(FORMS["dicts"], tmp_path) == first == name_data(FORMS["frame"], tmp_path)
    assert (tmp_path / first).stat().st_mtime_ns == written
    assert name_data(PAIRS[::-1], tmp_path) != first
    assert len(list(tmp_path.iterdir())) == 2 and first.startswith(tmp_path.as_posix())


def test_a_path_stays_as_it_is_and_nothing_is_written(tmp_path):
    assert name_data("a.csv", tmp_path / "no") == "a.csv" and name_data(tmp_path, tmp_path / "no") == str(tmp_path)
    assert not (tmp_path / "no").exists()


def test_entities_are_triples_or_dicts(tmp_path):
    triples = [("王小明在北京", [(0, 3, "PER"), (4, 6, "LOC")]), ("今天", [])]
    dicts = [
        {
            "text": "王小明在北京",
            "entities": [{"start": 0, "end": 3, "type": "PER"}, {"start": 4, "end": 6, "type": "LOC"}],
        },
        {"text": "今天", "entities": []},
    ]
    for data in (triples, dicts):
        examples = read_entity_examples(name_data(data, tmp_path))
        assert [(len(each.text), [tuple(one)[:3] for one in each.entities]) for each in examples] == [
            (6, [(0, 3, "PER"), (4, 6, "LOC")]),
            (2, []),
        ]


def test_labels_that_are_numbers_become_names(tmp_path):
    frame = pd.DataFrame({"text": ["一", "二"], "label": [1, 0]})
    assert [example.labels for example in read_examples(name_data(frame, tmp_path))] == [("1",), ("0",)]


def test_what_is_no_labelled_text_is_refused_with_the_forms_there_are(tmp_path):
    for data, found in ((7, "labelled texts are int"), (["公司"], "row 0 is '公司'"), ([("a", "b", "c")], "row 0 is")):
        message = refuse(name_data, data, tmp_path)
        assert message.startswith(found) and "pairs (text, labels)" in message
    assert not list(tmp_path.iterdir())


def test_texts_are_a_list_a_series_an_iterable_or_one_string():
    for texts in (["公司", ""], ("公司", ""), pd.Series(["公司", ""]), iter(["公司", ""]), np.array(["公司", ""])):
        assert list_texts(texts) == ["公司", ""]
    assert list_texts("公司") == ["公司"] and list_texts([]) == []
    assert refuse(list_texts, ["公司", None]).startswith("texts[1] is None, expected a string")
    assert "texts[0] is nan" in refuse(list_texts, pd.Series([np.nan]))


def test_a_file_of_texts_in_memory_is_json_lines(tmp_path):
    lines = (tmp_path / name_data(PAIRS, tmp_path)).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1]) == {"text": PAIRS[1][0], "label": ["收购", "裁员"]}
