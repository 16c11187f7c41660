"""A configuration of an Alertmanager tried on the alerts that came in: who would have been told how often."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from core.storage.rule_records import ManagerConfigRow
from mcp_servers.alerting.config_rendering import WORDS, errors, remarks, tree_of
from mcp_servers.alerting.looking_back import looked_back
from mcp_servers.alerting.manager_configs import ByTarget, Name, TargetName, Text, Values, proposed
from mcp_servers.alerting.policies import checked, policy_of
from mcp_servers.alerting.policy_tools import events_of, named
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_replay import Happened, Outcome, replay
from mcp_servers.engines.config_policies import policy_document, receivers_in, with_ends


class ReceiverResult(BaseModel):
    messages: int
    by_receiver: dict[str, int] = Field(description="Messages; a receiver without any is left out.")
    alerts_told: int
    quiet: dict[str, int] = Field(description="How often each step kept an alert from being told.")


class ManagerDryRun(BaseModel):
    name: str
    target: str
    window: str
    alerts: int = Field(description="That Midwatch received in the window.")
    now: ReceiverResult = Field(description="With the newest version that is stored.")
    then: ReceiverResult = Field(description="With what was asked about.")
    missed: list[str] = Field(description="Alerts told now, of which nobody would hear then.")
    more: list[str] = Field(description="Alerts told then, of which nobody hears now.")
    moved: list[str] = Field(
        description="Alerts of which other receivers would hear: NAME: a -> b."
    )

    def as_text(self) -> str:
        head = (
            f"{self.alerts} alerts in {self.window}: {self.now.messages} messages now, "
            f"{self.then.messages} then; {len(self.missed)} alerts nobody would hear of, "
            f"{len(self.more)} more would be heard of"
        )
        return "\n".join([head, *self.moved])


class _Tried:
    """What one configuration makes of the alerts."""

    def __init__(self, tree: Any, happened: list[Happened]) -> None:
        policy = policy_of(checked(policy_document(tree)))
        self.receivers = receivers_in(tree)
        policy = replace(policy, root=with_ends(policy.root, self.receivers))
        self.outcome = replay(policy, happened, until=utc_now())

    def heard(self) -> Mapping[str, frozenset[str]]:
        """Of each alert, the receivers that tell somebody."""
        found: dict[str, set[str]] = {}
        for message in self.outcome.messages:
            who = [one for one in message.channels if self.receivers.get(one) is not None]
            for alert in message.alerts if who else ():
                found.setdefault(alert, set()).update(who)
        return {alert: frozenset(who) for alert, who in found.items()}

    def result(self) -> ReceiverResult:
        messages = Counter(
            one
            for message in self.outcome.messages
            for one in message.channels
            if self.receivers.get(one) is not None
        )
        return ReceiverResult(
            messages=messages.total(),
            by_receiver=dict(messages),
            alerts_told=len(self.heard()),
            quiet=dict(self.outcome.quiet),
        )


async def alerting_dry_run_manager_config(
    name: Name,
    text: Text = "",
    values: Values = None,
    by_target: ByTarget = None,
    target: TargetName = "",
    window: Annotated[str, Field(description="ISO 8601, at most 31 days.")] = "PT24H",
    *,
    desk: Desk,
    caller: Principal,
) -> ManagerDryRun:
    """Say whom an Alertmanager configuration would have told of the alerts that came in, beside the stored one.

    Silences are not taken into account, nor alerts that never reached Midwatch.
    """
    if caller.namespaces is not None:
        raise SENTENCES.error(Invalid, "dry_run_sees_all")
    span, now = looked_back(window), utc_now()
    async with desk.session() as tables:
        newest = await tables.manager_configs.get(name)
        rows = await tables.alerts.latest(since=now - span, limit=20_000)
    if not text.strip() and (newest is None or not newest.text):
        raise WORDS.error(NotFound, "no_config", name=name)
    happened, known = events_of(rows, now - span), {one.id: one for one in rows}
    wanted = proposed(newest, name, text, values, by_target)
    after = await anyio.to_thread.run_sync(_tried, wanted, target, happened)
    before = None
    if newest and newest.text:
        before = await anyio.to_thread.run_sync(_tried, newest, target, happened)
    then = after.heard()
    heard: Mapping[str, frozenset[str]] = before.heard() if before else {}
    moved = Counter(
        f"{_name(known[one].labels, one)}: {_told(heard[one])} -> {_told(then[one])}"
        for one in heard.keys() & then.keys()
        if heard[one] != then[one]
    )
    return ManagerDryRun(
        name=name,
        target=target,
        window=window,
        alerts=len(rows),
        now=before.result() if before else _nobody(),
        then=after.result(),
        missed=named(frozenset(heard.keys() - then.keys()), known),
        more=named(frozenset(then.keys() - heard.keys()), known),
        moved=[f"{told} ({count})" for told, count in moved.most_common(50)],
    )


def _tried(row: ManagerConfigRow, target: str, happened: list[Happened]) -> _Tried:
    """Raises `Invalid` for what an Alertmanager would refuse."""
    wrong = errors(remarks(row, "en"))
    if wrong and not all(one.check.startswith("secret_") for one in wrong):
        first = next(one for one in wrong if not one.check.startswith("secret_"))
        told = f"{first.where} {first.check}".strip()
        raise WORDS.error(Invalid, "not_to_be_tried", count=len(wrong), first=told)
    return _Tried(tree_of(row, target), happened)


def _name(labels: Mapping[str, str], key: str) -> str:
    return str(labels.get("alertname", key))


def _told(who: frozenset[str]) -> str:
    return ", ".join(sorted(who))


def _nobody() -> ReceiverResult:
    outcome = Outcome()
    return ReceiverResult(
        messages=len(outcome.messages), by_receiver={}, alerts_told=0, quiet=dict(outcome.quiet)
    )
