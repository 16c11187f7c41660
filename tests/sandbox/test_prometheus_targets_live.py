"""Targets and metadata of the practice cluster and of a real Prometheus that scrapes an exporter."""

import shutil
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import real_prometheus, serving
from tests.sandbox.test_prometheus_api import ask, data

pytestmark = pytest.mark.live

INTERVAL_S = 2
SCRAPED_WITHIN_S = 20.0

# In the classic format, where a counter is named in full: (type, name, help, samples).
FAMILIES = (
    ("counter", "served_total", "Requests that were served.", ['served_total{code="200"} 5']),
    ("gauge", "room_celsius", "How warm it is.", ['room_celsius{room="a"} 20.5']),
    (
        "histogram", "took_seconds", "How long it took.",
        [
            'took_seconds_bucket{le="1"} 1', 'took_seconds_bucket{le="+Inf"} 2',
            "took_seconds_sum 3", "took_seconds_count 2",
        ],
    ),
    (
        "summary", "size_bytes", "Sizes.",
        ['size_bytes{quantile="0.5"} 1', "size_bytes_sum 3", "size_bytes_count 2"],
    ),
)  # fmt: skip

Urls = tuple[str, str]


class Exporter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        for kind, name, text, samples in FAMILIES:
            told = [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *samples, ""]
            self.wfile.write("\n".join(told).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing: a scrape every two seconds is no news."""


@contextmanager
def exporting() -> Generator[str]:
    """The address of an exporter."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Generator[Urls]:
    """Ours, with what the real one scraped as its recording, and the real one."""
    assert shutil.which("prometheus"), "Debian's prometheus is missing"
    folder = tmp_path_factory.mktemp("prometheus")
    with exporting() as address:
        scraped = [("web", address), ("dead", "127.0.0.1:1")]
        config = {
            "global": {"scrape_interval": f"{INTERVAL_S}s"},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [target]}]}
                for job, target in scraped
            ],
        }
        with real_prometheus(folder, told=yaml.safe_dump(config)) as real:
            wait_until(lambda: {"web", "dead"} == set(label(real, "job")) and len(metadata(real)))
            with serving(recorded(folder / "metrics.om", address)) as ours:
                yield ours, real


def label(url: str, name: str) -> list[str]:
    return data(url, f"label/{name}/values")


def metadata(url: str) -> dict[str, Any]:
    return data(url, "metadata")


def wait_until(done: Callable[[], Any]) -> None:
    deadline_s = time.monotonic() + SCRAPED_WITHIN_S
    while not done():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def recorded(path: Path, address: str) -> Any:
    """The same samples as OpenMetrics, where a counter's family is named without `_total`."""
    now_s = int(time.time())
    times = range(now_s - 20, now_s + 1, INTERVAL_S)
    lines = [
        f'up{{instance="{target}",job="{job}"}} {value} {at}'
        for target, job, value in ((address, "web", 1), ("127.0.0.1:1", "dead", 0))
        for at in times
    ]
    for kind, name, text, samples in FAMILIES:
        family = name.removesuffix("_total")
        lines += [f"# TYPE {family} {kind}", f"# HELP {family} {text}"]
        lines += [f"{labelled(sample, address)} {at}" for sample in samples for at in times]
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return routes(SeriesStore.read([path]), [], time.time)


def labelled(sample: str, address: str) -> str:
    """With what a scrape adds."""
    name, value = sample.split(" ")
    own = name.partition("{")[2].rstrip("}")
    labels = ",".join(filter(None, [own, f'instance="{address}"', 'job="web"']))
    return f"{name.partition('{')[0]}{{{labels}}} {value}"


def test_targets_have_the_same_fields_and_health(urls: Urls) -> None:
    ours, real = (targets(url) for url in urls)
    assert ours == real
    assert [one["scrapePool"] for one in ours] == ["dead", "web"]


def targets(url: str, **asked: str) -> list[dict[str, Any]]:
    """Without when and how long; of a failure that there is one, and of a name only the path."""
    found = data(url, "targets", **asked)["activeTargets"]
    return [
        {
            **one,
            "lastScrape": "",
            "lastScrapeDuration": "",
            "lastError": bool(one["lastError"]),
            "globalUrl": one["globalUrl"].rpartition(":")[2],
        }
        for one in found
    ]


@pytest.mark.parametrize("state", ["", "active", "ACTIVE", "any", "dropped", "x"])
def test_states_let_the_same_targets_through(urls: Urls, state: str) -> None:
    ours, real = (targets(url, state=state) for url in urls)
    assert ours == real


def test_pools_are_the_same(urls: Urls) -> None:
    ours, real = (data(url, "scrape_pools") for url in urls)
    assert ours == real == {"scrapePools": ["dead", "web"]}


@pytest.mark.parametrize(
    "path",
    [
        "metadata", "metadata?metric=served_total", "metadata?metric=nothing", "metadata?limit=0",
        "metadata?limit=-1", "metadata?limit=9", "targets/metadata?metric=took_seconds",
        "targets/metadata?limit=0", "targets/metadata?metric=nothing",
        "targets/metadata?match_target={job=%22web%22}&metric=size_bytes",
        "targets/metadata?match_target={job=%22dead%22}",
    ],
)  # fmt: skip
def test_metadata_is_the_same(urls: Urls, path: str) -> None:
    ours, real = (ask(url, f"api/v1/{path}") for url in urls)
    assert ours == real
    assert ours[0] == 200


def test_every_metric_of_a_target_is_described_alike(urls: Urls) -> None:
    ours, real = (data(url, "targets/metadata") for url in urls)
    assert sorted(ours, key=repr) == sorted(real, key=repr)
    assert len(ours) == len(FAMILIES)


def test_one_metric_is_enough_where_one_was_asked_for(urls: Urls) -> None:
    ours, real = (data(url, "metadata", limit=1) for url in urls)
    assert len(ours) == len(real) == 1
