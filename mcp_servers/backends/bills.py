"""A bill as it is handed in: FOCUS as CSV or Parquet, or any whose columns a small map names."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from io import StringIO

import orjson

from core.errors import Invalid
from mcp_servers.backends.parquet_bills import columns_and_rows, is_parquet
from mcp_servers.backends.sentences import SENTENCES, instead
from mcp_servers.facts.nearest import nearest_names

DAY = timedelta(days=1)
# A charge for longer than this is no charge of a period.
MOST_DAYS = 3 * 366
COST_COLUMNS = ("EffectiveCost", "BilledCost")
FOCUS = {"start": "ChargePeriodStart", "end": "ChargePeriodEnd", "currency": "BillingCurrency"}
MAPPED = ("start", "end", "cost", "currency", "tags")
CURRENCY = re.compile(r"^[A-Z]{3}$")


@dataclass(frozen=True, slots=True)
class BillLine:
    """A charge, from its first day to its last one, both in it. `told` are its other columns."""

    first: date
    last: date
    cost: Decimal
    currency: str
    told: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    tags: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def lines_of(text: str, columns: Mapping[str, str]) -> Iterator[BillLine]:
    """Every charge. `columns` name those of FOCUS that are called otherwise here (`MAPPED`).

    Raises `Invalid` for a file without the columns, and for a line that cannot be read.
    """
    strange = sorted(set(columns) - set(MAPPED))
    if strange:
        raise SENTENCES.error(Invalid, "not_in_a_map", what=strange[0], columns=", ".join(MAPPED))
    if is_parquet(text):
        known, rows = columns_and_rows(text)
        wanted = _columns(known, columns)
        # A row is counted as its line of CSV would be, below the header.
        yield from (_line(row, wanted, number) for number, row in enumerate(rows, start=2))
        return
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""))
    known = [one for one in reader.fieldnames or () if one]
    wanted = _columns(known, columns)
    try:
        for row in reader:
            yield _line(row, wanted, reader.line_num)
    except csv.Error as error:
        raise SENTENCES.error(
            Invalid, "bill_no_csv", line=reader.line_num, why=str(error)
        ) from error


def _columns(known: list[str], given: Mapping[str, str]) -> dict[str, str]:
    wanted = {**FOCUS, **given}
    wanted.setdefault("cost", next((one for one in COST_COLUMNS if one in known), COST_COLUMNS[0]))
    wanted.setdefault("tags", "Tags")
    for part in ("start", "cost", "currency"):
        if wanted[part] not in known:
            raise _no_column(wanted[part], part, known)
    return wanted


def _no_column(column: str, part: str, known: list[str]) -> Invalid:
    near = instead(column, known) if nearest_names(column, known) else ""
    has = ", ".join(known[:40]) or "-"
    return SENTENCES.error(
        Invalid, "bill_without_column", column=column, part=part, near=near, has=has
    )


def _no_amount(line: int, column: str, told: str) -> Invalid:
    return SENTENCES.error(Invalid, "bill_no_amount", line=line, column=column, told=told)


def _line(row: Mapping[str, str | None], wanted: Mapping[str, str], number: int) -> BillLine:
    first = _day(row.get(wanted["start"]), wanted["start"], number)
    until = row.get(wanted["end"])
    # The end of a charge is not in it: a day ends where the next begins.
    end = _moment(until, wanted["end"], number) if until else None
    last = max((end - timedelta(microseconds=1)).date(), first) if end else first
    if (last - first).days > MOST_DAYS:
        raise SENTENCES.error(Invalid, "long_charge", line=number, most_days=MOST_DAYS)
    currency = (row.get(wanted["currency"]) or "").strip()
    if not CURRENCY.match(currency):
        raise SENTENCES.error(Invalid, "no_currency", line=number, told=repr(currency[:20]))
    told = {key: value or "" for key, value in row.items() if key}
    tags = _tags(row.get(wanted["tags"]), wanted["tags"], number)
    return BillLine(
        first, last, _cost(row.get(wanted["cost"]), wanted, number), currency, told, tags
    )


def _day(text: str | None, column: str, number: int) -> date:
    return _moment(text, column, number).date()


def _moment(text: str | None, column: str, number: int) -> datetime:
    """In the time that it is written in: the days of a bill are its own, of 23 and 25 hours too."""
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError as error:
        raise SENTENCES.error(
            Invalid, "bill_no_time", line=number, column=column, told=repr(str(text)[:40])
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _cost(text: str | None, wanted: Mapping[str, str], number: int) -> Decimal:
    try:
        cost = Decimal((text or "").strip())
    except InvalidOperation as error:
        raise _no_amount(number, wanted["cost"], repr(str(text)[:40])) from error
    if not cost.is_finite():
        raise _no_amount(number, wanted["cost"], str(cost))
    return cost


def _tags(text: str | None, column: str, number: int) -> dict[str, str]:
    """FOCUS has them as one JSON object."""
    if not text or text.strip() in ("", "null"):
        return {}
    try:
        found = orjson.loads(text)
        return {str(key): str(value) for key, value in found.items()}
    except (orjson.JSONDecodeError, AttributeError) as error:
        raise SENTENCES.error(Invalid, "bill_no_json", line=number, column=column) from error
