"""labels.py: which labels there are, in which order, and what happens to one that is unknown."""

import json

import numpy as np
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MultiLabelBinarizer

from zhlabel.data.examples import Example
from zhlabel.data.labels import (
    collect_labels,
    encode_classes,
    encode_labels,
    read_labels,
    settle_labels,
    weigh_classes,
    write_labels,
)
from zhlabel.errors import InputError


def make_examples(*labels):
    return [Example("文", tuple(each), "a.csv", line) for line, each in enumerate(labels, 2)]


def refuse(path, content):
    message = toy.refuse(read_labels, toy.save(path, content))
    assert message.startswith(str(path))
    return message


def test_labels_are_collected_in_order_of_first_appearance():
    assert collect_labels(make_examples(["起诉"], [], ["裁员", "起诉"], ["地震"])) == ("起诉", "裁员", "地震")


def test_data_without_any_label_is_refused_with_the_file_and_the_count():
    with pytest.raises(InputError, match=r"^a\.csv: none of the 2 texts has a label"):
        collect_labels(make_examples([], []))
    with pytest.raises(InputError, match="none of the 0 texts"):
        collect_labels([])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_label_json_is_read_by_id_whatever_the_order_of_its_lines(tmp_path, encoding):
    table = {str(i): f"类{i}" for i in reversed(range(12))}
    (tmp_path / "label.json").write_bytes(json.dumps(table, ensure_ascii=False).encode(encoding))
    assert read_labels(tmp_path / "label.json") == tuple(f"类{i}" for i in range(12))


def test_label_json_is_written_in_order_of_ids_with_chinese_readable(tmp_path):
    names = tuple(f"类{i}" for i in range(11))
    write_labels(names, tmp_path / "label.json")
    content = (tmp_path / "label.json").read_text(encoding="utf-8")
    assert content == "{\n" + ",\n".join(f'  "{i}": "类{i}"' for i in range(11)) + "\n}\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, unique=True))
def test_what_is_written_is_read_again(tmp_path_factory, names):
    path = tmp_path_factory.getbasetemp() / "label.json"
    write_labels(names, path)
    assert read_labels(path) == tuple(names)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"0": "裁员"', "is not JSON"),
        ('["裁员", "起诉"]', "expected an object of ids to label names"),
        ("{}", "expected an object of ids to label names"),
        ('{"0": 1}', "expected an object of ids to label names"),
        ('{"0": ""}', "expected an object of ids to label names"),
        ('{"1": "裁员", "2": "起诉"}', "the ids of its 2 labels must be 0 to 1"),
        ('{"0": "裁员", "2": "起诉"}', "must be 0 to 1"),
        ('{"00": "裁员"}', "must be 0 to 0"),
        ('{"裁员": "0"}', "must be 0 to 0"),
        ('{"0": "裁员", "1": "起诉", "2": "裁员"}', 'the label "裁员" occurs twice'),
        ('{"0": "裁员", "0": "起诉"}', "the id 0 occurs twice"),
    ],
)
def test_a_label_json_of_another_form_is_refused(tmp_path, content, problem):
    assert problem in refuse(tmp_path / "label.json", content)


def test_a_missing_label_json_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_labels(tmp_path / "label.json")


def test_an_earlier_order_is_kept_only_for_the_same_set_of_labels():
    assert settle_labels(("b", "a"), earlier=("a", "b")) == ("a", "b")
    assert settle_labels(("b", "a")) == ("b", "a")
    for earlier in (("a",), ("a", "b", "c"), ("a", "c")):
        assert settle_labels(("b", "a"), earlier=earlier) == ("b", "a")


def test_a_named_file_is_obeyed_even_against_the_earlier_order(tmp_path):
    write_labels(("c", "b", "a"), tmp_path / "mine.json")
    named = str(tmp_path / "mine.json")
    assert settle_labels(("b", "a"), named_file=named, earlier=("a", "b")) == ("c", "b", "a")


@given(st.lists(st.lists(st.sampled_from("abcde"), unique=True), min_size=1), st.permutations("abcde"))
def test_targets_equal_those_of_scikit_learn(labels, names):
    targets = encode_labels(make_examples(*labels), names)
    assert targets.dtype == bool
    assert np.array_equal(targets, MultiLabelBinarizer(classes=names).fit_transform(labels).astype(bool))


def test_no_examples_make_no_rows():
    assert encode_labels([], ("a", "b")).shape == (0, 2)


def test_an_unknown_label_is_named_with_its_place_the_nearest_and_the_odd_character():
    with pytest.raises(InputError) as caught:
        encode_labels(make_examples(["起诉"], ["组织关系–裁员"]), ("起诉", "组织关系-裁员"), source="mine.json")
    first, second, third = str(caught.value).split("\n")
    assert first == 'a.csv, line 3: the label "组织关系–裁员" is not one of the 2 in mine.json.'
    assert second == (
        'The closest is "组织关系-裁员": the file has en dash (U+2013) where the known label has hyphen-minus (U+002D).'
    )
    assert third.startswith("Correct the line") and "mine.json" in third


def test_an_unknown_label_that_resembles_none_is_named_without_a_guess():
    with pytest.raises(InputError) as caught:
        encode_labels(make_examples(["火山爆发"]), ("起诉", "裁员"))
    assert 'line 2: the label "火山爆发"' in str(caught.value) and "closest" not in str(caught.value)


def test_each_text_of_several_classes_has_one_id():
    classes = encode_classes(make_examples(["b"], ["a"], ["b"]), ("a", "b"))
    assert classes.tolist() == [1, 0, 1] and classes.dtype == np.int32


@pytest.mark.parametrize(("labels", "found"), [([], "no label"), (["a", "b"], r"2 labels \(a, b\)")])
def test_a_text_without_exactly_one_class_is_named_with_its_line(labels, found):
    with pytest.raises(InputError, match=f'line 3: the text has {found}, expected one.*TASK = "multi_label"'):
        encode_classes(make_examples(["a"], labels), ("a", "b"))


def test_balanced_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_sample_weight

    classes = np.array([0, 0, 0, 1, 2, 2])
    assert np.allclose(weigh_classes(classes, ("a", "b", "c"), "balanced"), compute_sample_weight("balanced", classes))


def test_given_weights_are_by_label_and_others_count_once():
    assert weigh_classes(np.array([0, 1, 2]), ("a", "b:c", "d"), "b:c:2.5| d:0").tolist() == [1, 2.5, 0]


@pytest.mark.parametrize("weights", ["balance", "e:2", "a:x", "a:2|", "a:nan", "a:-1", "a:inf"])
def test_a_weight_that_is_none_is_refused(weights):
    with pytest.raises(InputError, match=r'CLASS_WEIGHTS: ".*" is not a label with its weight.*"balanced".*a:2.0'):
        weigh_classes(np.array([0, 1]), ("a", "b"), weights)


@pytest.mark.parametrize("weights", ["a:1|a:2", "a:0|b:0"])
def test_weights_that_say_two_things_or_nothing_are_refused(weights):
    with pytest.raises(InputError, match="names a label twice, or leaves none that counts"):
        weigh_classes(np.array([0, 1]), ("a", "b"), weights)
