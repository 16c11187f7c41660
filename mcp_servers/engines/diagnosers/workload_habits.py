"""What is missing from a workload's template that nothing breaks by today: hygiene."""

from collections.abc import Iterator, Mapping

from mcp_servers.engines import citing
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.endpoints import is_headless, ports_of, services_by_workload
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.namespaces import workloads_of_people
from mcp_servers.engines.ownership import POD_HASH, pods_by_owner
from mcp_servers.engines.pull_failures import image_parts
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import is_finished, is_terminating
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

NEEDED = ("cpu", "memory")
# Tags that are pushed again and again; of these "latest" and none at all always count.
MOVING = frozenset(
    {"stable", "main", "master", "dev", "develop", "edge", "nightly", "head", "trunk", "current"}
)
SERVERS = ("Deployment", "StatefulSet", "DaemonSet")


def workload_habits(cluster: Cluster) -> Iterator[Finding]:
    """`workload.no_requests`, `workload.mutable_tag` and `workload.no_readiness`."""
    owned, services = pods_by_owner(cluster), services_by_workload(cluster)
    defaults = _defaults(cluster)
    for workload in workloads_of_people(cluster):
        planned = _planned(workload)
        pods = [one for one in owned.get(workload.ref, []) if not is_terminating(one)]
        yield from _no_requests(workload, planned, defaults.get(workload.namespace, frozenset()))
        yield from _mutable_tag(workload, planned, pods)
        if workload.kind in SERVERS:
            yield from _no_readiness(workload, planned, services.get(workload.ref, []))


def _planned(workload: Resource) -> list[Container]:
    """The containers that run as long as the pod does, as the template has them."""
    pod = Resource({"kind": "Pod", **template_of(workload)})
    return [one for one in containers(pod) if one.role in (Role.APP, Role.SIDECAR)]


def _path(container: Container) -> str:
    return container.spec_path.replace(".spec.", ".spec.template.spec.", 1)


def _defaults(cluster: Cluster) -> Mapping[str, frozenset[str]]:
    """The requests that a LimitRange of each namespace fills in."""
    found: dict[str, set[str]] = {}
    for limit_range in cluster.all("LimitRange"):
        for limit in rows(limit_range.spec, "limits"):
            if text(limit, "type") == "Container":
                filled = {*section(limit, "defaultRequest"), *section(limit, "default")}
                found.setdefault(limit_range.namespace, set()).update(filled)
    return {namespace: frozenset(names) for namespace, names in found.items()}


def _no_requests(
    workload: Resource, planned: list[Container], filled: frozenset[str]
) -> Iterator[Finding]:
    apps = [one for one in planned if one.role is Role.APP]
    lacking = [(one, missing) for one in apps if (missing := _missing(one, filled))]
    if lacking:
        cited = [
            citing.field(workload, f"{_path(one)}.resources.requests", f"no {', '.join(missing)}")
            for one, missing in lacking
        ]
        params = {
            "containers": ", ".join(one.name for one, _ in lacking),
            "resources": ", ".join(sorted({name for _, missing in lacking for name in missing})),
        }
        yield _note(workload, "workload.no_requests", cited, params)


def _missing(container: Container, filled: frozenset[str]) -> list[str]:
    """A limit counts as a request: the API server copies it."""
    return [
        name
        for name in NEEDED
        if name not in filled
        and not (container.asks("requests", name) or container.asks("limits", name))
    ]


def _mutable_tag(
    workload: Resource, planned: list[Container], pods: list[Resource]
) -> Iterator[Finding]:
    moving = [one for one in planned if _moves(one)]
    if not moving:
        return
    running = [(one, _digests(one.name, pods)) for one in moving]
    differing = [(one, digests) for one, digests in running if len(digests) > 1]
    cited = [citing.field(workload, f"{_path(one)}.image", one.image) for one in moving]
    cited += [
        citing.field(pod, f".status.containerStatuses[{one.name}].imageID", digest)
        for one, digests in differing
        for digest, pod in sorted(digests.items())[:2]
    ]
    yield _note(
        workload,
        "workload.mutable_tag",
        cited,
        {
            "images": ", ".join(dict.fromkeys(one.image for one in moving)),
            "containers": ", ".join(one.name for one in moving),
            "differing": ", ".join(one.name for one, _ in differing),
        },
        severity=Severity.MEDIUM if differing else Severity.LOW,
    )


def _moves(container: Container) -> bool:
    if not container.image or "@" in container.image:
        return False
    tag = image_parts(container.image)["tag"]
    always = text(container.spec, "imagePullPolicy") == "Always"
    return tag in ("", "latest") or (always and tag in MOVING)


def _digests(name: str, pods: list[Resource]) -> dict[str, Resource]:
    """What replicas of one revision run under the name of one image, each with a pod that does."""
    revisions: dict[str, dict[str, Resource]] = {}
    for pod in pods:
        for one in containers(pod):
            _, _, digest = text(one.status, "imageID").partition("@")
            if one.name == name and digest and not is_finished(pod):
                revision = text(pod.labels, POD_HASH) or text(
                    pod.labels, "controller-revision-hash"
                )
                revisions.setdefault(f"{revision} {one.image}", {}).setdefault(digest, pod)
    return max(revisions.values(), key=len, default=dict[str, Resource]())


def _no_readiness(
    workload: Resource, planned: list[Container], services: list[Resource]
) -> Iterator[Finding]:
    """Traffic comes by a Service with an address, and nothing says when the pod can take it."""
    sending = [one for one in services if not is_headless(one) and not _is_udp_only(one)]
    if not sending or not planned or any(one.probe("readiness") for one in planned):
        return
    named = ", ".join(sorted(one.name for one in sending)[:3])
    yield _note(
        workload,
        "workload.no_readiness",
        [
            citing.field(workload, f"{_path(planned[0])}.readinessProbe", "absent"),
            *(
                citing.field(one, ".spec.selector", section(one.spec, "selector"))
                for one in sending[:1]
            ),
        ],
        {"services": named, "containers": ", ".join(one.name for one in planned)},
    )


def _is_udp_only(service: Resource) -> bool:
    protocols = {text(one, "protocol") or "TCP" for one in ports_of(service)}
    return protocols == {"UDP"}


def _note(
    workload: Resource,
    rule: str,
    evidence: list[Evidence],
    params: Mapping[str, str],
    *,
    severity: Severity = Severity.LOW,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=workload.ref,
        since=workload.created_at,
        evidence=tuple(evidence),
        params=params,
    )
