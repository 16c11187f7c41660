"""What people are to be told: of which alerts, in no language yet, and then worded for a channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

# From the worst on; what a rule calls otherwise is between warning and info.
SEVERITIES = ("critical", "error", "warning", "info")
# Begins the key of alerts that are told one by one: each is an incident of its own, however many come at once.
EACH = "each:"
_CALLED = {"page": "critical", "high": "error", "medium": "warning", "low": "info", "none": "info"}


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert as it is told. Times are RFC 3339."""

    id: str
    name: str
    status: str  # firing | resolved
    severity: str
    labels: dict[str, str]
    summary: str
    description: str = ""
    starts_at: str = ""
    ends_at: str = ""
    generator_url: str = ""
    runbook_url: str = ""
    silence_url: str = ""
    # By language and field, where more than one is spoken: {"zh": {"summary": …}}.
    words: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def said(self, what: str, language: str) -> str:
        """Its `summary` or `description` in that language, or as it came."""
        return self.words.get(language, {}).get(what) or str(getattr(self, what))


@dataclass(frozen=True, slots=True)
class Telling:
    """One message before it is worded. `reason`: new, repeat, escalation, digest, test or text.

    `key` is the same for all that is told of one group of alerts, so that a channel can thread it.
    `open` others of that group fire, of which nothing new is told here.
    """

    key: str
    reason: str
    alerts: tuple[ToldAlert, ...] = ()
    group: dict[str, str] = field(default_factory=dict[str, str])
    title: str = ""
    text: str = ""
    open: int = 0

    def incidents(self) -> "tuple[Telling, ...]":
        """As services keep it that open an incident a key, and close it by that key."""
        if not self.key.startswith(EACH):
            return (self,)
        return tuple(
            replace(self, key=f"alert-{one.id}", alerts=(one,), open=0) for one in self.alerts
        )

    @property
    def status(self) -> str:
        """Firing as long as one of them is; info when it is about no alert."""
        if not self.alerts:
            return "info"
        return "firing" if any(one.status == "firing" for one in self.alerts) else "resolved"

    @property
    def severity(self) -> str:
        """The worst of those that fire, or of all when none does."""
        firing = [one for one in self.alerts if one.status == "firing"] or list(self.alerts)
        return worst(one.severity for one in firing) if firing else "info"

    def as_data(self) -> dict[str, Any]:
        return {**_values(self), "alerts": [_values(one) for one in self.alerts]}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Telling":
        given: dict[str, Any] = {
            **data,
            "alerts": tuple(ToldAlert(**one) for one in data["alerts"]),
        }
        return cls(**given)


def _values(record: "Telling | ToldAlert") -> dict[str, Any]:
    """By the names of the fields; what they hold is not copied as `asdict` would."""
    return {one.name: getattr(record, one.name) for one in fields(record)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert, worded."""

    heading: str
    lines: tuple[str, ...]
    firing: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, worded. `more` says "and {count} more" where not every entry fits."""

    id: str
    key: str
    status: str  # firing | resolved | info
    severity: str
    title: str
    summary: str
    entries: tuple[Entry, ...]
    links: tuple[tuple[str, str], ...]  # (what it is called, where it leads)
    language: str
    more: str
    left_out: int = 0
    ask: str = ""  # what to ask Midwatch about it; empty when nothing fires
    ask_label: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])  # the telling, for programs

    @property
    def rest(self) -> str:
        """What is said of the entries that are not shown; empty when all are."""
        return self.more.format(count=self.left_out) if self.left_out else ""


def severity_of(label: str) -> str:
    """One of `SEVERITIES` for what a rule calls it; nothing said is a warning."""
    called = label.strip().lower()
    return called if called in SEVERITIES else _CALLED.get(called, "warning")


def worst(severities: Any) -> str:
    found: Sequence[str] = [severity_of(one) for one in severities]
    return min(found, key=SEVERITIES.index, default="info")
