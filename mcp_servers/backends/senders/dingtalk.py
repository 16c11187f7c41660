"""DingTalk's robots: Markdown or an action card, signed in the address."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

import orjson
from pydantic import Field

from mcp_servers.backends.senders.configuration import Configuration, Secret, Url
from mcp_servers.backends.senders.markup import escaped, light, link_list, markdown, safe
from mcp_servers.backends.senders.message_fitting import cut_bytes, fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.outgoing import Reply, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.facts.notices import Notice

# 20 a minute; one more blocks the robot for ten. So 10 at once and 10 a minute stay within any minute.
RATE = Rate(burst=10, per_s=10 / 60)
MOST_BYTES = 20_000
MOST_BUTTONS = 5
BLOCKED_S = 600.0
LIMITED, BUSY = {"130101", "130102"}, {"-1", "101002"}
REASONS = {
    "310000": "DingTalk refused the signature, the keyword or the address of this machine.",
    "300001": "DingTalk does not know this token.",
    "300005": "DingTalk does not know this token.",
    "460101": "DingTalk says that the message is too long.",
}


class DingTalkConfiguration(Configuration):
    """`keyword`: one of the robot's, where it takes only messages that hold one."""

    url: Url
    secret: Secret = Field(default="", repr=False)
    keyword: str = Field(default="", max_length=50)
    at_mobiles: list[str] = Field(default_factory=list, max_length=20)
    at_all: bool = False


async def send(config: DingTalkConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    small = fitting(notice, lambda one: len(body_of(config, one)) <= MOST_BYTES)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return judged(await wire.post(signed_url(config, now), body_of(config, small), headers))


def signed_url(config: DingTalkConfiguration, now: datetime) -> str:
    """The signature is encoded once, here; a client that encodes its parameters would do it twice."""
    if not config.secret:
        return config.url
    stamp = str(round(now.timestamp() * 1000))
    joint = "&" if "?" in config.url else "?"
    return f"{config.url}{joint}timestamp={stamp}&sign={signature(config.secret, stamp)}"


def signature(secret: str, stamp_ms: str) -> str:
    digest = hmac.new(secret.encode(), f"{stamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(base64.b64encode(digest))


def judged(reply: Reply) -> Outcome:
    """Success is `errcode` 0, whatever the status says."""
    failed = reply.failure()
    if failed:
        return failed
    code = str(reply.fields().get("errcode", ""))
    if code == "0":
        return sent(code)
    if code in LIMITED:
        return retry(code, "DingTalk blocks the robot for a while.", after_s=BLOCKED_S, rests=True)
    if code in BUSY:
        return retry(code, "DingTalk is busy.")
    return refused(code or "unreadable", REASONS.get(code, "DingTalk did not take the message."))


def body_of(config: DingTalkConfiguration, notice: Notice) -> bytes:
    """A card with buttons; Markdown where somebody is to be mentioned, which cards cannot."""
    title = cut_bytes(f"{light(notice)} {notice.title}", 200)
    text = "\n\n".join(part for part in (markdown(notice, escaped), config.keyword) if part)
    if config.at_mobiles or config.at_all:
        return orjson.dumps(_mentioning(config, title, text, notice))
    if not notice.links:
        return orjson.dumps({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
    buttons = [
        {"title": label, "actionURL": safe(url)} for label, url in notice.links[:MOST_BUTTONS]
    ]
    card = {"title": title, "text": text, "btnOrientation": "1", "btns": buttons}
    return orjson.dumps({"msgtype": "actionCard", "actionCard": card})


def _mentioning(
    config: DingTalkConfiguration, title: str, text: str, notice: Notice
) -> dict[str, Any]:
    who = " ".join(f"@{one}" for one in config.at_mobiles)
    whole = "\n\n".join(part for part in (text, link_list(notice.links), who) if part)
    at = {"atMobiles": config.at_mobiles, "isAtAll": config.at_all}
    return {"msgtype": "markdown", "markdown": {"title": title, "text": whole}, "at": at}
