"""Stored rules in a real Prometheus: taken, refused and given back."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.http import client
from tests.api.test_rule_sync import RULES, Place, place
from tests.ports import free_port
from tests.sandbox.prometheus_servers import running

pytestmark = pytest.mark.live
__all__ = ["place"]

UNREADABLE = RULES.replace("up == 0", "up ==== 0")


async def loaded(address: str) -> list[Any]:
    async with client(address) as http:
        groups = (await http.get("/api/v1/rules")).json()["data"]["groups"]
    return [rule["name"] for group in groups for rule in group["rules"]]


async def test_a_real_prometheus_takes_what_it_can_and_keeps_what_it_had(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "prometheus.yaml").write_text(f"rule_files: ['{place.folder}/*.yaml']\n")
    address = f"http://127.0.0.1:{free_port()}"
    command = [
        *("prometheus", f"--config.file={tmp_path / 'prometheus.yaml'}", "--web.enable-lifecycle"),
        *(f"--storage.tsdb.path={tmp_path / 'tsdb'}", f"--web.listen-address={address[7:]}"),
    ]
    started = running(command, tmp_path / "prometheus.log", f"{address}/-/ready")
    await asyncio.to_thread(started.__enter__)
    try:
        place.target = replace(place.target, reload_url=f"{address}/-/reload")
        await place.store("web", RULES % "Down")
        assert (await place.round()).state == "in_step"
        assert await loaded(address) == ["Down"]
        await place.store("web", UNREADABLE % "Worse", based_on=1, with_errors=True)
        assert (await place.round()).state == "refused"
        assert await loaded(address) == ["Down"]
    finally:
        await asyncio.to_thread(started.__exit__, None, None, None)
