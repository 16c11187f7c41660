"""Signing in at a certified provider that Midwatch did not write, with the forms a person fills there."""

import re
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest

from api.app import create_app, running
from api.editions import prepared
from core.http import client
from tests.api.conftest import offline, serving
from tests.kube.binaries import required
from tests.ports import free_port

pytestmark = pytest.mark.live
PATIENCE_S = 120.0
NAME, PASSWORD = "test-user@localhost", "verysecure"


@contextmanager
def certified(redirect: str, log: Path) -> Generator[str]:
    """The issuer of a running provider, at which `redirect` is registered."""
    [binary] = required("oidc")
    port = free_port()
    with (
        log.open("wb") as told,
        subprocess.Popen([binary, str(port), redirect], stdout=told, stderr=told) as process,
    ):
        issuer = f"http://localhost:{port}/"
        try:
            _answers(f"{issuer}.well-known/openid-configuration", log)
            yield issuer
        finally:
            process.terminate()


def _answers(address: str, log: Path) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        try:
            if httpx2.get(address, trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def sign_in_there(address: str, password: str) -> str:
    """What a person does at the provider; where it sends the browser to in the end."""
    with httpx2.Client(follow_redirects=False, trust_env=False, timeout=60) as browser:
        form = browser.get(address)
        while form.is_redirect:
            form = browser.get(urljoin(str(form.url), form.headers["location"]))
        action = re.search(r'action="([^"]+)"', form.text)
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.text))
        assert action, form.text
        filled = {**hidden, "username": NAME, "password": password}
        went = browser.post(urljoin(str(form.url), action[1]), data=filled)
        while went.is_redirect and "/auth/oidc/" not in went.headers["location"]:
            went = browser.get(urljoin(str(went.url), went.headers["location"]))
        return went.headers.get("location", "")


async def test_a_person_signs_in_at_a_certified_provider_and_comes_back(tmp_path: Path) -> None:
    outside = f"http://127.0.0.1:{free_port()}"
    with certified(f"{outside}/auth/oidc/callback", tmp_path / "log") as issuer:
        oidc = {
            "issuer": issuer,
            "client_id": "web",
            "client_secret": "secret",
            "default_role": "manager",
        }
        settings = offline(tmp_path, oidc=oidc, server={"public_url": outside})
        app = create_app(settings)
        async with (
            prepared(settings) as ready,
            running(app, ready) as opened,
            serving(app) as address,
            client(address, timeout_s=120) as http,
        ):
            await opened.sign_in.ensure_admin()
            sent = await http.get("/auth/oidc/login")
            assert sign_in_there(sent.headers["location"], "wrong") == ""
            sent = await http.get("/auth/oidc/login")
            back = sign_in_there(sent.headers["location"], PASSWORD)
            assert back.startswith(f"{outside}/auth/oidc/callback?")
            came = await http.get(f"/auth/oidc/callback?{back.partition('?')[2]}")
            assert (came.status_code, came.headers["location"]) == (303, "/"), came.text
            me = (await http.get("/auth/me")).json()
            assert (me["subject"], me["roles"]) == (NAME, ["manager"])
            again = await http.get(f"/auth/oidc/callback?{back.partition('?')[2]}")
            assert again.status_code == 401
