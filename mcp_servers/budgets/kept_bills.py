"""Bills that are kept: read in under a name, asked about later, corrected by a later file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Annotated
from uuid import uuid4

import anyio.to_thread
import orjson
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Forbidden, Invalid, NotFound
from core.principal import Principal
from core.storage.bill_records import BillImportRow, BillPartRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.bills import DAY, lines_of
from mcp_servers.backends.sentences import instead
from mcp_servers.budgets.bill import (
    DEFAULT_BY,
    TAG,
    BillCsv,
    BillReport,
    Columns,
    Sums,
    name_of,
    rates_in,
    report_of,
)
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend import UNLABELLED, Currency, money
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.facts.money import NOTHING

BillName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="As aws.")
]
Service = Annotated[
    str,
    Field(max_length=200, description="The column that a day's cost is kept by, with its tags."),
]
By = Annotated[str, Field(max_length=200, description="ServiceName, tag:KEY or bill.")]
SHOWN = 20
# Longer ago than this no cloud corrects a bill, and no question goes.
LONGEST = timedelta(days=3 * 366)


class ChangedDay(BaseModel):
    day: date
    currency: str
    before: float
    after: float


class BillKept(BaseModel):
    name: str
    start: date
    end: date
    lines: int
    days_new: int
    days_changed: int = Field(description="Days that an earlier file said otherwise.")
    changed: list[ChangedDay] = Field(description="The largest of them.")
    notes: list[Note]

    def as_text(self) -> str:
        head = (
            f"bill {self.name}: {self.lines} lines from {self.start} to {self.end} kept, "
            f"{self.days_new} days new, {self.days_changed} changed"
        )
        days = [
            f"{one.day}: {money(one.before)} -> {money(one.after)} {one.currency}"
            for one in self.changed
        ]
        return "\n".join([head, *days, *(one.text for one in self.notes)])


class BillFile(BaseModel):
    name: str
    imported_at: datetime
    imported_by: str
    start: date
    end: date
    lines: int
    days_changed: int


class KeptBills(BaseModel):
    files: list[BillFile] = Field(description="The latest first.")
    report: BillReport | None = Field(description="null: nothing is kept.")
    notes: list[Note]

    def as_text(self) -> str:
        told = [self.report.as_text()] if self.report else ["no bill is kept"]
        return "\n".join([*told, *(one.text for one in self.notes)])


class BillForgotten(BaseModel):
    name: str

    def as_text(self) -> str:
        return f"bill {self.name}: forgotten"


async def budgets_keep_bill(
    name: BillName,
    bill: BillCsv,
    columns: Columns = {},  # noqa: B006 - read only
    service: Service = DEFAULT_BY,
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> BillKept:
    """Keep a cloud's bill under a name; its days replace what an earlier file said of them."""
    _whole(caller)
    parts, lines = await anyio.to_thread.run_sync(_parts, name, bill, columns, service)
    if not parts:
        raise SENTENCES.error(Invalid, "bill_without_lines")
    first, last = min(one.day for one in parts), max(one.day for one in parts)
    async with desk.session() as tables:
        before = _by_day(await tables.bills.parts(name, first, last))
        after = _by_day(parts)
        changed = [
            ChangedDay(day=day, currency=code, before=float(old), after=float(new))
            for (day, code), old in before.items()
            if (new := after.get((day, code), NOTHING)) != old
        ]
        told = [one.model_dump(mode="json") for one in changed]
        now = utc_now()
        row = BillImportRow(uuid4().hex, name, now, caller.subject, first, last, lines, told)
        await tables.bills.replace(row, parts)
    changed.sort(key=lambda one: -abs(one.after - one.before))
    return BillKept(
        name=name,
        start=first,
        end=last,
        lines=lines,
        days_new=len({day for day, _ in after} - {day for day, _ in before}),
        days_changed=len({one.day for one in changed}),
        changed=changed[:SHOWN],
        notes=_about(name, told, language),
    )


