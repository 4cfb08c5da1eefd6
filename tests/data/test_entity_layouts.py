"""Column files as tools and hands write them: numbers in front, headers, commas, BILOU, types with blanks."""

import pytest
import toy
from toy import save

from zhlabel.data.entities import read_entity_examples
from zhlabel.data.entities.borders import is_bare
from zhlabel.data.tags import Entity
from zhlabel.data.tokenizer import Tokenizer

ROWS = [[("去", "O"), ("北", "B-LOC"), ("京", "I-LOC")], [("1", "O"), ("2", "O"), ("李", "B-PER")]]
EXPECTED = [("去北京", [Entity(1, 3, "LOC")]), ("12李", [Entity(2, 3, "PER")])]


def lay_out(form, *, between="\n", head=""):
    """Write ROWS, each line as the form says of: n (in its text, from 1), k (in the file, from 0), t (its text)."""
    numbers = iter(range(100))
    texts = [
        "".join(
            form.format(token=token, tag=tag, n=n, k=next(numbers), t=t) + "\n"
            for n, (token, tag) in enumerate(rows, 1)
        )
        for t, rows in enumerate(ROWS, 5)
    ]
    return head + between.join(texts)


FILES = {
    "numbers in front, tab": lay_out("{n}\t{token}\t{tag}"),
    "numbers in front, blank": lay_out("{n} {token} {tag}"),
    "numbers in front, of the file": lay_out("{k} {token} {tag}"),
    "numbers in front, more columns": lay_out("{n}\t{token}\tNN\t_\t{tag}"),
    "numbers in front, comments": lay_out("{n}\t{token}\t{tag}", head="# text = 去北京\n"),
    "numbers in front, no lines between": lay_out("{n}\t{token}\t{tag}", between=""),
    "numbers of the texts, no lines between": lay_out("{t}\t{token}\t{tag}", between=""),
    "numbers of the texts": lay_out("{t} {token} {tag}"),
    "CRLF and lines of blanks": lay_out("{token} {tag}", between=" \t\n").replace("\n", "\r\n"),
    "header": lay_out("{token}\t{tag}", head="char\tlabel\n"),
    "header, blanks": lay_out("{token} {tag}", head="word tag\n"),
    "header, the tag not last": lay_out("{token}\t{tag}\tNN", head="Token\tNER_tag\tPOS\n"),
    "header, blanks, the tag first": lay_out("{tag} {token}", head="tag token\n", between=" \n"),
    "header, commas": lay_out("{token},{tag}", head="token,tag\n"),
    "header, commas, a number in front": lay_out("{k},{token},{tag}", head=",字,标签\n", between="\r\n"),
    "header, commas, empty cells between": lay_out("{token},{tag}", head="token,tag\n", between=",\n"),
    "header, a sentence's number": lay_out(
        "Sentence: {t},{token},NN,{tag}", head="Sentence #,Word,POS,Tag\n", between=""
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_columns_are_read_in_every_layout(tmp_path, name):
    examples = read_entity_examples(save(tmp_path / "data", FILES[name]), warn=pytest.fail)
    assert [(example.text, list(example.entities)) for example in examples] == EXPECTED
    lines = FILES[name].split("\n")
    for example in examples:
        assert example.text[0] in lines[example.line - 1]


def test_a_sentence_number_on_its_first_line_alone_begins_a_text(tmp_path):
    content = 'Sentence #,Word,POS,Tag\nSentence: 1,去,VV,O\n,沪,NR,B-LOC\nSentence: 2,",",PU,O\n'
    examples = read_entity_examples(save(tmp_path / "data", content))
    assert [(example.text, example.line) for example in examples] == [("去沪", 2), (",", 4)]


def test_bilou_is_read_as_bioes(tmp_path):
    examples = read_entity_examples(save(tmp_path / "a", "北 B-x\n京 I-x\n市 L-x\n沪 U-y\n去 O\n"), warn=pytest.fail)
    assert list(examples[0].entities) == [Entity(0, 3, "x"), Entity(3, 4, "y")]
    notes = []
    read_entity_examples(save(tmp_path / "b", "北 B-x\n京 I-x\n去 O\n沪 B-x\n市 L-x\n"), warn=notes.append)
    assert notes[0].endswith("line 3: O after I-x")


def test_numbers_that_are_the_text_are_its_characters(tmp_path):
    for content in ("2 O\n0 O\n2 O\n4 O\n年 O\n", "1 O\n2 O\n3 O\n", "1\tB-x\n2\tI-x\n3\tO\n"):
        (example,) = read_entity_examples(save(tmp_path / "data", content))
        assert example.text == "".join(line[0] for line in content.splitlines())


def test_types_that_hold_blanks_are_whole_between_tabs(tmp_path):
    content = '去\tO\n北\tB-Org "A" O\n京\tI-Org "A" O\n\n好\tO\n'
    examples = read_entity_examples(save(tmp_path / "data", content), warn=pytest.fail)
    assert examples[0].entities == (Entity(1, 3, 'Org "A" O'),)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("1 北 B-x\n2 京 I-x\n3 市 LOC\n", ("line 3", 'found "LOC"', "name the columns in a first line")),
        ("token\ttag\tpos\n北\tB-x\tN\n京\tLOC\tN\n", ("line 3", 'found "LOC"')),
        ("tag token\nB-x 北\nO\n", ("line 3", "found 1 columns, expected 2")),
        ("token,tag\n北,B-x\n,O\n", ("line 3", "one column")),
        ("北 B-x NN\n京 I-x NN\n", ("line 1", 'found "NN"', "token<tab>tag<tab>pos")),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, content, parts):
    message = toy.refuse(read_entity_examples, save(tmp_path / "data", content))
    assert all(part in message for part in parts)


def test_characters_that_are_trimmed_are_those_without_a_token():
    vocabulary = {token: place for place, token in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]"))}
    characters = [chr(code) for code in (*range(0x2FF), 0x200B, 0x200D, 0x2028, 0x3000, 0xFE0F, 0xFEFF, 0xFFFD, 0xE000)]
    characters += [*"北京。、·éÅ①Ａ", "\u0301", "\U0001f600", "\U0001f3fb"]
    encodings = Tokenizer(vocabulary).encode(characters, max_length=8)
    bare = [length == 2 for length in encodings.lengths.tolist()]
    assert [is_bare(character) for character in characters] == bare
