"""A Service that selects nothing: its pods are missing, or one label misses them."""

from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.endpoints import is_by_hand, selected_pods, selector_of, slices_of
from mcp_servers.engines.fields import has, rows, section, strings, text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.selectors import NearMiss, matches_equality, near_miss, written
from mcp_servers.engines.settling import desired_replicas, is_finished, is_young, live_pods
from mcp_servers.engines.sleeping import sleeps_well
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment

LEADER = "control-plane.alpha.kubernetes.io/leader"
LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
NEAR_AT_MOST = 3


def service_selectors(cluster: Cluster) -> Iterator[Finding]:
    """`service.no_pods` and `service.selector_near_miss`: no pod matches the selector."""
    for service in cluster.all("Service"):
        if is_by_hand(service) or has(service.annotations, LEADER) or is_young(cluster, service):
            continue
        if selected_pods(cluster, service):
            continue
        makers = _workloads_behind(cluster, service)
        misses = [] if makers else _near_misses(cluster, service)
        yield _near(cluster, service, misses) if misses else _none(cluster, service, makers)


def _workloads_behind(cluster: Cluster, service: Resource) -> list[Resource]:
    """Workloads whose pods would match if there were any."""
    selector = selector_of(service)
    return [
        one
        for kind in WORKLOADS
        for one in cluster.all(kind, service.namespace)
        if matches_equality(selector, strings(template_of(one), "metadata", "labels"))
    ]


def _near_misses(cluster: Cluster, service: Resource) -> list[tuple[NearMiss, Ref, list[Resource]]]:
    """Each slip with the workload it misses and that workload's pods, the fullest first."""
    selector, found = selector_of(service), dict[tuple[NearMiss, Ref], list[Resource]]()
    for pod in live_pods(cluster):
        if pod.namespace != service.namespace or is_finished(pod):
            continue
        if miss := near_miss(selector, pod.labels):
            found.setdefault((miss, top_owner(cluster, pod)), []).append(pod)
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    return [(miss, owner, pods) for (miss, owner), pods in ordered][:NEAR_AT_MOST]


def _near(
    cluster: Cluster, service: Resource, misses: list[tuple[NearMiss, Ref, list[Resource]]]
) -> Finding:
    miss, owner, pods = misses[0]
    held = f"{miss.actual_key}={miss.actual}" if miss.actual else f"no label {miss.key}"
    labels = citing.field(pods[0], ".metadata.labels", f"{written(pods[0].labels)} ({held})")
    sole = len({(one.key, one.actual_key, one.actual) for one, _, _ in misses}) == 1
    return Finding(
        rule="service.selector_near_miss",
        severity=Severity.CRITICAL,
        confidence=Confidence.STRONG,
        resource=service.ref,
        since=_changed_at(cluster, service),
        evidence=(_selector(service), labels, *_empty_slices(cluster, service)),
        params={
            "selector": written(selector_of(service)),
            "key": miss.key,
            "wanted": miss.wanted,
            "actual_key": miss.actual_key,
            "actual": miss.actual,
            "workload": f"{owner.kind} {owner.name}",
            "pods": str(len(pods)),
            "renamed_key": miss.actual_key if miss.actual_key not in ("", miss.key) else "",
        },
        affected=tuple(pod.ref for pod in pods),
        fix=Fix("fix.selector", service.ref) if sole else None,
        joins={
            "service": key(service.ref),
            "workload": ",".join(sorted({str(owner) for _, owner, _ in misses})),
        },
    )


def _none(cluster: Cluster, service: Resource, makers: list[Resource]) -> Finding:
    """A note where all that would serve sleeps until there is work: somebody who calls in vain makes
    it the cause."""
    asleep = [one for one in makers if desired_replicas(one) == 0 and one.kind != "DaemonSet"]
    users = _referrers(cluster, service)
    elsewhere = _namespaces_with_pods(cluster, service)
    sizes = [
        citing.field(one, ".spec.replicas", desired_replicas(one))
        for one in makers
        if one.kind != "DaemonSet"
    ]
    well = bool(makers) and all(sleeps_well(cluster, one) for one in makers)
    grave = Severity.CRITICAL if users else Severity.MEDIUM
    return Finding(
        rule="service.no_pods",
        severity=Severity.LOW if well else grave,
        confidence=Confidence.CERTAIN,
        resource=service.ref,
        since=_changed_at(cluster, service),
        evidence=(_selector(service), *sizes, *_empty_slices(cluster, service)),
        params={
            "selector": written(selector_of(service)),
            "workload": ", ".join(f"{one.kind} {one.name}" for one in makers),
            "scaled_to_zero": ", ".join(f"{one.kind} {one.name}" for one in asleep),
            "referenced_by": ", ".join(str(one) for one in users),
            "elsewhere": ", ".join(elsewhere),
        },
        joins={
            "service": key(service.ref),
            "workload": ",".join(sorted(str(one.ref) for one in makers)),
        },
    )


def _selector(service: Resource) -> Evidence:
    said = f"{written(selector_of(service))} (matches no pod in {service.namespace})"
    return citing.field(service, ".spec.selector", said)


def _empty_slices(cluster: Cluster, service: Resource) -> list[Evidence]:
    return [
        citing.field(one, ".endpoints", len(rows(one.raw, "endpoints")), _slice_changed(one))
        for one in slices_of(cluster, service)[:1]
    ]


def _slice_changed(one: Resource) -> datetime | None:
    return moment(text(one.annotations, LAST_CHANGE))


def _changed_at(cluster: Cluster, service: Resource) -> datetime | None:
    """When the Service last matched something, as far as anything remembers."""
    slices = [_slice_changed(one) for one in slices_of(cluster, service)]
    edited = [
        moment(entry.get("time"))
        for entry in rows(service.metadata, "managedFields")
        if "f:selector" in section(entry, "fieldsV1", "f:spec")
    ]
    known = [at for at in (*slices, *edited) if at is not None]
    return max(known, default=None)


def _referrers(cluster: Cluster, service: Resource) -> list[Ref]:
    """Routes and autoscaled callers that name the Service, and logs that call it count elsewhere."""
    return [
        ingress.ref
        for ingress in cluster.all("Ingress", service.namespace)
        if service.name in _backends(ingress)
    ]


def _backends(ingress: Resource) -> set[str]:
    paths = [path for rule in rows(ingress.spec, "rules") for path in rows(rule, "http", "paths")]
    backends = [section(one, "backend") for one in paths]
    every = [*backends, section(ingress.spec, "defaultBackend")]
    return {text(one, "service", "name") for one in every}


def _namespaces_with_pods(cluster: Cluster, service: Resource) -> list[str]:
    selector = selector_of(service)
    return sorted(
        {pod.namespace for pod in cluster.all("Pod") if matches_equality(selector, pod.labels)}
        - {service.namespace}
    )[:NEAR_AT_MOST]
