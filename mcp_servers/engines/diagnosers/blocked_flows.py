"""Network policies that keep a program from what it calls, and policies that select nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.call_failures import (
    kind_of_failure,
    may_tell_of_a_failed_call,
    targets,
)
from mcp_servers.engines.endpoints import Addresses, ports_of, selected_pods
from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.log_signals import Line, lately, speakers
from mcp_servers.engines.network_policies import (
    Direction,
    admits_peer,
    admits_port,
    are_enforced,
    blocking,
    selecting,
    selector,
)
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matches, near_miss
from mcp_servers.engines.settling import is_ready, live_pods
from mcp_servers.engines.stamps import written_at
from mcp_servers.engines.topology import declared_calls, pod_template, workloads
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

FEWEST_LINES = 3
STALE_AFTER = timedelta(days=1)
_FIX = "fix.netpol"


@dataclass(slots=True)
class _Flow:
    """Calls of one workload to one Service: `source` is one of the pods that call."""

    source: Resource
    service: Resource
    port: str = ""  # of the Service, "" when not known
    lines: list[Line] = field(default_factory=list[Line])


def blocked_flows(cluster: Cluster) -> Iterator[Finding]:
    """`netpol.blocks_flow`: a call that fails, and policies that forbid it.

    A forbidden flow that nobody is seen to need is no finding: most policies exist to forbid.
    """
    if not cluster.all("NetworkPolicy") or not are_enforced(cluster):
        return
    failing = _failing(cluster)
    for flow in (*failing, *_declared(cluster, failing)):
        if found := _blocked(cluster, flow):
            yield _finding(cluster, flow, *found)


def _failing(cluster: Cluster) -> list[_Flow]:
    """Calls that log lines tell of as timed out or without a route; a refused one did arrive."""
    addresses, flows = Addresses(cluster), dict[tuple[Ref, Ref, str], _Flow]()
    for speaker in speakers(cluster):
        pod = speaker.container.pod
        for line in lately(cluster, speaker.lines):
            hinted = may_tell_of_a_failed_call(line.text) and _may_be_dropped(line.text)
            for target in targets(line.text) if hinted else ():
                service = addresses.service(target.host, seen_from=pod.namespace)
                if service is not None:
                    same = (top_owner(cluster, pod), service.ref, target.port)
                    flow = flows.setdefault(same, _Flow(pod, service, target.port))
                    flow.lines.append(line)
    return [
        one
        for _, one in sorted(flows.items())
        if len(one.lines) >= FEWEST_LINES or not is_ready(one.source)
    ]


def _may_be_dropped(line: str) -> bool:
    """Whether the call got no answer at all; the cheap look comes first, most lines end there."""
    refused = "refused" in line or "ECONNREFUSED" in line
    return not refused and bool(kind_of_failure(line))


def _declared(cluster: Cluster, failing: list[_Flow]) -> list[_Flow]:
    """What workloads with unready pods are configured to call, where no log tells of it."""
    unready = {
        top_owner(cluster, pod): pod
        for pod in live_pods(cluster)
        if not is_ready(pod) and text(pod.status, "podIP")
    }
    callers = [one for one in workloads(cluster) if one.ref in unready]
    told = {(top_owner(cluster, one.source), one.service.ref) for one in failing}
    flows: list[_Flow] = []
    for edge in declared_calls(cluster, callers):
        service = cluster.get(edge.dependency)
        if service is not None and (edge.dependent, edge.dependency) not in told:
            flows.append(_Flow(unready[edge.dependent], service))
    return flows


def _blocked(cluster: Cluster, flow: _Flow) -> tuple[list[Resource], Resource, Json] | None:
    """The policies, with a target pod and its port, when no pod behind the Service is open."""
    found: tuple[list[Resource], Resource, Json] | None = None
    for pod in selected_pods(cluster, flow.service):
        for port in _ports(flow, pod):
            policies = blocking(cluster, flow.source, pod, port)
            if not policies:
                return None
            found = found or (policies, pod, port)
    return found


def _ports(flow: _Flow, pod: Resource) -> list[Json]:
    """The pod's own ports that the call may mean, as numbers."""
    asked = [one for one in ports_of(flow.service) if text(one, "port") == flow.port]
    return [
        {"protocol": text(one, "protocol") or "TCP", "port": number}
        for one in asked or ports_of(flow.service)
        if (number := _number(one, pod))
    ]


def _number(port: Json, pod: Resource) -> str:
    target = text(port, "targetPort") or text(port, "port")
    if target.isdigit():
        return target
    declared = [
        one for container in rows(pod.spec, "containers") for one in rows(container, "ports")
    ]
    return next((text(one, "containerPort") for one in declared if text(one, "name") == target), "")


