"""page in a browser: it fits phone and desktop, loads nothing, sorts, searches, pages, and follows dark mode."""

import shutil

import pytest
from toy_report import FIGURES, FULL, FULL_REPORT

from zhlabel.reports.html import write_page
from zhlabel.tasks import TASKS

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome on the path")

_PATIENCE = 180_000  # milliseconds; a busy machine is no fault of the page
LABELS = [f"事件大类-相当长的标签名称-{i}" for i in range(25)]
ERRORS = [
    {
        "line": place,
        "kind": "missed" if place % 2 else "spurious",
        "label": LABELS[place % 25],
        "text": "云岭机械宣布裁员四百人，工会已提起诉讼。" * (40 if place == 3 else 2),
        "gold": "|".join(LABELS[:3]),
        "probability": f"{place / 100:.4f}" if place != 7 else "",
        "url": "https://没有空格的很长的一串" + "x" * 200,
    }
    for place in range(1, 41)
]
ENTITY = {
    "text": "昨天在北京",
    **{"gold_start": 3, "gold_end": 5, "predicted_start": 2, "predicted_end": 5},
    **{"gold_type": "地名", "predicted_type": "机构", "gold_text": "北京", "predicted_text": "在北京"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page of each task."""
    folder = tmp_path_factory.mktemp("pages")
    labels = {name: dict(FIGURES, support=place, train_texts=place * 9) for place, name in enumerate(LABELS)}
    report = FULL_REPORT | {"labels": labels}
    full = {**FULL, "errors": ERRORS, "curves": {**FULL["curves"], LABELS[24]: [[0, 1], [1, 0.5]]}}
    write_page(folder / "multi_label.html", report, task=TASKS["multi_label"], **full)
    confusion = [[9 if row == column else 1 for column in range(25)] for row in range(25)]
    write_page(
        folder / "multi_class.html",
        report | {"confusion": confusion},
        task=TASKS["multi_class"],
        **{**full, "errors": [{"text": "云岭", "gold": gold} for gold in ["裁员|起诉", "起诉", *LABELS]]},
    )
    by_length = [{"length": "2", "gold": 4, "decided": 3, "found": 2, "recall": 0.5, "precision": 0.6667}]
    entity_errors = {**full, "errors": [ENTITY] * 12, "curves": {}}
    write_page(folder / "ner.html", report | {"by_length": by_length}, task=TASKS["ner"], **entity_errors)
    return folder


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"], timeout=_PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, folder):
    """A function that opens a task's page; at the end nothing may have failed or been requested but the file."""
    contexts, requests, complaints = [], [], []

    def open_page(task="multi_label", *, width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        context.set_default_timeout(_PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((folder / f"{task}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert len(requests) == len(contexts) and all(url.startswith("file:") for url in requests)


def read_column(page, table, column):
    return [text.strip() for text in page.locator(f"#{table} tbody tr > :nth-child({column})").all_text_contents()]


@pytest.mark.parametrize("task", ["multi_label", "multi_class", "ner"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_no_wider_than_the_screen(open_page, task, width):
    page = open_page(task, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # Whatever sticks out stands in a box that scrolls by itself, or is there for screen readers alone.
    sticking_out = """() => [...document.querySelectorAll("main *, header *")]
        .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, nav"))
        .map((each) => each.outerHTML.slice(0, 80))"""
    assert page.evaluate(sticking_out) == []


def test_a_click_on_a_head_sorts_and_a_second_one_turns_the_order(open_page):
    page = open_page()
    head = page.locator("#error-table thead th").filter(has_text="probability")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert read_column(page, "error-table", 6)[:2] == ["0.4000", "0.3900"]
    head.get_by_role("button").press("Enter")  # by keyboard
    assert head.get_attribute("aria-sort") == "ascending"
    assert read_column(page, "error-table", 6)[:2] == ["0.0100", "0.0200"]
    assert page.locator("#error-table [aria-sort]").count() == 1
    page.locator("#label-table thead button").first.click()
    assert read_column(page, "label-table", 1)[:3] == LABELS[:3]  # as numbers count: 2 before 10


def test_a_row_without_the_value_comes_last_in_both_orders(open_page):
    page = open_page()
    head = page.locator("#error-table thead th").filter(has_text="probability").get_by_role("button")
    following = page.locator("#errors .pager button").last
    for _ in range(2):
        head.click()
        for _ in range(3):
            following.click()
        assert read_column(page, "error-table", 6)[-1] == ""
        assert following.is_disabled()


def test_searching_and_choosing_leave_the_rows_that_fit(open_page):
    page = open_page()
    section = page.locator("#errors")
    assert section.get_by_role("status").text_content() == "1–10 of 40"
    section.get_by_label("Search").fill("missed 0.0300")
    assert read_column(page, "error-table", 1) == ["3"]
    section.get_by_label("Search").fill("没有这样的话")
    assert section.get_by_role("status").text_content() == "nothing found"
    section.get_by_label("Search").fill("")
    section.get_by_label("kind").select_option("missed")
    section.get_by_label("label").select_option(LABELS[1])
    assert read_column(page, "error-table", 1) == ["1"]  # 26 has the label too, and is spurious
    assert section.locator("select").count() == 2


def test_a_label_joined_with_others_is_found_by_its_own_name(open_page):
    page = open_page("multi_class")
    page.locator("#errors").get_by_label("gold").select_option("起诉")
    assert read_column(page, "error-table", 2) == ["裁员|起诉", "起诉"]


def test_a_chosen_label_shows_its_curve_and_figures(open_page):
    page = open_page()
    choice = page.get_by_label("Show a label")
    choice.select_option(LABELS[24])
    assert page.locator(".curve.chosen title").text_content() == LABELS[24]
    assert page.locator(".choice dl:visible").count() == 1
    choice.select_option("none")
    assert page.locator(".chosen").count() == 0 and page.locator(".choice dl:visible").count() == 0


def test_on_a_phone_rows_of_sentences_are_blocks_that_still_sort(open_page):
    page = open_page(width=360)
    cell = page.locator("#error-table tbody td").nth(1)
    assert cell.evaluate("each => getComputedStyle(each, '::before').content") == '"kind"'
    page.locator("#error-table thead button").filter(has_text="probability").click()
    assert read_column(page, "error-table", 1)[0] == "40"


def test_dark_mode_changes_ground_text_and_figures(open_page):
    def read(mode):
        page = open_page(color_scheme=mode)
        return page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
            getComputedStyle(document.querySelector("#curves svg text")).fill]"""
        )

    light, dark = read("light"), read("dark")
    assert all(one != other for one, other in zip(light, dark, strict=True))
    assert sum(map(int, light[0][4:-1].split(", "))) > 600 > 150 > sum(map(int, dark[0][4:-1].split(", ")))


def test_without_javascript_every_row_is_there_and_no_control_is_dead(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("#error-table tbody tr").count() == 40
    assert page.locator("button:visible, select:visible, input:visible").count() == 0
