"""Clusters with many faults at once, for what must hold of every diagnoser."""

from mcp_servers.facts.kubernetes import Cluster, Json
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    ended,
    event,
    log,
    memory_series,
    node,
    pod,
    replica_set,
    running,
    service,
    thing,
    waiting,
    workload,
)


def troubled() -> Cluster:
    """One workload for each family of faults, beside healthy ones."""
    crashed = waiting("web", "CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=4)
    web = _with_status("web", crashed)
    pulled = _with_status("api", waiting("api", "ImagePullBackOff", "not found"))
    env = {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "mode"}}}
    held = _with_status("batch", waiting("batch", "CreateContainerConfigError"), env=[env])
    evicted = _with_status("cache", running("cache"))
    gone = pod(
        evicted[1], "gone1", phase="Failed", pod_status={"reason": "Evicted", "message": LOW}
    )
    pressed = node(conditions=[condition("MemoryPressure", "True", message="low")])
    front, misses = workload("front"), service("missed", selector={"app": "fron"})
    unready = service("web")
    calls = log(
        front[2], *[f"dial tcp: checkout{n}: no such host" for n in (1, 1, 1)], name="front"
    )
    refused = log(front[3], *["Get http://web:8080: connection refused"] * 4, name="front")
    objects = [*web, *pulled, *held, *evicted, gone, pressed, *front, misses, unready, _config()]
    events = [
        event(web[2], "BackOff", "Back-off restarting failed container", count=9, first=30),
        event(pulled[2], "Failed", "Failed to pull image: manifest unknown", container_name="api"),
        event(held[2], "Failed", "couldn't find key mode in ConfigMap shop/conf"),
        event(gone, "Evicted", LOW),
        event(pressed, "EvictionThresholdMet", "Attempting to reclaim memory"),
    ]
    series = [memory_series(web[2], [100.0 + n for n in range(60)])]
    return cluster(*objects, events=events, logs=[calls, refused], series=series)


LOW = "The node was low on resource: memory. Container cache was using 900Mi, request is 128Mi."


def _with_status(name: str, status: Json, **more: object) -> list[Json]:
    told = [
        condition("Available", "False", message="Deployment does not have minimum availability.")
    ]
    made = deployment(
        name, replicas=1, ready=0, containers=[container(name, **more)], conditions=told
    )
    owner = replica_set(made)
    return [made, owner, pod(owner, status=[status])]


def _config() -> Json:
    return thing("ConfigMap", "conf", data={"modes": "a", "level": "b"})
