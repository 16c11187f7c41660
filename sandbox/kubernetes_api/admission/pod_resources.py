"""What a pod asks for altogether, as quotas, limit ranges and schedulers reckon it."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from sandbox.kubernetes_api.fields import entries, section
from sandbox.kubernetes_api.quantities import quantity

Json = dict[str, Any]
Amounts = dict[str, Decimal]


def requests_of(container: Json) -> Amounts:
    """A limit without a request is a request too."""
    return limits_of(container) | _amounts(section(container, "resources", "requests"))


def limits_of(container: Json) -> Amounts:
    return _amounts(section(container, "resources", "limits"))


def pod_requests(pod: Json) -> Amounts:
    return plus(_together(pod, requests_of), _amounts(section(pod, "spec", "overhead")))


def pod_limits(pod: Json) -> Amounts:
    found = _together(pod, limits_of)
    overhead = _amounts(section(pod, "spec", "overhead"))
    return plus(found, {name: overhead[name] for name in overhead if found.get(name)})


def plus(one: Amounts, other: Amounts) -> Amounts:
    return {name: one.get(name, _NONE) + other.get(name, _NONE) for name in {**one, **other}}


def _together(pod: Json, of: Callable[[Json], Amounts]) -> Amounts:
    """Containers run together; init containers one after the other, sidecars with all after them."""
    together = _sum(of(container) for container in entries(pod, "spec", "containers"))
    sidecars: Amounts = {}
    most: Amounts = {}
    for container in entries(pod, "spec", "initContainers"):
        then = plus(sidecars, of(container))
        if container.get("restartPolicy") == "Always":
            sidecars = then
        most = _largest(most, then)
    return _largest(plus(together, sidecars), most)


def _largest(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, _NONE), other.get(name, _NONE)) for name in {**one, **other}}


def _sum(told: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for amounts in told:
        total = plus(total, amounts)
    return total


def _amounts(told: Json) -> Amounts:
    return {name: quantity(value) for name, value in told.items()}


_NONE = Decimal(0)