def _finding(
    cluster: Cluster, flow: _Flow, policies: list[Resource], target: Resource, port: Json
) -> Finding:
    policy, caller = policies[0], top_owner(cluster, flow.source)
    outwards = policy in selecting(cluster, flow.source, Direction.EGRESS)
    direction = Direction.EGRESS if outwards else Direction.INGRESS
    peer = target if outwards else flow.source
    why = _nearest_rule(cluster, policies, direction, peer, target, port)
    said = f"no {direction.rules} rule admits {peer.ref} on port {text(port, 'port')}"
    changed_at = written_at(policy)
    return about_object(
        policy,
        "netpol.blocks_flow",
        Severity.HIGH,
        [
            citing.field(policy, f".spec.{direction.rules}", said, changed_at),
            *_cited(flow, peer),
        ],
        confidence=Confidence.STRONG if flow.lines else Confidence.INFERRED,
        since=changed_at,
        affected=(caller, flow.source.ref, flow.service.ref),
        cause_key=f"{caller} {flow.service.ref}",
        fix=_FIX,
        params={
            "caller": f"{caller.kind} {caller.name}",
            "service": key(flow.service.ref),
            "port": text(port, "port"),
            "direction": direction.rules,
            "policies": listed([one.name for one in policies]),
            "line": citing.quoted(flow.lines[0].text) if flow.lines else "",
            **why,
        },
        joins={
            "policy": key(policy.ref),
            "workload": str(caller),
            "service": key(flow.service.ref),
        },
    )


def _cited(flow: _Flow, peer: Resource) -> list[Evidence]:
    lines = [flow.lines[0].cited] if flow.lines else []
    labels = ",".join(f"{name}={value}" for name, value in sorted(peer.labels.items()))
    return [*lines, citing.field(peer, ".metadata.labels", labels)]


def _nearest_rule(
    cluster: Cluster,
    policies: list[Resource],
    direction: Direction,
    peer: Resource,
    target: Resource,
    port: Json,
) -> Mapping[str, str]:
    """What one more label or port would have let the call through."""
    known = {"wanted_label": "", "actual_label": "", "allowed_ports": ""}
    for policy in policies:
        for rule in rows(policy.spec, direction.rules):
            right_port = admits_port(rule, target, port)
            if right_port and (slip := _label_slip(rule, direction, peer)):
                return {**known, "wanted_label": slip[0], "actual_label": slip[1]}
            if not right_port and admits_peer(cluster, policy, rule, direction, peer):
                allowed = [text(one, "port") for one in rows(rule, "ports")]
                return {**known, "allowed_ports": ", ".join(allowed)}
    return known


def _label_slip(rule: Json, direction: Direction, peer: Resource) -> tuple[str, str] | None:
    for one in rows(rule, direction.peers):
        wanted = strings(one, "podSelector", "matchLabels")
        differing = [name for name, value in wanted.items() if peer.labels.get(name) != value]
        if near_miss(wanted, peer.labels) or len(differing) == 1:
            name = differing[0]
            actual = peer.labels.get(name, "")
            return f"{name}={wanted[name]}", f"{name}={actual}" if actual else f"no {name}"
    return None


def idle_policies(cluster: Cluster) -> Iterator[Finding]:
    """`netpol.selects_nothing`: a policy for pods that neither exist nor are planned.

    An empty selector means every pod of the namespace and is never idle.
    """
    for policy in cluster.all("NetworkPolicy"):
        wanted = selector(policy)
        young = cluster.age(policy) < STALE_AFTER
        if wanted and not young and not _selects_any(cluster, policy.namespace, wanted):
            yield _idle(policy, wanted)


def _selects_any(cluster: Cluster, namespace: str, wanted: Json) -> bool:
    """Whether a pod carries these labels, or a workload plans one that would."""
    equal = strings(wanted, "matchLabels")
    if not rows(wanted, "matchExpressions") and cluster.labelled("Pod", namespace, equal):
        return True
    labels = cluster.derived("label sets", lambda: _label_sets(cluster))
    return any(matches(wanted, dict(one)) for one in labels.get(namespace, ()))


def _label_sets(cluster: Cluster) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Each different set of labels that pods of a namespace carry or would carry, once."""
    found: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for pod in cluster.all("Pod"):
        found.setdefault(pod.namespace, set()).add(tuple(sorted(pod.labels.items())))
    for workload in workloads(cluster):
        planned = strings(pod_template(workload), "metadata", "labels")
        found.setdefault(workload.namespace, set()).add(tuple(sorted(planned.items())))
    return found


def _idle(policy: Resource, wanted: Json) -> Finding:
    equal = [f"{name}={value}" for name, value in sorted(strings(wanted, "matchLabels").items())]
    said = [
        f"{text(one, 'key')} {text(one, 'operator')} ({','.join(words(one, 'values'))})"
        for one in rows(wanted, "matchExpressions")
    ]
    shown = ", ".join([*equal, *said])
    types = words(section(policy.raw, "spec"), "policyTypes")
    return about_object(
        policy,
        "netpol.selects_nothing",
        Severity.LOW,
        [citing.field(policy, ".spec.podSelector", f"{shown} (matches no pod)")],
        since=policy.created_at,
        params={"selector": shown, "types": ", ".join(types)},
        joins={"policy": key(policy.ref)},
    )
