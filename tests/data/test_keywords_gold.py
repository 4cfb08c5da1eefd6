"""keywords/gold.py: gold keywords come out of every form alike, and doubtful ones are refused; the bundled files."""

import gzip
import itertools
import json

import pyarrow
import pyarrow.parquet
import pytest
import toy
from toy import refuse

from zhlabel.data.keywords import count_gold, read_gold, split_keywords
from zhlabel.data.texts import read_texts
from zhlabel.errors import InputError
from zhlabel.keywords.text.words import tell_language

DATA = toy.ROOT / "data"
EXPECTED = [("河水里的微塑料", ("微塑料", "河水")), ("无人认领", None), ("Ice, melting", ("sea ice",))]
RECORDS = [
    {"text": "河水里的微塑料", "keywords": [" 微塑料", "", "河水"]},
    {"text": "无人认领", "keywords": None},
    {"text": "Ice, melting", "keywords": ["sea ice"], "id": 3},
]
FORMS = {
    "a.csv": 'id,content,keywords\n1,河水里的微塑料,微塑料|河水\n2,无人认领,\n3,"Ice, melting",sea ice\n',
    "a.tsv": "keywords\ttext\n微塑料；河水\t河水里的微塑料\n \t无人认领\nsea ice\tIce, melting\n",
    "a.jsonl": "".join(json.dumps(record) + "\n" for record in RECORDS),
    "a.json": json.dumps(RECORDS, indent=1),
}


def save(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_keywords(tmp_path, name, packed):
    content = FORMS[name].encode()
    path = save(tmp_path / (name + ".gz" * packed), gzip.compress(content) if packed else content)
    assert list(read_gold(path)) == EXPECTED
    assert count_gold(path) == (3, 2)
    assert list(read_texts(path)) == [text for text, _ in EXPECTED]


def test_parquet_holds_lists_or_strings(tmp_path):
    texts, path = [text for text, _ in EXPECTED], tmp_path / "a.parquet"
    for column in ([["微塑料", "河水"], None, ["sea ice"]], ["微塑料|河水", "", "sea ice"]):
        pyarrow.parquet.write_table(pyarrow.table({"keywords": column, "text": texts}), path)
        assert list(read_gold(path)) == EXPECTED and count_gold(path) == (3, 2)
    pyarrow.parquet.write_table(pyarrow.table({"keywords": [7], "text": ["x"]}), path)
    assert "row 1: the keywords are 7, expected a list of strings" in refuse(read_gold, path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "keywords\n河水\n"),
        ("a.csv", "content\n河水\n"),
        ("a.csv", "content,,\n河水,1,2\n"),
        ("a.jsonl", '"河水"\n'),
        ("a.jsonl", '{"text": "河水"}\n'),
        ("a.json", "[]"),
        ("a.jsonl", ""),
    ],
)
def test_a_file_without_the_column_has_no_gold(tmp_path, name, content):
    path = save(tmp_path / name, content)
    assert count_gold(path)[1] == 0
    assert {keywords for _, keywords in read_gold(path)} <= {None}


@pytest.mark.parametrize(
    ("value", "keywords"),
    [
        ("a|b", ["a", "b"]),
        ("a; b|c、d", ["a; b", "c、d"]),
        ("a;b；c", ["a", "b", "c"]),
        ("红、白、黑", ["红", "白", "黑"]),
        ("retrieval, information; index", ["retrieval, information", "index"]),
        ("1,2-二氯乙烷", ["1,2-二氯乙烷"]),
        ("N,N-二甲基甲酰胺|", ["N,N-二甲基甲酰胺"]),
        (" 单个 ", ["单个"]),
        ("", []),
    ],
)
def test_a_string_is_divided_at_one_sign_only(value, keywords):
    assert split_keywords("here", value) == keywords


@pytest.mark.parametrize("value", ["a, b", "红，白", "a\nb", "N,N-二甲基甲酰胺", "红、白；黑"])
def test_a_doubtful_string_is_refused_with_its_place_and_the_remedy(tmp_path, value):
    path = save(tmp_path / "a.jsonl", '{"text": "x"}\n' + json.dumps({"text": "y", "keywords": value}))
    message = refuse(read_gold, path)
    assert "a.jsonl, line 2" in message and 'Write "|"' in message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "x", "keywords": ["a", 7]}', 'line 1: the keywords are ["a", 7], expected a list of'),
        ("a.jsonl", '{"text": "x", "keywords": {"a": 1}}', "line 1: the keywords are"),
        ("a.json", '[{"text": "x"}, {"text": "y", "keywords": 0}]', "line 1 (item 2): the keywords are 0"),
        ("a.jsonl", '{"text": "x", "keywords": ["\\ud83d"]}', "line 1: the text holds half a character"),
        ("a.jsonl", '{"keywords": ["a"]}', "the columns are keywords, and none of them is content"),
        ("a.csv", "keywords\na\n", "the columns are keywords, and none of them is content"),
        ("a.csv", "text,keywords,keywords\nx,a,b\n", "more than one of them is keywords"),
        ("a.csv", 'text,keywords\nx,a\ny,"b, c"\n', "line 3: the keywords 'b, c' have commas"),
    ],
)
def test_bad_gold_is_named_with_its_place(tmp_path, name, content, message):
    assert message in refuse(read_gold, save(tmp_path / name, content))


def test_an_unknown_ending_and_a_missing_file_stop_at_the_call(tmp_path):
    for function in (count_gold, read_gold):
        with pytest.raises(InputError, match=r"\.parquet"):
            function(tmp_path / "a.doc")
        with pytest.raises(InputError, match="no such file"):
            function(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="not a whole parquet file"):
        count_gold(save(tmp_path / "b.parquet", "PAR1 no more"))


def test_reading_is_lazy(tmp_path):
    rows = read_gold(save(tmp_path / "a.jsonl", '{"text": "x", "keywords": "a"}\nbad\n'))
    assert next(rows) == ("x", ("a",))
    with pytest.raises(InputError, match="line 2"):
        next(rows)


@pytest.mark.parametrize(
    ("name", "texts", "language"), [("train", 60, "zh"), ("test", 30, "zh"), ("english", 20, "en")]
)
def test_the_bundled_texts_have_keywords_that_nearly_all_stand_in_them(name, texts, language):
    path = DATA / f"keywords.{name}.jsonl"
    items = list(read_gold(path))
    assert count_gold(path)[1] and len({text for text, _ in items}) == texts
    for text, keywords in items:
        assert tell_language(text) == language and 80 <= len(text) <= (200 if language == "zh" else 400)
        assert 3 <= len(set(keywords)) == len(keywords) <= 6
    found = [keyword.lower() in text.lower() for text, keywords in items for keyword in keywords]
    assert 0.9 <= sum(found) / len(found) < 1


def test_no_two_bundled_texts_are_alike():
    texts = [text for name in ("train", "test") for text, _ in read_gold(DATA / f"keywords.{name}.jsonl")]
    grams = [{text[i : i + 4] for i in range(len(text) - 3)} for text in texts]
    assert max(len(one & other) / min(len(one), len(other)) for one, other in itertools.combinations(grams, 2)) < 0.1
