"""The ranking of a table: what it may rely on, and how often it is right on systems never tuned to.

The rules were chosen on made-up systems with seeds from 10,000 up; the seeds here are below 1,000.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evals.made_systems import MadeCase, made_case
from mcp_servers.engines.metric_kinds import Kind, kind_of
from mcp_servers.engines.metric_ranking import TableRanking, Verdict, rank_table
from mcp_servers.engines.metric_tables import Array, made_ready

SEEDS = range(1, 41)


def ranked(case: MadeCase, **given: Any) -> TableRanking:
    values = np.column_stack(list(case.columns.values()))
    return rank_table(case.timestamps, list(case.columns), values, **{"at": case.at, **given})


def place(case: MadeCase, ranking: TableRanking) -> int:
    names = [suspect.component for suspect in ranking.suspects]
    return names.index(case.root) + 1 if case.root in names else len(names) + 1


def within(places: Sequence[int], rank: int) -> float:
    return sum(one <= rank for one in places) / len(places)


def table(rows: int = 40, *, at: int = 30, seed: int = 1, **after: float) -> dict[str, Array]:
    """Three quiet components; `after` multiplies a column (b_latency) from row `at` on."""
    random = np.random.default_rng(seed)
    columns: dict[str, Array] = {}
    for component in "abc":
        for metric, level in (("latency", 0.1), ("cpu", 3.0), ("requests", 50.0)):
            values = level * np.exp(0.05 * random.standard_normal(rows))
            values[at:] *= after.get(f"{component}_{metric}", 1.0)
            columns[f"{component}:{metric}"] = values
    return columns


def rank_columns(columns: dict[str, Array], at: float | None = 30.0, **given: Any) -> TableRanking:
    values = np.column_stack(list(columns.values()))
    return rank_table(np.arange(len(values), dtype=float), list(columns), values, at=at, **given)


@pytest.fixture(scope="module")
def visible() -> list[MadeCase]:
    cases = [made_case(seed) for seed in SEEDS]
    return [one for one in cases if one.fault not in ("logs", "delay")]


def test_metrics_alone_name_the_root_of_most_faults(visible: list[MadeCase]) -> None:
    places = [place(case, ranked(case)) for case in visible]
    assert within(places, 1) >= 0.75
    assert within(places, 3) >= 0.85


def test_graph_and_logs_name_more_roots(visible: list[MadeCase]) -> None:
    alone = [place(case, ranked(case)) for case in visible]
    helped = [place(case, ranked(case, edges=case.edges, logs=case.logs)) for case in visible]
    assert within(helped, 1) >= max(0.85, within(alone, 1))


def test_faults_that_show_only_in_logs_are_found_in_them() -> None:
    cases = [made_case(seed, fault="logs") for seed in range(101, 113)]
    places = [place(case, ranked(case, logs=case.logs)) for case in cases]
    assert within(places, 1) >= 0.8


def test_high_confidence_is_mostly_right(visible: list[MadeCase]) -> None:
    rankings = [(case, ranked(case, edges=case.edges)) for case in visible]
    sure = [(case, one) for case, one in rankings if one.suspects[0].confidence >= 0.9]
    assert len(sure) >= 5
    assert sum(place(case, one) == 1 for case, one in sure) / len(sure) >= 0.9


def test_the_onset_is_found_where_nobody_says_it(visible: list[MadeCase]) -> None:
    places = [place(case, ranked(case, at=None)) for case in visible]
    assert within(places, 3) >= 0.7


def test_nothing_is_called_found_in_a_quiet_table() -> None:
    ranking = rank_columns(table())
    assert ranking.verdict is Verdict.HEALTHY
    assert ranking.suspects[0].confidence < 0.5


def test_ordinary_systems_are_called_healthy_with_their_logs_too() -> None:
    cases = [made_case(seed, fault="none") for seed in range(200, 212)]
    rankings = [ranked(case, edges=case.edges, logs=case.logs) for case in cases]
    assert sum(one.verdict is Verdict.HEALTHY for one in rankings) >= 11
    assert all(one.suspects[0].confidence < 0.9 for one in rankings)


def test_no_noisy_gauge_is_an_anomaly() -> None:
    random = np.random.default_rng(5)
    columns = {f"c{i}:gauge": 100 + 10 * random.standard_normal(120) for i in range(50)}
    assert rank_columns(columns, at=60.0).verdict is Verdict.HEALTHY


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_units_do_not_matter(scale: float) -> None:
    columns = {name: values * scale for name, values in table(b_latency=5.0).items()}
    assert rank_columns(columns).suspects[0].component == "b"


def test_the_order_of_columns_and_rows_does_not_matter() -> None:
    columns = table(b_latency=3.0, b_cpu=2.0)
    straight = rank_columns(columns)
    names = list(reversed(columns))
    values = np.column_stack([columns[name] for name in names])
    order = np.random.default_rng(3).permutation(len(values))
    shuffled = rank_table(order.astype(float), names, values[order], at=30.0)
    assert [one.component for one in shuffled.suspects] == [
        one.component for one in straight.suspects
    ]
    assert "rank_clock_went_back" in [note.key for note in shuffled.notes]


def test_names_do_not_matter_beyond_what_metrics_are_called() -> None:
    columns = table(b_latency=3.0)
    other = {f"zz{name}": values for name, values in columns.items()}
    assert rank_columns(other).suspects[0].component == "zzb"


def test_a_counter_is_judged_by_its_rate() -> None:
    columns = table(b_requests=0.2)
    for name in "abc":
        columns[f"{name}:requests_total"] = np.cumsum(columns.pop(f"{name}:requests"))
    ranking = rank_columns(columns)
    moved = ranking.suspects[0].moved[0]
    assert (ranking.suspects[0].component, moved.metric) == ("b", "requests_total")
    assert moved.shift is not None
    assert moved.shift.before == pytest.approx(50, rel=0.1)
    assert moved.shift.after == pytest.approx(10, rel=0.1)


def test_a_restarted_counter_is_no_fall() -> None:
    values = np.cumsum(np.full(40, 5.0))
    values[20:] -= values[20]
    ready = made_ready(np.arange(40.0), ["a:calls_total"], values[:, None])
    known = ready.values[np.isfinite(ready.values)] if ready.columns else np.empty(0)
    assert (known >= 0).all()


def test_a_growing_memory_gauge_is_no_counter() -> None:
    grown = np.linspace(1e8, 9e8, 40)
    ready = made_ready(np.arange(40.0), ["a:memory_bytes"], grown[:, None])
    assert ready.values[:, 0].tolist() == grown.tolist()


def test_a_memory_leak_is_seen() -> None:
    columns = table()
    columns["c:memory_bytes"] = 4e8 + 1e6 * np.random.default_rng(2).standard_normal(40)
    columns["c:memory_bytes"][30:] = np.linspace(4.1e8, 9.5e8, 10)
    ranking = rank_columns(columns)
    assert (ranking.suspects[0].component, ranking.verdict) == ("c", Verdict.FOUND)


def test_a_small_fall_of_availability_is_a_large_shift_told_in_its_own_unit() -> None:
    columns = table()
    random = np.random.default_rng(4)
    for name in "abc":
        columns[f"{name}:availability"] = 99.9 + 0.02 * random.standard_normal(40)
    columns["b:availability"][30:] = 97.0
    suspect = rank_columns(columns).suspects[0]
    shift = suspect.moved[0].shift
    assert suspect.component == "b"
    assert shift is not None
    assert (round(shift.before, 1), shift.after) == (99.9, 97.0)


def test_gaps_constants_and_infinities_are_survived() -> None:
    columns = table(b_latency=4.0)
    columns["a:latency"][::3] = np.nan
    columns["c:cpu"][5] = np.inf
    columns["a:build_info"] = np.ones(40)
    columns["c:nothing"] = np.full(40, np.nan)
    ranking = rank_columns(columns)
    assert ranking.suspects[0].component == "b"
    assert {"rank_idle_columns"} <= {note.key for note in ranking.notes}


def test_a_component_that_goes_silent_is_suspect() -> None:
    columns = table()
    for metric in ("latency", "cpu", "requests"):
        columns[f"c:{metric}"][30:] = np.nan
    ranking = rank_columns(columns)
    assert (ranking.suspects[0].component, ranking.verdict) == ("c", Verdict.FOUND)


def test_silence_of_all_is_the_monitoring_and_no_evidence() -> None:
    columns = {
        name: np.where(np.arange(40) >= 32, np.nan, values) for name, values in table().items()
    }
    assert rank_columns(columns, at=32.0).verdict is Verdict.HEALTHY


@pytest.mark.parametrize("at", [-5.0, 1.0, 100.0])
def test_too_few_rows_on_one_side_is_not_enough_data(at: float) -> None:
    ranking = rank_columns(table(), at=at)
    assert (ranking.verdict, ranking.suspects) == (Verdict.INSUFFICIENT_DATA, ())
    assert "rank_too_few_rows" in [note.key for note in ranking.notes]


def test_an_empty_table_is_not_enough_data() -> None:
    ranking = rank_table(np.empty(0), ["a:x"], np.empty((0, 1)))
    assert ranking.verdict is Verdict.INSUFFICIENT_DATA


def test_callers_are_explained_by_what_they_call() -> None:
    columns = table(a_latency=4.0, b_latency=4.0)
    free = {one.component: one.score for one in rank_columns(columns).suspects}
    told = rank_columns(columns, edges=[("a", "b"), ("b", "c")])
    assert abs(free["a"] - free["b"]) < 1
    assert told.suspects[0].component == "b"
    assert told.suspects[0].confidence > 0.8


def test_a_slow_wire_is_told_by_all_who_call_over_it() -> None:
    columns = table(a_latency=6.0, b_latency=6.0)
    calls = [("a", "c"), ("b", "c")]
    assert rank_columns(columns).suspects[-1].component == "c"
    scores = {one.component: one.score for one in rank_columns(columns, edges=calls).suspects}
    plain = {one.component: one.score for one in rank_columns(columns).suspects}
    assert scores["c"] > plain["c"] + 1


def test_what_the_target_does_not_depend_on_is_hardly_its_cause() -> None:
    columns = table(b_latency=3.0, c_latency=4.0)
    calls = [("a", "b"), ("c", "b")]
    assert rank_columns(columns, edges=calls, target="a:latency").suspects[0].component == "b"


def test_an_unknown_target_is_told() -> None:
    ranking = rank_columns(table(), target="nobody:latency")
    assert "rank_unknown_target" in [note.key for note in ranking.notes]


def test_a_daily_peak_is_no_shift_once_days_were_seen() -> None:
    steps = 4 * 288  # four days of five minutes
    hours = np.arange(steps) * 300.0 / 3600
    random = np.random.default_rng(8)
    peak = (
        50 * (1.2 + np.sin(2 * np.pi * hours / 24)) * np.exp(0.03 * random.standard_normal(steps))
    )
    columns = {"a:requests": peak, "b:requests": peak[::1] * 0.5}
    values = np.column_stack(list(columns.values()))
    at = 300.0 * (3 * 288 + 60)
    rows = slice(0, 3 * 288 + 72)
    ranking = rank_table((np.arange(steps) * 300.0)[rows], list(columns), values[rows], at=at)
    assert ranking.verdict is Verdict.HEALTHY


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("http_server_requests_seconds_p99", Kind.LATENCY),
        ("outbound_latency_ms", Kind.WAITING),
        ("container_cpu_usage_seconds_total", Kind.CPU),
        ("jvm.heap.used", Kind.MEMORY),
        ("thread_count", Kind.TRAFFIC),
        ("成功率", Kind.ERRORS),
        ("kafka_lag", Kind.OTHER),
    ],
)
def test_kinds_are_read_from_names(metric: str, kind: Kind) -> None:
    assert kind_of(metric) is kind
