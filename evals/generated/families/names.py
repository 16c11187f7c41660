"""G. Names that do not resolve."""

from evals.clusters import workloads
from evals.clusters.containers import container
from evals.clusters.lives import crashing_pod
from evals.clusters.objects import config_map, plain, service, slices
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


def dns(scene: Scene, *, broken: str = "") -> App:
    """The cluster's name server; `broken` is what it writes before it ends."""
    world = scene.world
    zone = ".:53 {\n    errors\n    health\n    ready\n    kubernetes cluster.local in-addr.arpa\n    forward . /etc/resolv.conf\n    cache 30\n}\n"
    config_map(world, "kube-system", "coredns", {"Corefile": zone})
    ports = [{"containerPort": 53, "name": "dns", "protocol": "UDP"}]
    spec = container("coredns", "registry.k8s.io/coredns/coredns:v1.11.3", ports=ports)
    labels = (("k8s-app", "kube-dns"),)
    template = workloads.Template([spec], labels=labels)
    more: Json = {}
    if broken:
        more["conditions"] = [
            workloads.not_available(world, scene.since),
            workloads.progressed(world, "x", days(90)),
        ]
    parent = workloads.deployment(
        world, "kube-system", "coredns", template, replicas=2, ready=0 if broken else 2, **more
    )
    child = workloads.replicaset(world, parent, replicas=2, ready=0 if broken else 2, born=days(90))
    app = App(parent, child, [], spec)
    for n in range(2):
        if broken:
            one = crashing_pod(world, child, scene.nth(n), spec, born=scene.since, restarts=9)
            world.log(one, "coredns", (2.05, broken), previous=True)
            world.log(one, "coredns", (2.05, broken))
            app.failing.append(one)
        else:
            app.pods.append(pod(world, child, scene.nth(n), born=days(90)))
    app.front = service(world, "kube-system", "kube-dns", dict(labels), port=53, target=53)
    app.front["spec"]["ports"] = [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53}]
    slices(
        world,
        app.front,
        [*app.pods, *app.failing],
        number=53,
        unready=tuple(one["metadata"]["name"] for one in app.failing),
    )
    return app


@fault(62, "logs")
def egress_denied_without_dns(scene: Scene) -> None:
    dns(scene)
    spec: Json = {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}],
    }
    called = scene.pick("default-deny-egress", "lock-down", "egress-baseline")
    policy = plain(
        scene.world,
        "NetworkPolicy",
        "networking.k8s.io/v1",
        called,
        scene.space,
        spec=spec,
        born=scene.since,
    )
    callee = scene.healthy(scene.back)
    app = scene.calls(
        scene.front,
        callee,
        scene.pick(
            "ERROR GET {url}: dial tcp: lookup {host} on 10.96.0.10:53: read udp 10.60.1.9:41233->10.96.0.10:53: i/o timeout",
            "Error: getaddrinfo EAI_AGAIN {host}",
        ),
        spared=False,
    )
    scene.tell(
        "down",
        app,
        root("netpol.blocks_dns", policy),
        fix=("fix.netpol", policy),
        symptoms_ok=["app.name_unresolved", "app.dependency_unreachable"],
    )


@fault(63, "logs")
def cluster_dns_crashes(scene: Scene) -> None:
    line = scene.pick(
        "/etc/coredns/Corefile:8 - Error during parsing: Unknown directive 'forwrad'",
        'plugin/forward: not an IP address or file: "10.0.0.2.5"',
    )
    base = dns(scene, broken=line)
    callee = scene.healthy(scene.back)
    app = scene.calls(
        scene.front, callee, "ERROR lookup {host} on 10.96.0.10:53: server misbehaving"
    )
    other = scene.healthy(scene.new_name(), space=scene.other_space)
    for one in other.pods:
        scene.complain(
            one, other.spec["name"], "ERROR lookup db.internal on 10.96.0.10:53: server misbehaving"
        )
    config = {"kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"}}
    scene.tell(
        "down", app, root("dns.server_unhealthy", base.parent, base.front or base.parent, config), fix="none",
        symptoms_ok=["pod.crash_loop", "deploy.unavailable", "app.name_unresolved", "app.dependency_unreachable"],
    )  # fmt: skip


@fault(64, "logs")
def calls_a_host_that_is_not_there(scene: Scene) -> None:
    dns(scene)
    callee = scene.healthy(scene.back)
    wrong = scene.pick(f"{callee.name}-svc", f"{callee.name}s", f"{callee.name}-api")
    app = scene.healthy(
        scene.front,
        spared=False,
        spec=scene.spec(scene.front, env=[{"name": "UPSTREAM", "value": f"http://{wrong}:80"}]),
    )
    line = scene.pick(
        f"ERROR dial tcp: lookup {wrong} on 10.96.0.10:53: no such host",
        f"Error: getaddrinfo ENOTFOUND {wrong}",
        f"java.net.UnknownHostException: {wrong}",
    )
    for one in app.pods:
        scene.complain(one, app.spec["name"], line)
    scene.tell(
        "down",
        app,
        root("app.name_unresolved", app.parent),
        fix="none",
        mention=(wrong, callee.name),
    )
