"""Whether writing is allowed at all: the kill switch in a file, the breaker in the store."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Conflict, Forbidden, UpstreamUnavailable
from core.sentences import Said
from core.storage.fix_records import BreakerRow
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.refusing import SENTENCES, worded
from mcp_servers.engines.guards import api_failing, should_stop
from mcp_servers.facts.guards import Refusal

# By whom writing is stopped when nobody did.
BREAKER = "breaker"


class Switches(BaseModel):
    """How writing stands."""

    writing: bool
    stopped_by: str = Field(default="", description="kill_switch, breaker, or who stopped it.")
    reason: str = ""
    reason_in: dict[str, str] = Field(default={}, description="The same by language.")
    since: str = ""


async def switches(desk: Desk) -> Switches:
    """The file first: it must hold while the database does not answer."""
    kept = desk.desk
    if kept.stop_file and kept.stop_file.exists():
        return _by_file(kept.stop_file)
    row = await kept.store.breaker()
    if row is None or not row.stopped:
        return Switches(writing=True)
    told = _told(row)
    return Switches(
        writing=False,
        stopped_by=row.by,
        reason=str(told),
        reason_in=dict(told.texts),
        since=row.at.isoformat(),
    )


async def refuse_if_stopped(desk: Desk) -> None:
    """Raises `Forbidden` while writing is stopped."""
    found = await switches(desk)
    if not found.writing:
        given = Said.kept(found.reason_in or {"en": found.reason})
        why = given.inside() if given else SENTENCES.said("no_reason_given")
        raise SENTENCES.error(Forbidden, "stopped", by=found.stopped_by, why=why)


async def stop(desk: Desk, by: str, reason: str) -> None:
    """Both switches, the file first: it works without the database."""
    file = desk.desk.stop_file
    if file:
        _write(desk, f"{by}: {reason}\n")
    await desk.store.set_breaker(BreakerRow(True, reason, by, utc_now()))


async def resume(desk: Desk, by: str, reason: str) -> None:
    """Raises `Conflict` when nothing is stopped."""
    if (await switches(desk)).writing:
        raise SENTENCES.error(Conflict, "not_stopped")
    await desk.store.set_breaker(BreakerRow(False, reason, by, utc_now()))
    if desk.desk.stop_file:
        desk.desk.stop_file.unlink(missing_ok=True)


async def trip(desk: Desk, refusal: Refusal | None = None) -> None:
    """Stop all writing when changes went wrong too often, or the API server does not answer as it
    should; `refusal` stops it at once."""
    row = await desk.store.breaker()
    if row and row.stopped:
        return
    resumed_at = row.at if row else None
    why = refusal or _unanswered(desk, resumed_at)
    why = why or should_stop(await desk.past(), resumed_at, desk.policy)
    if why:
        said = worded(why)
        kept = orjson.dumps(dict(said.texts)).decode()
        await desk.store.set_breaker(BreakerRow(True, kept, BREAKER, utc_now()))
        await desk.trail.record(
            subject="midwatch", action="autofix.breaker", target="", outcome="stopped",
            detail={"why": str(said)},
        )  # fmt: skip


def _told(row: BreakerRow) -> Said:
    """Why writing is stopped: a person's own words, or the breaker's, which are kept by language."""
    if row.by != BREAKER:
        return Said("", {"en": row.reason})
    try:
        return Said.kept(orjson.loads(row.reason))
    except orjson.JSONDecodeError:  # as an earlier version kept it
        return Said("", {"en": row.reason})


def _unanswered(desk: Desk, resumed_at: datetime | None) -> Refusal | None:
    """What was asked before a person resumed writing counts no more."""
    calls = [one for one in desk.desk.asked if resumed_at is None or one.at > resumed_at]
    return api_failing(calls, utc_now(), desk.policy)


def _by_file(file: Path) -> Switches:
    """That it is there is what counts: where its text or its date cannot be read, less is told."""
    found = Switches(writing=False, stopped_by="kill_switch")
    with suppress(OSError):
        found.since = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat()
    with suppress(OSError, UnicodeDecodeError):
        found.reason = file.read_text("utf-8").strip()[:500]
    return found


def _write(desk: Desk, text: str) -> None:
    file = desk.desk.stop_file
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SENTENCES.error(UpstreamUnavailable, "stop_file", file=str(file), why=why) from error
