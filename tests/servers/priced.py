"""The budgets server over a small cluster of one's own, with metrics and a price book."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from mcp_servers.client import Connections, Sessions, in_process
from sandbox.server import serving_in_thread


@asynccontextmanager
async def priced(
    folder: Path,
    objects: Iterable[Mapping[str, Any]],
    *,
    metrics: str,
    book: str,
    captured_at: datetime,
) -> AsyncGenerator[Sessions]:
    """`metrics` is OpenMetrics text, `book` a price book in TOML; the snapshot lies in `folder`."""
    (folder / "metrics").mkdir()
    (folder / "objects" / "all").mkdir(parents=True)
    stamp = f"{captured_at:%Y-%m-%dT%H:%M:%SZ}"
    (folder / "snapshot.yaml").write_text(f"name: own\ncluster: own\ncaptured_at: '{stamp}'\n")
    for i, one in enumerate(objects):
        (folder / "objects" / "all" / f"{i}.json").write_bytes(orjson.dumps(one))
    (folder / "metrics" / "all.om").write_text(metrics)
    (folder / "prices.toml").write_text(book)
    with serving_in_thread(folder) as addresses:
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )
        async with in_process(reach, only=["budgets"]) as sessions:
            yield sessions
