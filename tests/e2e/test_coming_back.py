"""The service goes away in the middle of things and comes back; a session ends; somebody else signs in."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.beside import Desk, opened
from tests.e2e.conftest import Service, signed_in
from tests.e2e.test_approving import Repairing
from tests.e2e.test_page import ask
from tests.ports import free_port

pytestmark = pytest.mark.e2e

PASSWORD = "a long password"
BEGUN = (
    'id: 1\ndata: {"type":"RUN_STARTED","threadId":"t","runId":"r","protocolVersion":"1.0"}\n\n'
    'id: 2\ndata: {"type":"STATE_SNAPSHOT","snapshot":{"plan":[]}}\n\n'
)


class Restarted:
    """A service that ends and is there again, at the same address with the same data."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, str(free_port())
        self.service = self.start()

    def start(self) -> Service:
        self.service = Service(self.home, "--port", self.port)
        return self.service


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[Restarted]:
    one = Restarted(tmp_path)
    yield one
    one.service.stop()


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("coming-back"))
    for name in ("una", "vic"):
        body = {"name": name, "role": "user", "password": PASSWORD}
        started.send("POST", "/api/v1/users", body)
    yield started
    started.stop()


def signs_in(page: Page, name: str) -> None:
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.locator(".rail")).to_be_visible()


def test_a_turn_in_whose_middle_the_service_is_killed_is_taken_up_where_it_stands(
    browser: Browser, restarted: Restarted
) -> None:
    with signed_in(browser, restarted.service, expected="Failed to load resource") as page:
        ask(page, "fix checkout")
        page.get_by_role("button", name=re.compile("Apply this plan")).click()
        page.locator(".approval button.approve").click()
        expect(page.locator(".tool[data-tool=autofix_apply][data-status=running]")).to_be_visible()
        restarted.service.process.kill()
        expect(page.locator(".lost")).to_contain_text("connection was lost")
        restarted.service.process.wait()
        restarted.start()
        expect(page.locator(".lost")).to_have_count(0)
        expect(page.locator(".approval")).to_be_visible()
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.locator(".turn .problem")).to_have_count(0)


def test_a_question_that_nobody_took_is_asked_again_in_its_conversation(
    browser: Browser, restarted: Restarted
) -> None:
    with signed_in(browser, restarted.service, expected="ERR_") as page:
        restarted.service.stop()
        page.fill("#question", "Why is checkout failing?")
        page.press("#question", "Enter")
        expect(page.locator(".turn [role=alert]")).to_contain_text("does not answer")
        restarted.start()
        page.locator(".ending .again").click()
        expect(page.locator(".turn .answer")).to_contain_text("256Mi")
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator(".threads li")).to_have_count(1)
        expect(page.locator(".threads li")).not_to_contain_text("⑂")


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "nothing of it was kept"), ("zh-CN", "没有保存这次提问")]
)
def test_a_turn_that_was_not_kept_is_said_to_be_lost_and_can_be_asked_again(
    desk: Desk, locale: str, words: str
) -> None:
    with desk.page(locale, expected="404 (Not Found)") as page:
        page.goto(desk.service.address)
        page.wait_for_selector("#question")
        begun = {"status": 200, "content_type": "text/event-stream", "body": BEGUN}
        page.route("**/agui", lambda route: route.fulfill(**begun), times=1)  # pyright: ignore[reportArgumentType]
        page.fill("#question", "Why is checkout failing?")
        page.press("#question", "Enter")
        expect(page.locator(".turn [role=alert]")).to_contain_text(words)
        page.locator(".ending .again").click()
        expect(page.locator(".turn .answer")).to_contain_text("256Mi")
        expect(page.locator(".turn")).to_have_count(1)


def test_a_session_that_was_ended_elsewhere_asks_to_sign_in_and_goes_on_with_the_question(
    desk: Desk,
) -> None:
    with ExitStack() as stack:
        here = stack.enter_context(desk.page_of("una", PASSWORD))
        there = stack.enter_context(desk.page_of("una", PASSWORD))
        opened(there, desk, "settings")
        rows = there.get_by_role("region", name="Sessions")
        other = rows.get_by_role("row").filter(has=there.get_by_role("button", name="End"))
        expect(other).to_have_count(1)
        other.get_by_role("button", name="End").click()
        expect(other).to_have_count(0)
        here.fill("#question", "Why is checkout failing?")
        here.press("#question", "Enter")
        expect(here.locator("input[name=password]")).to_be_visible()
        signs_in(here, "una")
        expect(here.locator(".question")).to_contain_text("Why is checkout failing?")
        here.locator(".ending .again").click()
        expect(here.locator(".turn .answer")).to_contain_text("256Mi")
        there.reload()
        expect(there.locator(".rail")).to_be_visible()  # the page that ended the other is still in


def test_who_signs_in_where_a_session_ended_finds_nothing_of_who_was_there(desk: Desk) -> None:
    with desk.page_of("una", PASSWORD) as page:
        ask(page, "Which pods restarted in shop?")
        page.fill("#question", "half a thought")
        page.context.clear_cookies()
        page.locator(".threads .title").first.click()
        signs_in(page, "vic")
        expect(page.locator(".welcome")).to_be_visible()
        expect(page.locator(".turn")).to_have_count(0)
        expect(page.locator(".threads li")).to_have_count(0)
        expect(page.locator("#question")).to_have_value("")


def test_a_turn_that_was_stopped_is_said_to_be_when_its_conversation_is_opened_again(
    browser: Browser, tmp_path: Path
) -> None:
    slow = Repairing(tmp_path, "slow")
    try:
        with signed_in(browser, slow) as page:
            page.fill("#question", "restart checkout")
            page.press("#question", "Enter")
            expect(page.locator(".tool[data-status=running]")).to_be_visible()
            page.locator(".composer .stop").click()
            expect(page.locator(".ending .notice")).to_contain_text("Stopped")
            expect(page.locator(".lane")).to_have_attribute("data-status", "cancelled")
            page.reload()
            page.locator(".threads .title").first.click()
            expect(page.locator(".ending .notice")).to_contain_text("Stopped")
            expect(page.locator(".lane")).to_have_attribute("data-status", "cancelled")
    finally:
        slow.stop()
