"""Does a probe pass, and what does a kubelet say when it does not?"""

from typing import Any

from sandbox.controllers.behaviour import Behaviour
from sandbox.fields import at, entries, section

Json = dict[str, Any]

READINESS, LIVENESS, STARTUP = "readinessProbe", "livenessProbe", "startupProbe"
_TITLES = {READINESS: "Readiness", LIVENESS: "Liveness", STARTUP: "Startup"}
_DEFAULTS = {"periodSeconds": 10, "failureThreshold": 3, "initialDelaySeconds": 0}


def probe_number(container: Json, probe: str, field: str) -> int:
    told = at(container, probe, field)
    return told if isinstance(told, int) and told > 0 else _DEFAULTS[field]


def failure(pod: Json, container: Json, probe: str, behaviour: Behaviour) -> str:
    """The message of the Unhealthy event, "" when the probe passes."""
    told = section(container, probe)
    http = section(told, "httpGet")
    asked = http or section(told, "tcpSocket") or section(told, "grpc")
    why = ""
    if asked and not _listens(pod, container, asked.get("port"), behaviour):
        why = _refused(pod, container, asked, is_http=bool(http))
    elif probe == READINESS and not behaviour.ready:
        why = "HTTP probe failed with statuscode: 503" if http else "command failed"
    return f"{_TITLES[probe]} probe failed: {why}" if why else ""


def _listens(pod: Json, container: Json, port: Any, behaviour: Behaviour) -> bool:
    """Ports are told for information: a pod that declares none may listen on any."""
    number = _port_number(container, port)
    if number is None:
        return False
    if behaviour.listens is not None:
        return number in behaviour.listens
    declared = {
        one.get("containerPort")
        for container in entries(pod, "spec", "containers")
        for one in entries(container, "ports")
    }
    return not declared or number in declared


def _port_number(container: Json, port: Any) -> int | None:
    if isinstance(port, int):
        return port
    if isinstance(port, str) and port.isdecimal():
        return int(port)
    found = (one for one in entries(container, "ports") if one.get("name") == port)
    return next((one.get("containerPort") for one in found), None)


def _refused(pod: Json, container: Json, asked: Json, *, is_http: bool) -> str:
    ip, port = at(pod, "status", "podIP"), _port_number(container, asked.get("port"))
    if port is None:
        return f"couldn't find port: {asked.get('port')!r}"
    where = f"{ip}:{port}"
    if not is_http:
        return f"dial tcp {where}: connect: connection refused"
    scheme = str(asked.get("scheme") or "HTTP").lower()
    path = str(asked.get("path") or "/")
    return f'Get "{scheme}://{where}{path}": dial tcp {where}: connect: connection refused'
