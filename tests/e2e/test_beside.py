"""The pages beside the chat, in real Chromium: what they show and do, and what they refuse."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.beside import HOSTILE, Desk, complaints_of_axe, opened, settled, shot

pytestmark = pytest.mark.e2e

PLACES = [
    "overview", "approvals", "alerts", "spend", "usage", "prices", "feedback", "users", "settings",
]  # fmt: skip
CHECKOUT = {"namespace": "shop", "kind": "Deployment", "name": "checkout"}
ALERT: dict[str, Any] = {
    "version": "4", "status": "firing", "receiver": "x", "groupKey": HOSTILE, "groupLabels": {},
    "commonLabels": {}, "commonAnnotations": {}, "externalURL": "",
    "alerts": [{
        "status": "firing", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "labels": {"alertname": HOSTILE, "namespace": "shop", "severity": "critical"},
        "annotations": {"summary": HOSTILE}, "generatorURL": "", "fingerprint": "f1",
    }],
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With something on every page, and hostile text wherever somebody else may write it."""
    started = Desk(browser, tmp_path_factory.mktemp("beside"))
    send = started.send
    asked = send("POST", "/api/v1/query", {"question": f"fix checkout {HOSTILE}"})
    said = {"helpful": False, "reason": "wrong_cause", "comment": HOSTILE}
    send("PUT", f"/api/v1/threads/{asked['thread_id']}/feedback", said)
    send("PATCH", f"/api/v1/threads/{asked['thread_id']}", {"title": HOSTILE})
    send("POST", "/api/v1/alerts/alertmanager", ALERT)
    send("POST", "/api/v1/tokens", {"label": HOSTILE, "scopes": ["alerts:read"]})
    send("POST", "/api/v1/budgets", {"name": "shop", "amount": "1", "namespace": "shop"})
    send("POST", "/api/v1/users", {"name": "gus", "role": "guest", "password": "a long password"})
    send("POST", "/api/v1/investigations", {"namespace": "shop", "symptom": HOSTILE})
    send("POST", "/api/v1/autofix/plan", CHECKOUT)
    price = {"model": "swift", "input": "1.5", "output": "6", "since": "2026-01-01"}
    send("POST", "/api/v1/usage/prices", {**price, "note": HOSTILE})
    calls = [("li", "swift", "ok", 0.01, 100 * n) for n in range(1, 21)]
    started.keep_calls([*calls, ("maria", HOSTILE, "timeout", None, 9000)])
    yield started
    started.stop()


