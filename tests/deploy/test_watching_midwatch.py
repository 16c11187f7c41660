"""The alerts about Midwatch itself, judged by Prometheus' and Alertmanager's own tools."""

import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.telemetry import Metrics

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "deploy" / "prometheus-rules.yml"


def test_every_metric_that_is_watched_is_one_that_midwatch_counts() -> None:
    watched = set(re.findall(r"\bmidwatch_[a-z_]+", RULES.read_text()))
    told = Metrics().exposition().decode()
    families = {family.name for family in text_string_to_metric_families(told)}
    assert {re.sub(r"_(total|bucket)$", "", one) for one in watched} <= families


@pytest.mark.live
@pytest.mark.parametrize(
    "command",
    [
        ["promtool", "check", "rules", "deploy/prometheus-rules.yml"],
        ["promtool", "check", "config", "--syntax-only", "deploy/compose/prometheus.yml"],
        ["promtool", "test", "rules", "tests/deploy/rules_test.yml"],
        ["amtool", "check-config", "deploy/compose/alertmanager.yml"],
    ],
    ids=["rules", "prometheus", "fires", "alertmanager"],
)
def test_their_own_tools_accept_it(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
