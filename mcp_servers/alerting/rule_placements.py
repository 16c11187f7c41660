"""Stored rules in the cluster: which namespaces hold them as PrometheusRule objects, and how these stand.

Nothing is written from here: what is to be written is planned by autofix_plan_rules, and decided by a person.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from anyio.to_thread import run_sync
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound, OpsError
from core.principal import Principal
from core.sentences import LANGUAGES
from core.storage.rule_records import RuleFileRow, RulePlacementRow
from mcp_servers.alerting.rule_files import Labels
from mcp_servers.alerting.rule_reading import groups_of
from mcp_servers.alerting.rule_targets import Match, pairs
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.rule_objects import (
    FILE,
    KIND,
    MANAGED_BY,
    PLACEMENT,
    differing,
    groups_in,
    is_ours,
    marks,
    object_name,
    standing,
    version_in,
)
from mcp_servers.facts.kubernetes import Resource
from mcp_servers.paging import Page

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Placed = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        max_length=63,
        description="Name of a placement, e.g. 'monitoring'.",
    ),
]
Which = Annotated[str, Field(max_length=63, description="A placement; empty: all.")]
Namespace = Annotated[str, Field(min_length=1, max_length=63, description="Kubernetes namespace.")]
UNSEEN, LEFT_OVER, EMPTIED = "unseen", "left_over", "emptied"
DIFFERS = frozenset({"absent", "behind", "drifted", LEFT_OVER})


class RulePlacement(BaseModel):
    name: str
    namespace: str
    match: str = Field(description="Files with these labels stand there; empty: all.")
    labels: dict[str, str] = Field(description="Of the objects: by these a Prometheus finds them.")
    left: list[str] = Field(
        default=[], description="Of one that was removed: objects that stay in the cluster."
    )

    def as_text(self) -> str:
        left = f"; stay in the cluster: {', '.join(self.left)}" if self.left else ""
        return f"{self.name}: {self.match or 'all files'} in {self.namespace}{left}"


class RuleObject(BaseModel):
    placement: str
    namespace: str
    object: str = Field(description="Name of the PrometheusRule.")
    file: str
    version: int = Field(
        description="Of the file, the newest; 0: it is not to stand here any more."
    )
    held: int = Field(description="The version that the object says it holds; 0: none.")
    state: str = Field(
        description="in_step | absent | behind | drifted (somebody else changed it) | left_over (its file "
        "is gone) | emptied | foreign (of this name, and not ours) | unseen"
    )
    why: str = Field(default="", description="Of what could not be seen.")
    why_in: dict[str, str] = Field(default={}, description="The same by language.")
    lines: list[str] = Field(default=[], description="Unified diff, from the object to the file.")


class RuleObjects(Page[RuleObject]):
    def as_text(self) -> str:
        return self.told(f"rule objects: {self.shown}", map(_told, self.rows))


class RenderedObject(BaseModel):
    """What autofix_plan_rules takes."""

    namespace: str
    name: str
    groups: list[dict[str, Any]]
    labels: dict[str, str]
    annotations: dict[str, str]


class RenderedObjects(BaseModel):
    rows: list[RenderedObject] = Field(description="Objects that are not as they are to be.")
    foreign: list[str] = Field(description="Objects that are not ours, and are left alone.")

    def as_text(self) -> str:
        names = ", ".join(f"{one.namespace}/{one.name}" for one in self.rows)
        return f"objects to be written: {names or 'none'}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One object as it is to be, beside the one that is there."""

    placement: RulePlacementRow
    name: str
    file: str
    version: int
    groups: list[dict[str, Any]]
    live: Resource | None
    state: str
    why: OpsError | None = None


async def alerting_set_rule_placement(
    name: Placed,
    namespace: Namespace,
    match: Match = "",
    labels: Labels = {},  # noqa: B006 - read only
    *,
    desk: Desk,
    caller: Principal,
) -> RulePlacement:
    """Say that stored files with these labels are to stand in a namespace as PrometheusRule objects.

    `labels` are put on the objects, as in release=prometheus, by which the operator's ruleSelector finds
    them. Nothing is written: see alerting_list_rule_objects, and plan it with autofix_plan_rules.
    """
    pairs(match)
    if taken := {MANAGED_BY, PLACEMENT} & labels.keys():
        raise SENTENCES.error(Invalid, "label_is_ours", label=min(taken))
    row = RulePlacementRow(name, namespace, match, labels, caller.subject, utc_now())
    async with desk.session() as tables:
        await tables.rule_files.save_placement(row)
    return _placement(row)


async def alerting_remove_rule_placement(
    name: Placed, *, desk: Desk, kubernetes: Kubernetes, caller: Principal
) -> RulePlacement:
    """Forget a placement. Its objects stay in the cluster as they are, and are named in the answer."""
    async with desk.session() as tables:
        row = await _one(tables, name, caller)
        await tables.rule_files.forget_placement(name)
    try:
        found = await kubernetes.seen_by(caller).list(KIND, namespace=row.namespace)
    except OpsError:
        found = []
    left = [one.name for one in found if is_ours(one, name)]
    return _placement(row).model_copy(update={"left": left})


