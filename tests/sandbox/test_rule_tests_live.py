"""Our evaluator of rule tests beside promtool: the same checks fail."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.prometheus_api.rule_tests import tested as judged
from tests.sandbox.test_rule_tests import FIRING, GROUPS

pytestmark = pytest.mark.live

VALUES = st.lists(
    st.sampled_from(["1", "0", "0x6", "1x2", "_", "_x3", "stale", "0-1x2", "5+2.5x3"]),
    min_size=1,
    max_size=6,
).map(" ".join)
ALERTS = st.fixed_dictionaries(
    {
        "eval_time": st.integers(0, 25).map(lambda minutes: f"{minutes}m"),
        "alertname": st.just("Down"),
        "exp_alerts": st.sampled_from([[], [FIRING]]),
    }
)
EXPRESSIONS = st.fixed_dictionaries(
    {
        "expr": st.sampled_from(
            ["up", "job:up:avg", "sum(up)", "avg_over_time(up[4m])", "up > 0", "count(up) or vector(0)"]
        ),
        "eval_time": st.integers(0, 25).map(lambda minutes: f"{minutes}m"),
        "exp_samples": st.sampled_from([[], [{"labels": "{}", "value": 1.0}]]),
    }
)  # fmt: skip
FAILED = re.compile(r'(?:alertname: (\S+)|expr: "(.+)"), time: (\w+),')


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES, VALUES, st.lists(ALERTS, max_size=4), st.lists(EXPRESSIONS, max_size=4))
def test_the_checks_that_fail_are_those_that_fail_in_promtool(
    first: str, second: str, alerts: list[dict[str, Any]], expressions: list[dict[str, Any]]
) -> None:
    series = [
        {"series": 'up{job="a"}', "values": first},
        {"series": 'up{job="a", instance="2"}', "values": second},
    ]
    test: dict[str, Any] = {
        "input_series": series,
        "alert_rule_test": alerts,
        "promql_expr_test": expressions,
    }
    test["interval"] = "1m"  # the promtool of Debian knows no other default than nothing
    document = {"rule_files": ["rules.yaml"], "tests": [test]}
    ours = {(one.about, minutes(one.at)) for one in judged(document, GROUPS).failures}
    assert ours == by_promtool(document)


def by_promtool(document: dict[str, Any]) -> set[tuple[str, int]]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(yaml.safe_dump({"groups": GROUPS}))
        (Path(folder) / "tests.yaml").write_text(yaml.safe_dump(document))
        command = ["promtool", "test", "rules", f"{folder}/tests.yaml"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    found = {(alert or text, minutes(at)) for alert, text, at in FAILED.findall(told)}
    assert bool(done.returncode) is bool(found), told
    return found


def minutes(span: str) -> int:
    hours, _, rest = span.rpartition("h")
    return int(hours or 0) * 60 + int((rest.split("m")[0] if "m" in rest else 0) or 0)
