"""A captured cluster, served again, is the same cluster, but for its secrets."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
import yaml

from core.errors import Invalid, Unauthenticated, UpstreamUnavailable
from sandbox.capture import Bounds, capture
from sandbox.capture.metrics import open_metrics
from sandbox.series import Matcher, SeriesStore
from sandbox.server import Addresses, serving_in_thread
from sandbox.snapshot import LogKey, Snapshot
from tests.sandbox.small_cluster import CAPTURED_AT, named, write, write_snapshot

NOW = datetime(2026, 12, 1, tzinfo=UTC)
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CHANGE = {"at": "2026-11-20T09:00:00Z", "id": "c1", "kind": "deploy", "summary": "web 1"}


def by_place(snapshot: Snapshot) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one
        for one in snapshot.objects
    }


def test_a_captured_cluster_is_the_same_again(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "first", changes=[CHANGE])
    with serving_in_thread(folder) as addresses:
        done = capture(tmp_path / "second", kubeconfig=addresses.kubeconfig)
    told = yaml.safe_load((tmp_path / "second/snapshot.yaml").read_text())
    first = Snapshot.read(folder, now=NOW)
    # Moved back to the moment of its capture, so that equal times are equal texts.
    moment = datetime.fromisoformat(told["captured_at"])
    second, first = Snapshot.read(tmp_path / "second", now=NOW), Snapshot.read(folder, now=NOW)
    assert second.captured_at == NOW
    assert moment > datetime.fromisoformat(CAPTURED_AT)
    captured_ones, served = without_values(by_place(second)), without_values(by_place(first))
    assert captured_ones.keys() == served.keys()
    for place, one in served.items():
        whole = completed_like(captured_ones[place], one)
        assert without_times(captured_ones[place]) == without_times(whole)
    assert second.cluster == first.cluster
    assert without_times(second.changes) == without_times(first.changes)
    assert done.objects == len(first.objects)
    assert done.notes == []


def completed_like(captured: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """A workload told in part is served, and captured, with the defaults of its kind."""
    if told["kind"] not in {"Deployment", "ReplicaSet"}:
        return told
    return {**told, "spec": {**captured["spec"], **told["spec"]}}


def without_times(value: object) -> str:
    """Served time runs on until the capture, so times may differ by the seconds in between."""
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "TIME", written)


def without_values(objects: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Secrets differ by design; the object that carries the changes is made anew."""
    result: dict[Any, dict[str, Any]] = {}
    for place, one in objects.items():
        if place[0] == "Secret":
            metadata = {**one["metadata"], "annotations": {}}
            one = {**one, "data": dict.fromkeys(one["data"], ""), "metadata": metadata}
        if place[2].startswith("midwatch-"):
            one = {**one, "metadata": {"name": one["metadata"]["name"]}}
        result[place] = one
    return result


def captured(addresses: Addresses, folder: Path, **more: Any) -> Path:
    capture(folder, kubeconfig=addresses.kubeconfig, **more)
    return folder


def test_no_value_of_a_secret_is_written(tmp_path: Path) -> None:
    secret = named(
        "Secret",
        "key",
        data={"value": "aHVudGVyMg=="},
        annotations={APPLIED: "aHVudGVyMg==", "a": "b"},
    )
    with serving_in_thread(write_snapshot(tmp_path / "from", [secret])) as addresses:
        folder = captured(addresses, tmp_path / "to")
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"aHVudGVyMg" not in written
    [kept] = orjson.loads((folder / "objects/shop/secret.json").read_bytes())["items"]
    assert kept["data"] == {"value": ""}
    assert kept["metadata"]["annotations"] == {
        "a": "b",
        APPLIED: "REPLACED",
        "midwatch/left-out": "secret values",
    }
    assert "values of Secrets" in (folder / "snapshot.yaml").read_text()


def test_logs_of_now_and_before_are_kept_with_their_times(small: Addresses, tmp_path: Path) -> None:
    snapshot = Snapshot.read(captured(small, tmp_path / "to"), now=NOW)
    assert set(snapshot.logs) == {
        LogKey("shop", "web-a", "app"),
        LogKey("shop", "web-b", "app"),
        LogKey("shop", "web-b", "app", previous=True),
    }
    [first, _] = snapshot.logs[LogKey("shop", "web-b", "app", previous=True)].lines
    assert first[1] == b"starting at 2026-11-20T09:58:10Z"
    assert first[0].startswith("2026-11-30T23:58:")


def test_bounds_hold_and_are_noted(small: Addresses, tmp_path: Path) -> None:
    bounds = Bounds(pods_with_logs=1, log_lines=1)
    done = capture(tmp_path / "to", kubeconfig=small.kubeconfig, bounds=bounds)
    assert done.notes == ["logs: only of 1 of 2 pods"]
    snapshot = Snapshot.read(tmp_path / "to", now=NOW)
    assert {key.pod for key in snapshot.logs} == {"web-b"}
    assert all(len(log.lines) == 1 for log in snapshot.logs.values())


