"""Configurations of Alertmanagers: templates kept by version, checked when set, compared, taken back in one step."""

from datetime import datetime
from difflib import unified_diff
from typing import TYPE_CHECKING, Annotated, Any

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from core.storage.rule_records import ManagerConfigRow
from mcp_servers.alerting.analysis_shapes import Language
from mcp_servers.alerting.config_rendering import (
    WORDS,
    ConfigRemarkLine,
    Rendered,
    errors,
    holds_secrets,
    remarks,
    rendered,
)
from mcp_servers.alerting.kept_versions import KeptVersions
from mcp_servers.alerting.rule_files import Name, Reason, Version
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.paging import Page, Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Text = Annotated[
    str,
    Field(
        max_length=500_000,
        description="alertmanager.yml with places as <<name>>; see docs/alerts.md.",
    ),
]
Values = Annotated[
    dict[str, Any] | None, Field(description="What fills the places; null: as before.")
]
ByTarget = Annotated[
    dict[str, dict[str, Any]] | None,
    Field(description="Values that differ, by the target's name; null: as before."),
]
TargetName = Annotated[
    str, Field(max_length=100, description="By what name its Alertmanager syncs; empty: any.")
]
MOST_LINES = 400
KEPT = KeptVersions(WORDS, "no_config", "no_version", "moved_on")


class ManagerConfigLine(BaseModel):
    name: str
    version: int = Field(description="0: nothing is stored.")
    targets: list[str] = Field(description="Who has values of its own.")
    created_by: str
    created_at: datetime
    reason: str
    removed: bool = Field(description="Whether this version removed it.")


class ManagerConfigPage(Page[ManagerConfigLine]):
    sorts_by = ("name", "version", "created_by", "created_at")

    def as_text(self) -> str:
        return self.told(f"configurations of Alertmanagers: {self.shown}", map(_told, self.rows))


class ManagerConfigShown(ManagerConfigLine):
    text: str
    defaults: dict[str, Any]
    by_target: dict[str, dict[str, Any]]
    remarks: list[ConfigRemarkLine]

    def as_text(self) -> str:
        return "\n".join([_told(self), *(one.told() for one in self.remarks[:20]), self.text])


class ManagerConfigChecked(BaseModel):
    name: str
    target: str
    rendered: str = Field(description="What Alertmanager would read.")
    remarks: list[ConfigRemarkLine] = Field(description="Errors first.")
    lines: list[str] = Field(
        description="What differs from what the target is to hold now, as a unified diff."
    )
    checked_by: str = Field(description="midwatch: no other program ran.")

    def as_text(self) -> str:
        return "\n".join([*(one.told() for one in self.remarks[:40]), *self.lines])


class ManagerConfigDiff(BaseModel):
    name: str
    target: str
    before: int = Field(description="Version; 0: nothing.")
    after: int
    lines: list[str] = Field(
        description="Unified diff of what the target reads, 400 lines at most."
    )

    def as_text(self) -> str:
        return "\n".join([f"{self.name} {self.before} -> {self.after}", *self.lines])


class ManagerConfigRendered(Rendered):
    name: str
    version: int

    def as_text(self) -> str:
        return self.text


async def alerting_list_manager_configs(
    cursor: str = "", sort: Sort = "", *, desk: Desk
) -> ManagerConfigPage:
    """List the Alertmanager configurations that are stored here, with their versions.

    For the health of the Alertmanagers use alerting_list_alertmanagers.
    """
    async with desk.session() as tables:
        rows = [one for one in await tables.manager_configs.all() if one.text]
    return ManagerConfigPage.shaped(rows, _line, cursor=cursor, sort=sort)


async def alerting_manager_config_versions(
    name: Name, cursor: str = "", sort: Sort = "", *, desk: Desk
) -> ManagerConfigPage:
    """List the versions of an Alertmanager configuration, the newest first: who changed it, when and why."""
    async with desk.session() as tables:
        rows = await KEPT.history(tables.manager_configs, name)
    return ManagerConfigPage.shaped(rows, _line, cursor=cursor, sort=sort)


async def alerting_show_manager_config(
    name: Name, version: Version = 0, language: Language = "en", *, desk: Desk
) -> ManagerConfigShown:
    """Show an Alertmanager configuration: its template, its values, and what is wrong with it."""
    async with desk.session() as tables:
        row = await KEPT.there(tables.manager_configs, name, version)
    return await _shown(row, language)


async def alerting_render_manager_config(
    name: Name, target: TargetName = "", version: Version = 0, *, desk: Desk
) -> ManagerConfigRendered:
    """Give an Alertmanager configuration as one target is to read it, with its digest."""
    async with desk.session() as tables:
        row = await KEPT.there(tables.manager_configs, name, version)
    made = await anyio.to_thread.run_sync(rendered, row, target)
    return ManagerConfigRendered(**made.model_dump(), name=name, version=row.version)


async def alerting_check_manager_config(
    name: Name,
    text: Text = "",
    values: Values = None,
    by_target: ByTarget = None,
    target: TargetName = "",
    language: Language = "en",
    *,
    desk: Desk,
) -> ManagerConfigChecked:
    """Try a change of an Alertmanager configuration: what is wrong with it, and what would differ.

    Nothing is stored. Without a text, the newest version is checked.
    """
    async with desk.session() as tables:
        newest = await tables.manager_configs.get(name)
    if not text.strip() and (newest is None or not newest.text):
        raise WORDS.error(NotFound, "no_config", name=name)
    wanted = proposed(newest, name, text, values, by_target)
    before, after = await _texts(newest, wanted, target)
    return ManagerConfigChecked(
        name=name,
        target=target,
        rendered=after,
        remarks=await anyio.to_thread.run_sync(remarks, wanted, language),
        lines=_diff(before, after),
        checked_by="midwatch",
    )


