"""The audit trail: who did what to what, and how it ended, in a chain that shows every edit.

Each entry's hash covers the previous hash and its own content, and the head of the chain is
kept apart. An entry that was changed, taken out, put in or moved breaks the chain there.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from core.clock import utc_now
from core.errors import Conflict, Invalid, OpsError
from core.redaction import redact_fields, redact_text
from core.security.sentences import SENTENCES
from core.sentences import Said, Sentences
from core.storage.database import Database
from core.storage.lingering import LINGER_S, Lingering
from core.storage.records import AuditRow
from core.storage.repositories.audit import Audit
from core.storage.repositories.listing import Part
from core.telemetry import logger

# More waiting entries than this make the next caller wait until they are written.
CAPACITY = 500
MAX_DETAIL_CHARACTERS = 8_000
PAGE = 500
# How often another process may be first before we give up.
ATTEMPTS = 5
# The outcome that announces a change, before it is made.
STARTED = "started"

# How many entries lie between two heads that are put into the log.
HEAD_EVERY = 100

WORDS = Sentences("core.security", "audit")
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line before it has its place in the chain."""

    at: datetime
    subject: str
    action: str
    target: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that does not fit the chain, and why."""

    sequence: int
    why: Said


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry there was at some time. Noted elsewhere, it shows whether the trail was cut
    off or written anew since."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Of `sequence:hash`. Raises `Invalid` for anything else."""
        sequence, _, digest = text.strip().partition(":")
        if not sequence.isdecimal() or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise SENTENCES.error(Invalid, "no_head", text=text)
        return cls(int(sequence), digest)


class AuditLog:
    """Writes the trail in order. Use it as `async with AuditLog(database) as audit`.

    A call that only reads is written a moment later, many in one transaction. A change, which
    says `started` first, is written before it begins and when it ends, and so is everything
    recorded `at_once`. Nothing is dropped: what cannot be written waits, then makes callers wait,
    and at the end is put into the log.
    """

    def __init__(
        self, database: Database, *, linger_s: float = LINGER_S, capacity: int = CAPACITY
    ) -> None:
        self._database, self._capacity = database, capacity
        self._entries = Lingering(self._append, _say_waiting, linger_s)
        self._changing: Counter[tuple[str, str, str]] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def record(
        self,
        *,
        subject: str,
        action: str,
        target: str,
        outcome: str,
        detail: Mapping[str, Any],
        at_once: bool = False,
    ) -> None:
        """Add one line. Raises `UpstreamUnavailable` when it must be kept now and cannot be."""
        entry = _entry(subject, action, target, outcome, detail)
        self._entries.waiting.append(entry)
        if self._is_change(entry) or at_once or len(self._entries.waiting) >= self._capacity:
            await self.flush()
        else:
            self._entries.write_soon()

    async def flush(self) -> None:
        """Write all that waits, in order. Goes on to its end when its caller is cancelled."""
        await self._entries.flush()

    async def close(self) -> None:
        """Write what waits; what the database does not take goes to the log in full."""
        try:
            await self._entries.close()
        except OpsError:
            left = [repr(entry) for entry in self._entries.waiting]
            log.exception("audit.not_written", entries=left)

    async def latest(
        self, *, before: int = 0, subject: str = "", about: str = "", limit: int = 50
    ) -> list[AuditRow]:
        """The first of `page`."""
        asked = {"subject": subject, "about": about}
        return list((await self.page(before=before, limit=limit, **asked)).rows)

    async def page(
        self,
        *,
        before: int = 0,
        subject: str = "",
        action: str = "",
        about: str = "",
        sort: str = "",
        cursor: str = "",
        limit: int = 50,
    ) -> Part[AuditRow]:
        """The newest lines first; `before`: those below that one, `about`: of a plan or change."""
        await self.flush()
        asked = {"subject": subject, "action": action, "about": about}
        async with self._database.session() as session:
            return await Audit(session).page(
                before=before, sort=sort, cursor=cursor, limit=limit, **asked
            )

    async def head(self) -> Head:
        """The last line there is; sequence 0 and no hash before the first."""
        await self.flush()
        async with self._database.session() as session:
            return Head(*await Audit(session).head())

    async def verify(self, noted: Head | None = None) -> Broken | None:
        """The first line that was tampered with, or None when the whole chain holds.

        `noted` is a head from an earlier time: the chain must still hold it. Without one, a trail
        that was written anew from the beginning looks whole.
        """
        await self.flush()
        sequence, previous = 0, ""
        seen = noted is None
        async with self._database.session() as session:
            audit = Audit(session)
            head = await audit.head()
            while rows := await audit.after(sequence, limit=PAGE):
                for row in rows:
                    if why := _fault(row, sequence + 1, previous):
                        return Broken(sequence + 1, WORDS.said(why))
                    sequence, previous = row.sequence, row.hash
                    seen = seen or noted == Head(sequence, previous)
        if (sequence, previous) != head:
            return Broken(sequence + 1, WORDS.said("cut"))
        if noted and not seen:
            return Broken(noted.sequence, WORDS.said("not_as_noted", sequence=noted.sequence))
        return None

    def _is_change(self, entry: Entry) -> bool:
        change = (entry.subject, entry.action, entry.target)
        if entry.outcome == STARTED:
            self._changing[change] += 1
            return True
        if self._changing[change]:
            self._changing[change] -= 1
            return True
        del self._changing[change]
        return False

    async def _append(self, entries: Sequence[Entry]) -> None:
        for _ in range(ATTEMPTS - 1):
            with suppress(Conflict):
                return await self._append_after_head(entries)
        return await self._append_after_head(entries)

    async def _append_after_head(self, entries: Sequence[Entry]) -> None:
        async with self._database.session() as session:
            audit = Audit(session)
            sequence, digest = await audit.head()
            rows = _chained(entries, sequence, digest)
            await audit.append(rows)
        last = rows[-1]
        if sequence // HEAD_EVERY != last.sequence // HEAD_EVERY:
            # To where logs are collected, which whoever may alter the database cannot reach.
            log.info("audit.head", head=str(Head(last.sequence, last.hash)))


