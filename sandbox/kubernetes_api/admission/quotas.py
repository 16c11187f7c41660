"""ResourceQuota: what the objects of a namespace use together, and how much they may."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.kubernetes_api.admission.pod_resources import (
    limits_of,
    pod_limits,
    pod_requests,
    requests_of,
)
from sandbox.kubernetes_api.fields import at, entries, section, texts
from sandbox.kubernetes_api.quantities import quantity, written

Json = dict[str, Any]
Amounts = dict[str, Decimal]

_OF_CLASS = ".storageclass.storage.k8s.io/"
_COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def refusal(
    resource: str,
    one: Json,
    quotas: Sequence[Json],
    used: Sequence[Amounts],
    before: Json | None = None,
) -> str:
    """Why `one` may not be added, or not put in the place of `before`; "" if it may.

    `used` goes with `quotas`. What a change does not raise is not looked at.
    """
    for quota, known in zip(quotas, used, strict=True):
        if not covers(quota, resource, one):
            continue
        name, hard = quota["metadata"]["name"], section(quota, "spec", "hard")
        if before is None and (missing := _missing(resource, one, hard)):
            return f"failed quota: {name}: must specify {missing}"
        counted_before = before is not None and covers(quota, resource, before)
        had = usage(resource, before) if before and counted_before else {}
        wants = usage(resource, one)
        wanted = {k: wants[k] - had.get(k, 0) for k in wants if k in hard}
        over = [k for k, v in wanted.items() if v > 0 and known[k] + v > quantity(hard[k])]
        if over:
            limits = {key: quantity(hard[key]) for key in over}
            told = [_listed(over, amounts) for amounts in (wanted, known, limits)]
            said = "requested: {}, used: {}, limited: {}".format(*told)
            return f"exceeded quota: {name}, {said}"
    return ""


def used_by(quota: Json, objects: Mapping[str, Iterable[Json]]) -> Amounts:
    """What a quota's resources amount to over all objects of its namespace, by resource."""
    total = {str(name): Decimal(0) for name in section(quota, "spec", "hard")}
    for resource, found in objects.items():
        for one in found:
            if covers(quota, resource, one):
                for name, amount in usage(resource, one).items():
                    if name in total:
                        total[name] += amount
    return total


def counted(resource: str, hard: Iterable[str]) -> bool:
    """Whether objects of this resource count in a quota of these names at all."""
    names = set(hard)
    if resource == "pods":
        return any(n in _COMPUTE or n.startswith(("requests.", "limits.")) for n in names) or bool(
            names & {"pods", "count/pods"}
        )
    prefixed = resource == "services" and any(name.startswith("services.") for name in names)
    stored = resource == "persistentvolumeclaims" and any(
        name == "requests.storage" or _OF_CLASS in name for name in names
    )
    return prefixed or stored or bool(names & {resource, f"count/{resource}"})


def usage(resource: str, one: Json) -> Amounts:
    """What one object uses, under every name by which a quota may count it."""
    if resource == "pods":
        return _pod_usage(one)
    found = {resource: Decimal(1), f"count/{resource}": Decimal(1)}
    if resource == "services":
        kind = at(one, "spec", "type")
        found["services.loadbalancers"] = Decimal(kind == "LoadBalancer")
        ports = len(entries(one, "spec", "ports"))
        found["services.nodeports"] = Decimal(ports if kind in {"NodePort", "LoadBalancer"} else 0)
    if resource == "persistentvolumeclaims":
        asked = section(one, "spec", "resources", "requests").get("storage", 0)
        found["requests.storage"] = quantity(asked)
        if of_class := at(one, "spec", "storageClassName"):
            for name in ("requests.storage", "persistentvolumeclaims"):
                found[f"{of_class}{_OF_CLASS}{name}"] = found[name]
    return found


def covers(quota: Json, resource: str, one: Json) -> bool:
    """Whether the quota's scopes take this object in: only pods are told apart by them."""
    scopes = texts(quota, "spec", "scopes")
    chosen = entries(quota, "spec", "scopeSelector", "matchExpressions")
    if not scopes and not chosen:
        return True
    return (
        resource == "pods"
        and all(_in_scope(scope, one) for scope in scopes)
        and all(_is_chosen(expression, one) for expression in chosen)
    )


def _is_chosen(expression: Json, pod: Json) -> bool:
    scope, operator = str(expression.get("scopeName")), expression.get("operator")
    if scope != "PriorityClass":
        return _in_scope(scope, pod)
    name = at(pod, "spec", "priorityClassName")
    listed = name in texts(expression, "values")
    return {"In": listed, "NotIn": not listed, "Exists": bool(name)}.get(str(operator), not name)


def _in_scope(scope: str, pod: Json) -> bool:
    ends = at(pod, "spec", "activeDeadlineSeconds") is not None
    asks = any(
        amount
        for container in _containers(pod)
        for name, amount in requests_of(container).items()
        if name in {"cpu", "memory"}
    )
    answers = {
        "Terminating": ends,
        "NotTerminating": not ends,
        "BestEffort": not asks,
        "NotBestEffort": asks,
    }
    return answers.get(scope, False)


def _pod_usage(pod: Json) -> Amounts:
    found = {"count/pods": Decimal(1)}
    if at(pod, "status", "phase") in {"Succeeded", "Failed"}:
        return found
    found["pods"] = Decimal(1)
    return found | _computing(pod_requests(pod), pod_limits(pod))


def _computing(requests: Amounts, limits: Amounts) -> Amounts:
    asked = {f"requests.{name}": amount for name, amount in requests.items()}
    return {**requests, **asked, **{f"limits.{name}": limits[name] for name in limits}}


def _containers(pod: Json) -> list[Json]:
    return [*entries(pod, "spec", "containers"), *entries(pod, "spec", "initContainers")]


def _missing(resource: str, one: Json, hard: Json) -> str:
    """Computing resources that a pod must name and does not: `requests.cpu for: app`."""
    if resource != "pods":
        return ""
    told: list[str] = []
    for name in sorted(set(hard) & set(_COMPUTE)):
        silent = [
            container
            for container in _containers(one)
            if name not in _computing(requests_of(container), limits_of(container))
        ]
        if silent:
            told.append(f"{name} for: {','.join(sorted(str(c.get('name')) for c in silent))}")
    return "; ".join(told)


def _listed(names: Iterable[str], amounts: Amounts) -> str:
    return ",".join(f"{name}={written(amounts[name], name)}" for name in sorted(names))
