"""The policy over alerts: read, tried out on what came before, changed by version, taken back."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound
from core.principal import Principal
from core.storage.alert_records import ChannelRow, EpisodeRow, PolicyRow, channels_of
from mcp_servers.alerting.looking_back import looked_back
from mcp_servers.alerting.policies import checked, policy_in_force, policy_of
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_replay import Happened, Outcome, replay
from mcp_servers.engines.alert_routing import every_route
from mcp_servers.facts.alert_policies import Policy
from mcp_servers.paging import Page, Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Document = Annotated[dict[str, Any], Field(description="The whole policy; see docs/alerts.md.")]
Reason = Annotated[str, Field(min_length=3, max_length=500)]


class PolicyVersion(BaseModel):
    version: int = Field(description="0: nobody set one, everything goes to every channel.")
    document: dict[str, Any]
    created_by: str
    created_at: datetime | None
    reason: str


class PolicyVersions(Page[PolicyVersion]):
    sorts_by = ("version", "created_by", "created_at")

    def as_text(self) -> str:
        told = (
            f"{one.version} {one.created_at:%Y-%m-%d %H:%M} by {one.created_by}: {one.reason}"
            for one in self.rows
        )
        return self.told(f"versions of the policy: {self.shown}", told)


class Result(BaseModel):
    messages: int
    by_channel: dict[str, int]
    alerts_told: int
    escalated: int = Field(
        description="How often an alert was told to the next ones; who acknowledged it does so again."
    )
    quiet: dict[str, int] = Field(description="How often each step kept an alert from being told.")


class DryRun(BaseModel):
    window: str
    alerts: int = Field(description="That were received in the window.")
    now: Result = Field(description="With the policy in force.")
    then: Result = Field(description="With the policy that was asked about.")
    missed: list[str] = Field(description="Alerts told now, of which nobody would hear then.")
    more: list[str] = Field(description="Alerts told then, of which nobody hears now.")

    def as_text(self) -> str:
        return (
            f"{self.alerts} alerts in {self.window}: {self.now.messages} messages now, "
            f"{self.then.messages} then; {len(self.missed)} alerts nobody would hear of, "
            f"{len(self.more)} more would be heard of"
        )


async def alerting_get_policy(*, desk: Desk) -> PolicyVersion:
    """Show the policy in force: routes, inhibitions, mute times, maintenance, switches."""
    async with desk.session() as tables:
        return _shown(await tables.alerts.policy())


async def alerting_policy_versions(
    cursor: str = "", sort: Sort = "", *, desk: Desk
) -> PolicyVersions:
    """List the versions of the policy, the newest first."""
    async with desk.session() as tables:
        rows = await tables.alerts.policies()
    return PolicyVersions.of([_shown(one) for one in rows], cursor=cursor, sort=sort)


async def alerting_dry_run(
    document: Document, window: str = "PT24H", *, desk: Desk, caller: Principal
) -> DryRun:
    """Say what a policy would have made of the alerts that came in, beside the one in force."""
    if caller.namespaces is not None:
        raise SENTENCES.error(Invalid, "dry_run_sees_all")
    span, now = looked_back(window), utc_now()
    policy = policy_of(checked(document))
    async with desk.session() as tables:
        kept = await tables.alerts.policy()
        channels = await tables.channels.all()
        rows = await tables.alerts.latest(since=now - span, limit=20_000)
    events, names = events_of(rows, now - span), {one.id: one for one in rows}
    taken = {one.id: one.acknowledged_at for one in rows if one.acknowledged_at}
    in_force = policy_in_force(kept.document if kept else None)
    before = replay(in_force, events, until=now, acknowledged=taken)
    after = replay(policy, events, until=now, acknowledged=taken)
    return DryRun(
        window=window,
        alerts=len(rows),
        now=_result(before, channels),
        then=_result(after, channels),
        missed=named(_heard(before, channels) - _heard(after, channels), names),
        more=named(_heard(after, channels) - _heard(before, channels), names),
    )


async def alerting_set_policy(
    document: Document,
    reason: Reason,
    based_on: Annotated[int, Field(description="The version that was read.")],
    *,
    desk: Desk,
    caller: Principal,
) -> PolicyVersion:
    """Put a policy in force at once, as a new version. Try it with alerting_dry_run first."""
    policy = policy_of(checked(document))
    async with desk.session() as tables:
        await _known_channels(tables, policy)
        return await _next(tables, document, reason, based_on, caller)


async def alerting_roll_back_policy(
    version: int, reason: Reason, *, desk: Desk, caller: Principal
) -> PolicyVersion:
    """Put an earlier version of the policy in force again, as a new version."""
    async with desk.session() as tables:
        rows = await tables.alerts.policies(limit=1000)
        wanted = next((one for one in rows if one.version == version), None)
        if wanted is None:
            raise SENTENCES.error(NotFound, "no_version", version=version)
        return await _next(tables, wanted.document, reason, rows[0].version, caller)


async def _next(
    tables: "AlertTables", document: dict[str, Any], reason: str, based_on: int, caller: Principal
) -> PolicyVersion:
    kept = await tables.alerts.policy()
    latest = kept.version if kept else 0
    if based_on != latest:
        raise SENTENCES.error(Conflict, "policy_moved_on", latest=latest, version=based_on)
    row = PolicyRow(latest + 1, document, caller.subject, utc_now(), reason)
    await tables.alerts.add_policy(row)
    return _shown(row)


async def _known_channels(tables: "AlertTables", policy: Policy) -> None:
    """A route to nobody would lose alerts in silence."""
    channels = await tables.channels.all()
    for route in every_route(policy.root):
        named = [*route.channels, *(name for one in route.escalations for name in one.channels)]
        for name in named:
            if name != "*" and not channels_of([name], channels):
                known = ", ".join(one.name for one in channels) or SENTENCES.said("no_channels")
                key = "no_tag" if name.startswith("tag:") else "no_channel"
                named = name.removeprefix("tag:")
                raise SENTENCES.error(Invalid, key, name=named, known=known)


def events_of(rows: Sequence[EpisodeRow], since: datetime) -> list[Happened]:
    starts = [Happened(max(one.starts_at, since), one.id, one.labels, "firing") for one in rows]
    ends = [Happened(one.ends_at, one.id, one.labels, "resolved") for one in rows if one.ends_at]
    return [*starts, *ends]


def _result(outcome: Outcome, channels: Sequence[ChannelRow]) -> Result:
    by_channel = Counter(
        one.name for message in outcome.messages for one in channels_of(message.channels, channels)
    )
    return Result(
        messages=by_channel.total(),
        by_channel=dict(by_channel),
        alerts_told=len(_heard(outcome, channels)),
        escalated=outcome.escalated,
        quiet=dict(outcome.quiet),
    )


def _heard(outcome: Outcome, channels: Sequence[ChannelRow]) -> frozenset[str]:
    """Alerts that would have reached a channel that is on."""
    return frozenset(
        one
        for message in outcome.messages
        if channels_of(message.channels, channels)
        for one in message.alerts
    )


def named(ids: frozenset[str], rows: dict[str, EpisodeRow]) -> list[str]:
    names = Counter(str(rows[one].labels.get("alertname", one)) for one in ids)
    return [f"{name} ({count})" for name, count in names.most_common(50)]


def _shown(row: PolicyRow | None) -> PolicyVersion:
    if row is None:
        return PolicyVersion(version=0, document={}, created_by="", created_at=None, reason="")
    return PolicyVersion(
        version=row.version,
        document=row.document,
        created_by=row.created_by,
        created_at=row.created_at,
        reason=row.reason,
    )
