"""Files of Prometheus rules kept by version: looked through when set, compared, taken back in one step."""

from collections.abc import Sequence
from datetime import datetime
from difflib import unified_diff
from functools import partial
from typing import TYPE_CHECKING, Annotated

from anyio.to_thread import run_sync
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from core.storage.rule_records import RuleFileRow
from mcp_servers.alerting.analysis_shapes import Language
from mcp_servers.alerting.kept_versions import KeptVersions
from mcp_servers.alerting.rule_lint import Remark, level_of, remark
from mcp_servers.alerting.rule_reading import WORDS as LINT
from mcp_servers.alerting.rule_reading import rules_of
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.rule_changes import changes
from mcp_servers.engines.rule_checks import checked
from mcp_servers.facts.promql import PromRule, RuleRemark
from mcp_servers.facts.rule_trials import RuleChange
from mcp_servers.paging import Page, Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Name = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_.-]*$",
        max_length=100,
        description="Name of a stored file of rules, e.g. 'checkout'.",
    ),
]
Text = Annotated[
    str, Field(max_length=500_000, description="YAML: groups of rules, or a PrometheusRule.")
]
Reason = Annotated[str, Field(min_length=3, max_length=500)]
Version = Annotated[int, Field(ge=0)]
Labels = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_./-]*$", max_length=100)],
        Annotated[str, Field(max_length=200)],
    ],
    Field(max_length=20),
]
MOST_LINES, MOST_REMARKS = 400, 200
KEPT = KeptVersions(SENTENCES, "no_rule_file", "no_rule_version", "rules_moved_on")


class RuleFileLine(BaseModel):
    name: str
    version: int = Field(description="0: nothing is stored.")
    alerts: int = Field(description="Alerting rules in it.")
    recordings: int
    created_by: str
    created_at: datetime
    reason: str
    removed: bool = Field(description="Whether this version removed the file.")
    labels: dict[str, str] = Field(description="Of the file: by these a Prometheus takes it.")


class RuleFiles(Page[RuleFileLine]):
    sorts_by = ("name", "version", "alerts", "recordings", "created_by", "created_at")

    def as_text(self) -> str:
        return self.told(f"files of rules: {self.shown}", map(_told, self.rows))


class RuleFileShown(RuleFileLine):
    text: str
    remarks: list[Remark] = Field(description="Of the linter, beside the other stored files.")

    def as_text(self) -> str:
        remarks = [f"- {one.level} {one.rule} {one.check}: {one.text}" for one in self.remarks[:20]]
        return "\n".join([_told(self), *remarks, self.text])


class FieldChange(BaseModel):
    field: str = Field(description="expr, for, interval, labels.NAME or annotations.NAME.")
    before: str
    after: str


class RuleChanged(BaseModel):
    how: str = Field(description="added | removed | changed")
    group: str
    rule: str
    fields: list[FieldChange]


class RuleFileDiff(BaseModel):
    name: str
    before: int = Field(description="Version; 0: nothing.")
    after: int = Field(description="Version; 0: the text that was handed in.")
    changes: list[RuleChanged]
    lines: list[str] = Field(description="The same as a unified diff, at most 400 lines.")

    def as_text(self) -> str:
        told = [f"- {one.how} {one.group}/{one.rule}" for one in self.changes]
        return "\n".join([f"{self.name} {self.before} -> {self.after}", *told, *self.lines])


async def alerting_list_rule_files(cursor: str = "", sort: Sort = "", *, desk: Desk) -> RuleFiles:
    """List the files of alert and recording rules that are stored here, with their versions.

    For the rules that Prometheus has in force use prometheus_rules.
    """
    async with desk.session() as tables:
        rows = [one for one in await tables.rule_files.all() if one.text]
    return await run_sync(partial(RuleFiles.shaped, rows, _line, cursor=cursor, sort=sort))


