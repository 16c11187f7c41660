"""What a new pod template does to the pods that run: how many restart, and how many at once."""

import math
from dataclasses import dataclass

from mcp_servers.engines.fields import section, text, whole
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import desired_replicas, is_finished, is_ready, is_terminating
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

# Kinds whose pods follow the template; those of a CronJob only at the next run.
ROLLING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


@dataclass(frozen=True, slots=True)
class Effect:
    """Pods that restart. `ready` of them serve now, `away` of those may be gone at one moment,
    and `surge` more are made before any goes."""

    pods: int
    ready: int
    away: int
    surge: int
    at_once: bool

    @property
    def interrupts(self) -> bool:
        """Whether at one moment nobody serves who serves now."""
        return self.ready > 0 and self.away >= self.ready


def effect_of(cluster: Cluster, before: Resource, after: Json) -> Effect | None:
    """What changing `before` into `after` does to its pods; None when they stay as they are."""
    if before.kind not in ROLLING or before.spec.get("paused") is True:
        return None
    if template_of(before) == template_of(Resource(after)):
        return None
    return restarting(cluster, Resource(after) if after else before)


def restarting(cluster: Cluster, owner: Resource) -> Effect:
    """What a rollout of this workload does, whatever its template says."""
    pods = [
        pod
        for pod in pods_under(cluster, owner.ref)
        if not is_finished(pod) and not is_terminating(pod)
    ]
    wanted = len(pods) if owner.kind == "DaemonSet" else max(desired_replicas(owner), len(pods))
    ready = sum(is_ready(pod) for pod in pods)
    unavailable, surge = _allowed(owner, max(wanted, 1))
    # Pods that are not ready are replaced first and count among those that may be missing.
    away = max(0, min(ready, unavailable - (len(pods) - ready)))
    return Effect(len(pods), ready, away, surge, unavailable >= max(wanted, 1) > 1)


def gone_before(cluster: Cluster, owner: Resource, effect: Effect) -> list[Resource]:
    """The pods whose room the first new one may have: those that are not ready are taken first,
    and where some may be missing or none may be too many, any of them."""
    pods = pods_under(cluster, owner.ref)
    any_of_them = effect.away > 0 or not effect.surge
    return [pod for pod in pods if any_of_them or not is_ready(pod)]


def _allowed(owner: Resource, wanted: int) -> tuple[int, int]:
    """How many may be missing and how many may be too many, as the controllers round them."""
    if owner.kind == "StatefulSet":
        return 1, 0
    field = "updateStrategy" if owner.kind == "DaemonSet" else "strategy"
    strategy = section(owner.spec, field)
    if text(strategy, "type") == "Recreate":
        return wanted, 0
    usual = ("1", "0") if owner.kind == "DaemonSet" else ("25%", "25%")
    rolling = section(strategy, "rollingUpdate")
    missing = text(rolling, "maxUnavailable") or usual[0]
    more = text(rolling, "maxSurge") or usual[1]
    unavailable = math.floor(_share(missing, wanted))
    surge = math.ceil(_share(more, wanted))
    return (1, 0) if not unavailable and not surge else (unavailable, surge)


def _share(written: str, wanted: int) -> float:
    if written.endswith("%"):
        return wanted * whole({"n": written[:-1]}, "n") / 100
    return whole({"n": written}, "n")
