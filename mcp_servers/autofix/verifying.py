"""Waiting for a change to take, and asking the diagnosers that found the fault whether it is gone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.clock import utc_now
from core.errors import OpsError, UpstreamUnavailable
from core.principal import Principal
from core.sentences import Said
from core.storage.fix_records import ChangeRow
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.engines.completion import complete
from mcp_servers.engines.verification import judged, unseen
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Plan
from mcp_servers.facts.guards import Limits


@dataclass(frozen=True, slots=True)
class Verdict:
    """`new` are rules of findings that were not there before; `why` tells what is wrong.

    `looked`: the diagnosers themselves said so. A cluster that could not be looked at, or a
    rollout on its way, says nothing about the change.
    """

    good: bool
    cleared: bool
    new: tuple[str, ...] = ()
    why: Said = field(default_factory=Said)
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """The look that the plan was made by: its findings, and what it could not see."""

    findings: Sequence[Finding]
    unseen: frozenset[str] = frozenset()


async def verified(
    desk: Desk, change: ChangeRow, plan: Plan, before: Before, since: datetime
) -> Verdict:
    """Whether the finding is gone and stays gone for the settling time, within the deadline.

    `since` is when the last write was. A finding that was gone and comes back within the settling
    time is the end of it: what flaps is not verified by waiting for a quiet moment. A rollout that
    is under way once more, or an API that is away, begins the settling anew.
    """
    limits = desk.policy.limits
    settle = plan.settle if limits.settle is None else limits.settle
    deadline = limits.deadline or plan.deadline
    clean_since: datetime | None = None
    was_clean = False
    while True:
        found = await _looked(desk, change, plan, before, was_clean=was_clean)
        now = utc_now()
        if was_clean and found.looked and not found.good:
            return replace(found, why=SENTENCES.said("relapsed") + found.why)
        was_clean = was_clean or found.good
        clean_since = (clean_since or now) if found.good else None
        if clean_since and now - clean_since >= settle:
            return found
        if not clean_since and now - since >= deadline:
            return found
        if now - since >= deadline + settle + limits.poll:
            return replace(found, good=False, why=SENTENCES.said("unsettled") + found.why)
        await breathe(desk, change)


def longest(plan: Plan, limits: Limits) -> timedelta:
    """The time promised: after it a change is verified, or on its way back."""
    waits = [one for one in plan.steps[:-1] if one.waits]
    settle = plan.settle if limits.settle is None else limits.settle
    return (limits.deadline or plan.deadline) * (len(waits) + 1) + settle + limits.poll


async def settled(desk: Desk, change: ChangeRow, plan: Plan, *, within: timedelta) -> bool:
    """Wait until every target has become what its spec asks for."""
    end = utc_now() + within
    while not await _all_complete(desk, plan):
        if utc_now() >= end:
            return False
        await breathe(desk, change)
    return True


async def breathe(desk: Desk, change: ChangeRow) -> None:
    """Wait for the next look, and say that this process is still at it."""
    await asyncio.sleep(desk.policy.limits.poll.total_seconds())
    row = await desk.store.change(change.id)
    status = row.status if row else change.status
    await desk.store.keep(
        change.id, desk.desk.runner, status=status, now=utc_now(), lease_until=desk.lease()
    )


async def _looked(
    desk: Desk, change: ChangeRow, plan: Plan, before: Before, *, was_clean: bool
) -> Verdict:
    """What the diagnosers say; while the rollout is on its way, only once it had been there.

    A look that missed what the one before the change saw says nothing: the finding may hide there.
    """
    try:
        is_complete = await _all_complete(desk, plan)
        if not is_complete and not was_clean:
            return Verdict(False, cleared=False, why=SENTENCES.said("rollout_incomplete"))
        sighting = await desk.looker.look(sight_of(change), namespace=plan.target.namespace)
    except UpstreamUnavailable as error:
        return Verdict(False, cleared=False, why=SENTENCES.said("unseen", why=error))
    if missed := unseen(sighting.cluster) - before.unseen:
        what = ", ".join(sorted(missed))
        return Verdict(False, cleared=False, why=SENTENCES.said("seen_in_part", what=what))
    judgement = judged(before.findings, sighting.findings, plan, sighting.cluster)
    new = tuple(dict.fromkeys(f"{one.rule} {one.resource}" for one in judgement.new))
    if judgement.verified and not is_complete:
        return Verdict(False, cleared=True, why=SENTENCES.said("rollout_incomplete"))
    why = Said() if judgement.cleared else SENTENCES.said("still_there")
    if new:
        why += SENTENCES.said("something_new", which=", ".join(new))
    return Verdict(judgement.verified, judgement.cleared, new, why, looked=True)


async def _all_complete(desk: Desk, plan: Plan) -> bool:
    targets = dict.fromkeys(step.write.target for step in plan.steps)
    try:
        return all([complete(await desk.writing.found(one)) for one in targets])
    except UpstreamUnavailable:
        raise
    except OpsError:
        return False


def sight_of(change: ChangeRow) -> Principal:
    """Who looks and writes: without rights here, as whoever applied it or asked for it back."""
    seen = change.body.get("sight")
    acting: dict[str, Any] = change.body.get("acting") or {}
    return Principal(
        str(acting.get("subject") or change.applier),
        roles=frozenset(acting.get("roles") or ()),
        namespaces=None if seen is None else frozenset(seen),
        itself=bool(acting.get("itself")),
    )
