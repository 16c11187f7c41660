"""Stored rules and configurations on their way: what a server is to hold, what it holds, who changed it there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from anyio.to_thread import run_sync
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from core.storage.rule_records import ManagerConfigRow, RuleFileRow, RuleTargetRow
from mcp_servers.alerting.config_rendering import rendered
from mcp_servers.alerting.rule_files import Name
from mcp_servers.alerting.rule_reading import plain
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.paging import Page

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Match = Annotated[
    str,
    Field(
        max_length=500, description="Labels of files, as in team=web,env=prod; empty: all files."
    ),
]
State = Literal["in_step", "not_reloaded", "refused", "failed"]
Digest = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]*$")]
# Who is not heard of for so many of its rounds, and at least so long, is silent.
ROUNDS, LEAST = 3, timedelta(minutes=3)
MOST_TARGETS = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """The newest version of everything that targets take."""

    files: Sequence[RuleFileRow]
    configs: Sequence[ManagerConfigRow]


class BundleFile(BaseModel):
    name: str
    version: int
    digest: str = Field(description="SHA-256 of the text that alerting_rule_target_file gives.")


class RuleBundle(BaseModel):
    match: str
    digest: str = Field(description="Of all files; it changes when one of them does.")
    files: list[BundleFile]

    def as_text(self) -> str:
        told = [f"{one.name} version {one.version}" for one in self.files]
        return "\n".join([f"{len(self.files)} files, digest {self.digest}", *told])


class BundleText(BundleFile):
    text: str = Field(description="Groups of rules, as Prometheus reads them from a file.")

    def as_text(self) -> str:
        return self.text


class RuleTarget(BaseModel):
    name: str
    state: str = Field(
        description="in_step | behind | not_reloaded | refused (by its server, which was given back "
        "what it had) | failed | silent (not heard of for three rounds)"
    )
    match: str
    config: str = Field(
        description="The Alertmanager configuration that is written there; empty: rules."
    )
    files: int
    error: str
    digest: str = Field(description="Of what it holds.")
    wanted: str = Field(description="Of what it is to hold.")
    drift: list[str] = Field(description="Files that somebody else had changed there, last seen.")
    drift_at: datetime | None
    changed_at: datetime
    reported_at: datetime
    reported_by: str


class RuleTargets(Page[RuleTarget]):
    def as_text(self) -> str:
        return self.told(f"servers that hold rules: {self.shown}", map(_told, self.rows))


async def alerting_rule_bundle(match: Match = "", *, desk: Desk) -> RuleBundle:
    """Say which stored files of rules, at which versions, a Prometheus that takes these labels is to hold."""
    async with desk.session() as tables:
        files = await tables.rule_files.all()
    return await run_sync(_bundle, match, files)


async def alerting_rule_target_file(
    name: Name, version: Annotated[int, Field(ge=1)], *, desk: Desk
) -> BundleText:
    """Give a version of a stored file of rules as a Prometheus reads it: plain groups."""
    async with desk.session() as tables:
        row = await tables.rule_files.get(name, version)
    if row is None or not row.text:
        raise SENTENCES.error(NotFound, "no_rule_version", name=name, version=version)
    return BundleText(**_file(row).model_dump(), text=await run_sync(plain, row.text))


async def alerting_report_rule_target(
    target: Name,
    state: State,
    match: Match = "",
    digest: Digest = "",
    error: Annotated[str, Field(max_length=1000)] = "",
    files: Annotated[int, Field(ge=0)] = 0,
    every_s: Annotated[int, Field(ge=1, le=86_400)] = 60,
    drift: Annotated[tuple[str, ...], Field(max_length=100)] = (),
    config: Annotated[str, Field(max_length=100)] = "",
    *,
    desk: Desk,
    caller: Principal,
) -> RuleTarget:
    """Note what a Prometheus or an Alertmanager holds. For `midwatch sync`, which writes its files."""
    pairs(match)
    now = utc_now()
    async with desk.session() as tables:
        before = await tables.rule_files.target(target)
        row = RuleTargetRow(
            name=target,
            match=match,
            digest=digest,
            state=state,
            error=error,
            files=files,
            every_s=every_s,
            drift=list(drift) or (before.drift if before else []),
            drift_at=now if drift else (before.drift_at if before else None),
            changed_at=before.changed_at if before and before.digest == digest else now,
            reported_at=now,
            reported_by=caller.subject,
            config=config,
        )
        await tables.rule_files.save_target(row)
        stored = await _stored(tables)
    return await run_sync(_line, row, stored, now)


async def alerting_list_rule_targets(cursor: str = "", *, desk: Desk) -> RuleTargets:
    """List the Prometheus servers and Alertmanagers that files are written to: in step or not, what drifted there."""
    now = utc_now()
    async with desk.session() as tables:
        rows, stored = await tables.rule_files.targets(), await _stored(tables)
    line = partial(_line, stored=stored, now=now)
    shaped = partial(RuleTargets.shaped, rows[:MOST_TARGETS], line, cursor=cursor)
    return await run_sync(shaped)


async def alerting_forget_rule_target(target: Name, *, desk: Desk) -> RuleTargets:
    """Forget a Prometheus that no rules are written to any more. What still writes there is listed again."""
    async with desk.session() as tables:
        if not await tables.rule_files.forget_target(target):
            raise SENTENCES.error(NotFound, "no_rule_target", name=target)
    return await alerting_list_rule_targets(desk=desk)


def _bundle(match: str, rows: Sequence[RuleFileRow]) -> RuleBundle:
    wanted = pairs(match)
    files = [_file(one) for one in rows if one.text and wanted.items() <= one.labels.items()]
    told = "".join(f"{one.name} {one.digest}\n" for one in sorted(files, key=lambda f: f.name))
    return RuleBundle(match=match, digest=_digest(told), files=files)


def pairs(match: str) -> dict[str, str]:
    parts = [one.strip().partition("=") for one in match.split(",") if one.strip()]
    if any(not (name and eq) for name, eq, _ in parts):
        raise SENTENCES.error(Invalid, "no_label_choice", match=match)
    return {name.strip(): value.strip() for name, _, value in parts}


def _file(row: RuleFileRow) -> BundleFile:
    return BundleFile(name=row.name, version=row.version, digest=_digest(plain(row.text)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _stored(tables: "AlertTables") -> Stored:
    return Stored(await tables.rule_files.all(), await tables.manager_configs.all())


def _wanted(row: RuleTargetRow, stored: Stored) -> str:
    """The digest of what it is to hold; what it holds where its configuration is removed or cannot be made."""
    if not row.config:
        return _bundle(row.match, stored.files).digest
    config = next((one for one in stored.configs if one.name == row.config and one.text), None)
    try:
        return rendered(config, row.name).digest if config else row.digest
    except Invalid:
        return row.digest


def _line(row: RuleTargetRow, stored: Stored, now: datetime) -> RuleTarget:
    wanted = _wanted(row, stored)
    return RuleTarget(
        name=row.name,
        state=_state(row, wanted, now),
        match=row.match,
        config=row.config,
        files=row.files,
        error=row.error,
        digest=row.digest,
        wanted=wanted,
        drift=row.drift,
        drift_at=row.drift_at,
        changed_at=row.changed_at,
        reported_at=row.reported_at,
        reported_by=row.reported_by,
    )


def _state(row: RuleTargetRow, wanted: str, now: datetime) -> str:
    if now - row.reported_at > max(LEAST, ROUNDS * timedelta(seconds=row.every_s)):
        return "silent"
    if row.state != "in_step":
        return row.state
    return "in_step" if row.digest == wanted else "behind"


def _told(one: RuleTarget) -> str:
    drift = f"; changed there by others: {', '.join(one.drift)}" if one.drift else ""
    what = (
        f"configuration {one.config}" if one.config else f"{one.files} files ({one.match or 'all'})"
    )
    return f"{one.name} {one.state}, {what} {one.error}{drift}"
