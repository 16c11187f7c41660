"""Whether somebody is at work on an object right now, so that a change would get in their way."""

from datetime import datetime, timedelta

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.fixes.drafting import Case, Draft, Edit
from mcp_servers.engines.settling import GRACE
from mcp_servers.facts.fixes import Advice, Verb
from mcp_servers.facts.kubernetes import Json, Resource, moment

# What a person closed, paused or suspended so lately was meant.
JUST_NOW = timedelta(hours=24)
# Who writes specs without a person's will at that moment.
CONTROLLERS = (
    "kube-controller-manager",
    "deployment-controller",
    "kubelet",
    "kube-scheduler",
    "midwatch",
)


def disturbs(case: Case, draft: Draft) -> Advice | None:
    """Why a change would meet another one that is under way; None for what a person asked for,
    but that a paused rollout takes no new template."""
    for one in draft.edits:
        if one.before is None or one.after is None:
            continue
        if _meets_a_pause(one):
            return case.advice("rollout_paused")
        at, by = last_hand(one.before)
        if case.request is None and at and timedelta() <= case.cluster.now - at < GRACE:
            seconds = round((case.cluster.now - at).total_seconds())
            return case.advice("being_changed", by=by, seconds=seconds)
    return None


def _meets_a_pause(one: Edit) -> bool:
    """Whether it leaves a rollout paused that its change would have to take; how many there are is
    changed in a pause as well."""
    before, after = one.before, Resource(one.after or {})
    if before is None or one.verb is Verb.SCALE or before.kind != "Deployment":
        return False
    return before.spec.get("paused") is True and after.spec.get("paused") is True


def last_hand(resource: Resource) -> tuple[datetime | None, str]:
    """When a person or their tool last wrote the spec, as managed fields remember it."""
    entries = [
        one
        for one in rows(resource.metadata, "managedFields")
        if section(one, "fieldsV1", "f:spec")
        and not text(one, "subresource")
        and not text(one, "manager").startswith(CONTROLLERS)
    ]
    last = max(entries, key=lambda one: text(one, "time"), default=Json())
    return moment(last.get("time")), text(last, "manager")
