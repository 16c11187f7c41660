"""A bill as FOCUS Parquet gives what its CSV gives."""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportAttributeAccessIssue=false

import base64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.errors import Invalid
from mcp_servers.backends.bills import lines_of
from tests.api.test_command_line import midwatch as run
from tests.servers.test_bill import charge, report, table

START = datetime(2026, 1, 1, tzinfo=UTC)


def focus(days: int) -> pa.Table:
    """Decimal costs, times with a zone and tags as a map, as exports of clouds have them."""
    starts = [START + timedelta(days=i) for i in range(days)]
    moment = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "ChargePeriodStart": pa.array(starts, moment),
            "ChargePeriodEnd": pa.array([one + timedelta(days=1) for one in starts], moment),
            "EffectiveCost": pa.array([Decimal("10.50")] * days, pa.decimal128(20, 2)),
            "BillingCurrency": ["EUR"] * days,
            "ServiceName": ["Compute"] * days,
            "Tags": pa.array([[("team", "shop")]] * days, pa.map_(pa.string(), pa.string())),
        }
    )


def written(content: pa.Table, **more: Any) -> bytes:
    out = BytesIO()
    parquet.write_table(content, out, **more)
    return out.getvalue()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_it_is_read_as_its_csv_is(compression: str, tmp_path: Path) -> None:
    rows = [
        charge(date(2026, 1, 1) + timedelta(days=i), "10.50", tags={"team": "shop"})
        for i in range(20)
    ]
    of_csv = report(table(rows), tmp_path, by="tag:team")
    bill = encoded(written(focus(20), compression=compression, row_group_size=7))
    assert report(bill, tmp_path, by="tag:team") == of_csv
    assert (of_csv.total, of_csv.rows[0].name) == (210.0, "shop")


def test_a_missing_column_or_a_broken_file_is_one_sentence() -> None:
    whole = written(focus(3))
    with pytest.raises(Invalid, match="no column BillingCurrency"):
        list(lines_of(encoded(written(focus(3).drop_columns(["BillingCurrency"]))), {}))
    for broken in (whole[:-40], whole[:60] + b"\0" * 60 + whole[120:]):
        with pytest.raises(Invalid, match="no Parquet that can be read"):
            list(lines_of(encoded(broken), {}))


def test_the_command_reads_the_file(tmp_path: Path) -> None:
    (tmp_path / "focus.parquet").write_bytes(written(focus(20)))
    done = run("costs", "--bill", "focus.parquet", "--lang", "en", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Bill: 210.00 EUR from 2026-01-01 to 2026-01-20, 20 lines" in done.stdout
