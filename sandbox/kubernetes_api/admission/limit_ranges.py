"""LimitRange: what a container gets when it asks for nothing, and what it may ask for."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sandbox.kubernetes_api.admission.pod_resources import (
    Amounts,
    limits_of,
    pod_limits,
    pod_requests,
    requests_of,
)
from sandbox.kubernetes_api.fields import entries, section
from sandbox.kubernetes_api.quantities import quantity, written

Json = dict[str, Any]

_NOTE = "kubernetes.io/limit-ranger"


def with_defaults(pod: Json, ranges: Sequence[Json]) -> Json:
    """The pod with the requests and limits that the ranges give to containers without."""
    limits = [one for one in _limits(ranges) if one.get("type") == "Container"]
    if not limits:
        return pod
    spec = dict(section(pod, "spec"))
    notes: list[str] = []
    for field, word in (("containers", "container"), ("initContainers", "init container")):
        if field in spec:
            known = entries(spec, field)
            spec[field] = [_filled(container, limits) for container in known]
            for container, full in zip(known, spec[field], strict=True):
                notes += _added(container, full, word)
    return _noted({**pod, "spec": spec}, notes)


def _added(before: Json, after: Json, word: str) -> Iterator[str]:
    for part, told in (("requests", "request"), ("limits", "limit")):
        known, now = section(before, "resources", part), section(after, "resources", part)
        if names := sorted(now.keys() - known.keys()):
            yield f"{', '.join(names)} {told} for {word} {before.get('name')}"


def _noted(pod: Json, notes: list[str]) -> Json:
    """The pod with a note of what the ranges gave to it."""
    if not notes:
        return pod
    told = {_NOTE: f"LimitRanger plugin set: {'; '.join(notes)}"}
    metadata = pod["metadata"]
    annotations = {**section(metadata, "annotations"), **told}
    return {**pod, "metadata": {**metadata, "annotations": annotations}}


def violations(pod: Json, ranges: Sequence[Json]) -> list[str]:
    """What the pod asks for against the ranges, in the server's words."""
    spec = section(pod, "spec")
    found: list[str] = []
    for limit in _limits(ranges):
        kind = str(limit.get("type", ""))
        containers = entries(spec, "containers")
        if kind == "Container":
            for container in (*containers, *entries(spec, "initContainers")):
                found += _broken(limit, requests_of(container), limits_of(container))
        elif kind == "Pod":
            found += _broken(limit, pod_requests(pod), pod_limits(pod))
    return found


def claim_violations(claim: Json, ranges: Sequence[Json]) -> list[str]:
    """The same for a PersistentVolumeClaim, which asks for storage and has no limit."""
    asked = {k: quantity(v) for k, v in section(claim, "spec", "resources", "requests").items()}
    found: list[str] = []
    for limit in _limits(ranges):
        if limit.get("type") != "PersistentVolumeClaim" or "storage" not in asked:
            continue
        amount, told = asked["storage"], "storage usage per PersistentVolumeClaim is"
        least, most = section(limit, "min").get("storage"), section(limit, "max").get("storage")
        said = f"but request is {written(amount, 'storage')}"
        if least is not None and amount < quantity(least):
            found.append(f"minimum {told} {least}, {said}")
        if most is not None and amount > quantity(most):
            found.append(f"maximum {told} {most}, {said}")
    return found


def _limits(ranges: Sequence[Json]) -> list[Json]:
    return [limit for one in ranges for limit in entries(one, "spec", "limits")]


def _filled(container: Json, limits: Sequence[Json]) -> Json:
    own = section(container, "resources")
    most, least = dict(section(own, "limits")), dict(section(own, "requests"))
    least = {**most, **least}
    for limit in limits:
        default = {**section(limit, "max"), **section(limit, "default")}
        request = {**section(limit, "min"), **default, **section(limit, "defaultRequest")}
        most, least = {**default, **most}, {**request, **least}
    told = {"limits": most, "requests": least}
    return {**container, "resources": {**own, **{k: v for k, v in told.items() if v}}}


def _broken(limit: Json, requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = limit["type"]
    for name, bound in sorted(section(limit, "min").items()):
        about = f"minimum {name} usage per {kind} is {bound}"
        yield from _too_small(about, name, quantity(bound), requests, limits)
    for name, bound in sorted(section(limit, "max").items()):
        about = f"maximum {name} usage per {kind} is {bound}"
        yield from _too_large(about, name, quantity(bound), requests, limits)
    for name, bound in sorted(section(limit, "maxLimitRequestRatio").items()):
        about = f"{name} max limit to request ratio per {kind} is {bound}"
        yield from _too_uneven(about, quantity(bound), requests.get(name), limits.get(name))


def _too_small(
    about: str, name: str, bound: Decimal, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    if name not in requests:
        yield f"{about}.  No request is specified"
    elif requests[name] < bound:
        yield f"{about}, but request is {written(requests[name], name)}"
    elif limits.get(name, bound) < bound:
        yield f"{about}, but limit is {written(limits[name], name)}"


def _too_large(
    about: str, name: str, bound: Decimal, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    if name not in limits:
        yield f"{about}.  No limit is specified"
    elif limits[name] > bound:
        yield f"{about}, but limit is {written(limits[name], name)}"
    elif requests.get(name, bound) > bound:
        yield f"{about}, but request is {written(requests[name], name)}"


def _too_uneven(
    about: str, bound: Decimal, request: Decimal | None, limit: Decimal | None
) -> Iterator[str]:
    if not request:
        yield f"{about}, but no request is specified or request is 0"
    elif not limit:
        yield f"{about}, but no limit is specified or limit is 0"
    elif limit / request > bound:
        yield f"{about}, but provided ratio is {limit / request:.6f}"
