"""Several clusters of Alertmanagers: named, asked member by member, and silenced where it is meant."""

from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Invalid, NotFound, UpstreamUnavailable
from core.principal import Principal
from core.security.encryption import Vault
from core.settings import Settings
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import ClusterAddress, Connections, Tools, desk_over, in_process
from sandbox.server import Addresses, serving_in_thread
from tests.channels.conftest import ANN
from tests.ports import free_port

SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"
WANTED = {"matchers": ['alertname="NobodyKnowsThis"'], "comment": "disks are being replaced"}


@pytest.fixture(scope="module")
def eu() -> Iterator[Addresses]:
    with serving_in_thread(SNAPSHOTS / "shop") as addresses:
        yield addresses


@pytest.fixture(scope="module")
def us() -> Iterator[Addresses]:
    with serving_in_thread(SNAPSHOTS / "healthy") as addresses:
        yield addresses


@pytest.fixture
def tools(anybody: Callable[[Principal], Tools]) -> Tools:
    return anybody(ANN)


@pytest.fixture
async def anybody(
    eu: Addresses, us: Addresses, tmp_path: Path
) -> AsyncGenerator[Callable[[Principal], Tools]]:
    """The first in eu; in us a member that does not answer stands before the one that does."""
    nobody = f"http://127.0.0.1:{free_port()}"
    reach = Connections(
        clusterless=True,
        alertmanager_url=eu.alertmanager,
        alertmanagers=(
            ClusterAddress("us", (nobody, us.alertmanager), {"region": "us", "team": "web"}),
            ClusterAddress("lost", (nobody,), {"region": "asia"}),
        ),
    )
    async with Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database:
        desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
        async with in_process(reach, desk=desk, only=("alerting",)) as sessions:
            yield lambda principal: Tools(sessions, principal)


async def test_each_cluster_is_told_with_its_members_and_what_is_wrong(tools: Tools) -> None:
    rows = (await tools.call("alerting_list_alertmanagers")).data["rows"]
    assert [(one["name"], one["state"]) for one in rows] == [
        ("default", "ok"),
        ("us", "degraded"),
        ("lost", "down"),
    ]
    us = rows[1]
    assert [one["answers"] for one in us["members"]] == [False, True]
    assert us["members"][0]["why"]
    assert us["members"][1]["version"]
    assert any("没有应答" in one for one in us["problems_in"]["zh"])


async def test_clusters_are_chosen_by_name_or_labels(tools: Tools) -> None:
    for wanted in ("us", "region=us", "region=us,team=web"):
        rows = (await tools.call("alerting_list_alertmanagers", am_cluster=wanted)).data["rows"]
        assert [one["name"] for one in rows] == ["us"]
    with pytest.raises(NotFound, match="no Alertmanager cluster 'region=eu'"):
        await tools.call("alerting_list_alertmanagers", am_cluster="region=eu")


async def test_who_reaches_one_cluster_is_shown_nothing_of_the_others(
    anybody: Callable[[Principal], Tools],
) -> None:
    abroad = anybody(replace(ANN, clusters=frozenset({"us"})))
    rows = (await abroad.call("alerting_list_alertmanagers")).data["rows"]
    assert [one["name"] for one in rows] == ["us"]
    with pytest.raises(NotFound, match="There are: us"):
        await abroad.call("alerting_list_silences", am_cluster="default")
    found = (await abroad.call("alerting_list_cluster_alerts")).data["rows"]
    assert {one["cluster"] for one in found} <= {"us"}
    made = await abroad.call("alerting_create_silence", **WANTED)
    with pytest.raises(NotFound, match="no Alertmanager cluster 'default'"):
        await abroad.call(
            "alerting_expire_silence",
            silence_id=made.data["silence"]["id"],
            am_cluster="default",
        )


async def test_a_silence_is_set_in_the_cluster_that_is_named_by_a_member_that_answers(
    tools: Tools,
) -> None:
    made = (await tools.call("alerting_create_silence", **WANTED, am_cluster="us")).data["silence"]
    listed = (await tools.call("alerting_list_silences", state="active", am_cluster="us")).data
    assert made["id"] in {one["id"] for one in listed["rows"]}
    elsewhere = (await tools.call("alerting_list_silences", am_cluster="default")).data["rows"]
    assert made["id"] not in {one["id"] for one in elsewhere}
    ended = await tools.call("alerting_expire_silence", silence_id=made["id"], am_cluster="us")
    assert ended.data["state"] == "expired"


