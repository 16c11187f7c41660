"""Pod Security: the main checks of the levels baseline and restricted."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, section, texts

Json = dict[str, Any]
Check = Callable[[Json, list[Json]], str]

_LABEL = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_VERSION = re.compile(r"v1\.\d+")
# May change in a pod that is there, and makes it no less safe.
_HARMLESS = frozenset(
    {
        "activeDeadlineSeconds",
        "nodeName",
        "schedulingGates",
        "terminationGracePeriodSeconds",
        "tolerations",
    }
)
_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
_BASELINE_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_RESTRICTED_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
_SECCOMP = frozenset({"RuntimeDefault", "Localhost"})


def violation(namespace: Json, mode: str, spec: Json) -> str:
    """What the namespace's `mode` (enforce, warn) holds against a pod: `"LEVEL:VERSION": …`, or ""."""
    level, version = policy(namespace, mode)
    found = ", ".join(_found(level, spec))
    return f'"{level}:{version}": {found}' if found else ""


def policy(namespace: Json, mode: str) -> tuple[str, str]:
    """Level and version. What is enforced is warned of too, unless something else is."""
    labels = section(namespace, "metadata", "labels")
    if mode == "warn" and f"{_LABEL}warn" not in labels:
        mode = "enforce"
    level = str(labels.get(f"{_LABEL}{mode}", "privileged"))
    return level, str(labels.get(f"{_LABEL}{mode}-version", "latest"))


def differ(pod: Json, before: Json) -> bool:
    """Whether a change of a pod is one that its security may depend on."""
    return _judged(pod) != _judged(before)


def now_insecure(namespace: Json, before: Json, pods: Sequence[Json]) -> list[str]:
    """Warnings of the pods that would not be let in any more."""
    level, version = policy(namespace, "enforce")
    if (level, version) == policy(before, "enforce"):
        return []
    names: dict[str, list[str]] = {}
    for pod in pods:
        titles = ", ".join(one.partition(" (")[0] for one in _found(level, section(pod, "spec")))
        names.setdefault(titles, []).append(str(pod["metadata"]["name"]))
    names.pop("", None)
    told = sorted(f"{_some(found)}: {titles}" for titles, found in names.items())
    about = (
        f'existing pods in namespace "{namespace["metadata"]["name"]}" violate '
        f'the new PodSecurity enforce level "{level}:{version}"'
    )
    return [about, *told] if told else []


def wrong_labels(namespace: Json) -> Iterator[tuple[str, str, str]]:
    """Labels of the policy that say nothing: their key, value and what is wrong."""
    labels = section(namespace, "metadata", "labels")
    for mode in ("enforce", "audit", "warn"):
        key = f"{_LABEL}{mode}"
        if (level := str(labels.get(key, "privileged"))) not in _LEVELS:
            yield key, level, f"must be one of {', '.join(_LEVELS)}"
        version = str(labels.get(f"{key}-version", "latest"))
        if version != "latest" and not _VERSION.fullmatch(version):
            yield f"{key}-version", version, 'must be "latest" or "v1.x"'


def _some(names: list[str]) -> str:
    others = len(names) - 1
    if not others:
        return names[0]
    return f"{names[0]} (and {others} other pod{'s' if others > 1 else ''})"


def _judged(pod: Json) -> Json:
    return {k: v for k, v in section(pod, "spec").items() if k not in _HARMLESS}


def _found(level: str, spec: Json) -> list[str]:
    containers = [
        one
        for field in ("initContainers", "containers", "ephemeralContainers")
        for one in entries(spec, field)
    ]
    told = [check(spec, containers) for check in _CHECKS.get(level, ())]
    return [one for one in told if one]


def _security(one: Json) -> Json:
    return section(one, "securityContext")


def _host_namespaces(spec: Json, _containers: list[Json]) -> str:
    told = [f"{field}=true" for field in _HOST_NAMESPACES if spec.get(field)]
    return f"host namespaces ({', '.join(told)})" if told else ""


def _privileged(_spec: Json, containers: list[Json]) -> str:
    found = [one for one in containers if _security(one).get("privileged")]
    return _said("privileged", found, "must not set securityContext.privileged=true")


def _added_capabilities(_spec: Json, containers: list[Json]) -> str:
    return _too_many_capabilities("non-default capabilities", containers, _BASELINE_CAPABILITIES)


