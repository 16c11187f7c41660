"""Rules, alerts, series and labels of the practice cluster and of a real Prometheus, side by side.

Both have the same samples, up to a few seconds ago, and the same two rule files.
"""

import shutil
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import real_prometheus, serving
from tests.sandbox.test_prometheus_api import ask

pytestmark = pytest.mark.live

RECORDED_S = 3 * 3600

# Every group that is ready to be asked about has had a turn by then.
FIRST_TURN_WITHIN_S = 20.0

MATCHED_TWICE = 'up{job="api"} * on() group_left() up'
FILES: dict[str, list[dict[str, Any]]] = {
    "b.yaml": [
        {
            "name": "first",
            "interval": "1s",
            "rules": [
                {
                    "alert": "Down",
                    "expr": "up == 0",
                    "for": "6h",
                    "keep_firing_for": "5m",
                    "labels": {"severity": "page", "job": "{{ $labels.job }}-x", "empty": ""},
                    "annotations": {"summary": "{{ $labels.instance }} is {{ $value }}"},
                },
                {"alert": "Hot", "expr": "hits_total>0", "labels": {"severity": "info"}},
                {"alert": "Error", "expr": MATCHED_TWICE},
                {"alert": "Number", "expr": "1"},
                {"alert": "Zero", "expr": "0"},
                {"record": "job:up:sum", "expr": "sum   by (job)(up)", "labels": {"a": "b"}},
                {"record": "job:bad", "expr": MATCHED_TWICE},
                {"alert": "Infinite", "expr": "vector(1e9) / 0", "labels": {"n": "{{ $value }}"}},
            ],
        },
        {"name": "empty", "rules": []},
    ],
    "a.yaml": [
        {
            "name": "limited",
            "interval": "1s500ms",
            "limit": 1,
            "rules": [
                {"alert": "TooMany", "expr": 'hits_total{job="api",code=~"2..|5.."}'},
                {"record": "too:many", "expr": "hits_total"},
                {"alert": "Few", "expr": "sum(hits_total)", "for": "1d"},
            ],
        },
        {
            "name": "first",
            "interval": "1s",
            "rules": [
                {"alert": "Same", "expr": "vector(1)"},
                {"alert": "Same", "expr": "vector(1)", "labels": {"v": "2"}},
                {
                    "alert": "Long",
                    "expr": "sum by (job) (rate(hits_total{code=~'5..',job='api'}[5m])) / ignoring "
                    "(code) group_left() sum by (job) (rate(hits_total{job='api'}[5m])) > bool 0.05 and "
                    "max_over_time(sum(rate(hits_total[1m]))[1h30m:5m]) > 0 unless absent(up)",
                },
            ],
        },
    ],
}

Urls = tuple[str, str]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Generator[Urls]:
    """Ours and the real one."""
    assert shutil.which("prometheus"), "Debian's prometheus is missing"
    folder = tmp_path_factory.mktemp("prometheus")
    metrics = folder / "metrics.om"
    metrics.write_text(recorded(int(time.time()) - RECORDED_S))
    config = {"rule_files": [str(write_rules(folder, file)) for file in FILES]}
    groups = [
        {**group, "file": str(folder / file)} for file, listed in FILES.items() for group in listed
    ]
    ours = routes(SeriesStore.read([metrics], grows=False), groups, time.time)
    with (
        serving(ours) as practice,
        real_prometheus(folder, metrics, told=yaml.safe_dump(config)) as real,
    ):
        wait_for_a_turn(real)
        yield practice, real


def recorded(begin_s: int) -> str:
    """It ends before now: a real server writes what its rules find, and only after that."""
    times = range(begin_s, begin_s + RECORDED_S - 10, 30)
    return "\n".join(
        [
            "# TYPE up gauge",
            *(f'up{{job="api",instance="api:80"}} 1 {at}' for at in times),
            *(f'up{{job="db",instance="db:80"}} 0 {at}' for at in times),
            "# TYPE hits counter",
            *(f'hits_total{{job="api",code="200"}} {2 * (at - begin_s)} {at}' for at in times),
            *(f'hits_total{{job="api",code="500"}} {at - begin_s} {at}' for at in times),
            "# EOF",
            "",
        ]
    )


