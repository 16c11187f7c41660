"""A capture that broke off goes on, and what it then wrote is the whole cluster."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from typer.testing import CliRunner

from api.cli import whole
from core.errors import Invalid, UpstreamUnavailable
from sandbox.capture import Captured, capture
from sandbox.server import Addresses, serving_in_thread
from tests import proxy as faults
from tests.proxy import Proxy, kubeconfig_through, proxying
from tests.sandbox.small_cluster import write_snapshot

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"
SERVICES = "GET /api/v1/services?"
PODS = r"GET /api/v1/pods\?"
LOGS = r"GET /api/v1/namespaces/[^ ]*/log\?"


@pytest.fixture
def proxy(small: Addresses) -> Iterator[Proxy]:
    with proxying(small.kubernetes) as proxy:
        yield proxy


@pytest.fixture
def through(proxy: Proxy, small: Addresses, tmp_path: Path) -> Path:
    return kubeconfig_through(proxy, small.kubeconfig, tmp_path)


def broken_off(folder: Path, kubeconfig: Path) -> None:
    with pytest.raises(UpstreamUnavailable, match="Run the same command again"):
        capture(folder, kubeconfig=kubeconfig)


# With how often: what the client's own three retries would get over has to last longer.
FAULTS = {
    "cut": (faults.CutShort(), 1),
    "half-closed": (faults.HalfClosed(), 1),
    "reset": (faults.Reset(), 4),
    "503": (faults.status(503, "shutting down"), 1),
    "429": (faults.too_many_requests("0"), 4),
    "rubbish": (faults.Answer(200, b"<html>"), 1),
}


@pytest.mark.parametrize(("fault", "times"), FAULTS.values(), ids=FAULTS)
def test_a_second_run_goes_on_where_the_first_broke_off(
    proxy: Proxy, through: Path, tmp_path: Path, small: Addresses, fault: faults.Fault, times: int
) -> None:
    folder = tmp_path / "to"
    proxy.fail(re.escape(SERVICES), fault, times=times)
    broken_off(folder, through)
    assert not (folder / "snapshot.yaml").exists()
    resumed = capture(folder, kubeconfig=through)
    assert proxy.requests(PODS) == 1
    whole = capture(tmp_path / "whole", kubeconfig=small.kubeconfig)
    assert counts(resumed) == counts(whole)
    assert written(folder) == written(tmp_path / "whole")


def counts(done: Captured) -> tuple[int, int, list[str]]:
    return done.objects, done.logs, done.notes


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# A picture is dated anew whenever it is served, and a capture that takes minutes samples later.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
SHARE = re.compile(r"\d+(\.\d+)?%")


def test_no_half_file_is_left_behind(proxy: Proxy, through: Path, tmp_path: Path) -> None:
    proxy.fail("/log", faults.CutShort())
    broken_off(tmp_path / "to", through)
    files = [path for path in (tmp_path / "to").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json"}
    for path in files:
        orjson.loads(path.read_bytes())


def test_a_fresh_capture_asks_for_everything_again(
    proxy: Proxy, through: Path, tmp_path: Path
) -> None:
    first = capture(tmp_path / "to", kubeconfig=through)
    assert counts(capture(tmp_path / "to", kubeconfig=through)) == counts(first)
    assert proxy.requests(PODS) == 1
    assert counts(capture(tmp_path / "to", kubeconfig=through, fresh=True)) == counts(first)
    assert proxy.requests(PODS) == 2


def test_a_fresh_capture_does_not_touch_a_folder_that_is_none(
    small: Addresses, tmp_path: Path
) -> None:
    (tmp_path / "objects").mkdir()
    with pytest.raises(Invalid, match="is not empty"):
        capture(tmp_path, kubeconfig=small.kubeconfig, fresh=True)
    assert (tmp_path / "objects").exists()


def test_another_cluster_does_not_go_on_in_the_same_folder(
    small: Addresses, tmp_path: Path
) -> None:
    capture(tmp_path / "to", kubeconfig=small.kubeconfig)
    with (
        serving_in_thread(SHOP) as shop,
        pytest.raises(Invalid, match="holds a capture of small, not of"),
    ):
        capture(tmp_path / "to", kubeconfig=shop.kubeconfig)


def test_a_list_that_expires_between_pages_is_read_again(
    proxy: Proxy, through: Path, tmp_path: Path
) -> None:
    proxy.fail(PODS, faults.too_old())
    done = capture(tmp_path / "to", kubeconfig=through)
    assert done.notes == []
    assert proxy.requests(PODS) == 2


def test_a_node_that_gives_no_logs_is_noted_and_asked_again_by_the_next_run(
    proxy: Proxy, through: Path, tmp_path: Path, small: Addresses
) -> None:
    no_address = "no preferred addresses found"
    proxy.fail(LOGS, faults.status(500, no_address), times=1)
    done = capture(tmp_path / "to", kubeconfig=through)
    assert [one.startswith("logs of node ") for one in done.notes] == [True]
    assert done.notes[0].endswith(no_address)
    whole = capture(tmp_path / "whole", kubeconfig=small.kubeconfig)
    assert (done.objects, done.logs < whole.logs) == (whole.objects, True)
    again = capture(tmp_path / "to", kubeconfig=through)
    assert counts(again) == counts(whole)


def test_each_kind_is_told_with_the_objects_so_far(small: Addresses, tmp_path: Path) -> None:
    told: list[str] = []
    done = capture(tmp_path / "to", kubeconfig=small.kubeconfig, tell=told.append)
    kinds = [one for one in told if "(kind " in one]
    assert f"{done.objects} objects so far)" in kinds[-1]
    assert any(one.startswith("pods: 2 (kind ") for one in kinds)


def test_a_cluster_captured_in_two_runs_is_diagnosed_alike(tmp_path: Path) -> None:
    folder = tmp_path / "to"
    with serving_in_thread(SHOP) as shop, proxying(shop.kubernetes) as proxy:
        options = ["--kubeconfig", str(kubeconfig_through(proxy, shop.kubeconfig, tmp_path))]
        options += ["--prometheus", f"{proxy.url}/prometheus"]
        options += ["--alertmanager", f"{proxy.url}/alertmanager"]
        proxy.fail(re.escape(SERVICES), faults.CutShort())
        first = CliRunner().invoke(whole(), ["capture", "-o", str(folder), *options])
        assert (first.exit_code, "Run the same command again" in first.stderr) == (3, True)
        second = CliRunner().invoke(whole(), ["capture", "-o", str(folder), *options])
        assert second.exit_code == 0, second.stderr
        assert "objects so far)" in second.stderr
    assert findings(folder) == findings(SHOP)
    assert yaml.safe_load((folder / "snapshot.yaml").read_text())["notes"] == []


def findings(folder: Path) -> list[Any]:
    asked = ["diagnose", "--snapshot", str(folder), "-A", "-o", "json"]
    done = CliRunner().invoke(whole(), asked)
    told = orjson.loads(done.stdout)
    assert told["findings"]
    keep = ("rule", "severity", "confidence", "resource")
    return [
        {
            **{name: one[name] for name in keep},
            "title": SHARE.sub("so many", MOMENT.sub("then", one["title"])),
        }
        for one in told["findings"]
    ]


def test_a_capture_is_dated_in_the_seconds_its_samples_lie_on(tmp_path: Path) -> None:
    folder = tmp_path / "to"
    with serving_in_thread(SHOP) as shop:
        capture(folder, kubeconfig=shop.kubeconfig, prometheus_url=shop.prometheus)
    captured_at = yaml.safe_load((folder / "snapshot.yaml").read_text())["captured_at"]
    lines = (folder / "metrics" / "services.om").read_text().splitlines()
    times = {float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    assert max(times) == datetime.fromisoformat(captured_at).timestamp()


def test_bounds_are_options_of_the_command(tmp_path: Path) -> None:
    with serving_in_thread(write_snapshot(tmp_path / "from")) as small:
        asked = ["capture", "-o", str(tmp_path / "to"), "--kubeconfig", str(small.kubeconfig)]
        bounds = ["--max-log-pods", "1", "--max-log-bytes", "1000", "--since", "30m"]
        done = CliRunner().invoke(whole(), [*asked, *bounds])
        assert done.exit_code == 0, done.stderr
        assert "logs: only of 1 of 2 pods" in done.stderr
        wrong = CliRunner().invoke(whole(), [*asked, "--since", "yesterday", "--fresh"])
    assert wrong.exit_code == 2