async def alerting_rule_file_versions(
    name: Name, cursor: str = "", sort: Sort = "", *, desk: Desk
) -> RuleFiles:
    """List the versions of one stored file of rules, the newest first: who changed it, when and why."""
    async with desk.session() as tables:
        rows = await KEPT.history(tables.rule_files, name)
    return await run_sync(partial(RuleFiles.shaped, rows, _line, cursor=cursor, sort=sort))


async def alerting_show_rule_file(
    name: Name, version: Version = 0, language: Language = "en", *, desk: Desk
) -> RuleFileShown:
    """Show a stored file of rules, the newest version or another, with what the linter says of it."""
    async with desk.session() as tables:
        row = await KEPT.there(tables.rule_files, name, version)
        others = await _others(tables, name)
    return await run_sync(_looked_through, row, others, language)


async def alerting_diff_rule_file(
    name: Name,
    before: Annotated[Version, Field(description="0: the one before `after`.")] = 0,
    after: Annotated[Version, Field(description="0: the newest, or `text` where given.")] = 0,
    text: Text = "",
    *,
    desk: Desk,
) -> RuleFileDiff:
    """Say rule by rule what differs between two versions of a file, or between it and a new text."""
    async with desk.session() as tables:
        if text.strip():
            old = await tables.rule_files.get(name, before)
            new_text, new_version = text, 0
        else:
            new = await KEPT.there(tables.rule_files, name, after)
            new_text, new_version = new.text, new.version
            old = await tables.rule_files.get(name, before or new.version - 1)
            old = None if new.version == 1 and not before else old
        if before and old is None:
            raise SENTENCES.error(NotFound, "no_rule_version", name=name, version=before)
    old_text = old.text if old else ""
    found = await run_sync(_changes, old_text, new_text)
    return RuleFileDiff(
        name=name,
        before=old.version if old else 0,
        after=new_version,
        changes=[
            RuleChanged(
                how=one.how,
                group=one.group,
                rule=one.rule,
                fields=[
                    FieldChange(field=field, before=was, after=now)
                    for field, (was, now) in one.fields.items()
                ],
            )
            for one in found
        ],
        lines=list(unified_diff(old_text.splitlines(), new_text.splitlines(), lineterm="", n=2))[
            :MOST_LINES
        ],
    )


