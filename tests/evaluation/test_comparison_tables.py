"""comparison_tables.py: the text by hand; Chinese and long names stay in line."""

import pytest

from zhlabel.evaluation.compare_text import format_comparison
from zhlabel.io.text_table import measure_width

VALUES = {  # of a run: value, low, high
    "runs/微型": {"micro f1-score": (0.9261, 0.9151, 0.9362), "hamming_loss": (0.0025, 0.0021, 0.00284)},
    "runs/base": {"micro f1-score": (0.9382, 0.9281, 0.947), "hamming_loss": (0.00208, 0.0018, 0.0024)},
}
COSTS = {"parameters": {"all": 2_306_862, "trainable": 4_382}, "size_mib": 8.8, "texts_per_second": 1164.4}
TESTS = {
    "micro f1-score": {"difference": 0.0121, "p": 0.0031, "p_holm": 0.0031},
    "hamming_loss": {"difference": -0.00042, "p": 0.41, "p_holm": 0.41},
}


def make_comparison(names=("runs/微型", "runs/base"), *, files=("data/新闻.csv",), tests=TESTS):
    """Return a comparison of runs whose figures are by turns the two above; the last one's memory is unknown."""
    runs = {}
    for place, name in enumerate(names):
        rows = list(VALUES.values())[place % 2]
        figures = {figure: dict(zip(("value", "low", "high"), row, strict=True)) for figure, row in rows.items()}
        runs[name] = {"figures": figures, **COSTS, "peak_memory_mib": 696.4 if place < len(names) - 1 else None}
    pairs = [{"first": names[0], "second": name, "figures": tests} for name in names[1:]]
    return {
        "task": "multi_label",
        "figures": list(TESTS),
        "notes": [],
        "files": [{"file": file, "sha256": file, "texts": 1498, "runs": runs, "pairs": pairs} for file in files],
        "matrix": [{"run": name, "trained_on": "data/旧.csv", "values": [0.9261 for _ in files]} for name in names],
    }


def test_the_text_by_hand():
    assert format_comparison(make_comparison()).split("\n") == [
        "data/新闻.csv: 1,498 texts",
        "",
        "                                  微型                base",
        "micro F1                        0.9261              0.9382",
        "                      [0.9151, 0.9362]    [0.9281, 0.9470]",
        "Hamming loss                   0.00250             0.00208",
        "                    [0.00210, 0.00284]  [0.00180, 0.00240]",
        "parameters                   2,306,862           2,306,862",
        "trained parameters               4,382               4,382",
        "weights, MiB                       8.8                 8.8",
        "texts per second                 1,164               1,164",
        "peak memory, MiB                   696                   -",
        "",
        "base against 微型",
        "  micro F1      0.0121 better, p = 0.0031",
        "  Hamming loss  no difference can be shown (-0.00042), p = 0.41",
        "",
        "In brackets: 95 % intervals over texts. Speed and memory depend on the machine and its other work.",
        "p: approximate randomisation, of accuracy McNemar's exact test. Shown means p <= 0.05.",
        "p says nothing of what another training, with another seed, would give.",
    ]


@pytest.mark.parametrize(
    ("figure", "difference", "words"),
    [
        ("micro f1-score", 0.02, "0.0200 better"),
        ("micro f1-score", -0.02, "0.0200 worse"),
        ("hamming_loss", -0.02, "0.02000 better"),
        ("hamming_loss", 0.02, "0.02000 worse"),
    ],
)
def test_more_is_better_but_of_hamming_loss_less(figure, difference, words):
    tests = {figure: {"difference": difference, "p": 1e-9, "p_holm": 1e-9}}
    assert f"{words}, p < 0.0001" in format_comparison(make_comparison(tests=tests))


@pytest.mark.parametrize(
    ("p", "words"),
    [(0.05, "0.0121 better, p = 0.05"), (0.051, "no difference can be shown (+0.0121), p = 0.051")],
)
def test_the_corrected_p_decides_and_is_shown(p, words):
    tests = {"micro f1-score": {"difference": 0.0121, "p": 0.02, "p_holm": p}}
    assert words in format_comparison(make_comparison(tests=tests))


def test_of_accuracy_the_texts_are_counted_that_only_one_run_has_right():
    tests = {"accuracy": {"difference": 0.02, "p": 0.01, "p_holm": 0.01, "only_first": 17, "only_second": 1041}}
    assert "1,041 texts only it has right, 17 only the other" in format_comparison(make_comparison(tests=tests))


def test_several_files_have_a_matrix_in_line_and_the_correction_is_told():
    comparison = make_comparison(("runs/a", "runs/b", "runs/丙"), files=("data/新闻.csv", "data/法律.csv"))
    comparison["matrix"][1]["trained_on"] = None
    comparison["matrix"][2]["values"] = [0.5, None]
    lines = format_comparison(comparison).split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("micro F1 (a row"))
    assert [line.split() for line in lines[start + 2 : start + 7]] == [
        ["新闻.csv", "法律.csv"],
        ["a,", "data/旧.csv", "0.9261", "0.9261"],
        ["b,", "unknown", "0.9261", "0.9261"],
        ["丙,", "data/旧.csv", "0.5000", "-"],
        [],
    ]
    assert len({measure_width(line) for line in lines[start + 2 : start + 6]}) == 1
    assert "p is corrected after Holm for the 4 comparisons of each figure." in lines


def test_one_file_has_no_matrix_and_one_run_no_p():
    assert "(a row" not in format_comparison(make_comparison())
    assert "p: " not in format_comparison(make_comparison(("runs/a",)))


def test_four_runs_with_the_usual_long_names_stay_in_line_and_within_100_columns():
    names = ("albert_tiny-multi_label-1", "albert_base-multi_label-1", "新闻事件分类-multi-1", "x")
    lines = format_comparison(make_comparison([f"runs/{name}" for name in names])).split("\n")
    table = lines[2 : lines.index("", 2)]
    assert table[0].split() == ["albert_tiny-", "albert_base-", "新闻事件分类-"]
    assert table[1].split() == ["multi_label-1", "multi_label-1", "multi-1", "x"]
    assert len({measure_width(line) for line in table[1:]}) == 1
    assert max(map(measure_width, lines)) <= 100
    assert not any(line.endswith(" ") for line in lines)


def test_runs_and_files_of_one_name_are_told_apart_by_their_paths():
    comparison = make_comparison(("runs/a", "other/a"), files=("新/test.csv", "旧/test.csv"))
    text = format_comparison(comparison)
    assert "\nother/a against runs/a\n" in text
    assert ["新/test.csv", "旧/test.csv"] in [line.split() for line in text.split("\n")]


def test_notes_stand_below_the_tables():
    comparison = make_comparison()
    comparison["notes"] = ["The runs know different labels."]
    assert "\nnote: The runs know different labels.\n" in format_comparison(comparison)
