"""What the repository of budgets takes and gives. Money is a decimal number as text."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """`version` grows when what is told must be told anew. `end_foretold`: by the last check.

    `spend` "models" is what models cost: of a `subject`, of the team that `value` names, or of all.
    `anomalies` is from which severity on changes of its spend are told: off | low | … | critical;
    `hours_judged` the end of the last hour that was judged for it.
    """

    name: str
    amount: str
    currency: str
    period: str  # month | quarter | year | custom
    created_by: str
    created_at: datetime
    updated_at: datetime
    namespace: str = ""
    label: str = ""
    value: str = ""
    spend: str = "cluster"  # cluster | models
    subject: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    actual: list[Any] = field(default_factory=list[Any])
    forecast: list[Any] = field(default_factory=list[Any])
    owner: str = ""
    channels: list[Any] = field(default_factory=list[Any])
    version: int = 1
    end_foretold: dict[str, Any] = field(default_factory=dict[str, Any])
    anomalies: str = "off"
    hours_judged: datetime | None = None


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A threshold that was crossed. `tries`: how often messages were put; 0: it is told by a higher one."""

    budget: str
    version: int
    period_start: date
    threshold: int
    kind: str  # actual | forecast
    at: datetime
    spent: str
    foretold: str
    tries: int = 0
    deliveries: list[Any] = field(default_factory=list[Any])


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day (UTC) that is over, and how much of it was measured."""

    day: date
    hours_seen: int
    currency: str
    prices: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What one workload cost on one day, in the day's currency.

    `parts`: cpu_cost, memory_cost, cpu_core_hours and memory_gib_hours, as numbers.
    """

    day: date
    namespace: str
    workload: str
    labels: dict[str, Any]
    cost: str
    parts: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class SpendNoteRow:
    """Somebody said that a change of spend was expected: what is like it is no news.

    `scope`: a namespace, or KEY=VALUE. `direction`: up | down. `step`: day | hour.
    `size`: its impact a day, or an hour.
    """

    id: str
    scope: str
    direction: str
    size: float
    start: date
    note: str
    created_by: str
    created_at: datetime
    step: str = "day"


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """Days or hours side by side, from `start` to before `end`, in one direction: up | down.

    `scope`: namespace/NAME, KEY=VALUE, both, cluster, or models, as budgets tell theirs. `step`:
    day | hour. `impact` is more or less than expected, over all of it. `causes`: workload, kind,
    cost and cost_before.
    """

    id: str
    scope: str
    step: str
    direction: str
    start: datetime
    end: datetime
    impact: float
    currency: str
    severity: str
    seen_at: datetime
    updated_at: datetime
    causes: list[Any] = field(default_factory=list[Any])


@dataclass(frozen=True, slots=True)
class TellingRow:
    """An episode told to a budget's channels; `tries`: how often messages were put."""

    budget: str
    episode: str
    at: datetime
    tries: int = 1
    deliveries: list[Any] = field(default_factory=list[Any])
