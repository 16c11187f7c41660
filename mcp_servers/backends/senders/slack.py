"""Slack's incoming webhooks, in Block Kit."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from mcp_servers.backends.senders.configuration import Configuration, Url
from mcp_servers.backends.senders.markup import light
from mcp_servers.backends.senders.message_fitting import cut_characters, fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.outgoing import Reply, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.facts.notices import Entry, Notice

RATE = Rate(burst=1, per_s=1)
MOST_BLOCKS, MOST_BUTTONS = 50, 5
SECTION, HEADER, BUTTON, ALL_TEXT = 3000, 150, 75, 11_000
COLOURS = {"critical": "#c0392b", "error": "#d35400", "warning": "#f39c12", "info": "#2980b9"}
RESOLVED = "#27ae60"


# What the bot of the same app listens to.
INVESTIGATE = "midwatch_investigate"


class SlackConfiguration(Configuration):
    """`app`: the webhook belongs to Midwatch's own app, whose bot hears its buttons."""

    url: Url
    app: bool = False


async def send(config: SlackConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    if config.app and notice.ask:
        links = tuple(one for one in notice.links if one[0] != notice.ask_label)
        notice = replace(notice, links=links[: MOST_BUTTONS - 1])
    else:
        notice = replace(notice, ask="")
    small = fitting(notice, fits)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return judged(await wire.post(config.url, orjson.dumps(message(small)), headers))


def judged(reply: Reply) -> Outcome:
    """Success is status 200 and the two letters `ok`; anything else with 200 is none."""
    if reply.status == 200 and reply.content.strip() == b"ok":
        return sent("ok")
    said = reply.content[:64].decode(errors="replace").strip()
    word = said if said.replace("_", "").isalnum() else str(reply.status)
    failed = reply.failure()
    if failed:
        return Outcome(failed.result, word, failed.why, failed.retry_after_s, failed.rests)
    if word == "rate_limited":
        return retry(word, "Slack wants fewer messages.", after_s=reply.retry_after_s, rests=True)
    return refused(word, "Slack answered 200, but not ok.")


def fits(notice: Notice) -> bool:
    blocks: list[dict[str, Any]] = message(notice)["attachments"][0]["blocks"]
    texts = [len(one["text"]["text"]) for one in blocks if "text" in one]
    return len(blocks) <= MOST_BLOCKS and sum(texts) <= ALL_TEXT


def message(notice: Notice) -> dict[str, Any]:
    """`text` is what a notification shows; the blocks are in an attachment for their colour."""
    title = f"{light(notice)} {notice.title}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(title, HEADER)},
        *_sections([_escaped(notice.summary)]),
        *_sections(_entry(one) for one in notice.entries),
        *_sections([_escaped(notice.rest)]),
    ]
    if notice.links or notice.ask:
        buttons = [_asking(notice)] if notice.ask else []
        buttons += [_button(*link) for link in notice.links[:MOST_BUTTONS]]
        blocks.append({"type": "actions", "elements": buttons})
    colour = RESOLVED if notice.status == "resolved" else COLOURS[notice.severity]
    text = cut_characters(_escaped(title), SECTION)
    return {"text": text, "attachments": [{"color": colour, "blocks": blocks}]}


def _sections(texts: Any) -> list[dict[str, Any]]:
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": cut_characters(text, SECTION)}}
        for text in texts
        if text
    ]


def _entry(entry: Entry) -> str:
    mark = "🔴" if entry.firing else "✅"
    lines = [f"{mark} *{_escaped(entry.heading)}*", *(f">{_escaped(one)}" for one in entry.lines)]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """The three characters that Slack reads; so no `<!channel>` of an alert pages anybody."""
    flat = " ".join(text.split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut_characters(text, most), "emoji": True}


def _asking(notice: Notice) -> dict[str, Any]:
    text = _plain(notice.ask_label, BUTTON)
    return {"type": "button", "text": text, "action_id": INVESTIGATE, "value": notice.ask}


def _button(label: str, url: str) -> dict[str, Any]:
    return {"type": "button", "text": _plain(label, BUTTON), "url": url[:3000]}
