"""A person signs in at a certified provider of identities, in a browser, and comes back to the page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.api.test_oidc_provider import NAME, PASSWORD, certified
from tests.e2e.conftest import Service
from tests.ports import free_port

pytestmark = pytest.mark.e2e


def test_the_button_leads_to_the_provider_and_back_to_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    with certified(f"http://127.0.0.1:{port}/auth/oidc/callback", tmp_path / "log") as issuer:
        told = {
            "MIDWATCH_OIDC__ISSUER": issuer,
            "MIDWATCH_OIDC__CLIENT_ID": "web",
            "MIDWATCH_OIDC__CLIENT_SECRET": "secret",
            "MIDWATCH_OIDC__DEFAULT_ROLE": "manager",
            "MIDWATCH_OIDC__LABEL": "Example",
        }
        service = Service(tmp_path, "--port", str(port), **told)
        try:
            page = browser.new_page(locale="en-GB")
            page.goto(service.address)
            page.get_by_role("link", name="Sign in at Example").click()
            page.locator('input[name="username"]').fill(NAME)
            page.locator('input[name="password"]').fill(PASSWORD)
            page.locator('[type="submit"]').click()
            expect(page.locator("#question")).to_be_visible()
            me = page.evaluate("fetch('/auth/me').then((answer) => answer.json())")
            assert (me["subject"], me["roles"]) == (NAME, ["manager"])
            assert page.url.startswith(service.address)
            page.context.close()
        finally:
            assert service.stop() == 0