async def alerting_set_rule_file(
    name: Name,
    text: Text,
    reason: Reason,
    based_on: Annotated[int, Field(description="The version that was read; 0 before the first.")],
    with_errors: Annotated[
        bool, Field(description="Store it though the linter finds errors in it.")
    ] = False,
    labels: Annotated[
        Labels | None, Field(description="Of the file, e.g. team; null: as before.")
    ] = None,
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> RuleFileShown:
    """Store a file of rules as a new version. It is looked through first; errors keep it out.

    Try it with alerting_back_test_rules and alerting_diff_rule_file before.
    """
    await run_sync(rules_of, text)
    async with desk.session() as tables:
        others = await _others(tables, name)
    remarks = await run_sync(_remarks, text, others)
    errors = [one for one in remarks if level_of(one.code) == "error"]
    if errors and not with_errors:
        raise _kept_out(errors)
    async with desk.session() as tables:
        row = await _next(tables, name, text, reason, based_on, caller, labels)
    return await run_sync(_shown, row, remarks, language)


def _kept_out(errors: Sequence[RuleRemark]) -> Invalid:
    first = errors[0]
    where = f"{first.rule.group}/{first.rule.name}"
    why = LINT.said(first.code, **first.facts)
    return SENTENCES.error(Invalid, "rules_with_errors", count=len(errors), where=where, why=why)


async def alerting_roll_back_rule_file(
    name: Name,
    reason: Reason,
    version: Annotated[Version, Field(description="0: the one before the newest.")] = 0,
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> RuleFileShown:
    """Make an earlier version of a file of rules the newest again, as a new version."""
    async with desk.session() as tables:
        [newest] = await KEPT.history(tables.rule_files, name, limit=1)
        wanted = version or newest.version - 1
        back = await tables.rule_files.get(name, wanted) if wanted else None
        if back is None:
            raise SENTENCES.error(NotFound, "no_rule_version", name=name, version=wanted)
        row = await _next(tables, name, back.text, reason, newest.version, caller)
        others = await _others(tables, name)
    return await run_sync(_looked_through, row, others, language)


async def alerting_remove_rule_file(
    name: Name, reason: Reason, *, desk: Desk, caller: Principal
) -> RuleFileLine:
    """Remove a stored file of rules. Its versions stay, and a rollback brings it back."""
    async with desk.session() as tables:
        row = await KEPT.there(tables.rule_files, name)
        return _line(await _next(tables, name, "", reason, row.version, caller))


async def alerting_switch_rule_file(
    name: Name,
    enabled: Annotated[bool, Field(description="False: it is written to no Prometheus any more.")],
    reason: Reason,
    *,
    desk: Desk,
    caller: Principal,
) -> RuleFileLine:
    """Switch a stored file of rules off, or on again as it was. One that is so already gets no new version."""
    async with desk.session() as tables:
        [row] = await KEPT.history(tables.rule_files, name, limit=1)
        if bool(row.text) != enabled:
            before = await tables.rule_files.written(name) if enabled else None
            text = before.text if before else ""
            row = await _next(tables, name, text, reason, row.version, caller)
    return await run_sync(_line, row)


async def stored_text(desk: Desk, name: str) -> str:
    """The newest text of a file. Raises `NotFound`."""
    async with desk.session() as tables:
        return (await KEPT.there(tables.rule_files, name)).text


async def _others(tables: "AlertTables", name: str) -> list[str]:
    """The texts of the other files, among which duplicates and conflicts are looked for."""
    return [one.text for one in await tables.rule_files.all() if one.name != name]


async def _next(
    tables: "AlertTables",
    name: str,
    text: str,
    reason: str,
    based_on: int,
    caller: Principal,
    labels: dict[str, str] | None = None,
) -> RuleFileRow:
    newest = await KEPT.newest(tables.rule_files, name, based_on)
    kept = newest.labels if newest and labels is None else labels or {}
    row = RuleFileRow(name, based_on + 1, text, caller.subject, utc_now(), reason, kept)
    await tables.rule_files.add(row)
    return row


def _rules(text: str) -> list[PromRule]:
    """To read YAML takes a second for each 100 kB: it is done where others are answered meanwhile."""
    return rules_of(text) if text.strip() else []


def _changes(before: str, after: str) -> list[RuleChange]:
    return changes(_rules(before), _rules(after))


def _remarks(text: str, others: Sequence[str]) -> list[RuleRemark]:
    """What the linter says of these rules, with those of the others standing before them."""
    mine = _rules(text)
    ours = {id(one) for one in mine}
    before = [rule for one in others for rule in _rules(one)]
    return [one for one in checked([*before, *mine]) if id(one.rule) in ours]


def _looked_through(row: RuleFileRow, others: Sequence[str], language: str) -> RuleFileShown:
    return _shown(row, _remarks(row.text, others), language)


def _shown(row: RuleFileRow, remarks: Sequence[RuleRemark], language: str) -> RuleFileShown:
    told = [remark(one, language) for one in remarks[:MOST_REMARKS]]
    return RuleFileShown(**_line(row).model_dump(), text=row.text, remarks=told)


def _line(row: RuleFileRow) -> RuleFileLine:
    rules = _rules(row.text)
    alerts = sum(one.is_alert for one in rules)
    return RuleFileLine(
        name=row.name,
        version=row.version,
        alerts=alerts,
        recordings=len(rules) - alerts,
        created_by=row.created_by,
        created_at=row.created_at,
        reason=row.reason,
        removed=not row.text,
        labels=row.labels,
    )


def _told(one: RuleFileLine) -> str:
    what = "removed" if one.removed else f"{one.alerts} alerts, {one.recordings} recordings"
    when = f"{one.created_at:%Y-%m-%d %H:%M}"
    return f"{one.name} version {one.version}: {what}; {when} by {one.created_by}: {one.reason}"
