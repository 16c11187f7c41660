"""Watches over the use of models: what is measured, and when they fire, end, or cannot tell."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.usage_watching import measured, percentile, stepped
from mcp_servers.facts.usage_watches import ModelCall, Watch, WatchState

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def call(minutes: float = 1, *, failed: bool = False, ms: float = 100, **more: str) -> ModelCall:
    named = {"model": "m1", "user": "ann", "app": "rca", **more}
    return ModelCall(
        at=NOW - minutes * MINUTE, failed=failed, duration_ms=ms, cost_usd=0.5, tokens=10, **named
    )


def watch(measure: str = "failure_rate", compare: str = ">", threshold: float = 0.5) -> Watch:
    return Watch("w", measure, compare, threshold, window=5 * MINUTE)


def followed(one: Watch, *values: float | None) -> list[WatchState]:
    """A look a minute."""
    states: list[WatchState] = []
    for n, value in enumerate(values):
        states.append(stepped(one, states[-1] if states else None, value, NOW + n * MINUTE))
    return states


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("failure_rate", 0.25),
        ("latency_p50_ms", 100),
        ("latency_p95_ms", 900),
        ("cost_usd", 2.0),
        ("tokens", 40),
        ("calls", 4),
    ],
)
def test_each_measure_is_of_the_calls_in_the_window(measure: str, value: float) -> None:
    calls = [call(), call(), call(4.9, ms=900), call(failed=True), call(6, failed=True, ms=9e9)]
    assert measured(watch(measure), calls, NOW) == {"": value}


def test_they_are_told_apart_and_chosen_by_model_user_and_app() -> None:
    calls = [call(model="m1"), call(model="m2", failed=True), call(model="m2", user="bob")]
    by_model = Watch("w", "failure_rate", ">", 0.5, 5 * MINUTE, by="model")
    assert measured(by_model, calls, NOW) == {"m1": 0.0, "m2": 0.5}
    anns = Watch("w", "calls", ">", 0, 5 * MINUTE, only_user="ann", only_model="m2")
    assert measured(anns, calls, NOW) == {"": 1}


def test_too_few_calls_and_calls_without_a_price_are_no_data() -> None:
    assert measured(watch(), [], NOW) == {"": None}
    assert measured(Watch("w", "failure_rate", ">", 0, MINUTE * 5, least=2), [call()], NOW) == {
        "": None
    }
    free = ModelCall(NOW, "m", "u", "a", failed=False, duration_ms=1, cost_usd=None, tokens=0)
    assert measured(watch("cost_usd"), [free], NOW) == {"": None}
    assert measured(watch("calls"), [], NOW) == {"": 0}


@pytest.mark.parametrize(
    ("compare", "fires"),
    [(">", "no yes"), (">=", "yes yes"), ("<", "no no"), ("<=", "yes no"), ("=", "yes no")],
)
def test_each_comparison_at_the_threshold_and_above_it(compare: str, fires: str) -> None:
    told = [followed(watch(compare=compare), value)[0].state for value in (0.5, 0.6)]
    assert [one == "firing" for one in told] == [one == "yes" for one in fires.split()]


def test_it_fires_once_it_has_held_and_ends_by_itself() -> None:
    patient = Watch("w", "failure_rate", ">", 0.5, 5 * MINUTE, held=2 * MINUTE)
    states = followed(patient, 0.9, 0.9, 0.9, 0.9, 0.1, 0.9)
    assert [one.state for one in states] == [
        "pending",
        "pending",
        "firing",
        "firing",
        "ok",
        "pending",
    ]
    assert [one.fires_since for one in states[2:5]] == [NOW + 2 * MINUTE] * 2 + [None]


@pytest.mark.parametrize(
    ("no_data", "fires"),
    [("ends", [True, False, True]), ("keeps", [True, True, True]), ("alerts", [True, True, True])],
)
def test_what_no_data_does_to_an_alert_is_said_by_the_watch(
    no_data: str, fires: list[bool]
) -> None:
    one = Watch("w", "failure_rate", ">", 0.5, 5 * MINUTE, no_data=no_data)
    states = followed(one, 0.9, None, 0.9)
    assert [state.fires_since is not None for state in states] == fires
    assert states[1].state == "no_data"
    silent = followed(one, None)
    assert (silent[0].fires_since is not None) == (no_data == "alerts")


@given(st.lists(st.sampled_from([0.1, 0.9, None]), min_size=1, max_size=20))
def test_an_alert_fires_from_its_start_until_it_ends_and_never_in_between(
    values: list[float | None],
) -> None:
    states = followed(Watch("w", "failure_rate", ">", 0.5, 5 * MINUTE, held=MINUTE), *values)
    for before, after in itertools.pairwise(states):
        if before.fires_since and after.fires_since:
            assert before.fires_since == after.fires_since
        assert after.since >= before.since
    assert all((one.fires_since is not None) == (one.state == "firing") for one in states)


@given(st.lists(st.integers(0, 1000), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_one_of_the_values_that_enough_do_not_exceed(
    values: list[int], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(one <= found for one in values) >= share * len(values)
