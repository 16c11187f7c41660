"""G. Traffic that is stopped on its way."""

from collections.abc import Callable

from evals.clusters.objects import plain
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.registry import fault
from evals.generated.scene import Scene


@fault(61, "logs")
def policy_names_another_tier(scene: Scene) -> None:
    callee = scene.healthy(scene.back, spared=False)
    labels = dict(callee.parent["spec"]["selector"]["matchLabels"])
    allowed = scene.pick({"tier": "frontend"}, {"role": "web"}, {"access": "granted"})
    rule: Json = {"from": [{"podSelector": {"matchLabels": allowed}}]}
    spec = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": [rule]}
    policy = plain(
        scene.world,
        "NetworkPolicy",
        "networking.k8s.io/v1",
        f"{callee.name}-ingress",
        scene.space,
        spec=spec,
        born=scene.since,
    )
    app = scene.calls(
        scene.front,
        callee,
        scene.pick(
            "ERROR GET {url}: dial tcp 10.96.4.4:80: i/o timeout",
            "ERROR connect ETIMEDOUT {host}:80",
        ),
        spared=False,
    )
    scene.tell(
        "down",
        app,
        root("netpol.blocks_flow", policy),
        fix=("fix.netpol", policy),
        symptoms_ok=["app.dependency_unreachable"],
    )


@fault(68)
def listener_refuses_the_route(scene: Scene) -> None:
    app = scene.healthy(scene.front)
    api, at = "gateway.networking.k8s.io/v1", scene.world.ago(scene.since)
    flag = {
        "lastTransitionTime": scene.world.ago(days(9)),
        "observedGeneration": 1,
        "message": "",
        "status": "True",
    }
    listener = {
        "name": "https", "port": 443, "protocol": "HTTPS",
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"edge": "yes"}}}},
    }  # fmt: skip
    plain(
        scene.world, "Gateway", api, "edge", "infra",
        spec={"gatewayClassName": "envoy", "listeners": [listener]},
        status={"conditions": [{**flag, "type": kind, "reason": kind} for kind in ("Accepted", "Programmed")]},
    )  # fmt: skip
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": "edge",
        "namespace": "infra",
        "sectionName": "https",
    }
    refused = {
        "type": "Accepted", "status": "False", "reason": "NotAllowedByListeners", "lastTransitionTime": at,
        "message": "No listeners included by this parent ref allowed this attachment.", "observedGeneration": 1,
    }  # fmt: skip
    resolved = {**flag, "type": "ResolvedRefs", "reason": "ResolvedRefs"}
    route = plain(
        scene.world, "HTTPRoute", api, app.name, scene.space,
        born=scene.since,
        spec={"parentRefs": [parent], "rules": [{"backendRefs": [{"name": app.name, "port": 80}]}]},
        status={"parents": [{"parentRef": parent, "controllerName": "gateway.envoyproxy.io/gatewayclass-controller", "conditions": [refused, resolved]}]},
    )  # fmt: skip
    scene.tell("down", route, root("httproute.unattached", route), fix="none")


@fault(69, "metrics logs")
def link_flaps(scene: Scene) -> None:
    """For ten minutes most calls time out; before and after nearly none does."""
    callee = scene.healthy(scene.back)
    app = scene.calls(scene.front, callee, spared=False)
    begin = scene.since
    labels = {"namespace": scene.space, "caller": app.name, "target": callee.name}

    def counted(rate: float, bad: float) -> Callable[[float], float]:
        def value(ago: float) -> float:
            inside = max(0.0, min(10.0, begin - ago))
            return (200 - ago) * rate + inside * bad

        return value

    series(
        scene.world, "http_client_requests_total", "counter",
        ({**labels, "code": "200"}, counted(600, -360)),
        ({**labels, "code": "504"}, counted(0.6, 360)),
        span=180,
    )  # fmt: skip
    for one in app.pods:
        told = [
            (
                begin - n * 0.7,
                f"ERROR GET http://{callee.name}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            )
            for n in range(14)
        ]
        scene.world.log(
            one,
            app.spec["name"],
            (begin + 5, scene.line()),
            *told,
            (begin - 11, scene.line()),
            (1.0, scene.line()),
        )
    scene.tell(
        "slow",
        app,
        root("app.dependency_unreachable", app.parent),
        fix="none",
        mention=(callee.name,),
    )
