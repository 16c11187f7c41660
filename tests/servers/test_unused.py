"""Volumes and balancers that cost and do nothing, over a cluster and metrics where they are known."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.principal import Permission, Principal
from mcp_servers.client import Sessions, Tools
from tests.servers.conftest import ANN
from tests.servers.priced import priced

NOW = datetime.now(UTC).replace(microsecond=0)
OLD = "2020-01-01T00:00:00Z"
DAYS, STEP = 12, timedelta(minutes=4)
A_DAY = timedelta(days=1) // STEP
BOOK = """
name = "round"
currency = "EUR"
[[prices]]
from = 2020-01-01
cpu_core_hour = "1"
memory_gib_hour = "0"
storage_gib_hour = "0.01"
load_balancer_hour = "0.1"
[[rates]]
from = 2020-01-01
currency = "CNY"
per_unit = "8"
"""


def thing(kind: str, name: str, namespace: str = "shop", **body: Any) -> dict[str, Any]:
    place = {} if kind == "PersistentVolume" else {"namespace": namespace}
    about = {"name": name, "creationTimestamp": OLD, **place}
    group = {"EndpointSlice": "discovery.k8s.io/v1"}.get(kind, "v1")
    return {"apiVersion": group, "kind": kind, "metadata": about, **body}


def claim(name: str) -> dict[str, Any]:
    room = {"storage": "100Gi"}
    spec = {"resources": {"requests": room}}
    return thing(
        "PersistentVolumeClaim", name, spec=spec, status={"phase": "Bound", "capacity": room}
    )


def balancer(name: str, ready: bool) -> list[dict[str, Any]]:
    spec = {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80}]}
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    ends = thing("EndpointSlice", f"{name}-x", addressType="IPv4", ports=[], endpoints=[])
    ends["metadata"]["labels"] = {"kubernetes.io/service-name": name}
    ends["endpoints"] = [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}]
    return [thing("Service", name, spec=spec, status=status), ends]


def objects() -> list[dict[str, Any]]:
    mount = [{"name": "v", "persistentVolumeClaim": {"claimName": "used"}}]
    spec = {"containers": [{"name": "app", "image": "app:1"}], "volumes": mount}
    released = {
        "phase": "Released",
        "lastPhaseTransitionTime": f"{NOW - timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}",
    }
    volume = {
        "capacity": {"storage": "50Gi"},
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": "shop", "name": "old"},
        "csi": {"driver": "block", "volumeHandle": "1"},
    }
    return [
        thing("Pod", "web", spec=spec, status={"phase": "Running"}),
        claim("used"),
        claim("left"),
        thing("PersistentVolume", "pv-old", spec=volume, status=released),
        *balancer("gone", ready=False),
        *balancer("quiet", ready=True),
        *balancer("busy", ready=True),
        *balancer("unmeasured", ready=True),
    ]


def lines(name: str, labels: str, value: Callable[[int], float], until: int = 0) -> list[str]:
    """Every few minutes up to now, or up to so many days ago."""
    marks = range(DAYS * A_DAY, until * A_DAY - 1, -1)
    return [f"{name}{{{labels}}} {value(i):.0f} {(NOW - STEP * i).timestamp():.0f}" for i in marks]


def metrics() -> str:
    room = "kubelet_volume_stats_capacity_bytes"
    mounted = 'namespace="shop",persistentvolumeclaim='
    asked = "http_requests_total"
    return "\n".join(
        [
            f"# TYPE {room} gauge",
            *lines(room, f'{mounted}"used"', lambda _: 1),
            *lines(room, f'{mounted}"left"', lambda _: 1, until=4),
            "# TYPE http_requests counter",
            *lines(asked, 'namespace="shop",service="gone"', lambda _: 7),
            *lines(asked, 'namespace="shop",service="quiet"', lambda _: 7),
            *lines(asked, 'namespace="shop",service="busy"', lambda i: DAYS * A_DAY - i),
            "# EOF\n",
        ]
    )


@pytest.fixture(scope="module")
async def unused(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Sessions]:
    folder: Path = tmp_path_factory.mktemp("unused")
    async with priced(folder, objects(), metrics=metrics(), book=BOOK, captured_at=NOW) as sessions:
        yield sessions


async def test_what_costs_and_does_nothing_is_told_with_money_age_and_evidence(
    unused: Sessions,
) -> None:
    told = (await Tools(unused, ANN).call("budgets_savings", language="en")).data
    rows = {row["name"]: row for row in told["rows"] if row["what"] != "requests"}
    assert set(rows) == {"pv-old", "left", "gone", "quiet"}
    assert (told["verdict"], told["currency"]) == ("ok", "EUR")
    assert rows["left"]["monthly"] == pytest.approx(100 * 0.01 * 730)
    assert rows["pv-old"]["monthly"] == pytest.approx(50 * 0.01 * 730)
    assert rows["quiet"]["monthly"] == pytest.approx(0.1 * 730)
    assert {name: row["confidence"] for name, row in rows.items()} == {
        "pv-old": "high", "left": "medium", "gone": "high", "quiet": "high"
    }  # fmt: skip
    since = datetime.fromisoformat(rows["left"]["unused_since"])
    assert abs(since - (NOW - timedelta(days=4))) <= timedelta(hours=1)
    assert "shop/old is gone" in rows["pv-old"]["reasons"][0]["text"]
    assert any("1 balancers lead to pods" in one["text"] for one in told["notes"])


@pytest.mark.parametrize(
    ("what", "names"), [("volumes", ["left", "pv-old"]), ("balancers", ["gone", "quiet"])]
)
async def test_one_kind_can_be_asked_for_alone(
    what: str, names: list[str], unused: Sessions
) -> None:
    told = (await Tools(unused, ANN).call("budgets_savings", what=what, currency="CNY")).data
    assert sorted(row["name"] for row in told["rows"]) == names
    assert told["monthly"] == pytest.approx(sum(row["monthly"] for row in told["rows"]))
    assert told["currency"] == "CNY"


async def test_who_sees_one_namespace_sees_its_claims_and_no_volume_of_the_cluster(
    unused: Sessions,
) -> None:
    sue = Principal("sue", permissions=frozenset(Permission), namespaces=frozenset({"shop"}))
    eve = Principal("eve", permissions=frozenset(Permission), namespaces=frozenset({"data"}))
    own = (await Tools(unused, sue).call("budgets_savings", what="volumes")).data
    none = (await Tools(unused, eve).call("budgets_savings", what="volumes")).data
    assert [row["name"] for row in own["rows"]] == ["left"]
    assert none["rows"] == []


async def test_evidence_is_told_in_chinese_too(unused: Sessions) -> None:
    told = (await Tools(unused, ANN).call("budgets_savings", what="balancers", language="zh")).data
    assert all("请求到达" in row["reasons"][-1]["text"] for row in told["rows"])


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_the_book_has_no_price_of_is_unpriced_and_in_no_sum(
    language: str, tmp_path: Path
) -> None:
    book = BOOK.replace('load_balancer_hour = "0.1"\n', "")
    async with priced(
        tmp_path, objects(), metrics=metrics(), book=book, captured_at=NOW
    ) as sessions:
        tools = Tools(sessions, ANN)
        told = (await tools.call("budgets_savings", what="balancers", language=language)).data
    assert {row["monthly"] for row in told["rows"]} == {None}
    assert told["monthly"] == 0
    [note] = [one["text"] for one in told["notes"] if one["code"] == "savings.unpriced"]
    assert "load_balancer_hour" in note


async def test_a_price_of_nothing_is_a_price(tmp_path: Path) -> None:
    book = BOOK.replace('load_balancer_hour = "0.1"', 'load_balancer_hour = "0"')
    async with priced(
        tmp_path, objects(), metrics=metrics(), book=book, captured_at=NOW
    ) as sessions:
        told = (await Tools(sessions, ANN).call("budgets_savings", what="balancers")).data
    assert {row["monthly"] for row in told["rows"]} == {0}
    assert "savings.unpriced" not in {one["code"] for one in told["notes"]}
