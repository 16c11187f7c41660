"""What the scheduler said about a pod, clause by clause, and how far each node would fit it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from mcp_servers.engines.containers import Role, containers
from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.settling import is_finished
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

_PREEMPTION = re.compile(r"\.?\s*(?:preemption: |no new claims to deallocate)")
_CLAUSE = re.compile(r"(?:^|[,:.]\s+)(\d+) (.+?)(?=,\s+\d+ |\.\s|\.?$)")

# What each reason is recognised by, in the order in which a tie is broken.
REASONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "volume",
        re.compile(
            r"volume node affinity|unbound immediate|persistentvolumeclaim|max volume count"
            r"|volume .*conflict|didn't find available persistent volumes",
            re.IGNORECASE,
        ),
    ),
    ("cordoned", re.compile(r"were unschedulable|node\(s\) unschedulable", re.IGNORECASE)),
    ("pod_affinity", re.compile(r"pod (?:anti-)?affinity", re.IGNORECASE)),
    ("topology_spread", re.compile(r"topology spread constraints", re.IGNORECASE)),
    ("node_selector", re.compile(r"node affinity|node selector", re.IGNORECASE)),
    ("host_port", re.compile(r"free ports", re.IGNORECASE)),
    ("node_full", re.compile(r"too many pods", re.IGNORECASE)),
    ("cpu", re.compile(r"insufficient cpu", re.IGNORECASE)),
    ("memory", re.compile(r"insufficient memory", re.IGNORECASE)),
    ("extended", re.compile(r"insufficient [\w./-]+", re.IGNORECASE)),
    ("taint", re.compile(r"untolerated taint|had taint", re.IGNORECASE)),
)
NOTHING = Fraction(0)
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


@dataclass(frozen=True, slots=True)
class Clause:
    """One reason with the number of nodes it holds for; 0 when it concerns the pod itself."""

    reason: str
    nodes: int
    said: str


def clauses(message: str) -> list[Clause]:
    """`0/5 nodes are available: 2 Insufficient cpu, 3 …` in its parts, unknown ones left out."""
    told = _PREEMPTION.split(message)[0]
    found = [Clause(_reason(said), int(count), said) for count, said in _CLAUSE.findall(told)]
    known = [one for one in found if one.reason and not _is_total(one.said)]
    if known:
        return known
    reason = _reason(told)
    return [Clause(reason, 0, told)] if reason else []


def _is_total(said: str) -> bool:
    return said.startswith("nodes are available")


def _reason(said: str) -> str:
    return next((reason for reason, shape in REASONS if shape.search(said)), "")


def leading(found: list[Clause]) -> list[Clause]:
    """The clauses that decide: those of most nodes, the control plane's own taint left aside."""
    telling = [one for one in found if not _is_control_plane(one)] or found
    most = max((one.nodes for one in telling), default=0)
    return [one for one in telling if one.nodes == most or one.nodes == 0]


def _is_control_plane(clause: Clause) -> bool:
    return clause.reason == "taint" and any(name in clause.said for name in CONTROL_PLANE)


def requests(pod: Resource) -> dict[str, Fraction]:
    """What the scheduler must find: all app and sidecar containers, or the largest init container."""
    total: dict[str, Fraction] = {}
    largest: dict[str, Fraction] = {}
    for container in containers(pod):
        for name, amount in _amounts(section(container.spec, "resources", "requests")).items():
            if container.role is Role.INIT:
                largest[name] = max(largest.get(name, NOTHING), amount)
            elif container.role is not Role.EPHEMERAL:
                total[name] = total.get(name, NOTHING) + amount
    return {
        name: max(total.get(name, NOTHING), largest.get(name, NOTHING))
        for name in {**total, **largest}
    }


def _amounts(quantities: Mapping[str, object]) -> dict[str, Fraction]:
    parsed = {name: quantity(value) for name, value in quantities.items()}
    return {name: value for name, value in parsed.items() if value is not None}


