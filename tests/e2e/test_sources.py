"""A number in an answer from the knowledge base opens the passage that it stands for."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Service, signed_in
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e

ASKED = {
    "en-US": ("How do I fix a container that is OOMKilled?", "raise the memory limit", "Yes"),
    "zh-CN": ("容器 OOM 了怎么处理？", "内存 limit", "有"),
}


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
        expect(chosen).to_contain_text("33")
        chosen.get_by_role("button", name=yes, exact=True).click()
        expect(chosen.locator("[role=status]")).to_be_visible()
        within = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert within
        assert not refused
