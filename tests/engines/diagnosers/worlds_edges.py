"""A cluster whose network, storage, nodes and extensions have every fault of their families."""

from datetime import timedelta
from typing import Any

from mcp_servers.facts.kubernetes import Cluster, Event, Json
from tests.factories import (
    NOW,
    cluster,
    condition,
    container,
    deployment,
    event,
    log,
    node,
    pod,
    replica_set,
    service,
    stamp,
    thing,
    waiting,
    workload,
)

PLACE = "harbour"


def edges_and_extensions() -> Cluster:
    """In a namespace of its own, beside whatever else there is."""
    front = workload("quay", namespace=PLACE)
    silent = log(front[2], *["dial tcp: http://crane:8080: i/o timeout"] * 4, name="quay")
    network, storage = _network(), _storage()
    parts = [*front, *network, *storage, *_nodes(), *_extensions(), *_control_plane()]
    return cluster(*parts, events=_events(network, storage), logs=[silent])


def _network() -> list[Json]:
    place: Json = {"namespace": PLACE}
    peer = {"from": [{"podSelector": {"matchLabels": {"app": "quai"}}}]}
    chosen = {"matchLabels": {"app": "crane"}}
    forbids = {"podSelector": chosen, "policyTypes": ["Ingress"], "ingress": [peer]}
    idle = {"podSelector": {"matchLabels": {"app": "nobody"}}}
    alias = {"type": "ExternalName", "externalName": "10.0.0.1"}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "quay"}}}
    rule = {"host": "quay.example.com", "http": {"paths": [path]}}
    tls = [{"hosts": ["quay.example.com"], "secretName": "quay-tls"}]
    ends_at = (NOW + timedelta(days=9)).isoformat()
    signed = {"subject": "CN=x", "names": ["other.example.com"], "notAfter": ends_at}
    secret = thing("Secret", "quay-tls", type="kubernetes.io/tls", certificate=signed, **place)
    refused = {"conditions": [condition("Programmed", "False", reason="Invalid")]}
    route = {
        "parentRefs": [{"name": "harbour-gate"}],
        "rules": [{"backendRefs": [{"name": "gone", "port": 80}]}],
    }
    return [
        *workload("crane", **place),
        thing("NetworkPolicy", "crane", spec=forbids, **place),
        thing("NetworkPolicy", "idle", spec=idle, **place),
        service("edge", selector={"app": "quay"}, spec={"type": "LoadBalancer"}, **place),
        thing("Service", "bank", spec=alias, **place),
        thing("IngressClass", "nginx"),
        thing("Ingress", "one", spec={"ingressClassName": "ngnix", "rules": [rule]}, **place),
        thing("Ingress", "two", spec={"ingressClassName": "ngnix", "rules": [rule]}, **place),
        thing("Ingress", "three", spec={"tls": tls}, **place),
        {**secret, "data": {"tls.crt": "", "tls.key": ""}},
        thing("Ingress", "four", spec={"tls": [{"secretName": "none"}]}, **place),
        thing("GatewayClass", "open"),
        thing("Gateway", "gate", spec={"gatewayClassName": "open"}, status=refused, **place),
        thing("HTTPRoute", "way", spec=route, **place),
        *_name_servers(),
    ]


def _name_servers() -> list[Json]:
    marks = {"k8s-app": "kube-dns"}
    made = deployment("coredns", namespace="kube-system", replicas=1, template_labels=marks)
    return [made, pod(replica_set(made), ready=False, status=[waiting("coredns", "Error")])]


