"""Plans and findings as JSON and back, so that another process can carry them on."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Level, Plan, Step, Verb, Write
from mcp_servers.facts.kubernetes import Json, Ref


def ref_json(ref: Ref) -> dict[str, str]:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def ref_of(told: Mapping[str, Any]) -> Ref:
    return Ref(str(told["kind"]), str(told["namespace"]), str(told["name"]))


def write_json(write: Write) -> Json:
    return {
        "verb": write.verb.value,
        "target": ref_json(write.target),
        "body": write.body,
        "uid": write.uid,
        "resource_version": write.resource_version,
    }


def write_of(told: Mapping[str, Any]) -> Write:
    return Write(
        Verb(told["verb"]),
        ref_of(told["target"]),
        told["body"],
        str(told["uid"]),
        str(told["resource_version"]),
    )


def plan_json(plan: Plan) -> Json:
    return {
        "fix": plan.fix,
        "rule": plan.rule,
        "target": ref_json(plan.target),
        "base": plan.base.value,
        "settle_s": plan.settle.total_seconds(),
        "deadline_s": plan.deadline.total_seconds(),
        "finding": plan.finding,
        "life_s": plan.life.total_seconds(),
        "steps": [
            {
                "action": step.action,
                "params": dict(step.params),
                "write": write_json(step.write),
                "inverse": write_json(step.inverse) if step.inverse else None,
                "waits": step.waits,
            }
            for step in plan.steps
        ],
    }


def plan_of(told: Mapping[str, Any]) -> Plan:
    steps = tuple(
        Step(
            one["action"],
            write_of(one["write"]),
            write_of(one["inverse"]) if one["inverse"] else None,
            one["params"],
            bool(one.get("waits", True)),
        )
        for one in told["steps"]
    )
    return Plan(
        told["fix"],
        told["rule"],
        ref_of(told["target"]),
        steps,
        Level(told["base"]),
        settle=timedelta(seconds=told["settle_s"]),
        deadline=timedelta(seconds=told["deadline_s"]),
        finding=str(told.get("finding", "")),
        life=timedelta(seconds=told.get("life_s", 0)),
    )


def findings_json(findings: Iterable[Finding]) -> list[Json]:
    """As much of each as it takes to know it again and to weigh it."""
    return [
        {
            "rule": one.rule,
            "severity": one.severity.value,
            "resource": ref_json(one.resource),
            "container": one.container,
            "cause_key": one.cause_key,
        }
        for one in {fingerprint(one): one for one in findings}.values()
    ]


def findings_of(told: Iterable[Mapping[str, Any]]) -> list[Finding]:
    return [
        Finding(
            rule=one["rule"],
            severity=Severity(one["severity"]),
            confidence=Confidence.CERTAIN,
            resource=ref_of(one["resource"]),
            since=None,
            evidence=(),
            container=one["container"],
            cause_key=one["cause_key"],
        )
        for one in told
    ]
