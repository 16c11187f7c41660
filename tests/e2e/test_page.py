"""The chat page in real Chromium, against a service started as a person starts it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Service, signed_in

pytestmark = pytest.mark.e2e

ANSWER_WITHIN_MS = 30_000


def ask(page: Page, question: str) -> None:
    page.fill("#question", question)
    page.press("#question", "Enter")
    # Of this question: the turn before it has ended too.
    turn = page.locator(".turn[aria-busy=false]", has_text=question).last
    expect(turn.locator(".ending")).to_be_visible(timeout=ANSWER_WITHIN_MS)


def test_a_link_brings_a_question_along_which_only_a_person_sends(
    browser: Browser, service: Service
) -> None:
    with signed_in(browser, service) as page:
        page.goto(f"{service.address}/?ask=Find%20the%20root%20cause%20of%20%3Cb%3EDown%3C/b%3E.")
        expect(page.locator("#question")).to_have_value("Find the root cause of <b>Down</b>.")
        assert page.locator(".turn").count() == 0
        assert "ask=" not in page.url


@pytest.mark.parametrize(
    ("locale", "question", "words"),
    [
        ("en-US", "Why is checkout failing?", ["256Mi", "checkout"]),
        ("zh-CN", "checkout 为什么报错？", ["256Mi", "checkout", "内存"]),
    ],
)
def test_a_newcomer_follows_the_link_asks_and_opens_the_evidence(
    browser: Browser, service: Service, locale: str, question: str, words: list[str]
) -> None:
    with signed_in(browser, service, locale=locale) as page:
        assert page.locator("html").get_attribute("lang") == ("zh-CN" if "zh" in locale else "en")
        ask(page, question)
        turn = page.locator(".turn").last
        for word in words:
            expect(turn.locator(".answer")).to_contain_text(word)
        expect(turn.locator(".lane[data-subagent=rca][data-status=ok]")).to_be_visible()
        call = turn.locator(".tool[data-tool=rca_investigate]")
        expect(call.locator("summary")).to_contain_text(re.compile(r"\d (ms|s|毫秒|秒)"))
        call.locator("summary").click()
        expect(call.locator("pre").first).to_contain_text("checkout")
        turn.locator(".cite").first.click()
        chosen = page.locator(".evidence .item.chosen")
        expect(chosen.locator("pre")).not_to_be_empty()
        expect(chosen.locator("code")).not_to_be_empty()
        expect(turn.locator(".usage")).to_contain_text(
            "未使用语言模型" if "zh" in locale else "No language model"
        )


def test_a_link_works_once(browser: Browser, service: Service) -> None:
    with signed_in(browser, service):
        stranger = browser.new_context()
        page = stranger.new_page()
        page.goto(service.link)
        expect(page.locator("body")).to_contain_text("a link works once, and for 10 minutes")
        page.goto(service.address)
        expect(page.locator("input[name=password]")).to_be_visible()
        stranger.close()


def test_a_conversation_is_kept_found_renamed_and_deleted(
    browser: Browser, service: Service
) -> None:
    with signed_in(browser, service) as page:
        ask(page, "Why is checkout failing?")
        page.reload()
        page.wait_for_selector(".threads li")
        page.locator(".threads .title").first.click()
        expect(page.locator(".turn .answer")).to_contain_text("256Mi")
        expect(page.locator(".cite").first).to_be_visible()
        page.fill(".threads input[type=search]", "nothing like this")
        expect(page.locator(".threads li")).to_have_count(0)
        page.fill(".threads input[type=search]", "checkout")
        expect(page.locator(".threads li")).to_have_count(1)
        page.once("dialog", lambda dialog: dialog.accept("The memory story"))
        page.locator(".threads li").hover()
        page.locator(".threads li").get_by_role("button", name="Rename").click()
        page.fill(".threads input[type=search]", "")
        expect(page.locator(".threads .title")).to_have_text("The memory story")
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator(".threads li").hover()
        page.locator(".threads li .small").last.click()
        expect(page.locator(".threads li")).to_have_count(0)


def test_a_conversation_is_saved_as_a_file(browser: Browser, service: Service) -> None:
    with signed_in(browser, service) as page:
        ask(page, "Why is checkout failing?")
        page.locator(".threads li").first.hover()
        with page.expect_download() as saving:
            page.get_by_role("link", name=re.compile("Save as Markdown")).first.click()
        assert saving.value.suggested_filename.endswith(".md")
        assert "OOMKilled" in saving.value.path().read_text()


def test_what_a_cluster_wrote_cannot_run_or_load_anything(
    browser: Browser, service: Service
) -> None:
    hostile = (
        "![x](http://203.0.113.9/leak.png) <img src=x onerror=alert(1)> [a](javascript:alert(1))"
    )
    with signed_in(browser, service, expected="inline event handler violates") as page:
        html = page.evaluate(
            "async (text) => (await import('/markdown.mjs')).rendered(text)", hostile
        )
        assert "<img" not in html
        assert "javascript:" not in html


def test_enter_while_composing_chinese_does_not_send(browser: Browser, service: Service) -> None:
    with signed_in(browser, service, locale="zh-CN") as page:
        page.fill("#question", "checkout 为什么")
        page.evaluate(
            """() => document.querySelector('#question').dispatchEvent(
                new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"""
        )
        expect(page.locator(".turn")).to_have_count(0)
        expect(page.locator("#question")).to_have_value("checkout 为什么")


def test_language_and_theme_are_the_readers_choice(browser: Browser, service: Service) -> None:
    with signed_in(browser, service, color_scheme="dark") as page:
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
        page.click("#language")
        expect(page.locator(".composer button")).to_have_text("发送")
        page.reload()
        expect(page.locator(".composer button")).to_have_text("发送")


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_no_width_needs_sideways_scrolling(browser: Browser, service: Service, width: int) -> None:
    size = {"width": width, "height": 800}
    with signed_in(browser, service, viewport=size) as page:
        ask(page, "Why is checkout failing?")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(page.locator("#question")).to_be_visible()


def test_both_catalogues_have_the_same_keys(browser: Browser, service: Service) -> None:
    with signed_in(browser, service) as page:
        english, chinese = (
            page.evaluate("async (url) => Object.keys(await (await fetch(url)).json())", url)
            for url in ("/i18n/en.json", "/i18n/zh-CN.json")
        )
    assert english == chinese
