"""Services that lead out of the cluster, or in from outside, and do not get there."""

import ipaddress
import re
from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.call_failures import may_tell_of_a_failed_call, unresolved_name
from mcp_servers.engines.endpoints import is_by_hand, ready_pods, selected_pods
from mcp_servers.engines.fields import has, rows, text
from mcp_servers.engines.log_signals import Line, lately, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.placement import pods_by_node
from mcp_servers.engines.settling import is_finished, is_terminating
from mcp_servers.engines.stamps import written_at
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Resource

ADDRESS_COMES_WITHIN = timedelta(minutes=5)
SYNC_FAILED = ("SyncLoadBalancerFailed", "AllocationFailed", "UpdateLoadBalancerFailed")
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
INSIDE, OUTSIDE = "internalTrafficPolicy", "externalTrafficPolicy"

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?")


def pending_balancers(cluster: Cluster) -> Iterator[Finding]:
    """`service.lb_pending`: no address from outside after five minutes.

    A load balancer class names a controller of its own, which may keep the address to itself;
    then only its own complaint counts.
    """
    for service in cluster.all("Service"):
        if text(service.spec, "type") != "LoadBalancer" or is_terminating(service):
            continue
        if rows(service.status, "loadBalancer", "ingress"):
            continue
        failed = cluster.events_about(service, *SYNC_FAILED)
        asked_at = written_at(service, "f:type") or service.created_at
        settled = asked_at is None or cluster.now - asked_at >= ADDRESS_COMES_WITHIN
        if settled and (failed or not has(service.spec, "loadBalancerClass")):
            yield _pending(service, failed)


def _pending(service: Resource, failed: list[Event]) -> Finding:
    absent = citing.field(service, ".status.loadBalancer.ingress", "empty")
    firsts = [one.first_at for one in failed if one.first_at]
    return about_object(
        service,
        "service.lb_pending",
        Severity.HIGH,
        [absent, *citing.events(failed, at_most=1)],
        since=min(firsts, default=written_at(service, "f:type")),
        params={"message": citing.quoted(failed[-1].message) if failed else ""},
        joins={"service": key(service.ref)},
    )


def external_names(cluster: Cluster) -> Iterator[Finding]:
    """`service.external_name`: what stands there is no host name, or nobody can resolve it."""
    services = [one for one in cluster.all("Service") if text(one.spec, "type") == "ExternalName"]
    unresolved = _unresolved_names(cluster) if services else {}
    for service in services:
        value = text(service.spec, "externalName")
        line = unresolved.get(value.rstrip("."))
        if wrong := _misuse(value):
            yield _external(service, value, wrong, None)
        elif line is not None:
            yield _external(service, value, "not resolved by the DNS", line)


def _misuse(value: str) -> str:
    """What it is instead of a host name; "" when it is one."""
    if _is_address(value):
        return "an IP address"
    if "://" in value:
        return "a URL with a scheme"
    if re.search(r":\d+", value):
        return "a host with a port"
    return "" if _HOST.fullmatch(value) else "no valid host name"


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _unresolved_names(cluster: Cluster) -> dict[str, Line]:
    """Names that logs of the window say do not resolve, with the first line of each."""
    found: dict[str, Line] = {}
    for speaker in speakers(cluster):
        for line in lately(cluster, speaker.lines):
            if may_tell_of_a_failed_call(line.text) and (name := unresolved_name(line.text)):
                found.setdefault(name.rstrip("."), line)
    return found


def _external(service: Resource, value: str, wrong: str, line: Line | None) -> Finding:
    cited = citing.field(service, ".spec.externalName", value)
    return about_object(
        service,
        "service.external_name",
        Severity.MEDIUM,
        [cited, *([line.cited] if line else [])],
        confidence=Confidence.STRONG if line else Confidence.CERTAIN,
        since=line.at if line else service.created_at,
        params={
            "value": value,
            "what": wrong,
            "line": citing.quoted(line.text) if line else "",
        },
        joins={"service": key(service.ref)},
    )


def local_traffic(cluster: Cluster) -> Iterator[Finding]:
    """`service.local_policy_no_pod`: traffic stays on its node, and nodes that get some have no pod.

    Inside the cluster, those are nodes with other pods of the same namespace. From outside, only a
    node port counts, and little: a load balancer asks each node for its health and leaves out the
    empty ones, and whoever stands before a node port may do the same.
    """
    for service in cluster.all("Service"):
        if is_by_hand(service):
            continue
        if text(service.spec, INSIDE) == "Local":
            yield from _local(cluster, service, INSIDE, _callers(cluster, service))
        outside = text(service.spec, "type") == "NodePort"
        if outside and text(service.spec, OUTSIDE) == "Local":
            yield from _local(cluster, service, OUTSIDE, _workers(cluster))


def _callers(cluster: Cluster, service: Resource) -> set[str]:
    own = {pod.ref for pod in selected_pods(cluster, service)}
    return {
        text(pod.spec, "nodeName")
        for pod in cluster.all("Pod", service.namespace)
        if pod.ref not in own and not is_finished(pod) and text(pod.spec, "nodeName")
    }


def _workers(cluster: Cluster) -> set[str]:
    return {
        node.name
        for node in cluster.all("Node")
        if node.spec.get("unschedulable") is not True
        and not any(name in node.labels for name in CONTROL_PLANE)
        and not rows(node.spec, "taints")
        and pods_by_node(cluster).get(node.name)
    }


def _local(
    cluster: Cluster, service: Resource, policy: str, receiving: set[str]
) -> Iterator[Finding]:
    ready, _ = ready_pods(cluster, service)
    pods = [pod for pod in selected_pods(cluster, service) if pod.ref in ready]
    served = {text(pod.spec, "nodeName") for pod in pods}
    without = sorted(receiving - served)
    owners = {top_owner(cluster, pod) for pod in pods}
    everywhere = any(owner.kind == "DaemonSet" for owner in owners)
    if not pods or not without or everywhere:
        return  # without any pod, or with one missing of a DaemonSet, a sharper rule speaks
    shown = ", ".join(sorted(f"{one.kind} {one.name}" for one in owners))
    yield about_object(
        service,
        "service.local_policy_no_pod",
        Severity.MEDIUM if policy == INSIDE else Severity.LOW,
        _cited(service, policy, sorted(served)),
        confidence=Confidence.INFERRED,
        since=written_at(service, f"f:{policy}"),
        cause_key=policy,
        params={
            "policy": policy,
            "nodes": listed(without),
            "served": listed(sorted(served)),
            "workload": shown,
        },
        joins={"service": key(service.ref), "workload": ",".join(sorted(map(str, owners)))},
    )


def _cited(service: Resource, policy: str, served: list[str]) -> list[Evidence]:
    return [
        citing.field(service, f".spec.{policy}", "Local"),
        citing.field(service, ".spec.selector", f"ready pods only on {listed(served)}"),
    ]
