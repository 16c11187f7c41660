"""Findings as a terminal prints them: faults in full, hygiene in one line unless asked for."""

from typing import Any

import pytest

from api.cli.reports import findings_text


def finding(rule: str, severity: str, *, fault: bool = False) -> dict[str, Any]:
    resource = {"kind": "Deployment", "namespace": "shop", "name": "web"}
    told: dict[str, Any] = {
        "title": f"title of {rule}",
        "cause": "why",
        "evidence": [],
        "fix": None,
    }
    place = {"since": None, "resource": resource, "fault": fault}
    return {"rule": rule, "severity": severity, **place, **told}


def report(*findings: dict[str, Any], verdict: str = "found", more: int = 0) -> dict[str, Any]:
    low = [one["rule"] for one in findings if one["severity"] in ("low", "info")]
    return {
        "verdict": verdict,
        "scope": {"namespaces": ["shop"]},
        "findings": list(findings),
        "more": more,
        "folded": {rule: low.count(rule) for rule in low},
        "checked": {"Pod": 3},
        "skipped": [],
        "rbac": "",
    }


BROKEN = finding("pod.oom_killed", "high", fault=True)
UNTIDY = finding("workload.no_requests", "low")


def test_notes_of_low_severity_are_one_line_under_the_faults() -> None:
    printed = findings_text(report(BROKEN, UNTIDY, UNTIDY), "en")
    assert "title of pod.oom_killed" in printed
    assert printed.endswith(
        "and 2 notes of low severity: workload.no_requests (2) (--notes shows them)"
    )


def test_notes_are_printed_in_full_when_asked_for() -> None:
    printed = findings_text(report(BROKEN, UNTIDY, more=7), "en", notes=True)
    assert "title of workload.no_requests" in printed
    assert printed.endswith("and 7 more")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Nothing is wrong in shop"), ("zh", "shop 没有发现问题")]
)
def test_a_healthy_scope_is_called_so_whatever_the_notes_say(language: str, said: str) -> None:
    exposed = finding("sec.privileged", "high")
    printed = findings_text(report(exposed, UNTIDY, verdict="healthy"), language)
    assert printed.startswith(said)
    assert "title of sec.privileged" in printed
    assert ("note, not a fault" if language == "en" else "并非故障") in printed
