"""What only repairs need to know: revisions to go back to, and what was used. Of one namespace.

A diagnosis does without, so a large cluster is not asked for it at every look.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.facts.kubernetes import Cluster, NotChecked
from mcp_servers.facts.metrics import Series
from mcp_servers.rca.gather import METRICS_REACH_BACK, POINTS, or_missed
from mcp_servers.rca.metric_questions import Question

REVISIONS = "ControllerRevision"
CPU, MEMORY, WRITTEN = (
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_fs_usage_bytes",
)
# A request is fitted to two weeks of use; a point for every hour or so, and no peak between them lost.
LONG, LONG_POINTS = timedelta(days=15), 300
PEAKS = "max_over_time({selector}[75m])"


async def with_repairs_in(
    namespace: str,
    cluster: Cluster,
    kubernetes: Kubernetes,
    prometheus: Prometheus | None,
    *,
    weeks: bool = False,
) -> Cluster:
    """The same look with what repairs of this namespace need; "" asks for nothing more.

    `weeks`: with what was used in the last two of them. What was refused ends up in `not_checked`.
    """
    if not namespace:
        return cluster
    missed: list[NotChecked] = []
    back, points = (LONG, LONG_POINTS) if weeks else (METRICS_REACH_BACK, POINTS)
    window = (cluster.now - back, points)
    revisions, *used = await asyncio.gather(
        or_missed(REVISIONS, kubernetes.list(REVISIONS, namespace=namespace), missed),
        *(
            _asked(prometheus, one, cluster, window, missed)
            for one in _questions(namespace, weeks=weeks)
        ),
    )
    return replace(
        cluster,
        resources=[*cluster.resources, *revisions],
        series=[*cluster.series, *(one for found in used for one in found)],
        not_checked=tuple(dict.fromkeys([*cluster.not_checked, *missed])),
    )


def _questions(namespace: str, *, weeks: bool) -> list[Question]:
    """All containers of it, without the sum over each pod."""
    chosen = f'{{container!="",container!="POD",namespace="{namespace}"}}'
    used = [Question(one, f"{one}{chosen}") for one in (CPU, WRITTEN)]
    if weeks:
        used.append(Question(MEMORY, PEAKS.format(selector=f"{MEMORY}{chosen}")))
    return used


async def _asked(
    prometheus: Prometheus | None,
    question: Question,
    cluster: Cluster,
    window: tuple[datetime, int],
    missed: list[NotChecked],
) -> list[Series]:
    if prometheus is None:
        return []  # that it is not configured was said at the look
    start, points = window
    call = prometheus.query_range(question.promql, start=start, end=cluster.now, points=points)
    found = await or_missed("metrics", call, missed)
    return [replace(one, role=question.role) for one in found]