def _storage() -> list[Json]:
    def claim(name: str, phase: str = "Bound", **spec: Any) -> Json:
        asked = {"resources": {"requests": {"storage": "9Gi"}}, "accessModes": ["ReadWriteOnce"]}
        status = {"phase": phase, "capacity": {"storage": "1Gi"}}
        body = {**asked, "storageClassName": "berth", **spec}
        return thing("PersistentVolumeClaim", name, namespace=PLACE, spec=body, status=status)

    def mounting(name: str, n: int, *, ready: bool = False) -> Json:
        mount = {"name": "v", "persistentVolumeClaim": {"claimName": name}}
        spec = {"nodeName": f"pier-{n}", "volumes": [mount]}
        status = () if ready else [waiting("web", "ContainerCreating")]
        return pod(name=f"{name}-{n}", namespace=PLACE, spec=spec, status=status)

    growing, leaving = claim("growing"), claim("leaving")
    pending = condition("FileSystemResizePending", "True")
    growing["status"]["conditions"] = [pending]
    held = ["kubernetes.io/pvc-protection"]
    leaving["metadata"].update({"deletionTimestamp": stamp(60), "finalizers": held})
    left = {"claimRef": {"namespace": PLACE, "name": "old"}}
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        claim("static", "Pending", storageClassName=""),
        mounting("static", 1),
        claim("shared"),
        mounting("shared", 1, ready=True),
        mounting("shared", 2),
        growing,
        leaving,
        thing("PersistentVolume", "left", spec=left, status={"phase": "Released"}),
        thing("StorageClass", "berth", annotations=mark),
        thing("StorageClass", "pier", annotations=mark),
    ]


def _nodes() -> list[Json]:
    dead = condition("KernelDeadlock", "True", reason="Hung")
    first = node("pier-1", conditions=[dead], allocatable={"memory": "100Mi"})
    old = node("pier-2")
    first["status"]["nodeInfo"] = {"kubeletVersion": "v1.32.1"}
    old["status"]["nodeInfo"] = {"kubeletVersion": "v1.27.1"}
    return [first, old]


def _extensions() -> list[Json]:
    away = {"conditions": [condition("Available", "False", message="no endpoints")]}
    broken = {"conditions": [condition("Established", "False")]}
    place = {"service": {"namespace": PLACE, "name": "gone"}}
    pods = {"resources": ["pods"], "operations": ["CREATE"], "apiGroups": [""]}
    hook = {"name": "hook.example.com", "clientConfig": place, "rules": [pods]}
    said = '{"apiVersion":"policy/v1beta1"}'
    applied = {"kubectl.kubernetes.io/last-applied-configuration": said}
    namespace = thing("Namespace", "leaving", status={"phase": "Terminating"})
    stuck = thing("Vessel", "argo", namespace=PLACE)
    namespace["metadata"]["deletionTimestamp"] = stamp(60)
    stuck["metadata"].update({"deletionTimestamp": stamp(60), "finalizers": ["a.example/b"]})
    return [
        thing("APIService", "v1.tides.example.com", spec={"group": "x.example"}, status=away),
        thing("CustomResourceDefinition", "tides.example.com", status=broken),
        thing("ValidatingWebhookConfiguration", "hook", webhooks=[hook]),
        thing("PodDisruptionBudget", "quay", namespace=PLACE, annotations=applied),
        namespace,
        stuck,
    ]


def _control_plane() -> list[Json]:
    spec = {"containers": [container("etcd")]}
    ill = [waiting("etcd", "CrashLoopBackOff")]
    return [pod(name="etcd-cp-1", namespace="kube-system", spec=spec, status=ill)]


def _events(network: list[Json], storage: list[Json]) -> list[Event]:
    edge, first = network[8], _nodes()[1]
    untrusted = 'failed calling webhook "hook.example.com": x509: unknown authority'
    return [
        event(edge, "SyncLoadBalancerFailed", "no quota", count=900, first=20),
        event(storage[4], "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"', first=20),
        event(storage[1], "FailedAttachVolume", "rpc error: timeout", first=20),
        event(first, "NodeNotReady", "not ready", count=3, first=50),
        event(first, "NodeReady", "ready", count=3, first=50),
        event(network[0], "FailedCreate", untrusted, first=9),
    ]
