"""A bill that is handed in: its rows are the whole of it, and what cannot be read is one sentence."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from mcp_servers.backends.bills import lines_of
from mcp_servers.budgets.bill import BillReport, _report
from mcp_servers.budgets.gathering import Purse
from mcp_servers.client import Connections, Tools, connected, in_process
from tests.api.test_command_line import midwatch as run
from tests.servers.budgeting import ANN, BOOK

DAY = timedelta(days=1)
HEADER = ("ChargePeriodStart", "ChargePeriodEnd", "EffectiveCost", "BillingCurrency",
          "ServiceName", "Tags")  # fmt: skip


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


def charge(day: date, cost: object, service: str = "Compute", **more: Any) -> list[str]:
    until = day + DAY * int(more.get("days", 1))
    tags = json.dumps(more.get("tags", {}))
    return [f"{day}T00:00:00Z", f"{until}T00:00:00Z", str(cost), more.get("currency", "EUR"),
            service, tags]  # fmt: skip


def purse_in(folder: Path) -> Purse:
    book = folder / "prices.toml"
    book.write_text(BOOK)
    backends = connected(Connections(clusterless=True, price_book=book))
    return Purse(backends.kubernetes, backends.prometheus, backends.billing)


def report(text: str, folder: Path, **more: Any) -> BillReport:
    given = {"by": "ServiceName", "currency": "", "columns": {}, **more}
    return _report(text, given["by"], given["currency"], given["columns"], purse_in(folder))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("book")


@given(
    rows=st.lists(
        st.tuples(
            st.dates(date(2026, 1, 1), date(2026, 12, 31)),
            st.decimals(-1000, 10_000, places=4),
            st.sampled_from(["Compute", "Storage", "", "Support"]),
            st.integers(1, 40),
        ),
        min_size=1,
        max_size=60,
    )
)
@settings(deadline=None, max_examples=60)
def test_the_rows_are_the_whole_bill(
    rows: list[tuple[date, Decimal, str, int]], folder: Path
) -> None:
    found = report(table([charge(d, c, s, days=n) for d, c, s, n in rows]), folder)
    total = float(sum(cost for _, cost, _, _ in rows))
    assert found.total == pytest.approx(total, abs=1e-4)
    assert sum(one.cost for one in found.rows) == pytest.approx(total, abs=1e-3)
    assert found.start == min(d for d, _, _, _ in rows)
    assert found.end == max(d + DAY * (n - 1) for d, _, _, n in rows)


def test_a_charge_for_a_month_costs_each_of_its_days_the_same(folder: Path) -> None:
    days = [charge(date(2026, 2, 1) + DAY * i, 10) for i in range(20)]
    text = table([charge(date(2026, 2, 1), 280, "Support", days=28), *days])
    found = report(text, folder)
    assert (found.start, found.end) == (date(2026, 2, 1), date(2026, 2, 28))
    assert {one.name: one.cost for one in found.rows} == {"Support": 280.0, "Compute": 200.0}


def test_a_tag_says_who_pays_and_what_has_none_is_shown(folder: Path) -> None:
    day = date(2026, 3, 1)
    text = table([charge(day, 7, tags={"team": "shop"}), charge(day, 3)])
    found = report(text, folder, by="tag:team")
    assert [(one.name, one.cost, one.share) for one in found.rows] == [
        ("shop", 7.0, 0.7),
        ("(none)", 3.0, 0.3),
    ]


def test_two_currencies_are_added_at_the_rate_of_the_day_or_not_at_all(folder: Path) -> None:
    day = date(2026, 3, 1)
    text = table([charge(day, 10), charge(day, 16, currency="CNY")])
    assert report(text, folder).total == pytest.approx(12)
    assert report(text, folder, currency="CNY").total == pytest.approx(96)
    with pytest.raises(Invalid, match="no rate from JPY"):
        report(table([charge(day, 10), charge(day, 1, currency="JPY")]), folder)


def test_days_that_stand_out_and_the_end_of_the_month_are_told(folder: Path) -> None:
    first = date(2026, 4, 1)
    rows = [charge(first + DAY * i, 300 if i == 50 else 100 + i % 3) for i in range(70)]
    found = report(table(rows), folder)
    [odd] = found.episodes
    assert (odd.start, odd.end) == (first + DAY * 50, first + DAY * 50)
    assert found.month is not None
    assert (found.month.starts_on, found.month.days_left) == (date(2026, 6, 1), 21)
    assert found.month.mean == pytest.approx(3030, rel=0.05)


def test_a_bill_of_another_shape_is_read_with_a_map(folder: Path) -> None:
    header = (
        "lineItem/UsageStartDate",
        "lineItem/UnblendedCost",
        "lineItem/CurrencyCode",
        "product",
    )
    text = table([["2026-05-01T00:00:00Z", "4.5", "EUR", "db"]], header)
    columns = {
        "start": "lineItem/UsageStartDate",
        "cost": "lineItem/UnblendedCost",
        "currency": "lineItem/CurrencyCode",
    }
    found = report(text, folder, by="product", columns=columns)
    assert [(one.name, one.cost) for one in found.rows] == [("db", 4.5)]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_of_23_or_25_hours_is_a_day_of_the_bill_with_all_that_it_cost(
    day: date, hours: int, folder: Path
) -> None:
    """29 March and 25 October 2026, when clocks in Berlin are changed."""
    ends = [
        datetime.combine(day + DAY * i, time(), ZoneInfo("Europe/Berlin")) for i in (-1, 0, 1, 2)
    ]
    assert (ends[2] - ends[1].astimezone(UTC)) == timedelta(hours=hours)
    rows = [
        [start.isoformat(), end.isoformat(), "24", "EUR", "x", ""] for start, end in pairwise(ends)
    ]
    assert [(one.first, one.last) for one in lines_of(table(rows), {})] == [
        (day + DAY * i, day + DAY * i) for i in (-1, 0, 1)
    ]
    assert report(table(rows), folder).total == 72


def test_a_month_of_a_bill_begins_where_its_own_clock_says() -> None:
    rows = [["2026-03-01T00:00:00+08:00", "2026-04-01T00:00:00+08:00", "31", "CNY", "x", ""],
            ["2026-03-01T00:00:00", "2026-03-02T00:00:00", "1", "CNY", "x", ""]]  # fmt: skip
    month, day = lines_of(table(rows), {})
    assert (month.first, month.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (day.first, day.last) == (date(2026, 3, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no column ChargePeriodStart"),
        ("a,b\n1,2\n", "It has: a, b"),
        (table([]), "no lines"),
        (table([["soon", "", "1", "EUR", "x", ""]]), "which is no time"),
        (table([["2026-01-01", "", "much", "EUR", "x", ""]]), "which is no amount"),
        (table([["2026-01-01", "", "nan", "EUR", "x", ""]]), "EffectiveCost is NaN"),
        (table([["2026-01-01", "", "1", "euro", "x", ""]]), "no currency such as USD"),
        (table([["2026-01-01", "", "1", "EUR", "x", "{"]]), "no JSON object"),
        (table([["2026-01-01", "2066-01-01", "1", "EUR", "x", ""]]), "more than 1098 days"),
    ],
    ids=["empty", "other columns", "header alone", "no time", "no amount", "NaN", "no currency",
         "tags", "decades"],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(text: str, sentence: str, folder: Path) -> None:
    with pytest.raises(Invalid, match=sentence):
        report(text, folder)


async def test_an_unknown_column_to_divide_by_names_the_nearest() -> None:
    async with in_process(Connections(clusterless=True), only=["budgets"]) as sessions:
        with pytest.raises(Invalid, match="no column Servicename") as caught:
            await Tools(sessions, ANN).call(
                "budgets_bill", bill=table([charge(date(2026, 1, 1), 1)]), by="Servicename"
            )
    assert "ServiceName" in str(caught.value)


def test_the_command_reads_a_file_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    path.write_text(table([charge(date(2026, 1, 1) + DAY * i, 10) for i in range(20)]))
    english = run("costs", "--bill", str(path), "--lang", "en")
    chinese = run("costs", "--bill", str(path), "--lang", "zh")
    assert "Bill: 200.00 EUR from 2026-01-01 to 2026-01-20, 20 lines" in english.stdout
    assert "起的这个月预计共" in chinese.stdout


WITHOUT = """
import sys
sys.modules["pyarrow"] = None
from mcp_servers.backends.bills import lines_of
from core.errors import Invalid
try:
    list(lines_of("UEFSMRUEFQ==", {}))
except Invalid as error:
    print(error)
"""


def test_parquet_without_its_library_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], check=False, capture_output=True, text=True
    )
    assert "pip install 'midwatch[parquet]'" in done.stdout
    assert "export the bill as CSV" in done.stdout
