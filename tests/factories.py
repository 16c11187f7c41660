"""Builders of Kubernetes objects as an API server prints them, and of clusters made of them."""

import copy
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.logged_calls import calls_told
from mcp_servers.engines.rca_ranking import Ranking, rank
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Json, LogLines, Ref, Resource
from mcp_servers.facts.metrics import Series
from mcp_servers.rca.texts import Texts
from tests.kinds import API, CLUSTER_SCOPED

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
OLD = 60 * 24 * 9  # minutes: long before any window
HASH = "7d4b9c6f5d"


def at(minutes_ago: float) -> datetime:
    return NOW - timedelta(minutes=minutes_ago)


def stamp(minutes_ago: float) -> str:
    return f"{at(minutes_ago):%Y-%m-%dT%H:%M:%SZ}"


def uid_of(kind: str, namespace: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{namespace}/{name}"))


def thing(
    kind: str,
    name: str,
    *,
    namespace: str = "shop",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: Json | None = None,
    age: float = OLD,
    **body: Any,
) -> Json:
    """Any object; `owner` becomes its controller, `age` is in minutes."""
    place = "" if kind in CLUSTER_SCOPED else namespace
    metadata: Json = {
        "name": name,
        "uid": uid_of(kind, place, name),
        "creationTimestamp": stamp(age),
        "labels": dict(labels or {}),
        "annotations": dict(annotations or {}),
    }
    if place:
        metadata["namespace"] = place
    if owner:
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    return {"apiVersion": API.get(kind, "v1"), "kind": kind, "metadata": metadata, **body}


def container(name: str = "web", **fields: Any) -> Json:
    """A container's spec that no note of hygiene speaks about, with one port 8080."""
    return {
        "name": name,
        "image": f"registry.example.com/{name}:1.4.2",
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False},
        "readinessProbe": {"exec": {"command": ["/bin/ready"]}},
        **fields,
    }


def running(name: str = "web", *, ready: bool = True, since: float = OLD, **fields: Any) -> Json:
    """A container status; `since` is in minutes ago."""
    state = {"running": {"startedAt": stamp(since)}}
    base = {"name": name, "ready": ready, "started": ready, "restartCount": 0, "state": state}
    return {**base, "image": f"registry.example.com/{name}:1.4.2", **fields}


def waiting(name: str = "web", reason: str = "", message: str = "", **fields: Any) -> Json:
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return running(name, ready=False, **{"state": state, **fields})


def ended(
    code: int, reason: str = "Error", *, ago: float = 5, ran: float = 10, **more: Any
) -> Json:
    """The `terminated` part of a state; `ran` is how many minutes it lived."""
    times = {"startedAt": stamp(ago + ran), "finishedAt": stamp(ago)}
    return {"terminated": {"exitCode": code, "reason": reason, **times, **more}}


def deployment(
    name: str = "web", *, replicas: int = 2, ready: int | None = None, **more: Any
) -> Json:
    """A Deployment whose status says that `ready` replicas are available."""
    available = replicas if ready is None else ready
    containers = more.pop("containers", None) or [container(name)]
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        **more.pop("spec", {}),
    }
    template = {
        "metadata": {"labels": {"app": name, **more.pop("template_labels", {})}},
        "spec": {
            "containers": containers,
            "automountServiceAccountToken": False,
            **more.pop("pod_spec", {}),
        },
    }
    status = {
        "observedGeneration": 3,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": available,
        "availableReplicas": available,
        "conditions": more.pop("conditions", []),
        **more.pop("status", {}),
    }
    annotations = {"deployment.kubernetes.io/revision": "2", **more.pop("annotations", {})}
    made = thing("Deployment", name, annotations=annotations, labels={"app": name}, **more)
    made["metadata"]["generation"] = 3
    return {**made, "spec": {"template": template, **spec}, "status": status}


def replica_set(
    owner: Json, pod_hash: str = HASH, *, revision: int = 2, image: str = "", **more: Any
) -> Json:
    """A revision of a Deployment."""
    template = copy.deepcopy(owner["spec"]["template"])
    template["metadata"]["labels"]["pod-template-hash"] = pod_hash
    if image:
        template["spec"]["containers"][0]["image"] = image
    replicas = more.pop("replicas", owner["spec"]["replicas"])
    name = f"{owner['metadata']['name']}-{pod_hash}"
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    namespace = owner["metadata"]["namespace"]
    body = {
        "spec": {"replicas": replicas, "template": template},
        "status": {"replicas": replicas, "readyReplicas": more.pop("ready", replicas)},
    }
    return thing(
        "ReplicaSet",
        name,
        namespace=namespace,
        owner=owner,
        annotations=annotations,
        labels=template["metadata"]["labels"],
        **body,
        **more,
    )


