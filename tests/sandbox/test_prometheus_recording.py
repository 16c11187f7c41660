"""What rules find can be asked for like any other series."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import serving
from tests.sandbox.test_prometheus_api import ask

BEGIN_S, MINUTES = 1_700_000_040, 180
assert BEGIN_S % 60 == 0

Points = dict[int, str]
Rules = list[dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_ups(tmp_path)


def with_ups(folder: Path) -> Path:
    """`up` of two jobs: the api is down for minutes 100 to 119, and gone from minute 150 on."""
    lines = ["# TYPE up gauge"]
    for job in ("api", "db"):
        for minute in range(MINUTES):
            if not (job == "api" and minute >= 150):
                value = int(not (job == "api" and 100 <= minute < 120))
                lines.append(f'up{{job="{job}",zone="a"}} {value} {BEGIN_S + 60 * minute}')
    (folder / "up.om").write_text("\n".join([*lines, "# EOF\n"]))
    return folder


class Practice:
    """The API of rules over the samples of a folder, at a minute."""

    def __init__(self, folder: Path, rules: Rules, *, minute: float = 179, **group: Any) -> None:
        store = SeriesStore.read([folder / "up.om"], grows=False)
        groups = [{"name": "g", "file": "f.yaml", "rules": rules, **group}]
        self.routes = routes(store, groups, lambda: BEGIN_S + 60 * minute)

    def ask(self, path: str, **fields: Any) -> Any:
        with serving(self.routes) as url:
            status, body = ask(url, f"api/v1/{path}?{urlencode(fields, doseq=True)}")
        assert status == 200, body
        return body["data"]

    def values(self, query: str, minute: float = 179) -> dict[str, float]:
        found = self.ask("query", query=query, time=BEGIN_S + 60 * minute)["result"]
        return {_shown(one["metric"]): float(one["value"][1]) for one in found}

    def points(self, query: str, first: int = 0, last: int = 179) -> dict[str, Points]:
        """By minute."""
        span = {"start": BEGIN_S + 60 * first, "end": BEGIN_S + 60 * last, "step": 60}
        found = self.ask("query_range", query=query, **span)["result"]
        return {
            _shown(one["metric"]): {(at - BEGIN_S) // 60: text for at, text in one["values"]}
            for one in found
        }


def _shown(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={text}" for name, text in labels.items() if name != "__name__")


SUM = {"record": "job:up:sum", "expr": "sum by (job) (up)"}


def test_what_a_rule_records_is_there_over_all_that_was_recorded(folder: Path) -> None:
    points = Practice(folder, [SUM]).points("job:up:sum")
    assert sorted(points) == ["job=api", "job=db"]
    assert points["job=db"] == dict.fromkeys(range(180), "1")
    assert points["job=api"][99] == "1"
    assert {points["job=api"][minute] for minute in range(100, 120)} == {"0"}


def test_it_ends_when_the_rule_finds_it_no_longer(folder: Path) -> None:
    """Five minutes after its last sample `up` is gone, and the rule's series at its next turn."""
    last = max(Practice(folder, [SUM]).points("job:up:sum")["job=api"])
    assert last == 154


def test_a_window_over_it_holds_one_sample_for_each_turn(folder: Path) -> None:
    practice = Practice(folder, [SUM], interval="30s")
    found = practice.values("count_over_time(job:up:sum[10m])", minute=120)
    assert found == {"job=api": 21, "job=db": 21}


def test_labels_of_the_rule_are_set_and_empty_ones_taken_away(folder: Path) -> None:
    rule = {"record": "up:all", "expr": "up", "labels": {"team": "shop", "zone": ""}}
    assert sorted(Practice(folder, [rule]).values("up:all", 20)) == [
        "job=api,team=shop",
        "job=db,team=shop",
    ]


def test_a_rule_reads_what_those_before_it_found_at_the_same_turn(folder: Path) -> None:
    rules = [SUM, {"record": "up:total", "expr": "sum(job:up:sum)"}]
    points = Practice(folder, rules).points("up:total", 98, 102)
    assert points[""] == {98: "2", 99: "2", 100: "1", 101: "1", 102: "1"}


def test_a_rule_reads_what_those_after_it_found_one_turn_before(folder: Path) -> None:
    rules = [{"record": "up:total", "expr": "sum(job:up:sum)"}, SUM]
    points = Practice(folder, rules).points("up:total", 98, 102)
    assert points[""] == {98: "2", 99: "2", 100: "2", 101: "1", 102: "1"}


def test_a_rule_that_reads_itself_ends(folder: Path) -> None:
    rules = [
        {"record": "a", "expr": "sum(b) or vector(1)"},
        {"record": "b", "expr": "sum(a) or vector(2)"},
        {"record": "self", "expr": "self + 1"},
    ]
    practice = Practice(folder, rules)
    assert set(practice.values("a", 60)) == {""}
    assert practice.values("self", 60) == {}


