"""Alerts, silences and rules as the servers see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `state`: pending | firing (Prometheus), active | suppressed (Alertmanager)."""

    name: str
    state: str
    labels: Labels
    annotations: Labels
    since: datetime | None
    silenced_by: tuple[str, ...] = ()
    source_url: str = ""
    receivers: tuple[str, ...] = ()  # who Alertmanager tells; Prometheus does not know

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")

    @property
    def summary(self) -> str:
        """The annotation that people read first."""
        notes = dict(self.annotations)
        return notes.get("summary") or notes.get("description") or notes.get("message") or ""


@dataclass(frozen=True, slots=True)
class Silence:
    """`matchers` as people write them: `alertname="X"`, `namespace=~"a|b"`."""

    id: str
    state: str  # active | pending | expired
    matchers: tuple[str, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    created_by: str
    comment: str


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A silence to be set; `matchers` are (name, operator, value)."""

    matchers: tuple[tuple[str, str, str], ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One recording or alerting rule and how its last evaluation went."""

    group: str
    name: str
    kind: str  # alerting | recording
    query: str
    state: str  # inactive | pending | firing; "" for a recording rule
    health: str  # ok | err | unknown
    last_error: str
    for_s: float
    labels: Labels
    alerts: int
    annotations: Labels = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One place Prometheus scrapes."""

    job: str
    instance: str
    labels: Labels
    health: str  # up | down | unknown
    last_error: str
    last_scrape_at: datetime | None
    scrape_s: float

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody Alertmanager can tell, and by which integrations: `slack`, `webhook`."""

    name: str
    integrations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The alert pipeline at one moment. What could not be asked is empty, and `delivered` None.

    `delivered` are the alerts that Alertmanager holds. `metrics` are the names with data lately,
    `metrics_before` those with data in the days before, read only when a name is missed.
    """

    targets: Sequence[Target] = ()
    rules: Sequence[Rule] = ()
    delivered: Sequence[Alert] | None = None
    silences: Sequence[Silence] = ()
    receivers: Sequence[Receiver] = ()
    metrics: frozenset[str] = frozenset()
    metrics_before: frozenset[str] = frozenset()
