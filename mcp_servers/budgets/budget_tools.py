"""Budgets: shown with how they stand, added, changed and removed."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from core.clock import utc_now
from core.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from core.principal import Principal
from core.storage.alert_records import channels_of
from core.storage.budget_records import BudgetRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.budget_state import BudgetLine, Today, line_of, standing, today_of, told_of
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend import exchanged
from mcp_servers.budgets.texts import Language
from mcp_servers.paging import Page, Sort
from mcp_servers.sentences import near

MOST_NAME = 100
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=MOST_NAME)]
Amount = Annotated[
    str, Field(pattern=r"^\d{1,12}(\.\d{1,6})?$", description="In the currency, as 1200.50.")
]
Currency = Annotated[str, Field(pattern=r"^([A-Z]{3})?$", description="As CNY; empty: the book's.")]
Cycle = Literal["month", "quarter", "year", "custom"]
Namespace = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9-]*$")]
Label = Annotated[
    str,
    Field(
        max_length=384, pattern=r"^([A-Za-z0-9._/-]+=[A-Za-z0-9._-]*)?$", description="KEY=VALUE"
    ),
]
Percents = Annotated[
    list[Annotated[int, Field(ge=1, le=1000)]], Field(max_length=10, description="In percent.")
]
Day = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="YYYY-MM-DD, custom only.")]
Spend = Annotated[
    Literal["cluster", "models"],
    Field(description="models: what language models cost; of a user, label team=X, or all."),
]
User = Annotated[str, Field(max_length=200, description="Of models only: whose calls.")]
Anomalies = Literal["off", "low", "medium", "high", "critical"]
AsOf = Annotated[
    AwareDatetime | None,
    Field(description="Its updated_at as it was read: refused if it was changed since."),
]
Owner = Annotated[str, Field(max_length=200)]
Channels = Annotated[
    list[str], Field(max_length=20, description="Names of channels, tag:NAME, or *.")
]


class BudgetPage(Page[BudgetLine]):
    sorts_by = (
        *("name", "scope", "amount", "currency", "period", "starts_on", "ends_on", "spent"),
        *("remaining", "share", "exhausted_on", "state", "owner", "updated_at"),
    )

    def as_text(self) -> str:
        lines = [
            line
            for one in self.rows
            for line in (
                one.as_line(),
                *(
                    f"  driver {d.workload}: {d.daily:.2f} a day, before {d.daily_before:.2f}"
                    for d in one.drivers
                ),
                *(f"  note: {note.text}" for note in one.notes),
            )
        ]
        return self.told(f"budgets: {self.shown}", lines)


async def budgets_list(
    name: Annotated[str, Field(max_length=MOST_NAME, description="Empty: all.")] = "",
    language: Language = "en",
    cursor: str = "",
    sort: Sort = "",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> BudgetPage:
    """How budgets stand: spent, foretold end of the period, what drives it, what was told."""
    async with desk.session() as tables:
        rows = [one for one in await tables.budgets.all() if sees_scope(caller, one)]
    if name:
        rows = [_named(rows, name)]
    lines: list[BudgetLine] = []
    # Without a budget nothing is asked of the cluster.
    today = await today_of(purse) if rows else Today(utc_now())
    for row in rows:
        one = await standing(row, today, purse, desk)
        lines.append(line_of(one, await told_of(one, desk), today, language))
    return BudgetPage.of(lines, cursor=cursor, sort=sort, size=20)


async def budgets_add(
    name: Name,
    amount: Amount,
    currency: Currency = "",
    period: Cycle = "month",
    namespace: Namespace = "",
    label: Label = "",
    spend: Spend = "cluster",
    user: User = "",
    starts_on: Day = "",
    ends_on: Day = "",
    thresholds: Percents = [80, 100],  # noqa: B006 - read only; None would show in the schema
    forecast_thresholds: Percents = [100],  # noqa: B006 - read only
    owner: Owner = "",
    channels: Channels = [],  # noqa: B006 - read only
    anomalies: Anomalies = "off",
    language: Language = "en",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> BudgetLine:
    """Add a budget of a namespace, a label, or the cluster; days are UTC, ends_on is not in it.

    `anomalies`: from which severity on its channels are told of changes of its spend too.
    """
    now = utc_now()
    key, _, value = label.partition("=")
    row = BudgetRow(
        name=name,
        amount=amount,
        currency=exchanged(purse.billing, currency, on=now)[0],
        period=period,
        created_by=caller.subject,
        created_at=now,
        updated_at=now,
        namespace=namespace,
        label=key,
        value=value,
        spend=spend,
        subject=user,
        starts_on=_day(starts_on),
        ends_on=_day(ends_on),
        actual=sorted(set(thresholds)),
        forecast=sorted(set(forecast_thresholds)),
        owner=owner,
        channels=list(channels),
        anomalies=anomalies,
    )
    _check(row, caller)
    await _check_channels(row.channels, desk)
    async with desk.session() as tables:
        if not await tables.budgets.add(row):
            raise SENTENCES.error(Conflict, "budget_exists", name=name)
    return await _shown(row, purse, desk, language)


async def budgets_preview(
    name: Name,
    amount: Amount,
    currency: Currency = "",
    period: Literal["", "month", "quarter", "year"] = "",
    namespace: Namespace = "",
    label: Label = "",
    spend: Spend = "cluster",
    channels: Channels = [],  # noqa: B006 - read only
    language: Language = "en",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> BudgetLine:
    """How a budget would stand, before it is added or changed; nothing is kept and nobody is told."""
    now, (key, _, value) = utc_now(), label.partition("=")
    code = exchanged(purse.billing, currency, on=now)[0]
    async with desk.session() as tables:
        before = await tables.budgets.get(name)
    row = before or BudgetRow(
        name=name,
        amount=amount,
        currency=code,
        period=period or "month",
        created_by=caller.subject,
        created_at=now,
        updated_at=now,
        namespace=namespace,
        label=key,
        value=value,
        spend=spend,
        actual=[80, 100],
        forecast=[100],
        channels=list(channels),
    )
    if before and currency and before.currency != code:
        raise SENTENCES.error(
            Invalid, "other_currency", name=name, currency=before.currency, code=str(code)
        )
    row = replace(
        row,
        amount=amount,
        period=period or row.period,
        version=row.version + 1,
        channels=list(channels) or row.channels,
    )
    _check(row, caller)
    await _check_channels(row.channels, desk)
    return await _shown(row, purse, desk, language)


async def budgets_change(
    name: Name,
    amount: Annotated[str, Field(pattern=r"^(\d{1,12}(\.\d{1,6})?)?$")] = "",
    period: Literal["", "month", "quarter", "year", "custom"] = "",
    starts_on: Day = "",
    ends_on: Day = "",
    thresholds: Percents | None = None,
    forecast_thresholds: Percents | None = None,
    owner: Annotated[str | None, Field(max_length=200)] = None,
    channels: Channels | None = None,
    anomalies: Anomalies | None = None,
    language: Language = "en",
    as_of: AsOf = None,
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> BudgetLine:
    """Change what is given of a budget. Another amount or period is told of anew."""
    async with desk.session() as tables:
        rows = [one for one in await tables.budgets.all() if sees_scope(caller, one)]
    before = _as_read(_named(rows, name), as_of)
    wanted = period or before.period
    custom = wanted == "custom"
    after = replace(
        before,
        amount=amount or before.amount,
        period=wanted,
        starts_on=(_day(starts_on) or before.starts_on) if custom else _day(starts_on),
        ends_on=(_day(ends_on) or before.ends_on) if custom else _day(ends_on),
        actual=before.actual if thresholds is None else sorted(set(thresholds)),
        forecast=before.forecast
        if forecast_thresholds is None
        else sorted(set(forecast_thresholds)),
        owner=before.owner if owner is None else owner,
        channels=before.channels if channels is None else list(channels),
        anomalies=anomalies or before.anomalies,
        updated_at=utc_now(),
    )
    _check(after, caller)
    if channels is not None:
        await _check_channels(after.channels, desk)
    if _judged(after) != _judged(before):
        after = replace(after, version=before.version + 1, end_foretold={})
    async with desk.session() as tables:
        if not await tables.budgets.save(after, read=before):
            raise SENTENCES.error(Stale, "changed_meanwhile", name=name)
    return await _shown(after, purse, desk, language)


async def budgets_remove(
    name: Name,
    language: Language = "en",
    as_of: AsOf = None,
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> BudgetLine:
    """Remove a budget and what was told of it; the days it was judged by stay."""
    async with desk.session() as tables:
        rows = [one for one in await tables.budgets.all() if sees_scope(caller, one)]
    row = _as_read(_named(rows, name), as_of)
    _check(row, caller)
    shown = await _shown(row, purse, desk, language)
    async with desk.session() as tables:
        if not await tables.budgets.remove(row):
            raise SENTENCES.error(Stale, "changed_meanwhile", name=name)
    return shown


def _as_read(row: BudgetRow, as_of: datetime | None) -> BudgetRow:
    """Raises `Stale` where people changed it since."""
    if as_of and row.updated_at != as_of:
        raise SENTENCES.error(Stale, "changed_meanwhile", name=row.name)
    return row


async def _shown(row: BudgetRow, purse: Purse, desk: Desk, language: str) -> BudgetLine:
    today = await today_of(purse)
    one = await standing(row, today, purse, desk)
    return line_of(one, await told_of(one, desk), today, language)


def _judged(row: BudgetRow) -> tuple[Decimal, str, date | None, date | None]:
    return Decimal(row.amount), row.period, row.starts_on, row.ends_on


def sees_scope(caller: Principal, row: BudgetRow) -> bool:
    """What a label or the whole cluster costs is of no single namespace."""
    return caller.namespaces is None or bool(row.namespace and caller.sees(row.namespace))


def _named(rows: Collection[BudgetRow], name: str) -> BudgetRow:
    for row in rows:
        if row.name == name:
            return row
    hint = near(name, [one.name for one in rows]) or SENTENCES.said("add_it_first")
    raise SENTENCES.error(NotFound, "no_budget", name=name, hint=hint)


def _check(row: BudgetRow, caller: Principal) -> None:
    if not sees_scope(caller, row):
        raise SENTENCES.error(Forbidden, "covers_more")
    _check_scope(row)
    if row.period == "custom":
        if not (row.starts_on and row.ends_on and row.starts_on < row.ends_on):
            raise SENTENCES.error(Invalid, "custom_period")
    elif row.starts_on or row.ends_on:
        raise SENTENCES.error(Invalid, "calendar_period", period=row.period)


def _check_scope(row: BudgetRow) -> None:
    """What models cost is of people and teams; what a cluster costs, of namespaces and labels."""
    of_models = row.spend == "models"
    if of_models and (row.namespace or row.label not in ("", "team")):
        raise SENTENCES.error(Invalid, "models_by_whom")
    if row.subject and not of_models:
        raise SENTENCES.error(Invalid, "no_user_part")


async def _check_channels(named: Collection[str], desk: Desk) -> None:
    async with desk.session() as tables:
        known = await tables.channels.all()
    names = {one.name for one in known} | {f"tag:{tag}" for one in known for tag in one.tags}
    for name in named:
        if name != "*" and not channels_of([name], known) and name not in names:
            listed = SENTENCES.said("known", names=", ".join(sorted(names)))
            known = listed if names else SENTENCES.said("no_channel_yet")
            hint = near(name, names) or known
            raise SENTENCES.error(NotFound, "no_channel", name=name, hint=hint)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise SENTENCES.error(Invalid, "no_day", text=text) from error
