"""What a newcomer sees of the pages beside the chat before anything was set up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.beside import Desk, complaints_of_axe, opened

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("first"))
    yield started
    started.stop()


@pytest.mark.parametrize(
    ("locale", "there"), [("en-US", "Firing in Alertmanager"), ("zh-CN", "Alertmanager 中正在触发")]
)
def test_what_fires_in_the_cluster_stands_beside_what_was_sent_here(
    desk: Desk, locale: str, there: str
) -> None:
    with desk.page(locale, 390) as page:
        opened(page, desk, "alerts")
        firing = page.get_by_role("region", name=there)
        expect(firing.get_by_role("rowheader", name="ServiceErrorsHigh").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert complaints_of_axe(page) == []


@pytest.mark.parametrize("place", ["alerts", "settings", "overview"])
def test_commands_in_sentences_are_set_as_commands(desk: Desk, place: str) -> None:
    with desk.page() as page:
        opened(page, desk, place)
        expect(page.locator("main code", has_text="midwatch channels add").first).to_be_visible()
        assert "`" not in page.locator("main").inner_text()


def test_among_many_users_one_is_found_and_adding_stays_near(desk: Desk) -> None:
    for n in range(30):
        desk.send("POST", "/api/v1/users", {"name": f"person-{n:02}", "role": "guest"})
    with desk.page() as page:
        opened(page, desk, "users")
        cards = page.locator(".card[data-user]")
        expect(cards).to_have_count(20)
        page.get_by_role("button", name="Show more").click()
        expect(cards).to_have_count(31)
        page.get_by_role("searchbox", name="Search users").fill("SON-17")
        expect(cards).to_have_count(1)
        expect(page.get_by_role("status").filter(has_text="1 of 31")).to_be_visible()


def test_incidents_without_a_name_are_all_of_them(desk: Desk) -> None:
    with desk.page() as page:
        page.goto(f"{desk.service.address}/#/incidents")
        expect(page).to_have_url(f"{desk.service.address}/#/overview")
