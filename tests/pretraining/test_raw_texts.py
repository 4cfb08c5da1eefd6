"""Raw text to rows: nothing is lost, documents stay apart, words begin where jieba says."""

import gzip
import itertools
import lzma

import numpy as np
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from zhlabel.data.tokenizer import Tokenizer, read_vocabulary
from zhlabel.errors import InputError
from zhlabel.pretraining import corpus
from zhlabel.pretraining.corpus import cut_rows, find_word_starts, read_documents, read_rows

LINES = ["公司宣布裁员", "今天地震，有人说", "", "王小明今天在北京大学", "   ", "", "张三李四"]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def show(rows):
    """Return each row's tokens as one string."""
    return [
        "".join(toy.VOCABULARY[i].removeprefix("##") for i in rows.token_ids[begin + 1 : end - 1])
        for begin, end in zip(rows.starts[:-1], rows.starts[1:], strict=True)
    ]


def read(path, folder, **options):
    toy.write_vocabulary(folder)
    return read_rows(path, folder / "vocab.txt", **{"max_length": 12, **options})


def test_blank_lines_end_a_document_and_lines_are_one_each(tmp_path):
    found = list(read_documents(write(tmp_path / "a.txt", "\n\n" + "\n".join(LINES) + "\n\n\n")))
    assert found == [LINES[:2], [LINES[3]], [LINES[6]]]


def test_in_other_forms_each_text_is_a_document(tmp_path):
    path = write(tmp_path / "a.csv", "label,content\n裁员,公司裁员\n,地震\n,\n")
    assert list(read_documents(path)) == [["公司裁员"], ["地震"]]
    path = write(tmp_path / "a.jsonl", '"公司"\n{"text": "地震\\n\\n长江"}\n')
    assert list(read_documents(path)) == [["公司"], ["地震\n\n长江"]]


@pytest.mark.parametrize("ending,module", [("gz", gzip), ("xz", lzma)])
def test_packed_files_are_read(tmp_path, ending, module):
    path = tmp_path / f"a.txt.{ending}"
    path.write_bytes(module.compress("公司\n\n地震\n".encode()))
    assert list(read_documents(path)) == [["公司"], ["地震"]]


def test_refusals_name_the_file_as_it_was_given(tmp_path):
    (tmp_path / "cut.txt.xz").write_bytes(lzma.compress("公司".encode())[:-9])
    (tmp_path / "bad.txt.xz").write_bytes(lzma.compress(b"\xff\xff\xff"))
    (tmp_path / "bad.jsonl.xz").write_bytes(lzma.compress(b"{"))
    for name, said in (
        ("cut.txt.xz", "not a whole xz file"),
        ("bad.txt.xz", "neither UTF-8 nor GB18030"),
        ("bad.jsonl.xz", "line 1"),
        ("none.txt.xz", "no such file"),
        ("none.txt", "no such file"),
        ("a.doc", "Rename the file"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            list(read_documents(tmp_path / name))
        assert str(caught.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("text", ["", "\n \n\n"])
def test_a_file_without_text_is_refused(tmp_path, text):
    with pytest.raises(InputError, match=r"a\.txt holds no text"):
        read(write(tmp_path / "a.txt", text), tmp_path)


def test_short_lines_are_packed_long_ones_go_on_and_documents_stay_apart(tmp_path):
    rows = read(write(tmp_path / "a.txt", "\n".join(LINES)), tmp_path)
    assert rows.documents.tolist() == [0, 0, 1, 2] and rows.lengths.max() <= 12
    assert "".join(show(rows)[:2]) == "公司宣布裁员今天地震，有人说"
    assert show(rows)[2:] == ["王小明今天在北京大学", "张三李四"]
    assert (rows.token_ids[rows.starts[:-1]] == 2).all() and (rows.token_ids[rows.starts[1:] - 1] == 3).all()


@pytest.mark.parametrize("max_length", [4, 7, 128])
def test_no_token_is_lost_at_any_length_and_with_several_processes(tmp_path, max_length, monkeypatch):
    lines = [line * 3 for line in LINES if line.strip()] * 20
    path, seen = write(tmp_path / "a.txt", "\n\n".join(lines)), []
    monkeypatch.setattr(corpus, "_CHUNK_CHARACTERS", 200)
    rows = read(path, tmp_path, max_length=max_length, on_characters=seen.append)
    assert sum(seen) == sum(map(len, lines)) and len(seen) > 5
    table = Tokenizer(read_vocabulary(tmp_path / "vocab.txt")).encode(lines, max_length=1000)
    for document in range(len(lines)):
        of_it = np.flatnonzero(rows.documents == document)
        parts = [rows.token_ids[rows.starts[i] + 1 : rows.starts[i + 1] - 1] for i in of_it]
        whole = table.token_ids[table.starts[document] + 1 : table.starts[document + 1] - 1]
        assert np.array_equal(np.concatenate(parts), whole)
    assert rows.lengths.max() <= max_length
    monkeypatch.setattr(corpus, "_CHUNK_CHARACTERS", 10**9)  # one process
    alone = read(path, tmp_path, max_length=max_length)
    for one, other in zip(vars(rows).values(), vars(alone).values(), strict=True):
        assert np.array_equal(one, other)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 20))
def test_rows_are_as_few_as_hold_the_text_and_end_where_words_do(starts, room):
    starts = np.array([True, *starts])
    bounds = cut_rows(starts, room)
    sizes = np.diff(bounds)
    assert bounds[0] == 0 and bounds[-1] == len(starts) and sizes.min() >= 1 and sizes.max() <= room
    for begin, end in itertools.pairwise(bounds[:-1]):
        assert starts[end] or not starts[begin + 1 : end].any()
    if starts.all():
        assert len(sizes) == -(-len(starts) // room) and sizes.max() - sizes.min() <= 1


def test_words_begin_where_jieba_says_and_pieces_belong_to_their_word(tmp_path):
    toy.write_vocabulary(tmp_path)
    vocabulary = read_vocabulary(tmp_path / "vocab.txt")
    text = "王小明今天在北京大学，ab 22"
    table = Tokenizer(vocabulary).encode([text], max_length=100)
    ids, spans = table.token_ids[1:-1], table.offsets[1:-1]
    is_continuation = np.array([token.startswith("##") for token in vocabulary])[ids]
    starts = find_word_starts(text, spans, is_continuation)
    shown = "".join(("/" if start else "") + toy.VOCABULARY[i] for i, start in zip(ids, starts, strict=True))
    assert "/今天/在/北京大学/，/a##b/2##2" in shown


def test_a_piece_never_begins_a_word_even_where_jieba_divides():
    spans = np.array([[0, 1], [1, 2]])
    assert find_word_starts("我他", spans, np.array([False, False])).tolist() == [True, True]
    assert find_word_starts("我他", spans, np.array([False, True])).tolist() == [True, False]


def test_a_document_without_a_token_has_no_row(tmp_path):
    rows = read(write(tmp_path / "a.txt", "公司\n\n\ue000\n\n地震"), tmp_path)
    assert show(rows) == ["公司", "地震"] and rows.documents.tolist() == [0, 2]


def test_without_words_each_token_begins_one(tmp_path):
    path = write(tmp_path / "a.txt", "\n".join(LINES))
    assert read(path, tmp_path, by_words=False).word_starts.all()
    assert not read(path, tmp_path).word_starts.all()
