"""Requests that schemathesis draws from the OpenAPI document, sound and unsound, against every operation."""

import re
from pathlib import Path

import pytest

from api.app import create_app, running
from api.editions import prepared
from core.http import client
from core.principal import Permission
from tests.api.conftest import offline, serving
from tests.programs import CLIENTS, ended

pytestmark = pytest.mark.live

SCHEMATHESIS = CLIENTS / "schemathesis" / "bin" / "schemathesis"
PATIENCE_S = 1500
# No 5xx, no status, content type or body that the document does not tell of.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# What works for minutes, and what would take away the credential that asks.
LEFT_OUT = ("investigate", "refreshKnowledge", "refreshAssistant", "endSessions", "revokeToken")


async def test_no_request_that_can_be_drawn_is_answered_otherwise_than_the_document_says(
    tmp_path: Path,
) -> None:
    assert SCHEMATHESIS.exists(), "tools/install_clients.sh installs schemathesis"
    settings = offline(tmp_path, rates={"user": 0, "key": 0, "password": 0})
    app = create_app(settings)
    async with prepared(settings) as ready, running(app, ready) as opened, serving(app) as address:
        await opened.sign_in.ensure_admin()
        every = frozenset(one.value for one in Permission)
        _, token = await opened.sign_in.make_api_token("admin", label="drawn", scopes=every)
        status, told = await drawn(address, token, tmp_path)
    assert status == 0, told[-20_000:]
    selected = re.search(r"(\d+) selected / (\d+) total", told)
    assert selected, told
    assert int(selected[2]) - int(selected[1]) == len(LEFT_OUT)
    assert int(selected[2]) > 180


async def drawn(address: str, token: str, folder: Path) -> tuple[int, str]:
    """What schemathesis ends with, and says."""
    document = folder / "openapi.json"
    async with client(address, timeout_s=PATIENCE_S) as http:
        document.write_bytes((await http.get("/openapi.json")).content)
    left_out = [f"--exclude-operation-id={one}" for one in LEFT_OUT]
    status, told, _ = await ended(
        *(SCHEMATHESIS, "run", document, f"--url={address}", "--phases=examples,fuzzing"),
        *("--header", f"Authorization: Bearer {token}", f"--checks={','.join(CHECKS)}"),
        *("--max-examples=6", "--generation-deterministic", "--suppress-health-check=all"),
        *("--request-timeout=120", "--continue-on-failure", "--no-color", *left_out),
        patience_s=PATIENCE_S,
        folder=folder,
        together=True,
    )
    return status, told
