"""A generic webhook, signed as Standard Webhooks says."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

import orjson
from pydantic import Field, field_validator

from core.faults import Unfit
from mcp_servers.backends.senders.configuration import Configuration, Secret, Url
from mcp_servers.backends.senders.message_fitting import fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, sent
from mcp_servers.backends.senders.outgoing import Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.notices import Notice

RATE = Rate(burst=50, per_s=50)
MOST_BYTES = 256 * 1024
PREFIX = "whsec_"


class WebhookConfiguration(Configuration):
    """`previous_secret` signs too while receivers change over to the new one."""

    url: Url
    secret: Secret = Field(repr=False)
    previous_secret: Secret = Field(default="", repr=False)

    @field_validator("secret", "previous_secret")
    @classmethod
    def secrets_are_base64(cls, secret: str) -> str:
        if secret and len(key_of(secret)) < 16:
            raise Unfit(SENTENCES.said("secret_form"))
        return secret


async def send(config: WebhookConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    small = fitting(notice, lambda one: len(body_of(one, now)) <= MOST_BYTES)
    body = body_of(small, now)
    stamp = str(int(now.timestamp()))
    secrets = [one for one in (config.secret, config.previous_secret) if one]
    signatures = " ".join(signature(one, notice.id, stamp, body) for one in secrets)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": notice.id,
        "webhook-timestamp": stamp,
        "webhook-signature": signatures,
    }
    reply = await wire.post(config.url, body, headers)
    if reply.status == 410:
        return refused("410", "The receiver says that it is gone.")
    return reply.failure() or sent(str(reply.status))


def body_of(notice: Notice, now: datetime) -> bytes:
    """The alerts as data, and the same in words. What was left out of the words is left out of both."""
    alerts = notice.data.get("alerts", [])
    data = {
        **notice.data,
        "title": notice.title,
        "summary": notice.summary,
        "severity": notice.severity,
        "status": notice.status,
        "alerts": alerts[: len(notice.entries)],
        "left_out": notice.left_out,
        "links": [{"text": text, "href": href} for text, href in notice.links],
    }
    kind = f"alert.{notice.status}"
    return orjson.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA-256 over id, time and body, joined by dots."""
    signed = f"{message_id}.{stamp}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: str) -> bytes:
    """The bytes of a `whsec_…` secret; none when it is not base64."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return b""