def _host_path(spec: Json, _containers: list[Json]) -> str:
    found = [one for one in entries(spec, "volumes") if "hostPath" in one]
    return f"hostPath volumes ({_named('volume', found)})" if found else ""


def _host_port(_spec: Json, containers: list[Json]) -> str:
    used = {
        str(c.get("name")): [p["hostPort"] for p in entries(c, "ports") if p.get("hostPort")]
        for c in containers
    }
    found = [one for one in containers if used[str(one.get("name"))]]
    ports = sorted({str(port) for told in used.values() for port in told})
    word = "hostPort" if len(ports) == 1 else "hostPorts"
    uses = "uses" if len(found) == 1 else "use"
    return _said("hostPort", found, f"{uses} {word} {', '.join(ports)}")


def _escalation(_spec: Json, containers: list[Json]) -> str:
    found = [c for c in containers if _security(c).get("allowPrivilegeEscalation") is not False]
    why = "must set securityContext.allowPrivilegeEscalation=false"
    return _said("allowPrivilegeEscalation != false", found, why)


def _kept_capabilities(_spec: Json, containers: list[Json]) -> str:
    found = [
        c for c in containers if "ALL" not in texts(c, "securityContext", "capabilities", "drop")
    ]
    why = 'must set securityContext.capabilities.drop=["ALL"]'
    if found:
        return _said("unrestricted capabilities", found, why)
    return _too_many_capabilities(
        "unrestricted capabilities", containers, frozenset({"NET_BIND_SERVICE"})
    )


def _volume_types(spec: Json, _containers: list[Json]) -> str:
    told = [
        f'volume "{one.get("name")}" uses restricted volume type "{kind}"'
        for one in entries(spec, "volumes")
        for kind in one
        if kind != "name" and kind not in _RESTRICTED_VOLUMES
    ]
    return f"restricted volume types ({', '.join(told)})" if told else ""


def _non_root(spec: Json, containers: list[Json]) -> str:
    whole = _security(spec).get("runAsNonRoot")
    found = [c for c in containers if not _security(c).get("runAsNonRoot", whole)]
    why = "must set securityContext.runAsNonRoot=true"
    return _said("runAsNonRoot != true", found, why, "pod or " if not whole else "")


def _root_user(spec: Json, containers: list[Json]) -> str:
    if _security(spec).get("runAsUser") == 0:
        return "runAsUser=0 (pod must not set runAsUser=0)"
    found = [c for c in containers if _security(c).get("runAsUser") == 0]
    return _said("runAsUser=0", found, "must not set runAsUser=0")


def _seccomp(spec: Json, containers: list[Json]) -> str:
    whole = at(spec, "securityContext", "seccompProfile", "type")
    found = [
        c
        for c in containers
        if (at(c, "securityContext", "seccompProfile", "type") or whole) not in _SECCOMP
    ]
    why = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return _said("seccompProfile", found, why, "pod or ")


def _too_many_capabilities(title: str, containers: list[Json], allowed: frozenset[str]) -> str:
    added = [texts(c, "securityContext", "capabilities", "add") for c in containers]
    found = [c for c, names in zip(containers, added, strict=True) if set(names) - allowed]
    names = sorted({name for told in added for name in told} - allowed)
    listed = ", ".join(f'"{name}"' for name in names)
    return _said(title, found, f"must not include {listed} in securityContext.capabilities.add")


def _said(title: str, found: Sequence[Json], why: str, prefix: str = "") -> str:
    return f"{title} ({prefix}{_named('container', found)} {why})" if found else ""


def _named(word: str, found: Sequence[Json]) -> str:
    names = ", ".join(f'"{one.get("name")}"' for one in found)
    return f"{word} {names}" if len(found) == 1 else f"{word}s {names}"


_BASELINE: tuple[Check, ...] = (
    _host_namespaces,
    _privileged,
    _host_path,
    _host_port,
    _added_capabilities,
)
_CHECKS: dict[str, tuple[Check, ...]] = {
    "baseline": _BASELINE,
    "restricted": (
        _host_namespaces,
        _privileged,
        _host_port,
        _escalation,
        _kept_capabilities,
        _volume_types,
        _non_root,
        _root_user,
        _seccomp,
    ),
}
