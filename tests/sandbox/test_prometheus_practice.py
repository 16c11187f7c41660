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


PAGED = [
    {"name": name, "file": file, "rules": [
        {"alert": f"{name}Down", "expr": "up == 0", "labels": {"team": file[0]}},
        {"record": f"{name}:up", "expr": "up"},
    ]}
    for file in ("b.yaml", "a.yaml") for name in ("Two", "One")
]  # fmt: skip


@pytest.fixture
def ruled() -> Generator[str]:
    with serving(routes(SeriesStore(), PAGED, time.time)) as address:
        yield address


def listed(url: str, **asked: str | list[str]) -> list[tuple[str, str, list[str]]]:
    return [
        (one["file"], one["name"], [rule["name"] for rule in one["rules"]])
        for one in data(url, "rules", **asked)["groups"]
    ]


def test_groups_come_page_by_page(ruled: str) -> None:
    first = data(ruled, "rules", group_limit=3)
    rest = data(ruled, "rules", group_limit=3, group_next_token=first["groupNextToken"])
    told = [(one["file"], one["name"]) for one in [*first["groups"], *rest["groups"]]]
    assert told == [("a.yaml", "One"), ("a.yaml", "Two"), ("b.yaml", "One"), ("b.yaml", "Two")]
    assert len(rest["groups"]) == 1
    assert "groupNextToken" not in rest


@pytest.mark.parametrize(
    "asked", ["group_limit=0", "group_limit=x", "group_next_token=x", "group_limit=1&group_next_token=x",
              "exclude_alerts=maybe"]
)  # fmt: skip
def test_a_page_that_is_none_is_bad_data(ruled: str, asked: str) -> None:
    status, answer = ask(ruled, f"api/v1/rules?{asked}")
    assert (status, answer["errorType"]) == (400, "bad_data")


def test_rules_are_found_by_name_group_file_and_label(ruled: str) -> None:
    assert listed(ruled, **{"rule_name[]": ["OneDown", "Two:up"], "file[]": "a.yaml"}) == [
        ("a.yaml", "One", ["OneDown"]),
        ("a.yaml", "Two", ["Two:up"]),
    ]
    assert listed(ruled, **{"rule_group[]": "Two", "match[]": '{team="b"}'}) == [
        ("b.yaml", "Two", ["TwoDown"])
    ]


def test_alerts_may_be_left_out_of_the_rules() -> None:
    group = {"name": "g", "rules": [{"alert": "Always", "expr": "vector(1)"}]}
    with serving(routes(SeriesStore(), [group], time.time)) as url:
        [rule] = data(url, "rules", exclude_alerts="true")["groups"][0]["rules"]
    assert (rule["state"], rule["alerts"]) == ("firing", [])


def test_durations_below_a_second_are_kept() -> None:
    group = {"name": "g", "interval": "1s500ms", "rules": []}
    with serving(routes(SeriesStore(), [group], time.time)) as url:
        assert data(url, "rules")["groups"][0]["interval"] == 1.5