def test_alerts_are_found_over_what_other_rules_record(folder: Path) -> None:
    alert = {"alert": "Down", "expr": "job:up:sum == 0", "for": "5m"}
    practice = Practice(folder, [SUM, alert], minute=110)
    [found] = practice.ask("alerts")["alerts"]
    assert (found["labels"], found["state"]) == ({"alertname": "Down", "job": "api"}, "firing")


def test_alerts_leave_a_series_for_each_state(folder: Path) -> None:
    alert = {"alert": "Down", "expr": "up == 0", "for": "5m", "labels": {"severity": "page"}}
    points = Practice(folder, [alert]).points("ALERTS")
    about = "alertname=Down,{},job=api,severity=page,zone=a"
    assert points == {
        about.format("alertstate=pending"): dict.fromkeys(range(100, 105), "1"),
        about.format("alertstate=firing"): dict.fromkeys(range(105, 120), "1"),
    }


def test_a_rule_that_fails_at_some_turns_records_the_others(folder: Path) -> None:
    """While both are up the second has two partners; a failed turn marks nothing stale."""
    rule = {"record": "only", "expr": "count(up == 0) * on () group_right () (up == 1)"}
    many = {"record": "many", "expr": "vector(1) * on () (up == 1)"}
    practice = Practice(folder, [rule, many])
    assert set(practice.points("only")["job=db,zone=a"]) == set(range(100, 120))
    found = practice.points("many")[""]
    assert set(found) == {*range(100, 125), *range(155, 180)}


def test_a_group_over_its_limit_records_nothing(folder: Path) -> None:
    practice = Practice(folder, [SUM], limit=1)
    assert sorted(practice.points("job:up:sum")) == ["job=db"]
    assert set(practice.points("job:up:sum")["job=db"]) == set(range(155, 180))


@pytest.mark.parametrize("expression", ["up{", "nonsense(up)", "info(up)", "up[5m]"])
def test_a_rule_that_is_none_leaves_other_questions_alone(folder: Path, expression: str) -> None:
    practice = Practice(folder, [{"record": "bad", "expr": expression}, SUM])
    assert practice.values("bad") == {}
    assert practice.values('{__name__=~".+:sum"}', 10) == {"job=api": 1, "job=db": 1}


def test_recorded_series_are_listed(folder: Path) -> None:
    practice = Practice(folder, [SUM, {"alert": "Down", "expr": "up == 0"}])
    assert practice.ask("label/__name__/values") == ["ALERTS", "job:up:sum", "up"]
    assert practice.ask("series", **{"match[]": 'job:up:sum{job="db"}'}) == [
        {"__name__": "job:up:sum", "job": "db"}
    ]
    assert practice.ask("label/alertstate/values") == ["firing"]


def test_samples_of_the_picture_stay_and_go_on_as_the_rule_says(folder: Path) -> None:
    """Here the picture says 7 up to minute 60, of a service too that the rule cannot find."""
    path = folder / "up.om"
    own = [
        f'job:up:sum{{job="{job}"}} 7 {BEGIN_S + 60 * minute}'
        for job in ("db", "elsewhere")
        for minute in range(61)
    ]
    path.write_text(
        path.read_text().replace("# EOF", "\n".join(["# TYPE job:up:sum gauge", *own, "# EOF"]))
    )
    points = Practice(folder, [SUM]).points("job:up:sum", 0, 100)
    assert points["job=db"] == {
        **dict.fromkeys(range(61), "7"),
        **dict.fromkeys(range(61, 101), "1"),
    }
    assert set(points["job=elsewhere"]) == set(range(66))


@settings(max_examples=25, deadline=None)
@given(windows=st.lists(st.tuples(st.integers(0, 179), st.integers(0, 179)), max_size=4))
def test_what_is_found_does_not_hang_on_what_was_asked_before(
    tmp_path_factory: pytest.TempPathFactory, windows: list[tuple[int, int]]
) -> None:
    folder, rules = tmp_path_factory.getbasetemp(), [SUM, {"alert": "Down", "expr": "up == 0"}]
    practice, fresh = (Practice(with_ups(folder), rules) for _ in range(2))
    query = "ALERTS or job:up:sum"
    for first, last in windows:
        practice.points(query, min(first, last), max(first, last))
    assert practice.points(query) == fresh.points(query)


def test_now_bounds_what_is_found(folder: Path) -> None:
    points = Practice(folder, [SUM], minute=50).points("job:up:sum", 0, 100)
    assert max(points["job=db"]) == 55  # the last turn, and five minutes of grace
