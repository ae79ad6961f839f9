"""The page in the system's Chromium, used as a reader would: typed, compared, hidden, translated, checked by axe."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Request, sync_playwright

from tests.chromium import CHROMIUM, needs_chromium
from tests.serving.conftest import Server

pytestmark = needs_chromium

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


class Reader:
    """A page that was opened, and what went wrong on it."""

    def __init__(self, browser: Browser, server: Server, fragment: str = "", **options: Any) -> None:
        self.home = f"http://127.0.0.1:{server.port}/"
        self.page = browser.new_context(**options).new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._note)
        self.page.goto(self.home + fragment)
        self.page.wait_for_selector("#pieces-b li")

    def _note(self, request: Request) -> None:
        if not request.url.startswith(self.home):
            self.wrong.append(request.url)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def wait(self, condition: str) -> None:
        """Wait until a condition holds; asked from outside, since the page's policy lets nothing be evaluated in it."""
        deadline = time.monotonic() + 20
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, condition
            self.page.wait_for_timeout(20)


def test_a_reader_types_compares_hides_and_shares(browser: Browser, server: Server) -> None:
    reader = Reader(browser, server, locale="ko-KR")
    page = reader.page
    assert reader.page.title() and page.locator("html").get_attribute("lang") == "ko"
    assert page.locator("#examples button").count() == 10
    assert "10쌍" in reader.text("#score")
    marks = page.locator("#examples .mark").all_inner_texts()
    assert len(marks) == 10 and all("맞힘" in mark or "틀림" in mark for mark in marks)

    page.fill("#text-a", "음악이 정말 좋았다")
    page.fill("#text-b", "음악이 너무 별로였다")
    expected = server.probabilities(["음악이 정말 좋았다", "음악이 너무 별로였다"])
    for side, positive in zip("ab", expected, strict=True):
        label = f"긍정 {positive:.0%}" if positive >= 0.5 else f"부정 {1 - positive:.0%}"
        reader.wait(f"document.getElementById('verdict-{side}').textContent === '{label}'")
    explained = server.predict({"inputs": ["음악이 정말 좋았다"], "signature_name": "explain"}).json["outputs"]
    pieces = [piece for piece in explained["pieces"][0] if piece]
    reader.wait(f"document.querySelectorAll('#pieces-a li').length === {len(pieces)}")
    assert page.locator("#pieces-a .percent").all_inner_texts() == [
        f"{round(100 * p + 1e-9)}%" for p in explained["after"][0][: len(pieces)]
    ]

    assert "음악이" in reader.text("#shared")
    page.click("#hide")
    alone = server.probabilities(["음악이"])[0]
    reader.wait("document.getElementById('verdict-a').textContent.includes('“음악이”')")
    reader.wait(f"document.getElementById('verdict-a').textContent.includes('{max(alone, 1 - alone):.0%}')")
    assert page.locator("#hide").get_attribute("aria-pressed") == "true"

    again = Reader(browser, server, page.url.removeprefix(reader.home), locale="en-US")
    assert again.page.input_value("#text-a") == "음악이 정말 좋았다"
    assert again.page.locator("#hide").get_attribute("aria-pressed") == "true"
    assert reader.wrong == again.wrong == []


def test_it_speaks_two_languages(browser: Browser, server: Server) -> None:
    reader = Reader(browser, server, locale="en-US")
    assert reader.text("#hide") == "Hide the context"
    reader.page.click("#lang-ko")
    assert reader.text("#hide") == "맥락 가리기"
    assert reader.page.locator("html").get_attribute("lang") == "ko"
    texts = reader.page.eval_on_selector_all("[data-text]", "all => all.map(one => one.textContent)")
    assert all(texts) and "undefined" not in texts
    assert reader.wrong == []


def test_it_works_by_keyboard_alone(browser: Browser, server: Server) -> None:
    reader = Reader(browser, server, locale="en-US")
    reader.page.keyboard.press("Tab")
    reader.page.keyboard.press("Enter")
    reader.wait("document.activeElement.id === 'text-a'")
    reader.page.keyboard.press("Control+a")
    reader.page.keyboard.type("별로")
    reader.wait("document.querySelectorAll('#pieces-a li').length < 4")
    positive = server.probabilities(["별로"])[0]
    reader.wait(f"document.getElementById('verdict-a').textContent.includes('{max(positive, 1 - positive):.0%}')")
    assert reader.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_phone(browser: Browser, server: Server, scheme: str) -> None:
    reader = Reader(browser, server, locale="ko-KR", viewport=PHONE, color_scheme=scheme)
    reader.page.click("#gates-a summary")
    reader.wait("document.querySelectorAll('#gates-a canvas').length >= 4")
    found = Axe().run(reader.page)
    assert found.violations_count == 0, found.generate_report()
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert reader.wrong == []


def test_markup_is_read_as_text(browser: Browser, server: Server) -> None:
    reader = Reader(browser, server, locale="en-US")
    reader.page.fill("#text-a", "<img src=x onerror=alert(1)> & <b>좋다</b>")
    reader.wait("document.getElementById('pieces-a').textContent.includes('<')")
    assert reader.page.locator("#pieces-a img").count() == 0
    reader.page.fill("#text-a", "")
    reader.wait("document.querySelectorAll('#pieces-a li').length === 0")
    assert reader.wrong == []
