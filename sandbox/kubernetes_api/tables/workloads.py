"""Rows of what runs pods: Deployments, Jobs, autoscalers and their like."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, number, section, texts
from sandbox.kubernetes_api.tables.durations import age, human
from sandbox.snapshot.times import parse_time

Json = dict[str, Any]
Row = Callable[[Json, datetime], list[Any]]


def _name(one: Json) -> str:
    return str(one["metadata"]["name"])


def _age(one: Json, now: datetime) -> str:
    return age(one["metadata"].get("creationTimestamp"), now)


def pod_template(spec: Json) -> list[str]:
    """Container names and images, each list in one cell."""
    containers = entries(spec, "containers")
    return [",".join(str(one.get(field, "")) for one in containers) for field in ("name", "image")]


def selector(told: Any) -> str:
    """A LabelSelector or a plain mapping in one line."""
    plain = {key: value for key, value in section(told).items() if isinstance(value, str)}
    equal = section(told, "matchLabels") or plain
    parts = [f"{key}={value}" for key, value in sorted(equal.items())]
    for one in entries(told, "matchExpressions"):
        words = {"In": "in", "NotIn": "notin"}
        key, operator = one.get("key"), str(one.get("operator"))
        values = f" ({','.join(texts(one, 'values'))})"
        known = {"Exists": f"{key}", "DoesNotExist": f"!{key}"}
        parts.append(known.get(operator, f"{key} {words.get(operator, operator)}{values}"))
    return ",".join(parts) or "<none>"


def deployment(one: Json, now: datetime) -> list[Any]:
    return [
        _name(one),
        f"{number(one, 'status', 'readyReplicas')}/{number(one, 'spec', 'replicas')}",
        number(one, "status", "updatedReplicas"),
        number(one, "status", "availableReplicas"),
        _age(one, now),
        *pod_template(section(one, "spec", "template", "spec")),
        selector(at(one, "spec", "selector")),
    ]


def replica_set(one: Json, now: datetime) -> list[Any]:
    return [
        _name(one),
        number(one, "spec", "replicas"),
        number(one, "status", "replicas"),
        number(one, "status", "readyReplicas"),
        _age(one, now),
        *pod_template(section(one, "spec", "template", "spec")),
        selector(at(one, "spec", "selector")),
    ]


def stateful_set(one: Json, now: datetime) -> list[Any]:
    ready = f"{number(one, 'status', 'readyReplicas')}/{number(one, 'spec', 'replicas')}"
    return [
        _name(one),
        ready,
        _age(one, now),
        *pod_template(section(one, "spec", "template", "spec")),
    ]


def daemon_set(one: Json, now: datetime) -> list[Any]:
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        _name(one),
        *(number(one, "status", field) for field in fields),
        selector(at(one, "spec", "template", "spec", "nodeSelector")),
        _age(one, now),
        *pod_template(section(one, "spec", "template", "spec")),
        selector(at(one, "spec", "selector")),
    ]


def job(one: Json, now: datetime) -> list[Any]:
    started = parse_time(str(at(one, "status", "startTime")))
    until = parse_time(str(at(one, "status", "completionTime"))) or now
    wanted = at(one, "spec", "completions") or 1
    return [
        _name(one),
        _job_status(one),
        f"{number(one, 'status', 'succeeded')}/{wanted}",
        human(until - started) if started else "",
        _age(one, now),
        *pod_template(section(one, "spec", "template", "spec")),
        selector(at(one, "spec", "selector")),
    ]


def _job_status(one: Json) -> str:
    true = {
        c.get("type") for c in entries(one, "status", "conditions") if c.get("status") == "True"
    }
    for kind, word in (("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended")):
        if kind in true:
            return word
    if one["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return "FailureTarget" if "FailureTarget" in true else "Running"


def cron_job(one: Json, now: datetime) -> list[Any]:
    last = at(one, "status", "lastScheduleTime")
    return [
        _name(one),
        at(one, "spec", "schedule"),
        at(one, "spec", "timeZone") or "<none>",
        str(bool(at(one, "spec", "suspend"))),
        len(entries(one, "status", "active")),
        age(last, now) if last else "<none>",
        _age(one, now),
        *pod_template(section(one, "spec", "jobTemplate", "spec", "template", "spec")),
        selector(at(one, "spec", "jobTemplate", "spec", "selector")),
    ]


def autoscaler(one: Json, now: datetime) -> list[Any]:
    reference = section(one, "spec", "scaleTargetRef")
    return [
        _name(one),
        f"{reference.get('kind')}/{reference.get('name')}",
        _targets(one),
        str(at(one, "spec", "minReplicas") or "<unset>"),
        number(one, "spec", "maxReplicas"),
        number(one, "status", "currentReplicas"),
        _age(one, now),
    ]


def _targets(one: Json) -> str:
    current = {
        at(metric, "resource", "name"): at(metric, "resource", "current", "averageUtilization")
        for metric in entries(one, "status", "currentMetrics")
    }
    shown: list[str] = []
    for metric in entries(one, "spec", "metrics"):
        name, target = at(metric, "resource", "name"), section(metric, "resource", "target")
        now = current.get(name)
        is_share = "averageUtilization" in target
        wanted = (
            f"{target['averageUtilization']}%" if is_share else target.get("averageValue", "<auto>")
        )
        value = "<unknown>" if now is None else f"{now}%" if is_share else f"{now}"
        shown.append(f"{name or metric.get('type')}: {value}/{wanted}")
    return ", ".join(shown) or "<none>"


def disruption_budget(one: Json, now: datetime) -> list[Any]:
    least, most = at(one, "spec", "minAvailable"), at(one, "spec", "maxUnavailable")
    return [
        _name(one),
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        number(one, "status", "disruptionsAllowed"),
        _age(one, now),
    ]


_TEMPLATE = "| Containers Images Selector"
ROWS: dict[str, tuple[str, Row]] = {
    "deployments.apps": (f"Name Ready Up-to-date Available Age {_TEMPLATE}", deployment),
    "replicasets.apps": (f"Name Desired Current Ready Age {_TEMPLATE}", replica_set),
    "replicationcontrollers": (f"Name Desired Current Ready Age {_TEMPLATE}", replica_set),
    "statefulsets.apps": ("Name Ready Age | Containers Images", stateful_set),
    "daemonsets.apps": (
        f"Name Desired Current Ready Up-to-date Available Node_Selector Age {_TEMPLATE}",
        daemon_set,
    ),
    "jobs.batch": (f"Name Status Completions Duration Age {_TEMPLATE}", job),
    "cronjobs.batch": (
        f"Name Schedule Timezone Suspend Active Last_Schedule Age {_TEMPLATE}",
        cron_job,
    ),
    "horizontalpodautoscalers.autoscaling": (
        "Name Reference Targets MinPods MaxPods Replicas Age",
        autoscaler,
    ),
    "poddisruptionbudgets.policy": (
        "Name Min_Available Max_Unavailable Allowed_Disruptions Age",
        disruption_budget,
    ),
}
