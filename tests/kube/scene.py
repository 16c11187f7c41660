"""One small scene for both servers: objects of most kinds, with the status that controllers would write."""

from collections.abc import Iterator
from typing import Any

import httpx2

from tests.kube.manifests import (
    KINDS,
    binding,
    budget,
    config,
    containers,
    deployment,
    pod,
    role,
    service,
    thing,
    user,
    workload,
)
from tests.kube.server import VERSIONS

Json = dict[str, Any]

STARTED = "2026-11-20T08:00:00Z"
NODE, CLASS, VOLUME = "side-node", "side-class", "side-volume"
LABELS = {"app": "web"}
# Kinds of the cluster, not of a namespace.
_CLUSTER = frozenset(
    {
        "nodes", "persistentvolumes", "storageclasses.storage.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io", "priorityclasses.scheduling.k8s.io",
    }
)  # fmt: skip


def lay(http: httpx2.Client, namespace: str) -> None:
    """Put the scene on, objects first, each with its status."""
    uids: dict[str, str] = {}
    told = thing("Namespace", namespace)
    http.post("/api/v1/namespaces", json=told).raise_for_status()
    for resource, told in scene():
        status = told.pop("status", None)
        for owner in told["metadata"].get("ownerReferences", []):
            owner["uid"] = uids[owner["name"]]
        made = http.post(_path(resource, namespace), json=told)
        assert made.status_code in {201, 409}, made.text
        name = told["metadata"]["name"]
        if made.status_code == 201:
            uids[name] = made.json()["metadata"]["uid"]
        if status:
            path = _path(resource, namespace, f"{name}/status")
            headers = {"content-type": "application/merge-patch+json"}
            http.patch(path, json={"status": status}, headers=headers).raise_for_status()


def clear(http: httpx2.Client, namespace: str) -> None:
    """Take it all away; no kubelet is there to stop the pods that have a node."""
    http.delete(_path("pods", namespace), params={"gracePeriodSeconds": 0})
    http.delete(f"/api/v1/namespaces/{namespace}")
    for resource, told in scene():
        if resource in _CLUSTER:
            http.delete(_path(resource, "", told["metadata"]["name"]))


def scene() -> Iterator[tuple[str, Json]]:
    yield from _plain()
    yield from _workloads()
    yield from _network()
    yield from _storage()
    yield from _policies()
    yield "customresourcedefinitions.apiextensions.k8s.io", sprockets()
    yield "customresourcedefinitions.apiextensions.k8s.io", rotors()


def _path(resource: str, namespace: str, name: str = "") -> str:
    plural, _, group = resource.partition(".")
    root = VERSIONS.get(group) or f"apis/{group}/v1"
    place = [] if resource in _CLUSTER else ["namespaces", namespace]
    return "/" + "/".join(part for part in [root, *place, plural, name] if part)


def _plain() -> Iterator[tuple[str, Json]]:
    yield "configmaps", config("settings", {"tier": "back"}, colour="blue", size="10")
    yield "configmaps", config("extra", {"tier": "front"}, colour="green")
    secret = thing("Secret", "password", stringData={"user": "ann", "password": "wonder"})
    yield "secrets", {**secret, "type": "Opaque"}
    yield "serviceaccounts", thing("ServiceAccount", "robot")
    yield "nodes", _node()


def _node() -> Json:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "posting"}
    told = thing("Node", NODE, labels={"kubernetes.io/hostname": NODE, "zone": "a"})
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    system = {
        "kubeletVersion": "v1.34.4", "osImage": "Debian GNU/Linux 12", "kernelVersion": "6.1.0",
        "containerRuntimeVersion": "containerd://1.7.1", "architecture": "amd64",
        "operatingSystem": "linux", "bootID": "", "machineID": "", "systemUUID": "",
        "kubeProxyVersion": "",
    }  # fmt: skip
    status = {
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": [{**ready, "lastHeartbeatTime": STARTED, "lastTransitionTime": STARTED}],
        "addresses": [{"type": "InternalIP", "address": "192.168.1.7"}],
        "nodeInfo": system,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    }
    # Set on creation by a real server; its controller takes it off when the kubelet is heard of.
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    return {**told, "spec": {"podCIDR": "10.20.0.0/24", "taints": [taint]}, "status": status}