async def alerting_diff_manager_config(
    name: Name,
    before: Annotated[Version, Field(description="0: the one before `after`.")] = 0,
    after: Annotated[Version, Field(description="0: the newest.")] = 0,
    target: TargetName = "",
    *,
    desk: Desk,
) -> ManagerConfigDiff:
    """Say what differs for a target between two versions of an Alertmanager configuration."""
    async with desk.session() as tables:
        new = await KEPT.there(tables.manager_configs, name, after)
        earlier = before or new.version - 1
        old = await KEPT.there(tables.manager_configs, name, earlier) if earlier else None
    return ManagerConfigDiff(
        name=name,
        target=target,
        before=earlier,
        after=new.version,
        lines=_diff(*await _texts(old, new, target)),
    )


async def alerting_set_manager_config(
    name: Name,
    text: Text,
    reason: Reason,
    based_on: Annotated[int, Field(description="The version that was read; 0 before the first.")],
    values: Values = None,
    by_target: ByTarget = None,
    with_errors: Annotated[
        bool, Field(description="Store it though errors were found, but for secrets.")
    ] = False,
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> ManagerConfigShown:
    """Store an Alertmanager configuration as a new version. Errors keep it out; it is tried for every target.

    Try it with alerting_check_manager_config before. `midwatch sync --config` brings it to the Alertmanagers.
    """
    async with desk.session() as tables:
        newest = await tables.manager_configs.get(name)
    row = proposed(newest, name, text, values, by_target)
    found = await anyio.to_thread.run_sync(remarks, row, language)
    wrong = errors(found)
    if wrong and (holds_secrets(found) or not with_errors):
        code = "with_secrets" if holds_secrets(found) else "with_errors"
        first = f"{wrong[0].where}: {wrong[0].text}".removeprefix(": ")
        raise WORDS.error(Invalid, code, count=len(wrong), first=first)
    async with desk.session() as tables:
        stored = await _next(tables, row, reason, based_on, caller)
    return await _shown(stored, language)


async def alerting_roll_back_manager_config(
    name: Name,
    reason: Reason,
    version: Annotated[Version, Field(description="0: the one before the newest.")] = 0,
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> ManagerConfigShown:
    """Make an earlier version of an Alertmanager configuration the newest again, as a new version."""
    async with desk.session() as tables:
        newest = await tables.manager_configs.get(name)
        if newest is None:
            raise WORDS.error(NotFound, "no_config", name=name)
        back = await KEPT.there(tables.manager_configs, name, version or newest.version - 1 or -1)
        stored = await _next(tables, back, reason, newest.version, caller)
    return await _shown(stored, language)


async def alerting_remove_manager_config(
    name: Name, reason: Reason, *, desk: Desk, caller: Principal
) -> ManagerConfigLine:
    """Remove a stored Alertmanager configuration. Who holds it keeps it, and a rollback brings it back."""
    async with desk.session() as tables:
        row = await KEPT.there(tables.manager_configs, name)
        gone = ManagerConfigRow(name, 0, "", "", row.created_at, "", row.defaults, row.by_target)
        return _line(await _next(tables, gone, reason, row.version, caller))


def proposed(
    newest: ManagerConfigRow | None,
    name: str,
    text: str,
    values: dict[str, Any] | None,
    by_target: dict[str, dict[str, Any]] | None,
) -> ManagerConfigRow:
    """What would be stored: what is not given is as in the newest version."""
    kept = newest or ManagerConfigRow(name, 0, "", "", utc_now())
    return ManagerConfigRow(
        name,
        kept.version,
        text if text.strip() else kept.text,
        "",
        utc_now(),
        defaults=kept.defaults if values is None else values,
        by_target=kept.by_target if by_target is None else by_target,
    )


async def _next(
    tables: "AlertTables", row: ManagerConfigRow, reason: str, based_on: int, caller: Principal
) -> ManagerConfigRow:
    await KEPT.newest(tables.manager_configs, row.name, based_on)
    stored = ManagerConfigRow(
        row.name,
        based_on + 1,
        row.text,
        caller.subject,
        utc_now(),
        reason,
        row.defaults,
        row.by_target,
    )
    await tables.manager_configs.add(stored)
    return stored


async def _texts(
    before: ManagerConfigRow | None, after: ManagerConfigRow, target: str
) -> tuple[str, str]:
    return (
        await anyio.to_thread.run_sync(_text, before, target),
        await anyio.to_thread.run_sync(_text, after, target),
    )


def _text(row: ManagerConfigRow | None, target: str) -> str:
    return rendered(row, target).text if row and row.text else ""


def _diff(before: str, after: str) -> list[str]:
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return list(lines)[:MOST_LINES]


async def _shown(row: ManagerConfigRow, language: str) -> ManagerConfigShown:
    """To read YAML takes a second for each 100 kB: others are answered meanwhile."""
    found = await anyio.to_thread.run_sync(remarks, row, language) if row.text else []
    return ManagerConfigShown(
        **_line(row).model_dump(),
        text=row.text,
        defaults=row.defaults,
        by_target=row.by_target,
        remarks=found,
    )


def _line(row: ManagerConfigRow) -> ManagerConfigLine:
    return ManagerConfigLine(
        name=row.name,
        version=row.version,
        targets=sorted(row.by_target),
        created_by=row.created_by,
        created_at=row.created_at,
        reason=row.reason,
        removed=not row.text,
    )


def _told(one: ManagerConfigLine) -> str:
    who = f" for {', '.join(one.targets)}" if one.targets else ""
    when = f"{one.created_at:%Y-%m-%d %H:%M}"
    return f"{one.name} version {one.version}{who}; {when} by {one.created_by}: {one.reason}"
