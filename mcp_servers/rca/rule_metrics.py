"""What custom rules want measured, asked of Prometheus at the moment of the diagnosis."""

import asyncio
from collections.abc import Mapping, Sequence

from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.facts.kubernetes import NotChecked
from mcp_servers.facts.metrics import Series
from mcp_servers.rca.gather import or_missed

Measured = Mapping[str, Sequence[Series]]


async def measure(
    prometheus: Prometheus | None, metrics: Mapping[str, str]
) -> tuple[Measured, list[NotChecked]]:
    """The series of each question by its name, and which had no answer."""
    if prometheus is None or not metrics:
        return {}, []
    missed: list[NotChecked] = []
    read = await asyncio.gather(
        *(
            or_missed(f"metric {name} of custom rules", prometheus.query(promql), missed)
            for name, promql in metrics.items()
        )
    )
    return dict(zip(metrics, read, strict=True)), missed
