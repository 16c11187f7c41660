"""`--rules DIR` as a person uses it."""

import json
from pathlib import Path

import pytest

from tests.api.test_command_line import midwatch as run

RULES = """
rules:
- id: team.spare
  severity: high
  kind: Deployment
  role: symptom
  when: object.metadata.name == "checkout" && object.status.replicas > 1
  values: {copies: object.status.replicas}
  en: {title: "{name} runs {copies} times", cause: "It was told to."}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(RULES)
    return tmp_path


def test_findings_of_a_folder_of_rules_are_printed_among_the_others(folder: Path) -> None:
    done = run("diagnose", "-n", "shop", "--rules", str(folder), "-o", "json", cwd=folder)
    [found] = [one for one in json.loads(done.stdout)["findings"] if one["rule"] == "team.spare"]
    assert (found["title"], found["fault"]) == ("checkout runs 3 times", True)


def test_the_setting_names_the_folder_for_investigations_too(folder: Path) -> None:
    named = {"MIDWATCH_RULES__FOLDER": str(folder)}
    done = run("investigate", "--service", "checkout", "-o", "json", cwd=folder, **named)
    report = json.loads(done.stdout)
    assert report["root_causes"][0]["rule"] == "pod.oom_killed"
    assert "team.spare" in [one["rule"] for one in report["symptoms"]]


def test_a_wrong_rule_is_one_sentence_with_its_line(folder: Path) -> None:
    (folder / "mine.yaml").write_text(RULES.replace("severity: high", "severity: loud"))
    done = run("diagnose", "--rules", str(folder), cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "mine.yaml line 4: rules.severity:" in done.stderr


def test_a_running_midwatch_is_not_handed_rules(folder: Path) -> None:
    done = run("diagnose", "--rules", str(folder), "--server", "http://127.0.0.1:9", cwd=folder)
    assert done.returncode == 2
    assert "A running Midwatch reads its own rules." in done.stderr