def write_rules(folder: Path, file: str) -> Path:
    (folder / file).write_text(yaml.safe_dump({"groups": FILES[file]}))
    return folder / file


def wait_for_a_turn(real: str) -> None:
    deadline_s = time.monotonic() + FIRST_TURN_WITHIN_S
    waiting = True
    while waiting:
        assert time.monotonic() < deadline_s
        groups = ask(real, "api/v1/rules")[1]["data"]["groups"]
        waiting = any(rule["health"] == "unknown" for one in groups for rule in one["rules"])
        time.sleep(0.1)


def both(urls: Urls, path: str, form: Any = None, **fields: Any) -> tuple[Any, Any]:
    asked = f"api/v1/{path}?{urlencode(fields, doseq=True)}"
    ours, real = (ask(url, asked, form) for url in urls)
    return ours, real


def timeless(value: Any) -> Any:
    """Without what no two servers share: when they began to look, how long it took them, and the
    order of a rule's alerts, which is another one each time a real server is asked."""
    if isinstance(value, list):
        return [timeless(one) for one in value]
    if not isinstance(value, dict):
        return value
    own = ("lastEvaluation", "evaluationTime", "activeAt")
    told = {name: "" if name in own else timeless(one) for name, one in value.items()}
    return told | {"alerts": sorted(told["alerts"], key=repr)} if "alerts" in told else told


def typed(value: Any, path: str = "") -> dict[str, Any]:
    """Each leaf by its path, whole numbers apart from others: 1 and 1.0 are two texts."""
    inner: Any = enumerate(value) if isinstance(value, list) else getattr(value, "items", list)()
    leaves = [typed(one, f"{path}/{name}") for name, one in inner]
    own = {path: (type(value), None if leaves else value)}
    return {key: leaf for one in [own, *leaves] for key, leaf in one.items()}


@pytest.mark.parametrize("kind", ["", "alert", "record", "ALERT"])
def test_rules_are_listed_alike(urls: Urls, kind: str) -> None:
    ours, real = both(urls, "rules", type=kind)
    assert ours[0] == real[0] == 200
    assert typed(timeless(ours[1])) == typed(timeless(real[1]))


def test_alerts_are_listed_alike(urls: Urls) -> None:
    ours, real = (answer[1]["data"]["alerts"] for answer in both(urls, "alerts"))
    assert sorted(timeless(ours), key=repr) == sorted(timeless(real), key=repr)
    now = datetime.now(UTC)
    assert all(datetime.fromisoformat(one["activeAt"]) <= now for one in [*ours, *real])


