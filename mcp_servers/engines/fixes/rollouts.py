"""`fix.surge` and `fix.resume`: rollouts that cannot go on, and what somebody left waiting."""

from mcp_servers.engines.fields import rows, text, words
from mcp_servers.engines.fixes.drafting import Case, Outcome, edit, single
from mcp_servers.engines.fixes.editing import is_on_purpose, subsection
from mcp_servers.engines.fixes.standing import JUST_NOW
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import desired_replicas, suspension_is_meant
from mcp_servers.engines.stamps import last_writer
from mcp_servers.facts.fixes import Level
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource


def allow_one_away(case: Case) -> Outcome:
    """maxUnavailable 0 → 1: an old pod makes room for the new one, one at a time.

    Not for one replica, which would mean an interruption, nor for pods with a disk that one node
    alone may mount.
    """
    owner = case.cluster.get(case.target)
    if owner is None or owner.kind != "Deployment":
        return case.advice("not_in_sight")
    if desired_replicas(owner) < 2:
        return case.advice("surge_single_replica")
    if _has_own_disk(case.cluster, owner):
        return case.advice("surge_stateful")

    def change(raw: Json) -> None:
        subsection(raw, "spec", "strategy", "rollingUpdate")["maxUnavailable"] = 1

    old = text(owner.spec, "strategy", "rollingUpdate", "maxUnavailable")
    return single(edit("allow_one_away", owner, change, old=old or "25%", new=1))


def _has_own_disk(cluster: Cluster, owner: Resource) -> bool:
    for volume in rows(template_of(owner), "spec", "volumes"):
        name = text(volume, "persistentVolumeClaim", "claimName")
        claim = cluster.get(Ref("PersistentVolumeClaim", owner.namespace, name)) if name else None
        modes = words(claim.spec, "accessModes") if claim else []
        if name and not {"ReadWriteMany", "ReadOnlyMany"} & set(modes):
            return True
    return False


def resume(case: Case) -> Outcome:
    """A paused rollout, a suspended CronJob or Job goes on, unless it waits on purpose.

    An annotation says so, or that a person suspended it within the last day; a person who asks
    for it has decided.
    """
    held = case.cluster.get(case.target)
    field = {"Deployment": "paused", "CronJob": "suspend", "Job": "suspend"}.get(case.target.kind)
    if held is None or field is None:
        return case.advice("not_in_sight")
    if held.spec.get(field) is not True:
        return case.advice("already_so")
    if case.request is None and (why := _meant(case, held, field)):
        return case.advice(why)

    def change(raw: Json) -> None:
        subsection(raw, "spec")[field] = False

    return single(edit(f"resume_{held.kind.lower()}", held, change), Level.LOW)


def _meant(case: Case, held: Resource, field: str) -> str:
    if suspension_is_meant(held) or is_on_purpose(
        held, "suspend", "paused-by", "do-not-resume", "maintenance"
    ):
        return "suspended_on_purpose"
    at, by = last_writer(held, f"f:{field}")
    lately = at is not None and case.cluster.now - at < JUST_NOW
    return "suspended_lately" if lately and by else ""
