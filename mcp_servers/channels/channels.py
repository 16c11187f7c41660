"""Channels: added with a checked configuration, tried out, switched, removed."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from core.clock import monotonic_s, utc_now
from core.errors import Conflict, NotFound, Stale
from core.principal import Principal
from core.storage.alert_records import ChannelRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.senders.kinds import configured, tell
from mcp_servers.channels.sealing import opened, sealed
from mcp_servers.channels.sentences import SENTENCES
from mcp_servers.channels.wording import worded
from mcp_servers.facts.notices import Telling
from mcp_servers.paging import Page, Sort
from mcp_servers.sentences import near

if TYPE_CHECKING:
    from core.storage.repositories.outbox import Channels

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=100)]
Kind = Annotated[
    str, Field(description="webhook, slack, dingtalk, feishu, wecom, teams, pagerduty or email.")
]
Settings = Annotated[dict[str, Any], Field(description="By kind; an error names what it takes.")]
Words = Literal["en", "zh"]
AsOf = Annotated[
    AwareDatetime | None,
    Field(description="Its updated_at as it was read: refused if it was changed since."),
]
Tags = Annotated[list[str], Field(max_length=20, description="Groups it belongs to.")]


class ChannelLine(BaseModel):
    name: str
    kind: str
    language: str
    tags: list[str]
    enabled: bool
    settings: dict[str, Any] = Field(description="What of its configuration is no secret.")
    resting_until: datetime | None = Field(description="It asked for no messages until then.")
    updated_at: datetime = Field(description="When somebody changed it last.")


class ChannelPage(Page[ChannelLine]):
    sorts_by = ("name", "kind", "language", "enabled", "updated_at")

    def as_text(self) -> str:
        told = (f"{one.name} {one.kind} {_state(one)}" for one in self.rows)
        return self.told(f"channels: {self.shown}", told)


class Tried(BaseModel):
    channel: str
    result: str = Field(description="sent | retry (it may work later) | refused")
    code: str = Field(description="The channel's own.")
    why: str
    latency_ms: int

    def as_text(self) -> str:
        return f"{self.channel}: {self.result} {self.code} {self.why}".rstrip()


async def channels_list(cursor: str = "", sort: Sort = "", *, desk: Desk) -> ChannelPage:
    """List the channels by which people are told of alerts."""
    async with desk.session() as tables:
        rows = await tables.channels.all()
    return ChannelPage.of([_line(row) for row in rows], cursor=cursor, sort=sort)


async def channels_add(
    name: Name,
    kind: Kind,
    settings: Settings,
    language: Words = "en",
    tags: Tags = [],  # noqa: B006 - read only; None would show in the schema
    *,
    desk: Desk,
    caller: Principal,
) -> ChannelLine:
    """Add a channel. Its configuration is checked and kept encrypted; try it with channels_test."""
    config = configured(kind, settings, desk.wire)
    now = utc_now()
    row = ChannelRow(
        name=name,
        kind=kind,
        sealed=sealed(desk.vault, name, config),
        shown=config.shown(),
        language=language,
        tags=list(tags),
        enabled=True,
        created_by=caller.subject,
        created_at=now,
        updated_at=now,
    )
    async with desk.session() as tables:
        if await tables.channels.get(name):
            raise SENTENCES.error(Conflict, "channel_exists", name=name)
        await tables.channels.add(row)
    return _line(row)


async def channels_change(
    name: Name,
    settings: Annotated[dict[str, Any], Field(description="All of it, or nothing.")] = {},  # noqa: B006 - read only
    language: Literal["", "en", "zh"] = "",
    tags: Annotated[list[str] | None, Field(max_length=20)] = None,
    enabled: bool | None = None,
    as_of: AsOf = None,
    *,
    desk: Desk,
) -> ChannelLine:
    """Change what is given of a channel: its configuration, language, tags, or whether it is on."""
    async with desk.session() as tables:
        row = await _as_read(tables.channels, name, as_of)
        read = row.updated_at
        if settings:
            config = configured(row.kind, settings, desk.wire)
            row = replace(row, sealed=sealed(desk.vault, name, config), shown=config.shown())
        changed = replace(
            row,
            language=language or row.language,
            tags=row.tags if tags is None else list(tags),
            enabled=row.enabled if enabled is None else enabled,
            updated_at=utc_now(),
        )
        if not await tables.channels.save(changed, read=read):
            raise SENTENCES.error(Stale, "changed_meanwhile", name=name)
    return _line(changed)


async def channels_switch(name: Name, enabled: bool, *, desk: Desk) -> ChannelLine:
    """Switch a channel off, so that nobody is told by it, or on again; nothing else of it changes."""
    return await channels_change(name, enabled=enabled, desk=desk)


async def channels_remove(name: Name, as_of: AsOf = None, *, desk: Desk) -> ChannelLine:
    """Remove a channel. What still waits for it is cancelled and stays on record."""
    async with desk.session() as tables:
        row = await _as_read(tables.channels, name, as_of)
        if not await tables.channels.remove(name, read=row.updated_at):
            raise SENTENCES.error(Stale, "changed_meanwhile", name=name)
        await tables.outbox.cancel_all(name)
    return _line(row)


async def channels_test(name: Name, *, desk: Desk, caller: Principal) -> Tried:
    """Send one test message now and say what the channel answered."""
    async with desk.session() as tables:
        row = await existing(tables.channels, name)
    now, started_s = utc_now(), monotonic_s()
    telling = Telling(key=f"test-{name}", reason="test")
    notice = worded(
        telling,
        message_id=f"test-{int(now.timestamp() * 1000)}",
        language=row.language,
        channel=name,
        by=caller.subject,
    )
    outcome = await tell(row.kind, opened(desk.vault, row), notice, desk.wire, now)
    return Tried(
        channel=name,
        result=outcome.result,
        code=outcome.code,
        why=outcome.why,
        latency_ms=round((monotonic_s() - started_s) * 1000),
    )


async def channels_rotate_keys(*, desk: Desk) -> ChannelPage:
    """Seal every configuration anew with the key in use; what an earlier key sealed is opened first."""
    done: list[ChannelLine] = []
    async with desk.session() as tables:
        for row in await tables.channels.all():
            if not desk.vault.is_current(row.sealed):
                again = sealed(desk.vault, row.name, opened(desk.vault, row))
                # Whoever changes one meanwhile seals it with the key in use.
                if await tables.channels.save(replace(row, sealed=again), read=row.updated_at):
                    done.append(_line(row))
    return ChannelPage.of(done, size=max(1, len(done)))


async def _as_read(channels: "Channels", name: str, as_of: datetime | None) -> ChannelRow:
    """Raises `Stale` where it was changed since."""
    row = await existing(channels, name)
    if as_of and row.updated_at != as_of:
        raise SENTENCES.error(Stale, "changed_meanwhile", name=name)
    return row


async def existing(channels: "Channels", name: str) -> ChannelRow:
    row = await channels.get(name)
    if row is None:
        known = [one.name for one in await channels.all()]
        raise SENTENCES.error(NotFound, "no_channel", name=name, hint=near(name, known))
    return row


def _line(row: ChannelRow) -> ChannelLine:
    return ChannelLine(
        name=row.name,
        kind=row.kind,
        language=row.language,
        tags=row.tags,
        enabled=row.enabled,
        settings=row.shown,
        resting_until=row.rest_until,
        updated_at=row.updated_at,
    )


def _state(one: ChannelLine) -> str:
    return f"({', '.join(one.tags)})" if one.enabled else "off"
