"""Waiting for a change to take, and asking the diagnosers that found the fault whether it is gone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import utc_now
from core.errors import OpsError, UpstreamUnavailable
from core.principal import Principal
from core.storage.fix_records import ChangeRow
from mcp_servers.autofix.desk import Desk
from mcp_servers.engines.completion import complete
from mcp_servers.engines.verification import judged
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Plan


@dataclass(frozen=True, slots=True)
class Verdict:
    """`new` are rules of findings that were not there before; `why` tells what is wrong."""

    good: bool
    cleared: bool
    new: tuple[str, ...] = ()
    why: str = ""


async def verified(
    desk: Desk, change: ChangeRow, plan: Plan, before: Sequence[Finding], since: datetime
) -> Verdict:
    """Whether the finding is gone and stays gone for the settling time, within the deadline.

    `since` is when the last write was. One look that finds it again begins the settling anew.
    """
    limits = desk.policy.limits
    settle = plan.settle if limits.settle is None else limits.settle
    deadline = limits.deadline or plan.deadline
    clean_since: datetime | None = None
    while True:
        found = await _looked(desk, change, plan, before)
        now = utc_now()
        clean_since = (clean_since or now) if found.good else None
        if clean_since and now - clean_since >= settle:
            return found
        if not clean_since and now - since >= deadline:
            return found
        if now - since >= deadline + settle + limits.poll:
            return Verdict(False, found.cleared, found.new, "It does not stay well.")
        await breathe(desk, change)


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


async def _looked(desk: Desk, change: ChangeRow, plan: Plan, before: Sequence[Finding]) -> Verdict:
    try:
        if not await _all_complete(desk, plan):
            return Verdict(False, cleared=False, why="The rollout is not complete.")
        sighting = await desk.looker.look(sight_of(change), namespace=plan.target.namespace)
    except UpstreamUnavailable as error:
        return Verdict(
            False, cleared=False, why=f"The cluster cannot be looked at: {error.message}"
        )
    judgement = judged(before, sighting.findings, plan, sighting.cluster)
    new = tuple(dict.fromkeys(f"{one.rule} {one.resource}" for one in judgement.new))
    why = (
        "" if judgement.verified else "The finding is still there." if not judgement.cleared else ""
    )
    return Verdict(judgement.verified, judgement.cleared, new, why or _told_new(new))


def _told_new(new: Sequence[str]) -> str:
    return f"There is something new: {', '.join(new)}." if new else ""


async def _all_complete(desk: Desk, plan: Plan) -> bool:
    targets = dict.fromkeys(step.write.target for step in plan.steps)
    try:
        return all([complete(await desk.writing.found(one)) for one in targets])
    except UpstreamUnavailable:
        raise
    except OpsError:
        return False


def sight_of(change: ChangeRow) -> Principal:
    """Who looks: nobody with rights, but with the eyes of who applied it."""
    seen = change.body.get("sight")
    return Principal(change.applier, namespaces=None if seen is None else frozenset(seen))