def pod(
    owner: Json | None = None,
    suffix: str = "x2x9p",
    *,
    status: Sequence[Json] = (),
    ready: bool | None = None,
    **more: Any,
) -> Json:
    """A pod of a ReplicaSet (or any controller with a template); healthy unless told otherwise."""
    template = owner["spec"]["template"] if owner else {"metadata": {}, "spec": {}}
    spec = copy.deepcopy(template.get("spec", {})) | {"nodeName": "node-1"} | more.pop("spec", {})
    spec.setdefault("containers", [container()])
    spec.setdefault("automountServiceAccountToken", False)
    name = more.pop("name", "") or f"{owner['metadata']['name'] if owner else 'web'}-{suffix}"
    statuses = list(status) or [running(one["name"]) for one in spec["containers"]]
    is_ready = all(one["ready"] for one in statuses) if ready is None else ready
    changed = stamp(more.pop("changed", OLD if is_ready else 10))
    condition = {"type": "Ready", "status": str(is_ready), "lastTransitionTime": changed}
    body = {
        "phase": more.pop("phase", "Running"),
        "conditions": [condition, *more.pop("conditions", [])],
        "containerStatuses": statuses,
        **more.pop("pod_status", {}),
    }
    labels = {**template.get("metadata", {}).get("labels", {}), **more.pop("labels", {})}
    namespace = more.pop(
        "namespace", owner["metadata"].get("namespace", "shop") if owner else "shop"
    )
    made = thing("Pod", name, namespace=namespace, owner=owner, labels=labels, **more)
    return {**made, "spec": spec, "status": body}


def condition(
    kind: str, status: str, *, reason: str = "", message: str = "", ago: float = 30
) -> Json:
    times = {"lastTransitionTime": stamp(ago), "lastUpdateTime": stamp(ago)}
    return {"type": kind, "status": status, "reason": reason, "message": message, **times}


def service(name: str = "web", *, selector: Mapping[str, str] | None = None, **more: Any) -> Json:
    spec = {
        "type": "ClusterIP",
        "clusterIP": more.pop("ip", "10.96.0.15"),
        "selector": dict(selector or {"app": name}),
        "ports": [{"name": "http", "port": 8080, "targetPort": 8080}],
        **more.pop("spec", {}),
    }
    return {**thing("Service", name, **more), "spec": spec}


def endpoint_slice(of: Json, pods: Iterable[Json], *, ready: bool | None = None) -> Json:
    """The slice of a Service; a pod is ready as its condition says unless `ready` is given."""
    name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
    labels = {"kubernetes.io/service-name": name}
    return thing(
        "EndpointSlice",
        f"{name}-h2x7k",
        namespace=namespace,
        labels=labels,
        addressType="IPv4",
        endpoints=[
            {
                "addresses": [f"10.244.0.{n}"],
                "conditions": {"ready": _is_ready(one) if ready is None else ready},
                "targetRef": {
                    "kind": "Pod",
                    "namespace": namespace,
                    "name": one["metadata"]["name"],
                    "uid": one["metadata"]["uid"],
                },
            }
            for n, one in enumerate(pods, start=10)
        ],
        ports=[{"name": "http", "port": 8080}],
    )


def _is_ready(one: Json) -> bool:
    return one["status"]["conditions"][0]["status"] == "True"


def workload(name: str = "web", *, replicas: int = 2, **more: Any) -> list[Json]:
    """A healthy Deployment with its ReplicaSet, pods, budget, Service and EndpointSlice."""
    made = deployment(name, replicas=replicas, **more)
    replicas_of = replica_set(made)
    pods = [pod(replicas_of, f"aa{n}bb") for n in range(replicas)]
    front = service(name, namespace=made["metadata"]["namespace"])
    return [made, replicas_of, *pods, budget(made), front, endpoint_slice(front, pods)]


