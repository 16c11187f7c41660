"""PagerDuty's Events API v2: one incident a group of alerts, or an alert; resolved by the same key."""

from datetime import datetime
from typing import Any

import orjson
from pydantic import Field

from mcp_servers.backends.senders.configuration import Configuration, Secret, Url
from mcp_servers.backends.senders.message_fitting import cut_characters, fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, sent
from mcp_servers.backends.senders.outgoing import Reply, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.facts.notices import Notice

RATE = Rate(burst=60, per_s=10)
MOST_BYTES = 512 * 1024
SUMMARY = 1024
URL = "https://events.pagerduty.com/v2/enqueue"


class PagerDutyConfiguration(Configuration):
    """`routing_key` is the integration key of a service; the EU has an address of its own."""

    routing_key: Secret = Field(repr=False, min_length=32, max_length=32)
    url: Url = URL


async def send(
    config: PagerDutyConfiguration, notice: Notice, wire: Wire, now: datetime
) -> Outcome:
    small = fitting(notice, lambda one: len(body_of(config, one, now)) <= MOST_BYTES)
    headers = {"Content-Type": "application/json"}
    return judged(await wire.post(config.url, body_of(config, small, now), headers))


def judged(reply: Reply) -> Outcome:
    """Success is 202 and the word success."""
    failed = reply.failure()
    if failed and reply.status == 400:
        return refused("400", "PagerDuty refused the event or its routing key.")
    if failed:
        return failed
    if reply.status == 202 and reply.fields().get("status") == "success":
        return sent("202")
    return refused(str(reply.status), "PagerDuty did not take the event.")


def body_of(config: PagerDutyConfiguration, notice: Notice, now: datetime) -> bytes:
    ended = notice.status == "resolved" and not notice.data.get("open")
    event: dict[str, Any] = {
        "routing_key": config.routing_key,
        "event_action": "resolve" if ended else "trigger",
        "dedup_key": notice.key[:255],
        "client": "Midwatch",
        "payload": _payload(notice, now),
        "links": [{"href": href, "text": text} for text, href in notice.links],
    }
    return orjson.dumps(event)


def _payload(notice: Notice, now: datetime) -> dict[str, Any]:
    group = notice.data.get("group", {})
    details = {one.heading: "\n".join(one.lines) for one in notice.entries}
    return {
        "summary": cut_characters(f"{notice.title}. {notice.summary}", SUMMARY),
        "source": str(group.get("namespace") or group.get("alertname") or "midwatch"),
        "severity": notice.severity,
        "timestamp": now.isoformat(),
        "component": str(group.get("service") or group.get("job") or ""),
        "custom_details": {**details, **({"…": notice.rest} if notice.rest else {})},
    }
