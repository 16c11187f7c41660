"""Starting and stopping the practice cluster."""

import socket
import threading
from pathlib import Path

import httpx2
import orjson
import pytest

from core.errors import Invalid, UpstreamUnavailable
from sandbox.server import serving, serving_in_thread
from tests.sandbox.small_cluster import write, write_snapshot


def test_the_kubeconfig_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with serving_in_thread(write_snapshot(tmp_path)) as addresses:
        assert addresses.kubeconfig.stat().st_mode & 0o777 == 0o600
        config = orjson.loads(addresses.kubeconfig.read_bytes())
        assert config["current-context"] == "small"
        assert config["clusters"][0]["cluster"]["server"] == addresses.kubernetes
    assert not addresses.kubeconfig.exists()
    left = set(threading.enumerate()) - before
    assert "practice-cluster" not in {thread.name for thread in left}


async def test_two_clusters_are_served_at_once(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path)
    async with serving(folder) as one, serving(folder) as other:
        assert one.kubernetes != other.kubernetes
        async with httpx2.AsyncClient(verify=False) as http:
            for addresses in (one, other):
                assert (await http.get(f"{addresses.kubernetes}/readyz")).text == "ok"


def test_a_snapshot_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    write(tmp_path / "objects/a.yaml", "a: [")
    with pytest.raises(Invalid, match=r"a\.yaml, line"), serving_in_thread(tmp_path):
        pass


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UpstreamUnavailable, match=f"cannot listen on 127.0.0.1:{port}"),
            serving_in_thread(write_snapshot(tmp_path), port=port),
        ):
            pass


def test_only_its_own_host_names_are_answered(tmp_path: Path) -> None:
    """A web page that points its own name at loopback gets nothing."""
    with (
        serving_in_thread(write_snapshot(tmp_path)) as addresses,
        httpx2.Client(base_url=addresses.kubernetes, verify=False) as http,
    ):
        assert http.get("/version", headers={"host": "evil.example"}).status_code == 400
        assert http.get("/version", headers={"host": "localhost"}).status_code == 200


def test_each_api_answers_at_its_address(tmp_path: Path) -> None:
    alert = {
        "labels": {"alertname": "Slow"},
        "annotations": {},
        "startsAt": "2026-11-20T09:30:00Z",
        "endsAt": "2026-11-20T10:30:00Z",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }
    folder = write_snapshot(tmp_path, alerts=[alert])
    with serving_in_thread(folder) as addresses, httpx2.Client(verify=False) as http:
        assert http.get(f"{addresses.kubernetes}/version").json()["major"] == "1"
        [served] = http.get(f"{addresses.alertmanager}/api/v2/alerts").json()
        assert served["labels"] == {"alertname": "Slow"}
        query = http.get(f"{addresses.prometheus}/api/v1/query", params={"query": "1 + 1"})
        assert query.json()["data"]["result"][1] == "2"
