"""Status conditions: a transition has a time, and the same again has none."""

from typing import Any

from sandbox.controllers.timing import Timing
from sandbox.fields import entries

Json = dict[str, Any]


def condition_of(one: Json, kind: str) -> Json:
    """The condition of this type, {} when there is none."""
    found = (told for told in entries(one, "status", "conditions") if told.get("type") == kind)
    return next(found, Json())


def with_condition(
    conditions: list[Json],
    timing: Timing,
    kind: str,
    status: str,
    *,
    reason: str = "",
    message: str = "",
    updates: bool = False,
) -> list[Json]:
    """The conditions with this one set. `updates` for a kind that has a lastUpdateTime."""
    before = next((one for one in conditions if one.get("type") == kind), None)
    told_before = [(before or {}).get(field) or "" for field in ("status", "reason", "message")]
    if before and told_before == [status, reason, message]:
        return conditions
    why = {"reason": reason, "message": message}
    told: Json = {"type": kind, "status": status, **{k: v for k, v in why.items() if v}}
    if updates:
        told["lastUpdateTime"] = timing.stamp
    same = before and before.get("status") == status
    told["lastTransitionTime"] = (
        before.get("lastTransitionTime") if same and before else None
    ) or timing.stamp
    if kind in _PROBED:
        told["lastProbeTime"] = None
    if before is None:
        return [*conditions, told]
    return [told if one is before else one for one in conditions]


def without_condition(conditions: list[Json], kind: str) -> list[Json]:
    return [one for one in conditions if one.get("type") != kind]


_PROBED = {"PodScheduled", "Initialized", "Ready", "ContainersReady", "PodReadyToStartContainers"}
