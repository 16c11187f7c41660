"""rules and alerts: the state of every rule in JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.prometheus_api.answers import Answer, Json, Now, rfc3339, seconds
from sandbox.prometheus_api.parameters import Parameters
from sandbox.prometheus_api.recording import RecordedByRules
from sandbox.prometheus_api.rules import Alert, Evaluation, Group, Rule, evaluate
from sandbox.prometheus_api.wanted import Wanted
from sandbox.promql import scientific


@dataclass
class Ruling:
    """Evaluates groups when asked, once a turn."""

    series: RecordedByRules
    groups: Sequence[Group]
    now: Now
    _known: dict[int, tuple[int, list[Evaluation]]] = field(
        default_factory=dict[int, tuple[int, list[Evaluation]]]
    )

    def __post_init__(self) -> None:
        self.groups = sorted(self.groups, key=lambda group: (group.file, group.name))

    def rules(self, given: Parameters) -> Answer:
        """GET /api/v1/rules"""
        wanted = Wanted.of(given)
        groups = (self._group(number, wanted) for number in range(len(self.groups)))
        return Answer(wanted.page([one for one in groups if one is not None]))

    def alerts(self, _: Parameters) -> Answer:
        """GET /api/v1/alerts"""
        return Answer({"alerts": [_alert(one) for one in self._alerts()]})

    def firing(self, at_s: float) -> list[Json]:
        """What is sent to an Alertmanager at a time: the alerts that have waited long enough."""
        return [
            {
                "labels": alert.labels,
                "annotations": alert.annotations,
                "startsAt": datetime.fromtimestamp((alert.active_ms + rule.for_ms) / 1000, UTC),
                "expr": rule.expression,
            }
            for number, group in enumerate(self.groups)
            for rule, found in zip(
                group.rules, self._evaluated(number, round(at_s * 1000))[1], strict=True
            )
            for alert in found.alerts
            if alert.state == "firing"
        ]

    def _alerts(self) -> Iterator[Alert]:
        for number in range(len(self.groups)):
            for evaluation in self._evaluated(number, self.now.ms)[1]:
                yield from evaluation.alerts

    def _evaluated(self, number: int, now_ms: int) -> tuple[int, list[Evaluation]]:
        group = self.groups[number]
        at_ms = now_ms - now_ms % group.interval_ms
        known = self._known.get(number)
        if known is None or known[0] != at_ms:
            known = (
                at_ms,
                [evaluate(rule, self.series, group, at_ms=at_ms) for rule in group.rules],
            )
            self._known[number] = known
        return known

    def _group(self, number: int, wanted: Wanted) -> Json | None:
        """Nothing where what was asked for leaves none of its rules."""
        group = self.groups[number]
        if not wanted.takes_group(group.name, group.file):
            return None
        at_ms, evaluations = self._evaluated(number, self.now.ms)
        shown = [
            _rule(rule, found, at_ms, with_alerts=wanted.with_alerts)
            for rule, found in zip(group.rules, evaluations, strict=True)
            if wanted.takes(rule)
        ]
        if not shown and wanted.is_picky:
            return None
        return {
            "name": group.name,
            "file": group.file,
            "rules": shown,
            "interval": seconds(group.interval_ms),
            "limit": group.limit,
            "evaluationTime": 0,
            "lastEvaluation": rfc3339(at_ms / 1000),
        }


def _rule(rule: Rule, found: Evaluation, at_ms: int, *, with_alerts: bool) -> Json:
    """Fields and their presence as in the real answer."""
    about = {
        "name": rule.alert or rule.record,
        "query": rule.shown,
        "health": "err" if found.error else "ok",
        **({"lastError": found.error} if found.error else {}),
        "evaluationTime": 0,
        "lastEvaluation": rfc3339(at_ms / 1000),
    }
    if not rule.alert:
        labels = {"labels": rule.labels} if rule.labels else {}
        return {**about, **labels, "type": "recording"}
    return {
        "state": found.state,
        **about,
        "duration": seconds(rule.for_ms),
        "keepFiringFor": seconds(rule.keep_firing_for_ms),
        "labels": rule.labels,
        "annotations": rule.annotations,
        "alerts": [_alert(one) for one in found.alerts] if with_alerts else [],
        "type": "alerting",
    }


def _alert(alert: Alert) -> Json:
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": rfc3339(alert.active_ms / 1000),
        "value": scientific(alert.value),
    }
