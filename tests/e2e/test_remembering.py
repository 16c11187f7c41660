"""Branches of a conversation and facts that people told, in real Chromium."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.conftest import Service, signed_in
from tests.e2e.test_page import ANSWER_WITHIN_MS, ask

pytestmark = pytest.mark.e2e

FACT = "team payments owns checkout"


def test_an_edited_question_begins_a_branch_and_the_old_conversation_stays(
    browser: Browser, service: Service
) -> None:
    with signed_in(browser, service) as page:
        ask(page, "list pods in namespace shop")
        ask(page, "Why is checkout failing?")
        page.locator(".asked .edit").last.click()
        page.fill(".editing textarea", "how many replicas does cart have")
        page.locator(".editing button[type=submit]").click()
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.locator(".turn").last).to_contain_text("how many replicas does cart have")
        expect(page.locator(".turn[aria-busy=false] .answer").last).to_contain_text(
            "cart", timeout=ANSWER_WITHIN_MS
        )
        branches = page.locator(".threads li", has_text="⑂")
        expect(branches).to_have_count(1)
        expect(page.locator(".threads li")).to_have_count(2)
        ask(page, "and storefront?")  # goes on with what the branch remembers
        expect(page.locator(".answer").last).to_contain_text("storefront")
        page.locator(".threads li", has_not_text="⑂").locator(".title").click()
        expect(page.locator(".turn").last.locator(".answer")).to_contain_text("256Mi")
        expect(page.locator(".turn", has_text="how many replicas")).to_have_count(0)
        branches.locator(".title").click()
        expect(page.locator(".turn")).to_have_count(3)
        expect(page.locator(".turn").first).to_contain_text("list pods in namespace shop")


def work(turn: Locator) -> list[Any]:
    """The plan, and who worked with which tools and what came of it, as it is drawn."""
    return turn.evaluate(
        """turn => [...turn.querySelectorAll(".plan li, .lane, .lane > .tool")].map(
            one => [one.className, one.dataset.subagent ?? one.parentElement.dataset.subagent,
                    one.dataset.status, (one.querySelector(".lane-head, summary") ?? one).innerText])"""
    )


def test_a_conversation_that_is_opened_again_shows_who_worked_and_by_which_plan(
    browser: Browser, service: Service
) -> None:
    with signed_in(browser, service) as page:
        ask(page, "what is wrong in shop and what does it cost us")
        seen = work(page.locator(".turn"))
        page.reload()
        page.locator(".threads .title").first.click()
        expect(
            page.locator(".lane[data-subagent=cost] .tool[data-tool=budgets_spend]")
        ).to_be_visible()
        assert work(page.locator(".turn")) == seen
        assert [one[1] for one in seen if "lane" in one[0]] == ["rca", "cost"]
        assert sum("Root causes" in one[3] or "Costs" in one[3] for one in seen) == 2


def test_a_fact_that_was_told_is_cited_as_told_until_it_is_forgotten(
    browser: Browser, service: Service
) -> None:
    with signed_in(browser, service) as page:
        ask(page, FACT)
        expect(page.locator(".answer").last).to_contain_text(FACT)
        page.locator(".threads button.primary").click()
        ask(page, "Why is checkout failing?")
        turn = page.locator(".turn").last
        expect(turn.locator(".answer")).to_contain_text(FACT)
        turn.locator(".answer p", has_text=FACT).locator(".cite").first.click()
        expect(page.locator(".evidence .item.chosen")).to_contain_text("admin")
        ask(page, "what have I told you")
        expect(page.locator(".answer").last).to_contain_text(FACT)
        ask(page, f"forget that {FACT}")
        ask(page, "why is checkout still failing?")
        expect(page.locator(".answer").last).to_contain_text("256Mi")
        expect(page.locator(".answer").last).not_to_contain_text(FACT)


def test_a_fact_told_in_chinese_is_kept(browser: Browser, service: Service) -> None:
    with signed_in(browser, service, locale="zh-CN") as page:
        ask(page, "记住：checkout 由 payments 团队负责")
        ask(page, "checkout 为什么报错？")
        expect(page.locator(".answer").last).to_contain_text("checkout 由 payments 团队负责")
