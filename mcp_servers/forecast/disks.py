"""forecast_disks: in how many days volumes and the disks of nodes will be full."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.backends.metric_scope import check
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.metrics import Series
from mcp_servers.forecast.shapes import Language, tidy
from mcp_servers.paging import Page

Namespace = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9-]*$")]
Name = Annotated[
    str,
    Field(max_length=253, pattern=r"^[A-Za-z0-9._-]*$", description="Part of a claim's or node's."),
]
Cursor = Annotated[str, Field(max_length=200)]

# Two weeks at three hours: clean-ups of a night are seen, and a server answers a thousand volumes.
BACK, STEP = timedelta(days=14), timedelta(hours=3)
ROWS = 25

CLAIMS = "max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_{what}_bytes{{{scope}}})"
# What is no disk of a node: memory, layers of images, read-only pictures.
NO_DISK = (
    'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|nsfs",mountpoint!~"/var/lib/kubelet/pods/.*"'
)
NODES = {
    "used": f"max by (instance, mountpoint) (node_filesystem_size_bytes{{{NO_DISK}}}"
    f" - node_filesystem_avail_bytes{{{NO_DISK}}})",
    "capacity": f"max by (instance, mountpoint) (node_filesystem_size_bytes{{{NO_DISK}}})",
}

NOTES = {
    "en": {
        "nothing": "Prometheus has no figures of volumes or disks in sight "
        "(kubelet_volume_stats_…, node_filesystem_…), so nothing is said of them.",
        "claims_only": "Disks of nodes are shown to who sees every namespace.",
        "way": "Carried on as the last two weeks went since the last clean-up; "
        "the earliest and the latest day hold four of five cases if they go on like that.",
    },
    "zh": {
        "nothing": "Prometheus 中没有可见范围内卷或磁盘的数据"
        "（kubelet_volume_stats_…、node_filesystem_…），因此无法判断。",
        "claims_only": "节点磁盘只显示给可查看所有命名空间的人。",
        "way": "按最近两周（上次清理之后）的增长外推；若增长方式不变，"
        "五次中有四次落在最早与最晚之间。",
    },
}


class Disk(BaseModel):
    kind: Literal["PersistentVolumeClaim", "Node"]
    namespace: str
    name: str
    mountpoint: str = ""
    state: Literal["full", "filling", "steady", "insufficient_data"]
    used_bytes: float
    capacity_bytes: float
    share: float = Field(description="Used of the capacity, 0 to 1.")
    percent_per_day: float | None = Field(description="Growth in percent of the capacity.")
    days_until_full: float | None = Field(description="null: not within a year, or not known.")
    earliest_days: float | None
    latest_days: float | None = Field(description="null: it may never be full.")
    full_at: datetime | None
    known_days: float = Field(description="How long back it is known, since the last clean-up.")
    cleaned_days_ago: float | None

    def as_line(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        days = "-" if self.days_until_full is None else f"{self.days_until_full:.1f}"
        return f"{self.kind} {where}{self.mountpoint}: {self.state}, {self.share:.0%} used, days until full {days}"


class Disks(Page[Disk]):
    verdict: Literal["ok", "insufficient_data"]
    filling: int = Field(description="Of all that were looked at, so many will be full in a year.")
    notes: list[str]

    def as_text(self) -> str:
        heading = f"{self.verdict}: {self.filling} filling, {self.shown}"
        return self.told(heading, [*(row.as_line() for row in self.rows), *self.notes])


async def forecast_disks(
    namespace: Namespace = "",
    name: Name = "",
    language: Language = "en",
    cursor: Cursor = "",
    *,
    prometheus: Prometheus,
    caller: Principal,
) -> Disks:
    """In how many days each volume and each disk of a node will be full, the soonest first.

    For the course of one disk over a week use forecast_load.
    """
    if not prometheus.configured:
        raise SENTENCES.error(Invalid, "savings_need_prometheus")
    now = utc_now()
    everything = caller.namespaces is None
    claims = _claims(caller, namespace)
    parts = [_read(prometheus, claims["used"], claims["capacity"], now)]
    if everything and not namespace:
        parts.append(_read(prometheus, NODES["used"], NODES["capacity"], now))
    read = [one for part in await asyncio.gather(*parts) for one in part]
    found = [(one, size) for one, size in read if _named(one, name)]
    told = await anyio.to_thread.run_sync(_all, found, now)
    notes = ["nothing"] if not told else ["way"]
    notes += [] if everything else ["claims_only"]
    return Disks.of(
        sorted(told, key=_soonest),
        cursor=cursor,
        size=ROWS,
        verdict="ok"
        if any(one.state != "insufficient_data" for one in told)
        else "insufficient_data",
        filling=sum(one.state in ("full", "filling") for one in told),
        notes=[NOTES[language][one] for one in notes],
    )


def _claims(caller: Principal, namespace: str) -> dict[str, str]:
    """Of one namespace, of those in sight, or of all."""
    scope = f'namespace="{namespace}"' if namespace else ""
    if namespace:
        check(caller, f"kubelet_volume_stats_used_bytes{{{scope}}}")
    elif caller.namespaces is not None:
        scope = f'namespace=~"{"|".join(sorted(caller.namespaces))}"'
    return {what: CLAIMS.format(what=what, scope=scope) for what in ("used", "capacity")}


async def _read(
    prometheus: Prometheus, used: str, capacity: str, now: datetime
) -> list[tuple[Series, float]]:
    """What was used over time, and how much there is now."""
    told, sizes = await asyncio.gather(
        prometheus.query_range(used, start=now - BACK, end=now, points=round(BACK / STEP) + 1),
        prometheus.query(capacity),
    )
    room = {one.labels: one.points[-1][1] for one in sizes}
    return [(one, room[one.labels]) for one in told if room.get(one.labels, 0) > 0]


def _named(one: Series, name: str) -> bool:
    return name in (one.label("persistentvolumeclaim") or one.label("instance"))


def _all(found: Sequence[tuple[Series, float]], now: datetime) -> list[Disk]:
    return [_disk(series, size, now) for series, size in found]


def _disk(series: Series, size: float, now: datetime) -> Disk:
    from mcp_servers.engines.filling import filling

    times, values = zip(*((at.timestamp(), value) for at, value in series.points), strict=True)
    found = filling(times, values, size)
    claim = series.label("persistentvolumeclaim")
    return Disk(
        kind="PersistentVolumeClaim" if claim else "Node",
        namespace=series.label("namespace") if claim else "",
        name=claim or series.label("instance"),
        mountpoint="" if claim else series.label("mountpoint"),
        state=found.state,
        used_bytes=values[-1],
        capacity_bytes=size,
        share=tidy(found.share),
        percent_per_day=None
        if found.state == "insufficient_data"
        else round(100 * found.per_day, 3),
        days_until_full=_rounded(found.days),
        earliest_days=_rounded(found.earliest),
        latest_days=_rounded(found.latest),
        full_at=None if found.days is None else now + timedelta(days=found.days),
        known_days=round(found.known_days, 2),
        cleaned_days_ago=_rounded(found.cleaned),
    )


def _rounded(days: float | None) -> float | None:
    return None if days is None else round(days, 2)


def _soonest(one: Disk) -> tuple[float, float, Iterable[str]]:
    days = float("inf") if one.days_until_full is None else one.days_until_full
    return days, -one.share, (one.namespace, one.name, one.mountpoint)
