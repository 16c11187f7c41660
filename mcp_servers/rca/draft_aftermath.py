"""Pure: what others know of an incident → lines of its page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.rca.aftermath import Aftermath, KnownAlert, lasted
from mcp_servers.rca.quoting import flat, line, minute

# Of a storm of alerts, so many are told one by one.
ALERTS_SHOWN = 20
# How changes end that an outcome tells; the others are under way.
STATES = frozenset(
    {"verified", "rolled_back", "failed", "running", "undoing", "refused", "unknown"}
)


@dataclass(frozen=True, slots=True)
class Ending:
    known: Aftermath
    words: Mapping[str, str]

    def moments(self) -> list[tuple[datetime, str]]:
        """When alerts began and ended, and when changes did."""
        told: list[tuple[datetime, str]] = []
        for one in self.known.alerts[:ALERTS_SHOWN]:
            told.append((one.starts_at, self._say("alert_began", name=_code(one.name))))
            if one.ends_at:
                told.append((one.ends_at, self._say("alert_ended", name=_code(one.name))))
        for one in self.known.changes:
            who = line(one.by) or self._say("midwatch_itself")
            told.append((one.started_at, self._say("change_began", what=line(one.what), who=who)))
            if one.finished_at:
                told.append((one.finished_at, self._ended(one.status, one.what)))
        return told

    def outcome(self) -> Iterator[str]:
        """How it ended, as far as alerts and changes tell; nothing when there were none."""
        for one in self.known.changes:
            yield f"- {self._ended(one.status, one.what)}"
        for one in self.known.alerts[:ALERTS_SHOWN]:
            if one.acknowledged_by:
                who = line(one.acknowledged_by)
                yield f"- {self._say('taken_by', who=who, name=_code(one.name))}"
        yield from self._alerts()

    def cost(self) -> Iterator[str]:
        """What the namespace cost an hour, and while alerts were firing."""
        if (cost := self.known.cost) is None:
            return
        told = {"currency": flat(cost.currency), "namespace": _code(cost.namespace)}
        rate = self._say(
            "cost_rate", per_hour=f"{cost.per_hour:.2f}", hours=cost.hours_measured, **told
        )
        yield f"- {rate}"
        ended = [one.ends_at for one in self.known.alerts if one.ends_at]
        if span := lasted(self._over(), max(ended)) if ended else timedelta():
            hours = span / timedelta(hours=1)
            total = f"{hours * cost.per_hour:.2f}"
            yield f"- {self._say('cost_span', lasted=_span(span), total=total, **told)}"
        yield f"- {self._say('cost_lost')}"

    def _over(self) -> list[KnownAlert]:
        return [one for one in self.known.alerts if one.ends_at]

    def _alerts(self) -> Iterator[str]:
        firing = [one for one in self.known.alerts if one.ends_at is None]
        for one in firing[:ALERTS_SHOWN]:
            at = minute(one.starts_at)
            yield f"- {self._say('alert_fires', name=_code(one.name), at=at)}"
        ends = [one.ends_at for one in self.known.alerts if one.ends_at]
        if ends and not firing:
            key = "alert_over" if len(ends) == 1 else "alerts_over"
            yield f"- {self._say(key, count=len(ends), at=minute(max(ends)))}"

    def _ended(self, status: str, what: str) -> str:
        return self._say(status if status in STATES else "unknown", what=line(what))

    def _say(self, key: str, **params: object) -> str:
        return self.words[key].format(**params)


def _code(text: str) -> str:
    """For between two backquotes."""
    return flat(text).replace("`", "")


def _span(span: timedelta) -> str:
    minutes = round(span / timedelta(minutes=1))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
