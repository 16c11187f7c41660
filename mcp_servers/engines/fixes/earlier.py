"""The revision to go back to: the last one that was well, and whether what it names still exists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from mcp_servers.engines.config_references import references
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, section, strings, text, whole
from mcp_servers.engines.ownership import POD_HASH, pods_under
from mcp_servers.engines.revisions import newest, replica_sets, revision, template_of
from mcp_servers.engines.settling import is_ready
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

# A revision that was replaced sooner is not known to have been well.
SHORT_LIFE = timedelta(minutes=10)
HISTORY = "ControllerRevision"
CONTROLLER_HASH = "controller-revision-hash"


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a workload's pods.

    `why` it may be trusted: pods_ready (it serves now), had_replicas (it was followed by another,
    and nothing is remembered against it) or never_seen (its pods are only known to have failed).
    """

    number: int
    template: Json
    name: str
    why: str

    @property
    def trust(self) -> int:
        """2 for one that serves now, 1 for one that served, 0 for one that is not known to."""
        return {"pods_ready": 2, "had_replicas": 1}.get(self.why, 0)


def earlier(cluster: Cluster, owner: Resource) -> list[Revision]:
    """The revisions before the present one that are kept, the newest first."""
    if owner.kind == "Deployment":
        return list(_of_deployment(cluster, owner))
    return list(_of_history(cluster, owner))


def _of_deployment(cluster: Cluster, owner: Resource) -> Iterator[Revision]:
    present = bare_template(owner)
    current = newest(cluster, owner.ref)
    kept = replica_sets(cluster, owner.ref)
    short = _short_lived(kept)
    for one in reversed(kept):
        template = bare(template_of(one))
        if template == present or (current is not None and one.ref == current.ref):
            continue
        serves = whole(one.status, "readyReplicas") > 0
        doubtful = one.ref in short or _failed(cluster, one)
        why = "pods_ready" if serves else "never_seen" if doubtful else "had_replicas"
        yield Revision(revision(one), template, one.name, why)


def _short_lived(kept: list[Resource]) -> set[Ref]:
    """ReplicaSets that were followed by another before a rollout of theirs was given up: that it
    served is not known, and whoever followed it so soon may have had a reason."""
    return {
        one.ref
        for one, after in pairwise(kept)
        if one.created_at
        and after.created_at
        and one.created_at < after.created_at
        and after.created_at - one.created_at < SHORT_LIFE
    }


def _failed(cluster: Cluster, replica_set: Resource) -> bool:
    """Whether anything is remembered of pods of it that failed, or of none that could be made."""
    begins = f"{replica_set.name}-"
    return any(
        event.kind == "Warning"
        and event.about.namespace == replica_set.namespace
        and (event.about == replica_set.ref or event.about.name.startswith(begins))
        for event in cluster.ordered_events
    )


def _of_history(cluster: Cluster, owner: Resource) -> Iterator[Revision]:
    """A StatefulSet's or DaemonSet's ControllerRevisions keep the template as a patch."""
    present = bare(template_of(owner))
    kept = [one for one in cluster.all(HISTORY, owner.namespace) if _is_of(one, owner)]
    numbered = sorted(kept, key=lambda one: whole(one.raw, "revision"), reverse=True)
    for one in numbered:
        template = bare(section(one.raw, "data", "spec", "template"))
        if not section(template, "spec") or template == present:
            continue
        used = text(owner.status, "currentRevision") == one.name or _runs(cluster, owner, one)
        why = "pods_ready" if used else "had_replicas"
        yield Revision(whole(one.raw, "revision"), template, one.name, why)


def _is_of(one: Resource, owner: Resource) -> bool:
    controller = one.controller() or {}
    return text(controller, "kind") == owner.kind and text(controller, "name") == owner.name


def _runs(cluster: Cluster, owner: Resource, one: Resource) -> bool:
    """Whether a pod of this revision is ready: one that fails is no reason to go back to it."""
    return any(
        is_ready(pod)
        and pod.labels.get(CONTROLLER_HASH) in (one.name, one.labels.get(CONTROLLER_HASH, "-"))
        for pod in pods_under(cluster, owner.ref)
    )


def bare(template: Json) -> Json:
    """A template without the marks that controllers put on it and the patch's own directive."""
    metadata = section(template, "metadata")
    labels = {
        k: v for k, v in section(metadata, "labels").items() if k not in (POD_HASH, CONTROLLER_HASH)
    }
    kept = {k: v for k, v in metadata.items() if k not in ("labels", "creationTimestamp")}
    if "labels" in metadata:
        kept["labels"] = labels
    rest = {k: v for k, v in template.items() if k not in ("metadata", "$patch")}
    return {**({"metadata": kept} if kept else {}), **rest}


def bare_template(owner: Resource) -> Json:
    return bare(template_of(owner))


def last_good(cluster: Cluster, owner: Resource) -> Revision | None:
    """The newest earlier revision that is trusted most; None when none is trusted at all."""
    kept = [one for one in earlier(cluster, owner) if one.trust]
    return max(kept, key=lambda one: one.trust, default=None)


def missing_references(cluster: Cluster, namespace: str, template: Json) -> list[str]:
    """What a template needs and the cluster no longer has, as far as such kinds were listed:
    `ConfigMap shop/settings`, and `ConfigMap shop/settings: KEY` where only the key is gone."""
    spec = section(template, "spec")
    gone = list(_absent_configuration(cluster, namespace, spec))
    wanted = [
        Ref("PersistentVolumeClaim", namespace, claim)
        for volume in rows(spec, "volumes")
        if (claim := text(volume, "persistentVolumeClaim", "claimName"))
    ]
    if account := text(spec, "serviceAccountName"):
        wanted.append(Ref("ServiceAccount", namespace, account))
    absent = [one for one in wanted if _is_listed(cluster, one) and cluster.get(one) is None]
    return sorted({*gone, *map(str, absent)})


def _absent_configuration(cluster: Cluster, namespace: str, spec: Json) -> Iterator[str]:
    for one in references(namespace, spec):
        held = cluster.get(one.target)
        if one.optional or not _is_listed(cluster, one.target):
            continue
        if held is None:
            yield str(one.target)
            continue
        keys = {**strings(held.raw, "data"), **strings(held.raw, "binaryData")}
        if one.key and keys and one.key not in keys:
            yield f"{one.target}: {one.key}"


def _is_listed(cluster: Cluster, one: Ref) -> bool:
    return bool(cluster.all(one.kind, one.namespace))


def runs_or_ran(cluster: Cluster, owner: Resource, image: str) -> bool:
    """Whether pods or kept revisions of this workload show that it ran an image, by tag or digest."""
    kept = [one.template for one in earlier(cluster, owner) if one.trust]
    known = {text(one, "image") for template in kept for one in _all_containers(template)}
    digest = image.partition("@")[2]
    for pod in pods_under(cluster, owner.ref):
        for held in containers(pod):
            ran = held.ready or bool(held.terminations) or held.running
            known |= {held.image} if ran else set()
            if digest and text(held.status, "imageID").endswith(digest):
                return True
    return image in known


def _all_containers(template: Json) -> list[Json]:
    return [*rows(template, "spec", "initContainers"), *rows(template, "spec", "containers")]
