"""Volumes nobody claims or mounts, and balancers that lead nowhere: what costs and does nothing.

Nothing is called unused because nobody measured it: what no metric tells of is said to be so, and
what a workload may mount again (a CronJob, one scaled to zero) is not or hardly recommended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mcp_servers.engines.endpoints import endpoints, is_by_hand, selected_pods, slices_of
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.settling import is_finished, is_ready, is_terminating
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment

What = Literal["unclaimed_volume", "unmounted_claim", "idle_balancer"]
Confidence = Literal["low", "medium", "high"]

GIB = 2.0**30
# A day shows no weekend; a week of nothing is what people trust.
FEW_DAYS, MANY_DAYS = 1.0, 7.0
DAY_S = 86_400.0
# Disks of a node are paid with the node: to give such a volume back saves nothing.
ON_NODES = ("hostPath", "local")
# Whose pods come and go by themselves: what they mount is not left over between two runs.
BY_ITSELF = ("CronJob", "Job")
TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", *BY_ITSELF)

Name = tuple[str, str]  # namespace and name


@dataclass(frozen=True, slots=True)
class Observed:
    """What metrics tell. None: there is no such metric, which says nothing of use or disuse.

    `mounted`: claims, and when they were last mounted, in the `mounted_days` that are known.
    `requests`: Services, and how many requests reached them in the `request_days` that are known.
    """

    mounted: Mapping[Name, datetime] | None = None
    mounted_days: float = 0.0
    requests: Mapping[Name, float] | None = None
    request_days: Mapping[Name, float] = field(default_factory=dict[Name, float])


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """`size_gib` is of volumes. `since`: no use is known after it; None where that is not known.

    `why` and `params` are the evidence, as names of sentences and what they are filled with.
    """

    what: What
    ref: Ref
    created: datetime | None
    since: datetime | None
    confidence: Confidence
    why: tuple[str, ...]
    params: Mapping[str, str]
    size_gib: float = 0.0


def unclaimed(cluster: Cluster, observed: Observed) -> list[Unclaimed]:
    """All of them, and nothing that is about to go by itself."""
    return [
        *_volumes(cluster),
        *_claims(cluster, observed),
        *(one for one in _balancers(cluster, observed) if one is not None),
    ]


def unjudged_balancers(cluster: Cluster, observed: Observed) -> int:
    """Balancers that lead to pods, of which no metric says whether anybody comes."""
    return sum(
        is_served
        and (observed.requests is None or (one.namespace, one.name) not in observed.requests)
        for one in cluster.all("Service")
        if _is_balancer(one)
        for is_served in [_serves(cluster, one) is not False]
    )


def _volumes(cluster: Cluster) -> Iterator[Unclaimed]:
    for volume in cluster.all("PersistentVolume"):
        phase = text(volume.status, "phase")
        if phase not in ("Released", "Available", "Failed") or is_terminating(volume):
            continue
        policy = text(volume.spec, "persistentVolumeReclaimPolicy")
        # One that is reclaimed by itself goes soon.
        if any(one in volume.spec for one in ON_NODES) or (phase, policy) == ("Released", "Delete"):
            continue
        since = moment(volume.status.get("lastPhaseTransitionTime"))
        claim = section(volume.spec, "claimRef")
        former = "/".join(part for part in (text(claim, "namespace"), text(claim, "name")) if part)
        why = [f"volume_{phase.lower()}"] + ([] if since else ["since_unknown"])
        yield Unclaimed(
            "unclaimed_volume",
            volume.ref,
            volume.created_at,
            since,
            _by_days(cluster.now, since),
            tuple(why),
            {"claim": former, "policy": policy},
            _gib(section(volume.spec, "capacity")),
        )


def _claims(cluster: Cluster, observed: Observed) -> Iterator[Unclaimed]:
    mounted = {
        (pod.namespace, name)
        for pod in cluster.all("Pod")
        if not is_finished(pod)
        for name in claims_of(pod.spec)
    }
    wanted = _wanted(cluster)
    for claim in cluster.all("PersistentVolumeClaim"):
        key = (claim.namespace, claim.name)
        own = wanted.get(key, [])
        if (
            key in mounted
            or is_terminating(claim)
            or text(claim.status, "phase") != "Bound"
            or any(one.kind in BY_ITSELF for one in own)
        ):
            continue
        yield _unmounted(cluster, claim, observed, own or _left_over(cluster, claim))


def _unmounted(
    cluster: Cluster, claim: Resource, observed: Observed, wanted: Sequence[Ref]
) -> Unclaimed:
    """Of those that a workload without pods would mount, somebody thought: hardly to be given back."""
    told = observed.mounted
    last = told.get((claim.namespace, claim.name)) if told is not None else None
    why, since = ["claim_unmounted"], last
    if told is None:
        why.append("mounts_unknown")
    elif last is None:
        why.append("never_seen_mounted")
        since = _known_from(cluster.now, observed.mounted_days, claim.created_at)
    else:
        why.append("last_mounted")
    confidence = _by_days(cluster.now, since)
    if wanted:
        why.append("wanted")
        confidence = "low"
    params = {
        "wanted": ", ".join(map(str, wanted)),
        "at": f"{last:%Y-%m-%d %H:%M}Z" if last else "",
        "days": f"{observed.mounted_days:.1f}",
    }
    size = section(claim.status, "capacity") or section(
        section(claim.spec, "resources"), "requests"
    )
    return Unclaimed(
        "unmounted_claim",
        claim.ref,
        claim.created_at,
        since,
        confidence,
        tuple(why),
        params,
        _gib(size),
    )


def _balancers(cluster: Cluster, observed: Observed) -> Iterator[Unclaimed | None]:
    for service in cluster.all("Service"):
        if not _is_balancer(service) or is_terminating(service):
            continue
        serves = _serves(cluster, service)
        if serves is False:
            yield _leading_nowhere(cluster, service, observed)
        elif serves:
            yield _without_traffic(cluster, service, observed)


def _leading_nowhere(cluster: Cluster, service: Resource, observed: Observed) -> Unclaimed:
    """Since when is known only where requests were counted: it may be a rollout that goes wrong now."""
    key = (service.namespace, service.name)
    silent = observed.requests is not None and observed.requests.get(key) == 0
    days = observed.request_days.get(key, 0.0)
    since = _known_from(cluster.now, days, service.created_at) if silent else None
    why = ["balancer_nowhere", "no_requests" if silent else "since_unknown"]
    return _balancer(cluster, service, since, why, days)


def _without_traffic(cluster: Cluster, service: Resource, observed: Observed) -> Unclaimed | None:
    key = (service.namespace, service.name)
    days = observed.request_days.get(key, 0.0)
    if observed.requests is None or observed.requests.get(key) != 0 or days < FEW_DAYS:
        return None
    since = _known_from(cluster.now, days, service.created_at)
    return _balancer(cluster, service, since, ["no_requests"], days)


def _balancer(
    cluster: Cluster, service: Resource, since: datetime | None, why: list[str], days: float
) -> Unclaimed:
    if not rows(section(service.status, "loadBalancer"), "ingress"):
        why = [*why, "no_address"]
    confidence = _by_days(cluster.now, since)
    return Unclaimed(
        "idle_balancer",
        service.ref,
        service.created_at,
        since,
        "low" if "no_address" in why else confidence,
        tuple(why),
        {"days": f"{days:.1f}"},
    )


def _is_balancer(service: Resource) -> bool:
    return text(service.spec, "type") == "LoadBalancer"


def _serves(cluster: Cluster, service: Resource) -> bool | None:
    """Whether it leads to anything that is ready; None where nobody says what it leads to."""
    if slices_of(cluster, service):
        return any(one.ready for one in endpoints(cluster, service))
    if is_by_hand(service):
        return None
    return any(is_ready(pod) for pod in selected_pods(cluster, service))


def claims_of(spec: Json) -> Iterator[str]:
    """The claims that a pod or a template of pods mounts."""
    for volume in rows(spec, "volumes"):
        if name := text(section(volume, "persistentVolumeClaim"), "claimName"):
            yield name


def _wanted(cluster: Cluster) -> dict[Name, list[Ref]]:
    """Claims, and the workloads whose pods would mount them."""
    found: dict[Name, list[Ref]] = {}
    for kind in TEMPLATES:
        for one in cluster.all(kind):
            if kind == "ReplicaSet" and one.controller():
                continue
            spec = section(one.spec, "jobTemplate", "spec") if kind == "CronJob" else one.spec
            if kind == "Job" and text(one.status, "completionTime"):
                continue
            for name in claims_of(section(spec, "template", "spec")):
                found.setdefault((one.namespace, name), []).append(one.ref)
    return found


def _left_over(cluster: Cluster, claim: Resource) -> list[Ref]:
    """The StatefulSet that made a claim and has fewer pods now: scaled up, it mounts it again."""
    found: list[Ref] = []
    for one in cluster.all("StatefulSet"):
        for template in rows(one.spec, "volumeClaimTemplates"):
            stem = f"{text(template, 'metadata', 'name')}-{one.name}-"
            ordinal = claim.name.removeprefix(stem)
            if one.namespace == claim.namespace and ordinal != claim.name and ordinal.isdigit():
                found.append(one.ref)
    return found


def _known_from(now: datetime, days: float, created: datetime | None) -> datetime | None:
    """Where what is known begins, or the object, whichever is later."""
    begins = datetime.fromtimestamp(now.timestamp() - days * DAY_S, now.tzinfo)
    return max(begins, created) if created else begins


def _by_days(now: datetime, since: datetime | None) -> Confidence:
    days = (now - since).total_seconds() / DAY_S if since else 0.0
    if days < FEW_DAYS:
        return "low"
    return "high" if days >= MANY_DAYS else "medium"


def _gib(told: Json) -> float:
    return float(quantity(told.get("storage")) or 0) / GIB
