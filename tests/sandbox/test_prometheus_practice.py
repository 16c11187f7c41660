"""What the practice Prometheus adds or reads out of its samples: targets, metadata, limits."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import serving
from tests.sandbox.test_prometheus_api import METRICS, T, ask, data


@pytest.fixture
def url(tmp_path: Path) -> Generator[str]:
    """The recording is brought forward, so that its last sample was taken half a minute ago."""
    path = tmp_path / "metrics.om"
    path.write_text(METRICS)
    series = SeriesStore.read([path], shift_s=time.time() - T - 600)
    with serving(routes(series, [], time.time)) as address:
        yield address


def test_targets_are_what_up_tells(url: str) -> None:
    active = data(url, "targets")["activeTargets"]
    assert {one["labels"]["job"]: one["health"] for one in active} == {"api": "up", "db": "up"}
    assert active[0]["scrapeUrl"] == "http://api:80/metrics"
    assert data(url, "targets", state="dropped")["activeTargets"] == []


def test_metadata_is_listed_as_people_look_it_up(url: str) -> None:
    gauge = {"type": "gauge", "help": "Whether the last scrape succeeded.", "unit": ""}
    assert data(url, "metadata")["up"] == [gauge]
    assert list(data(url, "metadata", metric="hits_total")) == ["hits_total"]
    assert len(data(url, "metadata", limit=1)) == 1


def test_series_go_on_until_now_and_no_further(url: str) -> None:
    now = time.time()
    assert data(url, "query", query="up", time=now)["result"]
    ahead = data(url, "query", query="count_over_time(up[1h])", time=now + 1200)["result"]
    before = data(url, "query", query="count_over_time(up[40m])", time=now)["result"]
    assert [one["value"][1] for one in ahead] == [one["value"][1] for one in before]


@pytest.mark.parametrize(
    "path", ["query?query=up", "series?match[]=up", "labels?x=", "label/job/values?x="]
)
def test_a_limit_cuts_and_warns(url: str, path: str) -> None:
    answer = ask(url, f"api/v1/{path}&limit=1")[1]
    found = answer["data"]["result"] if path.startswith("query") else answer["data"]
    assert len(found) == 1
    assert answer["warnings"] == ["results truncated due to limit"]
    assert "warnings" not in ask(url, f"api/v1/{path}&limit=9")[1]


def test_a_function_that_is_not_here_says_so(url: str) -> None:
    assert ask(url, "api/v1/query?query=info(up)") == (
        422,
        {
            "status": "error",
            "errorType": "execution",
            "error": "function info is not supported by the practice cluster",
        },
    )
