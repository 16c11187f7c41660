"""Incidents are kept with their evidence, each once, for those who may see where it is from."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from core.storage.database import Database
from core.storage.kept_incidents import KeptIncidents
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses
from tests.servers.conftest import ANN, SHOPKEEPER

BAKER = Principal("joe", permissions=frozenset(Permission), namespaces=frozenset({"bakery"}))


@asynccontextmanager
async def remembering(shop: Addresses, folder: Path) -> AsyncGenerator[Sessions]:
    """The servers over the shop, with a database."""
    reach = Connections(
        kubeconfig=shop.kubeconfig,
        prometheus_url=shop.prometheus,
        alertmanager_url=shop.alertmanager,
    )
    async with (
        Database.opened(f"sqlite:///{folder / 'midwatch.db'}") as database,
        in_process(reach, incidents=KeptIncidents(database)) as sessions,
    ):
        yield sessions


async def test_an_incident_found_twice_is_one_with_its_evidence(
    shop: Addresses, tmp_path: Path
) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        first = (await tools.call("rca_investigate", namespace="shop")).data
        again = (await tools.call("rca_investigate", namespace="shop")).data
        [listed] = (await tools.call("rca_list_incidents")).data["rows"]
        assert (listed["id"], listed["times_found"]) == (first["incident_id"], 2)
        assert listed["first_found"] < listed["last_found"]
        kept = await tools.call("rca_get_incident", incident_id=listed["id"])
    causes = again["root_causes"]
    assert [one["evidence"] for one in kept.data["investigation"]["root_causes"]] == [
        one["evidence"] for one in causes
    ]
    assert causes[0]["evidence"][0]["text"][:60] in kept.text


CHINESE = re.compile(r"[\u4e00-\u9fff]")


async def test_an_incident_is_read_in_the_language_of_its_reader_whoever_found_it(
    shop: Addresses, tmp_path: Path
) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        await tools.call("rca_investigate", namespace="shop", language="en")
        found = (await tools.call("rca_investigate", namespace="shop", language="zh")).data
        name = found["incident_id"]
        for language, chinese in (("en", False), ("zh", True), ("", True)):
            [listed] = (await tools.call("rca_list_incidents", language=language)).data["rows"]
            kept = await tools.call("rca_get_incident", incident_id=name, language=language)
            cause = kept.data["investigation"]["root_causes"][0]
            told = (listed["summary"], kept.data["summary"], cause["summary"], cause["cause"])
            assert [bool(CHINESE.search(one)) for one in told] == [chinese] * 4, language
        draft = (await tools.call("rca_draft_page", language="en", incident_id=name)).data
        assert not CHINESE.search(draft["title"] + draft["markdown"])
        [listed] = (await tools.call("rca_list_incidents")).data["rows"]
        assert listed["times_found"] == 2


async def test_an_incident_that_was_kept_in_one_language_is_shown_in_that(
    shop: Addresses, tmp_path: Path
) -> None:
    async with (
        remembering(shop, tmp_path) as sessions,
        Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database,
    ):
        tools = Tools(sessions, ANN)
        found = (await tools.call("rca_investigate", namespace="shop", language="zh")).data
        store = KeptIncidents(database)
        row = await store.get(found["incident_id"])
        assert row
        await store.keep(replace(row, investigation=found))
        kept = await tools.call("rca_get_incident", incident_id=row.id, language="en")
    assert kept.data["summary"] == found["summary"]


async def test_incidents_outlive_the_process(shop: Addresses, tmp_path: Path) -> None:
    async with remembering(shop, tmp_path) as sessions:
        found = await Tools(sessions, ANN).call("rca_investigate", namespace="shop")
    async with remembering(shop, tmp_path) as sessions:
        [listed] = (await Tools(sessions, ANN).call("rca_list_incidents")).data["rows"]
    assert listed["id"] == found.data["incident_id"]


async def test_only_who_may_see_all_its_namespaces_may_read_an_incident(
    shop: Addresses, tmp_path: Path
) -> None:
    async with remembering(shop, tmp_path) as sessions:
        found = await Tools(sessions, SHOPKEEPER).call("rca_investigate", namespace="shop")
        name = found.data["incident_id"]
        assert (await Tools(sessions, SHOPKEEPER).call("rca_list_incidents")).data["total"] == 1
        stranger = Tools(sessions, BAKER)
        assert (await stranger.call("rca_list_incidents")).data["total"] == 0
        with pytest.raises(NotFound):
            await stranger.call("rca_get_incident", incident_id=name)


async def test_a_healthy_answer_is_no_incident(shop: Addresses, tmp_path: Path) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        answer = await tools.call("rca_investigate", namespace="kube-system")
        assert answer.data["verdict"] == "healthy"
        assert (await tools.call("rca_list_incidents")).data["total"] == 0


async def test_an_unknown_incident_is_answered_with_the_nearest(
    shop: Addresses, tmp_path: Path
) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        found = await tools.call("rca_investigate", namespace="shop")
        name = found.data["incident_id"]
        with pytest.raises(NotFound, match=f"Did you mean {name}"):
            await tools.call("rca_get_incident", incident_id=f"{name[:-1]}x")


async def test_without_a_database_nothing_is_kept_and_that_is_said(tools: Tools) -> None:
    with pytest.raises(UpstreamUnavailable, match="Nothing is kept here"):
        await tools.call("rca_list_incidents")


async def test_an_investigation_is_answered_even_if_it_cannot_be_kept(
    shop: Addresses, tmp_path: Path
) -> None:
    async with remembering(shop, tmp_path) as sessions:
        (tmp_path / "midwatch.db").unlink()
        (tmp_path / "midwatch.db").mkdir()
        answer = await Tools(sessions, ANN).call("rca_investigate", namespace="shop")
    assert answer.data["verdict"] == "found"
