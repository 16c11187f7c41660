"""The page of prices, and pins of conversations, in real Chromium."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.beside import Desk, complaints_of_axe, opened, shot
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("prices"))
    yield started
    started.stop()


def look_up(page: Page, day: str, told: str) -> None:
    form = page.locator("form").first
    form.get_by_label("Provider").fill("openai")
    form.get_by_label("Model").fill("qwen3-local")
    form.get_by_label("On (UTC)").fill(day)
    form.get_by_role("button", name="Look up").click()
    expect(page.locator(".effective")).to_contain_text(told)


def test_a_price_is_added_looked_up_changed_and_removed(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "usage")
        page.get_by_role("link", name="Prices of models").click()
        expect(page.locator("h2", has_text="Prices of models")).to_be_visible()
        expect(page.locator(".rail a[aria-current=page]")).to_have_text("Model usage")
        page.get_by_text("Add a price").click()
        form = page.locator("details.adding form")
        form.get_by_label("Model").fill("qwen3-local")
        form.get_by_label("From").fill("2026-11-01")
        form.get_by_label("Input", exact=True).fill("0.25")
        form.get_by_label("Output").fill("1.5")
        form.get_by_label("Note").fill("contract of November")
        form.get_by_role("button", name="Save").click()
        row = page.locator("tbody tr", has_text="qwen3-local")
        for words in ("2026-11-01", "$0.25", "$1.50", "set here", "contract of November"):
            expect(row).to_contain_text(words)
        look_up(page, "2026-11-15", "$0.25 for a million tokens in")
        look_up(page, "2026-10-15", "which is not free")
        row.get_by_role("button", name=re.compile("Change")).click()
        form.get_by_label("Output").fill("2")
        form.get_by_role("button", name="Save").click()
        expect(row).to_contain_text("$2.00")
        assert complaints_of_axe(page) == []
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name=re.compile("Remove")).click()
        expect(row).to_have_count(0)


def test_a_price_that_somebody_else_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    terms = {"model": "shared", "input": "1", "output": "2"}
    kept = desk.send("POST", "/api/v1/usage/prices", terms)
    with desk.page(expected="412") as page:
        opened(page, desk, "prices")
        row = page.locator("tbody tr", has_text="shared")
        row.get_by_role("button", name=re.compile("Change")).click()
        form = page.locator("details.adding form")
        expect(form.get_by_label("Output")).to_have_value("2")
        desk.send("PUT", f"/api/v1/usage/prices/{kept['id']}", {**terms, "output": "3"})
        form.get_by_label("Output").fill("9")
        form.get_by_role("button", name="Save").click()
        expect(page.locator("details.adding [role=alert]")).to_be_visible()
        page.get_by_role("button", name="Refresh").click()
        expect(row).to_contain_text("$3.00")


def test_who_may_only_read_prices_is_offered_no_change(desk: Desk) -> None:
    role = {"name": "reader", "permissions": ["usage:read", "chat:use"]}
    desk.send("POST", "/api/v1/roles", role)
    user = {"name": "rea", "role": "reader", "password": "a long password"}
    desk.send("POST", "/api/v1/users", user)
    with desk.page_of("rea", "a long password") as page:
        page.goto(f"{desk.service.address}/#/prices")
        expect(page.locator("tbody tr").first).to_be_visible()
        expect(page.locator("details.adding")).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("Change|Remove"))).to_have_count(0)


@pytest.mark.parametrize(("locale", "width"), [("en-US", 1440), ("zh-CN", 390)])
def test_a_conversation_is_pinned_above_newer_ones_and_let_go(
    desk: Desk, locale: str, width: int
) -> None:
    with desk.page(locale, width) as page:
        page.goto(desk.service.address)
        page.wait_for_selector("#question")
        for question in (f"Why is checkout failing? {width}", f"What fires? {width}"):
            ask(page, question)
            if width < 700:
                page.locator(".top .menu").click()
            page.locator(".threads .primary").click()
        if width < 700:
            page.locator(".top .menu").click()
        items = page.locator(".threads li")
        first = items.filter(has_text=f"Why is checkout failing? {width}")
        first.hover()
        pin = first.locator("button[aria-pressed]")
        expect(pin).to_have_attribute("aria-label", re.compile("^(Pin above the others|置顶): "))
        expect(pin).to_have_attribute("aria-pressed", "false")
        pin.click()
        expect(items.first).to_contain_text(f"Why is checkout failing? {width}")
        expect(pin).to_have_attribute("aria-pressed", "true")
        assert complaints_of_axe(page) == []
        shot(page, f"pinned-{width}-{locale[:2]}")
        items.first.hover()
        pin.click()
        expect(items.first).to_contain_text(f"What fires? {width}")
