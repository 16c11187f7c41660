"""Rule files: what fires, what waits, and what is written of it."""

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import real_prometheus, serving
from tests.sandbox.test_prometheus_api import data

# What alerts write about themselves, from an expression with the value 1234.5678 and job="api".
TEMPLATES = {
    "plain": "nothing to replace",
    "label": "{{ $labels.job }} is down",
    "tight": "{{$labels.job}}/{{$labels.missing}}",
    "dotted": "{{ .Labels.job }} {{ .Value }}",
    "value": "{{ $value }}",
    "printf": '{{ printf "%.2f" $value }} and {{ $value | printf "%5.1f%%" }}',
    "humanize": "{{ $value | humanize }} {{ humanize $value }}",
    "humanize1024": "{{ $value | humanize1024 }}",
    "percentage": "{{ $value | humanizePercentage }}",
    "duration": "{{ $value | humanizeDuration }}",
    "upper": "{{ $labels.job | toUpper }} {{ $labels.job | title }}",
}
VALUES = (0.0, 0.00012345, 0.25, 1.0, 59.6, 1234.5678, 7.3e6, 3e15, -90061.5, 1e-12)

GROUPS: dict[str, Any] = {
    "groups": [
        {
            "name": "shapes",
            "interval": "1s",
            "rules": [
                {
                    "alert": "Always",
                    "expr": "vector(1)",
                    "labels": {"severity": "none", "of": "{{ $value }}"},
                    "annotations": {"summary": "It is {{ $value }}."},
                },
                {"alert": "Waiting", "expr": "vector(2) > 1", "for": "2h"},
                {"alert": "Never", "expr": "vector(1) > 2", "for": "0s"},
                {"alert": "Doubled", "expr": "label_replace(up, 'x', '', '', '') * on () up"},
                {"record": "a:b", "expr": "vector(1)", "labels": {"kind": "recorded"}},
                {"record": "a:c", "expr": "vector(1)"},
            ],
        },
        {
            "name": "templates",
            "interval": "1s",
            "rules": [
                {
                    "alert": f"T{number}",
                    "expr": f'label_replace(vector({value!r}), "job", "api", "", "")',
                    "annotations": TEMPLATES,
                }
                for number, value in enumerate(VALUES)
            ],
        },
    ]
}


@pytest.fixture(scope="module", params=["practice", pytest.param("real", marks=pytest.mark.live)])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    if request.param == "practice":
        with serving(routes(SeriesStore(), GROUPS["groups"], time.time)) as address:
            yield address
        return
    folder = tmp_path_factory.mktemp("prometheus")
    with real_prometheus(folder, rules=yaml.safe_dump(GROUPS)) as address:
        deadline = time.monotonic() + 20
        while len(data(address, "alerts")["alerts"]) < len(VALUES) + 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address


def rules(url: str, **fields: str) -> dict[str, Any]:
    groups = data(url, "rules", **fields)["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def test_groups_are_told_as_they_are(url: str) -> None:
    group = data(url, "rules")["groups"][0]
    assert (group["name"], group["interval"], group["limit"]) == ("shapes", 1, 0)
    assert set(group) == {
        "name", "file", "rules", "interval", "limit", "evaluationTime", "lastEvaluation",
    }  # fmt: skip


def test_an_alert_that_holds_fires(url: str) -> None:
    rule = rules(url)["Always"]
    assert (rule["state"], rule["health"], rule["type"]) == ("firing", "ok", "alerting")
    [alert] = rule["alerts"]
    assert alert["labels"] == {"alertname": "Always", "severity": "none", "of": "1"}
    assert alert["annotations"] == {"summary": "It is 1."}
    assert (alert["state"], alert["value"]) == ("firing", "1e+00")
    assert set(rule) == {
        "state", "name", "query", "duration", "keepFiringFor", "labels", "annotations", "alerts",
        "health", "evaluationTime", "lastEvaluation", "type",
    }  # fmt: skip


def test_an_alert_that_does_not_hold_is_inactive(url: str) -> None:
    rule = rules(url)["Never"]
    assert (rule["state"], rule["alerts"], rule["duration"]) == ("inactive", [], 0)


def test_recording_rules_are_told_too(url: str) -> None:
    found = rules(url, type="record")
    assert set(found) == {"a:b", "a:c"}
    assert found["a:b"]["labels"] == {"kind": "recorded"}
    assert "labels" not in found["a:c"]
    assert found["a:c"]["type"] == "recording"


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_templates_are_expanded(url: str, number: int) -> None:
    [alert] = rules(url, type="alert")[f"T{number}"]["alerts"]
    expected = json.loads((Path(__file__).parent / "alert_templates.json").read_text())
    assert alert["annotations"] == expected[repr(VALUES[number])]