@pytest.mark.parametrize(
    "fields",
    [
        {"match[]": "up"},
        {"match[]": ['{__name__=~"h.*"}', '{__name__="up",job="api"}']},
        {"match[]": '{job!="api",__name__=~"up|hits.*"}'},
        {"match[]": "nothing"},
        {"match[]": 'hits_total{code!~"5.."}', "start": "1e9"},
        {"match[]": "up", "start": "2000-01-01T00:00:00+02:00", "end": "2000-01-02T00:00:00.5Z"},
        {"match[]": "up", "start": 10, "end": 5},
        {"match[]": "up", "end": "-1"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("path", ["series", "labels", "label/job/values", "label/__name__/values"])
def test_series_and_labels_are_found_alike(urls: Urls, path: str, fields: dict[str, Any]) -> None:
    ours, real = both(urls, path, **fields)
    assert ours == real
    assert ours[0] == 200


@pytest.mark.parametrize("path", ["series", "labels", "format_query", "query_exemplars"])
def test_forms_are_taken_alike(urls: Urls, path: str) -> None:
    form = {"match[]": "up", "query": "up{b='1',a='2'}", "limit": "0"}
    ours, real = both(urls, path, form)
    assert (ours[0], ours[1]["status"]) == (real[0], real[1]["status"])
    assert ours[1]["data"] == real[1]["data"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("rules", {"type": "x"}),
        ("rules", {"type": "Alerts"}),
        ("series", {}),
        ("series", {"match[]": "{}"}),
        ("series", {"match[]": '{job=~".*"}'}),
        ("series", {"match[]": "up", "start": "2026-11-28 10:00:00Z"}),
        ("series", {"match[]": "up", "start": "2026-11-28T10:00Z"}),
        ("series", {"match[]": "up", "end": "20261128T100000Z"}),
        ("labels", {"match[]": "{}"}),
        ("labels", {"match[]": '{job=""}'}),
        ("labels", {"end": "tomorrow"}),
        ("label/job/values", {"match[]": "{}"}),
        ("label/0a/values", {}),
        ("label/a%20b/values", {}),
        ("metadata", {"limit": "1.5"}),
        ("targets/metadata", {"limit": "x"}),
        ("query_exemplars", {"query": "up", "start": 5, "end": 2}),
        ("query_exemplars", {"query": "up", "start": "x"}),
        ("query", {"query": "up", "time": " 5"}),
        ("query", {"query": "up", "timeout": "1e30"}),
        ("query", {"query": "up", "timeout": "1m1h"}),
        ("query_range", {"query": "up", "start": 1, "end": 2, "step": "1e30"}),
        ("query_range", {"query": "up", "start": 1, "end": "x", "step": 1}),
    ],
    ids=repr,
)
def test_what_is_wrong_is_told_in_the_same_words(
    urls: Urls, path: str, fields: dict[str, Any]
) -> None:
    ours, real = both(urls, path, **fields)
    assert ours == real
    assert ours[0] == 400


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("series", "match[]"), ("labels", "match[]"), ("label/job/values", "match[]"),
        ("format_query", "query"), ("query", "query"), ("query_exemplars", "query"),
        ("targets/metadata", "match_target"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["up{", "up[5m", "(", "sum(", "5 +"])
def test_what_does_not_parse_is_refused_alike(urls: Urls, path: str, field: str, text: str) -> None:
    ours, real = both(urls, path, **{field: text})
    assert ours == real
    assert ours[0] == 400


@pytest.mark.parametrize("text", ["up offset 5m", "up[5m]", "sum(up)", "up @ 5", "1"])
def test_only_a_selector_matches(urls: Urls, text: str) -> None:
    ours, real = both(urls, "series", **{"match[]": text})
    assert ours == real
    assert ours[0] == 400


def test_no_time_is_a_timeout(urls: Urls) -> None:
    ours, real = both(urls, "query", query="up", timeout="-1")
    assert (ours[0], ours[1]["errorType"]) == (real[0], real[1]["errorType"]) == (503, "timeout")


@pytest.mark.parametrize(
    "time_text", ["1_000", "1e3", "2026-11-28T10:00:00,5Z", "2026-11-28T10:00:00.123456+05:30"]
)
def test_times_are_read_alike(urls: Urls, time_text: str) -> None:
    ours, real = both(urls, "query", query="time()", time=time_text)
    assert ours == real
    assert ours[0] == 200


@pytest.mark.parametrize(
    "query",
    [
        "up", "sum   by (job)(up)", 'up{z="1",a=~"2",m!="3"} + on() up', "up[1s500ms]", "up[90m]",
        "up[1h:] offset -1d", "rate(up[5m] @ end())", '"text"', "-up^2", "topk(5,up) > bool 1e7",
        'label_replace(up, "a", "{b}", "c", "(.*)")', "a or b unless on(c) d and ignoring(e) f",
        "sum by (job) (rate(hits_total{code=~'5..'}[5m])) / ignoring(code) group_left sum(hits_total) > 0.05",
    ],
)  # fmt: skip
def test_queries_are_laid_out_alike(urls: Urls, query: str) -> None:
    ours, real = both(urls, "format_query", query=query)
    assert ours == real
    assert ours[0] == 200
