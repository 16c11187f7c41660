"""What rules record, here and in a real Prometheus: as it goes on, and over hours, by promtool."""

import shutil
import subprocess
import time
from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import real_prometheus, serving
from tests.sandbox.test_prometheus_api import ask

pytestmark = pytest.mark.live

RULES: list[dict[str, Any]] = [
    {"record": "job:up:sum", "expr": "sum by (job) (up)", "labels": {"a": "b"}},
    {"record": "job:hits:rate5m", "expr": "sum by (job) (rate(hits_total[5m]))"},
    {"record": "up:bare", "expr": "up", "labels": {"instance": "", "job": "same-{{ $value }}"}},
    {"record": "up:down", "expr": "up == 0"},
    {"record": "number", "expr": "17"},
    {"record": "twice", "expr": "vector(1) * on () (up == 1)"},
]
READERS: list[dict[str, Any]] = [
    {"record": "up:total", "expr": "sum(job:up:sum)"},
    {"record": "hits:share", "expr": "job:hits:rate5m / on () group_left () sum(job:hits:rate5m)"},
    {"alert": "Down", "expr": "up == 0", "labels": {"severity": "page"}},
    {"alert": "Soon", "expr": "job:up:sum < 10", "for": "6h"},
    {"record": "alerts", "expr": "count by (alertstate) (ALERTS)"},
]
GROUPS = [
    {"name": "found", "interval": "1s", "rules": RULES},
    {"name": "read", "interval": "1s", "rules": READERS},
]
# promtool checks no labels, and takes no pains with what goes away.
FILLED = [RULES[0], RULES[1], RULES[3], RULES[4]]
NAMES = [rule["record"] for rule in [*RULES, *READERS] if "record" in rule]

HOURS = 4
TURNS_S = 4.0


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str]]:
    """Ours and the real one, which has let its rules run for some turns."""
    assert shutil.which("prometheus"), "Debian's prometheus is missing"
    folder = tmp_path_factory.mktemp("recording")
    metrics, rules = folder / "metrics.om", yaml.safe_dump({"groups": GROUPS})
    end_s = int(time.time()) - 10
    metrics.write_text(recorded(end_s - 3600, end_s))
    groups = [{**group, "file": "rules.yaml"} for group in GROUPS]
    ours = routes(SeriesStore.read([metrics], grows=False), groups, time.time)
    with serving(ours) as practice, real_prometheus(folder, metrics, rules) as real:
        time.sleep(TURNS_S)
        yield practice, real


def recorded(begin_s: int, end_s: int) -> str:
    """Counters rise evenly, so that a rate is the same at whatever moment a turn comes."""
    times = range(begin_s - begin_s % 60, end_s, 60)
    gone_s, back_s = begin_s + (end_s - begin_s) // 3, begin_s + (end_s - begin_s) // 2
    return "\n".join(
        [
            "# TYPE up gauge",
            *(
                f'up{{job="api",instance="api:80"}} {int(not gone_s < at < back_s)} {at}'
                for at in times
            ),
            *(f'up{{job="db",instance="db:80"}} 0 {at}' for at in times),
            *(
                f'up{{job="late",instance="l:80"}} 1 {at}'
                for at in times
                if not gone_s < at < back_s
            ),
            "# TYPE hits counter",
            *(
                f'hits_total{{job="api",code="200"}} {1000 + 2 * (at - begin_s)} {at}'
                for at in times
            ),
            *(f'hits_total{{job="db",code="500"}} {1000 + at - begin_s} {at}' for at in times),
            "# EOF\n",
        ]
    )


def found(url: str, path: str, **fields: Any) -> Any:
    status, body = ask(url, f"api/v1/{path}?{urlencode(fields, doseq=True)}")
    assert status == 200, body
    return body["data"]


def at_once(url: str, query: str) -> dict[str, float]:
    vector = found(url, "query", query=query)["result"]
    return {repr(sorted(one["metric"].items())): float(one["value"][1]) for one in vector}


@pytest.mark.parametrize(
    "name", [*NAMES, "ALERTS", '{__name__=~"up:.+"}', '{a="b",__name__!="ALERTS_FOR_STATE"}']
)
def test_what_rules_record_now_is_the_same(urls: tuple[str, str], name: str) -> None:
    """But for the moments of the turns, which a rate at the end of the samples depends on."""
    ours, real = (at_once(url, name) for url in urls)
    assert ours == pytest.approx(real, rel=0.01 if "rate" in name or "{" in name else 1e-9)
    assert bool(real) is (name not in ("twice", "up:bare"))


def test_their_series_are_listed_alike(urls: tuple[str, str]) -> None:
    """Of what was written since they run: of the hours before, only ours has anything."""
    own = {
        "match[]": '{__name__!="ALERTS_FOR_STATE",__name__=~".+"}',
        "start": time.time() - 2,
    }
    ours, real = (found(url, "series", **own) for url in urls)
    assert sorted(ours, key=repr) == sorted(real, key=repr)


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str, int]]:
    """Ours, and a real one with what promtool made of the rules over some hours; their end."""
    folder = tmp_path_factory.mktemp("hours")
    end_s = int(time.time()) // 60 * 60 - 3600
    metrics, group = folder / "metrics.om", {"name": "g", "interval": "1m", "rules": FILLED}
    lines = recorded(end_s - HOURS * 3600, end_s).splitlines(keepends=True)
    metrics.write_text("".join(line for line in lines if "late" not in line))
    ours = routes(
        SeriesStore.read([metrics], grows=False), [{**group, "file": "g.yaml"}], lambda: end_s
    )
    (folder / "rules-to-fill.yaml").write_text(yaml.safe_dump({"groups": [group]}))
    with real_prometheus(folder, metrics) as first:
        filled = subprocess.run(
            [
                *("promtool", "tsdb", "create-blocks-from", "rules", f"--url={first}"),
                *(f"--start={end_s - HOURS * 3600}", f"--end={end_s}", "--eval-interval=60s"),
                *(f"--output-dir={folder / 'data'}", str(folder / "rules-to-fill.yaml")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert filled.returncode == 0, filled.stderr
    with serving(ours) as practice, real_prometheus(folder) as real:
        yield practice, real, end_s


@pytest.mark.parametrize("rule", FILLED, ids=lambda rule: rule["record"])
def test_what_rules_record_over_hours_is_the_same(
    hours: tuple[str, str, int], rule: dict[str, Any]
) -> None:
    """Each asked for just before the next samples: wherever in its minute, its turn has been."""
    *urls, end_s = hours
    span = {"start": end_s - (HOURS - 1) * 3600 + 59, "end": end_s - 61, "step": 60}
    query = f"last_over_time({rule['record']}[59s])"
    ours, real = (found(url, "query_range", query=query, **span)["result"] for url in urls)
    assert points(ours).keys() == points(real).keys()
    for labels, values in points(real).items():
        assert points(ours)[labels] == pytest.approx(values, rel=1e-9), labels
    assert sum(len(values) for values in points(real).values()) > 100


def points(result: list[Any]) -> dict[str, dict[float, float]]:
    return {
        repr(sorted(one["metric"].items())): {at: float(text) for at, text in one["values"]}
        for one in result
    }