async def budgets_kept_bills(
    name: Annotated[str, Field(max_length=100, description="One bill; all when empty.")] = "",
    by: By = DEFAULT_BY,
    currency: Currency = "",
    language: Language = "en",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> KeptBills:
    """What the bills that were read in are made of, how the month will end, which days stand out.

    For what the cluster's workloads cost use budgets_spend.
    """
    _whole(caller)
    today = utc_now().date()
    async with desk.session() as tables:
        files = await tables.bills.imports()
        parts = await tables.bills.parts(name, today - LONGEST, today + LONGEST)
    known = sorted({one.bill for one in files})
    if name and name not in known:
        raise SENTENCES.error(
            NotFound, "no_such_bill", name=name, hint=instead(name, known) if known else ""
        )
    own = [one for one in files if not name or one.bill == name]
    report = await anyio.to_thread.run_sync(_report, parts, by, currency, purse)
    return KeptBills(
        files=[_file(one) for one in own[:SHOWN]],
        report=report,
        notes=[note for one in own for note in _about(one.bill, one.changed, language)][:SHOWN],
    )


async def budgets_forget_bill(name: BillName, *, desk: Desk, caller: Principal) -> BillForgotten:
    """Forget a bill that was kept, with all its files."""
    _whole(caller)
    async with desk.session() as tables:
        if not await tables.bills.remove(name):
            raise SENTENCES.error(NotFound, "no_such_bill", name=name, hint="")
    return BillForgotten(name=name)


def _whole(caller: Principal) -> None:
    """A cloud's bill is of no namespace, so it is for who sees all of them."""
    if caller.namespaces is not None:
        raise SENTENCES.error(Forbidden, "bills_for_all")


@dataclass
class _Costs:
    """Of one day, service and set of tags."""

    service: str
    tags: Mapping[str, str]
    currency: str
    cost: Decimal = field(default=NOTHING)


def _parts(
    name: str, bill: str, columns: Mapping[str, str], service: str
) -> tuple[list[BillPartRow], int]:
    found: dict[tuple[date, str], _Costs] = {}
    lines = 0
    for line in lines_of(bill, columns):
        lines += 1
        own = name_of(line, service)
        part = _part(own, line.tags, line.currency)
        for i in range(line.days):
            key = (line.first + DAY * i, part)
            costs = found.setdefault(key, _Costs(own, line.tags, line.currency))
            costs.cost += line.cost / line.days
    rows = [
        BillPartRow(
            name, day, part, one.service[:400], one.currency, f"{one.cost:.10f}", dict(one.tags)
        )
        for (day, part), one in found.items()
    ]
    return rows, lines


def _part(service: str, tags: Mapping[str, str], currency: str) -> str:
    told = orjson.dumps([service, dict(tags), currency], option=orjson.OPT_SORT_KEYS)
    return sha256(told).hexdigest()


def _by_day(parts: Sequence[BillPartRow]) -> dict[tuple[date, str], Decimal]:
    found: dict[tuple[date, str], Decimal] = {}
    for one in parts:
        key = (one.day, one.currency)
        found[key] = found.get(key, NOTHING) + Decimal(one.cost)
    return found


def _report(
    parts: Sequence[BillPartRow], by: str, currency: str, purse: Purse
) -> BillReport | None:
    if not parts:
        return None
    code = currency or parts[-1].currency
    rate, sums = rates_in(code, purse, parts[-1].day), Sums()
    for one in parts:
        sums.add_day(one.day, _named(one, by), Decimal(one.cost), one.currency, rate)
    return report_of(sums, code, by)


def _named(one: BillPartRow, by: str) -> str:
    if by.startswith(TAG):
        return str(one.tags.get(by.removeprefix(TAG)) or UNLABELLED)
    if by == "bill":
        return one.bill
    if by == DEFAULT_BY:
        return one.service
    raise SENTENCES.error(Invalid, "kept_bills_by", by=by)


def _file(row: BillImportRow) -> BillFile:
    return BillFile(
        name=row.bill,
        imported_at=row.imported_at,
        imported_by=row.imported_by,
        start=row.first_day,
        end=row.last_day,
        lines=row.lines,
        days_changed=len({one["day"] for one in row.changed}),
    )


def _about(name: str, changed: Sequence[Mapping[str, object]], language: str) -> list[Note]:
    """That a later file changed the past, once for each currency."""
    notes: list[Note] = []
    for code in sorted({str(one["currency"]) for one in changed}):
        own = [one for one in changed if one["currency"] == code]
        before, after = (sum(float(str(one[key])) for one in own) for key in ("before", "after"))
        days = sorted(str(one["day"]) for one in own)
        facts = {"name": name, "days": len(own), "first": days[0], "last": days[-1]}
        totals = {"before": money(before), "after": money(after), "currency": code}
        notes.append(Note.of("bills.changed", language, **facts, **totals))
    return notes
