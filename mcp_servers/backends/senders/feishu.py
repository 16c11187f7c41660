"""Feishu's (Lark's) robots: a card, signed in the body."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

import orjson
from pydantic import Field

from mcp_servers.backends.senders.configuration import Configuration, Secret, Url
from mcp_servers.backends.senders.markup import entry_lines, escaped, light
from mcp_servers.backends.senders.message_fitting import cut_bytes, fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.outgoing import Reply, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.facts.notices import Notice

# 100 a minute and 5 a second: at most 1 + 4 in any second, 60 + 4 in any minute.
RATE = Rate(burst=4, per_s=1)
MOST_BYTES = 20 * 1024
MOST_BUTTONS = 5
LIMITED, BUSY = {"11232"}, {"11233", "1000", "-1"}
COLOURS = {"critical": "red", "error": "orange", "warning": "yellow", "info": "blue"}
REASONS = {
    "19021": "Feishu refused the signature, or the clock of this machine is off.",
    "19022": "Feishu does not let the address of this machine send.",
    "19024": "Feishu wants one of the robot's keywords in the message.",
    "19001": "Feishu does not know this token.",
    "9499": "Feishu cannot read the message.",
}


class FeishuConfiguration(Configuration):
    """`keyword`: one of the robot's, where it takes only messages that hold one."""

    url: Url
    secret: Secret = Field(default="", repr=False)
    keyword: str = Field(default="", max_length=50)


async def send(config: FeishuConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    small = fitting(notice, lambda one: len(body_of(config, one, now)) <= MOST_BYTES)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return judged(await wire.post(config.url, body_of(config, small, now), headers))


def signature(secret: str, stamp_s: str) -> str:
    """Time and secret are the key here, and the message is empty: the reverse of DingTalk."""
    digest = hmac.new(f"{stamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def judged(reply: Reply) -> Outcome:
    """Success is `code` 0 (`StatusCode` 0 of the older form), whatever the status says."""
    fields = reply.fields()
    code = str(fields.get("code", fields.get("StatusCode", "")))
    if code in LIMITED:
        return retry(code, "Feishu wants fewer messages.", after_s=60, rests=True)
    if code in BUSY:
        return retry(code, "Feishu is busy.")
    if code in REASONS:
        return refused(code, REASONS[code])
    failed = reply.failure()
    if failed or code == "0":
        return failed or sent(code)
    return refused(code or "unreadable", "Feishu did not take the message.")


def body_of(config: FeishuConfiguration, notice: Notice, now: datetime) -> bytes:
    body: dict[str, Any] = {"msg_type": "interactive", "card": card(notice, config.keyword)}
    if config.secret:
        stamp = str(int(now.timestamp()))
        body = {"timestamp": stamp, "sign": signature(config.secret, stamp), **body}
    return orjson.dumps(body)


def card(notice: Notice, keyword: str = "") -> dict[str, Any]:
    texts = [escaped(notice.summary), *(entry_lines(one, escaped) for one in notice.entries)]
    texts += [escaped(notice.rest), keyword]
    elements: list[dict[str, Any]] = [
        {"tag": "markdown", "content": text} for text in texts if text
    ]
    if notice.links:
        buttons = [_button(*link) for link in notice.links[:MOST_BUTTONS]]
        elements.append({"tag": "action", "actions": buttons})
    title = cut_bytes(f"{light(notice)} {notice.title}", 300)
    colour = "green" if notice.status == "resolved" else COLOURS[notice.severity]
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": {"tag": "plain_text", "content": title}, "template": colour},
        "elements": elements,
    }


def _button(label: str, url: str) -> dict[str, Any]:
    text = {"tag": "plain_text", "content": label}
    return {"tag": "button", "text": text, "url": url, "type": "default"}
