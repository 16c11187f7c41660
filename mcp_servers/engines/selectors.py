"""Label selectors: matching, writing them out, and the label that misses by little."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, strings, text, words
from mcp_servers.facts.kubernetes import Cluster, Json, Resource
from mcp_servers.facts.nearest import similar

# Labels that say what a thing is. The others say which version or tier of it.
IDENTITY = frozenset(
    {
        "app",
        "name",
        "k8s-app",
        "component",
        "service",
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
    }
)


def matches(selector: Json | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels: {} takes all, none takes nothing."""
    if selector is None:
        return False
    equal = strings(selector, "matchLabels")
    return all(labels.get(key) == value for key, value in equal.items()) and all(
        _holds(expression, labels) for expression in rows(selector, "matchExpressions")
    )


def _holds(expression: Json, labels: Mapping[str, str]) -> bool:
    key, values = text(expression, "key"), words(expression, "values")
    match text(expression, "operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


def matching(cluster: Cluster, kind: str, namespace: str, selector: Json | None) -> list[Resource]:
    """All objects of a namespace that a label selector takes, found by the rarest of its labels."""
    equal = strings(selector, "matchLabels")
    near = cluster.labelled(kind, namespace, equal) if equal else cluster.all(kind, namespace)
    return [one for one in near if matches(selector, one.labels)]


def matches_equality(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a Service's plain selector takes these labels; an empty one takes nothing."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def written(selector: Mapping[str, str]) -> str:
    """A plain selector as kubectl takes it: app=web,tier=front."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


@dataclass(frozen=True, slots=True, order=True)
class NearMiss:
    """One label keeps a selector from matching. `actual` is "" when the pod lacks the key."""

    key: str
    wanted: str
    actual_key: str
    actual: str


def near_miss(selector: Mapping[str, str], labels: Mapping[str, str]) -> NearMiss | None:
    """The single label that differs, if the rest matches and the difference looks like a slip.

    A slip is a value spelt a little differently, a version or tier that moved on while the
    identity stayed, or a key spelt differently with the same value.
    """
    missing = [key for key, value in selector.items() if labels.get(key) != value]
    if len(missing) != 1:
        return None
    key = missing[0]
    wanted, actual = selector[key], labels.get(key, "")
    renamed = _renamed_key(key, wanted, labels)
    if not actual and renamed:
        return NearMiss(key, wanted, renamed, wanted)
    same_thing = any(other in IDENTITY for other in selector if other != key)
    moved_on = same_thing and key not in IDENTITY
    if moved_on or (actual and similar(wanted, actual)):
        return NearMiss(key, wanted, key if actual else "", actual)
    return None


def _renamed_key(key: str, value: str, labels: Mapping[str, str]) -> str:
    alike = [other for other, held in sorted(labels.items()) if held == value]
    return next((other for other in alike if _same_last_word(key, other)), "")


def _same_last_word(one: str, other: str) -> bool:
    first, second = one.rsplit("/", 1)[-1], other.rsplit("/", 1)[-1]
    return first == second or similar(first, second) or {one, other} <= IDENTITY