async def test_where_there_are_several_it_has_to_be_said_which(tools: Tools) -> None:
    with pytest.raises(Invalid, match="several Alertmanager clusters"):
        await tools.call("alerting_create_silence", **WANTED)
    with pytest.raises(Invalid, match="several Alertmanager clusters"):
        await tools.call("alerting_expire_silence", silence_id="x")


async def test_silences_of_all_are_listed_with_whose_they_are_and_who_did_not_answer(
    tools: Tools,
) -> None:
    for cluster in ("default", "us"):
        await tools.call("alerting_create_silence", **WANTED, am_cluster=cluster)
    found = (await tools.call("alerting_list_silences")).data
    assert {one["cluster"] for one in found["rows"]} == {"default", "us"}
    assert found["unanswered"] == ["lost"]


def test_clusters_are_read_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    members = "https://am-0.example.com, https://am-1.example.com/"
    monkeypatch.setenv("MIDWATCH_ALERTMANAGERS__EU__MEMBERS", members)
    monkeypatch.setenv("MIDWATCH_ALERTMANAGERS__EU__LABELS", "region=eu,team=web")
    one = Settings().alertmanagers["eu"]
    assert one.members == ("https://am-0.example.com", "https://am-1.example.com")
    assert one.labels == {"region": "eu", "team": "web"}


@pytest.mark.parametrize(
    ("variable", "text", "why"),
    [
        ("EU__MEMBERS", "am-0", "must begin with http"),
        ("EU__LABELS", "region", "must be labels such as"),
        ("DEFAULT__MEMBERS", "https://am.example.com", "not default"),
    ],
)
def test_odd_clusters_are_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, why: str
) -> None:
    monkeypatch.setenv("MIDWATCH_ALERTMANAGERS__EU__MEMBERS", "https://am.example.com")
    monkeypatch.setenv(f"MIDWATCH_ALERTMANAGERS__{variable}", text)
    with pytest.raises(ValueError, match=why):
        Settings()


async def test_alerts_are_told_over_all_clusters_and_who_did_not_answer(tools: Tools) -> None:
    found = (await tools.call("alerting_list_cluster_alerts")).data
    assert {one["cluster"] for one in found["rows"]} <= {"default", "us"}
    assert found["total"] > 0
    assert all(one["missing_at"] == [] for one in found["rows"])
    assert [one.partition("/")[0] for one in found["unanswered"]] == ["us", "lost"]


async def test_groups_count_the_alerts_that_share_labels_over_clusters(tools: Tools) -> None:
    asked = {"group_by": "severity", "am_cluster": "default"}
    found = (await tools.call("alerting_list_cluster_alerts", **asked)).data
    assert sum(one["alerts"] for one in found["groups"]) == found["total"]
    for one in found["groups"]:
        assert set(one["labels"]) <= {"severity"}
        assert one["active"] + one["suppressed"] <= one["alerts"]
        assert one["clusters"] == ["default"]


async def test_where_no_cluster_answers_that_is_an_error_and_no_empty_list(tools: Tools) -> None:
    with pytest.raises(UpstreamUnavailable):
        await tools.call("alerting_list_cluster_alerts", am_cluster="lost")


async def test_an_alert_that_a_member_lacks_says_which(
    eu: Addresses, us: Addresses, tmp_path: Path
) -> None:
    """Two that do not know each other, named as one cluster."""
    both = ClusterAddress("odd", (eu.alertmanager, us.alertmanager))
    reach = Connections(clusterless=True, alertmanager_url=eu.alertmanager, alertmanagers=(both,))
    async with Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database:
        desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
        async with in_process(reach, desk=desk, only=("alerting",)) as sessions:
            asked = {"am_cluster": "odd"}
            found = (await Tools(sessions, ANN).call("alerting_list_cluster_alerts", **asked)).data
    lacking = {address for one in found["rows"] for address in one["missing_at"]}
    assert us.alertmanager.removeprefix("http://").partition("/")[0] in lacking
