"""Microsoft Teams by a workflow's address: an adaptive card."""

from datetime import datetime
from typing import Any

import orjson

from mcp_servers.backends.senders.configuration import Configuration, Url
from mcp_servers.backends.senders.markup import escaped, light
from mcp_servers.backends.senders.message_fitting import fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.outgoing import Reply, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.facts.notices import Entry, Notice

RATE = Rate(burst=2, per_s=1)
MOST_BYTES = 28 * 1024
MOST_BUTTONS = 5
COLOURS = {"critical": "attention", "error": "attention", "warning": "warning", "info": "accent"}
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


class TeamsConfiguration(Configuration):
    url: Url


async def send(config: TeamsConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    small = fitting(notice, lambda one: len(orjson.dumps(message(one))) <= MOST_BYTES)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return judged(await wire.post(config.url, orjson.dumps(message(small)), headers))


def judged(reply: Reply) -> Outcome:
    """A workflow accepts with 202; a connector answers 200 and "1", and failures with 200 too."""
    failed = reply.failure()
    if failed:
        return failed
    said = reply.content.strip()
    if reply.status == 202 or said in (b"1", b""):
        return sent(str(reply.status))
    if b"429" in said:
        return retry("429", "Teams wants fewer messages.", after_s=60, rests=True)
    return refused(str(reply.status), "Teams answered 200, but with a failure.")


def message(notice: Notice) -> dict[str, Any]:
    colour = "good" if notice.status == "resolved" else COLOURS[notice.severity]
    title = {
        **_text(f"{light(notice)} {escaped(notice.title)}"),
        "size": "large",
        "weight": "bolder",
        "color": colour,
    }
    body = [title, _text(escaped(notice.summary)), *map(_entry, notice.entries)]
    body.append(_text(escaped(notice.rest)))
    actions = [
        {"type": "Action.OpenUrl", "title": label, "url": url}
        for label, url in notice.links[:MOST_BUTTONS]
    ]
    card = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [one for one in body if one.get("text") or one.get("items")],
        "actions": actions,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _entry(entry: Entry) -> dict[str, Any]:
    mark = "🔴" if entry.firing else "✅"
    heading = {**_text(f"{mark} {escaped(entry.heading)}"), "weight": "bolder"}
    lines = [{**_text(escaped(one)), "spacing": "none"} for one in entry.lines]
    return {"type": "Container", "separator": True, "items": [heading, *lines]}


def _text(text: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True}
