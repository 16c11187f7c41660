"""The card that asks a person, in real Chromium, over a service whose tool server changes something."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.agent.changing_server import DIFF
from tests.e2e.conftest import LINK, ROOT, Service, signed_in

pytestmark = pytest.mark.e2e

WITHIN_MS = 30_000
START_S = 60
TOKEN = re.compile(r"^token (\S+)$", re.MULTILINE)
# The scripted server has no lists of plans and changes, which the page of approvals asks for too.
NO_PLANS = "the server responded with a status of 404"


class Repairing(Service):
    """`tests.e2e.repairing`: the service with a scripted model and a server of plans."""

    def __init__(self, home: Path, risk: str, **environment: str) -> None:
        self.output = home / "output.txt"
        self.journal = home / "journal.txt"
        self.command = [sys.executable, "-m", "tests.e2e.repairing", home / "data", risk]
        self.home, self.environment = home, environment
        self.start()

    def start(self) -> None:
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.home,
                env={
                    "HOME": str(self.home),
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    **self.environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.link = self._link()

    @property
    def token(self) -> str:
        """Of somebody who may decide, told after the link."""
        deadline = time.monotonic() + START_S
        while not (found := TOKEN.search(self.output.read_text())):
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.05)
        return found[1]

    def done(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(params=["medium"])
def repairing(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Repairing]:
    started = Repairing(tmp_path, request.param)
    yield started
    started.stop()


def ask_to_apply(page: Page) -> None:
    page.fill("#question", "restart checkout")
    page.press("#question", "Enter")
    expect(page.locator(".approval")).to_be_visible(timeout=WITHIN_MS)


def ended(page: Page) -> None:
    expect(page.locator(".approval")).to_have_count(0)
    expect(page.locator(".turn[aria-busy=false] .usage").last).to_be_visible(timeout=WITHIN_MS)


def test_the_card_shows_the_plan_and_a_yes_carries_it_out(
    browser: Browser, repairing: Repairing
) -> None:
    with signed_in(browser, repairing) as page:
        ask_to_apply(page)
        card = page.locator(".approval")
        for words in ("autofix_apply", "plan-1", "Risk: medium", "2 pods restart", "managers"):
            expect(card).to_contain_text(words)
        expect(card.locator(".rehearsal")).to_have_text("Rehearsed at noon: verified there.")
        expect(card.locator(".cannot-know")).to_have_text("Not real traffic.")
        expect(card.locator(".diff .added")).to_contain_text("512Mi")
        assert card.locator(".diff").inner_text().splitlines() == DIFF.splitlines()
        expect(card.locator(".countdown")).to_contain_text(re.compile(r"Expires in \d+:\d\d"))
        assert repairing.done() == []
        card.locator("button.approve").click()
        ended(page)
        expect(page.locator(".answer")).to_contain_text("It is done.")
        # What was so while a yes was waited for is not told as if it were so now.
        expect(page.locator(".answer")).not_to_contain_text("Nothing has been changed")
        expect(page.locator(".earlier")).to_contain_text("Nothing has been changed")
        lane = page.locator(".lane")  # who waited went on: it is told once
        expect(lane).to_have_count(1)
        expect(lane).to_have_attribute("data-status", "ok")
        page.reload()
        page.locator(".threads .title").first.click()
        expect(lane.locator(".tool[data-tool=autofix_apply]")).to_have_count(1)
        expect(page.locator(".answer")).not_to_contain_text("Nothing has been changed")
        expect(page.locator(".earlier")).to_contain_text("Nothing has been changed")
        used = page.locator(".usage").all_inner_texts()
        assert len(set(used)) == len(used)  # each model once, for both halves of the turn
        expect(lane).to_have_attribute("data-status", "ok")
    assert repairing.done() == ["apply plan-1 for admin"]


def test_a_wish_leads_to_its_plan_and_by_two_clicks_to_a_verified_change(
    browser: Browser, tmp_path: Path
) -> None:
    """The whole way, over the practice cluster and without a model."""
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nsettle_s = 1\npoll_s = 0.5\n")
    service = Service(tmp_path, MIDWATCH_FIXES__POLICY=str(policy))
    try:
        with signed_in(
            browser, service, locale="zh-CN", viewport={"width": 390, "height": 800}
        ) as page:
            page.fill("#question", "把 catalog 扩容到 3 个副本")
            page.press("#question", "Enter")
            expect(page.locator(".repair button.primary")).to_be_visible(timeout=WITHIN_MS)
            expect(page.locator(".answer")).to_contain_text("+  replicas: 3")
            expect(page.locator(".answer")).to_contain_text("尚未在集群副本上演练")
            page.locator(".repair button.primary").click()
            card = page.locator(".approval")
            expect(card.locator(".diff")).to_contain_text("+  replicas: 3", timeout=WITHIN_MS)
            expect(card.locator(".where")).to_contain_text("Deployment shop/catalog")
            expect(card.locator(".action")).to_contain_text("3")
            expect(card.locator(".rehearsal code")).to_contain_text("midwatch fix rehearse fix-")
            expect(page.locator(".repair")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            card.locator("button.approve").click()
            expect(page.locator(".answer").last).to_contain_text("已完成", timeout=2 * WITHIN_MS)
    finally:
        service.stop()


def test_a_no_by_keyboard_changes_nothing(browser: Browser, repairing: Repairing) -> None:
    with signed_in(browser, repairing, locale="zh-CN", color_scheme="dark") as page:
        ask_to_apply(page)
        expect(page.locator(".approval")).to_be_focused()
        expect(page.locator(".approval")).to_contain_text("风险：中")
        for _ in range(5):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.classList.contains('deny')"):
                break
        page.keyboard.press("Enter")
        ended(page)
    assert repairing.done() == []


def test_another_message_is_answered_by_what_waits_and_the_card_stays(
    browser: Browser, repairing: Repairing
) -> None:
    with signed_in(browser, repairing) as page:
        ask_to_apply(page)
        page.fill("#question", "list pods")
        page.press("#question", "Enter")
        said = page.locator(".turn").last
        expect(said.locator(".answer")).to_contain_text("First I need your yes or no")
        expect(said.locator(".problem")).to_have_count(0)
        expect(page.locator(".approval")).to_have_count(1)
        assert repairing.done() == []
        page.locator(".approval button.approve").click()
        ended(page)
    assert repairing.done() == ["apply plan-1 for admin"]


@pytest.mark.parametrize("repairing", ["high"], indirect=True)
def test_a_high_risk_takes_the_name_typed(browser: Browser, repairing: Repairing) -> None:
    with signed_in(browser, repairing, viewport={"width": 390, "height": 800}) as page:
        ask_to_apply(page)
        approve = page.locator(".approval button.approve")
        expect(approve).to_be_disabled()
        page.fill(".approval input", "checkou")
        expect(approve).to_be_disabled()
        page.fill(".approval input", "checkout")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.press(".approval input", "Enter")
        ended(page)
    assert repairing.done() == ["apply plan-1 for admin"]


@pytest.mark.parametrize("repairing", ["brief"], indirect=True)
def test_a_card_of_the_inbox_that_nobody_answers_ends_and_takes_no_answer_any_more(
    browser: Browser, repairing: Repairing
) -> None:
    with signed_in(browser, repairing, expected=NO_PLANS) as page:
        ask_to_apply(page)
        page.goto(f"{repairing.address}/#/approvals")
        card = page.locator(".asked-card .approval")
        expect(card.locator("button.approve")).to_be_enabled()
        expect(card).to_contain_text("Nobody answered in time; nothing was changed.")
        expect(card.locator("button.approve")).to_be_disabled()
        expect(card.locator("button.deny")).to_be_disabled()
        late = page.evaluate(
            """async () => {
                const {items} = await (await fetch("/api/v1/approvals")).json();
                return items.length;
            }"""
        )
        assert late == 0
    assert repairing.done() == []


@pytest.mark.parametrize("answer", ["approve", "deny"])
def test_a_card_of_the_inbox_is_answered_there(
    browser: Browser, repairing: Repairing, answer: str
) -> None:
    with signed_in(browser, repairing, locale="zh-CN", expected=NO_PLANS) as page:
        ask_to_apply(page)
        page.goto(f"{repairing.address}/#/approvals")
        card = page.locator(".asked-card .approval")
        expect(card.locator(".diff .added")).to_contain_text("512Mi")
        card.locator(f"button.{answer}").click()
        expect(card).to_have_count(0)
    assert repairing.done() == (["apply plan-1 for admin"] if answer == "approve" else [])


def test_why_somebody_says_no_is_written_beside_the_no_and_enter_there_says_nothing(
    browser: Browser, repairing: Repairing
) -> None:
    with signed_in(browser, repairing) as page:
        ask_to_apply(page)
        page.get_by_label("If no, why?").fill("not before the sale")
        page.get_by_label("If no, why?").press("Enter")
        expect(page.locator(".approval button.deny")).to_be_enabled()
        page.locator(".approval button.deny").click()
        ended(page)
        assert "not before the sale" in page.request.get(f"{repairing.address}/api/v1/audit").text()
    assert repairing.done() == []


def test_what_waits_is_still_there_after_a_crash_and_a_reload(
    browser: Browser, repairing: Repairing
) -> None:
    with signed_in(browser, repairing) as page:
        ask_to_apply(page)
    repairing.kill()
    repairing.start()
    with signed_in(browser, repairing) as page:
        page.locator(".threads .title").first.click()
        page.locator(".approval button.approve").click()
        ended(page)
        expect(page.locator(".turn")).to_have_count(1)
    assert repairing.done() == ["apply plan-1 for admin"]


def test_a_killed_turn_is_offered_to_go_on(browser: Browser, tmp_path: Path) -> None:
    repairing = Repairing(tmp_path, "slow")
    with signed_in(browser, repairing, expected="ERR_") as page:
        page.fill("#question", "restart checkout")
        page.press("#question", "Enter")
        deadline = time.monotonic() + 30
        while repairing.done() != ["look slow-checkout"] and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.3)
        repairing.kill()
    repairing.command[-1] = "medium"
    repairing.start()
    try:
        with signed_in(browser, repairing) as page:
            page.locator(".threads .title").first.click()
            page.get_by_role("button", name="Go on").click()
            expect(page.locator(".answer")).to_contain_text("It is done.", timeout=WITHIN_MS)
    finally:
        repairing.stop()
    assert LINK.search(repairing.output.read_text())
    assert repairing.done() == ["look slow-checkout"] * 2