def test_what_may_not_be_read_is_noted(small: Addresses, tmp_path: Path) -> None:
    folder = tmp_path / "to"
    done = capture(folder, kubeconfig=small.kubeconfig, impersonate="bob", namespaces=["shop"])
    assert {one["kind"] for one in Snapshot.read(folder, now=NOW).objects} == {"Pod", "Namespace"}
    assert any('User "bob" cannot list resource "secrets"' in note for note in done.notes)
    assert yaml.safe_load((folder / "snapshot.yaml").read_text())["notes"] == done.notes


def test_a_credential_that_does_not_hold_is_said_to_be(tmp_path: Path) -> None:
    with serving_in_thread(write_snapshot(tmp_path / "from")) as addresses:
        config = orjson.loads(addresses.kubeconfig.read_bytes())
        config["users"][0]["user"]["token"] = "stale"
        kubeconfig = write(tmp_path / "kubeconfig", config)
        with pytest.raises(Unauthenticated, match="The API server of small refuses: Unauthorized"):
            capture(tmp_path / "to", kubeconfig=kubeconfig)


def test_a_folder_in_use_is_left_alone(small: Addresses, tmp_path: Path) -> None:
    write(tmp_path / "used/notes.txt", "mine")
    with pytest.raises(Invalid, match="is not empty"):
        captured(small, tmp_path / "used")


def test_a_cluster_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with serving_in_thread(write_snapshot(tmp_path / "from")) as addresses:
        kubeconfig = write(tmp_path / "kubeconfig", addresses.kubeconfig.read_bytes())
    with pytest.raises(UpstreamUnavailable, match="The API server of small does not answer"):
        capture(tmp_path / "to", kubeconfig=kubeconfig)


def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"nowhere"):
        capture(tmp_path / "to", kubeconfig=tmp_path / "nowhere")


def test_a_prometheus_or_alertmanager_that_is_away_is_only_noted(
    small: Addresses, tmp_path: Path
) -> None:
    nothing = f"{small.kubernetes}/nothing"
    done = capture(
        tmp_path / "to",
        kubeconfig=small.kubeconfig,
        prometheus_url=nothing,
        alertmanager_url=nothing,
    )
    assert done.series == 0
    assert {note.partition(":")[0].partition("/")[0] for note in done.notes} == {
        "metrics",
        "rules",
        "alerts",
        "silences",
    }


def test_the_series_of_the_last_hours_are_kept(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "from")
    end_s = int(datetime.fromisoformat(CAPTURED_AT).timestamp())
    samples = "".join(f'up{{job="web"}} {n % 2} {end_s - 60 * n}\n' for n in range(9, -1, -1))
    write(folder / "metrics/all.om", f"# TYPE up gauge\n{samples}# EOF\n")
    with serving_in_thread(folder) as addresses:
        done = capture(
            tmp_path / "to",
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            bounds=Bounds(metrics_hours=0.1),
        )
    assert (done.series, done.notes) == (1, [])
    snapshot = Snapshot.read(tmp_path / "to", now=NOW)
    store = SeriesStore.read(snapshot.metrics, snapshot.shift.total_seconds())
    [series] = store.select([Matcher("__name__", "=", "up")], 0, NOW.timestamp())
    assert dict(series.labels) == {"__name__": "up", "job": "web"}
    assert len(series.values) >= 6
    assert abs(float(series.times_ms[-1]) / 1000 - NOW.timestamp()) <= 61


def test_rules_are_the_same_again(tmp_path: Path) -> None:
    shop = Path(__file__).parents[2] / "sandbox/snapshots/shop"
    with serving_in_thread(shop) as addresses:
        capture(
            tmp_path / "to", kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus
        )
        first = told_rules(addresses)
    with serving_in_thread(tmp_path / "to") as addresses:
        assert told_rules(addresses) == first
    assert first


def told_rules(addresses: Addresses) -> list[Any]:
    """What each rule is, not what it found."""
    groups = httpx2.get(f"{addresses.prometheus}/api/v1/rules").json()["data"]["groups"]
    kept = ("name", "query", "duration", "keepFiringFor", "labels", "annotations", "type")
    return [
        (
            group["name"],
            group["interval"],
            [{key: rule.get(key) for key in kept} for rule in group["rules"]],
        )
        for group in groups
    ]


def test_series_become_openmetrics_text() -> None:
    series = [
        {"metric": {"__name__": "up", "job": 'a"b\\'}, "values": [[10, "1"], [20.5, "0"]]},
        {"metric": {"__name__": "hits_total", "job": "c"}, "values": [[10, "3"]]},
    ]
    assert open_metrics(series) == (
        "# TYPE hits counter\n"
        'hits_total{job="c"} 3 10\n'
        "# TYPE up unknown\n"
        'up{job="a\\"b\\\\"} 1 10\n'
        'up{job="a\\"b\\\\"} 0 20.5\n'
        "# EOF\n"
    )
