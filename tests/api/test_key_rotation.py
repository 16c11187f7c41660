"""The key of secrets is changed while two services send, and no message waits for it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from api.app import create_app, running
from api.editions import prepared
from core.http import Client, client
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from tests.api.conftest import offline, serving
from tests.channels.fakes import SETTINGS, Services
from tests.channels.fakes import serving as serving_services

OLD, NEW = "o" * 40, "n" * 40
PLACE = "/api/v1/channels"


@asynccontextmanager
async def service(folder: Path, shared: dict[str, Any]) -> AsyncGenerator[Client]:
    settings = offline(folder, **shared)
    app = create_app(settings)
    async with prepared(settings) as ready, running(app, ready) as opened, serving(app) as address:
        await opened.sign_in.ensure_admin()
        _, token = await opened.sign_in.make_api_token("admin", label="test")
        headers = {"Authorization": f"Bearer {token}"}
        async with client(address, timeout_s=120, headers=headers) as http:
            yield http


async def sent(http: Client, *names: str) -> None:
    """Each of the channels sends; a key that another service has just begun with is found soon."""
    for name in names:
        async with asyncio.timeout(60):
            while True:
                if await _sends(http, name):
                    break
                await asyncio.sleep(0.2)


async def _sends(http: Client, name: str) -> bool:
    tried = await http.post(f"{PLACE}/{name}/test")
    return tried.status_code == 200 and tried.json()["result"] == "sent"


async def sealed_with(address: str) -> set[str]:
    async with Database.opened(address) as database, KeptAlerts(database).session() as tables:
        return {row.sealed.split(".")[1] for row in await tables.channels.all()}


async def test_a_key_is_rotated_while_two_services_send_and_the_old_one_taken_away(
    tmp_path: Path,
) -> None:
    keys, fakes = tmp_path / "keys", Services()
    keys.write_text(OLD)
    address = f"sqlite+aiosqlite:///{tmp_path}/shared.db"
    shared = {"database": {"url": address}, "encryption": {"keys_file": keys}}
    async with (
        serving_services(fakes.app) as hooks,
        service(tmp_path / "a", shared) as one,
        service(tmp_path / "b", shared) as other,
    ):
        hook = {"kind": "webhook", "settings": SETTINGS["webhook"](hooks)}
        assert (await one.post(PLACE, json={"name": "before", **hook})).status_code == 201
        await sent(other, "before")
        keys.write_text(f"{NEW}\n{OLD}\n")
        async with asyncio.timeout(60):
            for number in range(10**6):
                await other.post(PLACE, json={"name": f"during-{number}", **hook})
                if len(await sealed_with(address)) == 2:
                    break
                await asyncio.sleep(0.2)
        for http in (one, other):
            await sent(http, "before", f"during-{number}")
        rotated = await one.post("/api/v1/tools/channels_rotate_keys", json={})
        assert rotated.status_code == 200, rotated.text
        assert len(await sealed_with(address)) == 1
        keys.write_text(NEW)
        for http in (one, other):
            await sent(http, "before", f"during-{number}")
