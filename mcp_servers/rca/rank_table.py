"""rca_rank_table: which component of a table of metrics is the root cause."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import monotonic_s
from mcp_servers.rca.shapes import Language
from mcp_servers.rca.texts import Texts

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.metric_ranking import Moved, Suspect, TableRanking

MetricsCsv = Annotated[
    str, Field(max_length=64_000_000, description="CSV: timestamp,component:metric,…")
]
LogsCsv = Annotated[
    str, Field(max_length=64_000_000, description="CSV: timestamp,component,message.")
]
At = Annotated[str, Field(max_length=40, description="When it began, RFC 3339. Empty: looked for.")]
Edges = Annotated[
    list[tuple[str, str]], Field(max_length=20_000, description="[caller, callee] pairs.")
]
Target = Annotated[str, Field(max_length=500, description="component:metric that suffers.")]
Granularity = Literal["component", "metric"]

EVIDENCE_SHOWN = 3
WITH_EVIDENCE = 20
ROWS_SHOWN = 500


class MovedMetric(BaseModel):
    """`before` and `after` are in the metric's unit, a counter's a second."""

    metric: str
    kind: str
    text: str
    at: datetime | None
    before: float | None
    after: float | None
    spreads: float = Field(description="How far it moved, in its usual spreads.")


class RankedRow(BaseModel):
    rank: int
    component: str
    metric: str
    score: float
    confidence: float = Field(description="Probability, 0 to 1, that it is the root cause.")
    evidence: list[MovedMetric]


class RankedTable(BaseModel):
    verdict: str = Field(description="found | healthy | insufficient_data")
    ranking: list[RankedRow]
    more: int = Field(description="Rows beyond those listed.")
    method: str
    window: dict[str, datetime | None] = Field(description="from, at, to")
    notes: list[str]
    duration_ms: int

    def as_text(self) -> str:
        """What a model reads: the five most suspect with their evidence."""
        lines = [f"{self.verdict}; at {self.window['at']}; {self.method}", *self.notes]
        for row in self.ranking[:5]:
            lines.append(f"{row.rank}. {row.component} {row.metric} ({row.confidence:.2f})")
            lines += [f"  {one.text}" for one in row.evidence]
        return "\n".join(lines)


async def rca_rank_table(
    metrics: MetricsCsv,
    at: At = "",
    edges: Edges = [],  # noqa: B006 - pydantic hands each call its own
    logs: LogsCsv = "",
    target: Target = "",
    granularity: Granularity = "component",
    language: Language = "en",
) -> RankedTable:
    """Rank the components of a metrics table by how likely each is the root cause.

    For a cluster use rca_investigate.
    """
    began = monotonic_s()
    ranking = await anyio.to_thread.run_sync(_ranking, metrics, at, edges, logs, target)
    rows = list(_rows(ranking, granularity, Texts(language)))
    return RankedTable(
        verdict=ranking.verdict,
        ranking=rows[:ROWS_SHOWN],
        more=max(0, len(rows) - ROWS_SHOWN),
        method=ranking.method,
        window=_window(ranking),
        notes=[Texts(language).phrase(note.key, **note.facts) for note in ranking.notes],
        duration_ms=round((monotonic_s() - began) * 1000),
    )


def _ranking(
    metrics: str, at: str, edges: Sequence[tuple[str, str]], logs: str, target: str
) -> "TableRanking":
    from mcp_servers.engines.metric_ranking import rank_table
    from mcp_servers.rca.table_files import at_of, logs_of, metrics_of

    times, names, values = metrics_of(metrics)
    return rank_table(
        times, names, values, at=at_of(at), edges=edges, logs=logs_of(logs), target=target
    )


def _window(ranking: "TableRanking") -> dict[str, datetime | None]:
    from mcp_servers.backends.series_table import moment_of

    named = {"from": ranking.begin, "at": ranking.at, "to": ranking.end}
    return {name: None if when is None else moment_of(when) for name, when in named.items()}


def _rows(ranking: "TableRanking", granularity: Granularity, texts: Texts) -> Iterator[RankedRow]:
    whole = granularity == "component"
    entries = [
        (suspect, suspect.moved if whole else (one,), _score(suspect, one, whole=whole))
        for suspect in ranking.suspects
        for one in (suspect.moved[:1] if whole else suspect.moved)
    ]
    entries.sort(key=lambda entry: -entry[2])
    for rank, (suspect, moved, score) in enumerate(entries, start=1):
        shown = moved[:EVIDENCE_SHOWN] if rank <= WITH_EVIDENCE else ()
        yield RankedRow(
            rank=rank,
            component=suspect.component,
            metric=moved[0].metric,
            score=round(score, 6),
            confidence=round(suspect.confidence * (1 if whole else suspect.part(moved[0])), 3),
            evidence=[_told(one, texts) for one in shown],
        )


def _score(suspect: "Suspect", one: "Moved", *, whole: bool) -> float:
    return suspect.score if whole else suspect.score * suspect.share(one)


def _told(one: "Moved", texts: Texts) -> MovedMetric:
    from mcp_servers.backends.series_table import moment_of

    if one.said is not None:
        text = texts.phrase(
            "log_news", component=one.component, after=one.said.after, before=one.said.before,
            template=one.said.example[:200],
        )  # fmt: skip
        return MovedMetric(
            metric=one.metric, kind=one.kind, text=text, at=moment_of(one.said.first),
            before=one.said.before, after=one.said.after, spreads=round(one.said.size, 2),
        )  # fmt: skip
    return _told_shift(one, texts)


def _told_shift(one: "Moved", texts: Texts) -> MovedMetric:
    from mcp_servers.backends.series_table import moment_of

    assert one.shift is not None
    shift, at = one.shift, moment_of(one.shift.began)
    silent = shift.after != shift.after
    rose = shift.after > shift.before
    key = "metric_silent" if silent else "metric_rose" if rose else "metric_fell"
    facts = {"before": f"{shift.before:.4g}", "after": f"{shift.after:.4g}"}
    text = texts.phrase(
        key, name=f"{one.component}:{one.metric}", spreads=f"{abs(shift.size):.1f}",
        at=f"{at:%Y-%m-%dT%H:%M:%SZ}", **facts,
    )  # fmt: skip
    return MovedMetric(
        metric=one.metric,
        kind=one.kind,
        text=text,
        at=at,
        before=shift.before,
        after=None if silent else shift.after,
        spreads=round(shift.size, 2),
    )