def budget(of: Json, *, allowed: int = 1, **more: Any) -> Json:
    """A PodDisruptionBudget of a workload whose pods are all healthy."""
    pods = of["spec"]["replicas"]
    spec = {"selector": of["spec"]["selector"], "maxUnavailable": allowed}
    status = {
        "expectedPods": pods,
        "currentHealthy": pods,
        "desiredHealthy": pods - allowed,
        "disruptionsAllowed": allowed,
    }
    place = {"namespace": of["metadata"]["namespace"]}
    name = of["metadata"]["name"]
    return thing("PodDisruptionBudget", name, spec=spec, status=status, **place, **more)


def node(name: str = "node-1", *, conditions: Sequence[Json] = (), **more: Any) -> Json:
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "50Gi"}
    told = {one["type"] for one in conditions}
    healthy = [("Ready", "True"), ("MemoryPressure", "False"), ("DiskPressure", "False")]
    every = [*conditions, *(condition(kind, state) for kind, state in healthy if kind not in told)]
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        **more.pop("labels", {}),
    }
    status = {"allocatable": {**allocatable, **more.pop("allocatable", {})}, "conditions": every}
    spec = more.pop("spec", {})
    return {**thing("Node", name, labels=labels, **more), "spec": spec, "status": status}


def event(
    about: Json,
    reason: str,
    message: str = "",
    *,
    ago: float = 5,
    first: float | None = None,
    count: int = 1,
    container_name: str = "",
    kind: str = "Warning",
    source: str = "kubelet",
) -> Event:
    """An event about an object; `ago` and `first` are minutes."""
    metadata = about["metadata"]
    return Event(
        uid=uid_of("Event", reason, f"{metadata['name']}{message}{ago}"),
        about=Ref(about["kind"], metadata.get("namespace", ""), metadata["name"]),
        about_uid=metadata.get("uid", ""),
        reason=reason,
        message=message,
        kind=kind,
        count=count,
        first_at=at(ago if first is None else first),
        last_at=at(ago),
        field_path=f"spec.containers{{{container_name}}}" if container_name else "",
        source=source,
    )


def log(
    of: Json,
    *lines: str,
    name: str = "web",
    previous: bool = False,
    last: float = 1,
    every_s: float = 60,
) -> LogLines:
    """A log whose last line is `last` minutes old, with `every_s` seconds between lines."""
    metadata = of["metadata"]
    step = every_s / 60
    times = [at(last + step * (len(lines) - 1 - n)) for n in range(len(lines))]
    where = Ref("Pod", metadata["namespace"], metadata["name"])
    return LogLines(where, name, previous, tuple(zip(times, lines, strict=True)))


def memory_series(
    of: Json, values: Sequence[float], *, name: str = "web", hours: float = 8
) -> Series:
    """Working set in MiB, evenly over the last hours."""
    metadata = of["metadata"]
    labels = {"namespace": metadata["namespace"], "pod": metadata["name"], "container": name}
    step = hours * 60 / max(len(values) - 1, 1)
    points = [(at(hours * 60 - step * n), value * 2**20) for n, value in enumerate(values)]
    query = "container_memory_working_set_bytes"
    return Series(query, tuple(sorted(labels.items())), tuple(points), unit="bytes", role=query)


def cluster(
    *objects: Json,
    events: Sequence[Event] = (),
    logs: Sequence[LogLines] = (),
    series: Sequence[Series] = (),
    **more: Any,
) -> Cluster:
    resources = [Resource(one) for one in objects]
    return Cluster(now=NOW, resources=resources, events=events, logs=logs, series=series, **more)


def found(of: Cluster, rule: str) -> Finding:
    """The one finding of this rule; it can be told in both languages."""
    told = [one for one in diagnose(of) if one.rule == rule]
    assert len(told) == 1, f"{rule}: {[one.rule for one in diagnose(of)]}"
    for texts in (Texts("en"), Texts("zh")):
        for part in (texts.title, texts.cause, texts.fix, texts.advice):
            part(told[0])  # a param that is missing is an error
    return told[0]


def rules(of: Cluster) -> set[str]:
    return {one.rule for one in diagnose(of)}


def notes(of: Cluster) -> set[str]:
    """The rules of hygiene that spoke."""
    return {one.rule for one in diagnose(of) if one.severity is Severity.LOW}


def roots(of: Cluster) -> list[str]:
    """The rules that a ranking names as causes, the first of them first."""
    return [root.finding.rule for root in ranking(of).roots]


def ranking(of: Cluster) -> Ranking:
    findings = diagnose(of)
    edges = topology(of, calls=calls_told(of, findings))
    return rank(findings, of, edges)
