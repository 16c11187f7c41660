"""H. Autoscalers, webhooks, APIs and finalizers."""

from evals.clusters import workloads
from evals.clusters.containers import container
from evals.clusters.events import event
from evals.clusters.lives import crashing_pod
from evals.clusters.objects import plain, service, slices
from evals.clusters.telling import root
from evals.clusters.world import Json, days, hours
from evals.generated.families.refusals import refused
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


def autoscaler(
    scene: Scene,
    app: App,
    conditions: list[tuple[str, str, str, str]],
    *,
    most: int = 6,
    now: int = 0,
) -> Json:
    metric = {
        "resource": {"name": "cpu", "target": {"averageUtilization": 70, "type": "Utilization"}},
        "type": "Resource",
    }
    count = now or app.parent["spec"]["replicas"]
    told = [
        workloads.condition(kind, value, reason, text, scene.world.ago(scene.since))
        for kind, value, reason, text in conditions
    ]
    return plain(
        scene.world, "HorizontalPodAutoscaler", "autoscaling/v2", app.name, app.space,
        spec={
            "minReplicas": 1, "maxReplicas": most, "metrics": [metric],
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app.name},
        },
        status={"conditions": told, "currentMetrics": None, "currentReplicas": count, "desiredReplicas": count},
    )  # fmt: skip


ABLE = (
    "AbleToScale",
    "True",
    "SucceededGetScale",
    "the HPA controller was able to get the target's current scale",
)


@fault(71)
def no_request_to_compute_from(scene: Scene) -> None:
    spec = scene.spec(scene.back)
    spec["resources"] = {"limits": {"memory": "512Mi"}, "requests": {"memory": "256Mi"}}
    app = scene.healthy(scene.back, spec=spec, spared=False)
    text = f"the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container {spec['name']} of Pod {app.pods[0]['metadata']['name']}"
    one = autoscaler(
        scene, app, [ABLE, ("ScalingActive", "False", "FailedGetResourceMetric", text)]
    )
    event(
        scene.world,
        one,
        "FailedGetResourceMetric",
        text.partition(": ")[2],
        by="hpa",
        warn=True,
        first=scene.since,
        last=0.2,
        count=int(scene.since * 4),
    )
    scene.tell(
        "slow", app, root("hpa.requests_missing", one, app.parent),
        fix=("fix.resources", app.parent), symptoms_ok=["hpa.metrics_unavailable"],
    )  # fmt: skip


@fault(71, twin=True)
def requests_are_there(scene: Scene) -> None:
    app = scene.healthy(scene.back)
    active = (
        "ScalingActive",
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    )
    within = (
        "ScalingLimited",
        "False",
        "DesiredWithinRange",
        "the desired count is within the acceptable range",
    )
    autoscaler(
        scene,
        app,
        [
            ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
            active,
            within,
        ],
    )
    scene.tell("fine", app)


def api_service(
    scene: Scene, name: str, behind: tuple[str, str], reason: str, message: str
) -> Json:
    group, _, version = name.partition(".")
    at = scene.world.ago(scene.since)
    told = {
        "type": "Available",
        "status": "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": at,
    }
    spec = {
        "group": version, "version": group, "groupPriorityMinimum": 100, "versionPriority": 100,
        "service": {"namespace": behind[0], "name": behind[1], "port": 443},
    }  # fmt: skip
    return plain(
        scene.world,
        "APIService",
        "apiregistration.k8s.io/v1",
        name,
        spec=spec,
        status={"conditions": [told]},
    )


