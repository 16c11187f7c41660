"""Services and what hangs on them; EndpointSlices follow from selectors and readiness."""

from datetime import datetime
from typing import Any

from tools.stories.naming import letters, number
from tools.stories.pods import is_alive, is_ready
from tools.stories.times import stamp
from tools.stories.world import World

Json = dict[str, Any]


def make_service(
    world: World, namespace: str, name: str, port: int, *, selector: Json, created: datetime,
    target: str = "http", file: str = "", headless: bool = False, labels: Json | None = None, changed: datetime | None = None,
) -> Json:  # fmt: skip
    """A ClusterIP Service with one port; `changed` is when its selector last was."""
    address = "None" if headless else f"10.96.{number(200, name, 'a')}.{number(250, name, 'b') + 2}"
    spec: Json = {
        "clusterIP": address,
        "clusterIPs": [address],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": target, "port": port, "protocol": "TCP", "targetPort": target}],
        "selector": selector,
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }
    meta = world.meta("Service", namespace, name, created, labels=labels or selector)
    if changed:
        world.touched[meta["uid"]] = changed
    service: Json = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
    return world.add(file or f"{namespace}/{name}", service | {"status": {"loadBalancer": {}}})


def balance(world: World, namespace: str, name: str, address: str) -> None:
    """Put a load balancer of the provider before a Service; it has that address outside."""
    service = world.find("Service", namespace, name)
    service["spec"] |= {
        "type": "LoadBalancer",
        "allocateLoadBalancerNodePorts": True,
        "externalTrafficPolicy": "Cluster",
    }
    for port in service["spec"]["ports"]:
        port["nodePort"] = 30000 + number(2700, namespace, name, port["name"])
    service["status"] = {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}


def address_of(world: World, namespace: str, name: str) -> str:
    return str(world.find("Service", namespace, name)["spec"]["clusterIP"])


def make_endpoint_slices(world: World) -> None:
    """One slice for each Service, as the controller would have written it by now."""
    for file, thing in list(world.objects):
        if thing["kind"] == "Service" and thing["spec"].get("selector"):
            world.add(file, _slice(world, thing))


def _slice(world: World, service: Json) -> Json:
    meta, selector = service["metadata"], service["spec"]["selector"]
    pods = [
        pod
        for pod in world.of_kind("Pod", meta["namespace"])
        if selector.items() <= pod["metadata"].get("labels", {}).items() and is_alive(pod)
    ]
    created = datetime.fromisoformat(meta["creationTimestamp"])
    changed = max(
        (one["lastTransitionTime"] for pod in pods for one in pod["status"]["conditions"]),
        default=stamp(world.touched.get(meta["uid"], created)),
    )
    name = f"{meta['name']}-{letters(5, world.name, meta['namespace'], meta['name'])}"
    labels = meta.get("labels", {}) | {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": meta["name"],
    }
    annotations = {"endpoints.kubernetes.io/last-change-trigger-time": changed}
    # The controller leaves both lists null, not empty, when no pod matches.
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": world.meta(
            "EndpointSlice", meta["namespace"], name, created, labels=labels,
            annotations=annotations, owner=service, generation=len(pods) + 3,
        ),
        "addressType": "IPv4",
        "endpoints": [_endpoint(world, pod) for pod in pods] or None,
        "ports": [_port(service, pods[0])] if pods else None,
    }  # fmt: skip


def _endpoint(world: World, pod: Json) -> Json:
    meta, node = pod["metadata"], pod["spec"]["nodeName"]
    ready = is_ready(pod)
    zone = world.find("Node", "", node)["metadata"]["labels"]["topology.kubernetes.io/zone"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": node,
        "targetRef": {
            "kind": "Pod",
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
        "zone": zone,
    }


def _port(service: Json, pod: Json) -> Json:
    port = service["spec"]["ports"][0]
    wanted = port["targetPort"]
    declared = [one for box in pod["spec"]["containers"] for one in box.get("ports", [])]
    found = next(one["containerPort"] for one in declared if wanted in one.values())
    return {"name": port["name"], "port": found, "protocol": "TCP"}


def make_api_service(world: World, created: datetime) -> None:
    """`kubernetes` in namespace default: no selector, endpoints kept by the API server itself."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    host = world.of_kind("Node")[0]["status"]["addresses"][0]["address"]
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    spec: Json = {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": [port]}
    meta = world.meta("Service", "default", "kubernetes", created, labels=labels)
    world.add(
        "default/kubernetes",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": spec | {"type": "ClusterIP", "sessionAffinity": "None"},
            "status": {"loadBalancer": {}},
        },
    )
    labels = {"kubernetes.io/service-name": "kubernetes"}
    world.add(
        "default/kubernetes",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": world.meta(
                "EndpointSlice", "default", "kubernetes", created, labels=labels
            ),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [host], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        },
    )


def make_ingress(
    world: World, namespace: str, name: str, host: str, paths: dict[str, str], created: datetime
) -> None:
    """Paths to Services on port 8080; TLS ends at the balancer in front."""
    rules = [
        {"path": path, "pathType": "Prefix",
         "backend": {"service": {"name": service, "port": {"number": 8080}}}}
        for path, service in paths.items()
    ]  # fmt: skip
    world.add(
        f"{namespace}/ingress",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": world.meta("Ingress", namespace, name, created, generation=1),
            "spec": {
                "ingressClassName": "nginx",
                "rules": [{"host": host, "http": {"paths": rules}}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.40"}]}},
        },
    )


def make_policy(
    world: World, namespace: str, app: str, callers: list[str], port: int, created: datetime
) -> None:
    """A NetworkPolicy that lets these namespaces reach one port of an app."""
    peers = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": caller}}}
        for caller in callers
    ]
    spec: Json = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": app}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": [{"port": port, "protocol": "TCP"}]}],
    }
    meta = world.meta("NetworkPolicy", namespace, f"{app}-callers", created, generation=1)
    world.add(
        f"{namespace}/{app}",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": meta,
            "spec": spec,
        },
    )
