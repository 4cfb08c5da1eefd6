"""page: every part appears with its data and only then; nothing in it runs, loads or breaks what surrounds it."""

import html.parser
import re
from pathlib import Path

import numpy as np
import pytest
from toy_report import BIN, EMPTY, ERROR, FIGURES, FULL, FULL_REPORT, NAMES, make_report

from zhlabel.reports.html import charts, entities, sections, tables, write_page
from zhlabel.tasks import TASKS

STYLE = (Path(charts.__file__).parent / "style.css").read_text(encoding="utf-8")

ALWAYS = {"headlines", "labels", "measured"}
OPTIONAL = {
    *("sweep", "curves", "calibration", "confusions", "frequencies", "lengths", "training", "errors", "suspects"),
}


class Reader(html.parser.HTMLParser):
    """Collects the tags of a page with their attributes, and its text outside of style and script."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self.inside = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("style", "script"):
            self.texts.append(data.strip())

    def list_sections(self):
        return {attributes["id"] for tag, attributes in self.tags if tag == "section"}


def write(folder, report, **more):
    write_page(folder / "report.html", report, task=TASKS[report["task"]], **{**EMPTY, **more})
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def full_page(tmp_path_factory):
    return write(tmp_path_factory.mktemp("full"), FULL_REPORT, **FULL)


def test_every_part_appears_when_its_data_is_there(full_page):
    reader = Reader(full_page)
    assert reader.list_sections() == ALWAYS | OPTIONAL
    links = {attributes["href"] for tag, attributes in reader.tags if tag == "a"}
    assert links == {f"#{name}" for name in (ALWAYS | OPTIONAL) - {"headlines"}}
    figures_shown = ["0.6000", "0.00249", "0.7011", "1.4182", "0.0123", "0.0456", "0.8811", "0.37", "0.2500"]
    words = ["always 裁员", "三条文本没有标签", "nothing", "存疑的句子", "云岭机械宣布裁员", "ab" * 32]
    assert {*figures_shown, *words} <= set(reader.texts)
    assert "The first 1 of 4,321 errors, by confidence; label_errors.csv has all of them." in reader.texts
    assert "0.5511 – 0.6522" in reader.texts
    assert {"false positives", "4,001", "false negatives", "4,002"} <= set(reader.texts)
    told = {"my_albert", "2026-11-28T21:00:00+00:00", "EPOCHS", "77", "SEED", "1234", "LORA_TARGETS", "key, value"}
    assert told <= set(reader.texts) and "BATCH_SIZE" not in reader.texts
    assert tables.DASH in reader.texts  # the ROC-AUC that is None
    defined = {"exact match", "no label too many", "coverage error", "average precision", "95 % interval", "ECE"}
    terms = re.findall("<dt>([^<]*)</dt><dd>[A-Z]", full_page)
    assert defined <= set(terms) and len(terms) == len(set(terms))


def test_a_part_is_absent_when_its_data_is(tmp_path):
    page = write(tmp_path, make_report())
    assert Reader(page).list_sections() == ALWAYS
    assert "<svg" not in page
    for absent in (
        "Notes",
        "Further figures",
        "average precision",
        "ROC-AUC",
        "false positives",
        "95",
        "None",
        "Undefined",
    ):
        assert absent not in Reader(page).texts


@pytest.mark.parametrize("part", sorted({*FULL} - {"error_total"}))
def test_a_part_alone_brings_only_its_own_section(tmp_path, part):
    section = {"history": "training"}.get(part, part)
    assert Reader(write(tmp_path, make_report(), **{part: FULL[part]})).list_sections() == ALWAYS | {section}


def test_multi_class_shows_a_heat_map_up_to_30_labels_and_pairs_beyond(tmp_path):
    for count, shown in ((30, True), (31, False)):
        names = [f"类别{i}" for i in range(count)]
        report = make_report(
            task="multi_class",
            confusion=np.diag([7] * count).tolist(),
            labels=dict.fromkeys(names, FIGURES),
        )
        page = write(tmp_path, report, confusions=FULL["confusions"])
        assert ('class="heat"' in page, "confusion-table" in page) == (shown, not shown)
    assert sections.build_heat_map(make_report(confusion=[[3, 1, 0], [0, 0, 0], [0, 0, 2]]))[0][1][1] == sections.Cell(
        1, 0.25, False
    )


def test_headlines_have_their_name_interval_baselines_and_scale():
    micro, exact, macro, loss = sections.pick_headlines(FULL_REPORT, TASKS["multi_label"])
    assert (micro.name, micro.value, micro.interval, micro.top) == ("micro F1", 0.6, [0.5511, 0.6522], 1.0)
    assert (exact.name, exact.baselines) == ("exact match", [("always 裁员", 0.125)])
    assert (macro.interval, macro.baselines) == (None, [])  # a baseline without this figure is no 0
    assert loss.is_loss and loss.top == pytest.approx(0.33)
    assert sections.pick_headlines(make_report(), TASKS["multi_class"])[1].name == "accuracy"


def test_entities_have_their_lengths_and_are_marked_in_the_text(tmp_path):
    row = {"length": "2", "gold": 4, "decided": 3, "found": 2, "recall": 0.5, "precision": 0.6667}
    report = {key: value for key, value in make_report(task="ner", by_length=[row]).items() if key != "accuracy"}
    places = {"gold_start": 1, "gold_end": 3, "predicted_start": "", "predicted_end": ""}
    error = {"line": 1, "kind": "missed", "text": "<北京>", **places, "gold_text": "北京"}
    page = write(tmp_path, report, errors=[error], error_total=1)
    assert {"entity-lengths", "errors"} <= Reader(page).list_sections()
    assert '&lt;<mark class="gold">北京</mark>&gt;' in page
    assert "gold start" not in Reader(page).texts
    assert entities.mark_entities([ERROR]) == [ERROR]


def test_text_in_the_figures_is_text(full_page):
    svgs = re.findall(r"<svg.*?</svg>", full_page, re.DOTALL)
    assert len(svgs) == 5
    assert "<title>起诉</title>" in full_page and "chosen 0.37</text>" in full_page and "limit 64</text>" in full_page
    for svg in svgs:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', svg) and "<text" in svg


def test_the_figures_take_every_colour_from_the_page(full_page):
    variables = set(re.findall(r"--([\w-]+):", STYLE))
    for svg in re.findall(r"<svg.*?</svg>", full_page, re.DOTALL):
        assert not re.findall(r"#[0-9a-fA-F]{6}\b", svg) and "<style" not in svg
        assert set(re.findall(r"var\(--([\w-]+)\)", svg)) <= variables


def test_ids_are_unique_and_what_refers_to_them_finds_them(full_page):
    ids = [attributes["id"] for _, attributes in Reader(full_page).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 100
    assert set(re.findall(r'(?:href="#|url\(#|aria-labelledby="|for=")([\w-]+)', full_page)) <= set(ids)


def test_names_and_texts_can_not_become_code(tmp_path):
    bad = "<script>alert(1)</script>"
    labels = {bad: dict(FIGURES, train_texts=3), '"onload="alert(2)': FIGURES}
    page = write(
        tmp_path,
        make_report(labels=labels, notes=[bad], run=f"runs/{bad}", baseline={bad: {"accuracy": 0.1}}, ranking={bad: 1}),
        curves={'"onload="alert(3)': [[0, 1], [1, 0]], bad: [[0, 1], [1, 0]]},
        errors=[dict(ERROR, text=f"a</script>{bad}", label=bad, **{bad: bad})],
        confusions=[{"gold": bad, "instead": bad, "texts": 1}],
        suspects=[{"text": bad}],
    )
    tags = Reader(page).tags
    assert [tag for tag, _ in tags].count("script") == 1 and page.count("</script>") == 1
    assert not [each for _, attributes in tags for each in attributes if each.startswith("on")]
    assert "alert(1)&lt;/script&gt;" in page


def test_nothing_is_loaded_from_elsewhere(full_page):
    for tag, attributes in Reader(full_page).tags:
        assert tag not in ("link", "img", "iframe", "object", "image")
        for key in ("src", "href", "xlink:href", "action"):
            assert attributes.get(key, "#").startswith("#")
    assert not re.search(r"url\((?!#)|@import|fetch\(|XMLHttpRequest", full_page)
    assert "default-src 'none'" in full_page


def test_equal_input_gives_equal_bytes(full_page, tmp_path):
    assert write(tmp_path, FULL_REPORT, **FULL) == full_page


def test_a_thousand_labels_and_two_thousand_errors_stay_under_3_mb(tmp_path):
    names = [f"较长的事件类型名称-{i}" for i in range(1000)]
    row = dict(FIGURES, average_precision=0.5, roc_auc=0.5, train_texts=9, threshold=0.5)
    recall = np.linspace(0, 1, 500)
    curve = np.stack([recall, 1 - recall**3], axis=1).tolist()
    errors = [dict(ERROR, text="云岭机械宣布裁员四百人，工会已提起诉讼。" * 5, gold="|".join(names[:2]))] * 2000
    page = write(
        tmp_path,
        make_report(labels=dict.fromkeys(names, row)),
        curves={"all labels": curve, **dict.fromkeys(names, curve)},
        errors=errors,
        error_total=2000,
    )
    assert len(page.encode()) < 3_000_000
    assert page.count("<option") == 101 and page.count(names[999]) == 2  # the commonest 100; two tables


def test_values_that_are_absent_are_dashes_and_break_no_figure(tmp_path):
    gap = dict.fromkeys(("precision", "recall", "f1-score"))
    report = make_report(
        calibration={"events": "", "brier": None, "ece": None, "bins": [BIN | {"count": 0, "share_right": None}]},
        labels={"裁员": dict(FIGURES, average_precision=None, train_texts=None)},
    )
    page = write(
        tmp_path,
        report,
        sweep=[{"threshold": 0.0, "logit": float("-inf"), **gap}, FULL["sweep"][1] | gap],
        history=[{"epoch": 1, "loss": 0.5, "dev_score": None}],
    )
    assert tables.DASH in Reader(page).texts and "nan" not in Reader(page).texts
    assert "calibration" not in Reader(page).list_sections()  # nothing was counted


def test_a_threshold_that_all_labels_share_is_no_column():
    labels = {name: dict(FIGURES, threshold=0.4) for name in NAMES}
    keys = [column.key for column in sections.build_labels(make_report(labels=labels)).columns]
    assert "threshold" not in keys and "support" in keys


@pytest.mark.parametrize(
    ("value", "text"),
    [(np.int64(1234), "1,234"), (np.float32(0.25), "0.2500"), (np.True_, "yes"), (float("nan"), "–"), (0, "0")],
)
def test_numbers_of_numpy_are_written_like_those_of_python(value, text):
    assert tables.format_number(value) == text


def test_columns_follow_the_rows():
    rows = [{"line": 1, "text": "1", "gold": "a|b", "correct": False, "note": ""}]
    assert [(column.key, column.kind, column.is_filter) for column in tables.list_columns(rows)] == [
        ("line", "number", False),
        ("text", "wide", False),
        ("gold", "text", True),
    ]
    (_, gold) = tables.list_columns([{"label": "a", "gold": "b"}])
    assert not gold.is_filter  # the row is about its label


def read_colours(block):
    return {
        name: [int(code[i : i + 2], 16) for i in (0, 2, 4)] for name, code in re.findall(r"--(\w+): #(\w{6})", block)
    }


def measure_contrast(one, other):
    """The ratio of WCAG 2."""
    shares = np.array([one, other]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    low, high = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1])
def test_text_has_the_contrast_of_wcag_aa_in_both_modes(mode):
    colours = read_colours(re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[mode])
    for name in ("ink", "muted", "blue", "orange", "green"):
        for ground in ("ground", "raised"):
            assert measure_contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
