"""Writing a question with commands and names, answering again, and saying what an answer was worth."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.beside import Desk, complaints_of_axe, shot
from tests.e2e.test_page import ask

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("composing"))
    yield started
    started.stop()


def chat(page: Page, desk: Desk) -> None:
    page.goto(desk.service.address)
    page.wait_for_selector("#question")


def test_a_command_and_a_name_are_picked_by_the_keyboard_and_sent_as_a_question(
    desk: Desk,
) -> None:
    with desk.page() as page:
        chat(page, desk)
        page.locator("#question").press_sequentially("/lo")
        expect(page.get_by_role("option")).to_have_count(1)
        assert complaints_of_axe(page) == []
        page.keyboard.press("Enter")
        expect(page.locator("#question")).to_have_value("Show the logs of @")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.type("check")
        expect(page.get_by_role("option").first).to_contain_text("shop/checkout")
        shot(page, "picker")
        page.keyboard.press("Tab")
        expect(page.locator("#question")).to_have_value("Show the logs of shop/checkout ")
        expect(page.get_by_role("option")).to_have_count(0)
        page.keyboard.press("Enter")
        expect(page.locator(".turn .question")).to_contain_text("Show the logs of shop/checkout")
        turn = page.locator(".turn[aria-busy=false]")
        expect(turn.locator(".tool[data-status=ok]").first).to_be_visible()


def test_arrows_choose_escape_closes_and_a_click_takes(desk: Desk) -> None:
    with desk.page("zh-CN") as page:
        chat(page, desk)
        box = page.locator("#question")
        box.press_sequentially("/")
        options = page.get_by_role("option")
        expect(options.first).to_have_attribute("aria-selected", "true")
        page.keyboard.press("ArrowDown")
        expect(options.nth(1)).to_have_attribute("aria-selected", "true")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        expect(options.last).to_have_attribute("aria-selected", "true")
        assert box.get_attribute("aria-activedescendant") == options.last.get_attribute("id")
        page.keyboard.press("Escape")
        expect(options).to_have_count(0)
        expect(box).to_have_value("/")
        box.fill("")
        box.press_sequentially("@shop")
        options.filter(has_text="shop/checkout").click()
        expect(box).to_have_value("shop/checkout ")
        expect(box).to_be_focused()


def test_enter_that_chooses_a_word_of_an_input_method_takes_nothing_offered(desk: Desk) -> None:
    with desk.page("zh-CN") as page:
        chat(page, desk)
        page.locator("#question").press_sequentially("/")
        expect(page.get_by_role("option").first).to_be_visible()
        for key in ("Enter", "ArrowDown", "Tab"):
            page.evaluate(
                """(key) => document.querySelector('#question').dispatchEvent(
                    new KeyboardEvent('keydown', {key, isComposing: true, bubbles: true}))""",
                key,
            )
        expect(page.locator("#question")).to_have_value("/")
        expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
        assert page.locator(".turn").count() == 0


def test_a_command_written_out_is_sent_as_its_question_and_others_as_they_are(desk: Desk) -> None:
    with desk.page() as page:
        chat(page, desk)
        page.fill("#question", "/why checkout")
        page.press("#question", "Enter")
        asked = page.locator(".turn .question")
        expect(asked.first).to_contain_text("Why is checkout failing?")
        expect(page.locator(".turn[aria-busy=false] .ending")).to_be_visible()
        page.fill("#question", "/etc/hosts is what?")
        page.press("#question", "Enter")
        expect(asked.last).to_contain_text("/etc/hosts is what?")


def test_causes_are_drawn_in_the_answer_with_their_list_and_again_later(desk: Desk) -> None:
    with desk.page(width=390) as page:
        chat(page, desk)
        ask(page, "Why is checkout failing?")
        graph = page.locator(".turn .graph-of")
        expect(graph.locator("svg")).to_have_attribute("role", "img")
        graph.get_by_text("As a list").click()
        expect(graph.locator("li").first).to_contain_text("4.19.0")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.reload()
        page.locator(".top .menu").click()
        page.locator(".threads .title").first.click()
        expect(page.locator(".turn .graph-of rect").first).to_be_attached()


def test_an_answer_is_given_again_in_a_branch_and_the_old_one_stays(desk: Desk) -> None:
    with desk.page() as page:
        chat(page, desk)
        ask(page, "Are all nodes healthy?")
        page.locator(".again").last.click()
        expect(page.locator(".threads li", has_text="⑂")).to_have_count(1)
        expect(page.locator(".threads li", has_text="Are all nodes healthy?")).to_have_count(2)
        turn = page.locator(".turn[aria-busy=false]")
        expect(turn).to_have_count(1)
        expect(turn.locator(".question")).to_contain_text("Are all nodes healthy?")
        expect(turn.locator(".answer")).not_to_be_empty()


def test_what_was_wrong_with_an_answer_reaches_the_review(desk: Desk) -> None:
    with desk.page() as page:
        chat(page, desk)
        ask(page, "Which pods restarted in shop?")
        page.get_by_role("button", name="Bad answer").click()
        form = page.locator(".wrong")
        form.get_by_label("incomplete").check()
        form.get_by_label("Comment").fill("one is missing")
        assert complaints_of_axe(page) == []
        form.get_by_role("button").click()
        expect(page.locator(".opinion [role=status]")).to_contain_text("noted")
        [said] = desk.send("GET", "/api/v1/feedback")["items"]
        assert (said["reason"], said["comment"]) == ("incomplete", "one is missing")
        page.reload()
        page.locator(".threads .title").first.click()
        page.get_by_role("button", name="Good answer").click()
        expect(page.locator(".opinion [role=status]")).to_contain_text("noted")
        assert desk.send("GET", "/api/v1/feedback")["items"][0]["helpful"]


def test_pages_and_conversations_are_gone_to_by_a_part_of_their_name(desk: Desk) -> None:
    with desk.page() as page:
        chat(page, desk)
        page.keyboard.press("Control+k")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("combobox")).to_be_focused()
        page.keyboard.type("spe")
        expect(dialog.get_by_role("option")).to_have_count(1)
        assert complaints_of_axe(page) == []
        shot(page, "palette")
        page.keyboard.press("Enter")
        expect(page.locator("h2", has_text="Spend")).to_be_visible()
        expect(page.locator("main .card").first).to_be_visible()
        page.keyboard.press("j")
        expect(page.locator(".card:focus")).to_have_count(1)
        page.keyboard.press("?")
        expect(dialog).to_contain_text("new line")
        assert complaints_of_axe(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_a_letter_that_is_written_is_no_command_of_the_page(desk: Desk) -> None:
    with desk.page() as page:
        chat(page, desk)
        page.locator("#question").press_sequentially("jk?/")
        expect(page.locator("#question")).to_have_value("jk?/")
        expect(page.get_by_role("dialog")).to_have_count(0)
