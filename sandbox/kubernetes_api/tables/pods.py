"""The row of a pod: its status is told as kubectl users know it."""

from datetime import datetime
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, number, section
from sandbox.kubernetes_api.tables.durations import age, human
from sandbox.snapshot.times import parse_time

Json = dict[str, Any]

COLUMNS = "Name Ready Status Restarts Age | IP Node Nominated_Node Readiness_Gates"


def row(pod: Json, now: datetime) -> list[Any]:
    containers, statuses = (
        entries(pod, "spec", "containers"),
        entries(pod, "status", "containerStatuses"),
    )
    ready = sum(1 for one in statuses if one.get("ready") and "running" in section(one, "state"))
    return [
        pod["metadata"]["name"],
        f"{ready}/{len(containers)}",
        status_of(pod),
        _restarts(pod, now),
        age(pod["metadata"].get("creationTimestamp"), now),
        at(pod, "status", "podIP") or "<none>",
        at(pod, "spec", "nodeName") or "<none>",
        at(pod, "status", "nominatedNodeName") or "<none>",
        _gates(pod),
    ]


def status_of(pod: Json) -> str:
    """One word for a pod: CrashLoopBackOff, Init:0/1, Completed, Terminating, Running …"""
    told = str(at(pod, "status", "reason") or at(pod, "status", "phase") or "Unknown")
    for condition in entries(pod, "status", "conditions"):
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            told = "SchedulingGated"
    word = _init_status(pod) or _container_status(pod, told)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if at(pod, "status", "reason") == "NodeLost" else "Terminating"
    return word


def _init_status(pod: Json) -> str:
    """ "Init:…" while an init container keeps the others waiting, else nothing."""
    total = len(entries(pod, "spec", "initContainers"))
    sidecars = {
        one.get("name")
        for one in entries(pod, "spec", "initContainers")
        if one.get("restartPolicy") == "Always"
    }
    for done, one in enumerate(entries(pod, "status", "initContainerStatuses")):
        state = section(one, "state")
        if at(state, "terminated", "exitCode") == 0:
            continue
        if one.get("name") in sidecars and one.get("started"):
            continue
        if "terminated" in state:
            return f"Init:{_ended(section(state, 'terminated'))}"
        waiting = at(state, "waiting", "reason")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{done}/{total}"
    return ""


def _container_status(pod: Json, told: str) -> str:
    running = False
    for one in reversed(entries(pod, "status", "containerStatuses")):
        state = section(one, "state")
        if at(state, "waiting", "reason"):
            told = str(at(state, "waiting", "reason"))
        elif "terminated" in state:
            told = _ended(section(state, "terminated"))
        elif one.get("ready") and "running" in state:
            running = True
    if told == "Completed" and running:
        ready = any(
            one.get("type") == "Ready" and one.get("status") == "True"
            for one in entries(pod, "status", "conditions")
        )
        return "Running" if ready else "NotReady"
    return told


def _ended(terminated: Json) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode')}"


def _restarts(pod: Json, now: datetime) -> str:
    initialising = bool(_init_status(pod))
    statuses = entries(
        pod, "status", "initContainerStatuses" if initialising else "containerStatuses"
    )
    count = sum(number(one, "restartCount") for one in statuses)
    ends = [str(at(one, "lastState", "terminated", "finishedAt") or "") for one in statuses]
    newest = max(ends, default="")
    ended_at = parse_time(newest)
    return f"{count} ({human(now - ended_at)} ago)" if count and ended_at else str(count)


def _gates(pod: Json) -> str:
    gates = [gate.get("conditionType") for gate in entries(pod, "spec", "readinessGates")]
    met = {
        one.get("type")
        for one in entries(pod, "status", "conditions")
        if one.get("status") == "True"
    }
    return f"{len(met & set(gates))}/{len(gates)}" if gates else "<none>"
