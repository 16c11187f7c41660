"""One write of a change, recorded before and after: it happened, it did not, or nobody knows."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from core.clock import utc_now
from core.errors import Conflict, Forbidden, OpsError, UpstreamUnavailable
from core.sentences import Fact, Said, Told
from core.storage.fix_records import ChangeRow, StepRow
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.autofix.switches import refuse_if_stopped, trip
from mcp_servers.backends.kubernetes_writing import Unsure
from mcp_servers.engines.fields import text
from mcp_servers.engines.marks import after_write, mark
from mcp_servers.facts.fixes import Write
from mcp_servers.facts.guards import Refusal
from mcp_servers.facts.kubernetes import Json, Resource

INTENDED, WRITTEN = "intended", "written"
# A busy object gets a new resourceVersion with each change of its status.
TRIES = 4
READ_BACKS = 3


class Declined(Exception):
    """The write did not happen, and why. `refused`: it was not even sent."""

    def __init__(self, why: Said, *, refused: bool) -> None:
        super().__init__(str(why))
        self.why, self.refused = why, refused


class Doubtful(Exception):
    """Nobody knows whether the write happened; the sentence says what to look at."""

    def __init__(self, why: Said) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class Doing:
    """One write on its way: which, of which change, and how the object is before and after."""

    change: ChangeRow
    direction: str
    n: int
    write: Write
    before: str
    after: str
    known: StepRow | None = None  # as another process left it
    lines: list[str] = field(default_factory=list[str])


async def carry_out(desk: Desk, doing: Doing) -> None:
    """Bring one write about, exactly once. Raises `Declined` or `Doubtful`."""
    state = doing.known.state if doing.known else ""
    done = state == WRITTEN or (state == INTENDED and await _happened(desk, doing))
    for _ in range(TRIES - 1):
        with suppress(Conflict):  # its status moved on between our reading and writing
            return None if done else await _attempt(desk, doing)
    try:
        await _attempt(desk, doing)
    except Conflict as error:
        raise _declined("changes_too_often", why=error) from error


async def _attempt(desk: Desk, doing: Doing) -> None:
    """Read, compare, try dry, compare again, note, write, note."""
    live = await _as_planned(desk, doing)
    write = doing.write
    if live is not None:
        version = text(live.metadata, "resourceVersion")
        write = replace(write, uid=write.uid or live.uid, resource_version=version)
    await _tried_again(desk, doing, write, live)
    await _note(
        desk, doing, INTENDED, {"uid": write.uid, "resource_version": write.resource_version}
    )
    await _tell(desk, doing, "started")
    try:
        answer = await desk.writing.carry_out(write)
    except Unsure as error:
        await _tell(desk, doing, "no_answer")
        await _read_back(desk, doing, error)
        return
    except Conflict:
        await _tell(desk, doing, "conflict")
        raise
    except OpsError as error:
        await _tell(desk, doing, error.code)
        await _note(desk, doing, "refused", {"why": str(error)})
        raise Declined(SENTENCES.said("api_refused", why=error), refused=False) from error
    await _written(desk, doing, text(answer, "metadata", "uid"))


async def _as_planned(desk: Desk, doing: Doing) -> Resource | None:
    """The live object, if it still is the one that was approved."""
    target = doing.write.target
    await _still_allowed(desk, doing)
    live = await desk.writing.found(target)
    if live is None and doing.write.uid:
        raise _declined("object_gone", object=str(target))
    if live is not None and doing.write.uid and live.uid != doing.write.uid:
        raise _declined("object_replaced", object=str(target))
    if mark(doing.write, live.raw if live else None) != doing.before:
        raise _declined("object_changed", object=str(target))
    return live


async def _still_allowed(desk: Desk, doing: Doing) -> None:
    if doing.direction == "forward":  # a way back is not kept from by what stands against going on
        await trip(desk)
    try:
        await refuse_if_stopped(desk)
    except Forbidden as error:
        raise Declined(Said.of(error), refused=True) from error
    if not await desk.writing.may(doing.write):
        user = desk.writing.user
        who = SENTENCES.said("person", user=user) if user else SENTENCES.said("account")
        raise _declined("no_right_any_more", who=who)


async def _tried_again(desk: Desk, doing: Doing, write: Write, live: Resource | None) -> None:
    """The dry run, repeated now: it must give what was approved."""
    try:
        answer = await desk.writing.try_dry(write)
    except Conflict:
        raise
    except OpsError as error:
        raise _declined("dry_run_fails", why=error) from error
    after = after_write(write, live.raw if live else None, answer)
    if mark(write, after) != doing.after:
        raise _declined("dry_run_differs")


async def _happened(desk: Desk, doing: Doing) -> bool:
    """Whether a write that was about to be sent has had its effect. Raises `Doubtful`."""
    now = await _state(desk, doing)
    if now == doing.after:
        await _written(desk, doing, "", how="found_done")
        return True
    if now == doing.before:
        return False
    raise await _doubt(desk, doing, SENTENCES.said("neither"))


async def _read_back(desk: Desk, doing: Doing, error: Unsure) -> None:
    """After a write without an answer: look a few times, because it may still be under way."""
    now = ""
    for _ in range(READ_BACKS):
        await asyncio.sleep(desk.policy.limits.poll.total_seconds())
        try:
            now = await _state(desk, doing)
        except OpsError:
            continue
        if now == doing.after:
            await _written(desk, doing, "", how="found_done")
            return
    if now == doing.before:
        await _note(desk, doing, "refused", {"why": str(error)})
        await _tell(desk, doing, "not_done")
        raise Declined(SENTENCES.said("not_written", why=error), refused=False)
    raise await _doubt(desk, doing, error)


async def _state(desk: Desk, doing: Doing) -> str:
    live = await desk.writing.found(doing.write.target)
    return mark(doing.write, live.raw if live else None)


def _declined(key: str, **facts: Fact) -> Declined:
    """Not even sent."""
    return Declined(SENTENCES.said(key, **facts), refused=True)


async def _doubt(desk: Desk, doing: Doing, why: Told) -> Doubtful:
    await _note(desk, doing, "unknown", {"why": why.told("en")})
    await _tell(desk, doing, "unknown")
    verb, target = doing.write.verb.value, str(doing.write.target)
    return Doubtful(SENTENCES.said("doubtful", verb=verb, object=target, why=Said.of(why).inside()))


async def _written(desk: Desk, doing: Doing, uid: str, *, how: str = "ok") -> None:
    await _note(desk, doing, WRITTEN, {"uid": uid or doing.write.uid})
    await _tell(desk, doing, how)


async def _note(desk: Desk, doing: Doing, state: str, body: Json) -> None:
    kept = {**body, "write": doing.write.verb.value, "target": str(doing.write.target)}
    row = StepRow(doing.change.id, doing.direction, doing.n, state, utc_now(), kept)
    await desk.store.put_step(row, runner=desk.desk.runner, lease_until=desk.lease())


async def _tell(desk: Desk, doing: Doing, outcome: str) -> None:
    """Into the audit trail, at once: this is what shows afterwards who changed what."""
    await audited(
        desk, doing.change, "autofix.write", str(doing.write.target), outcome,
        {"step": doing.n, "direction": doing.direction, "verb": doing.write.verb.value,
         "before": doing.before, "after": doing.after},
    )  # fmt: skip
    doing.lines.append(f"{utc_now():%H:%M:%S} {doing.direction} {doing.n} {outcome}")


async def audited(
    desk: Desk, change: ChangeRow, action: str, target: str, outcome: str, more: Mapping[str, Any]
) -> None:
    detail = {
        "change": change.id,
        "plan": change.plan_id,
        "requester": change.requester,
        "approvers": change.approvers,
        **more,
    }
    try:
        await desk.trail.record(
            subject=change.applier, action=action, target=target, outcome=outcome, detail=detail
        )
    except OpsError as error:  # whatever is not written down is not done
        with suppress(OpsError):
            await trip(desk, Refusal("audit_unwritable"))
        raise SENTENCES.error(UpstreamUnavailable, "audit_unwritable") from error
