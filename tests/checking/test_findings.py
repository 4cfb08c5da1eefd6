"""checking: each finding has its text, its places and its weight; of what is right nothing is said."""

import re

import numpy as np
import pytest
from toy_check import LETTERS, OTHER, PLAIN, TOKENIZER, check, make_part

from zhlabel.checking import counts
from zhlabel.checking.text import format_report, format_summary


def find(report):
    return {each["kind"]: each for each in report["findings"]}


ENTITIES = [(f"{text}是", ((0, 2, "PER"),)) for text, _ in PLAIN]
OTHER_ENTITIES = [(f"{text}和", ((0, 2, "PER"),)) for text, _ in PLAIN]


def test_of_right_files_nothing_is_said():
    assert check(OTHER)["findings"] == []
    assert check(ENTITIES, OTHER_ENTITIES, task="ner")["findings"] == []


# kind -> (rows before those that are right, task, whether it needs attention, the summary, places)
CASES = {
    "blank_texts": (
        [("", ("裁员",)), (" \u200b", ("收购",)), ("人 ", ("收购",))],
        "multi_label",
        (True, "2 of 803 texts are empty, or hold nothing that has a token"),
        ["train.csv, line 2", "train.csv, line 3"],
    ),
    "long_texts": (
        [("公司" * 10, ("裁员",))],
        "multi_label",
        (
            False,
            "1 of 801 texts have more than 20 tokens and are cut, which loses 0.001 of all tokens; the longest has 22",
        ),
        ["train.csv, line 2"],
    ),
    "unknown_tokens": (
        [("囧人囧", ("裁员",)), ("xyz人", ("裁员",))],
        "multi_label",
        (False, "3 of 2,005 tokens are [UNK], a share of 0.0015, in 2 of 802 texts: 囧 (2), xyz (1)"),
        ["train.csv, line 2", "train.csv, line 3"],
    ),
    "dropped_characters": (
        [("人\u200b\ufeff人", ("裁员",)), ("人\u3000\n人\u200b大", ("裁员",))],
        "multi_label",
        (
            False,
            "2 of 802 texts hold characters that the tokenizer leaves out: U+200B zero width space (2), "
            "U+FEFF zero width no-break space (1)",
        ),
        [
            "train.csv, line 2: U+200B zero width space, U+FEFF zero width no-break space",
            "train.csv, line 3: U+200B zero width space",
        ],
    ),
    "unlabelled_texts": (
        [("人大学", ())],
        "multi_label",
        (False, "1 of 801 texts have no label"),
        ["train.csv, line 2"],
    ),
    "several_labels": (
        [("人大学", ("裁员", "收购"))],
        "multi_class",
        (True, "1 of 801 texts have more than one label"),
        ["train.csv, line 2: 裁员, 收购"],
    ),
    "similar_labels": (
        [("人大学", ("裁 员", "裁\u200b员")), ("王人大", ("ＡＢ", "ab"))],
        "multi_label",
        (
            True,
            "5 of 6 labels differ only by width, case, blanks or invisible characters: "
            '"裁员" (400) and "裁 员" (1) and "裁\\u200b员" (1); "ＡＢ" (1) and "ab" (1)',
        ),
        ["train.csv, line 2: 裁 员", "train.csv, line 2: 裁\\u200b员", "train.csv, line 3: ab"],
    ),
    "rare_labels": (
        [
            ("人大学", ("地震", "上市")),
            *((f"人大学{each}", ("上市",)) for each in LETTERS[:3]),
            ("王人大", ("起诉",) * 1),
        ],
        "multi_label",
        (True, "3 of 5 labels have fewer than 5 train texts: 起诉 (1), 地震 (1), 上市 (4)"),
        ["train.csv, line 6: 起诉", "train.csv, line 2: 地震", "train.csv, line 2: 上市"],
    ),
    "missing_labels": (
        [(f"人大学{each}", ("上市",)) for each in LETTERS],
        "multi_label",
        (False, "1 of 3 labels have no dev text: 上市 (20)"),
        [],
    ),
    "conflicting_texts": (
        [("人大学", ("裁员",)), ("人大学", ("裁员",)), (" 人大学\n", ("收购",))],
        "multi_label",
        (True, "1 of 801 texts are labelled in more than one way, in 3 rows"),
        ["train.csv, line 2; train.csv, line 3; train.csv, line 4"],
    ),
    "shared_texts": (
        [PLAIN[5], (f"{PLAIN[3][0]} ", PLAIN[3][1]), PLAIN[5]],
        "multi_label",
        (True, "2 of 400 dev texts are train texts too, so dev scores flatter"),
        ["dev.csv, line 5 is train.csv, line 3", "dev.csv, line 7 is train.csv, line 2"],
    ),
    "repeated_texts": (
        [("人大学", ("裁员",)), ("人大学", ("裁员",))],
        "multi_label",
        (False, "1 of 802 texts stood before in their file with the same labels (train 1)"),
        ["train.csv, line 3"],
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_wrong_is_found_counted_placed_and_weighed(kind):
    rows, task, (is_serious, summary), places = CASES[kind]
    found = find(check([*rows, *OTHER], task=task))[kind]
    assert (found["summary"], found["is_serious"]) == (summary, is_serious)
    assert found["places"] == tuple(places) and found["next_step"].endswith(".")


LOST = [
    (("人大 学", ((0, 3, "PER"),)), "with a border on a blank or on a character without a token", "PER 人大 "),
    (("人大学", ((0, 3, "PER"), (1, 2, "PER"))), "overlapping a longer one", "PER 大"),
    (("人xyz", ((1, 3, "PER"),)), "begun or ended inside a token", "PER xy"),
    (("人大" * 10, ((16, 19, "PER"),)), "beyond the length limit", "PER 人大人"),
]


@pytest.mark.parametrize(("row", "reason", "seen"), LOST)
def test_an_entity_that_cant_be_found_is_named_with_its_reason(row, reason, seen):
    found = find(check([row, *ENTITIES], OTHER_ENTITIES, task="ner", long_text="cut"))["lost_entities"]
    total = 801 + len(row[1]) - 1
    assert found["summary"] == f"1 of {total:,} entities can't be found: {reason}"
    assert found["places"] == (f"train.csv, line 2: {seen}",)
    assert found["is_serious"] == ("blank" in reason)


def test_many_entities_that_cant_be_found_need_attention_whatever_the_reason():
    rows = [(f"{text}xyz", ((2, 4, "PER"),)) for text, _ in PLAIN[:20]]
    assert find(check([*rows, *ENTITIES], OTHER_ENTITIES, task="ner"))["lost_entities"]["is_serious"]


def test_blank_texts_are_not_equal_texts_and_five_are_not_rare():
    rows = [("", ("裁员",)), (" ", ("收购",)), *((f"人{each}大", ("上市",)) for each in LETTERS[:5])]
    assert [each["kind"] for each in check([*rows, *OTHER])["findings"]] == ["blank_texts", "missing_labels"]


def test_of_what_is_to_be_changed_all_places_are_kept_and_five_are_shown():
    rows = [("人大学", ("上市",)), *OTHER[:9], ("人大学", ("裁员",)), *((text, ("上市",)) for text, _ in OTHER[:9])]
    report = check([*rows, *OTHER], [*PLAIN, *OTHER[:8]])
    found = find(report)
    assert len(found["conflicting_texts"]["places"]) == 10 and len(found["shared_texts"]["places"]) == 8
    assert found["conflicting_texts"]["places"][0] == "train.csv, line 2; train.csv, line 12"
    text = format_report(report)
    assert "    5 more in report.json\n" in text and "    3 more in report.json\n" in text


def test_what_needs_attention_comes_first():
    found = check([("人大学", ("地震",)), ("人大学", ()), ("囧", ("裁员",)), *OTHER])["findings"]
    marks = [each["is_serious"] for each in found]
    assert marks == sorted(marks, reverse=True) and len(set(marks)) == 2


def test_a_label_of_dev_alone_is_found():
    found = find(check(OTHER, [("人大学", ("地震",)), *PLAIN]))["foreign_labels"]
    assert found["summary"] == "1 of 3 dev labels are not in train: 地震 (1)"
    assert found["is_serious"] and found["places"] == ("dev.csv, line 2: 地震",)


def test_a_label_that_only_a_label_file_names_is_rare_and_no_foreign_one():
    report = check(OTHER, [("人大学", ("地震",)), *PLAIN], names=("地震", "裁员", "收购"))
    found = find(report)
    assert found["rare_labels"]["summary"].endswith("train texts: 地震 (0)") and not found["rare_labels"]["places"]
    assert "foreign_labels" not in found and report["parts"]["train"]["different_labels"] == 2


@pytest.mark.parametrize(
    ("task", "dev", "begin"),
    [
        ("multi_label", PLAIN[:50], "dev has 50 labels, too few to choose a threshold on"),
        ("multi_class", PLAIN[:50], "dev has 50 labels, too few to choose the best epoch on"),
        ("ner", OTHER_ENTITIES[:50], "dev has 50 entities, too few to choose the best epoch on"),
        ("multi_label", None, "there is no dev file, and the share of train that is set aside has about 40 labels"),
    ],
)
def test_a_dev_that_is_too_small_is_told_with_what_that_means(task, dev, begin):
    found = find(check(ENTITIES if task == "ner" else OTHER, dev, task=task))["small_dev"]
    assert found["summary"].startswith(begin) and found["is_serious"]
    assert dev is None or found["summary"].endswith("a recall measured on them is uncertain by 0.14 either way")


def test_the_share_that_is_set_aside_is_the_trainings():
    from zhlabel.checking.labels import DEV_SHARE
    from zhlabel.training.settings import TrainingSettings

    assert TrainingSettings().dev_share == DEV_SHARE


@pytest.mark.parametrize(
    ("kind", "rows", "task"),
    [
        ("long_texts", [("公司" * 10 + a, ("裁员",)) for a, _ in PLAIN], "multi_label"),
        ("unknown_tokens", [(f"囧{a}", ("裁员",)) for a, _ in PLAIN[:40]], "multi_label"),
        ("dropped_characters", [("人大\ufffd", ("裁员",))], "multi_label"),
        ("dropped_characters", [("人大\ue627", ("裁员",))], "multi_label"),
        ("unlabelled_texts", [(f"{a}人", ()) for a, _ in PLAIN] * 3, "multi_label"),
        ("unlabelled_texts", [("人大学", ())], "multi_class"),
    ],
)
def test_what_is_usual_in_a_few_needs_attention_in_many_or_where_it_is_refused(kind, rows, task):
    assert find(check([*rows, *OTHER], task=task))[kind]["is_serious"]


def test_long_texts_in_windows_lose_nothing_and_count_their_rows():
    found = find(check([("公司" * 20, ("裁员",)), *OTHER], long_text="windows_mean"))["long_texts"]
    assert "laid into windows, 803 rows in all, so nothing is lost; the longest has 42" in found["summary"]
    assert not found["is_serious"]


def test_a_longer_limit_is_advised_where_it_would_hold_the_texts_and_the_checkpoint_knows_it():
    rows = [(text * 10, labels) for text, labels in OTHER]
    assert "MAX_LENGTH = 32 holds 95" in find(check(rows, max_length=30, positions=40))["long_texts"]["next_step"]
    assert "MAX_LENGTH" not in find(check(rows, max_length=30, positions=31))["long_texts"]["next_step"]


def test_tokens_that_windows_share_are_counted_once():
    text = "囧" + "公司" * 12 + "囧" * 3
    whole, windows = (
        make_part("train", [(text, ("裁员",))], max_length=length, long_text="windows_mean") for length in (60, 9)
    )
    assert windows.row_count > 1 and whole.row_count == 1
    assert (windows.kept_tokens, windows.unknown_tokens) == (whole.kept_tokens, whole.unknown_tokens) == (28, 4)


LEFT_OUT = ["\u200b", "\ufeff", "\ufffd", "\ue627", "\U000f0001", "\x01", "\u00ad", "\u2060"]


@pytest.mark.parametrize("character", LEFT_OUT)
def test_the_characters_named_as_left_out_have_no_token(character):
    assert TOKENIZER.encode([f"人{character}"], max_length=9).full_lengths.tolist() == [3]
    assert list(make_part("train", [(f"人{character}", ())]).dropped) == [character]


def test_what_is_kept_of_a_text_is_forty_bytes_of_which_sixteen_find_the_equal_ones():
    part = make_part("train", PLAIN)
    assert counts.ROW["text"].itemsize == 16 and part.rows.nbytes == len(PLAIN) * counts.ROW.itemsize <= len(PLAIN) * 40
    kept = [value for name, value in vars(part).items() if name != "_rows"]
    sizes = [len(value) for value in kept if hasattr(value, "__len__") and not isinstance(value, str)]
    assert max(sizes) <= 2, "all else grows with labels and characters, not with texts"


def test_unknown_pieces_that_never_end_are_counted_but_not_all_named(monkeypatch):
    monkeypatch.setattr(counts, "_PIECES", 10)
    part = make_part("train", [(chr(0x9000 + place), ()) for place in range(100)], batch=20)
    assert part.unknown_tokens == 100 and len(part.unknown) == 20


def test_batches_change_nothing():
    rows = [row for case in CASES.values() for row in case[0]]
    small, large = (make_part("train", rows, batch=batch) for batch in (1, 1000))
    assert np.array_equal(small.rows, large.rows)
    names = ("labels", "label_lines", "unlabelled", "unknown", "unknown_texts", "dropped", "dropped_texts")
    assert [getattr(small, name) for name in names] == [getattr(large, name) for name in names]


def test_the_text_shows_what_needs_attention_first_with_places_and_steps():
    text = format_report(check([("人大学", ("地震",)), ("人大学", ()), *OTHER]))
    serious, others = text.split("Worth knowing: 2")
    assert "Needs attention: 2" in serious
    assert (
        "\n* 1 of 3 labels have fewer than 5 train texts: 地震 (1).\n    train.csv, line 2: 地震\n    -> Add" in serious
    )
    assert "1 of 802 texts have no label" in others
    assert re.search("different labels +3 +2\n", serious) and re.search("地震 +1 +0\n", serious)


def test_the_summary_is_a_few_lines_and_ends_with_the_command_where_something_is_found():
    report = check([("人大学", ("地震",)), *OTHER])
    first, lengths, *notes, last = format_summary(report, command="python data_check.py --x")
    assert first == "3 labels; texts: 401 to train on, 400 for dev" and lengths.startswith(
        "tokens of a training text: "
    )
    assert notes == [
        "note: 1 of 3 labels have fewer than 5 train texts: 地震 (1) (train.csv, line 2: 地震)",
    ]
    assert last == "more on the data: python data_check.py --x"
    assert len(format_summary(check(OTHER), command="")) == 2
