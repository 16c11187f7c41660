"""E-mail over SMTP, as text and as HTML; one thread a group of alerts."""

import asyncio
import hashlib
import html
import smtplib
import socket
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.faults import Unfit
from mcp_servers.backends.senders.configuration import Configuration, Secret
from mcp_servers.backends.senders.markup import light
from mcp_servers.backends.senders.message_fitting import cut_characters, fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.outgoing import Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.notices import Entry, Notice

RATE = Rate(burst=5, per_s=0.5)
MOST_BYTES = 1 << 20
SUBJECT = 200
TIMEOUT_S = 15.0


def _mailbox(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or any(one in text for one in " \r\n,;<>"):
        raise Unfit(SENTENCES.said("mailbox_form"))
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox), Field(max_length=254)]


class EmailConfiguration(Configuration):
    """`security`: starttls (port 587), tls (port 465), or none, for a server on this machine only."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = Field(default="", max_length=254)
    password: Secret = Field(default="", repr=False)
    sender: Mailbox
    recipients: list[Mailbox] = Field(min_length=1, max_length=50)


async def send(config: EmailConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    if config.security == "none" and not wire.practice:
        return refused("security", "Mail without TLS is for the practice setup only.")
    small = fitting(notice, lambda one: len(message(config, one, now).as_bytes()) <= MOST_BYTES)
    address = await wire.address_of(config.host, config.port)
    return await asyncio.to_thread(_sent, config, message(config, small, now), address)


class _Smtp(smtplib.SMTP):
    """Connects to the address that was checked; TLS still proves the name."""

    def __init__(self, config: EmailConfiguration, address: str) -> None:
        self._address, self._tls = address, config.security == "tls"
        self._context = ssl.create_default_context() if config.security != "none" else None
        super().__init__(config.host, config.port, timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        if self._tls and self._context:
            return self._context.wrap_socket(plain, server_hostname=host)
        return plain

    def secured(self) -> None:
        if self._context and not self._tls:
            self.starttls(context=self._context)


def _sent(config: EmailConfiguration, mail: EmailMessage, address: str) -> Outcome:
    try:
        with _Smtp(config, address) as server:
            server.secured()
            if config.username:
                server.login(config.username, config.password)
            left = server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return _judged(min(codes), "The mail server refused every recipient.")
    except smtplib.SMTPResponseException as error:
        return _judged(error.smtp_code, "The mail server refused the message.")
    except ssl.SSLCertVerificationError:
        return refused("tls", "The certificate of the mail server does not hold.")
    except (OSError, smtplib.SMTPException) as error:
        return retry("network", f"The mail server did not answer ({type(error).__name__}).")
    return sent("250" if not left else f"250, {len(left)} recipients refused")


def _judged(code: int, why: str) -> Outcome:
    """4xx passes, by SMTP's own rule; 5xx does not. A login that is refused is 535."""
    return retry(str(code), why) if 400 <= code < 500 else refused(str(code), why)


def message(config: EmailConfiguration, notice: Notice, now: datetime) -> EmailMessage:
    mail = EmailMessage()
    domain = config.sender.rpartition("@")[2]
    mail["Subject"] = cut_characters(f"{light(notice)} {_flat(notice.title)}", SUBJECT)
    mail["From"], mail["To"] = config.sender, ", ".join(config.recipients)
    mail["Date"] = format_datetime(now)
    # The same for a message that is tried again, so that mail programs show it once.
    mail["Message-ID"] = f"<{notice.id}@{domain}>"
    mail["References"] = f"<{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = "1" if notice.severity == "critical" else "3"
    mail.set_content(_text(notice))
    mail.add_alternative(_html(notice), subtype="html")
    return mail


def _text(notice: Notice) -> str:
    parts = [notice.title, notice.summary]
    parts += [
        "\n".join([one.heading, *(f"  {line}" for line in one.lines)]) for one in notice.entries
    ]
    parts += [notice.rest, "\n".join(f"{label}: {url}" for label, url in notice.links)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(notice: Notice) -> str:
    entries = "".join(map(_entry, notice.entries))
    links = " · ".join(
        f'<a href="{html.escape(url)}">{html.escape(label)}</a>' for label, url in notice.links
    )
    return (
        f"<html lang='{notice.language}'><body style='font-family:sans-serif'>"
        f"<h2>{light(notice)} {html.escape(notice.title)}</h2><p>{html.escape(notice.summary)}</p>"
        f"{entries}<p>{html.escape(notice.rest)}</p><p>{links}</p></body></html>"
    )


def _entry(entry: Entry) -> str:
    lines = "<br>".join(html.escape(one) for one in entry.lines)
    colour = "#c0392b" if entry.firing else "#27ae60"
    return (
        f"<div style='border-left:4px solid {colour};padding-left:8px;margin:8px 0'>"
        f"<b>{html.escape(entry.heading)}</b><br>{lines}</div>"
    )


def _flat(text: str) -> str:
    return " ".join(text.split())