@pytest.mark.parametrize("width", [1440, 768, 390])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_page_fits_is_readable_to_all_and_runs_nothing_that_others_wrote(
    desk: Desk, locale: str, width: int
) -> None:
    with desk.page(locale, width) as page:
        for place in PLACES:
            opened(page, desk, place)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                assert complaints_of_axe(page) == [], f"{place} {theme}"
                shot(page, f"{place}-{width}-{locale[:2]}-{theme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, place
            assert page.locator("main [data-state=failed], main [data-state=away]").count() == 0
            assert page.locator("main img, main script, main a[href^='javascript']").count() == 0
        assert page.evaluate("window.hit") is None


def test_what_others_wrote_is_shown_as_they_wrote_it(desk: Desk) -> None:
    with desk.page() as page:
        for place in ("alerts", "feedback", "usage", "settings"):
            opened(page, desk, place)
            expect(page.get_by_text(HOSTILE).filter(visible=True).first).to_be_visible()
        page.goto(f"{desk.service.address}/#/chat")
        expect(page.locator(".threads .title").first).to_contain_text("<img")


def test_the_chat_looks_the_same_after_another_page_was_open(desk: Desk) -> None:
    measure = """() => [...document.querySelectorAll(".tool summary, .tool .status, .threads button")]
        .map((one) => [one.className, one.getBoundingClientRect().width, getComputedStyle(one).color])"""
    with desk.page() as page:
        told: list[Any] = []
        for before in ("chat", "settings"):
            page.goto(f"{desk.service.address}/#/{before}")
            page.goto(f"{desk.service.address}/#/chat")
            page.locator(".threads .title").first.click()
            expect(page.locator(".tool").first).to_be_visible()
            told.append(page.evaluate(measure))
        assert told[0] == told[1]


def test_pages_are_reached_by_the_keyboard_and_say_which_is_open(desk: Desk) -> None:
    with desk.page() as page:
        page.goto(desk.service.address)
        page.wait_for_selector("#question")
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.locator(".rail a[href='#/overview']").focus()
        page.keyboard.press("Enter")
        expect(page.locator("h2", has_text="Overview")).to_be_focused()
        expect(page.locator(".rail a[aria-current=page]")).to_have_text("Overview")
        expect(page).to_have_title(re.compile("^Overview"))
        page.go_back()
        expect(page.locator("#question")).to_be_visible()


def test_the_menu_of_a_phone_leads_to_the_pages(desk: Desk) -> None:
    with desk.page(width=390) as page:
        page.goto(desk.service.address)
        page.wait_for_selector("#question")
        expect(page.locator(".rail")).to_be_hidden()
        page.locator(".top .menu").click()
        page.locator(".rail a[href='#/spend']").click()
        expect(page.locator("h2", has_text="Spend")).to_be_visible()
        expect(page.locator(".rail")).to_be_hidden()


def test_side_pages_are_loaded_when_they_are_opened(desk: Desk) -> None:
    with desk.page() as page:
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        page.goto(desk.service.address, wait_until="networkidle")
        assert [one for one in asked if "/pages" in one] == []
        page.locator(".rail a[href='#/users']").click()
        expect(page.locator("h2", has_text="Users")).to_be_visible()
        assert [one for one in asked if one.endswith("/pages/users.mjs")]
        assert [one for one in asked if one.endswith("/pages/spend.mjs")] == []


def test_a_finding_is_investigated_and_its_causes_are_drawn_and_listed(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "overview")
        card = page.locator(".card[data-rule='pod.oom_killed']").first
        card.get_by_role("button", name=re.compile("Investigate")).click()
        expect(page.locator("h2", has_text="Incident")).to_be_visible()
        graph = page.locator(".graph-of").first
        expect(graph.locator("svg")).to_have_attribute("role", "img")
        boxes = graph.locator("rect").count()
        graph.get_by_text("As a list").click()
        edges = graph.locator("li")
        expect(edges.first).to_contain_text("→")
        assert edges.count() == boxes - 1
        expect(page.locator(".timeline li").first).to_be_visible()
        page.get_by_role("button", name="Draft a postmortem").click()
        expect(page.locator("pre.draft")).to_contain_text("256Mi")
        with page.expect_download() as saving:
            page.get_by_role("link", name="Save as Markdown").click()
        assert "256Mi" in saving.value.path().read_text()
        assert complaints_of_axe(page) == []
        shot(page, "incident")


def test_a_plan_is_approved_in_the_inbox_and_another_is_denied(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "approvals")
        plan = page.locator(".card[data-plan]").first
        name = plan.get_attribute("data-plan")
        plan.get_by_role("button").first.click()
        expect(plan.locator(".diff")).to_contain_text("memory")
        plan.get_by_label("Reason").fill("it is known")
        plan.locator("button.approve").click()
        expect(plan.get_by_role("button", name="Carry it out")).to_be_visible()
        told = desk.send("GET", f"/api/v1/autofix/plans/{name}")
        assert told["status"] == "approved"
        made = desk.send(
            "POST", "/api/v1/autofix/plan",
            {"namespace": "shop", "kind": "Deployment", "name": "cart", "change": "scale", "replicas": 3},
        )  # fmt: skip
        page.get_by_role("button", name="Refresh").first.click()
        other = page.locator(f".card[data-plan='{made['plan_id']}']")
        other.get_by_role("button").first.click()
        other.locator("button.deny").click()
        expect(other).to_have_count(0)
        assert desk.send("GET", f"/api/v1/autofix/plans/{made['plan_id']}")["status"] == "denied"


def test_usage_is_told_with_percentiles_and_for_one_user(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "usage")
        tiles = page.locator(".tile")
        expect(tiles.filter(has_text="Response time")).to_contain_text("1,000 ms")
        expect(tiles.filter(has_text="Response time")).to_contain_text("p95 1,900 ms")
        expect(tiles.first).to_contain_text("21")
        page.locator(".filters select").last.select_option("maria")
        expect(tiles.first).to_contain_text("1 failed")
        page.get_by_role("button", name="by month").click()
        settled(page)
        page.get_by_role("button", name="Tokens").click()
        expect(page.locator(".chart-of figcaption")).to_contain_text("Tokens")


def test_a_budget_is_added_drawn_and_removed(desk: Desk) -> None:
    with desk.page(expected="422 (Unprocessable") as page:
        opened(page, desk, "spend")
        expect(page.locator(".card[data-budget=shop] svg.meter")).to_have_attribute("role", "img")
        page.get_by_text("Add a budget").first.click()
        form = page.locator(".adding form")
        name = form.locator("input[name=name]")
        name.fill("Whole Cluster")
        expect(form.locator("input[name=name]:invalid")).to_have_count(1)
        expect(form).to_contain_text("Small letters, digits")
        name.fill("whole")
        expect(form.locator("input[name=name]:invalid")).to_have_count(0)
        form.get_by_label("Amount").fill("nonsense")
        form.get_by_role("button").click()
        expect(page.locator(".adding .problem")).not_to_be_empty()
        form.get_by_label("Amount").fill("900.50")
        form.get_by_role("button").click()
        card = page.locator(".card[data-budget=whole]")
        expect(card).to_contain_text("$900.50")
        page.once("dialog", lambda dialog: dialog.accept())
        card.get_by_role("button", name="Remove: whole").click()
        expect(card).to_have_count(0)


def test_an_api_key_is_shown_once_works_and_is_revoked(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "settings")
        page.get_by_text("Make a key").first.click()
        form = page.locator("form.form")
        form.get_by_label("Name").fill("for a script")
        form.get_by_label("usage:read").check()
        form.get_by_role("button").click()
        secret = page.locator(".secret pre").inner_text()
        assert secret.startswith("mw_")
        page.reload()
        settled(page)
        assert secret not in page.content()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Revoke: for a script").click()
        row = page.get_by_role("row", name=re.compile("for a script"))
        expect(row).to_contain_text("revoked")


def test_a_user_is_added_and_shut_out(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "users")
        form = page.locator("section", has_text="Add a user").locator("form.form").first
        form.get_by_label("Name", exact=True).fill("mira")
        form.get_by_label("Namespaces").fill("shop, data")
        form.get_by_role("button").click()
        card = page.locator(".card[data-user=mira]")
        expect(card).to_contain_text("data, shop")
        card.get_by_role("button", name="Shut out: mira").click()
        expect(card.locator("h3")).to_contain_text("shut out")


def test_a_role_is_made_given_and_cannot_go_while_somebody_has_it(desk: Desk) -> None:
    with desk.page(expected="409 (Conflict)") as page:
        opened(page, desk, "users")
        page.get_by_text("Add a role").first.click()
        form = page.locator(".adding form")
        form.get_by_label("Name").fill("night-watch")
        form.get_by_label("incidents:read").check()
        form.get_by_role("button").click()
        role = page.locator(".card[data-role=night-watch]")
        expect(role).to_contain_text("of your own")
        gus = page.locator(".card[data-user=gus]")
        gus.get_by_role("combobox").select_option("night-watch")
        gus.get_by_role("button", name="Save").first.click()
        expect(gus.locator(".said")).to_contain_text("changed")
        page.once("dialog", lambda dialog: dialog.accept())
        role.get_by_role("button", name="Remove: night-watch").click()
        expect(role.locator(".problem")).not_to_be_empty()
        gus.get_by_role("combobox").select_option("guest")
        gus.get_by_role("button", name="Save").first.click()
        expect(gus.get_by_role("button", name="Save", exact=True)).to_be_hidden()


def test_who_may_not_is_told_so_and_offered_nothing(desk: Desk) -> None:
    with desk.page_of("gus", "a long password") as page:
        expect(page.locator(".rail a[href='#/overview']")).to_be_visible()
        for place in ("users", "spend", "usage", "chat"):
            assert page.locator(f".rail a[href='#/{place}']").count() == 0
        for place in ("users", "spend", "usage"):
            page.goto(f"{desk.service.address}/#/{place}")
            expect(page.locator("[data-state=forbidden]").first).to_be_visible()
            assert page.locator("main form").count() == 0


def test_a_system_that_does_not_answer_is_said_to_be_away_and_asked_again(desk: Desk) -> None:
    with desk.page(expected="Failed to load resource") as page:
        page.route("**/api/v1/savings*", lambda route: route.abort())
        page.goto(f"{desk.service.address}/#/spend")
        away = page.locator("[data-state=away]")
        expect(away).to_be_visible()
        expect(page.locator(".card[data-budget=shop]")).to_be_visible()
        page.unroute("**/api/v1/savings*")
        away.get_by_role("button").click()
        expect(away).to_have_count(0)


def test_an_address_that_is_no_page_leads_back(desk: Desk) -> None:
    with desk.page() as page:
        page.goto(f"{desk.service.address}/#/nothing")
        expect(page.locator("main [role=alert]")).to_contain_text("no such page")
        page.locator("main a").click()
        expect(page.locator("#question")).to_be_visible()
