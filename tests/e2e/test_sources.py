"""A number in an answer from the knowledge base opens the passage that it stands for."""

import pytest
from playwright.sync_api import Browser, expect

from knowledge_base.chunking import passages
from knowledge_base.ingest import SHIPPED
from tests.e2e.conftest import Service, signed_in
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e

ASKED = {
    "en-US": ("How do I fix a container that is OOMKilled?", "raise the memory limit", "Yes"),
    "zh-CN": ("容器 OOM 了怎么处理？", "内存 limit", "有"),
}


def first_line(language: str, words: str) -> int:
    """Where the passage about what to do begins in the shipped page."""
    page = (SHIPPED / f"oom-killed.{language}.md").read_text("utf-8")
    told = [one for one in passages("oom-killed", page) if words in one.text]
    return next(one.first_line for one in told if one.heading in ("What to do", "处理办法"))


@pytest.mark.parametrize("locale", list(ASKED))
@pytest.mark.parametrize("width", [1440, 390])
def test_a_number_opens_its_passage_with_document_heading_and_lines(
    browser: Browser, service: Service, locale: str, width: int
) -> None:
    question, words, yes = ASKED[locale]
    with signed_in(browser, service, locale=locale) as page:
        refused: list[str] = []
        page.on("console", lambda one: refused.append(one.text) if one.type == "error" else None)
        page.set_viewport_size({"width": width, "height": 900})
        ask(page, question)
        page.locator(".turn .cite").first.click()
        chosen = page.locator(".evidence .item.chosen")
        expect(chosen.locator(".passage")).to_contain_text(words)
        expect(chosen.locator("code").first).to_contain_text("runbooks/oom-killed")
        expect(chosen).to_contain_text(str(first_line(locale[:2], words)))
        chosen.get_by_role("button", name=yes, exact=True).click()
        expect(chosen.locator("[role=status]")).to_be_visible()
        within = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert within
        assert not refused
