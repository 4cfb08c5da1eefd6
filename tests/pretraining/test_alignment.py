"""A teacher's tokens in the student's rows: none is lost, and those that are paired end at the same character."""

import itertools

import numpy as np
import toy

from zhlabel.pretraining.alignment import NO_PLACE, align_tokens
from zhlabel.pretraining.corpus import read_rows
from zhlabel.pretraining.masking import MaskedBatches, find_token_kinds

# Other ids, other special ids, longer words: "abb" is one token, where the student has a, ##b, ##b.
TEACHER = ["[PAD]", "[SEP]", "x", "[UNK]", "abb", "##22", "[CLS]", *"公司宣地震北京ab12，", "##2"]
TEXT = "公司abb地震\n宣122，北京ab\n\n地震abb abb 122公司\n"


def read(folder, *, max_length=8, text=TEXT, **options):
    toy.write_vocabulary(folder)
    (folder / "teacher.txt").write_text("".join(f"{token}\n" for token in TEACHER), encoding="utf-8")
    (folder / "raw.txt").write_text(text, encoding="utf-8")
    options = {"by_words": False, "teacher_vocabulary_file": folder / "teacher.txt", **options}
    return read_rows(folder / "raw.txt", folder / "vocab.txt", max_length=max_length, **options)


def spell(ids, vocabulary):
    return "".join(vocabulary[i].removeprefix("##") for i in ids)


def test_every_token_of_the_teacher_stands_in_one_row_in_its_order(tmp_path):
    rows = read(tmp_path)
    teacher = rows.teacher
    assert len(teacher.lengths) == len(rows) and teacher.token_ids.dtype == teacher.places.dtype == np.int32
    lines = [teacher.token_ids[a:b] for a, b in itertools.pairwise(teacher.starts)]
    assert all((line[0], line[-1]) == (6, 1) for line in lines)
    for document in (0, 1):
        found = [line[1:-1] for line, own in zip(lines, rows.documents, strict=True) if own == document]
        spelt = spell(np.concatenate(found), TEACHER)
        assert spelt == ["公司abb地震宣122，北京[UNK]", "地震abbabb122公司"][document]


def test_pairs_end_at_the_same_character_and_all_that_do_are_pairs(tmp_path):
    rows = read(tmp_path, max_length=40, text=4 * f"{TEXT}\n".replace("ab\n", "abb\n"))
    kinds = find_token_kinds({token: i for i, token in enumerate(toy.VOCABULARY)}, place="vocab.txt")
    options = {"masking": "token", "share": 0.2, "batch_size": 4, "dev_share": 0.5, "seed": 1}
    batches = MaskedBatches(rows, kinds, **options)
    for ids, _, _, teacher_ids, pairs in (next(batches.draw([0])), next(batches.draw_held_out())):
        found = set()
        for place, theirs in pairs:
            row, column = divmod(place, ids.shape[1])
            assert row == theirs // teacher_ids.shape[1]
            text = spell(ids[row, 1 : column + 1], toy.VOCABULARY)
            assert text == spell(teacher_ids[row, 1 : theirs % teacher_ids.shape[1] + 1], TEACHER)
            found.add((row, text))
        for row, (ours, other) in enumerate(zip(ids, teacher_ids, strict=True)):
            ours, other = ours[ours > 4], other[~np.isin(other, [0, 1, 6])]
            starts = {spell(ours[:n], toy.VOCABULARY) for n in range(1, len(ours) + 1)}
            assert {text for number, text in found if number == row} == starts & {
                spell(other[:n], TEACHER) for n in range(1, len(other) + 1)
            }


def test_a_token_across_the_end_of_a_row_stands_where_it_ends(tmp_path):
    rows = read(tmp_path, max_length=4, text="公abb司\n")  # rows: 公 a | ##b ##b | 司
    parts = [rows.teacher.token_ids[a + 1 : b - 1] for a, b in itertools.pairwise(rows.teacher.starts)]
    assert [spell(part, TEACHER) for part in parts] == ["公", "abb", "司"]
    places = [rows.teacher.places[a:b].tolist() for a, b in itertools.pairwise(rows.teacher.starts)]
    assert places == [[NO_PLACE, 1, NO_PLACE], [NO_PLACE, 2, NO_PLACE], [NO_PLACE, 1, NO_PLACE]]
    assert rows.teacher.aligned_share == 1.0


def test_of_tokens_that_one_character_became_the_last_belong_together():
    tokens, is_aligned = align_tokens(np.array([1, 2, 2, 2, 3]), np.array([1, 2, 2, 5]))
    assert tokens.tolist() == [0, 3, 3, 4] and is_aligned.tolist() == [True, False, True, False]


def test_processes_give_the_same_rows(tmp_path, monkeypatch):
    whole = read(tmp_path)
    monkeypatch.setattr("zhlabel.pretraining.corpus._CHUNK_CHARACTERS", 1)
    parts = read(tmp_path)
    for name in ("token_ids", "places", "starts"):
        assert np.array_equal(getattr(whole.teacher, name), getattr(parts.teacher, name))