def _say_waiting(entries: int, why: OpsError) -> None:
    log.warning("audit.waiting", entries=entries, why=str(why))


def _entry(
    subject: str, action: str, target: str, outcome: str, detail: Mapping[str, Any]
) -> Entry:
    text = json.dumps(
        redact_fields(detail),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        default=str,
    )
    if len(text) > MAX_DETAIL_CHARACTERS:
        text = json.dumps({"cut": text[:MAX_DETAIL_CHARACTERS]}, ensure_ascii=False)
    return Entry(
        at=utc_now(),
        subject=_storable(subject, 200),
        action=_storable(action, 128),
        target=_storable(redact_text(target), 500),
        outcome=_storable(outcome, 64),
        detail=_storable(text, len(text)),
    )


def _storable(text: str, limit: int) -> str:
    """Without what a database refuses: NUL and halves of surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:limit]


def _chained(entries: Sequence[Entry], sequence: int, previous: str) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for entry in entries:
        sequence += 1
        row = AuditRow(
            sequence=sequence,
            at=entry.at,
            subject=entry.subject,
            action=entry.action,
            target=entry.target,
            outcome=entry.outcome,
            detail=entry.detail,
            previous_hash=previous,
            hash="",
        )
        previous = _hash(row)
        rows.append(replace(row, hash=previous))
    return rows


def _hash(row: AuditRow) -> str:
    at = row.at.astimezone(UTC).isoformat()
    content = [row.sequence, at, row.subject, row.action, row.target, row.outcome, row.detail]
    canonical = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{row.previous_hash}\n{canonical}".encode()).hexdigest()


def _fault(row: AuditRow, expected: int, previous: str) -> str:
    """What is wrong with a line, as the catalogue names it."""
    if row.sequence != expected:
        return "missing"
    if row.previous_hash != previous:
        return "out_of_order"
    if row.hash != _hash(row):
        return "altered"
    return ""
