"""What is in view while an answer grows, and after the reader scrolled."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.beside import Desk
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e

LONG, SHORT = "Why is checkout failing?", "list namespaces"


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("reading"))
    yield started
    started.stop()


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    with desk.page() as opened:
        opened.goto(desk.service.address)
        opened.wait_for_selector("#question")
        yield opened


def test_a_long_answer_is_read_from_its_question_on_and_its_end_is_one_click_away(
    page: Page,
) -> None:
    ask(page, LONG)
    expect(page.locator(".turn .question")).to_be_in_viewport()
    page.locator(".jump").click()
    expect(page.locator(".turn .question")).not_to_be_in_viewport()
    expect(page.locator(".turn .ending")).to_be_in_viewport()
    expect(page.locator(".jump")).to_have_count(0)


def test_the_next_question_is_shown_wherever_the_reader_was(page: Page) -> None:
    ask(page, LONG)
    page.locator(".turns").evaluate("box => box.scrollTo({ top: 300, behavior: 'instant' })")
    ask(page, SHORT)
    expect(page.locator(".turn .question").last).to_be_in_viewport()
    expect(page.locator(".turn .ending").last).to_be_in_viewport()


def test_who_scrolls_away_while_an_answer_grows_is_left_there(page: Page) -> None:
    ask(page, LONG)
    box = page.locator(".turns")
    box.evaluate("box => box.scrollTo({ top: 120, behavior: 'instant' })")
    # It grows above and below what is read. A click of the mouse would have brought it into view first.
    page.locator(".turn .tool > :first-child").first.evaluate("one => one.click()")
    expect(page.locator(".turn .tool[open]")).to_have_count(1)
    assert box.evaluate("box => box.scrollTop") == 120
    expect(page.locator(".jump")).to_be_visible()
