"""Silences in Alertmanager: seen, tried out, set within guards, and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Forbidden, Invalid, NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from core.sentences import LANGUAGES, Said
from mcp_servers.access import span_of
from mcp_servers.alerting.seconding import checked_second, second_for
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.alerting.silence_starts import Start, begun_at
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.alertmanagers import AlertmanagerCluster, Alertmanagers
from mcp_servers.engines.alert_matching import Matcher, matchers_of
from mcp_servers.engines.silence_guards import (
    RENEWALS_THAT_ARE_A_FINDING,
    Objection,
    objections,
)
from mcp_servers.facts.alerts import NewSilence, Silence
from mcp_servers.facts.nearest import nearest_names
from mcp_servers.paging import Page, Sort

Written = Annotated[
    list[str],
    Field(min_length=1, max_length=20, description='E.g. ["alertname=\\"X\\"", "node=~\\"a|b\\""]'),
]
Duration = Annotated[str, Field(description="ISO 8601, e.g. PT2H. At most PT24H; P7D with ticket.")]
Comment = Annotated[str, Field(max_length=500, description="Why; people will read it.")]
Ticket = Annotated[str, Field(max_length=100, description="Of planned work, e.g. CHG-123.")]
Second = Annotated[str, Field(max_length=2000, description="What alerting_second_silence gave.")]
State = Literal["", "active", "pending", "expired"]
Id = Annotated[str, Field(max_length=64)]
Cluster = Annotated[
    str,
    Field(
        max_length=200,
        description="Alertmanager cluster by name, or by labels as in region=eu; needed where there are several.",
    ),
]

LOOK_BACK = timedelta(days=7)
SHOWN = 20


class SilenceRow(BaseModel):
    id: str
    state: str = Field(description="active | pending | expired")
    matchers: list[str]
    starts_at: datetime | None
    ends_at: datetime | None
    created_by: str
    comment: str
    catches_now: int | None = Field(description="Alerts it matches now; null when it is over.")
    cluster: str = Field(default="", description="Alertmanager cluster, where there are several.")


class SilencePage(Page[SilenceRow]):
    sorts_by = ("state", "starts_at", "ends_at", "created_by", "catches_now", "cluster")

    unanswered: list[str] = Field(
        default=[],
        description="Alertmanager clusters of which nobody answered; theirs are missing.",
    )

    def as_text(self) -> str:
        missing = f"; no answer from {', '.join(self.unanswered)}" if self.unanswered else ""
        return self.told(f"silences: {self.shown}{missing}", map(_line, self.rows))


class Caught(BaseModel):
    name: str
    severity: str
    namespace: str
    labels: dict[str, str]
    now: bool = Field(description="It fires now; else it did within 7 days.")


class Preview(BaseModel):
    matchers: list[str]
    ends_at: datetime
    caught: list[Caught]
    caught_in_all: int
    objections: list[str] = Field(description="Why it would not be set; empty: it may be.")
    objections_in: dict[str, list[str]] = Field(description="The same by language.")
    needs_second: bool = Field(description="A second person could have it set all the same.")
    renewals: int = Field(description="How often the same silence was set before.")

    def as_text(self) -> str:
        names = ", ".join(sorted({one.name for one in self.caught})) or "nothing"
        head = f"until {self.ends_at:%Y-%m-%d %H:%M} it catches {self.caught_in_all}: {names}"
        return "\n".join([head, *(f"not possible: {one}" for one in self.objections)])


class SetSilence(BaseModel):
    silence: SilenceRow
    caught_in_all: int
    renewals: int
    note: str = ""

    def as_text(self) -> str:
        return f"set: {_line(self.silence)} {self.note}".rstrip()


class SecondPerson(BaseModel):
    second: str = Field(description="To be handed to who sets the silence; holds for 15 minutes.")
    by: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    matchers: Sequence[Matcher]
    length: timedelta
    caught: Sequence[Caught]
    objections: Sequence[Objection]
    renewals: int


async def alerting_list_silences(
    state: State = "",
    cursor: str = "",
    sort: Sort = "",
    am_cluster: Cluster = "",
    *,
    alertmanagers: Alertmanagers,
    caller: Principal,
) -> SilencePage:
    """List silences of every Alertmanager cluster or of one, those in force first, with what each catches now."""
    chosen, several = (
        alertmanagers.seen_by(caller).chosen(am_cluster),
        len(alertmanagers.clusters) > 1,
    )
    found: list[SilenceRow] = []
    failures: dict[str, UpstreamUnavailable] = {}
    for one in chosen:
        try:
            found += await _rows_of(one, state, caller, several=several)
        except UpstreamUnavailable as error:
            failures[one.name] = error
    if len(failures) == len(chosen):
        raise next(iter(failures.values()))
    order = ("active", "pending", "expired")
    found.sort(key=lambda one: order.index(one.state))
    return SilencePage.of(found, cursor=cursor, sort=sort, unanswered=list(failures))


async def _rows_of(
    cluster: AlertmanagerCluster, state: str, caller: Principal, *, several: bool
) -> list[SilenceRow]:
    alertmanager = await cluster.answering()
    labels = [dict(one.labels) for one in await alertmanager.alerts()]
    return [
        _row(one, labels, cluster.name if several else "")
        for one in await alertmanager.silences()
        if _is_seen(caller, one.matchers) and state in ("", one.state)
    ]


async def alerting_preview_silence(
    matchers: Written,
    duration: Duration = "PT2H",
    comment: Comment = "",
    ticket: Ticket = "",
    am_cluster: Cluster = "",
    starts_at: Start = "",
    *,
    alertmanagers: Alertmanagers,
    desk: Desk,
    caller: Principal,
) -> Preview:
    """Say what a silence would catch now and caught in 7 days, and whether it may be set."""
    alertmanager = await alertmanagers.seen_by(caller).one(am_cluster)
    wanted = await _wanted(matchers, duration, comment, ticket, alertmanager, desk, caller)
    against = wanted.objections
    return Preview(
        matchers=matchers,
        ends_at=begun_at(starts_at, utc_now()) + wanted.length,
        caught=list(wanted.caught[:SHOWN]),
        caught_in_all=len(wanted.caught),
        objections=[str(_said(one)) for one in against],
        objections_in={
            language: [_said(one).told(language) for one in against] for language in LANGUAGES
        },
        needs_second=bool(against) and all(one.second for one in against),
        renewals=wanted.renewals,
    )


async def alerting_create_silence(
    matchers: Written,
    comment: Comment,
    duration: Duration = "PT2H",
    ticket: Ticket = "",
    second: Second = "",
    am_cluster: Cluster = "",
    starts_at: Start = "",
    *,
    alertmanagers: Alertmanagers,
    desk: Desk,
    caller: Principal,
) -> SetSilence:
    """Set a silence in Alertmanager, within the guards. See alerting_preview_silence first."""
    now = utc_now().replace(microsecond=0)
    start = begun_at(starts_at, now)
    alertmanager = await alertmanagers.seen_by(caller).one(am_cluster)
    wanted = await _wanted(matchers, duration, comment, ticket, alertmanager, desk, caller)
    against = wanted.objections
    if second and against and not starts_at and all(one.second for one in against):
        by = checked_second(
            desk.vault, second, _agreed(matchers, am_cluster), duration, caller, utc_now()
        )
        comment = f"{comment} (seconded by {by})"
    elif against:
        raise _refused(against)
    made = NewSilence(
        matchers=tuple((one.name, one.operator, one.value) for one in wanted.matchers),
        starts_at=start,
        ends_at=start + wanted.length,
        created_by=caller.subject,
        comment=f"{comment} [{ticket}]" if ticket else comment,
    )
    silence_id = await alertmanager.create_silence(made)
    state = "pending" if start > now else "active"
    row = Silence(
        silence_id, state, tuple(matchers), start, made.ends_at, caller.subject, made.comment
    )
    often = wanted.renewals >= RENEWALS_THAT_ARE_A_FINDING
    note = str(SENTENCES.said("renewed", count=wanted.renewals)) if often else ""
    return SetSilence(
        silence=_row(row, [one.labels for one in wanted.caught if one.now]),
        caught_in_all=len(wanted.caught),
        renewals=wanted.renewals,
        note=note,
    )


async def alerting_second_silence(
    matchers: Written,
    duration: Duration = "PT2H",
    am_cluster: Cluster = "",
    *,
    desk: Desk,
    caller: Principal,
) -> SecondPerson:
    """Agree, as the second person, to exactly this silence; hand the result to who sets it."""
    _matchers(matchers)
    second = second_for(desk.vault, _agreed(matchers, am_cluster), duration, caller, utc_now())
    return SecondPerson(second=second, by=caller.subject)


def _agreed(matchers: list[str], cluster: str) -> list[str]:
    """What a second person agrees to: in no other cluster, where one was named."""
    return [*matchers, f"in {cluster}"] if cluster else matchers


async def alerting_expire_silence(
    silence_id: Id, am_cluster: Cluster = "", *, alertmanagers: Alertmanagers, caller: Principal
) -> SilenceRow:
    """End a silence now. That of somebody else takes the permission silences:manage."""
    alertmanager = await alertmanagers.seen_by(caller).one(am_cluster)
    found = {one.id: one for one in await alertmanager.silences()}
    known = found.get(silence_id)
    if known is None or not _is_seen(caller, known.matchers):
        seen = [one.id for one in found.values() if _is_seen(caller, one.matchers)]
        names = " or ".join(nearest_names(silence_id, seen))
        near = SENTENCES.said("near", names=names) if names else ""
        raise SENTENCES.error(NotFound, "no_silence", silence=silence_id, near=near)
    if known.state == "expired":
        raise SENTENCES.error(Invalid, "silence_ended")
    if known.created_by != caller.subject and not caller.may(Permission.SILENCES_MANAGE):
        right = str(Permission.SILENCES_MANAGE)
        raise SENTENCES.error(
            Forbidden, "silence_of_another", who=known.created_by, permission=right
        )
    await alertmanager.expire_silence(silence_id)
    now = utc_now()
    row = Silence(
        known.id, "expired", known.matchers, known.starts_at, now, known.created_by, known.comment
    )
    return _row(row, [])


async def _wanted(
    written: list[str],
    duration: str,
    comment: str,
    ticket: str,
    alertmanager: Alertmanager,
    desk: Desk,
    caller: Principal,
) -> _Wanted:
    matchers, length = _matchers(written), span_of(duration)
    _within_sight(caller, matchers)
    caught = await _caught(matchers, alertmanager, desk)
    against = objections(matchers, length, comment, [one.labels for one in caught], ticket=ticket)
    same = [one for one in await alertmanager.silences() if set(one.matchers) == set(written)]
    return _Wanted(matchers, length, caught, against, len(same))


def _matchers(written: list[str]) -> list[Matcher]:
    found: list[Matcher] = []
    for one in written:
        read = matchers_of([one])
        if not read:
            raise SENTENCES.error(Invalid, "no_matcher", text=one)
        found += read
    return found


async def _caught(
    matchers: Sequence[Matcher], alertmanager: Alertmanager, desk: Desk
) -> list[Caught]:
    """Each series once: what Alertmanager holds now, and what was received within 7 days."""
    now = [dict(one.labels) for one in await alertmanager.alerts()]
    before: list[dict[str, str]] = []
    if desk.store is not None:
        async with desk.session() as tables:
            rows = await tables.alerts.latest(since=utc_now() - LOOK_BACK, limit=20_000)
        before = [{key: str(value) for key, value in one.labels.items()} for one in rows]
    found: dict[tuple[tuple[str, str], ...], Caught] = {}
    for labels, fires in (*((one, True) for one in now), *((one, False) for one in before)):
        if all(one.takes(labels) for one in matchers):
            found.setdefault(tuple(sorted(labels.items())), _caught_one(labels, fires=fires))
    return list(found.values())


def _caught_one(labels: dict[str, str], *, fires: bool) -> Caught:
    return Caught(
        name=labels.get("alertname", ""),
        severity=labels.get("severity", ""),
        namespace=labels.get("namespace", ""),
        labels=labels,
        now=fires,
    )


def _within_sight(caller: Principal, matchers: Sequence[Matcher]) -> None:
    """Whoever sees some namespaces silences alerts of exactly those."""
    if caller.namespaces is None:
        return
    named = [one.value for one in matchers if one.name == "namespace" and one.operator == "="]
    if not any(caller.sees(one) for one in named):
        mine = ", ".join(sorted(caller.namespaces)) or SENTENCES.said("no_namespace_at_all")
        raise SENTENCES.error(Forbidden, "not_your_namespace", mine=mine)


def _is_seen(caller: Principal, written: Sequence[str]) -> bool:
    named = [
        one.value for one in matchers_of(written) if one.name == "namespace" and one.operator == "="
    ]
    return caller.namespaces is None or any(caller.sees(one) for one in named)


def _refused(against: Sequence[Objection]) -> Invalid:
    """All that speaks against it; with how it can be set all the same, where it can."""
    told = sum((_said(one) for one in against), Said())
    message = str(told)
    if all(one.second for one in against):
        told += SENTENCES.said("may_second")
    hint = str(told).removeprefix(message).strip()
    return Invalid(message, hint=hint, reason=against[0].code, texts=told.texts)


def _said(one: Objection) -> Said:
    return SENTENCES.said(one.code, **one.params)


def _row(one: Silence, alerts: Sequence[dict[str, str]], cluster: str = "") -> SilenceRow:
    read = matchers_of(one.matchers)
    over = one.state == "expired"
    catches = sum(all(matcher.takes(labels) for matcher in read) for labels in alerts)
    return SilenceRow(
        id=one.id,
        state=one.state,
        matchers=list(one.matchers),
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        created_by=one.created_by,
        comment=one.comment,
        catches_now=None if over else catches,
        cluster=cluster,
    )


def _line(one: SilenceRow) -> str:
    until = f" until {one.ends_at:%Y-%m-%d %H:%M}" if one.ends_at else ""
    who = f"by {one.created_by}: {one.comment}"
    place = f" in {one.cluster}" if one.cluster else ""
    return f"{one.id} {one.state}{until}{place} {{{', '.join(one.matchers)}}} {who}"
