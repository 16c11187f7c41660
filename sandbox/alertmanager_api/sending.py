"""The Prometheus of the cluster sends what its rules find.

An alert of the picture that a rule found when the picture was taken is over when the rule finds it
no longer; one that no rule explains goes on as recorded. What rules have found since is new.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sandbox.alertmanager_api.alerts import GOOD_FOR, Alert, Alerts
from sandbox.alertmanager_api.matching import Labels, fingerprint

Found = Sequence[Mapping[str, Any]]
Sent = Callable[[float], Found]
"""At a Unix time: the firing alerts with `labels`, `annotations`, `startsAt` and `expr`."""


def nothing_sent(_: float) -> Found:
    return ()


@dataclass
class Sender:
    """What is known of alerts, with what the rules say of them now."""

    alerts: Alerts
    sent: Sent
    started_at: datetime
    receiver: str
    _at_start: list[Labels] | None = field(default=None)

    def found(self, now: datetime) -> tuple[list[Labels], Found]:
        """What rules found when the cluster started, and what they find now; takes its time."""
        if self._at_start is None:
            self._at_start = [one["labels"] for one in self.sent(self.started_at.timestamp())]
        return self._at_start, self.sent(now.timestamp())

    def current(
        self, now: datetime, at_start: Sequence[Labels], found: Found
    ) -> list[tuple[str, Alert]]:
        """The alerts that are not over, by fingerprint."""
        finds = [one["labels"] for one in found]
        over = [labels for labels in at_start if labels not in finds]
        known = self.alerts.current(now)
        kept = {
            name: one
            for name, one in known
            if one.keeps_firing is None or not any(_is(labels, one.labels) for labels in over)
        }
        for one in found:
            if one["labels"] not in at_start:
                alert = self._alert(one, now)
                kept.setdefault(fingerprint(alert.labels), alert)
        return sorted(kept.items())

    def _alert(self, one: Mapping[str, Any], now: datetime) -> Alert:
        recorded = [alert for alert in self.alerts.by_fingerprint.values() if alert.keeps_firing]
        same = [alert for alert in recorded if alert.labels.get(_NAME) == one["labels"][_NAME]]
        url = next((alert.generator_url for alert in recorded if alert.generator_url), "")
        expression = quote(one["expr"], safe="")
        return Alert(
            labels={**_added(self._at_start or (), recorded), **one["labels"]},
            annotations=one["annotations"],
            starts_at=one["startsAt"],
            ends_at=now + GOOD_FOR,
            updated_at=now,
            generator_url=f"{url.partition('/graph')[0]}/graph?g0.expr={expression}&g0.tab=1",
            receivers=same[0].receivers if same else (self.receiver,),
        )


_NAME = "alertname"


def _is(found: Labels, recorded: Labels) -> bool:
    """A Prometheus may add labels of its own to what it sends."""
    return found.items() <= recorded.items()


def _added(at_start: Sequence[Labels], recorded: Iterable[Alert]) -> Labels:
    for labels in at_start:
        for one in recorded:
            if _is(labels, one.labels):
                return {name: told for name, told in one.labels.items() if name not in labels}
    return {}
