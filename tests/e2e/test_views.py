"""The views of tools, in real Chromium, as a client shows them: in a sandboxed frame that may load nothing."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.e2e.beside import HOSTILE, Desk, complaints_of_axe, shot

pytestmark = pytest.mark.e2e

# What the extension has a host allow a view that asks for nothing.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'none'; frame-src 'self'"
)
HOST = "http://host.test/"
PAGE = """<!doctype html><html lang="en"><head><title>Host</title></head><body><main><h1>Host</h1>
<iframe title="view" sandbox="allow-scripts" width="100%" height="700"></iframe></main><script>
window.told = [];
window.shown = (page, context, result) => new Promise((done) => {
  const frame = document.querySelector("iframe");
  const tell = (message) => frame.contentWindow.postMessage({jsonrpc: "2.0", ...message}, "*");
  window.tell = tell;
  addEventListener("message", ({source, data}) => {
    if (source !== frame.contentWindow) return;
    told.push(data);
    if (data.method === "ui/initialize")
      tell({id: data.id, result: {protocolVersion: "2026-01-26", hostInfo: {name: "host", version: "1"},
        hostCapabilities: {}, hostContext: context}});
    if (data.method === "ui/notifications/initialized") {
      tell({method: "ui/notifications/tool-result", params: result});
      done(true);
    }
  });
  frame.srcdoc = page;
});
</script></body></html>"""
CPU = "sum by (namespace) (rate(container_cpu_usage_seconds_total[5m]))"
CALLS: dict[str, dict[str, Any]] = {
    "prometheus_query_range": {"query": CPU},
    "rca_investigate": {"namespace": "shop", "name": "checkout"},
    "rca_dependency_graph": {"namespace": "shop", "name": "checkout", "hops": 1},
    "autofix_plan": {"namespace": "shop", "kind": "Deployment", "name": "checkout"},
    "budgets_spend": {},
}
SAYS = {
    "prometheus_query_range": ("namespace=shop", "As a table", "以表格显示"),
    "rca_investigate": ("256Mi", "Confidence", "置信度"),
    "rca_dependency_graph": ("checkout", "As a list", "以列表显示"),
    "autofix_plan": ("midwatch fix approve", "This page approves nothing", "此页面不能批准"),
    "budgets_spend": ("shop", "Altogether", "合计"),
}


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("views"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def answers(desk: Desk) -> dict[str, tuple[str, dict[str, Any]]]:
    """The page and the result of each tool that has a view, as a client gets them."""
    scopes = ["metrics:read", "incidents:read", "cluster:read", "fixes:plan", "costs:read"]
    token = desk.send("POST", "/api/v1/tokens", {"label": "views", "scopes": scopes})["token"]

    def asked(method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return desk.send_as(token, "/mcp?toolsets=all", body)["result"]

    tools = {one["name"]: one for one in asked("tools/list", {})["tools"]}

    def page_of(name: str) -> str:
        uri = tools[name]["_meta"]["ui"]["resourceUri"]
        return asked("resources/read", {"uri": uri})["contents"][0]["text"]

    return {
        name: (page_of(name), asked("tools/call", {"name": name, "arguments": given}))
        for name, given in CALLS.items()
    }


@contextmanager
def shown(
    browser: Browser, page: str, result: Any, *, locale: str = "en-US", theme: str = "light"
) -> Generator[tuple[Page, FrameLocator]]:
    """The view of a result in a host's frame; fails when it complains or reaches for anything."""
    context = browser.new_context(viewport={"width": 720, "height": 760})
    host, complaints = context.new_page(), list[str]()
    host.on("pageerror", lambda error: complaints.append(str(error)))
    host.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    host.on("request", lambda one: None if one.url == HOST else complaints.append(one.url))
    headers = {"Content-Security-Policy": POLICY}
    host.route(
        HOST, lambda route: route.fulfill(body=PAGE, content_type="text/html", headers=headers)
    )
    host.goto(HOST)
    told = {"theme": theme, "locale": locale}
    host.evaluate("([page, told, result]) => shown(page, told, result)", [page, told, result])
    yield host, host.frame_locator("iframe")
    context.close()
    assert complaints == []


@pytest.mark.parametrize("tool", list(CALLS))
@pytest.mark.parametrize(("locale", "theme"), [("en-US", "light"), ("zh-CN", "dark")])
def test_a_result_is_drawn_in_the_readers_language_and_colours(
    browser: Browser, answers: Any, tool: str, locale: str, theme: str
) -> None:
    fact, *words = SAYS[tool]
    with shown(browser, *answers[tool], locale=locale, theme=theme) as (host, view):
        expect(view.locator("#view")).to_contain_text(fact)
        expect(view.locator("#view")).to_contain_text(words["zh" in locale])
        shot(host, f"view-{tool}-{locale}-{theme}")
        assert complaints_of_axe_inside(host) == []
        sizes = [one for one in host.evaluate("told") if "size-changed" in one.get("method", "")]
        assert sizes
        assert all(one["params"]["height"] > 0 for one in sizes)


def complaints_of_axe_inside(host: Page) -> list[str]:
    """axe judges the frame as a page of its own: into a sandboxed one it cannot look from outside."""
    page = host.context.new_page()
    page.set_content(host.frames[1].content())
    found = complaints_of_axe(page)
    page.close()
    return found


def hostile(value: Any) -> Any:
    """The same result with markup in place of every text that is no date and no currency."""
    if isinstance(value, dict):
        return {key: hostile(one) if key not in KEPT else one for key, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return HOSTILE if isinstance(value, str) else value


KEPT = {"currency", "start", "end", "expires_at", "at", "verdict", "points"}


@pytest.mark.parametrize("tool", list(CALLS))
def test_markup_in_a_result_stays_text(browser: Browser, answers: Any, tool: str) -> None:
    page, result = answers[tool]
    spoilt = {**result, "structuredContent": hostile(result["structuredContent"])}
    with shown(browser, page, spoilt) as (host, view):
        expect(view.locator("#view")).to_contain_text("<img src=x")
        assert view.locator("img, a").count() == 0
        assert host.frames[1].evaluate("window.hit") is None


def test_a_failure_and_a_cancelled_call_are_said(browser: Browser, answers: Any) -> None:
    page, _ = answers["budgets_spend"]
    failed = {"isError": True, "content": [{"type": "text", "text": f"No prices. {HOSTILE}"}]}
    with shown(browser, page, failed) as (host, view):
        expect(view.locator("#view")).to_contain_text("The tool could not answer.")
        expect(view.locator("pre")).to_contain_text("No prices. <img")
        host.evaluate("tell({method: 'ui/notifications/tool-cancelled', params: {reason: 'user'}})")
        expect(view.locator("#view")).to_have_text("The call was cancelled.")
        host.evaluate("tell({id: 'bye', method: 'ui/resource-teardown', params: {}})")
        host.wait_for_function("told.some((one) => one.id === 'bye' && one.result)")


def test_a_language_that_changes_meanwhile_is_followed(browser: Browser, answers: Any) -> None:
    with shown(browser, *answers["budgets_spend"]) as (host, view):
        expect(view.locator("h1")).to_have_text("Costs")
        changed = {"method": "ui/notifications/host-context-changed", "params": {"locale": "zh-CN"}}
        host.evaluate(f"tell({json.dumps(changed)})")
        expect(view.locator("h1")).to_have_text("成本")
