"""The objects of a large cluster: teams with Deployments of ten pods, of which some crash.

They are what an API server shows, with owners, probes, tolerations, conditions and events, because
bare pods would be read and diagnosed in a fraction of the time and memory.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

AT = "2026-11-20T10:00:00Z"
CRASHED_AT = "2026-11-20T09:58:00Z"
CREATED_AT = "2026-11-20T06:00:00Z"
PODS_OF_ONE = 10
WORKLOADS_OF_A_TEAM = 20
ONE_CRASHES_IN = 100
# How many of the others started within the last hour, so that their events are still kept.
ONE_IS_YOUNG_IN = 10
HASH = "7d4b9c6f5d"


def large_cluster(nodes: int, pods: int) -> Iterator[Json]:
    """Every object, owners before what they own."""
    workloads = range(-(-pods // PODS_OF_ONE))
    yield from map(node, range(nodes))
    for team in sorted({team_of(workload) for workload in workloads}):
        yield named("Namespace", team, labels={"kubernetes.io/metadata.name": team})
    for workload in workloads:
        yield from (deployment(workload), replica_set(workload), service(workload))
        yield settings(workload)
    for number in range(pods):
        yield pod(number, nodes)
    for workload in workloads:
        yield endpoint_slice(workload, pods)
    for number in range(pods):
        yield from events(number, nodes)


def crashes(number: int) -> bool:
    return number % ONE_CRASHES_IN == 0


def named(kind: str, name: str, namespace: str = "", *, api: str = "v1", **fields: Any) -> Json:
    """`labels` and owners go into the metadata, all else beside it."""
    own = {"labels", "ownerReferences", "annotations"}
    metadata = {"name": name, "creationTimestamp": CREATED_AT}
    metadata |= {key: value for key, value in fields.items() if key in own}
    if namespace:
        metadata["namespace"] = namespace
    rest = {key: value for key, value in fields.items() if key not in own}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def node_name(number: int) -> str:
    return f"node-{number}"


def node(number: int) -> Json:
    name = node_name(number)
    room = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "200Gi"}
    conditions = [
        {"type": kind, "status": "False", "lastTransitionTime": CREATED_AT, "reason": f"No{kind}"}
        for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")
    ]
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": CREATED_AT}
    address = f"10.{number // 250}.{number % 250}.1"
    return named(
        "Node",
        name,
        labels={"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"z{number % 3}"},
        spec={"podCIDR": f"10.{100 + number // 250}.{number % 250}.0/24"},
        status={
            "conditions": [*conditions, ready],
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": address}],
            "nodeInfo": {"kubeletVersion": "v1.34.4", "osImage": "Debian GNU/Linux 13"},
        },
    )


def team_of(workload: int) -> str:
    return f"team-{workload // WORKLOADS_OF_A_TEAM}"


def app_of(workload: int) -> str:
    return f"app-{workload}"


def labels_of(workload: int) -> Json:
    return {"app": app_of(workload), "team": team_of(workload)}


def owned_by(kind: str, name: str) -> list[Json]:
    """Without a uid: whoever stores the owner knows it."""
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": True}]


def pod_spec(workload: int) -> Json:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10}
    container = {
        "name": "app",
        "image": f"registry.example/{app_of(workload)}:1.4.2",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "TEAM", "value": team_of(workload)},
            {
                "name": "MODE",
                "valueFrom": {"configMapKeyRef": {"name": app_of(workload), "key": "mode"}},
            },
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "livenessProbe": probe,
        "readinessProbe": probe,
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/app", "readOnly": True}],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    return {
        "containers": [container],
        "volumes": [{"name": "settings", "configMap": {"name": app_of(workload)}}],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "enableServiceLinks": True,
    }


def template(workload: int) -> Json:
    return {"metadata": {"labels": labels_of(workload)}, "spec": pod_spec(workload)}


def deployment(workload: int) -> Json:
    return named(
        "Deployment",
        app_of(workload),
        team_of(workload),
        api="apps/v1",
        labels=labels_of(workload),
        annotations={"deployment.kubernetes.io/revision": "1"},
        spec={
            "replicas": PODS_OF_ONE,
            "selector": {"matchLabels": {"app": app_of(workload)}},
            "template": template(workload),
        },
        status=counts(workload),
    )


def replica_set(workload: int) -> Json:
    labels = {**labels_of(workload), "pod-template-hash": HASH}
    return named(
        "ReplicaSet",
        f"{app_of(workload)}-{HASH}",
        team_of(workload),
        api="apps/v1",
        labels=labels,
        annotations={"deployment.kubernetes.io/revision": "1"},
        ownerReferences=owned_by("Deployment", app_of(workload)),
        spec={
            "replicas": PODS_OF_ONE,
            "selector": {"matchLabels": labels},
            "template": {**template(workload), "metadata": {"labels": labels}},
        },
        status=counts(workload),
    )


def counts(workload: int) -> Json:
    first = workload * PODS_OF_ONE
    ready = sum(not crashes(number) for number in range(first, first + PODS_OF_ONE))
    return {"replicas": PODS_OF_ONE, "readyReplicas": ready, "availableReplicas": ready}


def service(workload: int) -> Json:
    return named(
        "Service",
        app_of(workload),
        team_of(workload),
        labels=labels_of(workload),
        spec={
            "selector": {"app": app_of(workload)},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    )


def settings(workload: int) -> Json:
    data = {"mode": "fast", "level": "info"}
    return named("ConfigMap", app_of(workload), team_of(workload), data=data)


def endpoint_slice(workload: int, pods: int) -> Json:
    first = workload * PODS_OF_ONE
    members = [
        {
            "addresses": [address(number)],
            "conditions": {"ready": not crashes(number)},
            "targetRef": {
                "kind": "Pod",
                "namespace": team_of(workload),
                "name": pod_name(number),
            },
        }
        for number in range(first, min(first + PODS_OF_ONE, pods))
    ]
    return named(
        "EndpointSlice",
        f"{app_of(workload)}-x2x4x",
        team_of(workload),
        api="discovery.k8s.io/v1",
        labels={"kubernetes.io/service-name": app_of(workload)},
        addressType="IPv4",
        endpoints=members,
        ports=[{"name": "http", "port": 8080, "protocol": "TCP"}],
    )


def pod_name(number: int) -> str:
    return f"{app_of(number // PODS_OF_ONE)}-{HASH}-{number:05d}"


def address(number: int) -> str:
    return f"10.{200 + number // 62_500}.{number // 250 % 250}.{number % 250 + 2}"


def pod(number: int, nodes: int) -> Json:
    workload = number // PODS_OF_ONE
    tolerations = [
        {
            "key": f"node.kubernetes.io/{trouble}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for trouble in ("not-ready", "unreachable")
    ]
    return named(
        "Pod",
        pod_name(number),
        team_of(workload),
        labels={**labels_of(workload), "pod-template-hash": HASH},
        ownerReferences=owned_by("ReplicaSet", f"{app_of(workload)}-{HASH}"),
        spec={
            **pod_spec(workload),
            "nodeName": node_name(number % nodes),
            "tolerations": tolerations,
        },
        status=pod_status(number),
    )


def pod_status(number: int) -> Json:
    ready = "False" if crashes(number) else "True"
    conditions = [
        {"type": kind, "status": status, "lastTransitionTime": CREATED_AT}
        for kind, status in (
            ("PodScheduled", "True"),
            ("Initialized", "True"),
            ("ContainersReady", ready),
            ("Ready", ready),
        )
    ]
    return {
        "phase": "Running",
        "qosClass": "Burstable",
        "startTime": CREATED_AT,
        "podIP": address(number),
        "podIPs": [{"ip": address(number)}],
        "conditions": conditions,
        "containerStatuses": [container_status(number)],
    }


def container_status(number: int) -> Json:
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": "2026-11-20T09:57:55Z",
        "finishedAt": CRASHED_AT,
    }
    message = "back-off 5m0s restarting failed container=app"
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    bad = crashes(number)
    return {
        "name": "app",
        "image": f"registry.example/{app_of(number // PODS_OF_ONE)}:1.4.2",
        "imageID": "registry.example/app@sha256:1",
        "containerID": f"containerd://{number:064x}",
        "ready": not bad,
        "started": not bad,
        "restartCount": 9 if bad else 0,
        "state": waiting if bad else {"running": {"startedAt": CREATED_AT}},
        "lastState": {"terminated": ended} if bad else {},
    }


def events(number: int, nodes: int) -> Iterator[Json]:
    """What is still kept: of young pods how they started, of crashing ones that they do."""
    bad = crashes(number)
    if not bad and number % ONE_IS_YOUNG_IN:
        return
    home = f"{team_of(number // PODS_OF_ONE)}/{pod_name(number)}"
    told = [
        ("Scheduled", f"Successfully assigned {home} to {node_name(number % nodes)}", "Normal"),
        ("Pulled", "Container image already present on machine", "Normal"),
        ("Created", "Created container: app", "Normal"),
        ("Started", "Started container app", "Normal"),
    ]
    if bad:
        told.append(("BackOff", "Back-off restarting failed container app", "Warning"))
    for place, (reason, message, kind) in enumerate(told):
        by = {"component": "kubelet", "host": node_name(number % nodes)}
        yield named(
            "Event",
            f"{pod_name(number)}.{place:016x}",
            team_of(number // PODS_OF_ONE),
            involvedObject={
                "kind": "Pod",
                "namespace": team_of(number // PODS_OF_ONE),
                "name": pod_name(number),
                "apiVersion": "v1",
            },
            reason=reason,
            message=message,
            type=kind,
            source=by if place else {"component": "default-scheduler"},
            firstTimestamp="2026-11-20T09:30:00Z",
            lastTimestamp=CRASHED_AT if kind == "Warning" else "2026-11-20T09:30:00Z",
            count=9 if kind == "Warning" else 1,
        )
