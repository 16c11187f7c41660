"""What diagnosers say: findings with evidence, and what a ranking makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mcp_servers.facts.kubernetes import Ref


class Severity(StrEnum):
    """critical: users hit now; high: degraded or will fail; medium: risk; low: hygiene; info: context."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def weight(self) -> int:
        """5 for critical down to 1 for info."""
        return 5 - list(Severity).index(self)


class Confidence(StrEnum):
    """certain: a field says so; strong: two independent signals; inferred: one and reasoning."""

    CERTAIN = "certain"
    STRONG = "strong"
    INFERRED = "inferred"


class Role(StrEnum):
    """What a finding is to the others: why they are there, what they look like, or neither."""

    CAUSE = "cause"
    SYMPTOM = "symptom"
    NOTE = "note"


class Source(StrEnum):
    OBJECT = "object"
    EVENT = "event"
    LOG = "log"
    METRIC = "metric"
    ALERT = "alert"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing anybody can look up again.

    `ref` says where: `Pod shop/web-1 .status.containerStatuses[app].lastState` for an object,
    `Pod shop/web-1 BackOff (event <uid>)` for an event, `shop/web-1/app (previous)` for a log,
    the query for a metric. `text` is what stands there, verbatim or as `end.of.path = value`.
    """

    source: Source
    ref: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """The class of repair (`fix.memory`) and the object it would change."""

    id: str
    target: Ref


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that spoke about one resource: the one a person would change.

    `params` fill the texts of the rule in either language; `cause_key` is part of the
    fingerprint, so that ten pods of one workload make one finding. `joins` holds what a link
    of the ranking joins on when it is not the owner chain: host:port, node, claim. A key with
    several values has them sorted, with a comma between. `role` is that of a rule people added;
    of all others the causal links say it.
    """

    rule: str
    severity: Severity
    confidence: Confidence
    resource: Ref
    since: datetime | None
    evidence: tuple[Evidence, ...]
    params: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    affected: tuple[Ref, ...] = ()
    container: str = ""
    cause_key: str = ""
    fix: Fix | None = None
    joins: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    role: Role | None = None

    @property
    def ranked_as(self) -> str:
        """The rule by which causal links know it: its own, or for rules of people their role."""
        return f"custom.{self.role}" if self.role else self.rule

    def joined(self, key: str) -> frozenset[str]:
        """Every value of one join key."""
        return frozenset(value for value in self.joins.get(key, "").split(",") if value)
