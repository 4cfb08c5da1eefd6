"""JSON with a form: what does not fit is named with its place, what was found and what was expected."""

import pytest

from zhlabel.errors import InputError
from zhlabel.io.json import Number, find_mismatch, read_form, write_json

FORM = {"task": ("ner", "multi_label"), "limit": Number(3, whole=True), "shares?": {str: Number(0, 1)}, "rows?": [str]}
GOOD = {"task": "ner", "limit": 3, "shares": {"裁员": 0.5, "收购": 1}, "rows": ["a"], "of a later version": None}


def test_what_fits_is_given_back(tmp_path):
    write_json(GOOD, tmp_path / "a.json")
    assert read_form(tmp_path / "a.json", FORM) == GOOD


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"task": "other"}, 'task is "other", expected one of ner, multi_label'),
        ({"task": ["ner"]}, 'task is ["ner"], expected one of'),
        ({"limit": 2}, "limit is 2, expected a whole number from 3"),
        ({"limit": 3.5}, "limit is 3.5, expected a whole number"),
        ({"limit": True}, "limit is true, expected a whole number"),
        ({"limit": None}, "limit is null, expected a whole number"),
        ({"shares": {"裁员": float("nan")}}, "shares.裁员 is NaN, expected a number from 0 to 1"),
        ({"shares": [0.5]}, "shares is [0.5], expected an object"),
        ({"rows": ["a", 1]}, "rows[1] is 1, expected a text"),
        ({"rows": "a"}, 'rows is "a", expected a list'),
        ({"rows": [["x" * 99]]}, "..., expected a text"),
    ],
)
def test_what_does_not_fit_is_named(change, problem):
    assert problem in find_mismatch({**GOOD, **change}, FORM)


def test_a_missing_key_and_another_kind_of_file_are_named(tmp_path):
    assert find_mismatch({"task": "ner"}, FORM) == "limit is missing"
    assert find_mismatch({"a": {}}, {"a": {"b": str}}) == "a.b is missing"
    write_json([1], tmp_path / "a.json")
    with pytest.raises(InputError, match=r"a\.json: the file is \[1\], expected an object\. Copy it again\."):
        read_form(tmp_path / "a.json", FORM, remedy="Copy it again.")


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000])
def test_what_is_not_json_is_named(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=r"a\.json is not JSON .*Restore it"):
        read_form(tmp_path / "a.json", FORM)