async def alerting_list_rule_objects(
    placement: Which = "",
    cursor: str = "",
    *,
    desk: Desk,
    kubernetes: Kubernetes,
    caller: Principal,
) -> RuleObjects:
    """List the PrometheusRule objects that stored rules stand in: in step, behind, drifted, absent, left over.

    Use for "are the rules in the cluster up to date". For servers with files use alerting_list_rule_targets.
    """
    seen = await _seen(desk, kubernetes, caller, placement)
    return await run_sync(partial(RuleObjects.shaped, seen, _row, cursor=cursor))


async def alerting_render_rule_objects(
    placement: Which = "", *, desk: Desk, kubernetes: Kubernetes, caller: Principal
) -> RenderedObjects:
    """Give the PrometheusRule objects that differ from the stored rules, as they are to be."""
    seen = await _seen(desk, kubernetes, caller, placement)
    for one in seen:
        if one.why is not None:
            where = {"namespace": one.placement.namespace}
            raise SENTENCES.error(NotFound, "objects_unseen", **where, why=one.why)
    foreign = [f"{one.placement.namespace}/{one.name}" for one in seen if one.state == "foreign"]
    rows = [_rendered(one) for one in seen if one.state in DIFFERS]
    return RenderedObjects(rows=rows, foreign=foreign)


async def _seen(desk: Desk, kubernetes: Kubernetes, caller: Principal, which: str) -> list[_Wanted]:
    async with desk.session() as tables:
        placements = [one for one in await tables.rule_files.placements() if _sees(caller, one)]
        if which:
            placements = [await _one(tables, which, caller)]
        files = await tables.rule_files.all()
    found = await asyncio.gather(
        *(_in_one(desk, kubernetes.seen_by(caller), one, files) for one in placements)
    )
    return [one for objects in found for one in objects]


async def _in_one(
    desk: Desk, kubernetes: Kubernetes, place: RulePlacementRow, files: Sequence[RuleFileRow]
) -> list[_Wanted]:
    wanted = pairs(place.match)
    meant = [one for one in files if one.text and wanted.items() <= one.labels.items()]
    try:
        found = await kubernetes.list(KIND, namespace=place.namespace)
    except OpsError as error:
        return [
            _Wanted(place, object_name(one.name), one.name, one.version, [], None, UNSEEN, error)
            for one in meant
        ] or [_Wanted(place, "", "", 0, [], None, UNSEEN, error)]
    live = {one.name: one for one in found}
    there = [await _beside(desk, place, one, live.get(object_name(one.name))) for one in meant]
    names = {one.name for one in there}
    rest = [one for one in found if is_ours(one, place.name) and one.name not in names]
    return [*there, *(_left_over(place, one) for one in rest)]


async def _beside(
    desk: Desk, place: RulePlacementRow, file: RuleFileRow, live: Resource | None
) -> _Wanted:
    groups, written = await run_sync(groups_of, file.text), None
    if live is not None and (version := version_in(live)):
        async with desk.session() as tables:
            row = await tables.rule_files.get(file.name, version)
        written = await run_sync(groups_of, row.text) if row else None
    state = standing(live, groups, place.labels, written, place.name)
    return _Wanted(place, object_name(file.name), file.name, file.version, groups, live, state)


def _left_over(place: RulePlacementRow, live: Resource) -> _Wanted:
    """Midwatch deletes nothing that a person may still want: it is emptied, and so counts no more."""
    state = LEFT_OVER if groups_in(live) else EMPTIED
    return _Wanted(place, live.name, live.annotations.get(FILE, ""), 0, [], live, state)


async def _one(tables: "AlertTables", name: str, caller: Principal) -> RulePlacementRow:
    rows = await tables.rule_files.placements()
    found = next((one for one in rows if one.name == name and _sees(caller, one)), None)
    if found is None:
        raise SENTENCES.error(NotFound, "no_placement", name=name)
    return found


def _sees(caller: Principal, place: RulePlacementRow) -> bool:
    return caller.sees(place.namespace)


def _rendered(one: _Wanted) -> RenderedObject:
    labels, notes = marks(one.placement.name, one.file, one.version, one.placement.labels)
    return RenderedObject(
        namespace=one.placement.namespace,
        name=one.name,
        groups=one.groups,
        labels=labels,
        annotations=notes,
    )


def _placement(row: RulePlacementRow) -> RulePlacement:
    return RulePlacement(name=row.name, namespace=row.namespace, match=row.match, labels=row.labels)


def _row(one: _Wanted) -> RuleObject:
    return RuleObject(
        placement=one.placement.name,
        namespace=one.placement.namespace,
        object=one.name,
        file=one.file,
        version=one.version,
        held=version_in(one.live) if one.live else 0,
        state=one.state,
        why=str(one.why or ""),
        why_in={name: one.why.told(name) for name in LANGUAGES} if one.why else {},
        lines=differing(one.live, one.groups) if one.state in DIFFERS else [],
    )


def _told(one: RuleObject) -> str:
    held = f" holds version {one.held}," if one.held else ""
    return (
        f"{one.namespace}/{one.object} {one.state}:{held} {one.file} is at {one.version} {one.why}"
    )