@fault(72)
def metrics_server_is_down(scene: Scene) -> None:
    world = scene.world
    one = service(
        world,
        "kube-system",
        "metrics-server",
        {"k8s-app": "metrics-server"},
        port=443,
        target=10250,
    )
    slices(world, one, [])
    server = api_service(
        scene, "v1beta1.metrics.k8s.io", ("kube-system", "metrics-server"), "MissingEndpoints",
        'endpoints for service/metrics-server in "kube-system" have no addresses with port name "https"',
    )  # fmt: skip
    spec = container("metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.7.2")
    template = workloads.Template([spec], labels=(("k8s-app", "metrics-server"),))
    parent = workloads.deployment(
        world, "kube-system", "metrics-server", template, replicas=0, ready=0
    )
    text = "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)"
    app = scene.healthy(scene.back)
    failed = (
        "ScalingActive",
        "False",
        "FailedGetResourceMetric",
        f"the HPA was unable to compute the replica count: {text}",
    )
    for each in (app, scene.healthy(scene.middle)):
        scaler = autoscaler(scene, each, [ABLE, failed])
        event(
            world,
            scaler,
            "FailedGetResourceMetric",
            text,
            by="hpa",
            warn=True,
            first=scene.since,
            last=0.2,
            count=int(scene.since * 4),
        )
    scene.tell(
        "slow", app, root("apiservice.unavailable workload.scaled_to_zero", server, parent), fix="none",
        symptoms_ok=["hpa.metrics_unavailable", "service.no_pods"],
    )  # fmt: skip


@fault(73)
def autoscaler_is_at_its_maximum(scene: Scene) -> None:
    app = scene.healthy(scene.back, replicas=4)
    limited = (
        "ScalingLimited",
        "True",
        "TooManyReplicas",
        "the desired replica count is more than the maximum replica count",
    )
    active = (
        "ScalingActive",
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    )
    one = autoscaler(scene, app, [ABLE, active, limited], most=4)
    one["status"]["currentMetrics"] = [
        {
            "resource": {
                "name": "cpu",
                "current": {"averageUtilization": 163, "averageValue": "163m"},
            },
            "type": "Resource",
        }
    ]
    scene.spared.clear()
    scene.tell("slow", app, root("hpa.at_max", one, app.parent))


@fault(74, "events")
def two_scalers_fight(scene: Scene) -> None:
    app = scene.healthy(scene.back, replicas=3)
    scene.spared.clear()
    active = (
        "ScalingActive",
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    )
    first = autoscaler(scene, app, [ABLE, active])
    second = autoscaler(scene, app, [ABLE, active])
    second["metadata"]["name"] = f"{app.name}-night"
    second["spec"]["maxReplicas"] = 3
    for n in range(4):
        both = ((first, 5, 3), (second, 3, 5))
        for one, size, _ in both:
            event(
                scene.world,
                one,
                "SuccessfulRescale",
                f"New size: {size}; reason: cpu resource utilization (percentage of request) above target",
                by="hpa",
                first=scene.since - n * 3,
                count=3,
            )
    scene.tell("odd", app, root("scaler.conflict", first, second, app.parent), fix="none")


