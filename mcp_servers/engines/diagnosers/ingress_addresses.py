"""Ingresses whose class is there and whose controller gives them no address."""

from collections.abc import Iterator, Sequence

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import has, rows, section, text, words
from mcp_servers.engines.ingress_classes import (
    ADDRESS_COMES_WITHIN,
    class_of,
    is_served,
)
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.settling import is_ready, is_terminating, is_young
from mcp_servers.engines.topology import pod_template, workloads
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

NAME = "app.kubernetes.io/name"


def ingress_addresses(cluster: Cluster) -> Iterator[Finding]:
    """`ingress.no_address`: where others of its class have one, or its controller is seen down.

    Many controllers never write an address, and some run outside the cluster: that alone says
    nothing.
    """
    for ingress in cluster.all("Ingress"):
        if is_terminating(ingress) or is_young(cluster, ingress, ADDRESS_COMES_WITHIN):
            continue
        held = class_of(cluster, ingress)
        if held is None or is_served(ingress) or not has(ingress.status, "loadBalancer"):
            continue
        controllers = _controllers(cluster, held)
        ready = [one for one in controllers if _is_up(cluster, one)]
        served = [one for one in cluster.all("Ingress") if _is_served_by(cluster, one, held)]
        if served or (controllers and not ready):
            yield _finding(cluster, ingress, held, controllers, ready, served)


def _is_served_by(cluster: Cluster, ingress: Resource, held: Resource) -> bool:
    return is_served(ingress) and class_of(cluster, ingress) == held


def _controllers(cluster: Cluster, held: Resource) -> list[Resource]:
    """The workloads that run a class: they bear its controller's name or are told it."""
    controller = text(held.spec, "controller")
    name = controller.rpartition("/")[2]
    return [
        one
        for one in workloads(cluster)
        if name
        and one.kind in ("Deployment", "DaemonSet", "StatefulSet")
        and (name in (one.name, one.labels.get(NAME)) or _is_told(one, controller))
    ]


def _is_told(workload: Resource, controller: str) -> bool:
    spec = section(pod_template(workload), "spec")
    return any(
        argument.endswith(f"={controller}")
        for one in rows(spec, "containers")
        for argument in (*words(one, "args"), *words(one, "command"))
    )


def _is_up(cluster: Cluster, workload: Resource) -> bool:
    return any(is_ready(pod) for pod in pods_by_owner(cluster).get(workload.ref, []))


def _finding(
    cluster: Cluster,
    ingress: Resource,
    held: Resource,
    controllers: Sequence[Resource],
    ready: Sequence[Resource],
    served: Sequence[Resource],
) -> Finding:
    down = [one for one in controllers if one not in ready]
    pods = [pod for one in down for pod in pods_by_owner(cluster).get(one.ref, [])]
    cited: list[Evidence] = [
        *(citing.field(one, ".spec.replicas", text(one.spec, "replicas") or "1") for one in down),
        *(citing.field(pod, ".status.conditions[Ready].status", "False") for pod in pods[:2]),
        *(citing.field(one, ".status.loadBalancer.ingress", "set") for one in served[:1]),
    ]
    return about_object(
        ingress,
        "ingress.no_address",
        Severity.HIGH,
        [
            citing.field(ingress, ".status.loadBalancer.ingress", "empty"),
            citing.field(held, ".spec.controller", text(held.spec, "controller")),
            *cited[:4],
        ],
        confidence=Confidence.STRONG,
        since=ingress.created_at,
        params={
            "class": held.name,
            "controller": text(held.spec, "controller"),
            "down": ", ".join(f"{one.kind} {key(one.ref)}" for one in down) if not ready else "",
            "served": ", ".join(key(one.ref) for one in served[:3]),
        },
        joins={
            "ingress": key(ingress.ref),
            "workload": ",".join(sorted(str(one.ref) for one in controllers)),
        },
    )
