"""G. Services and Ingresses that point beside the pods."""

import base64
from datetime import timedelta

from evals.clusters.containers import port
from evals.clusters.events import event
from evals.clusters.objects import ingress, ingress_class, secret, service, slices
from evals.clusters.telling import root
from evals.generated.certificates import certificate
from evals.generated.registry import fault
from evals.generated.scene import Scene

CALLERS = ["app.dependency_unreachable", "service.no_pods", "service.endpoints_not_ready"]


@fault(58)
def selects_the_old_version(scene: Scene) -> None:
    app = scene.healthy(scene.back, exposed=False, spared=False)
    labels = app.parent["spec"]["template"]["metadata"]["labels"]
    key, right, wrong = scene.pick(
        ("version", "v2", "v1"), ("release", "green", "blue"), ("tier", "backend-2", "backend")
    )
    for one in (app.parent["spec"]["template"], app.child["spec"]["template"], *app.pods):
        one["metadata"]["labels"] = {**one["metadata"]["labels"], key: right}
    app.front = service(scene.world, scene.space, app.name, {**labels, key: wrong}, target=8080)
    slices(scene.world, app.front, [])
    scene.calls(
        scene.front, app, "ERROR GET {url}: dial tcp 10.96.14.3:80: connect: connection refused"
    )
    scene.tell(
        "down", app.front, root("service.selector_near_miss", app.front),
        fix=("fix.selector", app.front), mention=(wrong, right), symptoms_ok=CALLERS,
    )  # fmt: skip


@fault(58, twin=True)
def selects_its_pods(scene: Scene) -> None:
    app = scene.healthy(scene.back)
    scene.calls(scene.front, app)
    scene.tell("fine", app)


@fault(59)
def port_name_is_gone(scene: Scene) -> None:
    wrong = scene.pick("web", "http-api", "main")
    app = scene.healthy(scene.back, exposed=False, spared=False)
    labels = dict(app.parent["spec"]["selector"]["matchLabels"])
    app.front = service(scene.world, scene.space, app.name, labels, target=wrong)
    slices(scene.world, app.front, app.pods, number=None)
    scene.calls(scene.front, app, "ERROR GET {url}: connect: connection refused")
    scene.tell(
        "down", app.front, root("service.target_port_name_missing", app.front),
        fix=("fix.target_port", app.front), mention=(wrong,), symptoms_ok=CALLERS,
    )  # fmt: skip


@fault(60, "logs")
def knocks_at_the_wrong_number(scene: Scene) -> None:
    right, wrong = scene.pick((8080, 8000), (3000, 80), (5000, 5001))
    spec = scene.spec(scene.back, ports=[port(right, "http")])
    app = scene.healthy(scene.back, spec=spec, exposed=False, spared=False)
    for one in app.pods:
        scene.world.log(
            one, spec["name"], (50.0, f"INFO listening on 0.0.0.0:{right}"), (1.0, scene.line())
        )
    labels = dict(app.parent["spec"]["selector"]["matchLabels"])
    app.front = service(scene.world, scene.space, app.name, labels, target=wrong)
    slices(scene.world, app.front, app.pods, number=wrong)
    scene.calls(
        scene.front, app, "ERROR GET {url}: dial tcp 10.96.7.20:80: connect: connection refused"
    )
    scene.tell(
        "down", app.front, root("service.target_port_mismatch", app.front),
        fix=("fix.target_port", app.front), mention=(wrong, right), symptoms_ok=CALLERS,
    )  # fmt: skip


@fault(65)
def no_such_ingress_class(scene: Scene) -> None:
    ingress_class(scene.world, "nginx")
    app = scene.healthy(scene.front)
    wrong = scene.pick("nginx-internal", "nginx-old", "ngnix")
    one = ingress(
        scene.world, scene.space, app.name, f"{app.name}.example.com", app.name, 80, wrong
    )
    one["status"] = {"loadBalancer": {}}
    scene.tell(
        "down", one, root("ingress.class_missing", one),
        fix=("fix.ingress", one), mention=(wrong,), symptoms_ok=["ingress.no_address"],
    )  # fmt: skip


@fault(66)
def backend_port_was_renamed(scene: Scene) -> None:
    ingress_class(scene.world)
    app = scene.healthy(scene.front)
    wrong = scene.pick(8081, "web", 9000)
    one = ingress(scene.world, scene.space, app.name, f"{app.name}.example.com", app.name, wrong)
    scene.tell(
        "down", one, root("ingress.backend_port_missing", one),
        fix=("fix.ingress", one), mention=(wrong,),
    )  # fmt: skip


@fault(67)
def certificate_for_another_host(scene: Scene) -> None:
    ingress_class(scene.world)
    app = scene.healthy(scene.front)
    host, other = f"{app.name}.example.com", f"old-{app.name}.example.com"
    one = ingress(scene.world, scene.space, app.name, host, app.name, 80)
    one["spec"]["tls"] = [{"hosts": [host], "secretName": f"{app.name}-tls"}]
    begins = scene.world.moment(60 * 24 * 20)
    pem = certificate(other, begins=begins, ends=begins + timedelta(days=90))
    keys = {
        "tls.crt": base64.b64encode(pem).decode(),
        "tls.key": base64.b64encode(b"-----BEGIN PRIVATE KEY-----\n").decode(),
    }
    held = secret(scene.world, scene.space, f"{app.name}-tls", keys, kind="kubernetes.io/tls")
    scene.tell("odd", one, root("tls.host_mismatch", one, held), fix="none", mention=(host, other))


@fault(70)
def load_balancer_gets_no_address(scene: Scene) -> None:
    app = scene.healthy(scene.front, exposed=False)
    one = scene.expose(app, type="LoadBalancer")
    one["metadata"]["creationTimestamp"] = scene.world.ago(scene.since)
    text = scene.pick(
        "Error syncing load balancer: failed to ensure load balancer: googleapi: Error 403: Quota 'FORWARDING_RULES' exceeded. Limit: 15.0 globally., quotaExceeded",
        "Error syncing load balancer: failed to ensure load balancer: could not find any suitable subnets for creating the ELB",
    )
    told = event(
        scene.world,
        one,
        "SyncLoadBalancerFailed",
        text,
        warn=True,
        first=scene.since,
        last=1.1,
        count=9,
    )
    told["source"] = {"component": "service-controller"}
    told["reportingComponent"] = "service-controller"
    scene.tell("down", one, root("service.lb_pending", one), fix="none")
