"""What a Service leads to: its pods, its endpoints, and the hosts by which others call it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.settling import is_finished, is_ready, is_terminating
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a Service; `pod` is None when it is no pod or not known."""

    address: str
    ready: bool
    pod: Ref | None
    slice_name: str


def selector_of(service: Resource) -> dict[str, str]:
    return strings(service.spec, "selector")


def is_by_hand(service: Resource) -> bool:
    """A Service whose endpoints are not chosen by a selector, or that only names another host."""
    return not selector_of(service) or text(service.spec, "type") == "ExternalName"


def selected_pods(cluster: Cluster, service: Resource) -> list[Resource]:
    """The pods that should serve: matched, not leaving, not finished."""
    return [
        pod
        for pod in cluster.labelled("Pod", service.namespace, selector_of(service))
        if not is_terminating(pod) and not is_finished(pod)
    ]


def services_by_workload(cluster: Cluster) -> Mapping[Ref, list[Resource]]:
    """The Services that lead to pods of each workload, by the workload."""
    return cluster.derived("services by workload", lambda: _by_workload(cluster))


def _by_workload(cluster: Cluster) -> Mapping[Ref, list[Resource]]:
    found: dict[Ref, list[Resource]] = {}
    for service in cluster.all("Service"):
        if not is_by_hand(service):
            for owner in dict.fromkeys(
                top_owner(cluster, pod) for pod in selected_pods(cluster, service)
            ):
                found.setdefault(owner, []).append(service)
    return found


def is_headless(service: Resource) -> bool:
    return text(service.spec, "clusterIP") == "None"


def slices_of(cluster: Cluster, service: Resource) -> list[Resource]:
    return cluster.labelled("EndpointSlice", service.namespace, {SERVICE_NAME: service.name})


def endpoints(cluster: Cluster, service: Resource) -> list[Endpoint]:
    """All endpoints, each pod once: dual stack has one slice for each address family."""
    found: dict[str, Endpoint] = {}
    for one in slices_of(cluster, service):
        for endpoint in rows(one.raw, "endpoints"):
            held = _endpoint(endpoint, one)
            same = text(endpoint, "targetRef", "uid") or str(held.pod or held.address)
            found.setdefault(same, held)
    return list(found.values())


def _endpoint(raw: Json, of: Resource) -> Endpoint:
    conditions = section(raw, "conditions")
    target = section(raw, "targetRef")
    is_pod = text(target, "kind") == "Pod"
    pod = Ref("Pod", text(target, "namespace") or of.namespace, text(target, "name"))
    ready = conditions.get("ready") is not False and conditions.get("terminating") is not True
    address = next(iter(words(raw, "addresses")), "")
    return Endpoint(address, ready, pod if is_pod else None, of.name)


def ready_pods(cluster: Cluster, service: Resource) -> tuple[set[Ref], bool]:
    """The pods that get traffic, and whether EndpointSlices say so (else the pods themselves)."""
    matched = {pod.ref: pod for pod in selected_pods(cluster, service)}
    if slices_of(cluster, service):
        ready = [one.pod for one in endpoints(cluster, service) if one.ready]
        return {ref for ref in ready if ref is not None and ref in matched}, True
    return {ref for ref, pod in matched.items() if is_ready(pod)}, False


def ports_of(service: Resource) -> list[Json]:
    return rows(service.spec, "ports")


class Addresses:
    """Which Service a host in a log line means."""

    def __init__(self, cluster: Cluster) -> None:
        self._services = {(one.namespace, one.name): one for one in cluster.all("Service")}
        self._by_ip = dict(_addresses(cluster))

    def service(self, host: str, *, seen_from: str) -> Resource | None:
        """`name`, `name.namespace`, `name.namespace.svc…`, a cluster IP or an endpoint's IP."""
        if host in self._by_ip:
            return self._by_ip[host]
        name, *rest = host.rstrip(".").split(".")
        if rest and len(rest) > 1 and rest[1] != "svc":
            return None
        return self._services.get((rest[0] if rest else seen_from, name))

    def names(self, namespace: str) -> list[str]:
        return sorted(name for held, name in self._services if held == namespace)


def _addresses(cluster: Cluster) -> Iterator[tuple[str, Resource]]:
    for service in cluster.all("Service"):
        for endpoint in endpoints(cluster, service):
            if endpoint.address:
                yield endpoint.address, service
    for service in cluster.all("Service"):
        for ip in [text(service.spec, "clusterIP"), *words(service.spec, "clusterIPs")]:
            if ip not in ("", "None"):
                yield ip, service
