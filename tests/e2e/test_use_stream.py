"""A page of somebody else's, built around LangGraph's `useStream` and served from another origin, in real Chromium."""

import re
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Service
from tests.e2e.test_approving import Repairing
from tests.programs import CLIENTS

pytestmark = [pytest.mark.e2e, pytest.mark.live]

ESBUILD = CLIENTS / "node_modules" / "esbuild" / "bin" / "esbuild"
HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<div id="root"></div><script src="usestream.js"></script></html>"""
WITHIN_MS = 60_000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """The tests say what went wrong."""


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin that the page comes from."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "index.html").write_text(HTML)
    bundle = ["--bundle", "--format=iife", "--define:process.env.NODE_ENV='production'"]
    command = [str(ESBUILD), str(CLIENTS / "usestream.mjs"), *bundle]
    subprocess.run([*command, f"--outfile={folder / 'usestream.js'}"], check=True, timeout=60)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def opened(browser: Browser, chat: str, service: Service, token: str, thread: str = "") -> Page:
    given = {"apiUrl": f"{service.address}/langgraph", "apiKey": token}
    page = browser.new_context().new_page()
    page.goto(f"{chat}/?{urlencode({**given, 'threadId': thread} if thread else given)}")
    expect(page.get_by_label("question")).to_be_visible()
    return page


def ask(page: Page, question: str) -> None:
    page.get_by_label("question").fill(question)
    page.get_by_label("question").press("Enter")


def idle(page: Page) -> None:
    expect(page.locator("main")).to_have_attribute("aria-busy", "false", timeout=WITHIN_MS)


def token_of(browser: Browser, service: Service) -> str:
    """An API token of whoever has the login link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(service.link)
    page.wait_for_selector("#question")
    body = {"label": "chat", "scopes": ["chat:use", "cluster:read", "incidents:read"]}
    answer = context.request.post(f"{service.address}/api/v1/tokens", data=body)
    assert answer.ok, answer.text()
    token = answer.json()["token"]
    context.close()
    return token


def test_the_hook_streams_an_answer_and_finds_it_again_in_the_history(
    browser: Browser, chat: str, tmp_path: Path
) -> None:
    service = Service(tmp_path, MIDWATCH_LANGGRAPH__ORIGINS=chat)
    try:
        token = token_of(browser, service)
        page = opened(browser, chat, service, token)
        ask(page, "Why is checkout failing?")
        expect(page.locator("li.human")).to_have_text("Why is checkout failing?")
        expect(page.locator("li.ai").last).to_contain_text("256Mi", timeout=WITHIN_MS)
        idle(page)
        expect(page.locator("#runs")).to_have_text(re.compile(r"^\S{8,}$"))
        expect(page.locator("#history")).to_have_text("3 states")
        ask(page, "And since when?")
        expect(page.locator("li.human")).to_have_count(2)
        idle(page)
        expect(page.locator("#error")).to_have_count(0)
        thread, said = page.locator("#thread").inner_text(), page.locator("li").all_inner_texts()
        later = opened(browser, chat, service, token, thread)
        expect(later.locator("li.human")).to_have_count(2)
        assert later.locator("li").all_inner_texts() == said
    finally:
        service.stop()


def test_the_hook_edits_a_question_answers_it_again_and_switches_between_branches(
    browser: Browser, chat: str, tmp_path: Path
) -> None:
    service = Service(tmp_path, MIDWATCH_LANGGRAPH__ORIGINS=chat)
    try:
        page = opened(browser, chat, service, token_of(browser, service))
        human, switch = page.locator("li.human"), page.locator(".branch")
        ask(page, "list pods in shop")
        expect(page.locator("#history")).to_have_text("3 states", timeout=WITHIN_MS)
        page.locator("#edited").fill("list nodes")
        page.get_by_role("button", name="edit 0").click()
        expect(human).to_have_text("list nodes", timeout=WITHIN_MS)
        idle(page)
        expect(switch.first).to_have_text("2/2")
        switch.first.click()
        expect(human).to_have_text("list pods in shop")
        expect(switch.first).to_have_text("1/2")
        switch.first.click()
        expect(human).to_have_text("list nodes")
        before = switch.count()
        page.get_by_role("button", name=f"again {page.locator('li').count() - 1}").click()
        expect(switch).not_to_have_count(before, timeout=WITHIN_MS)
        idle(page)
        expect(human).to_have_text("list nodes")
        expect(switch.last).to_have_text("2/2")
        expect(page.locator("#error")).to_have_count(0)
    finally:
        service.stop()


@pytest.fixture
def repairing(tmp_path: Path, chat: str) -> Iterator[Repairing]:
    started = Repairing(tmp_path, "medium", MIDWATCH_LANGGRAPH__ORIGINS=chat)
    yield started
    started.stop()


@pytest.mark.parametrize(
    ("answer", "done"),
    [("approve", ["apply plan-1 for admin"]), ("reject", []), ("resolve", [])],
)
def test_the_hook_shows_what_waits_and_a_person_decides(
    browser: Browser, chat: str, repairing: Repairing, answer: str, done: list[str]
) -> None:
    page = opened(browser, chat, repairing, repairing.token)
    ask(page, "restart checkout")
    waits = page.locator("#interrupt")
    expect(waits).to_contain_text("autofix_apply", timeout=WITHIN_MS)
    expect(waits).to_contain_text("2 pods restart")
    idle(page)
    assert repairing.done() == []
    # Another page of the same thread has it from the history alone.
    thread = page.locator("#thread").inner_text()
    later = opened(browser, chat, repairing, repairing.token, thread)
    expect(later.locator("#interrupt")).to_contain_text("autofix_apply")
    later.get_by_role("button", name=answer).click()
    expect(later.locator("#interrupt")).to_have_count(0, timeout=WITHIN_MS)
    expect(later.locator("li.ai").last).not_to_be_empty()
    idle(later)
    expect(later.locator("#error")).to_have_count(0)
    assert repairing.done() == done


def test_a_page_of_an_origin_that_nobody_named_reads_nothing(
    browser: Browser, chat: str, repairing: Repairing
) -> None:
    elsewhere = chat.replace("127.0.0.1", "localhost")
    page = opened(browser, elsewhere, repairing, repairing.token)
    page.get_by_label("question").fill("restart checkout")
    with page.expect_event("requestfailed", timeout=WITHIN_MS):
        page.get_by_label("question").press("Enter")
    expect(page.locator("#thread")).to_be_empty()
    assert repairing.done() == []