@fault(78, "events")
def webhook_has_nobody_behind_it(scene: Scene) -> None:
    world, space, called = (
        scene.world,
        "policy-system",
        scene.pick("admission-guard", "pod-defaults", "image-verifier"),
    )
    labels = (("app", called),)
    spec = container(
        "server",
        f"registry.policy.example/{called}:1.4.0",
        ports=[{"containerPort": 8443, "protocol": "TCP"}],
    )
    template = workloads.Template([spec], labels=labels)
    parent = workloads.deployment(
        world,
        space,
        called,
        template,
        ready=0,
        conditions=[
            workloads.not_available(world, scene.since),
            workloads.progressed(world, "x", days(40)),
        ],
    )
    child = workloads.replicaset(world, parent, replicas=1, ready=0, born=days(40))
    one = crashing_pod(world, child, scene.nth(0), spec, code=1, born=scene.since, restarts=8)
    for previous in (True, False):
        world.log(
            one,
            "server",
            (2.05, "panic: cannot load policy bundle: unexpected EOF"),
            previous=previous,
        )
    front = service(world, space, called, dict(labels), port=443, target=8443)
    slices(world, front, [one], number=8443, unready=(one["metadata"]["name"],))
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
        "scope": "*",
    }
    hook = plain(
        world, "MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1", called,
        webhooks=[{
            "name": f"{called}.policy.example", "failurePolicy": "Fail", "timeoutSeconds": 10, "rules": [rule],
            "sideEffects": "None", "admissionReviewVersions": ["v1"], "matchPolicy": "Equivalent",
            "namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", space]}]},
            "objectSelector": {}, "clientConfig": {"service": {"name": called, "namespace": space, "path": "/mutate", "port": 443}},
        }],
    )  # fmt: skip
    why = f'Internal error occurred: failed calling webhook "{called}.policy.example": failed to call webhook: Post "https://{called}.{space}.svc:443/mutate?timeout=10s": no endpoints available for service "{called}"'
    app = refused(scene, why, name=scene.back)
    scene.tell(
        "pending", app, root("webhook.unreachable pod.crash_loop", hook, parent), fix="none",
        symptoms_ok=["workload.create_refused.webhook", "deploy.unavailable", "service.endpoints_not_ready"],
    )  # fmt: skip


@fault(80)
def namespace_waits_for_a_dead_api(scene: Scene) -> None:
    world, group = scene.world, scene.pick("custom.metrics.k8s.io", "external.metrics.k8s.io")
    dead = api_service(
        scene,
        f"v1beta1.{group}",
        ("monitoring", "metrics-adapter"),
        "ServiceNotFound",
        'service/metrics-adapter in "monitoring" is not present',
    )
    at, space = world.ago(scene.since), f"{scene.space}-old"
    text = f"Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: {group}/v1beta1: stale GroupVersion discovery: {group}/v1beta1"
    kinds = (
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
    )
    conditions = [
        workloads.condition(
            "NamespaceDeletionDiscoveryFailure", "True", "DiscoveryFailed", text, at
        )
    ]
    conditions += [
        workloads.condition(kind, "False", "ContentRemoved", "All content successfully removed", at)
        for kind in kinds
    ]
    one = plain(
        world,
        "Namespace",
        "v1",
        space,
        spec={"finalizers": ["kubernetes"]},
        status={"phase": "Terminating", "conditions": conditions},
    )
    one["metadata"]["deletionTimestamp"] = at
    scene.healthy(scene.back)
    scene.tell(
        "odd",
        one,
        root("apiservice.unavailable", dead),
        space=space,
        fix="none",
        symptoms_ok=["ns.stuck_terminating"],
    )


@fault(81)
def finalizer_nobody_clears(scene: Scene) -> None:
    kind, plural, group = scene.pick(
        ("Bucket", "buckets", "storage.example.org"), ("QueueUser", "queueusers", "mq.example.io")
    )
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        },
    }
    flags = [
        {
            "type": each,
            "status": "True",
            "reason": "X",
            "message": "",
            "lastTransitionTime": scene.world.ago(days(60)),
        }
        for each in ("NamesAccepted", "Established")
    ]
    plain(
        scene.world,
        "CustomResourceDefinition",
        "apiextensions.k8s.io/v1",
        f"{plural}.{group}",
        spec={"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
        status={"acceptedNames": names, "conditions": flags, "storedVersions": ["v1"]},
    )
    one = plain(
        scene.world,
        kind,
        f"{group}/v1",
        f"{scene.back}-{kind.lower()}",
        scene.space,
        spec={"size": "small"},
    )
    one["metadata"].update(
        deletionTimestamp=scene.world.ago(hours(scene.dice.randrange(2, 30))),
        finalizers=[f"{group}/cleanup"],
    )
    one["metadata"]["deletionGracePeriodSeconds"] = 0
    scene.healthy(scene.back)
    scene.tell(
        "odd", one, root("object.finalizer_stuck", one), fix="none", mention=(f"{group}/cleanup",)
    )
