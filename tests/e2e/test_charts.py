"""An answer about load or money is drawn, with its values as a table, and is drawn again later."""

import gzip
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.beside import complaints_of_axe, shot
from tests.e2e.conftest import Service, signed_in
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e

MOST_FIRST_LOAD = 110 * 1024
ASKED = {
    "en-US": ("predict the qps of checkout for the next 24 hours", "Values as a table", "expected"),
    "zh-CN": ("checkout 明天的 QPS 预测", "以表格显示数值", "预计"),
}


@pytest.mark.parametrize("locale", list(ASKED))
@pytest.mark.parametrize("width", [1440, 390])
def test_a_forecast_is_drawn_with_its_values_and_again_when_opened_later(
    browser: Browser, service: Service, locale: str, width: int
) -> None:
    question, values, column = ASKED[locale]
    with signed_in(browser, service, locale=locale) as page:
        refused: list[str] = []
        page.on("console", lambda one: refused.append(one.text) if one.type == "error" else None)
        page.set_viewport_size({"width": width, "height": 900})
        ask(page, question)
        chart = page.locator(".turn .chart-of")
        expect(chart.locator("svg path.mean")).to_be_attached()
        expect(chart.locator("svg")).to_have_attribute("role", "img")
        chart.get_by_text(values).click()
        expect(chart.get_by_role("columnheader", name=column, exact=True)).to_be_visible()
        expect(chart.locator("tbody tr")).to_have_count(24)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.reload()
        if width < 700:
            page.locator(".top .menu").click()
        page.locator(".threads .title").first.click()
        expect(page.locator(".turn .chart-of svg path.mean")).to_be_attached()
        assert not refused


MARKED = {
    "en-US": (
        "why is checkout failing, and show the cpu of checkout over the last 3 hours",
        "change",
    ),
    "zh-CN": ("为什么 checkout 报错，并且看看 checkout 最近 3 小时的 CPU 使用率", "变更"),
}


@pytest.mark.parametrize("locale", list(MARKED))
@pytest.mark.parametrize("width", [1440, 390])
def test_what_happened_meanwhile_is_marked_on_the_chart_of_a_metric_and_listed(
    browser: Browser, service: Service, locale: str, width: int
) -> None:
    question, word = MARKED[locale]
    size: Any = {"width": width, "height": 900}
    with signed_in(browser, service, locale=locale, viewport=size) as page:
        ask(page, question)
        chart = page.locator(".turn .chart-of[data-tool=prometheus_query_range]")
        expect(chart.locator("svg[role=img] .mark").first).to_be_attached()
        marks = chart.locator("ol.marks li")
        assert chart.locator("svg[role=img] .mark").count() == marks.count()
        expect(marks.filter(has_text="4.19.0").first).to_contain_text(word)
        expect(chart.locator("ul.legend li").first).to_contain_text("checkout")
        assert chart.locator("svg[role=img] path.course").first.get_attribute("d").startswith("M")
        assert complaints_of_axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        chart.scroll_into_view_if_needed()
        shot(page, f"marked-{width}-{locale[:2]}")


def test_the_first_load_stays_small(browser: Browser, service: Service) -> None:
    with signed_in(browser, service) as page:
        seen: list[str] = []
        page.on("request", lambda one: seen.append(one.url))
        page.reload(wait_until="networkidle")
        # Asked for once more: of a response that another page began, Chromium keeps no body.
        files = [page.request.get(one) for one in set(seen) if "/api/" not in one]
        assert len(files) > 10
        assert sum(len(gzip.compress(one.body())) for one in files) <= MOST_FIRST_LOAD


def test_a_phone_shows_the_whole_of_a_chart_of_bars(browser: Browser, service: Service) -> None:
    phone = {"viewport": {"width": 390, "height": 844}}
    with signed_in(browser, service, **phone) as page:
        page.goto(f"{service.address}/#/spend")
        chart = page.locator(".chart-of.bars svg").first
        expect(chart.locator("rect.bar").first).to_be_visible()
        shown = chart.evaluate("(one) => one.getBoundingClientRect().right <= innerWidth")
        within = chart.evaluate(
            "(one) => [...one.querySelectorAll('text')].every((each) => {"
            " const here = each.getBoundingClientRect(), all = one.getBoundingClientRect();"
            " return here.left >= all.left - 1 && here.right <= all.right + 1; })"
        )
        assert (shown, within) == (True, True)
