"""Patrols look by themselves: what is new is told once, what stands is quiet, what is gone is ended."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from api.jobs.patrols import KIND, Scheduler
from core.clock import utc_now
from core.errors import Forbidden, Invalid, NotFound
from core.principal import Permission, Principal
from core.storage.patrol_records import PatrolRow
from sandbox.server import Addresses, serving
from tests.channels.analysing import Ward, ward

LOGISTICS = Path(__file__).parents[2] / "sandbox" / "snapshots" / "selector-miss"
BAKER = Principal("joe", permissions=frozenset(Permission), namespaces=frozenset({"bakery"}))
QUOTES = "/api/v1/namespaces/logistics/services/quotes"


@pytest.fixture
async def cluster() -> AsyncGenerator[Addresses]:
    async with serving(LOGISTICS, speed=60) as addresses:
        yield addresses


@pytest.fixture
async def room(cluster: Addresses, tmp_path: Path) -> AsyncGenerator[Ward]:
    async with ward(cluster, tmp_path) as made:
        yield made


async def mend(cluster: Addresses) -> None:
    """The Service finds its pods again."""
    kubeconfig: dict[str, Any] = yaml.safe_load(cluster.kubeconfig.read_text())
    headers = {
        "authorization": f"Bearer {kubeconfig['users'][0]['user']['token']}",
        "content-type": "application/merge-patch+json",
    }
    selector = {"spec": {"selector": {"app.kubernetes.io/component": "quotes-api"}}}
    async with httpx2.AsyncClient(base_url=cluster.kubernetes, headers=headers) as http:
        (await http.patch(QUOTES, json=selector)).raise_for_status()


async def test_a_fault_is_told_when_it_is_new_and_ended_when_it_is_gone(
    room: Ward, cluster: Addresses
) -> None:
    heard = await room.add("webhook")
    await room.tools.call(
        "alerting_set_patrol", name="night", every="PT1H", namespaces=["logistics"]
    )
    first = await room.round_made("night")
    assert first["new"] > 0
    assert first["score"] < 100
    await room.deliver()
    [told] = heard.taken
    names = {one["name"] for one in told["data"]["alerts"]}
    assert "service.selector_near_miss" in names
    assert [one["status"] for one in await room.alerts()] == ["firing"] * first["new"]

    second = await room.round_made("night")
    assert (second["new"], second["standing"]) == (0, first["new"])
    await room.deliver()
    assert len(heard.taken) == 1

    await mend(cluster)
    async with asyncio.timeout(60):
        while not (third := await room.round_made("night"))["cleared"]:
            continue
    await room.deliver()
    ended = {
        one["name"] for one in heard.taken[-1]["data"]["alerts"] if one["status"] == "resolved"
    }
    assert "service.selector_near_miss" in ended
    assert third["score"] > second["score"]


async def test_its_report_is_written_in_both_languages_with_history(room: Ward) -> None:
    await room.tools.call("alerting_set_patrol", name="night", every="P1D")
    await room.round_made("night")
    await room.round_made("night")
    english = (await room.tools.call("alerting_patrol_report")).data["markdown"]
    chinese = (await room.tools.call("alerting_patrol_report", language="zh")).data["markdown"]
    assert english.startswith("# Patrol night\n")
    assert "## Still there" in english
    assert "As the time before." in english
    assert "service.selector_near_miss" in english
    assert chinese.startswith("# 巡检 night\n")
    assert "仍未恢复" in chinese
    assert english.count("\n| 20") == chinese.count("\n| 20") == 2


async def test_a_new_fault_is_looked_into_like_any_alert(room: Ward) -> None:
    await room.tools.call("alerting_set_patrol", name="night", namespaces=["logistics"])
    await room.round_made("night")
    await room.worked_off()
    [analysis] = await room.analyses()
    assert analysis["causes"][0]["rule"] == "service.selector_near_miss"


async def test_two_patrols_that_see_the_same_fault_tell_of_it_once(room: Ward) -> None:
    heard = await room.add("webhook")
    await room.tools.call("alerting_set_patrol", name="wide")
    await room.tools.call("alerting_set_patrol", name="narrow", namespaces=["logistics"])
    wide = await room.round_made("wide")
    narrow = await room.round_made("narrow")
    assert (wide["new"] > 0, narrow["new"]) == (True, 0)
    await room.deliver()
    assert len(heard.taken) == 1


async def test_it_goes_out_when_its_time_has_come_once_whoever_looks(room: Ward) -> None:
    await room.tools.call("alerting_set_patrol", name="night", every="PT6H")
    one, two = (Scheduler(room.store, lambda: None) for _ in range(2))
    for _ in range(3):
        await asyncio.gather(one.work(), two.work())
    async with room.store.session() as tables:
        assert len(await tables.jobs.latest(KIND)) == 1
        row = await tables.patrols.get("night")
    assert row
    assert timedelta(hours=5) < row.next_at - utc_now() <= timedelta(hours=6)


async def test_in_shadow_a_round_is_reported_and_its_faults_are_no_alerts(room: Ward) -> None:
    terms = {"state": "shadow", "labels": {"patrol": "night"}}
    await room.tools.call("alerting_set_flag", name="patrols", terms=terms)
    await room.tools.call(
        "alerting_set_patrol", name="night", every="PT1H", namespaces=["logistics"]
    )
    made = await room.round_made("night")
    assert made["new"] > 0
    assert await room.alerts() == []


async def test_a_patrol_that_is_switched_off_is_not_sent_out(room: Ward) -> None:
    await room.tools.call("alerting_set_patrol", name="night", every="PT6H")
    await room.tools.call("alerting_set_flag", name="patrols", terms={"state": "off"})
    await Scheduler(room.store, lambda: None).work()
    async with room.store.session() as tables:
        assert await tables.jobs.latest(KIND) == []
        row = await tables.patrols.get("night")
    assert row
    assert row.next_at > utc_now()


@pytest.mark.parametrize("late_h", [0, 1, 25])
def test_times_that_were_missed_are_not_made_up_for(late_h: int) -> None:
    due = datetime(2026, 11, 29, 6, tzinfo=UTC)
    row = PatrolRow("night", [], 6 * 3600, True, "ann", due, due, due)
    after = row.next_after(due + timedelta(hours=late_h))
    assert (after - due) % timedelta(hours=6) == timedelta(0)
    assert timedelta(0) < after - (due + timedelta(hours=late_h)) <= timedelta(hours=6)


async def test_a_patrol_of_a_namespace_that_is_not_there_says_so_and_clears_nothing(
    room: Ward,
) -> None:
    await room.tools.call("alerting_set_patrol", name="night", namespaces=["logistics"])
    before = await room.round_made("night")
    await room.tools.call("alerting_set_patrol", name="night", namespaces=["nowhere", "logistics"])
    after = await room.round_made("night")
    assert (after["cleared"], after["standing"]) == (0, before["new"])
    assert "Namespace nowhere" in after["markdown"]
    await room.tools.call("alerting_set_patrol", name="lost", namespaces=["nowhere"])
    lost = await room.round_made("lost")
    assert lost["score"] is None
    assert "there is no score" in lost["markdown"]


async def test_who_sees_few_namespaces_patrols_only_those(room: Ward) -> None:
    theirs = room.as_(BAKER)
    await room.tools.call("alerting_set_patrol", name="night")
    assert (await theirs.call("alerting_list_patrols")).data["rows"] == []
    with pytest.raises(NotFound):
        await theirs.call("alerting_patrol_report", name="night")
    for namespaces in ([], ["bakery", "logistics"]):
        with pytest.raises(Forbidden, match="may not see"):
            await theirs.call("alerting_set_patrol", name="mine", namespaces=namespaces)
    with pytest.raises(Forbidden):
        await theirs.call("alerting_set_patrol", name="night", namespaces=["bakery"])
    made = await theirs.call("alerting_set_patrol", name="mine", namespaces=["bakery"])
    assert made.data["namespaces"] == ["bakery"]


async def test_wrong_input_is_told_in_words(room: Ward) -> None:
    with pytest.raises(Invalid, match="every 5 minutes at most"):
        await room.tools.call("alerting_set_patrol", name="night", every="PT10S")
    with pytest.raises(NotFound, match="no patrol yet"):
        await room.tools.call("alerting_patrol_report")
    await room.tools.call("alerting_set_patrol", name="night")
    with pytest.raises(NotFound, match="no such round"):
        await room.tools.call("alerting_patrol_report", name="night")
