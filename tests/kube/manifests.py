"""The smallest object of each kind that a real server keeps."""

from typing import Any

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
HELD = "example.com/wait"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def thing(
    kind: str, name: str, *, api: str = "v1", labels: Json | None = None, **rest: Any
) -> Json:
    metadata: Json = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def config(name: str, labels: Json | None = None, **data: str) -> Json:
    return thing("ConfigMap", name, labels=labels, data=data)


def held(one: Json) -> Json:
    """The object with a finalizer that nobody takes off by himself."""
    return one | {"metadata": one["metadata"] | {"finalizers": [HELD]}}


def containers(*names: str, image: str = "shop/app:1") -> list[Json]:
    return [{"name": name, "image": image} for name in names or ("app",)]


def pod(name: str, labels: Json | None = None, **spec: Any) -> Json:
    return thing("Pod", name, labels=labels, spec={"containers": containers(), **spec})


def template(*names: str, restart: str = "Always") -> Json:
    spec = {"containers": containers(*names), "restartPolicy": restart}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


def workload(kind: str, name: str, **spec: Any) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    return thing(
        kind, name, api="apps/v1", spec={"selector": selector, "template": template(), **spec}
    )


def deployment(name: str, replicas: int = 2, **spec: Any) -> Json:
    return workload("Deployment", name, replicas=replicas, **spec)


def service(name: str, **spec: Any) -> Json:
    return thing(
        "Service", name, spec={"ports": [{"port": 80}], "selector": {"app": "web"}, **spec}
    )


def budget(name: str, **spec: Any) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    return thing("PodDisruptionBudget", name, api="policy/v1", spec={"selector": selector, **spec})


def role(name: str, *rules: Json) -> Json:
    return thing("Role", name, api=f"{RBAC}/v1", rules=list(rules))


def binding(name: str, role_name: str, subject: Json) -> Json:
    reference = {"apiGroup": RBAC, "kind": "Role", "name": role_name}
    return thing("RoleBinding", name, api=f"{RBAC}/v1", roleRef=reference, subjects=[subject])


def user(name: str) -> Json:
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def definition(plural: str) -> Json:
    """A kind of one's own, whose `spec` may hold a size and a set of tags."""
    tags = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
    fields = {"size": {"type": "integer"}, "tags": tags}
    spec = {"type": "object", "properties": fields}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    return thing(
        "CustomResourceDefinition",
        f"{plural}.check.example.com",
        api="apiextensions.k8s.io/v1",
        spec={
            "group": "check.example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": plural.capitalize()},
            "versions": [version],
        },
    )


def _job() -> Json:
    return thing("Job", "x", api="batch/v1", spec={"template": _once()})


def _once() -> Json:
    return {"spec": {"containers": containers(), "restartPolicy": "Never"}}


def _cron_job() -> Json:
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": _once()}}}
    return thing("CronJob", "x", api="batch/v1", spec=spec)


def _autoscaler() -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return thing(
        "HorizontalPodAutoscaler",
        "x",
        api="autoscaling/v2",
        spec={"scaleTargetRef": target, "maxReplicas": 3, "minReplicas": 1},
    )


def _ingress() -> Json:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return thing("Ingress", "x", api="networking.k8s.io/v1", spec={"defaultBackend": backend})


def _claim() -> Json:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return thing("PersistentVolumeClaim", "x", spec=spec)


def _slice() -> Json:
    return thing(
        "EndpointSlice", "x", api="discovery.k8s.io/v1", addressType="IPv4", endpoints=[], ports=[]
    )


# Resource → an object named `x`, and whether the server counts its generations.
KINDS: dict[str, tuple[Json, bool]] = {
    "configmaps": (config("x", a="1"), False),
    "secrets": (thing("Secret", "x", stringData={"a": "1"}), False),
    "services": (service("x"), False),
    "serviceaccounts": (thing("ServiceAccount", "x"), False),
    "pods": (pod("x"), True),
    "limitranges": (thing("LimitRange", "x", spec={"limits": []}), False),
    "resourcequotas": (thing("ResourceQuota", "x", spec={"hard": {"pods": "90"}}), False),
    "persistentvolumeclaims": (_claim(), False),
    "deployments.apps": (deployment("x"), True),
    "replicasets.apps": (workload("ReplicaSet", "x"), True),
    "statefulsets.apps": (workload("StatefulSet", "x", serviceName="x"), True),
    "daemonsets.apps": (workload("DaemonSet", "x"), True),
    "jobs.batch": (_job(), True),
    "cronjobs.batch": (_cron_job(), True),
    "horizontalpodautoscalers.autoscaling": (_autoscaler(), False),
    "ingresses.networking.k8s.io": (_ingress(), True),
    "networkpolicies.networking.k8s.io": (
        thing("NetworkPolicy", "x", api="networking.k8s.io/v1", spec={"podSelector": {}}),
        True,
    ),
    "poddisruptionbudgets.policy": (budget("x", minAvailable=1), True),
    f"roles.{RBAC}": (role("x"), False),
    f"rolebindings.{RBAC}": (binding("x", "x", user("bob")), False),
    "leases.coordination.k8s.io": (
        thing("Lease", "x", api="coordination.k8s.io/v1", spec={}),
        False,
    ),
    "endpointslices.discovery.k8s.io": (_slice(), True),
}
