"""Flags of smart functions as they are set and shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.flags import State
from core.storage.flag_records import FlagEventRow, FlagRow
from mcp_servers.alerting.policies import Span
from mcp_servers.facts.durations import duration
from mcp_servers.facts.flags import Gates
from mcp_servers.paging import Page

Function = Annotated[
    Literal[
        "analysis",
        "models",
        "answers",
        "similar_alerts",
        "rule_suggestions",
        "grouping",
        "flapping",
        "storm",
        "patrols",
        "cost_anomalies",
        "budget_forecasts",
    ],
    Field(
        description="analysis of alerts, answers by models instead of rules, answers from the knowledge base given "
        "again, similar_alerts of an analysis, rule_suggestions, grouping, flapping and storm of the policy, patrols, "
        "cost_anomalies and budget_forecasts of budgets."
    ),
]
What = Annotated[
    Literal["", "set", "evaluated", "verdict", "held", "released", "shadow"],
    Field(description="shadow: what it would have done. Empty: all but that."),
]
MOST_EVENTS = 200


class GateTerms(BaseModel):
    """What is asked of a function to be on; what is not given is not asked for."""

    model_config = ConfigDict(extra="forbid")

    min_accuracy: float = Field(
        default=0.85, ge=0, le=1, description="Of its evaluation, and of what people say of it."
    )
    min_cases: int = Field(
        default=20, ge=0, description="Of the evaluation; 0: none has to be there."
    )
    max_p95_ms: float | None = Field(default=None, gt=0, description="Milliseconds.")
    max_failure_rate: float | None = Field(default=0.05, ge=0, le=1)
    max_cost_usd: float | None = Field(default=None, ge=0, description="USD in the window.")
    window: Span = Field(default="PT24H", description="ISO 8601: what was seen in it counts.")
    least: int = Field(default=20, ge=1, description="Fewer runs or verdicts say nothing.")
    stay: Span = Field(default="PT1H", description="ISO 8601: so long it is held at least.")


class FlagTerms(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: State = "on"
    share_percent: float = Field(
        default=100, ge=0, le=100, description="Of users, or of groups of alerts."
    )
    labels: dict[str, str] = Field(
        default_factory=dict[str, str],
        max_length=20,
        description="Only alerts with these labels, or the user: {'user': 'ann'}.",
    )
    needs: str = Field(default="", max_length=100, description="On only while this flag is on.")
    gates: GateTerms | None = Field(default=None, description="null: nothing switches it back.")


class FlagLine(BaseModel):
    name: str
    set: bool = Field(description="False: nobody set it, and it is on for all.")
    terms: FlagTerms
    held: str = Field(
        description="The most it may be while its figures are bad; empty: they are not."
    )
    held_since: datetime | None
    why: list[str] = Field(description="What its figures lack, as of the last look, by codes.")
    why_in: dict[str, str] = Field(description="The same in words and figures, by language.")
    figures: dict[str, float | None] = Field(
        description="Seen in the window; null: too little to say."
    )
    evaluation: dict[str, Any] = Field(description="The last one: suite, cases, passed, at.")
    updated_by: str
    updated_at: datetime | None


class FlagPage(Page[FlagLine]):
    sorts_by = ("name", "set", "held", "held_since", "updated_by", "updated_at")

    def as_text(self) -> str:
        return self.told(f"smart functions: {self.shown}", map(_told, self.rows))


class FlagEvent(BaseModel):
    at: datetime
    what: str = Field(description="set | evaluated | verdict | held | released | shadow")
    by: str
    detail: dict[str, Any]


class FlagEvents(Page[FlagEvent]):
    def as_text(self) -> str:
        told = (
            f"{one.at:%Y-%m-%d %H:%M} {one.what} by {one.by}: {one.detail}" for one in self.rows
        )
        return self.told(f"events: {self.shown}", told)


class Evaluated(BaseModel):
    name: str
    state: State
    reason: str = Field(
        description="As OpenFeature has it: DEFAULT, STATIC, SPLIT, TARGETING_MATCH, DISABLED."
    )
    why: str = Field(description="unset | set | base | labels | share | held")


class EvaluatedPage(Page[Evaluated]):
    def as_text(self) -> str:
        return self.told("", (f"{one.name} {one.state}: {one.why}" for one in self.rows))


class Judged(BaseModel):
    flags: int
    held: int
    deliveries: int

    def as_text(self) -> str:
        return f"{self.flags} flags, {self.held} held"


def gates_of(terms: FlagTerms) -> Gates | None:
    if terms.gates is None:
        return None
    told = terms.gates.model_dump(exclude={"window", "stay"})
    return Gates(**told, window=duration(terms.gates.window), stay=duration(terms.gates.stay))


def line(
    name: str, row: FlagRow | None, evaluated: FlagEventRow | None, why_in: Mapping[str, str]
) -> FlagLine:
    told: dict[str, Any] = dict(evaluated.detail) if evaluated else {}
    figures = dict(row.figures) if row else {}
    why = figures.pop("why", [])
    return FlagLine(
        name=name,
        set=row is not None,
        terms=FlagTerms.model_validate(row.terms) if row else FlagTerms(),
        held=row.held if row else "",
        held_since=row.held_since if row else None,
        why=why,
        why_in=dict(why_in),
        figures=figures,
        evaluation=told | ({"at": evaluated.at.isoformat()} if evaluated else {}),
        updated_by=row.updated_by if row else "",
        updated_at=row.updated_at if row else None,
    )


def event(row: FlagEventRow) -> FlagEvent:
    return FlagEvent(at=row.at, what=row.what, by=row.by, detail=row.detail)


def _told(one: FlagLine) -> str:
    terms = one.terms
    share = f" for {terms.share_percent:g} %" if terms.share_percent < 100 else ""
    labels = ",".join(f"{name}={value}" for name, value in terms.labels.items())
    held = f"; held at {one.held}: {one.why_in.get('en', '')}" if one.held else ""
    return f"{one.name} {terms.state}{share} {labels}".rstrip() + held
