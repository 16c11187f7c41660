"""Where people draw the line elsewhere, a rule speaks earlier or later."""

import re
from dataclasses import replace

import pytest

from mcp_servers.facts.kubernetes import Cluster
from mcp_servers.facts.thresholds import THRESHOLDS
from tests.engines.diagnosers.test_app_signals import growing
from tests.engines.diagnosers.test_catalogue import ROOT, RULES
from tests.engines.diagnosers.test_killed_and_starts import web
from tests.engines.diagnosers.test_nodes_jobs_quotas import quota
from tests.engines.diagnosers.test_regressions import (
    failing,
    looked_up,
    rolled_out,
    seen,
    series,
    since,
)
from tests.engines.diagnosers.test_rights_certificates_schedules import limited
from tests.engines.diagnosers.test_volumes_and_stale_config import claim, database, filled
from tests.factories import cluster, ended, rules, running

CRASHED = running("web", ready=False, since=0.2, lastState=ended(1, ago=1), restartCount=4)
RESTARTED = running("web", lastState=ended(1), restartCount=4)
SLOW = [series("request_p95", since(50, 0.05, 2.0))]

# Each with a value below what is there, and one above it.
CASES: dict[str, tuple[Cluster, float, float]] = {
    "pod.crash_loop.restarts": (cluster(*web(CRASHED)), 2, 10),
    "pod.restart_storm.restarts": (cluster(*web(RESTARTED, age=50)), 2, 10),
    "pod.cpu_throttled.percent": (limited(0.1), 5, 25),
    "pod.memory_near_limit.percent": (growing([150.0] * 40 + [240.0] * 20), 80, 97),
    "pvc.nearly_full.percent": (cluster(*database(), *claim(), series=filled(0.8, 0.8)), 75, 95),
    "quota.near_limit.percent": (cluster(quota({"pods": "8"}, {"pods": "10"})), 80, 81),
    "app.regression_after_change.times": (
        seen(*rolled_out(), told=failing(since(55, 0.1, 0.3))),
        2.5,
        4,
    ),
    "app.regression_after_change.failing_percent": (
        seen(*rolled_out(), told=failing(since(55, 0.01, 0.4))),
        10,
        50,
    ),
    "app.regression_after_change.slow_ms": (seen(*rolled_out(), told=SLOW), 500, 3000),
    "app.regression_after_change.missing_percent": (
        seen(*rolled_out(), told=looked_up(since(50, 0.95, 0.45))),
        30,
        70,
    ),
}


def test_every_threshold_is_tried_here_and_belongs_to_a_rule() -> None:
    assert CASES.keys() == THRESHOLDS.keys()
    assert {name.rpartition(".")[0] for name in THRESHOLDS} <= RULES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_rule_speaks_beyond_its_threshold_and_not_before(name: str) -> None:
    there, below, above = CASES[name]
    rule = name.rpartition(".")[0]
    assert rule in rules(replace(there, thresholds={name: below}))
    assert rule not in rules(replace(there, thresholds={name: above}))


def test_what_a_rule_does_by_itself_lies_within_the_bounds() -> None:
    for one in THRESHOLDS.values():
        assert one.least <= one.default <= one.most


def test_the_page_about_rules_tells_every_threshold_as_it_is() -> None:
    page = (ROOT / "docs" / "custom-rules.md").read_text()
    told = re.findall(r"^\| `([\w.]+)` \| ([\d.]+) \| ([\d.]+) – ([\d.]+) \|", page, re.MULTILINE)
    assert {name: tuple(map(float, numbers)) for name, *numbers in told} == {
        name: (one.default, one.least, one.most) for name, one in THRESHOLDS.items()
    }