class Room:
    """What every node has left: its allocatable without what the pods on it asked for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @cached_property
    def _pods(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for pod in self._cluster.all("Pod"):
            if text(pod.spec, "nodeName") and not is_finished(pod):
                found.setdefault(text(pod.spec, "nodeName"), []).append(pod)
        return found

    @cached_property
    def _free(self) -> Mapping[str, dict[str, Fraction]]:
        return {node.name: self._left_on(node) for node in self._cluster.all("Node")}

    def _left_on(self, node: Resource) -> dict[str, Fraction]:
        left = _amounts(section(node.status, "allocatable"))
        for pod in self.pods_on(node):
            for name, amount in {**requests(pod), "pods": Fraction(1)}.items():
                if name in left:
                    left[name] -= amount
        return left

    def pods_on(self, node: Resource) -> list[Resource]:
        return self._pods.get(node.name, [])

    def free_on(self, node: Resource) -> Mapping[str, Fraction]:
        return self._free.get(node.name, {})

    def fits(self, node: Resource, pod: Resource) -> bool:
        free = self.free_on(node)
        return all(free.get(name, NOTHING) >= one for name, one in requests(pod).items())


def tolerates(pod: Resource, taint: Json) -> bool:
    return any(_tolerates(one, taint) for one in rows(pod.spec, "tolerations"))


def _tolerates(toleration: Json, taint: Json) -> bool:
    effect, key = text(toleration, "effect"), text(toleration, "key")
    if effect and effect != text(taint, "effect"):
        return False
    if text(toleration, "operator") == "Exists":
        return not key or key == text(taint, "key")
    return key == text(taint, "key") and text(toleration, "value") == text(taint, "value")


def blocking_taints(pod: Resource, node: Resource) -> list[Json]:
    """Taints of a node that keep this pod away; the one of a cordon is told elsewhere."""
    return [
        taint
        for taint in rows(node.spec, "taints")
        if text(taint, "effect") in ("NoSchedule", "NoExecute")
        and text(taint, "key") != "node.kubernetes.io/unschedulable"
        and not tolerates(pod, taint)
    ]


def selects(pod: Resource, node: Resource) -> bool:
    """Whether nodeSelector and the required node affinity take this node."""
    return not unmet_labels(pod, node) and _affinity_holds(pod, node)


def unmet_labels(pod: Resource, node: Resource) -> list[tuple[str, str]]:
    wanted = strings(pod.spec, "nodeSelector")
    return [(key, value) for key, value in sorted(wanted.items()) if node.labels.get(key) != value]


def required_terms(pod: Resource) -> list[Json]:
    path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return rows(pod.spec, *path, "nodeSelectorTerms")


def _affinity_holds(pod: Resource, node: Resource) -> bool:
    terms = required_terms(pod)
    return not terms or any(_term_holds(term, node) for term in terms)


def _term_holds(term: Json, node: Resource) -> bool:
    names = {"metadata.name": node.name}
    labels = all(_expression_holds(one, node.labels) for one in rows(term, "matchExpressions"))
    return labels and all(_expression_holds(one, names) for one in rows(term, "matchFields"))


def _expression_holds(expression: Json, labels: Mapping[str, str]) -> bool:
    held, values = labels.get(text(expression, "key")), words(expression, "values")
    match text(expression, "operator"):
        case "In":
            return held in values
        case "NotIn":
            return held not in values
        case "Exists":
            return held is not None
        case "DoesNotExist":
            return held is None
        case "Gt" | "Lt" as operator:
            return _compares(held, values, above=operator == "Gt")
        case _:
            return False


def _compares(held: str | None, values: list[str], *, above: bool) -> bool:
    one, bound = quantity(held), quantity(values[0]) if values else None
    if one is None or bound is None:
        return False
    return one > bound if above else one < bound


def wanted_labels(pod: Resource) -> Iterator[tuple[str, str]]:
    """Every `key=value` that the pod requires of a node."""
    yield from sorted(strings(pod.spec, "nodeSelector").items())
    for term in required_terms(pod):
        for expression in rows(term, "matchExpressions"):
            if text(expression, "operator") == "In":
                for value in words(expression, "values"):
                    yield text(expression, "key"), value
