"""What was carried out, on the page of approvals: how it stands, how it went, and the way back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.beside import Desk, complaints_of_axe, opened, shot

pytestmark = pytest.mark.e2e

# A change is watched for a while before it counts as verified.
VERIFIED_WITHIN_MS = 240_000


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(browser, tmp_path_factory.mktemp("changes"))
    yield started
    started.stop()


def replicas(desk: Desk) -> str:
    asked = desk.send("POST", "/api/v1/query", {"question": "how many replicas does cart have"})
    return str(asked["answer"])


def test_a_change_is_followed_to_its_end_and_taken_back_from_the_page(desk: Desk) -> None:
    plan = {"namespace": "shop", "kind": "Deployment", "name": "cart", "change": "scale"}
    made = desk.send("POST", "/api/v1/autofix/plan", {**plan, "replicas": 3})
    with desk.page() as page:
        opened(page, desk, "approvals")
        card = page.locator(f".card[data-plan='{made['plan_id']}']")
        card.get_by_role("button").first.click()
        card.locator("button.approve").click()
        card.get_by_role("button", name="Carry it out").click()
        page.get_by_role("button", name="Refresh").first.click()
        row = page.get_by_role("row", name="Deployment shop/cart")
        expect(row).to_contain_text("verified", timeout=VERIFIED_WITHIN_MS)
        row.get_by_role("button", name=re.compile("How it went")).click()
        expect(row.get_by_role("button", name=re.compile("How it went"))).to_have_count(0)
        assert "3" in replicas(desk)
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name=re.compile("Take back")).click()
        expect(row).to_contain_text("taken back", timeout=VERIFIED_WITHIN_MS)
        expect(row.get_by_role("button", name=re.compile("Take back"))).to_have_count(0)
        assert complaints_of_axe(page) == []
        shot(page, "changes")
    assert "2" in replicas(desk)
