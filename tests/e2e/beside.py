"""One service for many pages, who is signed in to it, and what axe says of a page."""

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import ROOT, Service, watched

AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
# Kept after the tests, to be looked at.
SHOTS = ROOT / "build" / "screenshots"
HOSTILE = "<img src=x onerror=\"window.hit='yes'\"> [a](javascript:window.hit='yes')"
RUN_AXE = """async () => (await axe.run()).violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`)"""


class Desk:
    """A service with somebody signed in, whose session further pages take along."""

    def __init__(self, browser: Browser, home: Path) -> None:
        self.home = home
        self.service = Service(home)
        self._browser = browser
        first = browser.new_context()
        page = first.new_page()
        page.goto(self.service.link)
        page.wait_for_selector("#question")
        self._state = first.storage_state()
        first.close()

    @contextmanager
    def page(
        self, locale: str = "en-US", width: int = 1440, *, expected: str = "nothing"
    ) -> Generator[Page]:
        size: Any = {"width": width, "height": 900}
        context = self._browser.new_context(locale=locale, viewport=size, storage_state=self._state)
        with watched(context, self.service, expected) as page:
            yield page

    @contextmanager
    def page_of(self, name: str, password: str) -> Generator[Page]:
        """A page of somebody else, who signs in by password."""
        context: BrowserContext = self._browser.new_context(locale="en-US")
        with watched(context, self.service, "the server responded with a status of") as page:
            page.goto(self.service.address)
            page.fill("input[name=username]", name)
            page.fill("input[name=password]", password)
            page.press("input[name=password]", "Enter")
            expect(page.locator(".rail")).to_be_visible()
            yield page

    def send(self, method: str, path: str, body: object = None) -> Any:
        """What the service answers to whoever is signed in."""
        context = self._browser.new_context(storage_state=self._state)
        answer = context.request.fetch(
            f"{self.service.address}{path}", method=method, data=body, timeout=120_000
        )
        told = answer.json() if answer.status != 204 else None
        context.close()
        assert answer.ok, told
        return told

    def send_as(self, token: str, path: str, body: object) -> Any:
        """What the service answers to the holder of a token."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        context = self._browser.new_context()
        answer = context.request.post(
            f"{self.service.address}{path}", data=body, headers=headers, timeout=120_000
        )
        assert answer.ok, answer.text()
        told = answer.json()
        context.close()
        return told

    def stop(self) -> None:
        self.service.stop()

    def keep_calls(self, rows: Iterable[tuple[str, str, str, float | None, int]]) -> None:
        """Calls of models an hour ago: user, model, outcome, USD and milliseconds."""
        at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%d %H:%M:%S.%f}"
        with closing(sqlite3.connect(self.home / "data" / "midwatch.db", timeout=60)) as database:
            database.executemany(
                "INSERT INTO model_usage (subject, model, outcome, cost_usd, duration_ms, created_at,"
                " conversation_id, run_id, request_id, subagent, provider, input_tokens,"
                " output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, estimated)"
                " VALUES (?, ?, ?, ?, ?, ?, 't', 'r', 'q', 'rca', 'openai', 900, 100, 0, 0, 0, 0)",
                [(*row, at) for row in rows],
            )
            database.commit()


def opened(page: Page, desk: Desk, place: str) -> None:
    """The page at this place, once it has read what it shows."""
    page.goto(f"{desk.service.address}/#/{place}")
    expect(page.locator("main.side .sheet h2")).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    expect(page.get_by_text("Loading…").or_(page.get_by_text("加载中…"))).to_have_count(0)


def complaints_of_axe(page: Page) -> list[str]:
    """What is serious or critical. The policy forbids scripts of others, so it comes in beside it."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text()})  # pyright: ignore[reportUnknownMemberType]
    session.detach()
    return page.evaluate(RUN_AXE)


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
