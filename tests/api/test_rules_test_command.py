"""`midwatch rules test` as a program: by our evaluator, with exit codes that a pipeline can use."""

import json
from pathlib import Path

import pytest

from tests.api.test_command_line import midwatch as run

RULES = "groups: [{name: web, rules: [{alert: Down, expr: up == 0, for: 5m}]}]\n"
OBJECT = f"kind: PrometheusRule\nmetadata: {{name: web}}\nspec: {{{RULES.strip()}}}\n"
TESTS = """rule_files: [rules/*.yaml]
tests:
- name: down for ten minutes
  interval: 1m
  input_series: [{series: 'up{job="a"}', values: '0x10'}]
  alert_rule_test: [{eval_time: 10m, alertname: Down, exp_alerts: [{exp_labels: {job: %s}}]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "web.yaml").write_text(OBJECT)
    (tmp_path / "good.yaml").write_text(TESTS % "a")
    (tmp_path / "bad.yaml").write_text(TESTS % "b")
    (tmp_path / "lost.yaml").write_text((TESTS % "a").replace("rules/*", "elsewhere/*"))
    return tmp_path


def test_it_says_what_passed_and_who_looked(folder: Path) -> None:
    done = run("rules", "test", "good.yaml", "--by", "midwatch", "-o", "json", cwd=folder)
    found = json.loads(done.stdout)
    assert (done.returncode, found["by"]) == (0, "midwatch")
    assert found["files"]["good.yaml"] == {"checks": 1, "failures": []}


def test_a_failing_check_is_shown_and_is_exit_code_one(folder: Path) -> None:
    asked = ("bad.yaml", "good.yaml", "--by", "midwatch", "--lang", "zh")
    done = run("rules", "test", *asked, cwd=folder)
    assert done.returncode == 1
    assert "down for ten minutes" in done.stdout
    assert '应为  {alertname="Down", job="b"}' in done.stdout
    assert '实为  {alertname="Down", job="a"}' in done.stdout


def test_a_test_whose_rules_are_nowhere_is_refused_and_does_not_pass(folder: Path) -> None:
    done = run("rules", "test", "lost.yaml", "--by", "midwatch", cwd=folder)
    assert done.returncode == 2
    assert "elsewhere/*.yaml" in done.stderr
