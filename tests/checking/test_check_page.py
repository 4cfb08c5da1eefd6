"""checking.page: every finding and figure is on the page, nothing in it runs or loads, and it fits a phone."""

import re
import shutil

import pytest
from toy_check import OTHER, check

from zhlabel.checking.page import write_check_page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
BAD = '<script>alert(1)</script>"裁员'


@pytest.fixture(scope="module")
def report():
    rows = [("囧" * 30 + BAD, (BAD, "裁 员")), ("没有空格的很长的一串" + "x" * 200, ("裁员",)), ("人大学", ())]
    report = check([*rows, *OTHER])
    return {**report, "notes": ["train.csv: <b>note</b>"]}


@pytest.fixture(scope="module")
def page(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("check") / "report.html"
    write_check_page(path, report)
    return path


def test_every_part_is_on_the_page(page, report):
    text = re.sub(r"<(style|script)>.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert set(re.findall(r'<section id="([\w-]+)"', text)) == {"findings", "parts", "labels", "lengths", "unknown"}
    assert set(re.findall(r'href="#([\w-]+)"', text)) == {"findings", "parts", "labels", "lengths", "unknown"}
    assert len(re.findall("<article", text)) == len(report["findings"]) >= 5
    assert len(re.findall('class="finding serious"', text)) == sum(each["is_serious"] for each in report["findings"])
    assert "train.csv, line 2" in text and "Labelled files" in text and "17-32" in text and "囧" in text


def test_names_and_notes_are_escaped(page):
    text = page.read_text(encoding="utf-8")
    assert BAD not in text and "<b>note" not in text and "&lt;b&gt;note" in text
    assert len(re.findall("<script", text)) == 1 and "http" not in text.replace("http-equiv", "")


def test_where_nothing_is_wrong_that_is_said_and_what_is_empty_is_absent(tmp_path):
    write_check_page(tmp_path / "report.html", check(OTHER))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Nothing was found that needs attention." in text and "<article" not in text
    assert 'id="unknown"' not in text and 'href="#unknown"' not in text


@pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome on the path")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_no_wider_than_the_window(page, width):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 800})
        problems = []
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width and problems == []
        browser.close()
