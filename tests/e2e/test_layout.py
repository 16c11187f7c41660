"""Where things stand on the page at three widths: nothing covers what is used, nothing is cut off."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.beside import Desk, complaints_of_axe, opened, shot
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e

IS_ON_TOP = """one => {
    const {left, right, top, bottom} = one.getBoundingClientRect();
    return [left + 4, right - 4].every(x => {
        const seen = document.elementFromPoint(x, (top + bottom) / 2);
        return one === seen || one.contains(seen);
    });
}"""


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("layout"))
    yield started
    started.stop()


def asked(page: Page, desk: Desk, question: str) -> Locator:
    page.goto(desk.service.address)
    page.wait_for_selector("#question")
    ask(page, question)
    return page.locator(".turn").last


def widths(one: Locator) -> float:
    box = one.bounding_box()
    assert box
    return box["width"]


def test_the_chat_has_the_room_of_evidence_that_is_not_open(desk: Desk) -> None:
    with desk.page() as page:
        turn = asked(page, desk, "Why is checkout failing?")
        expect(page.locator(".evidence")).to_have_count(0)
        whole = widths(page.locator("main.chat"))
        turn.locator(".cite").first.click()
        expect(page.locator(".evidence")).to_be_visible()
        assert widths(page.locator("main.chat")) < whole
        page.get_by_role("button", name="Close evidence").click()
        assert widths(page.locator("main.chat")) == whole


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_evidence_on_a_tablet_covers_neither_the_question_nor_what_is_offered(
    desk: Desk, theme: str
) -> None:
    with desk.page(width=768) as page:
        page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType]
        turn = asked(page, desk, "Why is checkout failing?")
        turn.locator(".cite").first.click()
        expect(page.locator(".evidence .item.chosen")).to_be_visible()
        page.fill("#question", "/")
        expect(page.locator(".offer li").first).to_be_visible()
        for place in ("#question", ".composer button", ".offer li:first-child", ".top nav"):
            assert page.locator(place).evaluate(IS_ON_TOP), place
        assert complaints_of_axe(page) == []
        shot(page, f"evidence-768-{theme}")


def test_what_arrows_choose_of_a_long_list_is_shown(desk: Desk) -> None:
    with desk.page(width=768) as page:
        page.goto(desk.service.address)
        page.wait_for_selector("#question")
        page.fill("#question", "/")
        expect(page.locator(".offer li[aria-selected=true]")).to_be_in_viewport()
        page.keyboard.press("ArrowUp")  # the last one
        last = page.locator(".offer li").last
        expect(last).to_have_attribute("aria-selected", "true")
        assert last.evaluate(IS_ON_TOP)


def test_evidence_on_a_phone_can_be_closed_wherever_its_reader_is(desk: Desk) -> None:
    with desk.page(width=390) as page:
        turn = asked(page, desk, "Why is checkout failing?")
        turn.locator(".cite").first.click()
        page.locator(".evidence").evaluate("one => one.scrollTop = one.scrollHeight")
        close = page.get_by_role("button", name="Close evidence")
        expect(close).to_be_in_viewport()
        assert close.evaluate(IS_ON_TOP)
        close.click()
        expect(page.locator(".evidence")).to_have_count(0)


def test_a_row_of_a_table_is_read_on_a_phone_without_moving_it(desk: Desk) -> None:
    with desk.page(width=390) as page:
        opened(page, desk, "alerts")
        table = page.get_by_role("table").first
        row = table.get_by_role("row", name=re.compile("storefront cannot reach checkout"))
        for cell in row.get_by_role("cell").all():
            box = cell.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        summary = row.get_by_role("cell", name="storefront cannot reach checkout.")
        named = summary.evaluate("one => getComputedStyle(one, '::before').content")
        assert "Summary" in named


def test_a_diff_in_an_answer_tells_lines_apart_and_is_as_large_as_other_code(desk: Desk) -> None:
    with desk.page() as page:
        turn = asked(page, desk, "fix checkout")
        added = turn.locator(".answer .diff .added").first
        removed = turn.locator(".answer .diff .removed").first
        expect(added).to_contain_text("384Mi")
        expect(removed).to_contain_text("256Mi")
        colour = "one => getComputedStyle(one).color"
        assert added.evaluate(colour) != removed.evaluate(colour)
        size = "one => parseFloat(getComputedStyle(one).fontSize)"
        assert added.evaluate(size) >= 12


def test_a_figure_of_a_table_stays_on_one_line(desk: Desk) -> None:
    with desk.page(width=768) as page:
        turn = asked(page, desk, "memory of checkout in the last hour")
        figures = turn.locator("td.figure", has_text=re.compile("MiB$"))
        assert figures.count() > 2
        lines = "one => { const range = document.createRange(); range.selectNodeContents(one); return range.getClientRects().length; }"
        assert {one.evaluate(lines) for one in figures.all()} == {1}


def test_lines_of_a_chart_differ_in_colour_and_in_dashes(desk: Desk) -> None:
    with desk.page(width=390) as page:
        turn = asked(page, desk, "memory of checkout in the last hour")
        look = "all => all.map(one => { const {stroke, strokeDasharray} = getComputedStyle(one); return [stroke, strokeDasharray]; })"
        drawn = turn.locator(".chart-of > svg .course").evaluate_all(look)
        assert len(drawn) > 2
        assert len({stroke for stroke, _ in drawn}) == len(drawn)
        assert len({dashes for _, dashes in drawn}) == len(drawn)
        chart = turn.locator(".chart-of > svg").bounding_box()
        assert chart
        assert chart["x"] + chart["width"] <= 390


def test_why_a_plan_is_denied_is_written_in_its_card_and_kept(desk: Desk) -> None:
    plan = {"namespace": "shop", "kind": "Deployment", "name": "cart", "change": "scale"}
    made = desk.send("POST", "/api/v1/autofix/plan", {**plan, "replicas": 3})
    with desk.page(locale="zh-CN") as page:
        opened(page, desk, "approvals")
        card = page.locator(f".card[data-plan='{made['plan_id']}']")
        card.get_by_role("button").first.click()
        expect(card.get_by_label("理由")).to_have_count(1)
        card.get_by_label("理由").fill("发布窗口外")
        card.locator("button.deny").click()
        expect(card).to_have_count(0)
    lines = desk.send("GET", "/api/v1/audit?limit=50")["items"]
    [decided] = [one["detail"] for one in lines if one["action"] == "autofix.decide"]
    assert (decided["plan"], decided["reason"]) == (made["plan_id"], "发布窗口外")


def test_what_is_most_urgent_stands_first_among_what_fires(desk: Desk) -> None:
    with desk.page(locale="zh-CN") as page:
        opened(page, desk, "alerts")
        table = page.get_by_role("region", name="Alertmanager 中正在触发")
        tags = table.locator("td .tag").all_inner_texts()
        assert tags[:2] == ["危急", "危急"]
        assert set(tags[2:-1]) == {"警告"}
        assert tags[-1] == "无"


def test_advice_that_costs_more_is_not_told_as_a_saving(desk: Desk) -> None:
    with desk.page() as page:
        opened(page, desk, "spend")
        row = page.get_by_role("row", name="Deployment shop/mobile-api")
        expect(row).to_contain_text(re.compile(r"\$\d+\.\d+ more"))
        expect(page.locator("main")).not_to_contain_text("-$")


def test_long_names_beside_bars_are_whole_within_the_chart_on_a_phone(desk: Desk) -> None:
    with desk.page(width=390) as page:
        turn = asked(page, desk, "what did checkout cost")
        chart = turn.locator(".chart-of.bars > svg").first
        expect(chart.locator("rect.bar").first).to_be_visible()
        expect(chart.locator("text").first).to_contain_text("…")
        outside = chart.evaluate(
            """one => [...one.querySelectorAll("text")].filter(each => {
                const here = each.getBoundingClientRect(), all = one.getBoundingClientRect();
                return here.left < all.left - 1 || here.right > all.right + 1 || here.right > innerWidth;
            }).map(each => each.textContent)"""
        )
        assert outside == []
