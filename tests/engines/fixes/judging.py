"""Repairs of clusters that factories build, told in both languages and tried on the objects."""

import copy
from typing import Any

from mcp_servers.autofix.telling import Telling
from mcp_servers.engines.fixes import repair, requested
from mcp_servers.engines.patches import patched
from mcp_servers.engines.preflight import preflight
from mcp_servers.engines.risks import assess
from mcp_servers.facts.fixes import Advice, Check, Plan, Proposal, Repair, Request, Risk, Step, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from sandbox.kubernetes_api.patching.strategic import strategically_merged
from tests.factories import found

LANGUAGES = ("en", "zh")


def repaired(cluster: Cluster, rule: str) -> Repair:
    """What is done about the one finding of this rule; all that is said of it can be said."""
    return told(repair(found(cluster, rule), cluster), cluster)


def asked(cluster: Cluster, fix: str, target: Ref, **more: Any) -> Repair:
    return told(requested(Request(fix, target, **more), cluster), cluster)


def told(one: Repair, cluster: Cluster) -> Repair:
    """A sentence that lacks a param is an error; an empty one is too."""
    for language in LANGUAGES:
        telling = Telling(language)
        match one:
            case Advice():
                assert telling.advice(one)
            case Proposal():
                assert telling.proposal(one)
            case Plan():
                assert telling.plan(one)
                assert all(telling.action(step) for step in one.steps)
                assert all(telling.check(check) for check in preflight(one, cluster))
                for step in one.steps:
                    facts = risk_of(cluster, one, step).facts
                    assert all(telling.fact(key, params) for key, params in facts)
    return one


def plan(cluster: Cluster, rule: str) -> Plan:
    one = repaired(cluster, rule)
    assert isinstance(one, Plan), one
    return one


def advice(cluster: Cluster, rule: str) -> str:
    """Why nothing is written."""
    one = repaired(cluster, rule)
    assert isinstance(one, Advice), one
    return one.why


def proposal(cluster: Cluster, rule: str) -> Proposal:
    one = repaired(cluster, rule)
    assert isinstance(one, Proposal), one
    return one


def result(cluster: Cluster, one: Plan, n: int = 0) -> Json:
    """The object as a step leaves it, by the practice cluster's own patch code."""
    step = one.steps[n]
    before = cluster.get(step.write.target)
    assert before is not None
    raw, body = copy.deepcopy(before.raw), copy.deepcopy(step.write.body)
    return strategically_merged(raw, body, kind=before.kind)


def taken_back(cluster: Cluster, one: Plan, n: int = 0) -> Json:
    step, after = one.steps[n], result(cluster, one, n)
    assert step.inverse is not None
    return strategically_merged(after, copy.deepcopy(step.inverse.body), kind=after["kind"])


def container_of(raw: Json, name: str = "web") -> Json:
    spec = raw["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    held = [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]
    return next(one for one in held if one["name"] == name)


def risk_of(cluster: Cluster, one: Plan, step: Step) -> Risk:
    """As of a dry run that does exactly what the patch says."""
    before = cluster.get(step.write.target)
    if before is None or step.write.verb is Verb.EVICT:
        return assess(one, step, before.raw if before else None, None, cluster)
    after = patched(before.raw, step.write.body, before.kind)
    return assess(one, step, before.raw, after, cluster)


def checked(
    cluster: Cluster, one: Plan, protected: frozenset[str] = frozenset()
) -> dict[str, Check]:
    return {check.check: check for check in preflight(one, cluster, protected=protected)}
