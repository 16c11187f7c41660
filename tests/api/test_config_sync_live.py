"""A stored configuration in a real Alertmanager: taken, refused before it is tried, given back."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.http import client
from tests.api.test_config_sync import beside, store, there
from tests.api.test_rule_sync import Place, place
from tests.ports import free_port
from tests.sandbox.prometheus_servers import running

pytestmark = pytest.mark.live
__all__ = ["place"]

NO_TEMPLATE = """templates: [broken.tmpl]
route: {receiver: ops}
receivers: [{name: ops}]
"""


async def loaded(address: str) -> str:
    async with client(address) as http:
        return (await http.get("/api/v2/status")).json()["config"]["original"]


async def test_a_real_alertmanager_takes_what_it_can_and_keeps_what_it_had(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside(place)
    await store(place, "ops")
    assert (await place.round()).state in ("in_step", "not_reloaded")
    address = f"http://127.0.0.1:{free_port()}"
    command = [
        *("prometheus-alertmanager", f"--config.file={place.folder / 'alertmanager.yml'}"),
        *(f"--storage.path={tmp_path / 'am'}", f"--web.listen-address={address[7:]}"),
        "--cluster.listen-address=",
    ]
    started = running(command, tmp_path / "am.log", f"{address}/-/ready")
    await asyncio.to_thread(started.__enter__)
    try:
        place.target = replace(place.target, reload_url=f"{address}/-/reload")
        await store(place, "web", 1)
        assert (await place.round()).state == "in_step"
        assert "receiver: web" in await loaded(address)
        (place.folder / "broken.tmpl").write_text("{{ define")
        await store_text(place, NO_TEMPLATE, 2)
        by_amtool = await place.round()
        assert (by_amtool.state, "template" in by_amtool.error) == ("refused", True)
        monkeypatch.setenv("PATH", str(tmp_path))  # without amtool the Alertmanager says it itself
        by_itself = await place.round()
        assert (by_itself.state, by_itself.error[:8]) == ("refused", "HTTP 500")
        assert "receiver: web" in there(place)
        assert "receiver: web" in await loaded(address)
    finally:
        await asyncio.to_thread(started.__exit__, None, None, None)


async def store_text(place: Place, text: str, based_on: int) -> None:
    body = {"text": text, "reason": "test", "based_on": based_on}
    async with place.watch.client() as http:
        stored = await http.put("/api/v1/alertmanager-configs/main", json=body)
        assert stored.status_code == 200, stored.text
