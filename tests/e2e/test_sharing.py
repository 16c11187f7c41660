"""Sharing a conversation by a link, and reading it, in real Chromium."""

import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.beside import HOSTILE, Desk, complaints_of_axe, shot
from tests.e2e.conftest import watched
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("sharing"))
    started.send(
        "POST", "/api/v1/users", {"name": "mira", "role": "user", "password": "a long password"}
    )
    yield started
    started.stop()


def link_of(page: Page, desk: Desk, question: str) -> str:
    """What the dialog makes of a conversation that is begun here."""
    page.goto(desk.service.address)
    page.wait_for_selector("#question")
    ask(page, question)
    item = page.locator(".threads li.open")
    item.hover()
    item.get_by_role("button", name=re.compile("Share by a link")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").select_option("24")
    dialog.get_by_role("button", name="Make the link").click()
    link = dialog.get_by_label("Link").input_value()
    with page.expect_download() as saving:
        dialog.get_by_role("link", name="JSON").click()
    assert json.loads(saving.value.path().read_text())["messages"][0]["content"] == question
    assert complaints_of_axe(page) == []
    shot(page, "sharing")
    return link


def read(page: Page, link: str) -> None:
    """The page behind a link, whose reader signs in there."""
    page.goto(link)
    page.fill("input[name=username]", "mira")
    page.fill("input[name=password]", "a long password")
    page.press("input[name=password]", "Enter")
    expect(page.locator(".sheet .answer")).to_contain_text("256Mi")


@contextmanager
def reader(browser: Browser, desk: Desk, locale: str, width: int) -> Generator[Page]:
    size: ViewportSize = {"width": width, "height": 900}
    context = browser.new_context(locale=locale, viewport=size)
    with watched(context, desk.service, "the server responded with a status of") as page:
        yield page


@pytest.mark.parametrize(("locale", "width"), [("en-US", 1440), ("zh-CN", 390)])
def test_a_colleague_signs_in_at_a_link_reads_and_can_do_nothing_more(
    desk: Desk, browser: Browser, locale: str, width: int
) -> None:
    question = f"Why is checkout failing? {HOSTILE}"
    with desk.page() as page, reader(browser, desk, locale, width) as other:
        read(other, link_of(page, desk, question))
        expect(other.locator(".sheet .question")).to_contain_text(question)
        expect(other.locator(".sheet .graph-of svg")).to_be_visible()
        for what in (".edit", ".again", ".opinion", ".approval", ".repair"):
            assert other.locator(f".sheet {what}").count() == 0
        other.locator(".cite").first.click()
        expect(other.locator(".evidence .item.chosen")).to_be_visible()
        assert complaints_of_axe(other) == []
        assert other.evaluate("document.documentElement.scrollWidth") <= width
        shot(other, f"shared-{locale[:2]}")
        assert other.evaluate("window.hit") is None
        assert other.locator("main img, main script").count() == 0


def test_a_link_that_was_taken_back_shows_nothing_any_more(desk: Desk, browser: Browser) -> None:
    with desk.page() as page, reader(browser, desk, "en-US", 1440) as other:
        read(other, link_of(page, desk, "Why is checkout failing?"))
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Take back").click()
        expect(dialog.locator("li")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        other.reload()
        expect(other.locator("main [data-state=failed]")).to_contain_text("taken back")
        expect(other.locator(".answer")).to_have_count(0)
