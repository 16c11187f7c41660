"""One stored object, in the version a client asks for: events and autoscalers have two forms."""

from typing import Any

from sandbox.kubernetes_api.fields import at, entries, section
from sandbox.kubernetes_api.kinds import Kind

Json = dict[str, Any]

# events.k8s.io/v1 field → the field of core/v1 that holds the same.
_EVENT_FIELDS = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_TO_NEW_EVENT = {old: new for new, old in _EVENT_FIELDS.items()}


def view(kind: Kind, one: Json) -> Json:
    """The stored object as `kind` shows it. The stored one is left as it is."""
    if one["apiVersion"] == kind.group_version and one["kind"] == kind.kind:
        return one
    if kind.group == "events.k8s.io":
        shown = _renamed(one, _TO_NEW_EVENT)
    elif kind.group == "autoscaling" and kind.version == "v1":
        shown = _autoscaler_v1(one)
    else:
        shown = one
    return {**shown, "apiVersion": kind.group_version, "kind": kind.kind}


def stored_form(one: Json) -> Json:
    """The object in the version it is stored in, whichever it came in."""
    if one["apiVersion"] == "events.k8s.io/v1" and one["kind"] == "Event":
        return {**_renamed(one, _EVENT_FIELDS), "apiVersion": "v1"}
    if one["apiVersion"] == "autoscaling/v1" and one["kind"] == "HorizontalPodAutoscaler":
        return _autoscaler_v2(one)
    return one


def _renamed(one: Json, names: dict[str, str]) -> Json:
    return {names.get(field, field): value for field, value in one.items()}


def _autoscaler_v1(one: Json) -> Json:
    spec, status = dict(section(one, "spec")), dict(section(one, "status"))
    wanted = _cpu_utilization(spec, "metrics", "target")
    now = _cpu_utilization(status, "currentMetrics", "current")
    if wanted is not None:
        spec["targetCPUUtilizationPercentage"] = wanted
    if now is not None:
        status["currentCPUUtilizationPercentage"] = now
    for field in ("metrics", "behavior"):
        spec.pop(field, None)
    for field in ("currentMetrics", "conditions"):
        status.pop(field, None)
    return {**one, "spec": spec, "status": status}


def _cpu_utilization(part: Json, metrics: str, value: str) -> Any:
    shares = (
        at(metric, "resource", value, "averageUtilization")
        for metric in entries(part, metrics)
        if metric.get("type") == "Resource" and at(metric, "resource", "name") == "cpu"
    )
    return next(shares, None)


def _autoscaler_v2(one: Json) -> Json:
    spec, status = dict(section(one, "spec")), dict(section(one, "status"))
    wanted = spec.pop("targetCPUUtilizationPercentage", None)
    if wanted is not None:
        target = {"type": "Utilization", "averageUtilization": wanted}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    now = status.pop("currentCPUUtilizationPercentage", None)
    if now is not None:
        current = {"name": "cpu", "current": {"averageUtilization": now}}
        status["currentMetrics"] = [{"type": "Resource", "resource": current}]
    return {**one, "apiVersion": "autoscaling/v2", "spec": spec, "status": status}