def _workloads() -> Iterator[tuple[str, Json]]:
    web = deployment("web")
    web["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    yield "deployments.apps", {**web, "status": _rolled_out()}
    for revision, image in ((1, "shop/app:0"), (2, "shop/app:1")):
        yield "replicasets.apps", _replica_set(revision, image)
    yield "pods", _running_pod()
    yield "pods", pod("waiting", {"app": "waiting"}, nodeSelector={"zone": "b"})
    yield "pods", _crashing_pod()
    for kind, resource in (("StatefulSet", "statefulsets.apps"), ("DaemonSet", "daemonsets.apps")):
        more = {"serviceName": "web"} if kind == "StatefulSet" else {}
        yield resource, workload(kind, kind.lower(), **more)
    yield "jobs.batch", {**KINDS["jobs.batch"][0], "metadata": {"name": "once"}}
    yield "cronjobs.batch", {**KINDS["cronjobs.batch"][0], "metadata": {"name": "nightly"}}


def _rolled_out() -> Json:
    known = {"lastUpdateTime": STARTED, "lastTransitionTime": STARTED}
    return {
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
        "availableReplicas": 2,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", **known}
        ],
    }  # fmt: skip


def _replica_set(revision: int, image: str) -> Json:
    told = workload("ReplicaSet", f"web-{revision}", replicas=2 if revision == 2 else 0)
    told["metadata"] |= {
        "labels": {**LABELS, "pod-template-hash": str(revision)},
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
        ],
    }
    hashed = {**LABELS, "pod-template-hash": str(revision)}
    told["spec"]["selector"]["matchLabels"] = hashed
    told["spec"]["template"] = {
        "metadata": {"labels": hashed},
        "spec": {"containers": containers(image=image)},
    }
    return {
        **told,
        "status": {"replicas": 2, "readyReplicas": 2} if revision == 2 else {"replicas": 0},
    }


def _running_pod() -> Json:
    told = pod("web-2-a", {**LABELS, "pod-template-hash": "2"}, nodeName=NODE)
    told["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-2", "controller": True}
    ]
    [container] = told["spec"]["containers"]
    container |= {
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": "COLOUR", "valueFrom": _from_settings()}, {"name": "A", "value": "1"}],
        "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings"}],
    }
    told["spec"]["volumes"] = [{"name": "settings", "configMap": {"name": "settings"}}]
    state = {"running": {"startedAt": STARTED}}
    return {**told, "status": _pod_status(state, ready=True, restarts=0, phase="Running")}


def _from_settings() -> Json:
    return {"configMapKeyRef": {"name": "settings", "key": "colour"}}


def _crashing_pod() -> Json:
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
    told = pod("crashing", {"app": "crashing"}, nodeName=NODE)
    killed = {"exitCode": 137, "reason": "OOMKilled", "startedAt": STARTED, "finishedAt": STARTED}
    status = _pod_status(state, ready=False, restarts=6, phase="Running")
    status["containerStatuses"][0]["lastState"] = {"terminated": killed}
    return {**told, "status": status}


def _pod_status(state: Json, *, ready: bool, restarts: int, phase: str) -> Json:
    told = str(ready)
    conditions = [
        {"type": name, "status": told if name != "PodScheduled" else "True",
         "lastProbeTime": None, "lastTransitionTime": STARTED}
        for name in ("ContainersReady", "PodScheduled", "Ready")
    ]  # fmt: skip
    container = {
        "name": "app", "image": "shop/app:1", "imageID": "sha256:1", "ready": ready,
        "restartCount": restarts, "state": state, "lastState": {}, "containerID": "containerd://1",
    }  # fmt: skip
    return {
        "phase": phase, "conditions": conditions, "containerStatuses": [container],
        "podIP": "10.20.0.5", "podIPs": [{"ip": "10.20.0.5"}], "hostIP": "192.168.1.7",
        "startTime": STARTED,
    }  # fmt: skip


def _network() -> Iterator[tuple[str, Json]]:
    yield "services", service("web")
    yield "services", service("apart", clusterIP="None")
    yield "services", service("outside", type="ExternalName", externalName="example.com")
    endpoint = {"addresses": ["10.20.0.5"], "conditions": {"ready": True}}
    told = thing(
        "EndpointSlice", "web-1", api="discovery.k8s.io/v1", addressType="IPv4",
        labels={"kubernetes.io/service-name": "web"},
        endpoints=[endpoint], ports=[{"name": "", "port": 80, "protocol": "TCP"}],
    )  # fmt: skip
    yield "endpointslices.discovery.k8s.io", told
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rules = [{"host": "shop.example.com", "http": {"paths": [path]}}]
    ingress = thing("Ingress", "shop", api="networking.k8s.io/v1", spec={"rules": rules})
    yield "ingresses.networking.k8s.io", ingress
    policy: Json = {
        "podSelector": {"matchLabels": LABELS},
        "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}],
        "policyTypes": ["Ingress"],
    }
    told = thing("NetworkPolicy", "own", api="networking.k8s.io/v1", spec=policy)
    yield "networkpolicies.networking.k8s.io", told


