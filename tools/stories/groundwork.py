"""What every practice cluster stands on: nodes, kube-system, monitoring, storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tools.stories import config
from tools.stories.containers import Container, Template
from tools.stories.network import make_api_service, make_service
from tools.stories.nodes import VERSION, Machine, make_node, places
from tools.stories.pods import Plan
from tools.stories.sets import make_daemon_set, make_stateful_set, static_pod
from tools.stories.workloads import Revision, make_deployment
from tools.stories.world import World

Json = dict[str, Any]

REGISTRY = "registry.lanternloom.example"
BORN = "212d"

# System pods may do what the firm's own pods may not.
SYSTEM: Json = {"priorityClassName": "system-cluster-critical", "securityContext": {}}
ANYWHERE: Json = {"tolerations": [{"operator": "Exists"}]}


def lay(world: World, machines: Sequence[Machine], *, namespaces: Sequence[str]) -> None:
    """Add nodes, system namespaces and the given ones, kube-system and monitoring."""
    born = world.ago(BORN)
    for index, machine in enumerate(machines):
        make_node(world, machine, index, born)
    for name in ("default", "kube-system", "kube-node-lease"):
        config.make_namespace(world, name, born, level="privileged")
    for name in ("monitoring", *namespaces):
        config.make_namespace(world, name, world.ago("205d"))
    _storage_class(world, born)
    _ingress_class(world, born)
    _control_plane(world, born)
    make_api_service(world, born)
    _dns(world, born)
    _metrics_server(world, born)
    _kube_proxy(world, born)
    _monitoring(world)
    _administrators(world, born)


def labels(name: str, component: str, part_of: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": part_of,
    }


def _storage_class(world: World, born: datetime) -> None:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    world.add(
        "cluster/storage",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": world.meta("StorageClass", "", "block-ssd", born, annotations=default),
            "provisioner": "block.csi.example.com",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        },
    )


def _ingress_class(world: World, born: datetime) -> None:
    world.add(
        "cluster/ingress",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": world.meta("IngressClass", "", "nginx", born),
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
    )


def _administrators(world: World, born: datetime) -> None:
    group = "rbac.authorization.k8s.io"
    bootstrap = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    role = world.meta("ClusterRole", "", "cluster-admin", born, labels=bootstrap)
    binding = world.meta("ClusterRoleBinding", "", "cluster-admin", born, labels=bootstrap)
    world.add(
        "cluster/access",
        {
            "apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": role,
            "rules": [config.rule("*", "*", "*"), {"nonResourceURLs": ["*"], "verbs": ["*"]}],
        },
    )  # fmt: skip
    world.add(
        "cluster/access",
        {
            "apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": binding,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": "system:masters"}],
        },
    )  # fmt: skip


def _control_plane(world: World, born: datetime) -> None:
    node = world.of_kind("Node")[0]["metadata"]["name"]
    images = {
        "etcd": "registry.k8s.io/etcd:3.5.16-0",
        "kube-apiserver": f"registry.k8s.io/kube-apiserver:{VERSION}",
        "kube-controller-manager": f"registry.k8s.io/kube-controller-manager:{VERSION}",
        "kube-scheduler": f"registry.k8s.io/kube-scheduler:{VERSION}",
    }
    for name, image in images.items():
        template = Template(
            {"component": name, "tier": "control-plane"},
            (Container(name, image, requests=("100m", "256Mi")),),
            extra={"hostNetwork": True, "priorityClassName": "system-node-critical"}
            | {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
        )
        static_pod(world, name, template, node, born)


def _dns(world: World, born: datetime) -> None:
    named = labels("coredns", "dns", "kube-system") | {"k8s-app": "kube-dns"}
    box = Container(
        "coredns", "registry.k8s.io/coredns/coredns:v1.11.3",
        ports=(("dns-tcp", 53), ("ready", 8181)), requests=("100m", "70Mi"), memory_limit="170Mi",
        args=("-conf", "/etc/coredns/Corefile"), mounts=(("config-volume", "/etc/coredns"),),
    )  # fmt: skip
    corefile = ".:53 {\n    errors\n    health {\n       lameduck 5s\n    }\n    ready\n"
    corefile += "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n"
    corefile += "       fallthrough in-addr.arpa ip6.arpa\n       ttl 30\n    }\n    cache 30\n"
    corefile += "    forward . /etc/resolv.conf\n    loop\n    reload\n}\n"
    config.make_config_map(world, "kube-system", "coredns", {"Corefile": corefile}, born)
    volume = {"name": "config-volume", "configMap": {"name": "coredns", "defaultMode": 420}}
    template = Template(named, (box,), volumes=(volume,), extra=SYSTEM)
    pods = [Plan(node, world.ago("63d")) for node in places(world, 2, "coredns")]
    revisions = [Revision(1, template, born, pods)]
    make_deployment(world, "kube-system", "coredns", revisions, created=born, replicas=2)
    make_service(
        world, "kube-system", "kube-dns", 53, target="dns-tcp", file="kube-system/coredns",
        selector={"k8s-app": "kube-dns"}, created=born,
    )  # fmt: skip


def _metrics_server(world: World, born: datetime) -> None:
    named = labels("metrics-server", "metrics", "kube-system")
    box = Container(
        "metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.7.2",
        ports=(("https", 10250),), requests=("100m", "200Mi"), memory_limit="400Mi",
        args=("--secure-port=10250", "--metric-resolution=15s"),
    )  # fmt: skip
    pods = [Plan(node, world.ago("63d")) for node in places(world, 1, "metrics-server")]
    revisions = [Revision(1, Template(named, (box,), extra=SYSTEM), born, pods)]
    make_deployment(world, "kube-system", "metrics-server", revisions, created=born, replicas=1)
    make_service(
        world, "kube-system", "metrics-server", 443, target="https", created=born,
        selector={"app.kubernetes.io/name": "metrics-server"},
    )  # fmt: skip
    passed = {
        "type": "Available", "status": "True", "reason": "Passed",
        "message": "all checks passed",
        "lastTransitionTime": world.ago("63d").strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    world.add(
        "cluster/apiservices",
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": world.meta("APIService", "", "v1beta1.metrics.k8s.io", born),
            "spec": {
                "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100,
                "versionPriority": 100, "insecureSkipTLSVerify": True,
                "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
            },
            "status": {"conditions": [passed]},
        },
    )  # fmt: skip


def _kube_proxy(world: World, born: datetime) -> None:
    box = Container(
        "kube-proxy", f"registry.k8s.io/kube-proxy:{VERSION}", requests=("50m", "64Mi"),
        command=("/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"),
    )  # fmt: skip
    named = labels("kube-proxy", "proxy", "kube-system")
    extra = SYSTEM | ANYWHERE | {"hostNetwork": True, "priorityClassName": "system-node-critical"}
    template = Template(named, (box,), extra=extra)
    make_daemon_set(world, "kube-system", "kube-proxy", template, born)


def _monitoring(world: World) -> None:
    born = world.ago("205d")
    prometheus = Container(
        "prometheus", f"{REGISTRY}/mirror/prometheus:v3.5.0", ports=(("web", 9090),),
        probe="/-/ready", requests=("200m", "1Gi"), memory_limit="2Gi",
        args=("--storage.tsdb.retention.time=15d",), mounts=(("data", "/prometheus"),),
    )  # fmt: skip
    alertmanager = Container(
        "alertmanager", f"{REGISTRY}/mirror/alertmanager:v0.28.1", ports=(("web", 9093),),
        probe="/-/ready", requests=("20m", "64Mi"), memory_limit="128Mi",
        mounts=(("data", "/alertmanager"),),
    )  # fmt: skip
    for box, storage in ((prometheus, "50Gi"), (alertmanager, "2Gi")):
        template = Template(labels(box.name, "monitoring", "monitoring"), (box,))
        make_stateful_set(
            world, "monitoring", box.name, template, node=places(world, 1, box.name)[0],
            created=born, pod_created=world.ago("63d"), storage=storage,
        )  # fmt: skip
        make_service(
            world, "monitoring", box.name, box.ports[0][1], target="web", created=born,
            selector={"app.kubernetes.io/name": box.name},
        )  # fmt: skip
    _state_metrics(world, born)


def _state_metrics(world: World, born: datetime) -> None:
    name = "kube-state-metrics"
    box = Container(
        name, "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0",
        ports=(("http-metrics", 8080),), probe="/livez", requests=("20m", "64Mi"),
        memory_limit="256Mi",
    )  # fmt: skip
    config.make_account(world, "monitoring", name, born)
    watched = [config.rule("- apps batch", "*", "list watch")]
    config.make_role(world, "", name, watched, f"monitoring/{name}", born)
    template = Template(
        labels(name, "metrics", "monitoring"), (box,), service_account=name,
        extra={"automountServiceAccountToken": True},
    )  # fmt: skip
    pods = [Plan(places(world, 1, name)[0], world.ago("63d"))]
    revisions = [Revision(1, template, born, pods)]
    make_deployment(world, "monitoring", name, revisions, created=born, replicas=1)
