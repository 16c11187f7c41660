"""Alerts arrive: stored, decided on and put into the outbox in one transaction, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.sentences import Said
from core.storage.together import Together
from mcp_servers.alerting.policies import policy_in_force
from mcp_servers.alerting.receiving import Passing, Received
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_payloads import Unreadable, arrival_of
from mcp_servers.facts.alert_policies import Arrival
from mcp_servers.sentences import near

Source = Literal["alertmanager", "prometheus", "grafana", "cloudevents", "generic"]
Payload = Annotated[dict[str, Any] | list[Any], Field(description="The body as it was posted.")]

# At two hundred alerts a second, as Alertmanager sends them, four requests come within this time. The
# first after a quiet while waits for nobody.
APART_S = 0.1
# A storm comes with fifty alerts a request: all others wait while a batch is decided on.
MOST_TOGETHER = 20


async def alerting_receive(
    source: Source,
    payload: Payload,
    mapping: Annotated[str, Field(description="For generic: a mapping of the policy.")] = "",
    *,
    intake: "Intake",
) -> Received:
    """Take alerts in as a sender posts them. They are stored before this answers, and passed on."""
    return await intake.take(read(source, payload, await intake.mapping(mapping), utc_now()))


@dataclass
class Request:
    """One that is taken in; what came of it is there once it is stored."""

    arrival: Arrival
    received: Received = field(init=False)


class Intake:
    """The gateway's door. Requests that come within the same moment are stored in one transaction, in
    the order they came: with two hundred alerts a second that is a third of the work.

    One that cannot be stored does not take the others of its batch along.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._together = Together(self._store, most=MOST_TOGETHER, apart_s=APART_S)

    async def mapping(self, name: str) -> Mapping[str, Any]:
        """Raises `NotFound` for one that the policy in force does not have."""
        if not name:
            return {}
        async with self._desk.session() as tables:
            kept = await tables.alerts.policy()
        return _mapping(kept.document if kept else None, name)

    async def take(self, arrival: Arrival) -> Received:
        """Until its alerts are stored. Raises what kept them from that."""
        request = Request(arrival)
        await self._together.add(request)
        return request.received

    async def _store(self, requests: Sequence[Request]) -> None:
        async with self._desk.session() as tables:
            await tables.alerts.take_turn()
            kept = await tables.alerts.policy()
            way = Passing(tables, policy_in_force(kept.document if kept else None), utc_now())
            await way.expect([one.arrival for one in requests])
            received = [await way.next(one.arrival) for one in requests]
            await way.keep()
        for one, came in zip(requests, received, strict=True):
            one.received = came


def read(source: str, payload: Any, mapping: Mapping[str, Any], now: datetime) -> Arrival:
    try:
        return arrival_of(source, payload, now, mapping)
    except Unreadable as error:
        told = _unreadable(error)
        raise SENTENCES.error(Invalid, "not_of_sender", source=source, error=told) from error


def _unreadable(error: Unreadable) -> Said:
    place = error.facts.get("place", "")
    known = {"place": SENTENCES.said(f"place_{place}")} if place in ("body", "event") else {}
    return SENTENCES.said(f"unreadable_{error.fault}", **{**error.facts, **known})


def _mapping(document: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    mappings: Mapping[str, Any] = (document or {}).get("mappings") or {}
    if name and name not in mappings:
        hint = near(name, mappings) or SENTENCES.said("add_mapping")
        raise SENTENCES.error(NotFound, "no_mapping", name=name, hint=hint)
    return mappings.get(name, {})
