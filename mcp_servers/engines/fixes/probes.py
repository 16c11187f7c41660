"""`fix.probe`: the one field of a probe that contradicts what the container serves."""

import math
from collections.abc import Callable, Mapping
from typing import cast

from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.diagnosers.cpu_throttling import cpu_throttling
from mcp_servers.engines.fields import section, text, whole
from mcp_servers.engines.fixes.drafting import Case, Outcome, single
from mcp_servers.engines.fixes.earlier import last_good
from mcp_servers.engines.fixes.editing import (
    container_edit,
    planned,
    pods_of,
    workload,
)
from mcp_servers.engines.probing import (
    auxiliary_ports,
    declared_ports,
    listening_ports,
    named_ports,
)
from mcp_servers.engines.revisions import container_in
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.facts.nearest import nearest_names

HANDLERS = ("httpGet", "tcpSocket", "grpc")
# A probe may be given so long in all, and one answer so long; more would hide a program that hangs.
LONGEST_START_S, LONGEST_ANSWER_S = 1800, 10

# How the kubelet says that no answer came in time.
RAN_OUT_OF_TIME = ("deadline exceeded", "Client.Timeout", "timeout")

Value = str | int


def correct_probe(case: Case) -> Outcome:
    """Port, path or timing: what the container shows, or what the last good revision had.

    Declined where the program fails a probe that is right.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    kind = case.told("probe") or "readiness"
    probe = section(planned(owner, case.container), f"{kind}Probe")
    if not probe:
        return case.advice("no_such_probe", container=case.container, probe=kind)
    return _CORRECTIONS[case.rule](case, owner, kind, probe)


def _port(case: Case, owner: Resource, kind: str, probe: Json) -> Outcome:
    """What it listens on as its log says, else the only port that is declared or nearly so called."""
    handler = next((name for name in HANDLERS if section(probe, name)), "")
    asked = text(probe, handler, "port")
    found = _ports(case, owner, asked)
    if len(found) != 1 or not handler:
        return case.advice(
            "port_unclear", container=case.container, probe=kind, ports=", ".join(map(str, found))
        )
    return _edited(case, owner, kind, (handler, "port"), found[0], asked)


def _ports(case: Case, owner: Resource, asked: str) -> list[Value]:
    seen = [one for pod in pods_of(case) for one in containers(pod) if one.name == case.container]
    aside = {port for one in seen for port in auxiliary_ports(case.cluster, one)}
    heard = sorted(
        {int(port) for one in seen for port in listening_ports(case.cluster, one)}
        - set(map(int, aside))
    )
    if heard:
        return list(heard)
    spec = (
        Container(owner, case.container, seen[0].role, planned(owner, case.container), {})
        if seen
        else None
    )
    if spec is None:
        return []
    if not asked.isdigit():
        names = list(named_ports(spec))
        return list(nearest_names(asked, names, limit=2) or (names if len(names) == 1 else []))
    return [int(port) for port in declared_ports(spec)]


def _path(case: Case, owner: Resource, kind: str, probe: Json) -> Outcome:
    """The path of the last good revision, else the one that another probe is answered on."""
    asked = text(probe, "httpGet", "path") or "/"
    if case.told("status") != "404":
        return case.advice("app_fails_probe", container=case.container, probe=kind)
    before = text(_before(case, owner, kind), "httpGet", "path")
    good = before if before and before != asked else case.told("known_good")
    if not good or good == asked:
        return case.advice("path_unknown", container=case.container, probe=kind, path=asked)
    return _edited(case, owner, kind, ("httpGet", "path"), good, asked)


def _timeout(case: Case, owner: Resource, kind: str, probe: Json) -> Outcome:
    """What the last good revision allowed, else twice as long, up to ten seconds.

    Not where the container is held back by its CPU limit: that is why it answers late.
    """
    if _is_throttled(case):
        return case.advice("throttled_first", container=case.container, probe=kind)
    now = whole(probe, "timeoutSeconds", default=1)
    before = whole(_before(case, owner, kind), "timeoutSeconds", default=0)
    wanted = before if before > now else min(LONGEST_ANSWER_S, max(now * 2, 3))
    if wanted <= now:
        return case.advice("app_answers_too_late", container=case.container, probe=kind, now=now)
    return _edited(case, owner, kind, ("timeoutSeconds",), wanted, str(now))


def _budget(case: Case, owner: Resource, kind: str, probe: Json) -> Outcome:
    """Twice the time to start, or what the last good revision gave, up to half an hour."""
    kind = "startup" if case.told("has_startup_probe") else "liveness"
    probe = section(planned(owner, case.container), f"{kind}Probe")
    before = _before(case, owner, kind)
    field = "failureThreshold" if kind == "startup" else "initialDelaySeconds"
    if kind == "liveness" and _stricter(probe, before):
        return _restored(case, owner, kind, probe, before)
    now = whole(probe, field, default=3 if kind == "startup" else 0)
    period = whole(probe, "periodSeconds", default=10)
    budget = whole({"n": case.told("budget_s")}, "n", default=period * 3)
    wanted = max(now * 2, whole(before, field)) if kind == "startup" else max(budget * 2, now * 2)
    longest = math.floor(LONGEST_START_S / period) if kind == "startup" else LONGEST_START_S
    if min(wanted, longest) <= now:
        return case.advice("starts_too_slowly", container=case.container, budget=f"{budget}")
    return _edited(case, owner, kind, (field,), min(wanted, longest), str(now))


def _kills(case: Case, owner: Resource, kind: str, probe: Json) -> Outcome:
    """A liveness probe stricter than the last good one is given back its patience; one that ran out
    of time gets more of it; a program that answers wrongly or not at all is advised on."""
    probe = section(planned(owner, case.container), "livenessProbe")
    before = _before(case, owner, "liveness")
    if probe and _stricter(probe, before):
        return _restored(case, owner, "liveness", probe, before)
    if probe and any(word in case.told("message") for word in RAN_OUT_OF_TIME):
        return _timeout(case, owner, "liveness", probe)
    return case.advice("app_fails_probe", container=case.container, probe="liveness")


def _is_throttled(case: Case) -> bool:
    found = case.cluster.derived("throttled", lambda: list(cpu_throttling(case.cluster)))
    return any((one.resource, one.container) == (case.target, case.container) for one in found)


# The timings of a probe with what an absent one means.
TIMINGS: Mapping[str, int] = {
    "initialDelaySeconds": 0,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
}


def _stricter(now: Json, before: Json) -> list[str]:
    """The timings that became shorter since the last good revision."""
    if not before or any(section(now, one) != section(before, one) for one in HANDLERS):
        return []
    return [
        name
        for name, usual in TIMINGS.items()
        if whole(now, name, default=usual) < whole(before, name, default=usual)
    ]


def _restored(case: Case, owner: Resource, kind: str, probe: Json, before: Json) -> Outcome:
    names = _stricter(probe, before)

    def change(spec: Json) -> None:
        held = cast("Json", spec[f"{kind}Probe"])
        for name in names:
            held[name] = whole(before, name, default=TIMINGS[name])

    told = [f"{name} {whole(probe, name, default=TIMINGS[name])}" for name in names]
    new = [f"{name} {whole(before, name, default=TIMINGS[name])}" for name in names]
    params = {"probe": kind, "field": ", ".join(names), "old": ", ".join(told)}
    step = container_edit(
        "correct_probe", owner, case.container, change, **params, new=", ".join(new)
    )
    return single(step)


def _before(case: Case, owner: Resource, kind: str) -> Json:
    """The same probe in the last good revision; {} when there is none."""
    good = last_good(case.cluster, owner)
    found = container_in(good.template, case.container) if good else Json()
    return section(found, f"{kind}Probe")


def _edited(
    case: Case, owner: Resource, kind: str, path: tuple[str, ...], value: Value, old: str
) -> Outcome:
    def change(spec: Json) -> None:
        place = cast("Json", spec[f"{kind}Probe"])
        for name in path[:-1]:
            place = cast("Json", place[name])
        place[path[-1]] = value

    params = {"probe": kind, "field": path[-1], "old": old, "new": str(value)}
    return single(container_edit("correct_probe", owner, case.container, change, **params))


_CORRECTIONS: Mapping[str, Callable[[Case, Resource, str, Json], Outcome]] = {
    "pod.probe.port_mismatch": _port,
    "pod.probe.http_status": _path,
    "pod.probe.timeout": _timeout,
    "pod.probe.startup_budget": _budget,
    "pod.probe.liveness_kills": _kills,
}
