"""An alert suggested from words: the metric that they mean, or those that they may mean, and a threshold for it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.alerting.rule_suggestions import Thresholds, refuse_narrow, threshold_of
from mcp_servers.alerting.suggesting import Suggesting
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.metric_words import (
    Meant,
    alert_name,
    as_said,
    asked_words,
    clear,
    expression,
    families,
    narrowed,
    ranked,
    wants_low,
)

# So many are looked at more closely, and so many are offered.
CLOSER, OFFERED = 12, 6
LATELY = timedelta(hours=6)


class MetricChoice(BaseModel):
    metric: str
    kind: str = Field(description="counter | gauge | histogram | summary")
    expression: str = Field(description="What would be compared with a threshold.")
    by: list[str] = Field(description="The words that it was found by.")
    help: str


class WordSuggestion(BaseModel):
    verdict: str = Field(
        description="ok | choose (several may be meant) | nothing_found | insufficient_data"
    )
    name: str = Field(description="Of the alert; empty unless one metric is meant.")
    choices: list[MetricChoice] = Field(description="The likeliest first; the one that was taken.")
    unmatched: list[str] = Field(description="Words that nothing was found for.")
    threshold: Thresholds | None

    def as_text(self) -> str:
        told = [f"- {one.expression} ({one.kind}; by {', '.join(one.by)})" for one in self.choices]
        rule = self.threshold.text if self.threshold else ""
        return "\n".join([f"{self.verdict} {self.name}".strip(), *told, rule]).rstrip()


async def alerting_suggest_from_words(
    words: Annotated[
        str, Field(min_length=2, max_length=500, description="E.g. queue length of orders.")
    ],
    window: Annotated[str, Field(description="ISO 8601, at most 31 days.")] = "P14D",
    at_most: Annotated[
        int, Field(ge=0, description="So often it may have fired in the window.")
    ] = 2,
    *,
    prometheus: Prometheus,
    desk: Desk,
    caller: Principal,
) -> WordSuggestion:
    """Suggest an alert for something said in words: find its metric by name, help and labels, and a threshold.

    Where several metrics may be meant they are offered. With an expression at hand use alerting_suggest_threshold.
    """
    refuse_narrow(caller)
    suggesting = await Suggesting.begun(desk, caller)
    return await suggesting.given(await _meant(prometheus, words, window, at_most), words=words)


async def _meant(prometheus: Prometheus, words: str, window: str, at_most: int) -> WordSuggestion:
    asked, below, said = asked_words(words), wants_low(words), as_said(words)
    found = await _found(prometheus, asked)
    choices = [_choice(one, said, below=below) for one in found[:OFFERED]]
    offered = {word for each in found[:OFFERED] for word in each.words}
    unmatched = [said.get(one, one) for one in asked if one not in offered]
    if not clear(found, asked):
        verdict = "choose" if choices else "nothing_found"
        return WordSuggestion(
            verdict=verdict, name="", choices=choices, unmatched=unmatched, threshold=None
        )
    name = alert_name(found[0], below=below)
    threshold = await threshold_of(
        prometheus, name, choices[0].expression, below, window=window, at_most=at_most
    )
    return WordSuggestion(
        verdict=threshold.verdict,
        name=name,
        choices=choices[:1],
        unmatched=[said.get(one, one) for one in asked if one not in found[0].words],
        threshold=threshold,
    )


async def _found(prometheus: Prometheus, asked: list[str]) -> list[Meant]:
    now = utc_now()
    start = now - LATELY
    names = await prometheus.label_values("__name__", start=start, end=now)
    metrics = families(names, await prometheus.metadata())
    closer = ranked(asked, metrics)[:CLOSER]
    found: list[Meant] = []
    for one in closer:
        stored = f"{one.metric.name}_bucket" if one.metric.kind == "histogram" else one.metric.name
        series = await prometheus.series([stored], start=start, end=now)
        found.append(narrowed(one, asked, series))
    return sorted(found, key=lambda one: (-one.score, one.metric.name))


def _choice(one: Meant, said: Mapping[str, str], *, below: bool) -> MetricChoice:
    return MetricChoice(
        metric=one.metric.name,
        kind=one.metric.kind,
        expression=expression(one, below=below),
        by=[said.get(word, word) for word in one.words],
        help=one.metric.help,
    )
