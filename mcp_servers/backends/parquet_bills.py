# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingImports=false
# pyright: reportUnknownArgumentType=false, reportMissingModuleSource=false
"""A bill as Parquet, which FOCUS exports are too: the rows that its CSV would have.

pyarrow weighs more than the rest of Midwatch, so it is an extra and loaded by the first such bill.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from importlib import import_module
from io import BytesIO
from typing import Any

import orjson

from core.errors import Invalid
from mcp_servers.backends.sentences import SENTENCES

# What every Parquet file begins with, as it looks in Base64.
MAGIC, ENCODED = b"PAR1", "UEFSM"
# A file can hold a thousand times its size: rows are bounded, not bytes.
MOST_ROWS, AT_ONCE = 2_000_000, 10_000


def is_parquet(bill: str) -> bool:
    """Whether a bill is Parquet in Base64 and not CSV."""
    return bill.startswith(ENCODED)


def columns_and_rows(bill: str) -> tuple[list[str], Iterator[Mapping[str, str | None]]]:
    """The columns and every row as CSV would have it. Raises `Invalid` where it cannot be read."""
    parquet, lib = _library()
    try:
        file = parquet.ParquetFile(BytesIO(base64.b64decode(bill, validate=True)))
    except (binascii.Error, lib.ArrowException, OSError) as error:
        raise SENTENCES.error(Invalid, "bill_no_parquet", why=str(error)) from error
    if file.metadata.num_rows > MOST_ROWS:
        raise SENTENCES.error(
            Invalid, "bill_of_many_rows", rows=file.metadata.num_rows, most=MOST_ROWS
        )
    return list(file.schema_arrow.names), _rows(file, lib)


def _library() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow.parquet"), import_module("pyarrow.lib")
    except ImportError as error:
        raise SENTENCES.error(Invalid, "no_pyarrow") from error


def _rows(file: Any, lib: Any) -> Iterator[Mapping[str, str | None]]:
    try:
        for batch in file.iter_batches(batch_size=AT_ONCE):
            for row in batch.to_pylist():
                yield {str(name): _text(value) for name, value in row.items()}
    except (lib.ArrowException, OSError) as error:
        raise SENTENCES.error(Invalid, "bill_no_parquet", why=str(error)) from error


def _text(value: Any) -> str | None:
    """Times as RFC 3339, maps and lists as JSON: what FOCUS writes into CSV."""
    if value is None:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        value = dict(value)
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode()
    return str(value)
