"""Deployments whose pods were never given a node."""

from evals.clusters.events import unschedulable
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import Json, World

NO_PREEMPTION = "Preemption is not helpful for scheduling."
NO_VICTIMS = "No preemption victims found for incoming pod."


def never_placed(
    world: World,
    namespace: str,
    name: str,
    spec: Json,
    text: str,
    *,
    since: float,
    replicas: int = 1,
    with_set: bool = True,
    style: int = 0,
    **more: object,
) -> tuple[Json, Json]:
    """A Deployment none of whose pods was ever placed; returns it and one of its pods."""
    template = Template([spec], labels=app_labels(name, style), more=tuple(more.items()))
    parent = deployment(
        world,
        namespace,
        name,
        template,
        replicas=replicas,
        ready=0,
        born=since + 0.2,
        revision=1,
        conditions=[not_available(world, since), deadline(world, f"{name}-x", since - 10)],
    )
    child = replicaset(world, parent, replicas=replicas, ready=0, born=since, revision=1)
    if not with_set:
        world.objects.remove(child)
    waiting = [pod(world, child, None, born=since, refused=text) for _ in range(replicas)]
    for one in waiting if text else ():
        unschedulable(world, one, text, since, 1.5, int(since / 5) + 1)
    return parent, waiting[0]
