"""A namespace `shop` small enough to know by heart, told as of 2026-11-20 10:00 UTC."""

from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]

CAPTURED_AT = "2026-11-20T10:00:00Z"


def named(kind: str, name: str, *, api: str = "v1", namespace: str = "shop", **fields: Any) -> Json:
    """An object; `labels` and other metadata go into its metadata, all else beside it."""
    own = {"labels", "annotations", "uid", "ownerReferences", "finalizers", "creationTimestamp"}
    metadata = {"name": name, **{key: value for key, value in fields.items() if key in own}}
    if namespace:
        metadata["namespace"] = namespace
    rest = {key: value for key, value in fields.items() if key not in own}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def pod(name: str, *, ready: bool = True, node: str = "node-a", **labels: str) -> Json:
    state = {"running": {"startedAt": "2026-11-20T09:00:00Z"}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
    killed = {
        "exitCode": 137,
        "reason": "OOMKilled",
        "startedAt": "2026-11-20T09:58:00Z",
        "finishedAt": "2026-11-20T09:59:00Z",
    }
    status = {
        "name": "app",
        "image": "shop/web:1",
        "imageID": "sha256:1",
        "ready": ready,
        "restartCount": 0 if ready else 6,
        "state": state if ready else waiting,
        "lastState": {} if ready else {"terminated": killed},
    }
    return named(
        "Pod",
        name,
        labels={"app": "web", **labels},
        creationTimestamp="2026-11-20T08:00:00Z",
        ownerReferences=[
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "controller": True}
        ],
        spec={
            "nodeName": node,
            "containers": [
                {
                    "name": "app",
                    "image": "shop/web:1",
                    "env": [{"name": "STARTED", "value": "2026-11-20T07:00:00Z"}],
                }
            ],
        },
        status={"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": [status]},
    )


def template() -> Json:
    container = {
        "name": "app",
        "image": "shop/web:1",
        "ports": [{"containerPort": 8080}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"memory": "128Mi"}},
    }
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}


def deployment() -> Json:
    one = named(
        "Deployment",
        "web",
        api="apps/v1",
        labels={"app": "web"},
        spec={"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template()},
        status={"observedGeneration": 3, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 2},
    )
    one["metadata"]["generation"] = 3
    return one


def event(name: str, about: str, reason: str, kind: str = "Warning") -> Json:
    return named(
        "Event",
        name,
        involvedObject={"kind": "Pod", "namespace": "shop", "name": about},
        reason=reason,
        type=kind,
        message=f"{reason} of {about}",
        count=3,
        firstTimestamp="2026-11-20T09:00:00Z",
        lastTimestamp="2026-11-20T09:59:30Z",
        source={"component": "kubelet"},
    )


RBAC = "rbac.authorization.k8s.io"


def role_for_bob() -> list[Json]:
    rules = [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]
    return [
        named("Role", "reader", api=f"{RBAC}/v1", rules=rules),
        named(
            "RoleBinding",
            "bob-reads",
            api=f"{RBAC}/v1",
            roleRef={"apiGroup": RBAC, "kind": "Role", "name": "reader"},
            subjects=[{"apiGroup": RBAC, "kind": "User", "name": "bob"}],
        ),
    ]


def custom_resource() -> list[Json]:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {
                "name": "Ready",
                "type": "string",
                "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
            }
        ],
    }
    definition = named(
        "CustomResourceDefinition",
        "widgets.example.com",
        api="apiextensions.k8s.io/v1",
        namespace="",
        spec={
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [version],
        },
    )
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    widget = named("Widget", "one", api="example.com/v1", spec={"size": 1}, status=status)
    return [definition, widget]


def small_cluster() -> list[Json]:
    node_ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-01T00:00:00Z"}
    return [
        named("Node", "node-a", namespace="", status={"conditions": [node_ready]}),
        deployment(),
        named("ReplicaSet", "web-1", api="apps/v1", spec={"replicas": 2, "template": template()}),
        pod("web-a", tier="front"),
        pod("web-b", ready=False, node="node-b"),
        named(
            "Service",
            "web",
            spec={"clusterIP": "10.1.0.1", "ports": [{"port": 80}], "selector": {"app": "web"}},
        ),
        named("ConfigMap", "settings", data={"since": "2026-11-20T06:00:00Z", "mode": "fast"}),
        named("Secret", "password", type="Opaque", data={"value": "aHVudGVyMg=="}),
        event("web-b.1", "web-b", "BackOff"),
        event("web-a.1", "web-a", "Scheduled", "Normal"),
        named(
            "PodDisruptionBudget",
            "web",
            api="policy/v1",
            spec={"minAvailable": 2, "selector": {"matchLabels": {"tier": "front"}}},
            status={"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 2},
        ),
        *role_for_bob(),
        *custom_resource(),
    ]


LOG = (
    b"2026-11-20T09:58:10Z starting at 2026-11-20T09:58:10Z\n2026-11-20T09:58:59.5Z out of memory\n"
)


def write_snapshot(folder: Path, objects: list[Json] | None = None, **files: Any) -> Path:
    """A snapshot folder; keyword arguments are further files, `alerts=[…]` becomes alerts.json."""
    told = small_cluster() if objects is None else objects
    write(folder / "objects" / "all.json", {"apiVersion": "v1", "kind": "List", "items": told})
    write(folder / "snapshot.yaml", f"name: small\ncluster: small\ncaptured_at: '{CAPTURED_AT}'\n")
    write(folder / "logs/shop/web-b/app.previous.log", LOG)
    write(folder / "logs/shop/web-a/app.log", b"".join(b"line %d\n" % n for n in range(1, 11)))
    for name, value in files.items():
        write(folder / f"{name}.json", value)
    return folder


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return path