def _storage() -> Iterator[tuple[str, Json]]:
    told = thing("StorageClass", CLASS, api="storage.k8s.io/v1", provisioner="example.com/disk")
    yield "storageclasses.storage.k8s.io", told
    spec = {
        "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"],
        "storageClassName": CLASS, "hostPath": {"path": "/srv"},
    }  # fmt: skip
    yield "persistentvolumes", thing("PersistentVolume", VOLUME, spec=spec)
    spec = {
        "accessModes": ["ReadWriteOnce"], "storageClassName": CLASS,
        "resources": {"requests": {"storage": "1Gi"}},
    }  # fmt: skip
    yield "persistentvolumeclaims", thing("PersistentVolumeClaim", "disk", spec=spec)


def _policies() -> Iterator[tuple[str, Json]]:
    status = {
        "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 2,
        "observedGeneration": 1,
    }  # fmt: skip
    yield "poddisruptionbudgets.policy", {**budget("web", minAvailable=1), "status": status}
    yield "horizontalpodautoscalers.autoscaling", _autoscaler()
    hard = {"pods": "9", "requests.cpu": "4", "count/configmaps": "20"}
    yield "resourcequotas", thing("ResourceQuota", "bounds", spec={"hard": hard})
    limit = {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}}
    yield "limitranges", thing("LimitRange", "sizes", spec={"limits": [limit]})
    reads = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}
    yield "roles.rbac.authorization.k8s.io", role("reader", reads)
    bound = binding("readers", "reader", user("bob"))
    yield "rolebindings.rbac.authorization.k8s.io", bound


def _autoscaler() -> Json:
    target = {"type": "Utilization", "averageUtilization": 70}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1, "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }  # fmt: skip
    current = {"averageUtilization": 35, "averageValue": "35m"}
    status = {
        "currentReplicas": 2, "desiredReplicas": 2,
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
        "conditions": [
            {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale",
             "message": "recommended size matches current size", "lastTransitionTime": STARTED},
        ],
    }  # fmt: skip
    told = thing("HorizontalPodAutoscaler", "web", api="autoscaling/v2", spec=spec)
    return {**told, "status": status}


def sprockets() -> Json:
    """A kind of one's own that says how it is listed."""
    fields = {"size": {"type": "integer", "description": "How large."}, "note": {"type": "string"}}
    told = {"spec": {"type": "object", "properties": fields}}
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "How large."},
        {"name": "Note", "type": "string", "jsonPath": ".spec.note", "priority": 1},
        {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    version = {
        "name": "v1", "served": True, "storage": True, "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": told}},
    }  # fmt: skip
    names = {
        "plural": "sprockets",
        "singular": "sprocket",
        "kind": "Sprocket",
        "shortNames": ["gd"],
    }
    spec = {
        "group": "side.example.com", "scope": "Namespaced", "names": names, "versions": [version],
    }  # fmt: skip
    return thing(
        "CustomResourceDefinition", "sprockets.side.example.com", api="apiextensions.k8s.io/v1",
        spec=spec,
    )  # fmt: skip


def rotors() -> Json:
    """A kind with a field of every shape that a definition can describe."""
    text, kept = {"type": "string"}, {"x-kubernetes-preserve-unknown-fields": True}
    part = {
        "name": {**text, "description": "Of the part."},
        "weights": {"type": "array", "items": {"type": "number"}},
    }
    fields: Json = {
        "size": {"type": "integer", "format": "int32", "minimum": 1, "description": "How large."},
        "ratio": {"type": "number"},
        "mode": {**text, "enum": ["a", "b"], "default": "a", "description": "Which mode."},
        "on": {"type": "boolean"},
        "port": {"x-kubernetes-int-or-string": True, "description": "Name or number."},
        "tags": {"type": "array", "items": text, "description": "Words."},
        "parts": {
            "type": "array",
            "description": "The parts.",
            "items": {"type": "object", "required": ["name"], "properties": part},
        },
        "labels": {"type": "object", "additionalProperties": text},
        "limits": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"max": text}},
        },
        "free": {"type": "object", **kept},
        "any": kept,
        "when": {**text, "format": "date-time"},
        "template": {"type": "object", "x-kubernetes-embedded-resource": True, **kept},
    }
    spec = {
        "type": "object", "description": "What is wanted.", "required": ["size"],
        "properties": fields,
    }  # fmt: skip
    status = {"type": "object", "properties": {"phase": text}}
    schema = {
        "type": "object", "description": "A rotor of the scene.", "required": ["spec"],
        "properties": {"spec": spec, "status": status},
    }  # fmt: skip
    version: Json = {
        "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }  # fmt: skip
    told = {
        "group": "side.example.com", "scope": "Namespaced",
        "names": {"plural": "rotors", "singular": "rotor", "kind": "Rotor"}, "versions": [version],
    }  # fmt: skip
    return thing(
        "CustomResourceDefinition", "rotors.side.example.com", api="apiextensions.k8s.io/v1",
        spec=told,
    )  # fmt: skip
