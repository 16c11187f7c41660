"""The revisions of a workload, and what the one before the present one looked like."""

from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

REVISION = "deployment.kubernetes.io/revision"


def replica_sets(cluster: Cluster, deployment: Ref) -> list[Resource]:
    """The ReplicaSets of a Deployment that are in sight, the oldest revision first."""
    owned = [
        one
        for one in cluster.all("ReplicaSet", deployment.namespace)
        if deployment in owner_chain(cluster, one)
    ]
    return sorted(owned, key=lambda one: (revision(one), one.name))


def revision(resource: Resource) -> int:
    return whole(resource.annotations, REVISION)


def newest(cluster: Cluster, deployment: Ref) -> Resource | None:
    found = replica_sets(cluster, deployment)
    return found[-1] if found else None


def previous(cluster: Cluster, owner: Ref) -> Resource | None:
    """The revision before the present one, if its ReplicaSet is still there."""
    found = replica_sets(cluster, owner) if owner.kind == "Deployment" else []
    return found[-2] if len(found) > 1 else None


def older_serves(cluster: Cluster, pod: Resource) -> bool:
    """Whether a pod of the newest revision fails while one of an older revision is ready."""
    chain = owner_chain(cluster, pod)
    deployment = next((one for one in chain if one.kind == "Deployment"), None)
    found = replica_sets(cluster, deployment) if deployment else []
    if not found or found[-1].ref not in chain:
        return False
    return any(whole(one.status, "readyReplicas") for one in found[:-1])


def can_roll_back(cluster: Cluster, owner: Ref) -> bool:
    """Whether an earlier revision of this workload is known to have existed."""
    workload = cluster.get(owner)
    if workload is None:
        return False
    if owner.kind == "StatefulSet":
        before, after = (text(workload.status, f"{name}Revision") for name in ("current", "update"))
        return bool(before and after and before != after)
    if owner.kind != "Deployment":
        return False
    sets = replica_sets(cluster, owner)
    return len(sets) > 1 or (len(sets) < 2 and revision(workload) > 1)


def template_of(workload: Resource | None) -> Json:
    """The pod template of any workload; {} without one."""
    if workload is None:
        return {}
    if workload.kind == "CronJob":
        return section(workload.spec, "jobTemplate", "spec", "template")
    return workload.raw if workload.kind == "Pod" else section(workload.spec, "template")


def container_in(template: Json, name: str) -> Json:
    """One container of a template by name, init containers included."""
    every = [*rows(template, "spec", "initContainers"), *rows(template, "spec", "containers")]
    return next((one for one in every if text(one, "name") == name), Json())


def previous_container(cluster: Cluster, owner: Ref, name: str) -> Json:
    """The same container in the revision before; {} when that is not known."""
    return container_in(template_of(previous(cluster, owner)), name)
