"""The chat page over plain http, under a finger, read aloud, in another time zone, and when nobody answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.beside import Desk
from tests.e2e.conftest import CHROMIUM, QUIET, Service, signed_in
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e
MEMORY = "Show the memory of checkout in the last hour"


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("used"))
    yield started
    started.stop()


def test_over_plain_http_a_question_is_asked_and_its_answer_copied(
    browser: Browser, service: Service
) -> None:
    rule = "--host-resolver-rules=MAP midwatch.test 127.0.0.1"
    elsewhere = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, rule])
    page = elsewhere.new_page(locale="en-US")
    page.goto(service.link.replace("127.0.0.1", "midwatch.test"))
    page.wait_for_selector("#question")
    assert not page.evaluate("isSecureContext")
    ask(page, "delete the namespace shop")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.focus("#question")
    page.keyboard.press("Control+V")
    assert "I delete nothing" in page.input_value("#question")
    elsewhere.close()


def test_a_finger_finds_what_can_be_done_with_a_conversation_and_that_it_is_practice(
    browser: Browser, service: Service
) -> None:
    size = {"width": 390, "height": 800}
    touch: dict[str, Any] = {"viewport": size, "has_touch": True, "is_mobile": True}
    with signed_in(browser, service, **touch) as page:
        expect(page.locator(".edition .short")).to_be_visible()
        assert page.locator(".top").evaluate("one => one.scrollWidth") <= 390
        ask(page, "delete the namespace shop")
        assert page.locator(".asked .edit").evaluate("one => getComputedStyle(one).opacity") == "1"
        page.locator(".top .menu").tap()
        page.get_by_role("button", name="Pin above the others").tap()
        expect(page.locator(".threads .pin")).to_be_attached()


def test_an_answer_is_read_aloud_without_marks_each_sentence_once(desk: Desk) -> None:
    with desk.page() as page:
        page.goto(desk.service.address)
        page.wait_for_selector("#question")
        ask(page, "Why is checkout failing?")
        heard = page.locator(".turn [aria-live=polite]").text_content() or ""
        assert heard.count("Root cause: Deployment shop/checkout") == 1
        assert "256Mi" in heard
        assert not any(mark in heard for mark in ("**", "[1]", "`", "| ---"))


def test_a_chart_says_by_which_clock_its_times_are(browser: Browser, service: Service) -> None:
    with signed_in(browser, service, timezone_id="Asia/Shanghai") as page:
        ask(page, MEMORY)
        expect(page.locator(".chart-of figcaption")).to_contain_text("times in GMT+8")


def test_who_signs_in_next_finds_nothing_of_who_was_there(desk: Desk) -> None:
    desk.send(
        "POST", "/api/v1/users", {"name": "next", "role": "user", "password": "long enough words"}
    )
    desk.send(
        "POST", "/api/v1/users", {"name": "first", "role": "user", "password": "long enough words"}
    )
    with desk.page_of("first", "long enough words") as page:
        ask(page, "delete the namespace shop")
        page.fill("#question", "not sent yet")
        page.get_by_role("button", name="Sign out").click()
        page.fill("input[name=username]", "next")
        page.fill("input[name=password]", "long enough words")
        page.press("input[name=password]", "Enter")
        expect(page.locator("#question")).to_have_value("")
        ask(page, "delete the namespace web")
        expect(page.locator(".turn .answer")).to_contain_text("I delete nothing")


@pytest.mark.parametrize(("locale", "words"), [("en-US", "does not answer"), ("zh-CN", "没有响应")])
def test_when_nobody_answers_the_page_says_so_in_its_own_words(
    browser: Browser, service: Service, locale: str, words: str
) -> None:
    with signed_in(browser, service, locale=locale, expected="ERR_CONNECTION_REFUSED") as page:
        service.stop()
        page.fill("#question", "Why is checkout failing?")
        page.press("#question", "Enter")
        expect(page.locator(".turn [role=alert]")).to_contain_text(words)
        page.fill(".threads input[type=search]", "checkout")
        expect(page.locator(".threads [role=alert]")).to_contain_text(words)
