"""Containers of a pod template, and what the kubelet reports of them."""

from typing import Any

Json = dict[str, Any]


def container(name: str, image: str, **spec: Any) -> Json:
    """A container as the API server stores it, with its defaults filled in."""
    told: Json = {
        "name": name,
        "image": image,
        "imagePullPolicy": "Always" if image.endswith(":latest") else "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    return {**told, **spec}


def limits(cpu: str = "", memory: str = "", *, request: tuple[str, str] = ("", "")) -> Json:
    """Resources: limits, and requests as (cpu, memory); an empty one is not set."""
    most = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    least = {key: value for key, value in zip(("cpu", "memory"), request, strict=True) if value}
    return {key: value for key, value in (("limits", most), ("requests", least)) if value}


def port(number: int, name: str = "") -> Json:
    told: Json = {"containerPort": number, "protocol": "TCP"}
    return {**told, "name": name} if name else told


def env(**values: str) -> list[Json]:
    return [{"name": name, "value": value} for name, value in values.items()]


def env_from_key(variable: str, kind: str, name: str, key: str) -> Json:
    """An env entry from a key of a ConfigMap or Secret."""
    field = "configMapKeyRef" if kind == "ConfigMap" else "secretKeyRef"
    return {"name": variable, "valueFrom": {field: {"name": name, "key": key}}}


def http_probe(path: str, number: int | str, **timing: int) -> Json:
    return {"httpGet": {"path": path, "port": number, "scheme": "HTTP"}, **_timing(timing)}


def tcp_probe(number: int | str, **timing: int) -> Json:
    return {"tcpSocket": {"port": number}, **_timing(timing)}


def exec_probe(*command: str, **timing: int) -> Json:
    return {"exec": {"command": list(command)}, **_timing(timing)}


def _timing(chosen: dict[str, int]) -> Json:
    usual = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
    return {**usual, **chosen}


def running(since: str) -> Json:
    return {"running": {"startedAt": since}}


def waiting(reason: str, message: str = "") -> Json:
    told = {"reason": reason, "message": message} if message else {"reason": reason}
    return {"waiting": told}


def terminated(
    code: int, reason: str, started: str | None, finished: str | None, **more: Any
) -> Json:
    return {
        "terminated": {
            "exitCode": code,
            "finishedAt": finished,
            "reason": reason,
            "startedAt": started,
            **more,
        }
    }


def back_off(pod: str, namespace: str, uid: str, name: str, *, wait: str = "5m0s") -> Json:
    """The waiting state of a container that crashed too often."""
    text = f"back-off {wait} restarting failed container={name} pod={pod}_{namespace}({uid})"
    return waiting("CrashLoopBackOff", text)


def status(
    spec: Json, state: Json, *, last: Json | None = None, restarts: int = 0, ready: bool = True
) -> Json:
    """What the kubelet says of the container of this spec."""
    started = "running" in state
    told: Json = {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "" if "waiting" in state and not last else f"docker.io/library/{spec['name']}",
        "lastState": last or {},
        "ready": ready and started,
        "restartCount": restarts,
        "started": started,
        "state": state,
    }
    return told
