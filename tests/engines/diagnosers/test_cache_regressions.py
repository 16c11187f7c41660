"""Caches that hit less often since a change, and those that only fill again."""

from dataclasses import replace

import pytest

from mcp_servers.facts.metrics import Series
from tests.engines.diagnosers.test_regressions import (
    Level,
    config_edited,
    looked_up,
    rolled_out,
    seen,
    series,
    since,
)
from tests.factories import container, found, rules


@pytest.mark.parametrize(
    "told",
    [
        looked_up(since(50, 0.94, 0.45)),
        [series("cache_hit_ratio", since(50, 0.94, 0.45))],
        [series("cache_hit_ratio", since(50, 94.0, 45.0))],
    ],
    ids=["counters", "ratio", "percent"],
)
def test_a_cache_that_hits_half_as_often_since_a_change_is_told(told: list[Series]) -> None:
    source = [{"configMapRef": {"name": "web-conf"}}]
    objects = rolled_out(ago=60 * 24 * 3, containers=[container(envFrom=source)])
    finding = found(seen(*objects, config_edited(60), told=told), "app.regression_after_change")
    assert (finding.params["before"], finding.params["after"]) == ("6.0%", "55.0%")
    assert finding.params["changed"] == "ConfigMap shop/web-conf"


@pytest.mark.parametrize(
    "hits",
    [
        lambda minutes: 0.94 if minutes > 12 else 0.4,
        lambda minutes: 0.94 - 0.6 * max(0.0, (minutes - 20) / 40) if minutes <= 60 else 0.94,
        since(50, 0.94, 0.80),
        since(50, 0.30, 0.20),
    ],
    ids=["emptied just now", "fills again", "a little less", "never hit much"],
)
def test_a_cache_that_fills_again_or_hits_little_less_is_silent(hits: Level) -> None:
    told = seen(*rolled_out(), told=looked_up(hits))
    assert "app.regression_after_change" not in rules(told)


@pytest.mark.parametrize("label", ["deployment", "app", "job"])
def test_who_served_may_stand_in_another_label(label: str) -> None:
    [slow] = [series("request_p95", since(50, 0.05, 2.0))]
    named = replace(slow, labels=((label, "web"), ("namespace", "shop")))
    assert "app.regression_after_change" in rules(seen(*rolled_out(), told=[named]))
