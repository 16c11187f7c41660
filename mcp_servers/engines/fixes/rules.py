"""`fix.alert_rule`: a PrometheusRule object brought to what is stored, or made, with its way back."""

from collections.abc import Mapping
from datetime import timedelta

from mcp_servers.engines.fields import strings, text
from mcp_servers.engines.rule_objects import (
    API_VERSION,
    KIND,
    MANAGED_BY,
    MIDWATCH,
    PLACEMENT,
    Groups,
    groups_in,
    is_ours,
    rule_names,
)
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.fixes import Advice, Level, Plan, Step, Verb, Write
from mcp_servers.facts.kubernetes import Json, Ref, Resource

FIX = "fix.alert_rule"
NAMED_AT_MOST = 5


def place_rules(
    target: Ref, live: Resource | None, groups: Groups, labels: Json, annotations: Json
) -> Plan | Advice:
    """Make the object, or bring it to these groups, labels and annotations.

    One of that name that Midwatch did not make for the same placement is left alone. What would stop
    being watched makes the risk medium.
    """
    if labels.get(MANAGED_BY) != MIDWATCH or not labels.get(PLACEMENT):
        return Advice(FIX, "", target, "rules_without_marks")
    if live is not None and is_terminating(live):
        return Advice(FIX, "", target, "being_deleted", {"object_named": str(target)})
    if live is not None and not is_ours(live, str(labels[PLACEMENT])):
        return Advice(
            FIX, "", target, "rules_of_others", {"owner": live.labels.get(MANAGED_BY, "")}
        )
    step = _made(target, groups, labels, annotations)
    if live is not None:
        step = _changed(target, live, groups, labels, annotations)
    base = Level.MEDIUM if step.params["rules_gone"] else Level.LOW
    # Nothing rolls out: one look that finds nothing new is all there is to wait for.
    return Plan(FIX, "", target, (step,), base, settle=timedelta())


def _made(target: Ref, groups: Groups, labels: Json, annotations: Json) -> Step:
    body: Json = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": target.name,
            "namespace": target.namespace,
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {"groups": list(groups)},
    }
    told = _told((), groups)
    return Step("make_rules", Write(Verb.CREATE, target, body), Write(Verb.DELETE, target), told)


def _changed(target: Ref, live: Resource, groups: Groups, labels: Json, annotations: Json) -> Step:
    now = groups_in(live)
    there = {"uid": live.uid, "resource_version": text(live.metadata, "resourceVersion")}
    patch = _patch(groups, labels, annotations)
    before = _patch(now, _as_now(live, "labels", labels), _as_now(live, "annotations", annotations))
    return Step(
        "bring_rules",
        Write(Verb.MERGE, target, patch, **there),
        Write(Verb.MERGE, target, before, uid=live.uid),
        _told(now, groups),
    )


def _patch(groups: Groups, labels: Json, annotations: Json) -> Json:
    metadata = {"labels": labels, "annotations": annotations}
    return {"metadata": metadata, "spec": {"groups": list(groups)}}


def _as_now(live: Resource, part: str, wanted: Json) -> Json:
    """What the patched entries are now; None takes an entry away that was not there."""
    now = strings(live.metadata, part)
    return {name: now.get(name) for name in wanted}


def _told(before: Groups, after: Groups) -> Mapping[str, str]:
    was, is_now = rule_names(before), rule_names(after)
    gone = [one for one in was if one not in is_now]
    more = " …" if len(gone) > NAMED_AT_MOST else ""
    return {
        "count": str(len(is_now)),
        "new": str(len([one for one in is_now if one not in was])),
        "rules_gone": f"{', '.join(gone[:NAMED_AT_MOST])}{more}",
    }
